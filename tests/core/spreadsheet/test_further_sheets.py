"""Sheets of the newer ledgers as still other offices keep them: the same rows otherwise laid out, and other habits."""

from __future__ import annotations

import csv
import json
import random
from contextlib import nullcontext
from datetime import date, datetime

import pytest
from openpyxl import Workbook, load_workbook
from openpyxl.cell.cell import MergedCell
from sqlalchemy import select

from portal.accounts.security_manager import act_as
from portal.core.access import scope
from portal.core.declaration.ledger import mounted
from portal.core.fields import BadValue, parse_day
from portal.core.spreadsheet.importer.importer import find_layout, take
from portal.core.spreadsheet.reader.workbook import read
from portal.extensions import db
from portal.ledgers.assistance.model import Beneficiary
from tests.core.spreadsheet import sheets
from tests.security.walk import unchanged
from translations.traditional import to_traditional as traditional

EVERY = {
    name: expected
    for name, expected in json.loads((sheets.DATA / "expected.json").read_text("utf-8")).items()
    if expected["ledger"] != "agreements"
}
HEADS = {"pairings": 2, "study_groups": 1, "service_projects": 3}  # row of the headings, from 0
STORED = {
    "pairings": (
        "SELECT p.helper_name, p.start_on, p.measures, p.visit_freq, p.status, b.target_type, b.called, u.full_name, "
        "a.name FROM pairing p JOIN beneficiary b ON b.id = p.beneficiary_id JOIN unit u ON u.id = p.owner_unit_id "
        "LEFT JOIN area a ON a.id = b.community_id WHERE p.source = 'import'"
    ),
    "study_groups": (
        "SELECT g.name, u.full_name, g.founded_on, g.leader_name, g.liaison_name, g.reported_member_cnt, "
        "g.reported_session_cnt, g.status FROM study_group g JOIN unit u ON u.id = g.unit_id "
        "WHERE g.source = 'import'"
    ),
    "service_projects": (
        "SELECT s.title, s.series, s.origin, a.name, u.full_name, s.owner_name, s.approved_on, s.due_on, s.progress, "
        "s.status FROM service_project s JOIN unit u ON u.id = s.lead_unit_id LEFT JOIN area a ON a.id = s.area_id "
        "WHERE s.source = 'import'"
    ),
}
OTHER_WORDS = {
    "帮扶人": "帮扶责任人",
    "帮扶对象": "结对对象 姓名",
    "对象类型": "人员类别",
    "所在社区": "居住社区",
    "联系电话": "对象联系电话：",
    "结对日期": "结对 时间",
    "走访频次": "频次（要求）",
    "小组名称": "学习小组名称",
    "所在单位": "所属单位",
    "成立时间": "组建日期",
    "组长": "组长姓名",
    "成员数": "小组人数（人）",
    "本期学习次数": "学习活动次数",
    "类别": "活动类别",
    "征集来源": "项目来源",
    "征集地区": "所属街镇",
    "责任单位": "牵头单位",
    "责任人": "具体负责人",
    "立项日期": "立项时间",
    "完成时限": "计划完成时间",
    "进度": "完成进度%",
    "进展情况": "办理情况",
    "状态": "项目状态",
    "满意度": "群众满意度",
}


@pytest.fixture
def bring(app, built, rows):
    """`bring(ledger, path)` adopts a sheet as the office's reviewer, `bring(ledger, path, "filler01", adopt=False)`
    takes it as that filler's drafts; answers the outcome and what is stored then."""

    def run(name, path, username="reviewer", *, adopt=True):
        with app.test_request_context(method="POST"), scope.acting_as(act_as(username)):
            ledger = next(each for each in mounted() if each.name == name)
            outcome = take(ledger, find_layout(ledger, read(path, path.name)), path.name, adopt, lambda *_: None)
            db.session.commit()
        built.dirty = True
        # The mark of somebody's name counts on in one portal.
        stored = [tuple(str(value).split(" B-")[0] for value in row) for row in rows(STORED[name])]
        return outcome, sorted(stored)

    return run


