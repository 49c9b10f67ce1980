"""Runs of imports on the import page, the records of one, and undoing it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any, ClassVar

from flask import abort, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_appbuilder import expose
from flask_appbuilder.security.decorators import has_access
from flask_babel import gettext
from sqlalchemy import Select, func, select

from portal.core.declaration.ledger import Ledger
from portal.core.imports import runs
from portal.core.jobs import jobs
from portal.core.jobs.jobs import Job
from portal.core.models.record import Record
from portal.core.spreadsheet.importer import runner
from portal.core.views.lists import listing
from portal.core.views.lists.table import table
from portal.core.views.transition_pages import MOST_AT_ONCE, batched, batches
from portal.extensions import db
from portal.org import codes


class ImportRuns:
    """Mixin of `LedgerView`: finished imports."""

    verbs: ClassVar = {"bring_back": "import", "imported": "import"}

    @expose("/import/runs/<int:number>/records")
    @has_access
    def imported(self: Any, number: int) -> ResponseReturnValue:
        """The records that an import made or changed, to be looked at and handed in."""
        run = runs.find(self.ledger, number)
        if run is None:
            abort(404)
        codes.load(self.ledger.code_lists)
        names = self.ledger.list.columns
        query = records_of(self.ledger, run)
        count = db.session.scalar(select(func.count()).select_from(query.subquery())) or 0
        loading = listing.loading(self.ledger, names)
        ordered = query.order_by(self.ledger.model.id).options(*loading).limit(MOST_AT_ONCE)
        records = db.session.scalars(ordered).all()
        return self.page(
            "import_records.html",
            run=run,
            count=count,
            table=table(self.ledger, names, records),
            transitions=batches(self.ledger, records),
            waiting=waiting(self.ledger, run),
        )

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


def records_of(ledger: Ledger, run: runs.ImportRun) -> Select[Any]:
    """The records of an import that are still there and the user may read."""
    query = select(ledger.model).where(ledger.model.id.in_(runs.records_of(run)))
    return query.where(ledger.model.is_current()) if issubclass(ledger.model, Record) else query


def waiting(ledger: Ledger, run: runs.ImportRun) -> Sequence[int]:
    """The records of an import that the user could hand in, as far as their status says; at most as many as are handed
    in at once."""
    submit = next((each for each in batched(ledger) if each.name == "submit"), None)
    if submit is None or run.now == runs.UNDONE:
        return ()
    ids = records_of(ledger, run).with_only_columns(ledger.model.id)
    ids = ids.where(ledger.column("status").in_({edge.source for edge in submit.edges}))
    return db.session.scalars(ids.order_by(ledger.model.id).limit(MOST_AT_ONCE)).all()


def work(run_id: int, job: Job) -> dict[str, Any]:
    undone = runner.take_back(run_id, job.progress)
    return {"undone": asdict(undone)}
