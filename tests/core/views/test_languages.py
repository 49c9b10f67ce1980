"""Pages speak one language: what is not data is in the user's own, and Traditional pages hold no Simplified text."""

from __future__ import annotations

import json
import re

import pytest
from bs4 import BeautifulSoup, Comment

from tests.visitor import LISTS
from translations.traditional import to_traditional

pytestmark = pytest.mark.one_database

SHOWN = [f"/{name}/show/1" for name in LISTS]
FILLED = [f"/agreements/{page}" for page in ("add", "edit/2", "1/history", "1/lists", "figures", "import")]
REVIEWED = ["/coop_activities/add?agreement_id=1", "/reviews/list/", "/agreements/figures/coverage"]
REVIEWED += ["/agreements/list/?status=expired"]
PAGES = {
    "": ["/login/"],
    "filler01": ["/", *(f"/{name}/list/" for name in LISTS), *SHOWN, *FILLED],
    "reviewer": ["/members/add", "/members/edit/1", "/units/tree", *REVIEWED],
    "admin": [
        "/",
        "/roles/list/",
        "/roles/edit/9",
        "/roles/add",
        "/accounts/list/",
        "/accounts/add",
        "/accounts/edit/2",
        "/sign_in_rules/",
        "/jobs/",
    ]
    + ["/accounts/grant/2", "/my_password/", "/units/add", "/party_orgs/edit/1", "/areas/add"]
    + [f"/code_lists/edit/{n}" for n in (1, 4, 20, 38)],
    "town01": ["/"],
    "auditor": ["/", "/samples/", "/samples/add", "/audit/"],
    "secretary01": ["/exports/ask?ledger=members", "/exports/", "/agreements/1/versions"],
}
REFUSED = {
    "/agreements/list/?page=x": 400,
    "/agreements/list/?colour=red": 400,
    "/roles/list/": 403,
    "/agreements/show/99999": 404,
    "/logout/": 405,
    "/agreements/edit/1": 409,
}
# What is no sentence in any language: names of languages, products, keys, examples, accounts, codes.
# A wrong parameter of an address is named as it stands there.
NAMES = (
    r"C?trl\+?(?:Enter)?|Enter|Esc|English|Excel|IP|page|colour|"  # a letter of a key may be among the data
    r"\.?xlsx|\.?xls|\.?ods|\.?csv|MB|KB|https?|JavaScript|pdf|jpe?g|png|docx|ofd|wps"
)
TABLES = ("unit", "area", "party_org", "member", "agreement", "demand_item", "resource_item", "coop_item")


LABELS = "SELECT label, label_hant, label_en FROM code_item UNION SELECT label, label_hant, label_en FROM code_list"


@pytest.fixture
def data(rows):
    """`data(path)` is every text that is stored and shown as it is stored on that page, longest first."""
    found: set[str] = set()
    for table in (*TABLES, "coop_activity", "attachment", "ab_user", "audit_event"):
        for row in rows(f"SELECT * FROM {table}"):
            found |= {value for value in texts_in(row) if re.search(r"[^\d\W_]", value)}
    labels = {label for row in rows(LABELS) for label in row}

    def of(path):
        # The pages of code lists are about their labels in all languages; elsewhere labels are translated.
        return sorted(found | labels if path.startswith("/code_lists/") else found - labels, key=len, reverse=True)

    return of


def texts_in(value):
    """Every text in a row, those in its JSON included."""
    if isinstance(value, str) and value.startswith("["):
        yield from texts_in(json.loads(value))
    elif isinstance(value, list) and len(value) == 3 and isinstance(value[0], str):
        yield from texts_in(value[1:])  # a change: the name of its field is no data
    elif isinstance(value, str):
        yield value
    elif isinstance(value, list | tuple):
        for each in value:
            yield from texts_in(each)


def spoken(page: BeautifulSoup, data: list[str]) -> str:
    """The page's own words: its text and what its attributes say, without the data."""
    for hidden in page.select("script, code, .languages, template, form.record-form input, form.record-form textarea"):
        hidden.decompose()
    texts = [str(text) for text in page.find_all(string=True) if not isinstance(text, Comment)]
    for name in ("title", "placeholder", "aria-label", "data-confirm", "data-label"):
        texts += [str(node[name]) for node in page.select(f"[{name}]")]
    words = "\n".join(text.strip() for text in texts if text.strip() and text != "html")
    for text in data:
        words = words.replace(text, "")
    return words


def all_pages(visit, language):
    for username, paths in PAGES.items():
        visitor = visit(username).speak(language)
        for path in paths:
            page = visitor.look(path)
            assert page.status == 200, path
            yield path, page
    visitor = visit("filler01").speak(language)
    for path, status in REFUSED.items():
        page = visitor.look(path)
        assert page.status == status, path
        yield path, page
    for path in ("/agreements/add", "/members/add"):
        yield path, visitor.post(path, {"signed_on": "x", "demand_items-0-id": "new-0", "demand_items-0-reason": "x"})


@pytest.mark.parametrize("language", ["zh_Hans", "zh_Hant"])
def test_a_chinese_page_holds_no_english(visit, data, language):
    for path, page in all_pages(visit, language):
        words = re.sub(NAMES, "", spoken(page.soup, data(path)))
        assert re.findall(r"[A-Za-z]{2,}", words) == [], path


def test_a_traditional_page_holds_no_simplified_character(visit, data):
    for path, page in all_pages(visit, "zh_Hant"):
        words = spoken(page.soup, data(path))
        assert {a for a, b in zip(words, to_traditional(words), strict=True) if a != b} == set(), path


def test_an_english_page_holds_no_chinese(visit, data):
    for path, page in all_pages(visit, "en"):
        assert re.findall(r"[\u4e00-\u9fff]+", spoken(page.soup, data(path))) == [], path


def test_the_first_page_is_in_simplified_chinese(visit):
    page = visit().look("/login/")
    assert page.one("html")["lang"] == "zh-Hans"
    assert page.one("button").get_text().strip() == "登录"


@pytest.mark.parametrize("target", ["https://evil.example/", "//evil.example", "/\\evil.example"])
def test_switching_the_language_leads_to_no_other_host(visit, target):
    assert visit("auditor").look(f"/lang/en?next={target}").response.location == "/"


def test_an_unknown_language_is_not_there(visit):
    assert visit("auditor").look("/lang/fr").status == 404


def test_dates_are_written_the_way_of_the_language(visit):
    visitor = visit("filler01")
    path = "/agreements/show/1"
    in_english = visitor.look(path).one('[data-field="signed_on"] dd').get_text().strip()
    in_chinese = visitor.speak("zh_Hans").look(path).one('[data-field="signed_on"] dd').get_text().strip()
    assert re.fullmatch(r"\d{4}-\d\d-\d\d", in_english)
    assert re.fullmatch(r"\d{4}年\d{1,2}月\d{1,2}日", in_chinese)


def test_pages_of_the_engine_are_parsed_whole():
    """The helper above must not hide what it should find."""
    page = BeautifulSoup('<p title="Hello">你好 World</p><select><option>Pick</option></select>', "html.parser")
    assert spoken(page, ["World"]).split() == ["你好", "Pick", "Hello"]