def flat(name):
    """(headings, rows) of a sample, as texts; what is merged stands in the first cell only."""
    [sheet] = read(sheets.DATA / name, name)
    head = HEADS[EVERY[name]["ledger"]]
    width = len(sheet.rows[head])
    return sheet.rows[head], [[*row, *[""] * width][:width] for row in sheet.rows[head + 1 :]]


def book(path, *parts, merged=()):
    made = Workbook()
    for row in (row for part in parts for row in part):
        made.active.append(row)
    for area in merged:
        made.active.merge_cells(area)
    made.save(path / "a.xlsx")
    return path / "a.xlsx"


def shuffled(path, head, body):
    order = list(range(len(head)))
    random.Random(7).shuffle(order)
    return book(path, [["台账"]], [[row[n] for n in order] for row in [head, *body]])


def other_words(path, head, body):
    return book(path, [[OTHER_WORDS.get(text, text) for text in head]], body)


def in_traditional(path, head, body):
    return book(path, [["說明"], [traditional(text) for text in head]], body)


def csv_of_windows(path, head, body):
    with (path / "a.csv").open("w", encoding="gb18030", newline="") as out:
        csv.writer(out).writerows([head, *body])
    return path / "a.csv"


def tabbed(path, head, body):
    with (path / "a.txt").open("w", encoding="utf-8", newline="") as out:
        csv.writer(out, delimiter="\t").writerows([head, *body])
    return path / "a.txt"


def scattered(path, head, body):
    """Blank rows between, the headings again on the next page."""
    spread = [row for each in body for row in (each, [])]
    return book(path, [["台账"], head], spread[:24], [head], spread[24:])


def of_a_spreadsheet(path, head, body):
    """Days, numbers and ratios as the program keeps them, not as texts."""
    return book(path, [head], [[kept(text, title) for text, title in zip(row, head, strict=True)] for row in body])


def kept(text, title):
    if title in {"结对日期", "成立时间", "立项日期", "完成时限"}:
        try:
            day = parse_day(text)
        except BadValue:
            return text
        return [datetime(day.year, day.month, day.day, 10, 30), day, (day - date(1899, 12, 30)).days][day.day % 3]
    if title == "进度" and text.endswith("%"):
        return float(text[:-1]) / 100 if float(text[:-1]) <= 100 else text
    return int(text) if text.isdecimal() else text


def below_a_cover(path, head, body):
    made = Workbook()
    for row in [["填表说明"], ["序号", "单位", "备注"], [1, "区民政局", ""]]:
        made.active.append(row)
    page = made.create_sheet("台账")
    for row in [["填报单位：区级机关工委", None, "填报日期：2026年1月6日"], head, *body]:
        page.append(row)
    made.save(path / "a.xlsx")
    return path / "a.xlsx"


VARIANTS = (
    *(shuffled, other_words, in_traditional, csv_of_windows, tabbed, scattered, of_a_spreadsheet),
    below_a_cover,
)


@pytest.mark.slow
@pytest.mark.one_database
@pytest.mark.parametrize("variant", VARIANTS, ids=lambda variant: variant.__name__)
@pytest.mark.parametrize("name", EVERY, ids=[expected["ledger"] for expected in EVERY.values()])
def test_the_same_rows_otherwise_laid_out_say_the_same(bring, built, tmp_path, name, variant):
    expected = EVERY[name]
    _, as_it_is = bring(expected["ledger"], sheets.DATA / name)
    built.restore()
    outcome, stored = bring(expected["ledger"], variant(tmp_path, *flat(name)))
    assert (outcome.accepted, len(outcome.rejected)) == (expected["accepted"], len(expected["rejected"]))
    assert stored == as_it_is


def whys(outcome):
    return [(remark.row, remark.column) for remark in outcome.rejected]


