"""The list as a sheet: short ones at once, long ones beside the page, which tells how far it is and can stop it."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Iterator
from contextlib import closing, suppress
from functools import partial
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, Any, ClassVar

from flask import abort, flash, redirect, request, send_file, url_for
from flask.typing import ResponseReturnValue
from flask_appbuilder import expose
from flask_appbuilder.security.decorators import has_access
from flask_babel import gettext

from portal.core import audit, jobs
from portal.core.fields import BadValue, Kind, Text, clean
from portal.core.jobs import Job
from portal.core.ledger import Ledger
from portal.core.spreadsheet import child_tables
from portal.core.spreadsheet.export import XLSX, digest_of, workbook
from portal.core.views import listing
from portal.core.views.listing import Listing
from portal.org import codes

MANY = 1000  # rows; more can take longer than people wait without being told
TELLING = 100  # rows between two words on how far it is
SHEET = "sheet.xlsx"
SAID = "…"  # in place of what somebody typed


class Exporting:
    """What `LedgerView` does to make sheets."""

    verbs: ClassVar = {"export": "export", "exported": "export", "export_on": "export"}

    @expose("/export")
    @has_access
    def export(self: Any) -> ResponseReturnValue:
        asked = listing.parse_whole(self.ledger, request.args, past=True)
        # Programs take anything, and their sheet when it is ready; people's browsers ask for pages.
        total = listing.length(asked) if "text/html" in request.headers.get("Accept", "") else 0
        if total <= MANY:
            return hand_over(self.ledger, sheet(self.ledger, asked), filters_of(asked))
        job = jobs.make(kind="export", ledger=self.ledger.name, filters=filters_of(asked))
        jobs.start(job, partial(work, self.ledger, asked, total), reading=True)
        return redirect(url_for(f"{self.endpoint}.exported", token=job.token))

    @expose("/export/<string:token>")
    @has_access
    def exported(self: Any, token: str) -> ResponseReturnValue:
        job = job_or_404(self.ledger, token)
        return self.page("exported.html", job=job, state=job.state, ready=waits(job))

    @expose("/export/<string:token>/<string:name>", methods=["POST"])
    @has_access
    def export_on(self: Any, token: str, name: str) -> ResponseReturnValue:
        """`cancel`; `take` the sheet, once."""
        job = job_or_404(self.ledger, token)
        if name == "cancel":
            job.cancel()
        elif name != "take":
            abort(404)
        elif waits(job):
            return take(self.ledger, job)
        else:
            flash(gettext("The sheet is not there any more. Please export once again."), "warning")
        return redirect(url_for(f"{self.endpoint}.exported", token=token))


def job_or_404(ledger: Ledger, token: str) -> Job:
    job = jobs.find(token, kind="export", ledger=ledger.name)
    return job if job is not None else abort(404)


def filters_of(asked: Listing) -> list[Any]:
    """What the trail tells of what was asked for; never a word that somebody typed, since that may be a name."""
    searched = [["q", None, [SAID]]] if asked.q else []
    day = [[listing.PAST, None, [asked.as_of.isoformat()]]] if asked.as_of else []
    filters = [
        [name, None, [meant(asked.ledger.field(name).kind, clean(text)) for text in texts]]
        for name, texts in asked.filters.items()
    ]
    return [*searched, *filters, *day]


def meant(kind: Kind, text: str) -> str:
    """The value that the text of a filter stands for: of a link the id, whatever it was found by; of free text that
    there was some; nothing when it is no value."""
    if isinstance(kind, Text):
        return SAID if text else ""
    options = kind.options()
    known = dict([*(options or ()), *kind.shown_choices([text])])
    if text in known:
        return text
    with suppress(BadValue):
        found = next(iter(kind.typed(kind.parse([text], None))), "")
        return found if options is None or found in known else ""
    return ""


def sheet(ledger: Ledger, asked: Listing, job: Job | None = None, total: int = 0) -> IO[bytes]:
    """Raises BadRequest for a wrong filter, and Cancelled."""
    codes.load(ledger.all_code_lists)
    names = ledger.exported or ledger.columns
    with asked.in_time(), closing(listing.every(asked, names, options=child_tables.loading(ledger))) as records:
        return workbook(ledger, names, telling(job, records, total) if job else records)


def telling(job: Job, records: Iterable[Any], total: int) -> Iterator[Any]:
    """The records, while the job says how far it is. Of a former day there may be other many than today."""
    for n, record in enumerate(records):
        if n % TELLING == 0:
            job.progress(n, max(n, total))
        yield record


def work(ledger: Ledger, asked: Listing, total: int, job: Job) -> dict[str, Any]:
    with sheet(ledger, asked, job, total) as book, jobs.write(place(job)) as kept:
        shutil.copyfileobj(book, kept)
    return {}


def place(job: Job) -> Path:
    return job.folder / SHEET


def waits(job: Job) -> bool:
    """Is the sheet there to be taken?"""
    return job.state["state"] == jobs.DONE and place(job).exists()


def take(ledger: Ledger, job: Job) -> ResponseReturnValue:
    """The sheet goes out, and out of the folder; without a line in the trail it does not."""
    book = TemporaryFile()  # noqa: SIM115 - closed by the response that sends it
    with place(job).open("rb") as kept:
        shutil.copyfileobj(kept, book)
    answer = hand_over(ledger, book, job.asked["filters"])
    place(job).unlink()
    return answer


def hand_over(ledger: Ledger, book: IO[bytes], filters: list[Any]) -> ResponseReturnValue:
    audit.tell("export", ledger.name, changes=[*filters, ["sha256", None, [digest_of(book)]]])
    return send_file(book, XLSX, as_attachment=True, download_name=f"{ledger.label}.xlsx")
