"""How pages and files come to a browser: names with digests, compression, and how much a first visit takes."""

from __future__ import annotations

import gzip
import re

import pytest

from portal.static_files import YEAR
from tests.visitor import Page

pytestmark = pytest.mark.one_database
ASSET = re.compile(r'(?:src|href)="(/static/[^"#]+)')
COMPRESSED = {"Accept-Encoding": "gzip", "Sec-Fetch-Site": "same-origin"}
MOST_BYTES, MOST_REQUESTS = 130_000, 12
HEADERS = 700  # bytes of an answer's headers, about
PAGES = ("/", "/{}/list/", "/{}/add")


def fetched(visitor, path, **headers):
    with visitor.client.get(path, headers={**COMPRESSED, **headers}) as answer:
        return answer, answer.get_data()


def assets(body):
    return sorted(set(ASSET.findall(gzip.decompress(body).decode())))


def test_a_first_visit_to_a_list_or_form_stays_small(visit):
    visitor = visit("reviewer")
    for path in (shape.format(ledger) for ledger in ("agreements", "visits", "service_projects") for shape in PAGES):
        answer, body = fetched(visitor, path)
        assert answer.headers["Content-Encoding"] == "gzip"
        found = {path: len(body)}
        for name in assets(body):
            asset, content = fetched(visitor, name)
            assert asset.headers["Cache-Control"] == YEAR, name
            assert asset.headers["Content-Encoding"] == "gzip", name
            found[name] = len(content)
        assert len(found) + 1 <= MOST_REQUESTS, found  # one more for the figures above a list
        assert sum(found.values()) + HEADERS * len(found) <= MOST_BYTES, found


def test_a_file_of_another_release_and_a_plain_name_are_checked_each_time(visit):
    visitor = visit()
    _, now = fetched(visitor, "/static/css/base.css")
    for name in ("/static/css/base.css", "/static/css/base.0123456789.css"):
        answer, body = fetched(visitor, name)
        assert body == now
        assert answer.headers["Cache-Control"] == "no-cache"
        again, _ = fetched(visitor, name, **{"If-None-Match": answer.headers["ETag"]})
        assert again.status_code == 304


@pytest.mark.parametrize(
    "name",
    [
        "nothing.css",
        "../config.py",
        "%2e%2e/config.py",
        "..%5cconfig.py",
        "css/base.css,icon.svg",
        "css/base.css,css/base.css",
        "css/base.css,",
        "js/once.js,js/nothing.js",
        "js",
    ],
)
def test_what_is_no_static_file_is_not_there_and_not_remembered(visit, name):
    answer, _ = fetched(visit(), f"/static/{name}")
    assert answer.status_code == 404
    assert answer.headers["Cache-Control"] == "no-store"


def test_several_files_come_as_one_in_their_order(visit):
    visitor = visit()
    apart = [fetched(visitor, f"/static/js/{name}.js", **{"Accept-Encoding": ""})[1] for name in ("rows", "once")]
    _, together = fetched(visitor, "/static/js/rows.js,js/once.js", **{"Accept-Encoding": ""})
    assert together == b";\n".join(apart)


@pytest.mark.parametrize(
    ("headers", "secure", "expected"),
    [
        ({"Sec-Fetch-Site": "same-origin"}, True, "gzip"),
        ({"Sec-Fetch-Site": "none"}, True, "gzip"),
        ({"Sec-Fetch-Site": "cross-site"}, True, None),
        ({"Sec-Fetch-Site": "same-site"}, True, None),
        ({}, True, None),
        ({}, False, "gzip"),
        ({"Sec-Fetch-Site": "cross-site"}, False, None),
        ({"Sec-Fetch-Site": "none", "Accept-Encoding": "br"}, True, None),
    ],
)
def test_a_page_that_another_site_asked_for_is_not_compressed(visit, headers, secure, expected):
    address = "https://localhost" if secure else "http://localhost"
    sent = {"Accept-Encoding": "gzip", **headers}
    with visit("reviewer").client.get("/agreements/list/", headers=sent, base_url=address) as answer:
        assert answer.headers.get("Content-Encoding") == expected
        body = answer.get_data()
    page = Page((gzip.decompress(body) if expected else body).decode())
    assert page.select("table[data-ledger]")
