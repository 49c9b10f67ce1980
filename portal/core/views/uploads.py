"""The workbook that a request brings: whether it can be taken, and where it waits while a job works on it."""

from __future__ import annotations

from pathlib import Path, PurePath

from flask import request
from flask_babel import gettext

from portal.core import jobs
from portal.core.fields import BadValue
from portal.core.fields.text import refuse_personal
from portal.core.jobs import Job
from portal.core.spreadsheet.reading import ENDINGS

FIELD = "file"


def fault() -> str:
    """What is wrong with the upload; "" when there is a file with the name of a workbook."""
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
    """What the file is called by whoever brings it, without folders."""
    return PurePath(str(request.files[FIELD].filename).replace("\\", "/")).name[-120:]


def keep(job: Job) -> None:
    with jobs.write(place(job)) as sheet:
        request.files[FIELD].save(sheet)


def place(job: Job) -> Path:
    """The workbook, as long as it is needed."""
    return job.folder / "sheet"
