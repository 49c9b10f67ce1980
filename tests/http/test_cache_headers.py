"""What browsers and what lies between may keep of an answer: nothing but static files."""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.one_database


@pytest.mark.parametrize("path", ["/agreements/export", "/agreements/template.xlsx"])
def test_sheets_are_kept_by_nobody(visit, path):
    with visit("reviewer").client.get(path) as answer:
        assert answer.status_code == 200
        assert answer.headers["Content-Disposition"].startswith("attachment")
        assert answer.headers["Cache-Control"] == "no-store"


def test_static_files_may_be_kept(visit):
    with visit("reviewer").client.get("/static/css/base.css") as answer:
        assert answer.headers["Cache-Control"] != "no-store"
