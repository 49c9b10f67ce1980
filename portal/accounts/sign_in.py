"""The sign-in page and signing out."""

from __future__ import annotations

from dataclasses import replace
from urllib.parse import urlsplit

from flask import current_app, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_appbuilder import expose
from flask_appbuilder.baseviews import BaseView
from flask_appbuilder.security.forms import LoginForm_db
from flask_babel import gettext
from flask_login import current_user, login_user, logout_user
from flask_wtf.csrf import generate_csrf

from portal.accounts import locking, sessions, sign_in_rules
from portal.accounts.demo_accounts import demo_accounts
from portal.core import audit, rate_limits, scope
from portal.core.fields import clean
from portal.extensions import db


def safe_next(text: str | None) -> str:
    """Where to go on: a path of this portal, never another host."""
    try:
        parts = urlsplit(text or "")
    except ValueError:
        return url_for("WorkspaceView.index")
    path = parts.path + (f"?{parts.query}" if parts.query else "")
    local = not parts.netloc or parts.netloc == request.host
    plain = path.startswith("/") and not path.startswith("//") and "\\" not in path and path.isprintable()
    return path if local and plain else url_for("WorkspaceView.index")


class SignInView(BaseView):
    route_base = ""

    @expose("/login/", methods=["GET", "POST"])
    def login(self) -> ResponseReturnValue:
        """`again`: beside a page that waits in another tab, as `session.js` asks for."""
        again = "again" in request.args
        if current_user.is_authenticated:
            return render_template("signed_in.html") if again else redirect(safe_next(request.args.get("next")))
        form, fault = LoginForm_db(), ""
        if form.validate_on_submit():
            fault = self.refused(form.username.data, form.password.data)
            if not fault:
                return redirect(request.full_path if again else safe_next(request.args.get("next")))
        elif request.method == "POST":
            fault = gettext("Please fill in account and password.")
        return render_template("login.html", form=form, fault=fault, demo=demo_accounts())

    def refused(self, username: str, password: str) -> str:
        """Sign in, or say why not: the same for a name that is no account's."""
        name = " ".join(clean(username).split())
        if not sign_in_rules.admits(sign_in_rules.in_force()):
            audit.tell("refused", title=f"POST /login/ {locking.written(name)}")
            return gettext("Nobody may sign in from here (%(address)s).", address=request.remote_addr)
        rate_limits.require(rate_limits.SIGN_INS)
        if fault := locked(name):
            return fault
        user = self.appbuilder.sm.auth_user_db(name, password)
        if not user or user.username.lower() != name.lower():  # by another name guesses would be counted anew
            locking.tell_failure(name)
            until = locking.locked_until(name)
            return locking.told(until) if until else gettext("The account or the password is wrong.")
        if fault := locked(name):  # by others who guessed meanwhile
            return fault
        with scope.acting_as(
            replace(scope.NOBODY, user_id=user.id, username=user.username, name=user.first_name or "")
        ):
            audit.tell("sign_in")  # nobody is let in without its line
        # A new session, so that nothing planted before signing in lives on; the language stays.
        kept = session.get("locale")
        session.clear()
        session["locale"] = kept or current_app.config["BABEL_DEFAULT_LOCALE"]
        session.permanent = True
        login_user(user)
        sign_in_rules.begin(user)
        return ""

    @expose("/session/")
    def present(self) -> ResponseReturnValue:
        """Whose session it is, and the token for its forms: `session.js` asks before it sends one."""
        return {"user": scope.current().username, "token": generate_csrf()}

    @expose("/logout/", methods=["POST"])
    def logout(self) -> ResponseReturnValue:
        sessions.end()
        audit.add("sign_out")
        db.session.commit()
        logout_user()
        kept = session.get("locale")
        session.clear()
        session["locale"] = kept
        return redirect(url_for("SignInView.login", again=request.form.get("again")))


def locked(name: str) -> str:
    """Why nobody signs in by this name at present; the try is written down."""
    until = locking.locked_until(name)
    if until:
        audit.tell("sign_in_locked", title=locking.written(name))
    return locking.told(until) if until else ""
