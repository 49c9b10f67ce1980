"""Turn by turn: each page asked of one side, then of the other, until there are enough times to trust the best."""

from __future__ import annotations

import gc
from dataclasses import dataclass
from statistics import fmean

from bench.pages import Ask
from bench.servers import Server
from bench.visitor import Visitor

WARM_UP = 10


@dataclass(frozen=True)
class Side:
    """One of the two apps: served, visited, with the pages to ask for."""

    server: Server
    visitor: Visitor
    asks: dict[str, Ask]


@dataclass(frozen=True)
class Figures:
    """Of one page on one side: milliseconds until answered and of computing, statements where they are told."""

    ms: float
    cpu_ms: float
    statements: int | None


class Run:
    """One page on one side."""

    def __init__(self, side: Side, name: str) -> None:
        self.server, self.visitor, self.ask = side.server, side.visitor, side.asks[name]
        self.token = self.visitor.token(self.ask.path) if self.ask.forms else {}
        self.seconds: list[float] = []
        self.statements: int | None = None
        self.began = 0.0

    def take_turn(self) -> None:
        form = {**next(self.ask.forms), **self.token} if self.ask.forms else None
        answer = self.visitor.ask(self.ask.path, form)
        self.ask.check(answer)
        self.seconds.append(answer.seconds)
        self.statements = answer.statements

    def begin(self) -> None:
        """What was before was warming up."""
        self.seconds.clear()
        self.began = self.server.cpu()

    def figures(self) -> Figures:
        count = len(self.seconds)
        fastest = sorted(self.seconds)[: max(1, count // 10)]
        return Figures(1000 * fmean(fastest), 1000 * (self.server.cpu() - self.began) / count, self.statements)


def time_page(name: str, sides: list[Side], rounds: int) -> list[Figures]:
    runs = [Run(side, name) for side in sides]
    gc.disable()
    try:
        for turn in range(WARM_UP + rounds):
            for run in runs:
                if turn == WARM_UP:
                    run.begin()
                run.take_turn()
        return [run.figures() for run in runs]
    finally:
        gc.enable()
