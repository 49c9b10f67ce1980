"""The import page: upload, preview, assign unknown columns, run (`docs/domain/workbooks.md`)."""

from __future__ import annotations

import json
from collections.abc import Sequence
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any, ClassVar

from flask import abort, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_appbuilder import expose
from flask_appbuilder.security.decorators import has_access
from flask_babel import gettext, lazy_gettext

from portal.core import rate_limits
from portal.core.access import scope
from portal.core.audit import audit_log
from portal.core.declaration.ledger import Ledger, named
from portal.core.imports import runs
from portal.core.jobs import files, jobs
from portal.core.jobs.jobs import Job
from portal.core.spreadsheet.columns.mapping import ImportColumn, asker, labels
from portal.core.spreadsheet.exporter.exporter import digest_of
from portal.core.spreadsheet.exporter.template import template
from portal.core.spreadsheet.importer import runner
from portal.core.spreadsheet.importer.importer import Options, Outcome, find_layout
from portal.core.spreadsheet.importer.runner import Sheet, digest
from portal.core.spreadsheet.reader import month_rule
from portal.core.spreadsheet.reader import workbook as sheet_reading
from portal.core.spreadsheet.reader.headings import IGNORED, KNOWN, plain
from portal.core.spreadsheet.reader.layout import Tables
from portal.core.spreadsheet.reader.workbook import MOST_BYTES, Unreadable, read
from portal.core.spreadsheet.rejected.workbook import marked, without_layout
from portal.core.views.downloads import download
from portal.core.views.workbooks import import_runs as undoing
from portal.core.views.workbooks import uploads
from portal.core.views.workbooks.uploads import SHEET
from portal.extensions import db
from portal.org import codes

SHOWN = 200
CELLS = "cells.json"
MARKED = "marked.xlsx"


class Importing:
    """Mixin of `LedgerView`: imports."""

    verbs: ClassVar = {"bring": "import", "brought": "import", "bring_on": "import", "template": "import"}

    @expose("/import", methods=["GET", "POST"])
    @has_access
    def bring(self: Any) -> ResponseReturnValue:
        fault = uploads.fault() if request.method == "POST" else ""
        if request.method == "POST" and not fault:
            adopt = bool(request.form.get("adopt")) and may_adopt(self.ledger)
            job = jobs.make("import", ledger=self.ledger.name, name=uploads.name(), adopt=adopt)
            uploads.keep(job)
            preview(job)
            return redirect(url_for(f"{self.endpoint}.brought", token=job.token))
        return bringing(self, fault)

    @expose("/template.xlsx")
    @has_access
    def template(self: Any) -> ResponseReturnValue:
        rate_limits.require(rate_limits.EXPORTS)
        codes.load(self.ledger.all_code_lists)
        name = gettext("Template - %(ledger)s", ledger=self.ledger.label) + ".xlsx"
        book = template(self.ledger)
        # Its lists can hold names of the roster.
        audit_log.log_and_commit("export", self.ledger.name, reason=name, changes=[["sha256", None, [digest_of(book)]]])
        return download(book, name)

    @expose("/import/<string:token>")
    @has_access
    def brought(self: Any, token: str) -> ResponseReturnValue:
        job = job_or_404(self.ledger, token)
        if fault := job.state.get("fault"):  # of the file: another one is chosen where it is said
            return bringing(self, fault, job)
        fields = [(name, str(label)) for name, label in labels(self.ledger)]
        run = runs.find(self.ledger, job.asked.get("run") or 0)
        sheet = {"cells": cells_of(job), "held": job.has(SHEET), "fields": fields, "ignored": IGNORED}
        hand_in = undoing.waiting(self.ledger, run) if run is not None else ()
        return self.page("imported.html", job=job, state=job.state, shown=SHOWN, run=run, waiting=hand_in, **sheet)

    @expose("/import/<string:token>/<string:name>", methods=["POST"])
    @has_access
    def bring_on(self: Any, token: str, name: str) -> ResponseReturnValue:
        """`map`: preview again with these choices; `run`; `cancel`; `errors`: download the rejected rows in their
        workbook."""
        job = job_or_404(self.ledger, token)
        here = redirect(url_for(f"{self.endpoint}.brought", token=token))
        state = job.state
        if name == "cancel":
            job.cancel()
            if not state["active"]:
                job.let_go()
        elif state["active"]:
            flash(gettext("Please wait until it has ended."), "warning")
        elif name not in possible(state):
            abort(404)
        elif not job.has(SHEET) or (name == "errors" and not job.has(MARKED)):
            flash(gettext("The sheet is not there any more. Please bring it once again."), "warning")
        elif name == "errors":
            return rejected(job, state)
        else:
            go_on(self.ledger, job, state, name)
        return here


