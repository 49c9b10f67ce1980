"""Signing in by the office's own OpenID Connect provider, from a button on the sign-in page (`docs/commands.md`,
`PORTAL_OIDC_*`): code flow with PKCE, state and nonce.

Failing here locks no account, since nobody guesses anything.
"""

from __future__ import annotations

import logging
from typing import Any

import requests
from authlib.common.errors import AuthlibBaseError
from authlib.integrations.base_client import OAuthError
from authlib.integrations.flask_client import OAuth
from flask import Flask, abort, current_app, redirect, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_appbuilder import expose
from flask_appbuilder.baseviews import BaseView
from flask_babel import gettext
from flask_login import current_user
from joserfc.errors import JoseError

from portal.accounts.sign_in import completion, external_identity, identities, pages
from portal.core.fields import clean
from portal.database import let_go

log = logging.getLogger(__name__)
PROVIDER = "office"
# Seconds that the provider has for each answer: a thread waits for it.
ANSWER = 8
NEXT = "oidc_next"
# What goes wrong between the portal and the provider, whoever signs in.
FAULTS = (AuthlibBaseError, JoseError, requests.RequestException, ValueError, LookupError, RuntimeError, TypeError)


def client() -> Any:
    """The provider's, when one is set."""
    oauth = current_app.extensions.get("portal.oidc")
    return oauth.create_client(PROVIDER) if oauth else abort(404)


class OidcView(BaseView):
    route_base = "/login/oidc"
    default_view = "go"

    @expose("/")
    def go(self) -> ResponseReturnValue:
        """On to the provider. `again`: as on the sign-in page."""
        provider = client()
        if current_user.is_authenticated:
            return redirect(pages.safe_next(request.args.get("next")))
        if why := pages.shut(""):
            return page(why)
        again = "again" in request.args
        wanted = url_for("SignInView.login", again=1) if again else pages.safe_next(request.args.get("next"))
        session[NEXT] = wanted
        let_go()  # it may be long in answering
        # Asked anew each time: whoever was sent to a provider that is away would see an error of the browser.
        provider.server_metadata.pop("_loaded_at", None)
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
            return redirect(pages.safe_next(None))
        if why := pages.shut(""):
            return page(why)
        let_go()
        try:
            require_issuer(provider)
            claims = provider.authorize_access_token()["userinfo"]
        except FAULTS as fault:
            return failed(fault)
        told, why = told_by(claims)
        user, why = external_identity.account_of(told) if told else (None, why)
        if why or told is None:
            return page(why)
        wanted = session.get(NEXT, "")
        self.appbuilder.sm.update_user_auth_stat(user)
        if completion.admit(user, old=False, way="OIDC", identity=told.identity):
            return redirect(pages.safe_next(wanted))
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
        return page(external_identity.unreachable())
    if not isinstance(fault, OAuthError):
        return page(external_identity.untrusted())
    if fault.error == "access_denied":
        text = gettext("%(service)s did not let you in, or you turned back there.")
    else:
        text = gettext("Signing in by %(service)s took too long or was begun in another window. Please try again.")
    return page(external_identity.naming(text))


def page(why: str) -> str:
    """The sign-in page, from which one goes on to where one wanted."""
    return pages.sign_in_page(why, wanted=session.get(NEXT))


def told_by(claims: Any) -> tuple[external_identity.Vouched | None, str]:
    """(whom the provider's claims name, why nobody is let in)."""
    claim, subject = claims.get(current_app.config["OIDC_CLAIM"]), claims.get("sub")
    name = " ".join(clean(claim).split()) if isinstance(claim, str) else ""
    if not name or not isinstance(subject, str) or not subject:
        return None, external_identity.refused(
            name, external_identity.naming(gettext("%(service)s does not say which account is yours."))
        )
    identity = identities.digest_of("oidc", current_app.config["OIDC_ISSUER"], subject)
    return external_identity.Vouched(name, identity, claims.get("name"), current_app.config["OIDC_CREATE"]), ""


def install(app: Flask) -> None:
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
