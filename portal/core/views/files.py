"""Files of a record: uploading, downloading and deleting, with the permissions on the record."""

from __future__ import annotations

from typing import Any, ClassVar

from flask import abort, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_appbuilder import expose
from flask_appbuilder.security.decorators import has_access
from flask_babel import gettext

from portal.core import clock
from portal.core.declaration.ledger import Ledger
from portal.core.declaration.parts import Files
from portal.core.declaration.workflow import IN_FORCE
from portal.core.punctuation import labelled
from portal.core.records import attachments, gaps
from portal.core.records.attachments import Attachment, BadFile
from portal.core.storage import Missing
from portal.core.views.downloads import download
from portal.extensions import db
from portal.org import codes

# A file is shown by the browser or kept, but never acts as a page of the portal.
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; sandbox",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
}


# Chromium shows a PDF by an object in the page, which does not start in a sandbox. No script runs there, either.
VIEWER = {"application/pdf": "default-src 'none'; object-src 'self'; style-src 'unsafe-inline'"}


class Filing:
    """Mixin of `LedgerView`: files of a record."""

    verbs: ClassVar = {"file": "read", "file_add": "edit", "file_remove": "edit"}

    @expose("/<int:pk>/files/<int:number>")
    @has_access
    def file(self: Any, pk: int, number: int) -> ResponseReturnValue:
        """The file to keep, or with `?view=1` to look at: pictures and PDF, which browsers show."""
        record = self.record_or_404(pk)
        found = file_or_404(self.ledger, record, number)
        try:
            content = attachments.kept().open(found.stored)
        except Missing:
            abort(404)
        answer = download(content, found.name, found.media)
        answer.content_length = found.size
        for name, value in HEADERS.items():
            answer.headers[name] = value
        if request.args.get("view") == "1" and found.viewable:
            answer.headers["Content-Disposition"] = "inline"
            answer.headers["Content-Security-Policy"] = VIEWER.get(found.media, HEADERS["Content-Security-Policy"])
        return answer

    @expose("/<int:pk>/files/<string:name>", methods=["POST"])
    @has_access
    def file_add(self: Any, pk: int, name: str) -> ResponseReturnValue:
        """Upload files to one place, as `<input type=file name=<place>>`."""
        codes.load(self.ledger.all_code_lists)
        record = self.record_or_404(pk)
        place = next((each for each in self.ledger.form.files if each.name == name), None) or abort(404)
        self.require("edit", record)
        if not self.may("attach", record):
            abort(409, gettext("In this status no files can be added."))
        brought = [upload for upload in request.files.getlist(name) if upload.filename]
        if not brought:
            return self.record_page(record, file_faults={name: gettext("Please choose a file.")})
        if fault := keep(self, record, place, brought):
            return self.record_page(self.record_or_404(pk), file_faults={name: fault})
        flash(gettext("Saved."), "success")
        return redirect(url_for(f"{self.endpoint}.show", pk=pk))

    @expose("/<int:pk>/files/<int:number>/remove", methods=["POST"])
    @has_access
    def file_remove(self: Any, pk: int, number: int) -> ResponseReturnValue:
        record = self.record_or_404(pk)
        self.require("edit", record)
        if not may_remove(self, record):
            abort(409, gettext("In this status no files can be removed."))
        found = file_or_404(self.ledger, record, number)
        stored = found.stored
        db.session.delete(found)
        db.session.flush()
        recount(self.ledger, record)
        another_version(record)
        self.datamodel.edit(record)
        attachments.discard([stored])
        flash(gettext("Deleted."), "success")
        return redirect(url_for(f"{self.endpoint}.show", pk=pk))


def keep(view: Any, record: Any, place: Files, brought: list[Any]) -> str:
    """Store all files or none; returns the error message."""
    written: list[str] = []
    try:
        for upload in brought:
            if written:  # each file is a version
                another_version(record)
            content = upload.read(attachments.MOST_BYTES + 1)
            written.append(attachments.add(view.ledger, record, place, str(upload.filename), content).stored)
            db.session.flush()
        recount(view.ledger, record)
        another_version(record)
        view.datamodel.edit(record)
    except Exception as fault:
        db.session.rollback()
        attachments.discard(written)
        if isinstance(fault, BadFile):
            return labelled(upload.filename, fault)
        raise
    return ""


def another_version(record: Any) -> None:
    """Increase the record's version, so that a reviewer cannot approve it without having seen its files."""
    if hasattr(record, "updated_at"):
        record.updated_at = clock.now()


def recount(ledger: Ledger, record: Any) -> None:
    """Update the gaps of a record in force, since a missing requested file is a gap."""
    if ledger.review.statuses and record.status == IN_FORCE:
        gaps.recount(ledger, record)


def file_or_404(ledger: Ledger, record: Any, number: int) -> Attachment:
    found = next((each for each in attachments.of(ledger, record) if each.id == number), None)
    return found if found is not None else abort(404)


def may_attach(view: Any, record: Any) -> bool:
    """May files be added? In draft, in force, and by the committee while it reviews the record."""
    if not view.ledger.review.statuses:
        return bool(view.open_under(record))
    status = record.status
    open_ = status in (*view.ledger.review.editable_in, IN_FORCE)
    return open_ or (status == "pending_committee" and view.reaches("approve_committee", record))


def may_remove(view: Any, record: Any) -> bool:
    return view.ledger.editable(record) or view.reaches("approve_committee", record)
