"""Requests that the scripts of a page make in the background: one list for all that treats them unlike pages.

Their answers may come late, so they set no session cookie (`accounts/sign_in/sessions.py`). Some come every few seconds
by POST, so they take SQLite's only lock for writing no earlier than they write (`database.py`).
"""

from __future__ import annotations

from dataclasses import dataclass

from flask import request


@dataclass(frozen=True)
class Background:
    """`parameter`: only with this one in the address; `reads`: posted to, although it only reads, or reads first and
    then writes one row."""

    parameter: str = ""
    reads: bool = False


# By the last part of the endpoint.
ENDPOINTS = {
    "autosave": Background(reads=True),
    "check": Background(reads=True),
    "paste": Background(reads=True),
    "stage": Background(),
    "options": Background(),
    "figures": Background(parameter="part"),
}
# Pages that are asked for by GET and write all the same: another system sends people back to them.
WRITING = frozenset({"OidcView.back"})


def of_request() -> Background | None:
    """What the present request is, if it is made in the background."""
    found = ENDPOINTS.get((request.endpoint or "").rpartition(".")[2])
    return found if found and (not found.parameter or found.parameter in request.args) else None


__all__ = ["WRITING", "of_request"]
