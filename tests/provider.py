"""A small OpenID Connect provider in a process of its own, of Authlib's server part: `python -m tests.provider PORT`.

It lets in whoever `POST /as?claim=value` last said, without a page of its own; `deny`, `bad_nonce`, `other_key`,
`other_issuer` and `slow` make it misbehave.
"""

from __future__ import annotations

import sys
import time
from types import SimpleNamespace
from typing import Any

from authlib.integrations.flask_oauth2 import AuthorizationServer
from authlib.oauth2.rfc6749 import grants
from authlib.oauth2.rfc6749.errors import AccessDeniedError
from authlib.oauth2.rfc7636 import CodeChallenge
from authlib.oidc.core import UserInfo
from authlib.oidc.core.grants import OpenIDCode
from flask import Flask, jsonify, request
from joserfc.jwk import RSAKey

CLIENT, SECRET = "portal", "a-secret-of-the-provider"
KEYS = {name: RSAKey.generate_key(2048, {"kid": "one", "use": "sig"}) for name in ("own", "other")}
CODES: dict[str, Any] = {}
NOW: dict[str, str] = {}


class Client:
    client_id, client_secret = CLIENT, SECRET

    def get_client_id(self) -> str:
        return CLIENT

    def get_default_redirect_uri(self) -> None:
        return None

    def get_allowed_scope(self, scope: str) -> str:
        return scope

    def check_redirect_uri(self, uri: str) -> bool:
        return uri.endswith("/login/oidc/back")

    def check_client_secret(self, secret: str) -> bool:
        return secret == SECRET

    def check_endpoint_auth_method(self, method: str, _endpoint: str) -> bool:
        return method == "client_secret_basic"

    def check_response_type(self, kind: str) -> bool:
        return kind == "code"

    def check_grant_type(self, kind: str) -> bool:
        return kind == "authorization_code"


class Code(SimpleNamespace):
    def get_redirect_uri(self) -> str:
        return self.redirect_uri

    def get_scope(self) -> str:
        return self.scope

    def get_nonce(self) -> str:
        return "another" if "bad_nonce" in NOW else self.nonce

    def get_auth_time(self) -> int:
        return int(time.time())

    def get_acr(self) -> None:
        return None

    def get_amr(self) -> None:
        return None


class CodeGrant(grants.AuthorizationCodeGrant):
    TOKEN_ENDPOINT_AUTH_METHODS = ["client_secret_basic"]

    def save_authorization_code(self, code: str, asked: Any) -> None:
        data = asked.payload.data
        CODES[code] = Code(
            code=code,
            nonce=data.get("nonce"),
            redirect_uri=asked.payload.redirect_uri,
            scope=asked.payload.scope,
            user=asked.user,
            code_challenge=data.get("code_challenge"),
            code_challenge_method=data.get("code_challenge_method"),
        )

    def query_authorization_code(self, code: str, _client: Any) -> Any:
        return CODES.get(code)

    def delete_authorization_code(self, code: Any) -> None:
        CODES.pop(code.code)

    def authenticate_user(self, code: Any) -> Any:
        return code.user


class WithIdToken(OpenIDCode):
    def exists_nonce(self, _nonce: str, _request: Any) -> bool:
        return False

    def resolve_client_private_key(self, _client: Any) -> Any:
        return KEYS["other" if "other_key" in NOW else "own"]

    def get_client_algorithm(self, _client: Any) -> str:
        return "RS256"

    def get_client_claims(self, _client: Any) -> dict[str, str]:
        return {"iss": "https://evil.example" if "other_issuer" in NOW else issuer()}

    def generate_user_info(self, user: Any, _scope: str) -> UserInfo:
        claims = {"sub": user["preferred_username"] or "nobody"} | {k: v for k, v in user.items() if v}
        return UserInfo(**claims)


def issuer() -> str:
    return request.host_url.rstrip("/")


def make() -> Flask:
    app = Flask(__name__)
    app.config["SECRET_KEY"] = "of the provider"
    server = AuthorizationServer(app, query_client=lambda _id: Client(), save_token=lambda _token, _request: None)
    server.register_grant(CodeGrant, [WithIdToken(), CodeChallenge(required=True)])

    @app.get("/.well-known/openid-configuration")
    def configuration() -> Any:
        if "slow" in NOW:
            time.sleep(30)
        here = issuer()
        pages = {f"{name}_endpoint": f"{here}/{name}" for name in ("authorization", "token")}
        return jsonify(issuer=here, jwks_uri=f"{here}/keys", **pages)

    @app.get("/keys")
    def keys() -> Any:
        return jsonify(keys=[KEYS["own"].as_dict(private=False)])

    @app.get("/authorization")
    def authorization() -> Any:
        grant = server.get_consent_grant(end_user=NOW)
        if "deny" in NOW:
            return server.handle_error_response(
                grant.request, AccessDeniedError(redirect_uri=grant.request.payload.redirect_uri)
            )
        return server.create_authorization_response(grant_user=dict(NOW), grant=grant)

    @app.post("/token")
    def token() -> Any:
        return server.create_token_response()

    @app.post("/as")
    def let_in() -> str:
        NOW.clear()
        NOW.update({"preferred_username": ""} | request.args.to_dict())
        return ""

    return app


if __name__ == "__main__":
    make().run("127.0.0.1", int(sys.argv[1]), threaded=True)
