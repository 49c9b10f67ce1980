"""Pages of one's own account: password, second factor, sessions."""

from __future__ import annotations

from typing import Any

from flask import abort, flash, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_appbuilder import expose
from flask_appbuilder.baseviews import BaseView
from flask_babel import gettext
from flask_login import current_user
from sqlalchemy import select
from werkzeug.security import check_password_hash

from portal.accounts import passwords
from portal.accounts.passwords import new_fault, put
from portal.accounts.sign_in import external_identity, lockout, policy, second_factor, sessions
from portal.core import clock
from portal.core.access import scope
from portal.core.audit import audit_log
from portal.core.fields import natural
from portal.core.punctuation import labelled
from portal.extensions import db
from portal.org.account_profiles import AccountSession


class MyPasswordView(BaseView):
    """Everybody changes their own password, knowing the old one."""

    route_base = "/my_password"
    default_view = "change"

    @expose("/", methods=["GET", "POST"])
    def change(self) -> ResponseReturnValue:
        faults: dict[str, str] = {}
        if request.method == "POST" and not external_identity.elsewhere(current_user):
            old, new = request.form.get("old", ""), request.form.get("new", "")
            if fault := wrong_password(old):
                faults["old"] = fault
            known = not faults  # only then it is told which passwords there were
            if fault := new_fault(current_user if known else None, current_user.username, new):
                faults["new"] = fault
            if new != request.form.get("again", ""):
                faults["again"] = gettext("The two passwords differ.")
            if not faults:
                put(current_user, new)
                policy.chosen(current_user)
                db.session.flush()
                sessions.end_others(current_user)
                db.session.commit()
                flash(gettext("Your password is changed. All other sessions of this account have ended."), "success")
                return redirect(url_for("WorkspaceView.index"))
        return render_template(
            "accounts/my_password.html", faults=faults, old=sessions.with_old_password(), hint=passwords.hint()
        )


def wrong_password(typed: str) -> str:
    """Why this does not prove whose session it is. Guesses count like those on the sign-in page."""
    name = current_user.username
    if external_identity.elsewhere(current_user):
        return gettext("Please sign out, sign in again, and come back within ten minutes.")
    if not lockout.locked_until(name) and not check_password_hash(current_user.password, typed):
        lockout.tell_failure(name)
        if not lockout.locked_until(name):
            return gettext("This is not your password.")
    until = lockout.locked_until(name)
    return lockout.told(until) if until else ""


def wrong_code() -> str:
    """Why the code that was posted does not prove that the device is at hand; guesses count, too."""
    name = current_user.username
    if not lockout.locked_until(name):
        if second_factor.accepts(current_user, request.form.get("code", "")):
            return ""
        lockout.tell_failure(name)
    until = lockout.locked_until(name)
    return lockout.told(until) if until else gettext("This code is wrong, was used before or is too old.")


class MySecondFactorView(BaseView):
    """Setting up an authenticator app: whoever has one proves it by a code before another one takes its place."""

    route_base = "/my_second_factor"
    default_view = "index"

    @expose("/")
    def index(self) -> ResponseReturnValue:
        return factor_page()

    @expose("/begin", methods=["POST"])
    def begin(self) -> ResponseReturnValue:
        """The secret, shown once to whoever has just signed in, types the password, or a code of the present app."""
        if second_factor.of(current_user.id):
            faults = {"code": wrong_code()}
        else:
            faults = {"password": "" if sessions.fresh() else wrong_password(request.form.get("password", ""))}
        if any(faults.values()):
            return factor_page(faults)
        secret = second_factor.begin(current_user)
        db.session.commit()
        return secret_page(secret)

    @expose("/confirm", methods=["POST"])
    def confirm(self) -> ResponseReturnValue:
        """The first code of the new secret."""
        secret = second_factor.begun(current_user)
        if not secret:
            flash(gettext("This took too long. Please begin again."), "warning")
            return redirect(url_for("MySecondFactorView.index"))
        codes = second_factor.confirm(current_user, request.form.get("code", ""))
        if not codes:
            fault = gettext("This is not the code of this key. Type the one shown now; is the phone's clock right?")
            return secret_page(secret, fault)
        db.session.commit()
        g.has_second_factor = True
        return codes_page(codes, new=True)

    @expose("/codes", methods=["POST"])
    def codes(self) -> ResponseReturnValue:
        """New recovery codes in place of those before."""
        if second_factor.of(current_user.id) is None:
            abort(404)
        if fault := wrong_code():
            return factor_page({"code": fault})
        codes = second_factor.new_codes(current_user)
        db.session.commit()
        return codes_page(codes)

    @expose("/remove", methods=["POST"])
    def remove(self) -> ResponseReturnValue:
        if second_factor.of(current_user.id) is None:
            abort(404)
        if demanded():
            abort(403)
        if fault := wrong_code():
            return factor_page({"code": fault})
        second_factor.remove(current_user)
        db.session.commit()
        flash(gettext("The second factor is removed. Signing in asks for your password only."), "success")
        return redirect(url_for("MySecondFactorView.index"))


def demanded() -> bool:
    return second_factor.demanded(scope.current(), current_user, g.profile, g.sign_in_rules)


def factor_page(faults: dict[str, str] | None = None) -> str:
    return render_template(
        "accounts/my_second_factor.html",
        faults=faults or {},
        factor=second_factor.of(current_user.id),
        left=second_factor.codes_left(current_user.id),
        demanded=demanded(),
        fresh=sessions.fresh(),
        local=clock.local,
    )


def secret_page(secret: str, fault: str = "") -> str:
    address = second_factor.address_of(secret, current_user.username)
    return render_template(
        "accounts/second_factor_secret.html",
        picture=second_factor.picture_of(address),
        secret=second_factor.grouped(secret),
        fault=fault,
    )


def codes_page(codes: list[str], *, new: bool = False) -> str:
    return render_template("accounts/recovery_codes.html", codes=codes, new=new, username=current_user.username)


class MySessionsView(BaseView):
    """Where the account is signed in; each can be ended from here."""

    route_base = "/my_sessions"
    default_view = "index"

    @expose("/")
    def index(self) -> ResponseReturnValue:
        return render_template(
            "accounts/my_sessions.html",
            sessions=sessions.listed(current_user.id),
            here=sessions.name(),
            local=clock.local,
            idle=int(sessions.IDLE.total_seconds()) // 60,
        )

    @expose("/end", methods=["POST"])
    def end(self) -> ResponseReturnValue:
        """One of them, by `session`; all others without."""
        if "session" not in request.form:
            sessions.end_others(current_user)
            tell_ended(gettext("all others"))
            flash(gettext("All other sessions of this account have ended."), "success")
            return redirect(url_for("MySessionsView.index"))
        found = own_session(request.form["session"])
        if found is None:
            flash(gettext("This session has ended already."), "info")
        else:
            sessions.end_named(found.name)
            tell_ended(f"{found.browser} {found.system} {found.address}".strip())
            flash(gettext("The session has ended."), "success")
        return redirect(url_for("MySessionsView.index"))


def own_session(text: str) -> Any:
    id_ = natural(text)
    if id_ is None or id_ >= 2**31:
        return None
    query = select(AccountSession).where(AccountSession.id == id_, AccountSession.user_id == current_user.id)
    return db.session.scalars(query).first()


def tell_ended(which: str) -> None:
    user_id, title = current_user.id, labelled(current_user.username, which)
    audit_log.log("sessions_ended", "ab_user", record_id=user_id, root_id=user_id, title=title)
    db.session.commit()
