"""A browser reduced to what is timed: one keep-alive connection, its cookies, the token of the page it saw."""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from http.client import HTTPConnection
from http.cookies import SimpleCookie
from time import perf_counter
from typing import Any
from urllib.parse import urlencode

TOKEN = re.compile(r'name="(csrf\w*)" value="([^"]+)"')


@dataclass(frozen=True)
class Answer:
    seconds: float
    status: int
    location: str
    statements: int | None
    cookies: list[str]
    text: str


class Visitor:
    """What a timed answer puts into the session is dropped, else messages of pages never shown would pile up in it."""

    def __init__(self, port: int) -> None:
        self.connection = HTTPConnection("127.0.0.1", port, timeout=120)
        self.cookies: SimpleCookie = SimpleCookie()

    def ask(self, path: str, form: Mapping[str, Any] | None = None) -> Answer:
        """GET, or POST of a form; timed from sending it to having read the whole answer."""
        headers = {"Cookie": "; ".join(f"{name}={each.value}" for name, each in self.cookies.items())}
        method, body = "GET", None
        if form is not None:
            method, body = "POST", urlencode(form, doseq=True).encode()
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        began = perf_counter()
        self.connection.request(method, path, body, headers)
        response = self.connection.getresponse()
        read = response.read()
        seconds = perf_counter() - began
        told, location = response.headers.get("X-Statements"), response.headers.get("Location", "")
        cookies = response.headers.get_all("Set-Cookie", [])
        return Answer(seconds, response.status, location, int(told) if told else None, cookies, read.decode())

    def keep(self, answer: Answer) -> Answer:
        """Its cookies are sent from now on."""
        for cookie in answer.cookies:
            self.cookies.load(cookie)
        return answer

    def token(self, path: str) -> dict[str, str]:
        """The hidden field that forms of this page post against forgery; none where it has none."""
        return dict(TOKEN.findall(self.keep(self.ask(path)).text))

    def sign_in(self, path: str, username: str, password: str) -> None:
        answer = self.keep(self.ask(path, {"username": username, "password": password, **self.token(path)}))
        if answer.status != 302:
            sys.exit(f"{username} cannot sign in at {path}: {answer.status}")
