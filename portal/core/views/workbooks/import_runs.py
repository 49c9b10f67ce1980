"""Runs of imports on the import page, and undoing one."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any, ClassVar

from flask import abort, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_appbuilder import expose
from flask_appbuilder.security.decorators import has_access
from flask_babel import gettext

from portal.core.imports import runs
from portal.core.jobs import jobs
from portal.core.jobs.jobs import Job
from portal.core.spreadsheet.importer import runner


class ImportRuns:
    """Mixin of `LedgerView`: finished imports."""

    verbs: ClassVar = {"bring_back": "import"}

    @expose("/import/runs/<int:number>/undo", methods=["POST"])
    @has_access
    def bring_back(self: Any, number: int) -> ResponseReturnValue:
        run = runs.find(self.ledger, number)
        if run is None:
            abort(404)
        if not run.undoable:
            abort(409, gettext("This import can no longer be undone."))
        if not request.form.get("confirmed"):
            flash(gettext("Please confirm that this import is to be undone."), "warning")
            return redirect(url_for(f"{self.endpoint}.bring"))
        job = jobs.make("import", ledger=self.ledger.name, name=run.name, adopt=run.adopt, undo=run.id, step="undo")
        jobs.start(job)
        return redirect(url_for(f"{self.endpoint}.brought", token=job.token))


def work(run_id: int, job: Job) -> dict[str, Any]:
    undone = runner.take_back(run_id, job.progress)
    return {"undone": asdict(undone)}