def bringing(view: Any, fault: str, job: Job | None = None) -> ResponseReturnValue:
    """The upload page, with the error of a refused workbook."""
    found: ResponseReturnValue = view.page(
        "import.html",
        job=job,
        fault=fault,
        may_adopt=may_adopt(view.ledger),
        most=MOST_BYTES // 2**20,
        runs=runs.recent(view.ledger),
    )
    return found


def go_on(ledger: Ledger, job: Job, state: dict[str, Any], name: str) -> None:
    """Run the import as previewed; if the choices changed, preview again first."""
    chosen = choose(ledger, job, state)
    if name == "run" and not chosen:
        job.ask(step="run", whole=bool(request.form.get("whole")))
        jobs.start(job)
        return
    if name == "run":
        flash(gettext("Your choices change what is taken. Please look at the preview again."), "warning")
    preview(job)


def possible(state: dict[str, Any]) -> set[str]:
    """The actions that are possible for a job that is not running."""
    found = {"errors"} if state.get("rejected") else set()
    if not state.get("ran"):
        found |= {"map", "run"} if state["state"] == jobs.DONE else {"map"}
    return found


def cells_of(job: Job) -> list[list[str]]:
    """The first cells of each column of a previewed workbook, stored as a file so that they are deleted with it."""
    try:
        with files.local(job.token, CELLS) as path:
            found: list[list[str]] = json.loads(path.read_bytes())
    except FileNotFoundError:
        return []
    return found


def rejected(job: Job, state: dict[str, Any]) -> ResponseReturnValue:
    """Download the workbook with the rejected rows that the job has created; after a run, delete the job's files."""
    book = TemporaryFile()  # noqa: SIM115 - closed by the response that sends it
    with files.local(job.token, MARKED) as kept:
        book.write(kept.read_bytes())
    book.seek(0)
    if not state["marked"]["kept"]:
        flash(without_layout(), "warning")
    if state.get("ran"):
        job.let_go()
    return download(book, state["marked"]["name"])


def mark(
    job: Job, path: Path, sheets: Sequence[sheet_reading.Sheet], found: Tables, taken: runner.Taken
) -> dict[str, Any]:
    """Create the workbook of the rejected rows, which takes too long for a request. It cannot be cancelled: the import
    is done."""
    remarks, total = taken.outcome.rejected, found.count
    if not remarks:
        return {}
    job.report(done=total, total=total, marking=True)
    given = marked(path, job.asked["name"], sheets, found, remarks, stored=taken.kept)
    with given.book as book:
        files.keep(job.token, MARKED, book)
    return {"marked": {"name": given.name, "kept": given.kept}}


def may_adopt(ledger: Ledger) -> bool:
    return ledger.transition("adopt") is not None and scope.current().may("adopt", ledger.name)


def job_or_404(ledger: Ledger, token: str) -> Job:
    job = jobs.find(token, "import", ledger.name)
    return job if job is not None else abort(404)


def preview(job: Job) -> None:
    job.ask(step="preview")
    jobs.start(job)


@jobs.kind("import", lazy_gettext("Import"))
def work(job: Job) -> dict[str, Any]:
    """Job: import the rows, preview the import, or undo one."""
    asked, ledger = job.asked, named(job.row.ledger)
    if ledger is None:
        raise LookupError(job.row.ledger)
    jobs.require("adopt" if asked["adopt"] else "import", ledger.name)
    if asked["step"] == "undo":
        return undoing.work(asked["undo"], job)
    files.drop(job.token, MARKED)
    try:
        with files.local(job.token, SHEET) as path:
            return take(ledger, job, path, for_good=asked["step"] == "run")
    except Unreadable as fault:
        job.let_go()
        return {"fault": str(fault)}


