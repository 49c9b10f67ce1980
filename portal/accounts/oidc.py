"""Signing in by the office's own OpenID Connect provider, from a button on the sign-in page (`contracts.md`,
`PORTAL_OIDC_*`): code flow with PKCE, state and nonce.

The provider says who somebody is and nothing else: what they may is the account's, and a second factor that the account
has is asked for all the same. Failing here locks no account, since nobody guesses anything.
"""

from __future__ import annotations

import logging
import re
from typing import Any

import requests
from authlib.common.errors import AuthlibBaseError
from authlib.integrations.base_client import OAuthError
from authlib.integrations.flask_client import OAuth
from flask import Flask, abort, current_app, redirect, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_appbuilder import expose
from flask_appbuilder.baseviews import BaseView
from flask_appbuilder.security.sqla.models import User
from flask_babel import gettext
from flask_login import current_user
from joserfc.errors import JoseError
from sqlalchemy import func, select

from portal.accounts import entering, identities, locking, sign_in
from portal.accounts.reasons import personal_fault
from portal.core import audit
from portal.core.fields import clean
from portal.extensions import db
from portal.org.accounts import AccountProfile

log = logging.getLogger(__name__)
PROVIDER = "office"
# Seconds that the provider has for each answer: a thread waits for it.
ANSWER = 8
NEXT = "oidc_next"
USERNAME = re.compile(r"[A-Za-z][A-Za-z0-9_.-]{2,31}")
# What goes wrong between the portal and the provider, whoever signs in.
FAULTS = (AuthlibBaseError, JoseError, requests.RequestException, ValueError, LookupError, RuntimeError, TypeError)


def client() -> Any:
    """The provider's, when one is set."""
    oauth = current_app.extensions.get("portal.oidc")
    return oauth.create_client(PROVIDER) if oauth else abort(404)


def button() -> str:
    """What stands on the button of the sign-in page; empty without a provider."""
    if not current_app.config["OIDC_ISSUER"]:
        return ""
    label: str = current_app.config["OIDC_LABEL"]
    return label or gettext("the office's own sign-in")


class OidcView(BaseView):
    route_base = "/login/oidc"
    default_view = "go"

    @expose("/")
    def go(self) -> ResponseReturnValue:
        """On to the provider."""
        provider = client()
        if current_user.is_authenticated:
            return redirect(sign_in.safe_next(request.args.get("next")))
        if why := sign_in.shut(""):
            return sign_in.sign_in_page(why)
        session[NEXT] = sign_in.safe_next(request.args.get("next"))
        try:
            require_issuer(provider)
            return provider.authorize_redirect(url_for("OidcView.back", _external=True))
        except FAULTS as fault:
            return failed(fault)

    @expose("/back")
    def back(self) -> ResponseReturnValue:
        """Back from there, with a code or the reason why not."""
        provider = client()
        if current_user.is_authenticated:
            return redirect(sign_in.safe_next(None))
        if why := sign_in.shut(""):
            return sign_in.sign_in_page(why)
        try:
            require_issuer(provider)
            told = provider.authorize_access_token()["userinfo"]
        except FAULTS as fault:
            return failed(fault)
        user, why = account_of(told)
        if why or user is None:
            return sign_in.sign_in_page(why)
        wanted = session.get(NEXT, "")
        self.appbuilder.sm.update_user_auth_stat(user)
        identity = identities.digest_of(current_app.config["OIDC_ISSUER"], told["sub"])
        if entering.admit(user, old=False, way="OIDC", identity=identity):
            return redirect(sign_in.safe_next(wanted))
        return redirect(url_for("SignInView.code", next=wanted or None))


def require_issuer(provider: Any) -> None:
    """Raises ValueError when the document found there is another provider's."""
    found = str(provider.load_server_metadata().get("issuer", ""))
    if found.rstrip("/") != current_app.config["OIDC_ISSUER"]:
        raise ValueError(f"the provider says that it is {found!r}")


