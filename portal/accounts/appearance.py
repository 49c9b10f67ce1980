"""How pages look in this browser: by day or night, in large type, with roomy lists. A cookie outlives the session."""

from __future__ import annotations

from collections.abc import Container
from datetime import timedelta
from typing import NamedTuple, Self

from flask import Flask, current_app, redirect, request
from flask.typing import ResponseReturnValue
from flask_appbuilder import expose
from flask_appbuilder.baseviews import BaseView

from portal.accounts.sign_in.pages import safe_next

COOKIE = "appearance"
KEPT = timedelta(days=365)
THEMES = ("system", "light", "dark")
MARKS = ("large", "roomy")


class Appearance(NamedTuple):
    """`theme` is one of THEMES; "system" is that of the user's device, which only a script can ask. `marks` are the
    other choices that are made, and classes of the page."""

    theme: str = "system"
    marks: tuple[str, ...] = ()

    @classmethod
    def parse(cls, theme: str, marks: Container[str]) -> Self:
        """Anybody can send a form or a cookie: unknown words mean nothing."""
        return cls(theme if theme in THEMES else "system", tuple(each for each in MARKS if each in marks))

    @property
    def written(self) -> str:
        return ".".join((self.theme, *self.marks))


def appearance() -> Appearance:
    theme, *marks = request.cookies.get(COOKIE, "").split(".")
    return Appearance.parse(theme, marks)


class AppearanceView(BaseView):
    route_base = "/appearance"
    default_view = "change"

    @expose("/", methods=["POST"])
    def change(self) -> ResponseReturnValue:
        chosen = Appearance.parse(request.form.get("theme", ""), request.form)
        answer = redirect(safe_next(request.form.get("next") or request.referrer), 303)
        secure = current_app.config["SESSION_COOKIE_SECURE"]
        answer.set_cookie(COOKIE, chosen.written, KEPT, secure=secure, httponly=True, samesite="Lax")
        return answer


def install(app: Flask) -> None:
    app.jinja_env.globals["appearance"] = appearance
