"""Cells mean what the unit and the other cells of their column tell; what is not taken as it stands is said."""

from __future__ import annotations

import re
from decimal import Decimal

import pytest
from openpyxl import Workbook

from portal.accounts.security_manager import act_as
from portal.core.access import scope
from portal.core.declaration.ledger import mounted
from portal.core.fields import Text
from portal.core.spreadsheet.importer.importer import Options, find_layout, take
from portal.core.spreadsheet.reader.headings import without_brackets
from portal.core.spreadsheet.reader.workbook import read
from portal.extensions import db

pytestmark = pytest.mark.one_database
HEAD = ["项目名称", "类别", "征集来源", "街镇", "责任单位", "责任人", "立项日期", "完成时限", "进度", "办理状态"]
PROJECT = ["党建+我为群众办实事", "街镇", "立春街道", "区民政局", "王演晨", "2025-01-03", "2025-12-31", "50%", "在办"]
IN_TENS_OF_THOUSANDS = [
    *("经费（万元）", "经费 万元", "经费(万)", "投入资金/万元", "经费：万元", "经费［万元］", "经费〔万元〕"),
    "经费【万元】",
    *("经费万元", "经费（单位：万元）", "所需经费\n（万元）", "經費（萬元）"),
]


def project(number, *more, **cells):
    known = dict(zip(HEAD, [f"测算{number}", *PROJECT], strict=True)) | cells
    return [*(known[head] for head in HEAD), *more]


@pytest.fixture
def bring(app, built, tmp_path):
    """`bring(rows, column)` adopts projects: ({title: value of a column}, what is said); stores nothing."""

    def run(rows, column, merged=()):
        made = Workbook()
        for row in rows:
            made.active.append(row)
        for area in merged:
            made.active.merge_cells(area)
        path = tmp_path / "a.xlsx"
        made.save(path)
        with app.test_request_context(method="POST"), scope.acting_as(act_as("reviewer")):
            ledger = next(each for each in mounted() if each.name == "service_projects")
            found = find_layout(ledger, read(path, path.name), Options())
            told = take(ledger, found, path.name, True, lambda *_: None).as_json()
            query = db.select(ledger.model.title, getattr(ledger.model, column))
            values = dict(tuple(row) for row in db.session.execute(query.where(ledger.model.title.like("测算%"))))
            db.session.rollback()
        built.dirty = True
        return values, told

    return run


@pytest.mark.slow
def test_amounts_are_in_the_unit_of_their_heading_of_the_group_above_or_of_the_sheet(bring):
    cells = (3, "3万元", "￥30,000元", "￥3")
    for heading in IN_TENS_OF_THOUSANDS:
        rows = [project(n, cell) for n, cell in enumerate(cells)]
        values, told = bring([[*HEAD, heading], *rows], "budget")
        assert [*values.values()] == [Decimal(30_000)] * 4, (heading, told["columns"][-1])
    for above in (["单位：万元"], ["填报单位：区民政局", None, "金额单位：万元"], ["服务项目台账（万元）"]):
        values, _ = bring([["台账"], above, [*HEAD, "经费", "受益人数"], project(1, 3, 3)], "budget")
        assert values == {"测算1": Decimal(30_000)}
    below = [[*HEAD, "经费"], project(1, 3), ["注：金额单位：千元"]]
    assert bring(below, "budget")[0] == {"测算1": Decimal(3_000)}
    group = [[*HEAD, "资金（万元）", None], [*[None] * 10, "经费", "备注"], project(1, 3, "x")]
    merged = ("K1:L1", *(f"{letter}1:{letter}2" for letter in "ABCDEFGHIJ"))
    assert bring(group, "budget", merged)[0] == {"测算1": Decimal(30_000)}


def test_what_is_counted_in_something_else_is_refused_and_a_word_for_nothing_is_said(bring):
    rows = [project(n, cell) for n, cell in enumerate((3, "300户", "12人次", "约30人", "无"))]
    values, told = bring([[*HEAD, "受益人数（万人）"], *rows], "benefit_cnt")
    assert values == {"测算0": 30_000, "测算2": 12, "测算4": 0}
    assert [fault["row"] for fault in told["rejected"]] == [3, 5]
    assert [flag["row"] for flag in told["flagged"] if flag["column"].startswith("受益")] == [6]
    values, told = bring([[*HEAD, "受益人数（户）", "经费（美元）"], project(1, 3, 3)], "benefit_cnt")
    assert values == {"测算1": None}
    assert [column["how"] for column in told["columns"][-2:]] == ["guessed", "guessed"]


def test_a_ratio_among_percentages_and_what_is_rounded_is_said(bring):
    cells = [1, 50, 0.5, "33.3333333333%", "80%", 100]
    values, told = bring([HEAD, *(project(n, 进度=cell) for n, cell in enumerate(cells))], "progress")
    assert [float(values[f"测算{n}"]) for n in range(6)] == [100, 50, 50, 33.33, 80, 100]
    assert [flag["row"] for flag in told["flagged"] if flag["column"] == "进度"] == [2, 4, 5]


def test_names_and_telephones_kept_as_texts_have_one_form_in_every_ledger(app):
    """By form, sheet and program, since their kind decides."""
    words = "联系人|联络员|负责人|责任人|书记|领导|指导员|主讲|发言人|姓名|验收人|电话"
    plain = []
    with app.test_request_context(headers={"Accept-Language": "zh-Hans"}):
        for ledger in (each for each in mounted() if each.name != "audit_events"):
            fields = [ledger.entered, *(ledger.rows_fields(table) for table in ledger.form.tables)]
            for name, declared in (item for each in fields for item in each.items()):
                label = without_brackets(str(declared.label))
                if type(declared.kind) is Text and re.search(words, label):
                    plain.append((ledger.name, name, label))
    assert plain == []
