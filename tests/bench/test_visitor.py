"""The client of the benchmark reads answers whole, however they arrive."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Thread

import pytest

from bench.visitor import Visitor, multipart

pytestmark = pytest.mark.one_database
MADE = b"HTTP/1.1 200 OK\r\nSet-Cookie: session=abc; Path=/\r\nX-Statements: 5\r\nContent-Length: 4\r\n\r\nlist"
CHUNKS = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\na\r\na\r\n0\r\n\r\nbc\r\n3\r\ndef\r\n0\r\n\r\n"
LATE = b"HTTP/1.1 303 See Other\r\nLocation: /list\r\nContent-Length: 0\r\n\r\n"


@contextmanager
def answering(*answers: list[bytes]) -> Iterator[tuple[int, list[bytes]]]:
    """A server that gives these answers, each in pieces; what it was asked stands in the list."""
    asked = list[bytes]()
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            connection, _ = listening.accept()
            with connection:
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                for pieces in answers:
                    asked.append(connection.recv(65536))
                    for piece in pieces:
                        connection.sendall(piece)

        thread = Thread(target=serve, daemon=True)
        thread.start()
        yield listening.getsockname()[1], asked
        thread.join(10)


def singly(answer: bytes) -> list[bytes]:
    return [bytes([each]) for each in answer]


@pytest.mark.parametrize("cut", [singly, lambda answer: [answer]])
def test_answers_with_a_length_and_in_chunks_are_read_whole(cut):
    with answering(cut(MADE), cut(CHUNKS), cut(LATE)) as (port, _):
        visitor = Visitor(port)
        first, second, third = visitor.ask("/list"), visitor.ask("/export"), visitor.ask("/add", {"title": "甲"})
        visitor.close()
    assert (first.status, first.text, first.statements) == (200, "list", 5)
    assert second.text == "a\r\n0\r\n\r\nbcdef"
    assert (third.status, third.location, third.text) == (303, "/list", "")


def test_cookies_are_sent_once_they_are_kept_and_forms_with_their_length():
    with answering([MADE], [MADE], [MADE]) as (port, asked):
        visitor = Visitor(port)
        visitor.ask("/")
        visitor.keep(visitor.ask("/"))
        visitor.ask("/add", {"codes": ["1", "2"]})
        visitor.close()
    assert b"Cookie" not in asked[1]
    assert b"\r\nCookie: session=abc\r\n" in asked[2]
    assert asked[2].startswith(b"POST /add HTTP/1.1\r\n")
    assert asked[2].endswith(b"\r\nContent-Length: 15\r\n\r\ncodes=1&codes=2")


@pytest.mark.parametrize("answer", [MADE[:-1], b"HTTP/1.1 200 OK\r\n\r\nwithout an end"])
def test_an_answer_that_is_not_whole_is_a_fault(answer):
    with answering([answer]) as (port, _):
        visitor = Visitor(port)
        with pytest.raises(ConnectionError):
            visitor.ask("/list")
        visitor.close()


def test_a_workbook_is_sent_between_the_boundaries_that_the_head_names():
    kind, body = multipart({"format": "xlsx"}, "file", b"PK\r\n")
    mark = kind.partition("boundary=")[2].encode()
    _, field, file, end = body.split(b"--" + mark)
    assert field.endswith(b'name="format"\r\n\r\nxlsx\r\n')
    assert b'name="file"; filename="file.xlsx"' in file
    assert file.endswith(b"\r\n\r\nPK\r\n\r\n")
    assert end == b"--\r\n"
