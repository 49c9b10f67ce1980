"""A browser reduced to what is timed: one keep-alive connection, its cookies, the token of the page it saw."""

from __future__ import annotations

import re
import secrets
import socket
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from http.cookies import SimpleCookie
from time import perf_counter
from typing import Any
from urllib.parse import urlencode

TOKEN = re.compile(r'name="(csrf\w*)"[^>]* value="([^"]+)"')
LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
CHUNKED = re.compile(rb"\r\ntransfer-encoding: *chunked", re.IGNORECASE)
PATIENCE = 300  # seconds
TYPED = "application/x-www-form-urlencoded"


class Connection:
    """Plain HTTP/1.1: `http.client` takes as long to read an answer as the fastest page to make it."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), PATIENCE)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.held = b""

    def ask(self, request: bytes) -> tuple[bytes, bytes]:
        """Head and body of the answer."""
        self.socket.sendall(request)
        head = self.until(b"\r\n\r\n")
        if length := LENGTH.search(head):
            return head, self.take(int(length[1]))
        if not CHUNKED.search(head):
            raise ConnectionError("The answer does not say where it ends.")
        parts = []
        while size := int(self.until(b"\r\n").split(b";")[0], 16):
            parts.append(self.take(size))
            self.until(b"\r\n")
        self.until(b"\r\n")
        return head, b"".join(parts)

    def until(self, mark: bytes) -> bytes:
        while mark not in self.held:
            self.receive()
        text, _, self.held = self.held.partition(mark)
        return text

    def take(self, count: int) -> bytes:
        while len(self.held) < count:
            self.receive()
        taken, self.held = self.held[:count], self.held[count:]
        return taken

    def receive(self) -> None:
        received = self.socket.recv(1 << 18)
        if not received:
            raise ConnectionError("The server has closed the connection.")
        self.held += received

    def close(self) -> None:
        self.socket.close()


@dataclass(frozen=True)
class Answer:
    seconds: float
    head: bytes
    body: bytes

    @cached_property
    def status(self) -> int:
        return int(self.head.split(b" ", 2)[1])

    @cached_property
    def text(self) -> str:
        return self.body.decode()

    def headers(self, name: str) -> list[str]:
        lines = (line.partition(": ") for line in self.head.decode("latin-1").split("\r\n")[1:])
        return [value for each, _, value in lines if each.lower() == name]

    @property
    def location(self) -> str:
        return next(iter(self.headers("location")), "")

    @property
    def statements(self) -> int | None:
        return next((int(text) for text in self.headers("x-statements")), None)


class Visitor:
    """What a timed answer puts into the session is dropped, else messages of pages never shown would pile up in it."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.connection: Connection | None = None
        self.cookies: SimpleCookie = SimpleCookie()

    def ask(self, path: str, form: Mapping[str, Any] | None = None, file: tuple[str, bytes] | None = None) -> Answer:
        """GET, or POST of a form, with a file or without; timed from sending it to having read the whole answer."""
        request = self.request(path, form, file)
        self.connection = self.connection or Connection(self.port)
        began = perf_counter()
        head, body = self.connection.ask(request)
        return Answer(perf_counter() - began, head, body)

    def request(self, path: str, form: Mapping[str, Any] | None, file: tuple[str, bytes] | None) -> bytes:
        lines = [f"Host: 127.0.0.1:{self.port}"]
        if self.cookies:
            lines.append("Cookie: " + "; ".join(f"{name}={each.value}" for name, each in self.cookies.items()))
        if form is None:
            return "\r\n".join((f"GET {path} HTTP/1.1", *lines, "", "")).encode()
        kind, body = multipart(form, *file) if file else (TYPED, urlencode(form, doseq=True).encode())
        lines += [f"Content-Type: {kind}", f"Content-Length: {len(body)}"]
        return "\r\n".join((f"POST {path} HTTP/1.1", *lines, "", "")).encode() + body

    def keep(self, answer: Answer) -> Answer:
        """Its cookies are sent from now on."""
        for cookie in answer.headers("set-cookie"):
            self.cookies.load(cookie)
        return answer

    def token(self, path: str) -> dict[str, str]:
        """The hidden field that forms of this page post against forgery; none where it has none."""
        return dict(TOKEN.findall(self.keep(self.ask(path)).text))

    def sign_in(self, path: str, username: str, password: str) -> None:
        answer = self.keep(self.ask(path, {"username": username, "password": password, **self.token(path)}))
        if answer.status != 302:
            sys.exit(f"{username} cannot sign in at {path}: {answer.status}")

    def again(self) -> Visitor:
        """The same person with a connection of their own."""
        other = Visitor(self.port)
        other.cookies = self.cookies
        return other

    def close(self) -> None:
        if self.connection:
            self.connection.close()
            self.connection = None


def multipart(form: Mapping[str, Any], name: str, data: bytes) -> tuple[str, bytes]:
    """Content type and body of a form with a workbook."""
    mark = secrets.token_hex(16)
    head = f"--{mark}\r\nContent-Disposition: form-data; name="
    fields = "".join(f'{head}"{key}"\r\n\r\n{value}\r\n' for key, value in form.items())
    opened = f'{fields}{head}"{name}"; filename="{name}.xlsx"\r\nContent-Type: application/octet-stream\r\n\r\n'
    return f"multipart/form-data; boundary={mark}", b"".join((opened.encode(), data, f"\r\n--{mark}--\r\n".encode()))
