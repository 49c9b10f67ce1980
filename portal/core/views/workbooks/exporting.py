"""Export pages: short lists at once, long ones as jobs with progress."""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterable, Iterator
from contextlib import closing, suppress
from dataclasses import asdict, replace
from datetime import date
from tempfile import TemporaryFile
from typing import IO, Any, ClassVar

from flask import abort, current_app, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_appbuilder import expose
from flask_appbuilder.security.decorators import has_access
from flask_babel import gettext, lazy_gettext
from werkzeug.datastructures import MultiDict
from werkzeug.exceptions import BadRequest

from portal.core import clock, rate_limits
from portal.core.access import scope
from portal.core.audit import audit_log
from portal.core.declaration.ledger import Ledger, named
from portal.core.fields import BadValue, Kind, Text, clean, long_date, parse_day
from portal.core.jobs import files, jobs
from portal.core.jobs.jobs import Job
from portal.core.spreadsheet.exporter.exporter import digest_of, workbook
from portal.core.spreadsheet.page_setup import Cover, booked
from portal.core.spreadsheet.reader import period
from portal.core.views.downloads import download
from portal.core.views.lists import listing
from portal.core.views.lists.listing import Listing, Mistyped
from portal.org import codes

MANY = 1000  # rows; more can take longer than people wait without being told
TELLING = 100  # rows between two words on how far it is
SHEET = "sheet.xlsx"
DRAFTS = "drafts"
FORBIDDEN = re.compile(r'[\\/:*?"<>|\x00-\x1f]')  # in names of files on Windows
SAID = "…"  # in place of what somebody typed


class Exporting:
    """Mixin of `LedgerView`: exports."""

    verbs: ClassVar = {"export": "export", "exported": "export", "export_on": "export"}

    @expose("/export")
    @has_access
    def export(self: Any) -> ResponseReturnValue:
        asked = asked_of(self.ledger, request.args)
        rate_limits.require(rate_limits.EXPORTS)
        # Programs take anything, and their sheet when it is ready; people's browsers ask for pages.
        total = listing.length(asked) if "text/html" in request.headers.get("Accept", "") else 0
        if total <= MANY:
            cover = cover_of(asked)
            return hand_over(self.ledger, sheet(self.ledger, asked, cover), filters_of(asked), cover)
        says = asdict(cover_of(asked))
        given = {"args": list(request.args.items(multi=True)), "total": total}
        job = jobs.make("export", ledger=self.ledger.name, filters=filters_of(asked), cover=says, **given)
        jobs.start(job, reading=True)
        return redirect(url_for(f"{self.endpoint}.exported", token=job.token))

    @expose("/export/<string:token>")
    @has_access
    def exported(self: Any, token: str) -> ResponseReturnValue:
        job = job_or_404(self.ledger, token)
        return self.page("exported.html", job=job, state=job.state, ready=waits(job))

    @expose("/export/<string:token>/<string:name>", methods=["POST"])
    @has_access
    def export_on(self: Any, token: str, name: str) -> ResponseReturnValue:
        """`cancel` the export; `take`: download the workbook, once."""
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
    job = jobs.find(token, "export", ledger.name)
    return job if job is not None else abort(404)


def asked_of(ledger: Ledger, args: MultiDict[str, str]) -> Listing:
    """The list to export from the query parameters. Without drafts, unless these or a status are requested."""
    rest = MultiDict([(name, text) for name, text in args.items(multi=True) if name != DRAFTS])
    asked = listing.parse_whole(ledger, rest, past=True)
    if args.get(DRAFTS, "") not in ("", "1"):
        raise BadRequest(gettext("The address has a wrong parameter: %(name)s", name=DRAFTS))
    return replace(asked, drafts=bool(args.get(DRAFTS) or asked.figure or any(asked.filters.get("status", ()))))


def cover_of(asked: Listing) -> Cover:
    first, last = period_of(asked)
    draftless = "draft" in asked.ledger.review.statuses and not asked.drafts
    return Cover(
        days=period.days_of(first, last),
        called=period.named(first, last) if first and last else "",
        file=period.span(first, last),
        number=secrets.token_hex(4).upper(),
        note=gettext("Without drafts") if draftless else "",
        until=data_day(asked),
        filled=long_date(clock.today()),
    )


def data_day(asked: Listing) -> str:
    """The day of the data; empty for current data. Printed pages always show the real time."""
    day = asked.as_of or current_app.config["AS_OF"]
    return long_date(day) if day else ""