def test_helper_and_helped_stand_under_headings_of_their_own(bring, tmp_path):
    """Both have a name and a phone; a town tells communities of one name apart; a signature is no row."""
    path = book(
        tmp_path,
        [["2025年党员结对帮扶情况统计表"]],
        [["填报单位：区民政局（盖章）", *[None] * 8, "填报日期：2026.1.6"]],
        [["序号", "帮扶责任人", *[None] * 2, "帮扶对象", *[None] * 5, "结对时间", "帮扶措施", "走访频次", "备注"]],
        [[None, *("姓名", "工作单位", "联系电话", "姓名", "身份证号", "类别", "街镇", "社区", "联系电话")]],
        [[1, "王演晨", "区发展改革委", "022-12345678", "赵某甲", "110101199003070038", "困难群众", "立春街道"]],
        [[2, "李示宁", "区教体局", None, "孙某乙", None, "困难党员", "雨水街道", "雨水街道玉兰里社区"]],
        [[], [3, None, None, None, "钱某丙", None, "社区老党员", "雨水街道", "丁香里社区", "１５４００００ ０１０３"]],
        [["合计", "3人", None, None, "3户"], [None, "单位负责人：甲", None, None, "填表人：乙"]],
        merged=("B3:D3", "E3:J3", "B6:B8", "C6:C8", "M6:M8"),
    )
    complete(path, {5: ["海棠里社区", 15400000101, date(2025, 3, 1), "生活照料、就医陪诊", "每月一次"]}, 9)
    complete(path, {6: ["154-0000-0102", "2025年3月1号", "精神慰藉", "每年4次"]}, 10)
    complete(path, {8: [datetime(2025, 3, 2, 10, 30), "代买代办"]}, 11)
    outcome, stored = bring("pairings", path)
    assert (outcome.accepted, whys(outcome)) == (3, [])
    assert [(row[0], row[1], row[3], row[6], row[7], row[8]) for row in stored] == [
        ("李示宁", "2025-03-01", "quarter", "孙*", "区教育体育局", "雨水街道玉兰里社区"),
        ("李示宁", "2025-03-02", "quarter", "钱*", "区教育体育局", "雨水街道丁香里社区"),
        ("王演晨", "2025-03-01", "month", "赵*", "区发展和改革委员会", "立春街道海棠里社区"),
    ]


def complete(path, found, left):
    """Write further cells of rows, from column `left` (from 1) on; merged ones say what the first says."""
    made = load_workbook(path)
    for row, values in found.items():
        for n, value in enumerate(values):
            cell = made.active.cell(row, left + n)
            if not isinstance(cell, MergedCell):
                cell.value = value
    made.save(path)


def test_numbers_of_persons_and_accounts_are_no_numbers_of_records(bring, tmp_path, rows):
    path = book(
        tmp_path,
        [["帮扶人", "帮扶人单位", "帮扶人电话", "困难群众姓名", "人员类别", "居住社区", "帮扶日期", "帮扶内容"]],
        [["王演晨", "区发展改革委", "15400000001", "赵某甲", "困难群众", "立春街道海棠里", 45717, "生活照料"]],
        [["李示宁", "区教体局", "15400000002", "赵某乙", "困难党员", "立春街道海棠里", 45717, "生活照料"]],
        [["李示宁", "区教体局", "15400000002", "赵某丙", "困难党员", "立春街道海棠里", 45717, "送米面油"]],
    )
    complete(path, {1: ["银行卡号", "身份证", "是否结束"]}, 9)
    complete(path, {2: ["6222020200112233445", "11010119900307003X", "否"]}, 9)
    complete(path, {3: ["6222020200112233446", "11010119900307004X", "是"]}, 9)
    complete(path, {4: ["6222020200112233447", "11010119900307005X", "否"]}, 9)
    outcome, stored = bring("pairings", path)
    assert (outcome.accepted, whys(outcome)) == (3, [])
    assert (4, "帮扶内容") in {(flag.row, flag.column) for flag in outcome.flagged}
    assert rows("SELECT measures FROM pairing WHERE measures_note LIKE '%%送米面油'") == [(",99,",)]
    assert {row[4] for row in stored} == {"active", "terminated"}
    assert rows("SELECT count(*) FROM pairing WHERE source = 'import' AND office_no IS NOT NULL") == [(0,)]


