"""What a sheet says in words of its own where a ledger has a list is kept and flagged, not refused, when records are
taken over as they are."""

from __future__ import annotations

import pytest

from portal.accounts.security_manager import act_as
from portal.core.access import scope
from portal.core.declaration.ledger import mounted
from portal.core.fields import Code, PersonalCodes
from portal.core.spreadsheet.importer.importer import find_layout, take
from portal.core.spreadsheet.reader.workbook import read
from portal.extensions import db
from portal.org.codes import codes
from portal.org.encrypted import Sealed
from tests.core.spreadsheet import sheets

pytestmark = pytest.mark.one_database
# By ledger: the sheet's columns and a row in words that no list has, and what is kept: (field, value, field, words).
SHEETS = {
    "agreements": (
        {
            "甲方党组织": "区司法局",
            "乙方社区党组织": "立春街道玉兰里社区",
            "签订日期": "2024-02-03",
            "有效期至": "2027-02-02",
            "协议类型": "结对联建",
            "共建方式": "组织共建",
            "甲方联络员": "王演晨",
        },
        [("agreement_type", "9", "remark", "协议类型：结对联建")],
    ),
    "service_projects": (
        {
            "项目名称": "测试征集",
            "类别": "我为群众办实事",
            "征集来源": "群众来信",
            "街镇": "立春街道",
            "责任单位": "区民政局",
            "责任人": "王演晨",
            "立项日期": "2025-01-03",
            "完成时限": "2025-12-31",
        },
        [("origin", "9", "remark", "征集来源：群众来信")],
    ),
    "beneficiaries": (
        {
            "姓名": "演示甲",
            "帮扶单位": "区司法局",
            "所在社区": "立春街道玉兰里社区",
            "对象类型": "低保户",
            "困难类别": "低保对象、尿毒症",
            "主要需求": "就业、通下水",
            "备注": "独居",
        },
        [
            ("hardship_types", "01,99", "hardship_note", "困难类别：尿毒症"),
            ("target_type", "9", "remark", "独居；对象类型：低保户；主要需求：通下水"),
            ("need_types", ("06", "99"), "remark", "独居；对象类型：低保户；主要需求：通下水"),
        ],
    ),
}


def plain(value):
    return value.reveal() if isinstance(value, Sealed) else value


@pytest.fixture
def adopt(app, built, tmp_path):
    """`adopt(ledger, cells)` takes one row over: (what is said, the record's values by name)."""

    def run(name, cells, fields):
        built.dirty = True
        path = sheets.book(tmp_path / f"{name}.xlsx", [[*cells], [*cells.values()]])
        with app.test_request_context(method="POST"), scope.acting_as(act_as("reviewer")):
            ledger = next(each for each in mounted() if each.name == name)
            told = take(ledger, find_layout(ledger, read(path, path.name)), path.name, True, lambda *_: None).as_json()
            record = db.session.scalars(db.select(ledger.model).order_by(ledger.model.id.desc()).limit(1)).one()
            values = {each: plain(getattr(record, each)) for each in (*fields, "gaps")}
            db.session.commit()
        return told, values

    return run


def test_words_that_no_list_has_are_kept_beside_the_choice_for_everything_else_and_flagged(adopt, rows):
    for name, (cells, kept) in SHEETS.items():
        fields = [each for field, _, words, _ in kept for each in (field, words)]
        told, values = adopt(name, cells, fields)
        assert (told["new"], told["rejected"]) == (1, []), (name, told["rejected"])
        for field, value, words, text in kept:
            assert (values[field], values[words]) == (value, text), name
            assert field in values["gaps"], name
        flagged = {each["column"] for each in told["flagged"]}
        assert {head for head in cells if any(f"{head}：" in text for *_, text in kept)} <= flagged, name
        again, same = adopt(name, cells, fields)
        assert (again["unchanged"], again["changed"], same) == (1, 0, values), name
    assert not [row for row in rows("SELECT * FROM beneficiary") if "尿毒症" in str(row)]
    assert not [row for row in rows("SELECT * FROM audit_event") if "尿毒症" in str(row)]


def test_a_plain_other_is_an_answer(adopt):
    cells, _ = SHEETS["service_projects"]
    told, values = adopt("service_projects", cells | {"项目名称": "另一测试", "征集来源": "其他"}, ["origin", "remark"])
    assert (told["new"], values["origin"], values["remark"]) == (1, "9", None)
    assert "origin" not in values["gaps"]


def test_every_list_with_a_choice_for_everything_else_keeps_other_words(app):
    """Where records are taken over; of entries and rows there is nowhere to flag it."""
    refused = []
    with app.test_request_context(), scope.acting_as(act_as("reviewer")):
        for ledger in (each for each in mounted() if each.transition("adopt") is not None):
            for name, declared in ledger.entered.items():
                kind = declared.kind
                lists = kind.code_lists() if isinstance(kind, Code | PersonalCodes) else ()
                if any("其他" in codes(each).labels.values() for each in lists) and kind.other is None:
                    refused.append((ledger.name, name))
    assert refused == []
