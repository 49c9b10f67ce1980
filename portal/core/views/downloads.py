"""File names of downloads."""

from __future__ import annotations

from pathlib import Path, PurePosixPath
from typing import IO, Any
from urllib.parse import quote

from flask import Response, request, send_file

from portal.core.spreadsheet.exporter.exporter import XLSX


def download(file: IO[bytes] | Path, name: str, media: str = XLSX) -> Response:
    """The file under that name. Clients that know no `filename*` get the ledger of the address as its name: what Flask
    makes of a Chinese name is only its digits, and a colon, which no name of a file on Windows can have."""
    given: Any = file
    answer = send_file(given, media, as_attachment=True, download_name=name)
    if not name.isascii():
        plain = request.path.split("/")[1] + PurePosixPath(name).suffix
        answer.headers["Content-Disposition"] = f"attachment; filename={plain}; filename*=UTF-8''{quote(name, safe='')}"
    return answer