def failed(fault: Exception) -> ResponseReturnValue:
    """In words; what exactly, the log says."""
    log.warning("signing in by OIDC failed: %s: %s", type(fault).__name__, str(fault)[:300])
    if isinstance(fault, requests.RequestException):
        text = gettext("%(service)s cannot be reached just now. Sign in with your password, or try again later.")
    elif isinstance(fault, OAuthError) and fault.error == "access_denied":
        text = gettext("%(service)s did not let you in, or you turned back there.")
    elif isinstance(fault, OAuthError):
        text = gettext("Signing in by %(service)s took too long or was begun in another window. Please try again.")
    else:
        text = gettext("What %(service)s answered cannot be trusted, so nobody is signed in. Please tell the operator.")
    return sign_in.sign_in_page(text % {"service": button()})


def account_of(told: Any) -> tuple[Any, str]:
    """(the account that the provider's claim names, why it is not let in)."""
    claim = told.get(current_app.config["OIDC_CLAIM"])
    name = " ".join(clean(claim).split()) if isinstance(claim, str) else ""
    if not name:
        return None, refused("", gettext("%(service)s does not say which account is yours.", service=button()))
    subject = told.get("sub")
    if not isinstance(subject, str) or not subject:
        return None, refused(name, gettext("%(service)s does not say which account is yours.", service=button()))
    user, why = user_of(name, identities.digest_of(current_app.config["OIDC_ISSUER"], subject))
    if why:
        return None, why
    if user is None and current_app.config["OIDC_CREATE"] and USERNAME.fullmatch(name):
        make(name, told.get("name"))
        why = gettext("An account was made for you. You can sign in once the security administrator has authorised it.")
        return None, refused(name, why)
    if user is None or not user.active:
        return None, refused(name, gettext("There is no account for you here, or it is switched off."))
    return user, sign_in.locked(user.username)


def user_of(name: str, identity: str) -> tuple[Any, str]:
    """The account that is bound to this identity, else the one of this name when it is bound to nobody."""
    if bound := identities.account_of(identity):
        return db.session.scalars(select(User).where(User.id == bound)).first(), ""
    user = db.session.scalars(select(User).where(func.lower(User.username) == name.lower())).first()
    if user is None or identities.of(user.id) is None:
        return user, ""
    text = gettext(
        "%(service)s calls you by the account of somebody else here, so nobody is signed in. Please ask the security "
        "administrator.",
        service=button(),
    )
    return None, refused(name, text, identities.OTHER)


def refused(name: str, why: str, action: str = "sign_in_refused") -> str:
    audit.tell(action, title=locking.written(name) if name else "")
    return why


def make(username: str, called: Any) -> None:
    """An account without any role, which waits to be authorised. Committed."""
    person = " ".join(clean(called).split())[:50] if isinstance(called, str) else ""
    user = User(username=username, last_name="", active=False, email=f"{username}@portal.invalid")
    user.first_name = person if person and not personal_fault(person) else username
    user.password, user.roles = "!", []
    db.session.add(user)
    db.session.flush()
    db.session.add(AccountProfile(user_id=user.id, waiting=True))
    db.session.commit()


def install(app: Flask) -> None:
    app.jinja_env.globals["oidc_button"] = button
    issuer = app.config["OIDC_ISSUER"]
    if not issuer:
        return
    oauth = OAuth(app)
    oauth.register(
        PROVIDER,
        server_metadata_url=f"{issuer}/.well-known/openid-configuration",
        client_id=app.config["OIDC_CLIENT_ID"],
        client_secret=app.config["OIDC_CLIENT_SECRET"],
        client_kwargs={
            "scope": app.config["OIDC_SCOPES"],
            "code_challenge_method": "S256",
            "default_timeout": ANSWER,
        },
    )
    app.extensions["portal.oidc"] = oauth


__all__ = ["OidcView", "install"]
