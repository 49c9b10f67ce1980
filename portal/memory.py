"""Garbage collection for processes that serve pages or import workbooks."""

from __future__ import annotations

import gc


def collect_rarely() -> None:
    """Looking for cycles every 700 objects takes a tenth of an import; nearly all objects go without it."""
    gc.set_threshold(50_000, 20, 20)


def keep_start() -> None:
    """Never look again at what start-up made: that makes the slow tail of requests."""
    gc.collect()
    gc.freeze()
    collect_rarely()


__all__ = ["collect_rarely", "keep_start"]
