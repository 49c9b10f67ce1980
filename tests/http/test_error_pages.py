"""What goes wrong is answered with the right code and a page in words; headers stand on every answer."""

from __future__ import annotations

import pytest

from tests.visitor import Page

ANSWERS = {
    "/agreements/list/?page=-1": 400,
    "/agreements/list/?page=1e3": 400,
    "/agreements/list/?page_size=0": 400,
    "/agreements/list/?order=party_a_org.secretary": 400,
    "/agreements/list/?order=password": 400,
    "/agreements/list/?columns=title,password": 400,
    "/agreements/list/?_flt_0_owner_unit=2": 400,
    "/accounts/list/": 403,
    "/agreements/show/0": 404,
    "/agreements/show/99999999999999999999": 404,
    "/agreements/show/1%00": 404,
    "/agreements/edit/x": 404,
    "/agreements/options/remark": 404,
    "/agreements/tree": 404,
    "/nowhere": 404,
    "/agreements/delete/1": 405,
    "/agreements/action_post": 405,
}


@pytest.mark.one_database
@pytest.mark.parametrize("path", ANSWERS)
def test_a_wrong_address_is_answered_with_its_code_and_a_page(visit, path):
    page = visit("filler01").look(path)
    assert page.status == ANSWERS[path]
    assert page.one(".error-code").get_text() == str(ANSWERS[path])
    assert "Traceback" not in page.words
    assert page.select("#sidebar .nav-item")


MISTYPED = {
    "signed_on": ("/agreements/list/?signed_on=gestern&status=active", "gestern"),
    "status": ("/agreements/list/?status=gone", ""),
    "as_of": ("/agreements/list/?as_of=2026-06-3x&status=active", "2026-06-3x"),
}


@pytest.mark.parametrize("field", MISTYPED)
def test_a_mistyped_filter_leaves_one_on_the_list_with_the_message_at_its_field(visit, field):
    path, typed = MISTYPED[field]
    page = visit("filler01").look(path)
    assert page.status == 400
    assert list(page.errors()) == [field]
    control = page.select(f'.filters [name="{field}"]')[0]
    assert (control.get("value", ""), control["aria-invalid"]) == (typed, "true")
    assert page.ids() == []
    assert not page.select("[data-bulk], .pager, [data-figures]")
    if "status=active" in path:
        assert page.one("#f-status option[selected]")["value"] == "active"


def test_a_day_that_is_still_to_come_is_refused_at_its_field(visit):
    page = visit("filler01").look("/agreements/list/?as_of=2026-12-31&signed_on=2026-01-01")
    assert page.status == 400
    assert page.errors() == {"as_of": "This day is still to come."}
    assert page.select('[name="signed_on"]')[0]["value"] == "2026-01-01"


def test_whoever_is_signed_in_finds_the_way_back_from_an_error(visit):
    page = visit("filler01").look("/agreements/show/999999")
    assert [way["href"] for way in page.select(".error-page a")] == ["/agreements/list/", "/"]
    page = visit("filler01").look("/nowhere")
    assert [way["href"] for way in page.select(".error-page a")] == ["/"]
    assert not visit().look("/nowhere").select("#sidebar")


ADVICE = {400: "/agreements/list/?page=-1", 403: "/accounts/list/", 404: "/agreements/show/0"}


@pytest.mark.one_database
@pytest.mark.parametrize("code", ADVICE)
def test_an_error_says_what_happened_what_to_do_and_whom_to_ask(visit, code):
    page = visit("filler01").look(ADVICE[code])
    assert [term.get_text() for term in page.select("[data-advice] dt")] == [
        *("What happened", "What to do", "Whom to ask"),
    ]
    assert all(text.get_text(strip=True) for text in page.select("[data-advice] dd"))
    assert not visit().look("/nowhere").select("[data-advice]")


@pytest.mark.one_database
@pytest.mark.parametrize(
    ("account", "asked"),
    [
        *(("filler01", "the reviewer of your unit"), ("secretary01", "the committee's business office")),
        *(("town01", "the committee's business office"), ("reviewer", "the system administrator")),
    ],
)
def test_whom_to_ask_depends_on_who_asks(visit, account, asked):
    assert asked in visit(account).look("/agreements/show/0").one("[data-advice]").get_text()


@pytest.mark.one_database
def test_an_error_leads_back_to_the_page_before_but_to_no_other_site(visit):
    visitor = visit("filler01")
    for before, offered in (("http://localhost/agreements/list/?q=x", True), ("http://evil.example/", False)):
        page = Page.of(visitor.client.get("/nowhere", headers={"Referer": before}))
        assert (before in [way["href"] for way in page.select(".error-page a")]) is offered


def test_too_much_at_once_is_answered_413(visit):
    assert visit("filler01").post("/agreements/add", content="x" * (22 * 1024 * 1024)).status == 413


def test_far_more_rows_than_a_table_takes_are_refused(visit):
    many = {f"demand_items-{n}-name": "x" for n in range(401)}
    assert visit("filler01").post("/agreements/add", many).status == 413


def test_another_host_is_not_answered(app):
    assert app.test_client().get("/login/", headers={"Host": "evil.example"}).status_code == 400


@pytest.mark.one_database
@pytest.mark.parametrize("path", ["/", "/login/", "/nowhere", "/agreements/list/", "/static/css/base.css"])
def test_every_answer_carries_the_safe_headers(visit, path):
    headers = visit("filler01").look(path).response.headers
    assert "default-src 'self'" in headers["Content-Security-Policy"]
    assert "unsafe" not in headers["Content-Security-Policy"]
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["X-Frame-Options"] == "DENY"
    if not path.startswith("/static"):
        assert headers["Cache-Control"] == "no-store"


def test_the_session_cookie_is_kept_from_scripts_and_other_sites(visit):
    cookie = visit().look("/login/").response.headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie


def test_health_and_readiness_are_open(visit):
    assert visit().look("/healthz").response.json == {"status": "ok"}
    assert visit().look("/readyz").response.json == {"status": "ok"}


@pytest.mark.parametrize("built", ["postgresql"], indirect=True)
def test_a_database_that_went_away_is_said_so(built, visit):
    visitor = visit("filler01")
    assert visitor.look("/agreements/list/").status == 200
    built.lose()
    page = visitor.look("/agreements/list/")
    assert page.status == 503
    assert "The database cannot be reached just now" in page.words
    assert visitor.look("/readyz").status == 503
    assert visitor.look("/healthz").status == 200
    assert visitor.post("/agreements/add", title="x").status == 503
