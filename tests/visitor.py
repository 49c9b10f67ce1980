"""What a browser does, without one: signs in, keeps its cookie, sends the CSRF token of the page it saw."""

from __future__ import annotations

import re
import time
from functools import cached_property
from typing import Any

from bs4 import BeautifulSoup, ResultSet, Tag
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

# Seconds after which a session that was begun for other tests is no longer used: it ends when nobody is there.
FRESH = 20 * 60
# Ledgers whose pages are walked over in every language and width.
LISTS = ("agreements", "coop_activities", "units", "party_orgs", "areas", "members", "code_lists")
TOKEN = re.compile(r'<meta name="csrf-token" content="([^"]+)"')


class Page:
    """An answer, parsed when something of it is asked for: most are only asked for their status."""

    status: int
    response: TestResponse

    def __init__(self, text: str) -> None:
        self.text = text

    @classmethod
    def of(cls, response: TestResponse) -> Page:
        page = cls(response.get_data(as_text=True))
        page.status, page.response = response.status_code, response
        response.close()
        return page

    def __str__(self) -> str:
        return self.text

    @cached_property
    def soup(self) -> BeautifulSoup:
        return BeautifulSoup(self.text, "html.parser")

    @property
    def words(self) -> str:
        return " ".join(self.soup.get_text(" ").split())

    def select(self, selector: str) -> ResultSet[Tag]:
        return self.soup.select(selector)

    def one(self, selector: str) -> Tag:
        found = self.select(selector)
        assert len(found) == 1, f"{selector}: {len(found)} found"
        return found[0]

    def ids(self) -> list[int]:
        """The records of a list page."""
        return [int(str(row["data-id"])) for row in self.select("table[data-ledger] tr[data-id]")]

    def notices(self, level: str) -> list[str]:
        return [" ".join(each.get_text(" ").split()) for each in self.select(f'.notice[data-level="{level}"]')]

    def errors(self) -> dict[str, str]:
        """The message at each field, by the field's name."""
        found = {}
        for message in self.select(".field-error[id]"):
            field = self.soup.select_one(f'[id="{str(message["id"]).removesuffix("-error")}"]')
            found[str(field.get("name", field.get("id"))) if field else "?"] = message.get_text(" ").strip()
        return found

    def filled(self, selector: str = "form.record-form") -> dict[str, Any]:
        """What the form would send as it stands in a browser without scripts: name to text, or to several texts."""
        sent: dict[str, list[str]] = {}
        for field in self.one(selector).select("input[name], textarea[name], select[name]"):
            if field.find_parent("template"):
                continue
            sent.setdefault(str(field["name"]), []).extend(texts_of(field))
        return {name: texts if len(texts) != 1 else texts[0] for name, texts in sent.items() if texts}


def meant(texts: str | list[str]) -> str:
    """The value of a field that holds one: without scripts a blank text field stands beside a select."""
    return next((text for text in reversed([texts] if isinstance(texts, str) else texts) if text), "")


def texts_of(field: Tag) -> list[str]:
    if field.has_attr("disabled"):
        return []
    if field.name == "select":
        options = field.select("option")
        chosen = [option for option in options if option.has_attr("selected")]
        if not chosen and not field.has_attr("multiple"):
            chosen = options[:1]
        return [str(option.get("value", option.get_text())) for option in chosen]
    if field.name == "textarea":
        return [field.get_text()]
    if field.get("type") in ("checkbox", "radio"):
        return [str(field.get("value", "on"))] if field.has_attr("checked") else []
    return [str(field.get("value", ""))]


class Visitor:
    def __init__(self, client: FlaskClient, token: str = "") -> None:
        self.client, self.token = client, token

    @classmethod
    def signed_in(cls, app: Flask, username: str, password: str, known: dict[str, tuple[str, str, float]]) -> Visitor:
        """A visitor with a session of this account; signing in costs a slow hash, so it is done once an account."""
        visitor = cls(app.test_client())
        if not username:
            return visitor
        signed_in = known.get(username)
        if signed_in is None or time.monotonic() - signed_in[2] > FRESH:
            visitor.look("/login/")
            answer = visitor.post("/login/", username=username, password=password)
            assert answer.status == 302, f"{username} cannot sign in: {answer.notices('error')}"
            visitor.look("/lang/en")
            visitor.look("/my_password/")
            cookie = visitor.client.get_cookie("session")
            assert cookie
            known[username] = (cookie.value, visitor.token, time.monotonic())
        value, visitor.token, _ = known[username]
        visitor.client.set_cookie("session", value)
        return visitor

    def look(self, path: str, **query: Any) -> Page:
        page = Page.of(self.client.get(path, query_string=query or None))
        token = TOKEN.search(page.text)
        self.token = token[1] if token else self.token
        return page

    def post(self, path: str, data: dict[str, Any] | None = None, **fields: Any) -> Page:
        sent = {"csrf_token": self.token, **(data or {}), **fields}
        return Page.of(self.client.post(path, data={name: value for name, value in sent.items() if value is not None}))

    def speak(self, language: str) -> Visitor:
        self.client.get(f"/lang/{language}")
        return self
