"""Whether the trail is as it was written: how far it is sealed, and a button that goes through all of it."""

from __future__ import annotations

from flask import render_template
from flask.typing import ResponseReturnValue
from flask_appbuilder import expose
from flask_appbuilder.baseviews import BaseView
from flask_appbuilder.security.decorators import has_access
from sqlalchemy import select

from portal.core import audit, clock, sealing
from portal.core.sealing import AuditSeal, Verdict
from portal.extensions import db


class AuditView(BaseView):
    route_base = "/audit"
    class_permission_name = "audit"
    method_permission_name = {"index": "read", "verify": "read"}
    base_permissions = ["can_read"]
    default_view = "index"

    @expose("/")
    @has_access
    def index(self) -> ResponseReturnValue:
        return standing()

    @expose("/verify", methods=["POST"])
    @has_access
    def verify(self) -> ResponseReturnValue:
        """What is found to be right is sealed."""
        db.session.rollback()  # else this request would hold SQLite's lock while it reads
        found = sealing.verify()
        audit.tell("verify", "audit_events", title=found.fault)
        if not found.fault:
            sealing.seal()
        return standing(found)


def standing(verdict: Verdict | None = None) -> ResponseReturnValue:
    last = db.session.scalars(select(AuditSeal).order_by(AuditSeal.number.desc()).limit(1)).first()
    sealed_at = clock.local(last.sealed_at) if last else None
    return render_template(
        "audit.html", verdict=verdict, last=last, sealed_at=sealed_at, unsealed=sealing.unsealed(), block=sealing.BLOCK
    )
