"""Static files under names that carry a digest of their content, so that browsers cache them for good.

`url_for` makes such a name of every file of a static folder (`css/base.css` → `css/base.1f0c9a7b3e.css`), the same on
every machine. A file is read, and compressed with gzip, when it is first asked for. Its plain name, and that of another
release, answer the present file, which browsers then check each time. Names with commas between them are one file of
all of these, in that order: a page asks once for its scripts.
"""

from __future__ import annotations

import gzip
import hashlib
import re
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

from flask import Flask, Response, abort, request

YEAR = "public, max-age=31536000, immutable"
DIGEST = re.compile(r"\.([0-9a-f]{10})(?=\.[^./]+$)")
# Not `mimetypes`, which asks the system: on Windows any program may have changed its answer for .js.
TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".json": "application/json",
    ".png": "image/png",
    ".gif": "image/gif",
    ".ico": "image/x-icon",
    ".woff2": "font/woff2",
    ".woff": "font/woff",
}
SEPARATOR = ","
MOST_PACKS = 256  # kept in memory; anybody can ask for any files in any order
SMALLER = (".css", ".js", ".svg", ".json", ".map", ".txt", ".LICENSE")


@dataclass(frozen=True)
class StaticFile:
    """One file, or several read as one."""

    paths: tuple[Path, ...]

    @property
    def ending(self) -> str:
        return self.paths[0].suffix

    @cached_property
    def content(self) -> bytes:
        between = b";\n" if self.ending == ".js" else b"\n"
        return between.join(path.read_bytes() for path in self.paths)

    @cached_property
    def digest(self) -> str:
        return hashlib.sha256(self.content).hexdigest()[:10]

    @cached_property
    def compressed(self) -> bytes | None:
        """None where it would gain nothing."""
        if self.ending not in SMALLER:
            return None
        found = gzip.compress(self.content, 9, mtime=0)
        return found if len(found) < len(self.content) else None


class StaticFiles:
    """The files of one folder. Only those that are there at the start are served."""

    def __init__(self, folder: Path) -> None:
        paths = (path for path in folder.rglob("*") if path.is_file())
        self.files = {path.relative_to(folder).as_posix(): StaticFile((path,)) for path in paths}
        self.find = lru_cache(MOST_PACKS)(self._find)

    def _find(self, name: str) -> StaticFile | None:
        """The file of this name, or those of these names; None where one is missing, another kind or there twice."""
        names = name.split(SEPARATOR)
        found = [self.files[each] for each in names if each in self.files]
        if len(found) != len(names) or len(set(names)) != len(names) or len({each.ending for each in found}) != 1:
            return None
        return found[0] if len(found) == 1 else StaticFile(tuple(path for each in found for path in each.paths))

    def named(self, name: str) -> str:
        """The name with the digest; that of no file stays as it is."""
        file = self.find(name)
        stem, dot, ending = name.rpartition(".")
        return f"{stem}.{file.digest}{dot}{ending}" if file and dot else name

    def answer(self, filename: str) -> Response:
        name = DIGEST.sub("", filename)
        file = self.find(filename) or self.find(name) or abort(404)
        body, headers = file.content, {"Vary": "Accept-Encoding"}
        if file.compressed is not None and request.accept_encodings["gzip"]:
            body = file.compressed
            headers["Content-Encoding"] = "gzip"
        answer = Response(body, headers=headers, content_type=TYPES.get(file.ending, "application/octet-stream"))
        answer.set_etag(f"{file.digest}{'-gzip' if 'Content-Encoding' in headers else ''}")
        answer.headers["Cache-Control"] = YEAR if filename == self.named(name) else "no-cache"
        answer.make_conditional(request)
        return answer


def served(endpoint: str | None) -> bool:
    """Is this the endpoint of static files, the portal's or an extension's?"""
    return endpoint is not None and (endpoint == "static" or endpoint.endswith(".static"))


def install(app: Flask) -> None:
    """After all blueprints are registered: those that bring static files have theirs served so, too."""
    folders = {"static": app.static_folder}
    folders |= {f"{name}.static": each.static_folder for name, each in app.blueprints.items() if each.has_static_folder}
    known = {endpoint: StaticFiles(Path(folder)) for endpoint, folder in folders.items() if folder}

    def with_digest(endpoint: str, values: dict[str, Any]) -> None:
        if endpoint in known and "filename" in values:
            values["filename"] = known[endpoint].named(values["filename"])

    app.jinja_env.tests["vendored"] = lambda name: name.startswith("vendor/")
    app.url_default_functions.setdefault(None, []).append(with_digest)
    for endpoint, files in known.items():
        app.view_functions[endpoint] = files.answer


__all__ = ["install", "served"]
