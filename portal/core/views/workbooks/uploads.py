"""Uploaded workbooks: validation and limits."""

from __future__ import annotations

from pathlib import PurePath

from flask import abort, flash, request
from flask_babel import gettext

from portal.core.fields import BadValue
from portal.core.fields.text import refuse_personal
from portal.core.jobs import files, jobs
from portal.core.jobs.jobs import Job
from portal.core.spreadsheet.reader.workbook import ENDINGS

FIELD = "file"
SHEET = "sheet"  # what the workbook is called beside the job
MOST_WAITING, AT_ONCE = 5, 2  # workbooks of one account that wait, and that are being read


def fault() -> str:
    """The error of the upload; "" if there is a file with the name of a workbook."""
    upload = request.files.get(FIELD)
    if upload is None or not upload.filename:
        return gettext("Please choose a file.")
    if not upload.filename.lower().endswith(ENDINGS):
        return gettext("Please bring an Excel workbook or a CSV file (%(kinds)s).", kinds=" ".join(ENDINGS))
    try:
        refuse_personal(name())
    except BadValue as wrong:
        return gettext("The name of the file: %(fault)s", fault=str(wrong))
    return ""


def name() -> str:
    """The file name without directories."""
    return PurePath(str(request.files[FIELD].filename).replace("\\", "/")).name[-120:]


def keep(job: Job) -> None:
    """Store the uploaded workbook. If too many workbooks of the account wait for a decision, the oldest is deleted; 429
    if too many are being read."""
    tokens = files.kept()
    held = [other for other in jobs.others(job, jobs.StoredJob.token.in_(tokens)) if other.has(SHEET)]
    waiting = [other for other in held if not other.active]
    if len(held) - len(waiting) >= AT_ONCE:
        job.let_go()
        abort(429, gettext("Other workbooks of yours are still being read. Please wait until that has ended."))
    for oldest in waiting[: max(len(waiting) - MOST_WAITING + 1, 0)]:
        oldest.let_go()
        text = gettext(
            "At most %(most)d workbooks of yours wait at a time; “%(name)s”, the oldest, has to be brought again.",
            most=MOST_WAITING,
            name=oldest.asked["name"],
        )
        flash(text, "warning")
    files.keep(job.token, SHEET, request.files[FIELD].stream)
