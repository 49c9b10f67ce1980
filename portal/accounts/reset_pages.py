"""The page on which two administrators reset a third."""

from __future__ import annotations

from flask import abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_appbuilder import expose
from flask_appbuilder.baseviews import BaseView
from flask_babel import gettext
from sqlalchemy import select
from sqlalchemy.orm import joinedload

from portal.accounts import resets
from portal.core import clock
from portal.core.access import scope
from portal.core.fields import clean, natural
from portal.extensions import db
from portal.org.account_profiles import AdminReset
from portal.permissions import administrators

SHOWN = 50


class ResetsView(BaseView):
    """Every administrator sees all requests, asks, and confirms those of others. No role page gives this: it follows
    from being one."""

    route_base = "/resets"
    default_view = "index"

    @expose("/")
    def index(self) -> ResponseReturnValue:
        require_administrator()
        return resets_page({"user": natural(request.args.get("user", "")) or ""}, {})

    @expose("/ask", methods=["POST"])
    def ask(self) -> ResponseReturnValue:
        require_administrator()
        typed = {name: clean(request.form.get(name, "")).strip() for name in ("user", "what", "reason")}
        user_id = natural(typed["user"])
        faults = resets.ask(user_id, typed["what"], typed["reason"])
        if faults:
            return resets_page({**typed, "user": user_id or ""}, faults)
        db.session.commit()
        flash(gettext("Asked. A second administrator has to confirm it within a day."), "success")
        return redirect(url_for("ResetsView.index"))

    @expose("/decide/<int:pk>", methods=["POST"])
    def decide(self, pk: int) -> ResponseReturnValue:
        """`confirm` or `refuse`."""
        require_administrator()
        found = resets.request_of(pk) or abort(404)
        wanted = request.form.get("decision", "")
        if wanted not in ("confirm", "refuse"):
            abort(400)
        fault, half = resets.confirm(found) if wanted == "confirm" else (resets.refuse(found), "")
        if fault:
            db.session.rollback()
            flash(fault, "error")
            return redirect(url_for("ResetsView.index"))
        name = found.user.username
        db.session.commit()
        if half:
            return render_template("accounts/reset_half.html", half=half, first=False, username=name)
        flash(gettext("Saved."), "success")
        return redirect(url_for("ResetsView.index"))

    @expose("/half/<int:pk>", methods=["POST"])
    def half(self, pk: int) -> ResponseReturnValue:
        """The half of the password for whoever asked, shown once."""
        require_administrator()
        found = resets.request_of(pk)
        if found is None or found.asked_by_id != scope.current().user_id:
            abort(404)
        half, name = resets.take_half(found), found.user.username
        db.session.commit()
        if not half:
            abort(409, gettext("It was shown already, or is too old: ask once more."))
        return render_template("accounts/reset_half.html", half=half, first=True, username=name)


def require_administrator() -> None:
    if not administrators.administers(scope.current()):
        abort(403)


def resets_page(typed: dict[str, str | int], faults: dict[str, str]) -> str:
    loading = [joinedload(each) for each in (AdminReset.user, AdminReset.asked_by, AdminReset.decided_by)]
    query = select(AdminReset).options(*loading).order_by(AdminReset.id.desc()).limit(SHOWN)
    others = {id_: user for id_, user in resets.targets().items() if id_ != scope.current().user_id}
    return render_template(
        "accounts/resets.html",
        requests=db.session.scalars(query).all(),
        others=others,
        resets=resets,
        typed=typed,
        faults=faults,
        local=clock.local,
    )
