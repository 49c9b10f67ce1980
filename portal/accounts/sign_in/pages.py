"""The sign-in page and signing out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import flash, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_appbuilder import expose
from flask_appbuilder.baseviews import BaseView
from flask_appbuilder.security.forms import LoginForm_db
from flask_babel import gettext
from flask_login import current_user, logout_user
from flask_wtf.csrf import generate_csrf

from portal.accounts.demo_accounts import demo_accounts
from portal.accounts.sign_in import completion, lockout, policy, second_factor, sessions
from portal.core import rate_limits
from portal.core.access import scope
from portal.core.audit import audit_log
from portal.core.fields import clean
from portal.core.views.query_args import local
from portal.extensions import db

FEW = 4  # recovery codes, of which their user is reminded


def safe_next(text: str | None) -> str:
    """Where to go on: a path of this portal, never another host."""
    return local(text) or url_for("WorkspaceView.index")


class SignInView(BaseView):
    route_base = ""

    @expose("/login/", methods=["GET", "POST"])
    def login(self) -> ResponseReturnValue:
        return by_password(self.refused)

    def refused(self, username: str, password: str) -> str:
        """Sign in, or say why not: the same for a name that is no account's."""
        name = " ".join(clean(username).split())
        if fault := shut(name) or locked(name):
            return fault
        user = self.appbuilder.sm.auth_user_db(name, password)
        if not user or user.username.lower() != name.lower():  # by another name guesses would be counted anew
            return failed(name, gettext("The account or the password is wrong."))
        if fault := locked(name):  # by others who guessed meanwhile
            return fault
        completion.admit(user, old=policy.is_old(user, password))
        return ""

    @expose("/login/code", methods=["GET", "POST"])
    def code(self) -> ResponseReturnValue:
        """The code of the second factor, after the password."""
        user = completion.waited_for()
        if user is None:
            if not current_user.is_authenticated:
                flash(gettext("Please sign in with your password first."), "warning")
            return redirect(url_for("SignInView.login", **passed_on()))
        fault = wrong_code(user, request.form.get("code", "")) if request.method == "POST" else ""
        if request.method == "POST" and not fault:
            completion.finish(user)
            if (left := second_factor.codes_left(user.id)) < FEW:
                flash(gettext("%(count)d recovery codes are left. Make new ones on your page.", count=left), "warning")
            return onward()
        return render_template("login_code.html", fault=fault, username=user.username)

    @expose("/session/")
    def present(self) -> ResponseReturnValue:
        """Whose session it is, and the token for its forms: `session.js` asks before it sends one."""
        return {"user": scope.current().username, "token": generate_csrf()}

    @expose("/logout/", methods=["POST"])
    def logout(self) -> ResponseReturnValue:
        sessions.end()
        audit_log.log("sign_out")
        db.session.commit()
        logout_user()
        kept = session.get("locale")
        session.clear()
        session["locale"] = kept
        return redirect(url_for("SignInView.login", again=request.form.get("again")))


def by_password(refused: Callable[[str, str], str], *, elsewhere: bool = False) -> ResponseReturnValue:
    """The page for an account and a password: of the portal, or `elsewhere`. `refused` signs in or says why not.
    `again` in its address: beside a page that waits in another tab, as `session.js` asks for."""
    if current_user.is_authenticated:
        again = "again" in request.args
        return render_template("signed_in.html") if again else redirect(safe_next(request.args.get("next")))
    form, fault = LoginForm_db(), ""
    if form.validate_on_submit():
        fault = refused(form.username.data, form.password.data)
        if not fault:
            return onward()
    elif request.method == "POST":
        fault = gettext("Please fill in account and password.")
    return sign_in_page(fault, form.username.data or asked_account(), elsewhere=elsewhere)


def sign_in_page(fault: str, username: str = "", *, elsewhere: bool = False, wanted: str | None = None) -> str:
    """`wanted`: where to go on, where the address does not say so."""
    passed = passed_on() or ({"next": wanted} if wanted else {})
    shown = {"username": username, "fault": fault, "demo": demo_accounts(), "elsewhere": elsewhere}
    return render_template("login.html", **shown, passed=passed)


def asked_account() -> str:
    """The account that a link to the page names, for its field."""
    return clean(request.args.get("username", ""))[:64]


def passed_on() -> dict[str, Any]:
    """Where whoever signs in wants to go, for the next step."""
    return {name: request.args[name] for name in ("next", "again") if name in request.args}


def onward() -> ResponseReturnValue:
    """After a step that went well: to the code of the second factor, to the page that was asked for, or back to the one
    that waits in another tab."""
    if not current_user.is_authenticated:
        return redirect(url_for("SignInView.code", **passed_on()))
    if "again" in request.args:
        return redirect(url_for("SignInView.login", again=1))
    return redirect(safe_next(request.args.get("next")))


def shut(name: str) -> str:
    """Why nobody signs in from here, whoever they are. Raises TooManyRequests."""
    if not policy.admits(policy.in_force()):
        audit_log.log_and_commit("refused", title=f"POST {request.path} {lockout.written(name)}")
        return gettext("Nobody may sign in from here (%(address)s).", address=request.remote_addr)
    rate_limits.require(rate_limits.SIGN_INS)
    return ""


def wrong_code(user: Any, typed: str) -> str:
    """Why this code lets nobody in; wrong ones count like wrong passwords."""
    name = user.username
    if fault := shut(name) or locked(name):
        return fault
    with completion.as_whoever_enters(user):
        accepted = second_factor.accepts(user, typed)
    if not accepted:
        return failed(name, gettext("This code is wrong, was used before or is too old."))
    db.session.commit()
    return locked(name)


def failed(name: str, fault: str) -> str:
    """A wrong guess, written down; what is said of it."""
    lockout.tell_failure(name)
    until = lockout.locked_until(name)
    return lockout.told(until) if until else fault


def locked(name: str) -> str:
    """Why nobody signs in by this name at present; the try is written down."""
    until = lockout.locked_until(name)
    if until:
        audit_log.log_and_commit("sign_in_locked", title=lockout.written(name))
    return lockout.told(until) if until else ""