def period_of(asked: Listing) -> tuple[date | None, date | None]:
    """The period in the filter by the ledger's own date, or the requested earlier day. Raises Mistyped."""
    ledger = asked.ledger
    texts = [clean(text) for text in asked.filters.get(ledger.event, ())]
    try:
        days = [parse_day(text) if text else None for text in texts[:2]]
    except BadValue as fault:
        raise Mistyped(ledger.event, ledger.field(ledger.event).label, fault) from None
    first, last = (days * 2)[:2] if len(days) == 1 else [*days, None, None][:2]
    return first, last or asked.as_of


def file_name(ledger: Ledger, cover: Cover) -> str:
    """`docs/domain` §2.7: 附件1：单位台账（期间）.xlsx."""
    named = {"unit": scope.current().unit_short, "book": booked(ledger), "period": cover.file}
    found = gettext("Annex 1 - %(unit)s %(book)s (%(period)s)", **named)
    return FORBIDDEN.sub("-", " ".join(found.split())) + ".xlsx"


def filters_of(asked: Listing) -> list[Any]:
    """The filters for the audit log, without search texts, which can be names."""
    searched = [["q", None, [SAID]]] if asked.q else []
    day = [[listing.PAST, None, [asked.as_of.isoformat()]]] if asked.as_of else []
    filters = [
        [name, None, [meant(asked.ledger.field(name).kind, clean(text)) for text in texts]]
        for name, texts in asked.filters.items()
    ]
    return [*searched, *filters, *day]


def meant(kind: Kind, text: str) -> str:
    """The value of a filter text: the id for links; for free text only that there was some; "" if it is invalid."""
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


def sheet(ledger: Ledger, asked: Listing, cover: Cover, job: Job | None = None, total: int = 0) -> IO[bytes]:
    """Create the workbook. Raises BadRequest for an invalid filter, and Cancelled."""
    codes.load(ledger.all_code_lists)
    names = ledger.sheet.export or ledger.list.columns
    others = {model for kind in ledger.computed.values() for model in kind.reads}
    with asked.in_time(others), closing(listing.every(asked, names)) as found:
        records = telling(job, found, total) if job else found
        return workbook(ledger, names, records, cover=cover, span=period_of(asked))


def telling(job: Job, records: Iterable[Any], total: int) -> Iterator[Any]:
    """Yield the records and report progress. As of an earlier day, their number may differ from `total`."""
    for n, record in enumerate(records):
        if n % TELLING == 0:
            job.progress(n, max(n, total))
        yield record


@jobs.kind("export", lazy_gettext("Export"), again=True)
def work(job: Job) -> dict[str, Any]:
    given, ledger = job.asked, named(job.row.ledger)
    if ledger is None:
        raise LookupError(job.row.ledger)
    jobs.require("export", ledger.name)
    asked = asked_of(ledger, MultiDict([(name, text) for name, text in given["args"]]))
    with sheet(ledger, asked, Cover(**given["cover"]), job, given["total"]) as book:
        files.keep(job.token, SHEET, book)
    return {}


def waits(job: Job) -> bool:
    """Is the workbook ready for download?"""
    return job.row.state == jobs.DONE and job.has(SHEET)


def take(ledger: Ledger, job: Job) -> ResponseReturnValue:
    """Send the workbook and delete it; it is sent only after the download was logged."""
    book = TemporaryFile()  # noqa: SIM115 - closed by the response that sends it
    with files.local(job.token, SHEET) as kept:
        book.write(kept.read_bytes())
    answer = hand_over(ledger, book, job.asked["filters"], Cover(**job.asked["cover"]))
    files.drop(job.token, SHEET)
    return answer


def proof(book: IO[bytes], cover: Cover) -> list[Any]:
    """Watermark number and digest, which lead from a printed page or a file to its audit log entry."""
    return [["watermark", None, [cover.number]], ["sha256", None, [digest_of(book)]]]


def log_export(ledger: Ledger, book: IO[bytes], filters: list[Any], cover: Cover) -> None:
    audit_log.log_and_commit("export", ledger.name, changes=[*filters, *proof(book, cover)])


def hand_over(ledger: Ledger, book: IO[bytes], filters: list[Any], cover: Cover) -> ResponseReturnValue:
    log_export(ledger, book, filters, cover)
    return download(book, file_name(ledger, cover))