def test_groups_come_with_counted_people_and_wide_digits(bring, tmp_path):
    path = book(
        tmp_path,
        [["青年理论学习小组统计表"]],
        [["序号", "小组基本情况", None, None, "组长", None, "联络员", None, "小组\n人数", "2025年\n学习次数"]],
        [[None, "名称", "所属单位", "成立时间", "姓名", "职务", "姓名", "联系电话"]],
        [[1, "先锋", "区教体局", "２０２１．０３．０５", "王演晨", "科长", "李示宁", "15400000001", "8人", 12]],
        [[2, "攻坚", "区教体局", 44260, "王演晨", "科长", "李示宁", "15400000002", "１２", "10次"]],
        [[3, "突击", "区科技局", "2021年3月", "王演晨", "科长", "李示宁", "15400000003", 6, "10次"]],
        merged=("B2:D2", "E2:F2", "G2:H2", "I2:I3", "J2:J3"),
    )
    outcome, stored = bring("study_groups", path)
    assert (outcome.accepted, whys(outcome)) == (2, [(6, "成立时间")])
    assert sorted((row[0][-2:], *row[1:7]) for row in stored) == [
        ("先锋", "区教育体育局", "2021-03-05", "王演晨", "李示宁", "8", "12"),
        ("攻坚", "区教育体育局", "2021-03-05", "王演晨", "李示宁", "12", "10"),
    ]


def test_projects_come_with_merged_categories_and_progress_as_ratio_or_text(bring, tmp_path):
    path = book(
        tmp_path,
        [["2025年服务项目清单"], ["填报单位：区级机关工委", *[None] * 4, "填报日期：2026年1月6日"]],
        [["序号", "项目类别", "项目基本情况", None, None, "责任落实", None, None, "时间安排", None, "完成情况"]],
        [[None, None, "名称", "来源", "街镇", "牵头单位", "负责人", "联系电话", "立项时间", "完成期限", "完成进度"]],
        [[1, "我为群众办实事", "加装扶手", "街镇", "立春街道", "区住房建设委", "王演晨", "15400000001"]],
        [[2, None, "便民服务站", "社区", "雨水街道", "区民政局", "李示宁", "15400000002"]],
        [[None, "小计"]],
        [[3, "我为企业办实事", "用工对接", "企业", "雨水街道", "区人社局", "王演晨", "15400000003"]],
        [[4, None, "政策直通车", "企业", "雨水街道", "区人社局", "王演晨", "15400000004"]],
        [[5, None, "贷款对接", "企业", "雨水街道", "区人社局", "王演晨", "15400000005"]],
        merged=("C3:E3", "F3:H3", "I3:J3", "B5:B6", "A3:A4", "B3:B4", "B8:B10"),
    )
    complete(path, {4: ["工作进展", "是否办结"]}, 12)
    complete(path, {5: [date(2025, 1, 6), "2025.12.31", 0.8, "已完成摸排。", "否"]}, 9)
    complete(path, {6: ["2025年2月3日", "2025年11月30日", "80 %", "已开工。", "否"]}, 9)
    complete(path, {8: ["45700", "20251130", "八成", "在办。", "否"]}, 9)
    complete(path, {9: ["45700", "20251130", 1, "已办完。", "是"]}, 9)
    complete(path, {10: [45700.5, "20251130", 1 / 3, "联系人 110101199003070038", "否"]}, 9)
    outcome, stored = bring("service_projects", path)
    assert (outcome.accepted, whys(outcome)) == (3, [(8, "完成进度"), (10, "工作进展")])
    assert [(row[0], row[1], row[4], row[6], float(row[8]), row[9]) for row in stored] == [
        ("便民服务站", "1", "区民政局", "2025-02-03", 80, "active"),
        ("加装扶手", "1", "区住房和建设委员会", "2025-01-06", 80, "active"),
        ("政策直通车", "3", "区人力资源和社会保障局", "2025-02-12", 100, "done"),
    ]


@pytest.fixture
def helped(app):
    """`helped("active")`: id, name, kind and community of somebody of the first unit's list, as a sheet has them."""

    def find(status):
        with app.test_request_context(), scope.acting_as(act_as("filler01")):
            query = select(Beneficiary).where(Beneficiary.status == status, Beneficiary.target_type == "1")
            found = db.session.scalars(query.order_by(Beneficiary.id)).first()
            return found.id, [found.name_enc.reveal(), "困难群众", found.community.name]

    return find


def pairing_sheet(path, rows, person, address):
    [(unit,)] = rows("SELECT full_name FROM unit WHERE sort_no = 1")
    head = ["帮扶人", "所在单位", "帮扶对象", "对象类型", "所在社区", "家庭住址", "结对日期", "帮扶措施"]
    return book(path, [head], [["王演晨", unit, *person, address, "2026年5月6日", "生活照料"]])


