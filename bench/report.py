"""The figures as a table to read and as a file to compare with."""

from __future__ import annotations

import json
import platform
from collections.abc import Iterator
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bench.timing import Figures

HEAD = ("page", "portal ms", "bare ms", "ratio", "portal CPU", "bare CPU", "ratio", "statements")
Results = dict[str, list[Figures]]


def table(results: Results) -> str:
    lines = [HEAD, *(cells(page, *sides) for page, sides in results.items())]
    widths = [max(len(line[n]) for line in lines) for n in range(len(HEAD))]
    return "\n".join("  ".join(aligned(line, widths)) for line in lines)


def aligned(line: tuple[str, ...], widths: list[int]) -> Iterator[str]:
    """Words to the left, numbers to the right."""
    yield line[0].ljust(widths[0])
    yield from (cell.rjust(width) for cell, width in zip(line[1:], widths[1:], strict=True))


def cells(page: str, portal: Figures, bare: Figures) -> tuple[str, ...]:
    return (
        page,
        f"{portal.ms:.2f}",
        f"{bare.ms:.2f}",
        f"{portal.ms / bare.ms:.2f}",
        f"{portal.cpu_ms:.2f}",
        f"{bare.cpu_ms:.2f}",
        f"{portal.cpu_ms / bare.cpu_ms:.2f}",
        str(portal.statements),
    )


def write(path: Path, results: Results, **circumstances: Any) -> None:
    """Everything printed, rounded to what can be known, with when and where it was measured."""
    pages = {
        page: {
            "portal": rounded(portal),
            "bare": rounded(bare),
            "ratio_ms": round(portal.ms / bare.ms, 2),
            "ratio_cpu": round(portal.cpu_ms / bare.cpu_ms, 2),
        }
        for page, (portal, bare) in results.items()
    }
    when = datetime.now(UTC).isoformat(timespec="seconds")
    told = {"date": when, "python": platform.python_version(), **circumstances, "pages": pages}
    path.write_text(json.dumps(told, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def rounded(figures: Figures) -> dict[str, float]:
    return {name: round(value, 3) for name, value in asdict(figures).items() if value is not None}