def take(ledger: Ledger, job: Job, path: Path, *, for_good: bool) -> dict[str, Any]:
    """Import or preview a workbook. After an import, the uploaded file is kept only for its rejected rows, until these
    are downloaded."""
    asked = job.asked
    sheets = read(path, asked["name"])
    found = find_layout(ledger, sheets, options_of(job))
    same = tuple((sheet, row) for sheet, row in asked.get("same", ()))
    sheet = Sheet(ledger, found, asked["name"], digest(path), asked["adopt"], asked.get("whole", False), same)
    folder = files.folder(job.token)
    if for_good:
        taken = runner.run(sheet, folder, job.progress, lambda id_: job.ask(run=id_))
        more = {"ran": True, "run": taken.run_id, "kept": taken.kept}
        files.drop(job.token, CELLS)
    else:
        taken = runner.Taken(runner.rehearse(sheet, folder, job.progress), None)
        more = {"ran": False}
        cells = [column.cells[:3] for table in found.taken for column in table.columns]
        files.keep(job.token, CELLS, BytesIO(json.dumps(cells, ensure_ascii=False).encode()))
    more |= mark(job, path, sheets, found, taken)
    if for_good and not taken.outcome.rejected:
        job.let_go()
    return told(taken.outcome, found) | more | {"answered": same}


def options_of(job: Job) -> Options:
    asked = job.asked
    columns = asked.get("columns", {})
    return Options(
        {sheet: {int(index): name for index, name in named.items()} for sheet, named in columns.items()},
        sheets=asked.get("sheets", ()),
        hidden=asked.get("hidden", False),
        month_days=asked.get("month_days", {}),
    )


def told(outcome: Outcome, found: Tables) -> dict[str, Any]:
    """The result for the page; columns include what the form needs to assign them."""
    tables = [table for table in found.taken for _ in table.columns]
    columns = [column for table in found.taken for column in table.columns]
    return outcome.as_json() | {
        "columns": [
            shown | {"index": column.index, "name": column.name, "of": table.sheet.name, "known": column.how == KNOWN}
            for shown, column, table in zip(outcome.columns, columns, tables, strict=True)
        ],
        "months": {table.sheet.name: table.read.months for table in found.taken if table.read.months},
        "hiding": [
            {
                "sheet": table.sheet.name,
                "rows": len(table.sheet.hidden_rows),
                "columns": len(table.sheet.hidden_columns),
            }
            for table in found.taken
            if table.sheet.hidden_rows or table.sheet.hidden_columns
        ],
        "listed": outcome.rows[:SHOWN],
    }


def answers(state: dict[str, Any]) -> list[list[Any]]:
    """The rows that the user has confirmed to match their record despite a contradiction, by sheet."""
    asked = [[each.get("sheet", ""), each["row"]] for each in state.get("questions", ())]
    asked += [list(each) for each in state.get("answered", ())]
    return [each for n, each in enumerate(asked) if str(n) in request.form.getlist("same")]


def choose(ledger: Ledger, job: Job, state: dict[str, Any]) -> bool:
    """Store the choices of the form about columns, sheets and months; returns whether they changed. A post without the
    form changes nothing."""
    before = job.asked
    columns = name_by_hand(ledger, before.get("columns", {}), state.get("columns", ()))
    changes: dict[str, Any] = {"columns": columns}
    if "choices" in request.form:
        sheets = state.get("sheets", ())
        picked = [each["name"] for n, each in enumerate(sheets) if f"sheet-{n}" in request.form]
        if picked and picked != [each["name"] for each in sheets if each["taken"]]:
            changes["sheets"] = picked
        changes["hidden"] = "hidden" in request.form
        changes["same"] = answers(state)
        rules = {name: request.form.get(f"months-{n}", "") for n, name in enumerate(state.get("months", {}))}
        changes["month_days"] = {name: rule for name, rule in rules.items() if rule in month_rule.RULES}
    job.ask(**changes)
    return any(before.get(name, type(value)()) != value for name, value in changes.items())


def name_by_hand(ledger: Ledger, chosen: dict[str, dict[str, str]], columns: Any) -> dict[str, dict[str, str]]:
    """Store the fields assigned to columns for this workbook, and remember those for headings that the ledger does not
    know. Columns are numbered in the form, since headings may contain anything. A guess is confirmed by a tick."""
    found = {sheet: dict(named) for sheet, named in chosen.items()}
    fields, unit_id = {name for name, _ in labels(ledger)} | {IGNORED}, asker(ledger)
    for n, column in enumerate(columns):
        name, header = request.form.get(f"column-{n}", ""), plain(column["header"])[:100]
        open_guess = column["how"] == "guessed"
        if open_guess and ("guesses" in request.form or f"guess-{n}" in request.form):
            name = name if name in fields - {IGNORED} else column["field"]
        elif open_guess and name == column["field"]:
            continue
        if name not in fields or name == column["name"]:
            continue
        found.setdefault(column["of"], {})[str(column["index"])] = name
        if header and not column["known"] and unit_id is not None:
            db.session.merge(ImportColumn(ledger=ledger.name, unit_id=unit_id, header=header, field_name=name))
    db.session.commit()
    return found
