"""How pages look in this browser: by day or night, in large type. A cookie, so that it outlives the session."""

from __future__ import annotations

from datetime import timedelta
from typing import NamedTuple

from flask import Flask, current_app, redirect, request
from flask.typing import ResponseReturnValue
from flask_appbuilder import expose
from flask_appbuilder.baseviews import BaseView

from portal.accounts.sign_in.pages import safe_next

COOKIE = "appearance"
KEPT = timedelta(days=365)
THEMES = ("system", "light", "dark")


class Appearance(NamedTuple):
    """`theme` is one of THEMES; "system" is that of the user's device, which only a script can ask."""

    theme: str = "system"
    large: bool = False

    @property
    def written(self) -> str:
        return f"{self.theme}.large" if self.large else self.theme


def appearance() -> Appearance:
    """Anybody can write a cookie: unknown words mean nothing."""
    theme, _, type_ = request.cookies.get(COOKIE, "").partition(".")
    return Appearance(theme if theme in THEMES else "system", type_ == "large")


class AppearanceView(BaseView):
    route_base = "/appearance"
    default_view = "change"

    @expose("/", methods=["POST"])
    def change(self) -> ResponseReturnValue:
        theme = request.form.get("theme", "")
        chosen = Appearance(theme if theme in THEMES else "system", "large" in request.form)
        answer = redirect(safe_next(request.form.get("next") or request.referrer), 303)
        secure = current_app.config["SESSION_COOKIE_SECURE"]
        answer.set_cookie(COOKIE, chosen.written, KEPT, secure=secure, httponly=True, samesite="Lax")
        return answer


def install(app: Flask) -> None:
    app.jinja_env.globals["appearance"] = appearance
