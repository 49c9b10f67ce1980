"""Compress pages and REST answers with gzip, unless another site caused the request.

The length of a compressed page tells something of its secrets (its CSRF token, names) to whoever can have it asked for
again and again with texts of their own in the address and see how long the answers are (BREACH). Such requests come
from the attacker's site, and browsers say so in `Sec-Fetch-Site` whenever a connection is encrypted; where they do not,
only what is not encrypted anyway is compressed. Cookies are `SameSite=Lax` besides.
"""

from __future__ import annotations

import gzip

from flask import Flask, Response, request

TYPES = ("text/html", "application/json")
LEAST = 1000  # bytes
LEVEL = 5  # a list in 1 ms; more gains little


def worth_it(answer: Response) -> bool:
    """Whole, of text, long enough, and not one that a version is told of."""
    if answer.direct_passthrough or answer.is_streamed or answer.mimetype not in TYPES:
        return False
    return not {"Content-Encoding", "ETag"} & set(answer.headers.keys()) and len(answer.get_data()) >= LEAST


def asked_for_by_us() -> bool:
    site = request.headers.get("Sec-Fetch-Site")
    return site in ("same-origin", "none") if site else not request.is_secure


def compress(answer: Response) -> Response:
    if not worth_it(answer):
        return answer
    answer.vary.update(("Accept-Encoding", "Sec-Fetch-Site"))
    if request.accept_encodings["gzip"] and asked_for_by_us():
        answer.set_data(gzip.compress(answer.get_data(), LEVEL, mtime=0))
        answer.headers["Content-Encoding"] = "gzip"
    return answer


def install(app: Flask) -> None:
    """First of all that looks at answers, as Flask calls them from the last to the first."""
    app.after_request(compress)


__all__ = ["install"]
