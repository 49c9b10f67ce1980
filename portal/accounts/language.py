"""Switching the language of the browser session: the one GET that changes something."""

from __future__ import annotations

from flask import abort, current_app, redirect, request, session
from flask.typing import ResponseReturnValue
from flask_appbuilder import expose
from flask_appbuilder.baseviews import BaseView
from flask_babel import refresh

from portal.accounts.sign_in.pages import safe_next


class LanguageView(BaseView):
    route_base = "/lang"
    default_view = "index"

    @expose("/<string:locale>")
    def index(self, locale: str) -> ResponseReturnValue:
        if locale not in current_app.config["LANGUAGES"]:
            abort(404)
        session["locale"] = locale
        refresh()
        return redirect(safe_next(request.args.get("next") or request.referrer))
