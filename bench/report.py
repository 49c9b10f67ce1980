"""The figures as a file to compare with, and as the tables that the documents quote; `python -m bench.report` writes
the tables of the last run again."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.places import ROOT

RESULTS = ROOT / "bench" / "results.json"
# Which of the figures each document quotes, and in what language.
DOCUMENTS = {
    ROOT / "README.md": ("en", "fastest"),
    ROOT / "README.zh.md": ("zh", "fastest"),
    ROOT / "docs" / "speed.md": ("en", "median"),
    ROOT / "docs" / "speed.zh.md": ("zh", "median"),
}
BEGINS, ENDS = "<!-- bench -->\n", "<!-- /bench -->\n"
SIDES = {
    "portal": {"en": "portal", "zh": "本系统"},
    "flask_appbuilder": {"en": "Flask-AppBuilder"},
    "flask_admin": {"en": "Flask-Admin"},
    "starlette_admin": {"en": "starlette-admin"},
    "bare": {"en": "bare Flask", "zh": "最简Flask"},
}
CAPTIONS = {
    ("en", "fastest"): "{rows:,} agreements on {database}, fastest 10 % of requests; × is relative to bare Flask.",
    ("zh", "fastest"): "{rows:,}条协议，{database}，最快10%的请求的平均值；×为相对最简Flask的倍数。",
    ("en", "median"): "{rows:,} agreements on {database}, medians; × is relative to bare Flask.",
    ("zh", "median"): "{rows:,}条协议，{database}，中位数；×为相对最简Flask的倍数。",
}
DATABASES = {"sqlite": "SQLite", "postgresql": "PostgreSQL"}


@dataclass(frozen=True)
class Line:
    """A row of the table; `{}` stands for a number that the results tell by `told`."""

    en: str
    zh: str
    unit: str
    told: str = ""
    digits: int = 1
    # Is it compared with the lower bound?
    compared: bool = True


LINES = {
    "list": Line("list", "列表", " ms"),
    "filter": Line("list, filtered", "筛选", " ms"),
    "far page": Line("page {:,} of the list", "列表第{:,}页", " ms", told="far page"),
    "search": Line("search, 2 characters", "搜索两个字", " ms"),
    "search without hits": Line("search without hits", "搜索无结果", " ms"),
    "record": Line("record", "记录页", " ms"),
    "form": Line("empty form", "空白表单", " ms"),
    "save": Line("save a form", "保存表单", " ms"),
    "figures": Line("figures of the ledger", "台账统计", " ms"),
    "overdue": Line("overdue items of all ledgers", "全部台账逾期事项", " ms"),
    "export": Line("export {:,} rows as .xlsx", "导出{:,}行（.xlsx）", " s", told="exported", digits=2),
    "import": Line(
        "rows per second when importing {:,} rows",
        "导入{:,}行，每秒行数",
        "",
        told="imported",
        digits=0,
        compared=False,
    ),
    "lists per second": Line("lists per second, 8 connections", "8个连接，每秒列表页数", "", digits=0, compared=False),
    "memory": Line("memory of a worker", "单个进程内存", " MB", digits=0, compared=False),
    "start": Line("start to first response", "启动至首次响应", " s", compared=False),
    "start of run.py": Line("start to first response, with `run.py`", "以`run.py`启动至首次响应", " s", compared=False),
    "list size": Line("size of a list page", "列表页大小", " KB", digits=0, compared=False),
    "list statements": Line("SQL statements of a list", "列表的SQL语句数", "", digits=0, compared=False),
    "record statements": Line("SQL statements of a record", "记录页的SQL语句数", "", digits=0, compared=False),
    "save statements": Line("SQL statements of a save", "保存的SQL语句数", "", digits=0, compared=False),
}


def table(results: dict[str, Any], language: str, figure: str) -> str:
    """In Markdown; `figure` is `fastest` or `median`. Rows with one figure stand with the former only."""
    names = [texts.get(language, texts["en"]) for texts in SIDES.values()]
    rows = [["", *names], ["---", *["--:"] * len(names)]]
    for key, line in LINES.items():
        found = results["figures"].get(key, {})
        if any(figure in values for values in found.values()):
            title = getattr(line, language).format(results["told"].get(line.told))
            rows.append([title, *(cell(line, found, side, figure) for side in SIDES)])
    text = CAPTIONS[language, figure].format(rows=results["rows"], database=DATABASES[results["database"]])
    return "\n".join([text, "", *(f"| {' | '.join(row)} |" for row in rows), ""])


def cell(line: Line, found: dict[str, dict[str, float]], side: str, figure: str) -> str:
    if side not in found:
        return "–"
    value = found[side][figure]
    text = f"{value:,.{line.digits}f}{line.unit}"
    if not line.compared or side == "bare" or "bare" not in found:
        return text
    return f"{text} ×{value / found['bare'][figure]:.1f}"


def quoted(document: str, block: str) -> str:
    """The document with this block between its marks."""
    before, _, rest = document.partition(BEGINS)
    _, _, after = rest.partition(ENDS)
    return f"{before}{BEGINS}{block}{ENDS}{after}"


def publish(results: dict[str, Any]) -> None:
    write(RESULTS, results)
    for path, (language, figure) in DOCUMENTS.items():
        document = path.read_text(encoding="utf-8")
        path.write_text(quoted(document, table(results, language, figure)), encoding="utf-8")


def write(path: Path, results: dict[str, Any]) -> None:
    path.write_text(json.dumps(results, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    publish(json.loads(RESULTS.read_text(encoding="utf-8")))
