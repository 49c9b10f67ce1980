"""The office's ledger of agreements as other offices would have kept it: the same rows, other sheets."""

from __future__ import annotations

import csv
from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path
from typing import Any

from openpyxl import Workbook, load_workbook

from translations.traditional import to_traditional as traditional

DATA = Path(__file__).resolve().parent.parent.parent / "data"
LEDGER = DATA / "共建协议台账.xlsx"
HEADER = 2  # row of the headings, from 0
EPOCH = date(1899, 12, 30)
OTHER_WORDS = {
    "协议编号": "编号",
    "甲方党组织": "甲方单位（党组织）",
    "乙方社区党组织": "共建社区",
    "签订日期": "签约时间",
    "有效期至": "到 期 日",
    "共建方式": "共建形式",
    "甲方联络员": "单位联络员",
    "联系电话": "办公电话：",
    "乙方联络员": "社区联系人",
}
UNTOLD = ("甲方党组织", "乙方社区党组织", "签订日期", "有效期至", "共建方式")


def rows() -> list[list[Any]]:
    return [list(row) for row in load_workbook(LEDGER).active.iter_rows(values_only=True)]


def book(path: Path, found: list[list[Any]], before: list[list[list[Any]]] | None = None) -> Path:
    made = Workbook()
    made.remove(made.active)
    for sheet in (*(before or []), found):
        page = made.create_sheet()
        for row in sheet:
            page.append(row)
    made.save(path)
    return path


def text(value: Any) -> str:
    return f"{value:%Y.%m.%d}" if isinstance(value, datetime) else "" if value is None else str(value)


def reordered(path: Path) -> Path:
    order = [0, 11, 3, 2, 6, 5, 1, 7, 8, 9, 10, 4]
    return book(path / "a.xlsx", [[row[n] for n in order] if k >= HEADER else row for k, row in enumerate(rows())])


def other_words(path: Path) -> Path:
    found = rows()
    found[HEADER] = [OTHER_WORDS.get(head, head) for head in found[HEADER]]
    return book(path / "a.xlsx", found)


def in_traditional(path: Path) -> Path:
    found = rows()
    found[HEADER] = [traditional(head) for head in found[HEADER]]
    for row in found[HEADER + 1 : -2]:
        for n in (2, 3, 7):
            row[n] = traditional(row[n]) if row[n] else row[n]
    return book(path / "a.xlsx", found)


def without_title(path: Path) -> Path:
    return book(path / "a.xlsx", rows()[HEADER:])


def two_header_rows(path: Path) -> Path:
    found = rows()
    groups = [None, None, "双方", None, None, "期限", None, "内容", "联络", None, None, None]
    return book(path / "a.xlsx", [*found[:HEADER], groups, *found[HEADER:]])


def grouped_headings(path: Path) -> Path:
    """甲方 over 党组织, 联络员, 电话; 乙方 over 党组织, 联络员."""
    order = [0, 1, 2, 8, 9, 3, 10, 5, 6, 7, 11]
    upper = ["序号", "协议编号", "甲方", None, None, "乙方", None, "期限", None, "共建方式", "备注"]
    lower = [None, None, "党组织", "联络员", "电话", "党组织", "联络员", "签订日期", "有效期至", None, None]
    body = [[row[n] for n in order] for row in rows()[HEADER + 1 :]]
    path = book(path / "a.xlsx", [["共建协议台账"], upper, lower, *body])
    made = load_workbook(path)
    for area in ("C2:E2", "F2:G2", "H2:I2", "A2:A3", "B2:B3", "J2:J3", "K2:K3"):
        made.active.merge_cells(area)
    made.save(path)
    return path


def other_sheet_first(path: Path) -> Path:
    cover = [["填表说明"], ["请各单位按季度填报。"], ["序号", "单位", "备注"], [1, "区民政局", ""]]
    return book(path / "a.xlsx", rows(), [cover])


def csv_of_windows(path: Path) -> Path:
    return as_csv(path / "a.csv", "gb18030", ",")


def csv_of_the_web(path: Path) -> Path:
    return as_csv(path / "a.csv", "utf-8-sig", ",")


def tabbed(path: Path) -> Path:
    return as_csv(path / "a.txt", "utf-8", "\t")


def as_csv(path: Path, encoding: str, delimiter: str) -> Path:
    with path.open("w", encoding=encoding, newline="") as out:
        csv.writer(out, delimiter=delimiter).writerows([[text(cell) for cell in row] for row in rows()])
    return path


def scattered(path: Path) -> Path:
    """Blank rows between, headings again on the next page, marks for nothing."""
    found: list[list[Any]] = []
    for n, row in enumerate(rows()):
        cells = ["—" if cell is None and n > HEADER else cell for cell in row]
        found += [cells, [None] * 12] if n > HEADER else [cells]
        if n == 12:
            found.append(rows()[HEADER])
    return book(path / "a.xlsx", found)


def as_serials(path: Path) -> Path:
    """Dates as the numbers that spreadsheets keep."""
    found = rows()
    for row in found:
        for n, cell in enumerate(row):
            if isinstance(cell, datetime):
                row[n] = (cell.date() - EPOCH).days
    return book(path / "a.xlsx", found)


def untold(path: Path) -> Path:
    """No headings; the cells tell, and somebody says yes to that."""
    found = rows()
    found[HEADER] = [None if head in UNTOLD else head for head in found[HEADER]]
    return book(path / "a.xlsx", found)


def one_column_for_the_term(path: Path) -> Path:
    """签订日期 stays, 有效期至 becomes 协议期限 with both days."""
    found = rows()
    found[HEADER][6] = "协议期限"
    for row in found[HEADER + 1 : -2]:
        if row[5] and row[6]:
            row[6] = f"{text(row[5])}—{text(row[6])}"
    return book(path / "a.xlsx", found)


VARIANTS: tuple[Callable[[Path], Path], ...] = (
    *(reordered, other_words, in_traditional, without_title, two_header_rows, grouped_headings, other_sheet_first),
    *(csv_of_windows, csv_of_the_web, tabbed, scattered, as_serials, untold),
    one_column_for_the_term,
)