@pytest.mark.parametrize("adopt", [False, True], ids=["drafts", "adopted"])
def test_a_pairing_does_not_rewrite_somebody_who_is_on_the_list(bring, helped, rows, tmp_path, adopt):
    """Whoever sees the address is told that it is another; whoever does not is told that it was left as it is."""
    id_, person = helped("active")
    stored = rows(f"SELECT address_enc, version, updated_at FROM beneficiary WHERE id = {id_}")
    account = "reviewer" if adopt else "filler01"
    with unchanged(rows) if adopt else nullcontext():
        outcome, _ = bring("pairings", pairing_sheet(tmp_path, rows, person, "演示路九号"), account, adopt=adopt)
    assert rows(f"SELECT address_enc, version, updated_at FROM beneficiary WHERE id = {id_}") == stored
    if adopt:
        assert (outcome.accepted, whys(outcome)) == (0, [(2, "帮扶对象")])
    else:
        assert (outcome.accepted, outcome.rejected) == (1, [])
        assert (2, "家庭住址") in [(remark.row, remark.column) for remark in outcome.flagged]


def test_a_pairing_goes_on_completing_a_draft_of_the_own_list(bring, helped, rows, tmp_path):
    id_, person = helped("draft")
    before = rows(f"SELECT address_enc FROM beneficiary WHERE id = {id_}")
    outcome, _ = bring("pairings", pairing_sheet(tmp_path, rows, person, "演示路九号"), "filler01", adopt=False)
    assert outcome.counts == {"new": 1, "changed": 0, "unchanged": 0}
    assert rows(f"SELECT address_enc FROM beneficiary WHERE id = {id_}") != before


@pytest.fixture
def progress_sheet(rows, tmp_path):
    """`progress_sheet(where, "90%")`: a sheet with the progress of such a project of the first unit, and its id."""

    def make(where, progress):
        id_, title, area, unit = rows(
            "SELECT s.id, s.title, a.name, u.full_name FROM service_project s JOIN unit u ON u.id = s.lead_unit_id "
            f"JOIN area a ON a.id = s.area_id WHERE u.sort_no = 1 AND {where} ORDER BY s.id LIMIT 1"
        )[0]
        head = ["项目名称", "征集地区", "责任单位", "进度", "进展情况"]
        return id_, book(tmp_path, [["填报日期：2026年6月20日"], head], [[title, area, unit, progress, "已推进。"]])

    return make


@pytest.mark.parametrize("status", ["draft", "pending_committee", "done", "terminated", "archived"])
def test_a_sheet_adds_no_progress_where_a_page_adds_none(bring, rows, change, progress_sheet, status):
    id_, path = progress_sheet("s.status = 'active'", "90%")
    change(f"UPDATE service_project SET status = '{status}' WHERE id = {id_}")
    with unchanged(rows):
        outcome, _ = bring("service_projects", path, "filler01", adopt=False)
        assert (outcome.accepted, whys(outcome)) == (0, [(3, "进度")])


def test_a_sheet_adds_progress_to_what_is_in_progress(bring, rows, progress_sheet):
    id_, path = progress_sheet("s.status = 'active'", "100%")
    query = f"SELECT percent FROM project_progress WHERE project_id = {id_} AND reported_on = '2026-06-20'"
    for result in ("changed", "unchanged"):
        outcome, _ = bring("service_projects", path, "filler01", adopt=False)
        assert outcome.counts[result] == 1
        assert [int(percent) for (percent,) in rows(query)] == [100]


def test_a_draft_that_a_sheet_brought_follows_the_sheet(bring, rows, progress_sheet):
    _, path = progress_sheet("s.status = 'active'", "100%")
    made = load_workbook(path)
    made.active["A3"] = "新征集的便民项目"
    for share in ("30%", "60%"):
        made.active["D3"] = share
        made.save(path)
        outcome, _ = bring("service_projects", path, "filler01", adopt=False)
        assert whys(outcome) == []
    assert rows("SELECT status, progress FROM service_project ORDER BY id DESC LIMIT 1") == [("draft", 60)]
