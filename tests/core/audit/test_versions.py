"""What a record was: told from the lines of its trail, field by field and row by row."""

from __future__ import annotations

import copy
import random

import pytest
from sqlalchemy import select

from portal.core.access import scope
from portal.core.audit.versions import present, versions
from portal.extensions import db
from portal.ledgers.cobuilding import agreements
from portal.ledgers.cobuilding.model import Agreement, CoopItem, DemandItem
from tests.security.walk import first, of
from tests.visitor import meant


@pytest.fixture
def agreement(app, rows, change):
    """A draft with three needs, acted on by the portal itself."""
    id_ = of(rows, 1, "draft")
    change("SELECT 1")
    with app.test_request_context(), scope.unscoped("the test changes as it likes"):
        yield db.session.scalars(select(Agreement).where(Agreement.id == id_)).one()
        db.session.rollback()


def shuffled(record, dice):
    """Remove, add, change and reorder needs and projects as a form would: positions from 0 on."""
    record.demand_items = reordered(record.demand_items, DemandItem, dice)
    record.coop_items = reordered(record.coop_items, CoopItem, dice)
    for item in record.coop_items:
        item.demands = [row for row in record.demand_items if dice.random() < 0.5]
    record.content = dice.choice((None, "甲", "乙"))


def reordered(before, model, dice):
    rows = [row for row in before if dice.random() > 0.25]
    if dice.random() < 0.4:
        dice.shuffle(rows)
    for row in rows:
        if dice.random() < 0.3:
            row.status = dice.choice(("open", "planned", "done"))
    for _ in range(dice.randrange(3)):
        rows.insert(dice.randrange(len(rows) + 1), model(name=f"新{dice.randrange(10**6)}", status="open"))
    for n, row in enumerate(rows):
        row.position = n
    return rows


@pytest.mark.one_database
@pytest.mark.parametrize("seed", range(12))
def test_every_version_is_told_as_it_was(agreement, seed):
    dice, kept = random.Random(seed), [present(agreements, agreement)]
    for _ in range(6):
        shuffled(agreement, dice)
        db.session.commit()
        now = present(agreements, agreement)
        if now != kept[-1]:
            kept.append(copy.deepcopy(now))
    told = [version for _, version in versions(agreements, agreement)]
    assert told[: len(kept)] == kept[::-1]


def test_an_amendment_tells_which_rows_it_changed(visit, rows):
    id_ = first(rows, "agreement", "status = 'active' AND owner_unit_id = 1 AND amends_id IS NULL")
    visit("filler01").post(f"/agreements/{id_}/move/amend", reason="扩大为党建联盟。")
    draft = rows("SELECT max(id) FROM agreement")[0][0]
    typed = visit("filler01").look(f"/agreements/edit/{draft}").filled()
    a, b = meant(typed["party_a_org_id"]), meant(typed["party_b_org_id"])
    typed |= {"agreement_type": "3", "agreement_parties-posted": "1"}
    for n, (org, role) in enumerate(((a, "lead"), (b, "member"))):
        typed |= {f"agreement_parties-{n}-{name}": text for name, text in (("id", ""), ("org_id", org), ("role", role))}
    visit("filler01").post(f"/agreements/edit/{draft}", typed)
    visit("filler01").post(f"/agreements/{draft}/move/submit")
    visit("secretary01").post(f"/agreements/{draft}/move/approve")
    visit("reviewer").post(f"/agreements/{draft}/move/approve_committee", filing_no="", filed_on="")
    found = rows(f"SELECT org_id, role FROM agreement_party WHERE agreement_id = {id_} ORDER BY position")
    assert found == [(int(a), "lead"), (int(b), "member")]
    page = visit("auditor").speak("en").look(f"/agreements/{id_}/versions")
    changed = " ".join(row.get_text(" ", strip=True) for row in page.select("[data-changed]"))
    assert "Alliance member 1 – Role" in changed
    assert "Alliance member 2 – Role" in changed


def test_rows_taken_out_of_a_form_are_told(visit, rows):
    id_, visitor = of(rows, 1, "draft"), visit("filler01")
    typed = visitor.look(f"/agreements/edit/{id_}").filled()
    shown = visitor.post(f"/agreements/edit/{id_}", typed | {"_rows": "demand_items:remove:0"})
    visitor.post(f"/agreements/edit/{id_}", shown.filled())
    page = visitor.look(f"/agreements/{id_}/history")
    gone = typed["demand_items-0-name"]
    assert gone in [cell.get_text() for cell in page.select("[data-event] td:nth-child(2)")]
    page = visitor.look(f"/agreements/{id_}/versions")
    texts = [
        [cell.get_text(strip=True) for cell in row.find_all("td")[1:]] for row in page.select("[data-versions] tr")
    ]
    assert [gone, typed["demand_items-1-name"]] in texts


def test_a_personal_field_is_told_as_changed_and_not_shown(visit, rows):
    member = first(rows, "member", "unit_id = (SELECT id FROM unit WHERE sort_no = 1)")
    visitor = visit("filler01")
    typed = visitor.look(f"/members/edit/{member}").filled()
    visitor.post(f"/members/edit/{member}", typed | {"mobile": "13812345678"})
    page = visitor.look(f"/members/{member}/versions")
    assert [row.find_all("td")[1].get_text() for row in page.select("[data-changed]")] == ["******"]
    assert "5678" not in page.words


def test_versions_can_be_chosen_and_stand_in_order_of_time(visit, rows):
    id_, visitor = of(rows, 1, "draft"), visit("filler01")
    for text in ("第一稿的内容", "第二稿的内容", "第三稿的内容"):
        typed = visitor.look(f"/agreements/edit/{id_}").filled()
        visitor.post(f"/agreements/edit/{id_}", typed | {"content": text})
    lines = [
        line
        for (line,) in rows(
            f"SELECT id FROM audit_event WHERE ledger = 'agreements' AND record_id = {id_} ORDER BY id DESC LIMIT 3"
        )
    ]
    page = visitor.look(f"/agreements/{id_}/versions?left={lines[0]}&right={lines[2]}")
    (row,) = page.select("[data-changed]")
    assert [cell.get_text() for cell in row.find_all("td")[1:]] == ["第一稿的内容", "第三稿的内容"]
    assert visitor.look(f"/agreements/{id_}/versions?left=x").status == 404


def test_strangers_and_the_other_party_see_no_versions(visit, rows):
    id_ = of(rows, 1, "active")
    assert visit("filler02").look(f"/agreements/{id_}/versions").status == 404
    assert visit("town01").look(f"/agreements/{id_}/versions").status == 403
    assert visit("auditor").look(f"/agreements/{id_}/versions").status == 200
