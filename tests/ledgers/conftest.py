"""A filled form of an agreement that is right, for tests to make wrong."""

from __future__ import annotations

from typing import Any

import pytest


@pytest.fixture
def org(rows: Any) -> Any:
    """`org("区委宣传部")` is the id of that unit's own Party organisation; of a community likewise."""

    def find(name: str) -> str:
        direct = rows(
            "SELECT party_org.id FROM party_org JOIN unit_org ON unit_org.party_org_id = party_org.id "
            f"JOIN unit ON unit.id = unit_org.unit_id WHERE unit.full_name = '{name}' ORDER BY party_org.sort_no"
        )
        community = rows(
            "SELECT party_org.id FROM party_org JOIN area ON area.id = party_org.community_id "
            f"WHERE area.name = '{name}'"
        )
        return str((direct or community)[0][0])

    return find


@pytest.fixture
def agreement(org: Any) -> dict[str, Any]:
    """What filler01 types for a new agreement; one row in each table."""
    return {
        "agreement_type": "1",
        "party_a_org_id": org("区纪委监委机关"),
        "party_b_org_id": org("冬至镇芙蓉里社区"),
        "title": "",
        "signed_on": "2026-06-01",
        "effective_from": "2026-06-01",
        "effective_to": "2027-05-31",
        "renew_mode": "remind",
        "coop_modes": ["1", "3"],
        "content": "每季度会商一次。",
        "plan_activity_cnt": "4",
        "a_contact": "王演晨",
        "a_phone": "022-00000001",
        "b_contact": "李示宁",
        "b_phone": "022-00000002",
        "office_no": "共建〔2026〕9号",
        "copies": "3",
        "filing_no": "备〔2026〕9号",
        "filed_on": "2026-06-02",
        "remark": "演示",
        **row("demand_items", 0, name="楼道照明维修", category="08", status="open"),
        **row("resource_items", 0, name="会议室", category="2", status="free"),
        **row(
            "coop_items",
            0,
            name="照明改造",
            category="08",
            lead_org_id=org("区纪委监委机关"),
            due_on="2026-12-31",
            status="not_started",
            demand_ids="new-0",
            resource_ids="new-0",
        ),
    }


def row(table: str, n: int, **cells: str) -> dict[str, str]:
    return {f"{table}-{n}-id": f"new-{n}", **{f"{table}-{n}-{name}": text for name, text in cells.items()}}
