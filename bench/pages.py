"""The pages that are timed, as each side is asked for them, and what proves that the answer is the page meant."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import count, cycle
from typing import Any
from urllib.parse import quote

from sqlalchemy import Engine, Row, column, select, table

from bench.visitor import Answer

PAGE_SIZE = 25
STATUS, SEARCHED = "draft", "消防"
AGREEMENT = table("agreement", column("id"), column("title"), column("status"))
# Long before any other agreement, so that no term overlaps.
SIGNED = date(2010, 1, 1)
FIELDS = ("code", "title", "signed_on", "valid_until", "status", "contact", "phone", "content")


@dataclass(frozen=True)
class Ask:
    """One page: its address, what to post if anything, and what must stand in the answer."""

    path: str
    marks: tuple[str, ...]
    forms: Iterator[dict[str, Any]] | None = None

    def check(self, answer: Answer) -> None:
        """Raises AssertionError when this is not the page."""
        right = (302, answer.location) if self.forms else (200, answer.text)
        missing = [mark for mark in self.marks if mark not in right[1]]
        if answer.status != right[0] or missing:
            raise AssertionError(f"{self.path} answers {answer.status}, lacking {missing}: {answer.text[:2000]}")


def of_portal(engine: Engine, page: int) -> dict[str, Ask]:
    asks = lists(engine, "/agreements/list/", 'data-id="{}"', page)
    middle = records(engine, page * PAGE_SIZE)[0]
    asks["show"] = Ask(f"/agreements/show/{middle.id}", (middle.title,))
    asks["add form"] = Ask("/agreements/add", ('name="party_a_org_id"', 'name="b_phone"'))
    asks["add"] = Ask("/agreements/add", ("/agreements/show/",), portal_forms(engine))
    return asks


def of_bare(engine: Engine, page: int) -> dict[str, Ask]:
    asks = lists(engine, "/list", 'href="/show/{}"', page)
    middle = records(engine, page * PAGE_SIZE)[0]
    asks["show"] = Ask(f"/show/{middle.id}", (middle.title,))
    asks["add form"] = Ask("/add", ('name="unit"', 'name="content"'))
    asks["add"] = Ask("/add", ("/list",), bare_forms())
    return asks


def lists(engine: Engine, path: str, mark: str, page: int) -> dict[str, Ask]:
    """Every list is known by the first and the last of its records; up to 10,000 rows the bare app has no drafts."""
    title, status = AGREEMENT.c.title, AGREEMENT.c.status
    wanted = {
        "list": ("", records(engine)),
        f"page {page + 1}": (f"?page={page}", records(engine, page * PAGE_SIZE)),
        "filter": (f"?status={STATUS}", records(engine, 0, status == STATUS)),
        "search": (f"?q={quote(SEARCHED)}", records(engine, 0, title.contains(SEARCHED))),
    }
    return {
        name: Ask(path + asked, tuple(mark.format(each.id) for each in (*found[:1], *found[-1:])))
        for name, (asked, found) in wanted.items()
    }


def records(engine: Engine, offset: int = 0, *where: Any) -> list[Row[Any]]:
    """A page of them, newest first."""
    query = select(AGREEMENT).where(*where).order_by(AGREEMENT.c.id.desc()).limit(PAGE_SIZE).offset(offset)
    with engine.connect() as connection:
        return list(connection.execute(query))


def portal_forms(engine: Engine) -> Iterator[dict[str, Any]]:
    """Agreements between ever other parties, who had none at that time."""
    org, unit_org = table("party_org", column("id"), column("community_id")), table("unit_org", column("party_org_id"))
    own = select(unit_org.c.party_org_id).distinct().order_by(unit_org.c.party_org_id)
    theirs = select(org.c.id).where(org.c.community_id.is_not(None)).order_by(org.c.id)
    with engine.connect() as connection:
        parties = zip(cycle(connection.scalars(own).all()), cycle(connection.scalars(theirs).all()), strict=False)
    for n, (a, b) in enumerate(parties):
        yield {
            "agreement_type": "1",
            "party_a_org_id": a,
            "party_b_org_id": b,
            "title": f"党建共建协议书第{n}份",
            "signed_on": SIGNED,
            "effective_from": SIGNED,
            "effective_to": SIGNED + timedelta(days=730),
            "renew_mode": "remind",
            "coop_modes": ["1", "2"],
            "content": "双方每季度会商一次。",
            "plan_activity_cnt": 4,
            "a_contact": "王小明",
            "a_phone": "022-12345678",
            "b_contact": "李晓红",
            "b_phone": "022-87654321",
            "copies": 3,
        }


def bare_forms() -> Iterator[dict[str, Any]]:
    for n in count():
        texts = (f"BENCH-{n}", f"党建共建协议书第{n}份", SIGNED, SIGNED, STATUS, "王小明", "022-12345678", "双方会商。")
        yield {**dict(zip(FIELDS, texts, strict=True)), "unit": 1, "community": 1}
