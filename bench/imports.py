"""`python -m bench.imports`: sheets of 20,000 rows taken over by the command, with its trail, while eight people save
records by the pages; rows a second, the command's memory and the savers' longest wait. Writes bench/imports.json."""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from threading import Event, Thread
from typing import Any

import xlsxwriter
from sqlalchemy import Engine, select

from bench import databases
from bench.places import DATA, ROOT, environment
from bench.servers import Server, portal, serving
from bench.visitor import Visitor
from portal.org.models import Area, PartyOrg, Unit

RESULTS = ROOT / "bench" / "imports.json"
BETWEEN = 1.0  # seconds that a saver reads before the next save
SAVERS = 8
UNITS = 20  # that the rows are of, one after another
FIRST = date(2025, 1, 1)


def day(n: int) -> date:
    return FIRST + timedelta(days=n % 400)


@dataclass(frozen=True)
class Names:
    """Those of the organisation that the rows are of; each unit's rows stand together, as in an office's sheet."""

    rows: int
    units: tuple[str, ...]
    areas: tuple[str, ...]
    communities: tuple[str, ...]

    def unit(self, n: int) -> str:
        return self.units[n * len(self.units) // (self.rows + 1)]

    def area(self, n: int) -> str:
        return self.areas[n % len(self.areas)]

    def community(self, n: int) -> str:
        return self.communities[n % len(self.communities)]

    def term(self, n: int) -> tuple[date, date]:
        """The next week for the same two parties, so that no two agreements overlap."""
        begins = date(1990, 1, 1) + timedelta(days=7 * (n // len(self.communities)))
        return begins, begins + timedelta(days=6)


@dataclass(frozen=True)
class Sheet:
    headings: tuple[str, ...]
    row: Callable[[int, Names], tuple[Any, ...]]


SHEETS = {
    "study_groups": Sheet(
        ("小组名称", "所在单位", "成立时间", "组长", "成员数", "状态", "备注"),
        lambda n, of: (f"第{n}学习小组", of.unit(n), day(n), "王演晨", 8, "运行中", "甲"),
    ),
    "service_projects": Sheet(
        ("项目名称", "责任单位", "立项日期", "完成时限", "责任人", "工作措施", "完成比例", "状态", "备注"),
        lambda n, of: (f"第{n}项", of.unit(n), day(n), date(2026, 12, 31), "王演晨", "上门服务", "60%", "在办", "甲"),
    ),
    "agreements": Sheet(
        ("协议编号", "甲方党组织", "乙方社区党组织", "签订日期", "有效期至", "共建方式", "甲方联络员"),
        lambda n, of: (f"协〔2025〕{n}号", of.unit(n), of.community(n), *of.term(n), "组织共建、活动共联", "王演晨"),
    ),
    "pairings": Sheet(
        ("帮扶人", "所在单位", "帮扶对象", "对象类型", "所在社区", "联系电话", "结对日期", "帮扶措施", "走访频次"),
        lambda n, of: (
            *("王演晨", of.unit(n), f"赵{chr(0x4E00 + n % 9000)}{chr(0x4E00 + n % 50)}", "困难群众", of.area(n)),
            *(f"022-{66310000 + n}", day(n), "生活照料", "每月"),
        ),
    ),
}


def names(engine: Engine, rows: int) -> Names:
    units = select(Unit.full_name).where(Unit.status == "active").order_by(Unit.sort_no).limit(UNITS)
    areas = select(Area.name).where(Area.kind == "community").order_by(Area.sort_no)
    orgs = select(PartyOrg.full_name).where(PartyOrg.community_id.is_not(None)).order_by(PartyOrg.sort_no)
    with engine.connect() as connection:
        return Names(rows, *(tuple(connection.scalars(query)) for query in (units, areas, orgs)))


def write(path: Path, sheet: Sheet, rows: int, of: Names) -> Path:
    with xlsxwriter.Workbook(path, {"constant_memory": True, "default_date_format": "yyyy-mm-dd"}) as book:
        made = book.add_worksheet()
        made.write_row(0, 0, sheet.headings)
        for n in range(1, rows + 1):
            made.write_row(n, 0, sheet.row(n, of))
    return path


@dataclass(frozen=True)
class Run:
    seconds: float
    megabytes: float
    told: dict[str, Any]


def bring(ledger: str, path: Path, settings: dict[str, str]) -> Run:
    """The command, with the most memory that its process ever had."""
    command = [sys.executable, "-m", "flask", "--app", "portal", "portal", "import", ledger, str(path)]
    began, most = time.monotonic(), 0
    with path.with_suffix(".json").open("w+") as out:
        process = subprocess.Popen(
            [*command, "--adopt", "--json"],
            cwd=ROOT,
            env=environment(**settings),
            stdout=out,
            stderr=subprocess.DEVNULL,
        )
        while process.poll() is None:
            most = max(most, peak(process.pid))
            time.sleep(0.1)
        seconds = time.monotonic() - began
        if process.returncode:
            sys.exit(f"{ledger}: the command failed.")
        out.seek(0)
        told = json.loads(out.readlines()[-1])
    return Run(seconds, most / 1024, {name: told[name] for name in ("rows", "new")})


def peak(pid: int) -> int:
    """The most memory in KB that a process had, as far as it is still there to tell."""
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    return next((int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM")), 0)


@contextmanager
def saving(server: Server) -> Iterator[list[tuple[float, int]]]:
    """People who save drafts one after another: seconds and status of each save."""
    saved, ended = list[tuple[float, int]](), Event()

    def save(visitor: Visitor, who: int) -> None:
        token, n = visitor.token("/study_groups/add"), 0
        while not ended.is_set():
            n += 1
            answer = visitor.ask(
                "/study_groups/add", {"name": f"第{who}人第{n}组", "founded_on": "2026-01-05", **token}
            )
            saved.append((answer.seconds, answer.status))
            ended.wait(BETWEEN)

    visitors = [Visitor(server.port) for _ in range(SAVERS)]
    for visitor in visitors:
        visitor.sign_in("/login/", "filler01", databases.PASSWORD)
    threads = [Thread(target=save, args=(visitor, n)) for n, visitor in enumerate(visitors)]
    for thread in threads:
        thread.start()
    try:
        yield saved
    finally:
        ended.set()
        for thread in threads:
            thread.join()


def measure(ledger: str, rows: int, *, shared: bool) -> dict[str, Any]:
    made = databases.in_folder(databases.fresh(DATA / "imports"))
    databases.fill_demo(made)
    of = names(databases.engine(made.url), rows)
    few = write(made.folder / "few.xlsx", SHEETS[ledger], 1, of)
    many = write(made.folder / "many.xlsx", SHEETS[ledger], rows, of)
    rest = bring(ledger, few, made.settings)
    if not shared:
        return summed(rest, bring(ledger, many, made.settings))
    with serving(portal(made.settings), made.folder / "portal.log") as server, saving(server) as saved:
        run = bring(ledger, many, made.settings)
    waits = sorted(seconds for seconds, _ in saved)
    refused = sum(status != 302 for _, status in saved)
    return summed(rest, run) | {
        "saves": len(saved),
        "not saved": refused,
        "longest wait": round(waits[-1], 2),
        "median": round(waits[len(waits) // 2], 2),
    }


def summed(rest: Run, run: Run) -> dict[str, Any]:
    """Without what the command takes for one row."""
    seconds = run.seconds - rest.seconds
    return {
        **run.told,
        "seconds": round(seconds, 1),
        "rows/s": round(run.told["rows"] / seconds),
        "MB above rest": round(run.megabytes - rest.megabytes),
    }


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.imports", description=__doc__)
    parser.add_argument("ledgers", nargs="*", default=[*SHEETS], help="which ones (all)")
    parser.add_argument("--rows", type=int, default=20_000)
    chosen = parser.parse_args()
    results: dict[str, dict[str, Any]] = {}
    for ledger in chosen.ledgers:
        for name, shared in (("alone", False), ("while others save", True)):
            found = results.setdefault(ledger, {})[name] = measure(ledger, chosen.rows, shared=shared)
            print(ledger, name, json.dumps(found))
    RESULTS.write_text(json.dumps(results, indent=2) + "\n")


if __name__ == "__main__":
    main()
