"""Turn by turn: each page asked of one side after the other, until there are enough times to trust the best."""

from __future__ import annotations

import gc
from dataclasses import dataclass
from statistics import fmean, median
from threading import Thread
from time import monotonic

from bench.pages import Ask
from bench.servers import Server
from bench.visitor import Visitor

WARM_UP, FEWEST = 5, 10  # turns
LONGEST = 30.0  # seconds for one page: beyond, it has fewer turns
CONNECTIONS = 8
RUSH, RUSHES = 3.0, 3  # seconds of each, and how many


@dataclass(frozen=True)
class Side:
    """One of the applications: served, visited, with the pages to ask for."""

    server: Server
    visitor: Visitor
    asks: dict[str, Ask]


@dataclass(frozen=True)
class Figures:
    """Of one page on one side: milliseconds until answered (mean of the fastest tenth, and median) and of computing,
    the size of the page and its statements."""

    ms: float
    median: float
    cpu: float
    kb: float
    statements: int | None


class Run:
    """One page on one side."""

    def __init__(self, side: Side, name: str) -> None:
        self.server, self.visitor, self.ask = side.server, side.visitor, side.asks[name]
        self.token = self.visitor.token(self.ask.path) if self.ask.forms else {}
        self.seconds: list[float] = []
        self.began = 0.0

    def take_turn(self) -> None:
        form = {**next(self.ask.forms), **self.token} if self.ask.forms else None
        answer = self.answer = self.visitor.ask(self.ask.path, form)
        self.ask.check(answer)
        self.seconds.append(answer.seconds)

    def begin(self) -> None:
        """What was before was warming up."""
        self.seconds.clear()
        self.began = self.server.cpu()

    def figures(self) -> Figures:
        return Figures(
            ms=1000 * fastest(self.seconds),
            median=1000 * median(self.seconds),
            cpu=1000 * (self.server.cpu() - self.began) / len(self.seconds),
            kb=len(self.answer.body) / 1024,
            statements=self.answer.statements,
        )


def fastest(values: list[float]) -> float:
    """The mean of the fastest tenth."""
    return fmean(sorted(values)[: max(1, len(values) // 10)])


def time_page(name: str, sides: dict[str, Side], rounds: int) -> dict[str, Figures]:
    """On those sides that have it."""
    runs = {key: Run(side, name) for key, side in sides.items() if name in side.asks}
    ends = monotonic() + LONGEST
    gc.disable()
    try:
        for turn in range(WARM_UP + rounds):
            if turn >= WARM_UP + FEWEST and monotonic() > ends:
                break
            for run in runs.values():
                if turn == WARM_UP:
                    run.begin()
                run.take_turn()
        return {key: run.figures() for key, run in runs.items()}
    finally:
        gc.enable()


def lists_per_second(sides: dict[str, Side]) -> dict[str, float]:
    """Of visitors who ask at once, each for one list after the other: the median of several rushes."""
    found: dict[str, list[float]] = {name: [] for name in sides}
    for _ in range(RUSHES):
        for name, side in sides.items():
            found[name].append(rush(side))
    return {name: median(values) for name, values in found.items()}


def rush(side: Side) -> float:
    answered, began = list[int](), monotonic()

    def ask() -> None:
        visitor, ask, count = side.visitor.again(), side.asks["list"], 0
        while monotonic() < began + RUSH:
            answer = visitor.ask(ask.path)
            if answer.status != 200:
                break
            count += 1
        visitor.close()
        answered.append(count)

    threads = [Thread(target=ask) for _ in range(CONNECTIONS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if 0 in answered or len(answered) < CONNECTIONS:
        raise AssertionError(f"Some got no list: {answered}")
    return sum(answered) / (monotonic() - began)
