"""The pages that are timed, as each side is asked for them, and what proves that the answer is the page meant."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import cycle
from typing import Any
from urllib.parse import quote

from sqlalchemy import Engine, Row, column, func, select, table

from bench.visitor import Answer

PAGE_SIZE = 25
STATUS, SEARCHED, NEVER = "draft", "消防", "龘龘"
AGREEMENT = table("agreement", column("id"), column("title"), column("status"))
# Long before any other agreement, so that no term overlaps.
SIGNED = date(2010, 1, 1)


@dataclass(frozen=True)
class Ask:
    """One page: its address, what to post if anything, and what must stand in the answer, or must not."""

    path: str
    marks: tuple[str, ...] = ()
    forms: Iterator[dict[str, Any]] | None = None
    lacks: tuple[str, ...] = ()

    def check(self, answer: Answer) -> None:
        """Raises AssertionError when this is not the page."""
        statuses, text = ((302, 303), answer.location) if self.forms else ((200,), answer.text)
        missing = [mark for mark in self.marks if mark not in text]
        found = [mark for mark in self.lacks if mark in text]
        if answer.status not in statuses or missing or found:
            what = f"{self.path} answers {answer.status}, lacking {missing}, with {found}"
            raise AssertionError(f"{what}: {answer.body[:2000]!r}")


@dataclass(frozen=True)
class Addresses:
    """Where one side has its pages; `{}` stands for a page number, a status, a word or an id."""

    list: str
    page: str
    filter: str
    search: str
    record: str
    form: str
    mark: str  # of a record in a list
    saved: str  # where one goes after saving
    first: int = 0  # the number of the first page
    parties: tuple[str, str] = ("party_a_org", "party_b_org")


ADDRESSES = {
    "portal": Addresses(
        list="/agreements/list/",
        page="/agreements/list/?page={}",
        filter="/agreements/list/?status={}",
        search="/agreements/list/?q={}",
        record="/agreements/show/{}",
        form="/agreements/add",
        mark='data-id="{}"',
        saved="/agreements/show/",
        parties=("party_a_org_id", "party_b_org_id"),
    ),
    "bare": Addresses(
        list="/list",
        page="/list?page={}",
        filter="/list?status={}",
        search="/list?q={}",
        record="/show/{}",
        form="/add",
        mark='href="/show/{}"',
        saved="/list",
    ),
    "flask_appbuilder": Addresses(
        list="/agreementview/list/",
        page="/agreementview/list/?page_AgreementView={}",
        filter="/agreementview/list/?_flt_3_status={}",
        search="/agreementview/list/?_flt_2_title={}",
        record="/agreementview/show/{}",
        form="/agreementview/add",
        mark="/agreementview/show/{}",
        saved="/",
    ),
    "flask_admin": Addresses(
        list="/agreement/",
        page="/agreement/?page={}",
        filter="/agreement/?flt0_status_equals={}",
        search="/agreement/?search={}",
        record="/agreement/details/?id={}",
        form="/agreement/new/",
        mark="/agreement/details/?id={}&",
        saved="/agreement/",
    ),
    "starlette_admin": Addresses(
        list="/admin/agreement/list",
        page="/admin/agreement/list?page={}",
        filter="/admin/agreement/list?filter=status__eq%3D{}",
        search="/admin/agreement/list?q={}",
        record="/admin/agreement/detail?pk={}",
        form="/admin/agreement/create",
        mark='data-sa-pk="{}"',
        saved="/admin/agreement/list",
        first=1,
    ),
}


def asks(side: str, engine: Engine, page: int) -> dict[str, Ask]:
    """Of one side, whose database it is; `page` is the far one, from nought."""
    at, title, status = ADDRESSES[side], AGREEMENT.c.title, AGREEMENT.c.status
    newest, far = records(engine), records(engine, page * PAGE_SIZE)

    def listed(path: str, found: list[Row[Any]]) -> Ask:
        """Known by the first and the last of its records."""
        return Ask(path, tuple(at.mark.format(each.id) for each in (found[0], found[-1])))

    return {
        "list": listed(at.list, newest),
        "filter": listed(at.filter.format(STATUS), records(engine, 0, status == STATUS)),
        "far page": listed(at.page.format(page + at.first), far),
        "search": listed(at.search.format(quote(SEARCHED)), records(engine, 0, title.contains(SEARCHED))),
        "search without hits": Ask(at.search.format(quote(NEVER)), lacks=(at.mark.format(newest[0].id),)),
        "record": Ask(at.record.format(far[0].id), (far[0].title,)),
        "form": Ask(at.form, (f'name="{at.parties[0]}"', f'name="{at.parties[1]}"')),
        "save": Ask(at.form, (at.saved,), forms(engine, at.parties)),
    }


def records(engine: Engine, offset: int = 0, *where: Any) -> list[Row[Any]]:
    """A page of them, newest first."""
    query = select(AGREEMENT).where(*where).order_by(AGREEMENT.c.id.desc()).limit(PAGE_SIZE).offset(offset)
    with engine.connect() as connection:
        return list(connection.execute(query))


def count(engine: Engine, *where: Any) -> int:
    with engine.connect() as connection:
        return connection.scalar(select(func.count()).select_from(AGREEMENT).where(*where)) or 0


def forms(engine: Engine, parties: tuple[str, str]) -> Iterator[dict[str, Any]]:
    """Agreements between ever other parties, who had none at that time."""
    org, unit_org = table("party_org", column("id"), column("community_id")), table("unit_org", column("party_org_id"))
    own = select(unit_org.c.party_org_id).distinct().order_by(unit_org.c.party_org_id)
    theirs = select(org.c.id).where(org.c.community_id.is_not(None)).order_by(org.c.id)
    with engine.connect() as connection:
        pairs = zip(cycle(connection.scalars(own).all()), cycle(connection.scalars(theirs).all()), strict=False)
    for n, (a, b) in enumerate(pairs):
        yield {
            "agreement_type": "1",
            **dict(zip(parties, (a, b), strict=True)),
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
            "publish_scope": "internal",
        }
