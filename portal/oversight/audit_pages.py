"""Verify the audit log from a page."""

from __future__ import annotations

from typing import Any

from flask import abort, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_appbuilder import expose
from flask_appbuilder.baseviews import BaseView
from flask_appbuilder.security.decorators import has_access
from flask_babel import lazy_gettext

from portal.core.audit import audit_log
from portal.core.hash_chain import chain, verification
from portal.core.jobs import jobs
from portal.core.jobs.jobs import Job
from portal.extensions import db


class AuditView(BaseView):
    route_base = "/audit"
    class_permission_name = "audit"
    method_permission_name = {"index": "read", "verify": "read", "stop": "read"}
    base_permissions = ["can_read"]
    default_view = "index"

    @expose("/")
    @has_access
    def index(self) -> ResponseReturnValue:
        """With `?job=` also how far somebody's verifying is, or what it found."""
        job = job_or_404(request.args["job"]) if "job" in request.args else None
        number, digest = chain.head()
        return render_template(
            "audit.html",
            job=job,
            state=job.state if job else {},
            number=number,
            digest=digest,
            sealed_at=chain.sealed_at(),
            unsealed=chain.unsealed(),
        )

    @expose("/verify", methods=["POST"])
    @has_access
    def verify(self) -> ResponseReturnValue:
        job = jobs.make("verify")
        jobs.start(job)
        return redirect(url_for("AuditView.index", job=job.token))

    @expose("/stop", methods=["POST"])
    @has_access
    def stop(self) -> ResponseReturnValue:
        job = job_or_404(request.form.get("job", ""))
        job.cancel()
        return redirect(url_for("AuditView.index", job=job.token))


def job_or_404(token: str) -> Job:
    job = jobs.find(token, "verify")
    return job if job is not None else abort(404)


@jobs.kind("verify", lazy_gettext("Proof of the trail"), again=True)
def verify(job: Job) -> dict[str, Any]:
    """What is found to be right is sealed."""
    jobs.require("read", "audit")
    total = chain.length()
    db.session.rollback()
    found = verification.verify(lambda lines: job.progress(lines, total))
    audit_log.log_and_commit("verify", "audit_events", title=found.fault)
    if not found.fault:
        chain.seal()
    return {"fault": found.fault, "lines": found.lines, "remark": found.remark}
