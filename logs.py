"""How log lines are written: as JSON, one object a line, or as text.

Of a fault, its kind and where it arose are written and not its message, which may quote what somebody typed; while one
develops, the message too. It stands outside of `portal`, since gunicorn's first process uses it and must not load the
application.
"""

from __future__ import annotations

import json
import logging
import sys
import time
import traceback
from collections.abc import Callable
from typing import Any

Context = Callable[[], dict[str, Any]]


def nothing() -> dict[str, Any]:
    return {}


class Lines(logging.Formatter):
    """What both formats share. `context` says of which request a line is."""

    def __init__(self, context: Context = nothing, *, messages: bool = False) -> None:
        super().__init__()
        self._context, self._messages = context, messages

    def told(self, record: logging.LogRecord) -> dict[str, Any]:
        at = f"{time.strftime('%Y-%m-%dT%H:%M:%S', time.gmtime(record.created))}.{int(record.msecs):03}Z"
        said = {"time": at, "level": record.levelname.lower(), "logger": record.name, "message": record.getMessage()}
        said |= self._context() | getattr(record, "fields", {})
        if record.exc_info and record.exc_info[1]:
            said["fault"] = self.traced(record.exc_info[1])
        return said

    def traced(self, fault: BaseException) -> str:
        if self._messages:
            return "".join(traceback.format_exception(fault))
        parts: list[str] = []
        seen: BaseException | None = fault
        while seen is not None and len(parts) < 10:
            kind = f"{type(seen).__module__}.{type(seen).__qualname__}"
            parts.append("".join(traceback.format_tb(seen.__traceback__)) + kind)
            seen = seen.__cause__ or (None if seen.__suppress_context__ else seen.__context__)
        return "\ncaused by:\n".join(parts)


class JsonLines(Lines):
    def format(self, record: logging.LogRecord) -> str:
        return json.dumps(self.told(record), default=str)


class TextLines(Lines):
    """Control characters in what is said are written as escapes, so that nothing looks like another line."""

    def format(self, record: logging.LogRecord) -> str:
        told = self.told(record)
        fault = told.pop("fault", "")
        begin = f"{told.pop('time')} {told.pop('level'):8} {told.pop('logger')}: {told.pop('message')}"
        rest = " ".join(f"{name}={value}" for name, value in told.items() if value not in (None, ""))
        line = "".join(sign if sign.isprintable() else repr(sign)[1:-1] for sign in f"{begin} {rest}".rstrip())
        return f"{line}\n{fault}" if fault else line


FORMATS = {"json": JsonLines, "text": TextLines}


def configure(format_: str, context: Context = nothing, *, messages: bool = False) -> None:
    """Lines of this process go to standard error, in this format; nothing changes where somebody has said so before."""
    root = logging.getLogger()
    if root.handlers:
        return
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(FORMATS[format_](context, messages=messages))
    root.addHandler(handler)
    root.setLevel(logging.WARNING)
    logging.getLogger("portal").setLevel(logging.INFO)


__all__ = ["FORMATS", "configure"]
