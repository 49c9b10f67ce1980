"""Jobs and scheduled work of everybody, for administrators.

Nothing of what somebody brought or was told stands here: neither names of files nor rows.
"""

from __future__ import annotations

from dataclasses import dataclass

from flask import abort, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_appbuilder import expose
from flask_appbuilder.baseviews import BaseView
from flask_appbuilder.security.decorators import has_access
from flask_appbuilder.security.sqla.models import User
from flask_babel import gettext
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from portal.core import clock
from portal.core.audit import audit_log
from portal.core.declaration.ledger import named
from portal.core.fields import Label
from portal.core.jobs import jobs, schedule
from portal.core.jobs.jobs import ACTIVE, KINDS, NEW, RUNNING, Job, StoredJob
from portal.core.jobs.schedule import PLANS
from portal.extensions import db

SHOWN = 100


@dataclass(frozen=True)
class Line:
    """A job as the page shows it."""

    job: Job
    username: str

    @property
    def label(self) -> Label:
        found = KINDS.get(self.job.row.kind)
        return found.label if found else self.job.row.kind

    @property
    def place(self) -> Label:
        name = self.job.row.ledger
        found = named(name) or PLANS.get(name)
        return found.label if found else ""

    @property
    def since(self) -> str:
        return clock.to_the_minute(self.job.row.began_at or self.job.row.touched_at)

    @property
    def ended(self) -> str:
        return "" if self.job.active else clock.to_the_minute(self.job.row.touched_at)

    @property
    def progress(self) -> tuple[int, int]:
        state = self.job.state if self.job.row.state == RUNNING else {}
        return state.get("done", 0), state.get("total", 0)

    @property
    def why(self) -> str:
        """Why it broke off, in the portal's own words (`jobs.said`)."""
        return "" if self.job.active else str(self.job.state.get("why") or "")


class JobsView(BaseView):
    route_base = "/jobs"
    class_permission_name = "jobs"
    method_permission_name = {"index": "read", "act": "edit"}
    base_permissions = ["can_read", "can_edit"]
    default_view = "index"

    @expose("/")
    @has_access
    def index(self) -> ResponseReturnValue:
        last = schedule.last()
        wanted = {name: plan for name, plan in PLANS.items() if plan.wanted()}
        work = [(plan.label, clock.to_the_minute(last[name]) if name in last else "") for name, plan in wanted.items()]
        return render_template("jobs.html", lines=latest(), work=work, works=schedule.works(), shown=SHOWN)

    @expose("/<string:token>/<string:name>", methods=["POST"])
    @has_access
    def act(self, token: str, name: str) -> ResponseReturnValue:
        """`stop`, or `again` where nothing is lost by it."""
        found = jobs.rows(StoredJob.token == token)
        if not found or name not in ("stop", "again"):
            abort(404)
        job = Job(found[0]).look()
        if name == "stop" and job.active:
            job.cancel()
            log_event("job_stopped", job)
            flash(gettext("It stops at its next step."), "success")
        elif name == "again" and begun_again(job):
            log_event("job_begun_again", job)
            flash(gettext("It was begun again."), "success")
        else:
            abort(409, gettext("This job has ended meanwhile, or cannot be begun again."))
        return redirect(url_for("JobsView.index"))


def begun_again(job: Job) -> bool:
    try:
        return job.repeatable and job.again()
    except IntegrityError:  # its user has something else done now
        return False


def log_event(action: str, job: Job) -> None:
    line = Line(job, "")
    audit_log.log_and_commit(action, "jobs", title=" ".join(filter(None, map(str, (line.label, line.place)))))


def latest() -> list[Line]:
    """The active ones first, then those that ended last."""
    resting = jobs.rows(StoredJob.state.not_in((*ACTIVE, NEW)), last=SHOWN)
    found = [Job(row).look() for row in (*jobs.rows(StoredJob.state.in_(ACTIVE)), *reversed(resting))]
    users = select(User.id, User.username).where(User.id.in_({job.row.user_id for job in found}))
    names: dict[int, str] = {row.id: row.username for row in db.session.execute(users)}
    return [Line(job, names.get(job.row.user_id, "")) for job in found]
