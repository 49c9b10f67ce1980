"""Every column and every row of a workbook is accounted for (`docs/domain/workbooks.md`)."""

from __future__ import annotations

import pytest
from openpyxl import Workbook, load_workbook

from portal.accounts.security_manager import act_as
from portal.core.access import scope
from portal.core.declaration.ledger import mounted
from portal.core.spreadsheet.columns.mapping import vocabulary
from portal.core.spreadsheet.importer.importer import Options, find_layout, take
from portal.core.spreadsheet.reader.headings import words_of
from portal.core.spreadsheet.reader.month_rule import day_of, month_of
from portal.core.spreadsheet.reader.workbook import Unreadable, read
from portal.extensions import db

pytestmark = pytest.mark.one_database
HEAD = ["小组名称", "所在单位", "成立时间", "组长", "备注"]


def book(path, *pages, hidden=()):
    """A workbook of pages: (name, rows, merged areas)."""
    made = Workbook()
    made.remove(made.active)
    for name, rows, *merged in pages:
        page = made.create_sheet(name)
        for row in rows:
            page.append(row)
        for area in merged:
            page.merge_cells(area)
        if name in hidden:
            page.sheet_state = "hidden"
    made.save(path / "a.xlsx")
    return path / "a.xlsx"


@pytest.fixture
def bring(app, built):
    """`bring("study_groups", path)` takes a workbook as the office's reviewer would, and stores nothing."""

    def run(name, path, **options):
        with app.test_request_context(method="POST"), scope.acting_as(act_as("reviewer")):
            ledger = next(each for each in mounted() if each.name == name)
            found = find_layout(ledger, read(path, path.name), Options(**options))
            outcome = take(ledger, found, path.name, True, lambda *_: None)
            db.session.rollback()
        built.dirty = True
        told = outcome.as_json()
        assert told["rows"] == told["accepted"] + len(told["rejected"]) + len(told["skipped"])
        assert told["rows"] == sum(sheet["rows"] for sheet in told["sheets"] if sheet["taken"])
        return told

    return run


def hows(told):
    return {column["header"]: (column["field"], column["how"]) for column in told["columns"]}


def group(name, *more):
    return [name, "区民政局", "2024-03-01", "王演晨", *more]


def test_headings_that_stand_elsewhere_begin_a_further_table_and_words_for_other_cells_are_faults(bring, tmp_path):
    more = [*HEAD[:4], "状态"]
    rows = [
        *(more, group("甲换", "运行中"), ["共 12 项"], ["2025年3月31日"], group("共创", "运行中")),
        ["乙换", "区民政局", "2024-03-01", "同左", "运行中"],
        *([], [*more[:3], "状态", "组长"], ["丙换", "区民政局", "2024-03-01", "运行中", "王演晨"]),
    ]
    told = bring("study_groups", book(tmp_path, ("表", rows)))
    assert ([skip["row"] for skip in told["skipped"]], told["new"]) == ([3, 4], 3)
    assert [(fault["row"], fault["column"]) for fault in told["rejected"]] == [(6, "组长")]
    assert [sheet["rows"] for sheet in told["sheets"]] == [5, 1]
    again = [more, group("甲换", "运行中"), [*more[:2], "成立日期", *more[3:]], group("乙换", "运行中")]
    assert bring("study_groups", book(tmp_path, ("表", again)))["new"] == 2


def test_the_two_ends_of_a_term_stand_under_one_heading(bring, tmp_path):
    top = ["甲方", None, "乙方社区", "签订日期", "协议期限", None]
    under = ["单位", "联系人", None, None, "起", "止"]
    row = ["区民政局", "王演晨", "立春街道海棠里社区", "2025-03-01", "2025-03-01", "2028-02-28"]
    merged = ("A1:B1", "C1:C2", "D1:D2", "E1:F1")
    told = bring("agreements", book(tmp_path, ("表", [top, under, row], *merged)))
    assert hows(told)["止"] == ("effective_to", "known")
    assert told["new"] == 1


def test_a_heading_of_another_role_or_meaning_is_no_column_of_the_ledger(bring, tmp_path):
    """Neither a word inside it nor its cells make it one; what might be one is not taken without a yes."""
    head = [
        "帮扶人",
        "所在单位",
        "帮扶人联系电话",
        "联系电话",
        "帮扶对象",
        "对象类型",
        "所在社区",
        "出生日期",
        "家属电话",
    ]
    rest = ["联系电话（家属）", "结对日期", "主要帮扶措施情况", "帮扶措施", "具体需求情况"]
    row = ["王演晨", "区民政局", "15400000001", "15400000002", "赵某甲", "困难群众", "立春街道海棠里", "1950-01-02"]
    rest_of_row = ["15400000003", "15400000004", "2025-03-01", "陪诊", "生活照料", "就医"]
    path = book(tmp_path, ("a", [[*head, *rest], [*row, *rest_of_row]]))
    told = bring("pairings", path)
    found = hows(told)
    assert found["帮扶人"] == ("helper_member_id", "known")
    assert found["联系电话"] == ("beneficiary_id.phone_enc", "guessed")
    for heading in ("帮扶人联系电话", "出生日期", "家属电话"):
        assert found[heading] == ("", "left out"), heading
    left_out = [column["header"] for column in told["columns"] if column["cells"] and not column["taken"]]
    assert {"帮扶人联系电话", "联系电话", "出生日期", "家属电话", "联系电话（家属）"} <= {*left_out}
    accepted = hows(bring("pairings", path, guesses=True))
    assert accepted["联系电话"] == ("beneficiary_id.phone_enc", "guessed")
    assert accepted["出生日期"] == ("", "left out")


def test_a_phone_belongs_to_whom_the_columns_before_it_name(bring, tmp_path):
    """The second column for a field is said, and one that belongs to nobody is only guessed."""
    head = ["甲方", "联系人", "职务", "联系电话", "乙方", "联系人", "联系电话", "甲方联系人电话", "签订日期"]
    told = bring("agreements", book(tmp_path, ("a", [head, ["区民政局", *["x"] * 7, "2024-01-01"]])))
    fields = [(column["field"], column["how"]) for column in told["columns"]]
    assert fields[3] == ("a_phone", "known")
    assert fields[5:7] == [("b_contact", "known"), ("b_phone", "known")]
    assert fields[7] == ("", "left out")
    assert told["columns"][7]["why"]
    head = ["签订日期", "联系电话", "甲方", "乙方"]
    told = bring("agreements", book(tmp_path, ("a", [head, ["2024-01-01", "022-00000001", "x", "x"]])))
    assert hows(told)["联系电话"] == ("a_phone", "guessed")
    head = ["甲方", "乙方", "所属街镇", "联系人", "签约时间", "电话"]
    told = bring("agreements", book(tmp_path, ("a", [head, ["x", "x", "x", "x", "2024-01-01", "022-00000001"]])))
    assert hows(told)["联系人"] == ("b_contact", "known")
    assert hows(told)["电话"] == ("b_phone", "guessed")
    head = ["甲方", "乙方", "签约时间", "联系人", "电话"]
    told = bring("agreements", book(tmp_path, ("a", [head, ["x", "x", "2024-01-01", "x", "022-00000001"]])))
    assert hows(told)["联系人"] == ("b_contact", "guessed")
    assert hows(told)["电话"] == ("b_phone", "guessed")


def test_every_row_is_taken_rejected_or_skipped_with_the_reason(bring, tmp_path):
    """Totals and signatures are cells that are such words, not names that begin with one."""
    rows = [
        ["青年理论学习小组台账"],
        ["序号", *HEAD],
        ["一、区直机关"],
        [1, *group("注册小组", "说明：补录")],
        [2, *group("说明会筹备小组")],
        [],
        ["小　计", "2个"],
        [None, "区民政局小计", None, None, 2],
        ["序号", *HEAD],
        [3, "总计划推进小组", "同上", "〃", "同上", "〞"],
        [4, "只有名称"],
        [5],
        ["合　计：", "3个"],
        ["填表人：", "王演晨", None, "审核人", "李示宁", "2026年1月6日"],
        ["备注：以上数据截至年底。"],
        ["1.本表一式两份。"],
        ["序号", "需求名称", "类别", "联系人"],
        [1, "需求甲", "其他", "王演晨"],
    ]
    told = bring("study_groups", book(tmp_path, ("a", rows, "A1:F1", "A3:F3")))
    assert told["accepted"] == 3, told["rejected"]
    assert [remark["row"] for remark in told["rejected"]] == [11]
    assert [skip["row"] for skip in told["skipped"]] == [3, 7, 8, 9, 12, 13, 14, 15, 16, 17, 18]
    assert all(skip["why"] for skip in told["skipped"])


def test_a_mark_for_as_above_needs_something_above(bring, tmp_path):
    told = bring("study_groups", book(tmp_path, ("a", [HEAD, group("甲小组", "同上"), group("乙小组", "同上")])))
    assert [(remark["row"], remark["column"]) for remark in told["rejected"]] == [(2, "备注")]


def test_all_visible_sheets_are_taken_and_named_and_hidden_ones_only_when_asked(bring, tmp_path):
    """Each has its own headings; the same row in two sheets is said with both places."""
    other = ["负责人", "单位", "小组名称", "组建日期"]
    pages = (
        ("说明", [["填报说明"], ["请逐项填写"]]),
        ("一季度", [HEAD, group("甲小组"), group("乙小组")]),
        ("二季度", [["二季度"], other, ["王演晨", "区民政局", "丙小组", "2024-03-01"]]),
        ("三季度", [HEAD, group("甲小组")]),
        ("旧稿", [HEAD, group("旧小组")]),
    )
    path = book(tmp_path, *pages, hidden=("旧稿",))
    told = bring("study_groups", path)
    assert [(each["name"], each["hidden"], each["rows"], each["taken"]) for each in told["sheets"]] == [
        ("说明", False, 2, False),
        ("一季度", False, 2, True),
        ("二季度", False, 1, True),
        ("三季度", False, 1, True),
        ("旧稿", True, 1, False),
    ]
    assert told["accepted"] == 3
    [remark] = told["rejected"]
    assert (remark["sheet"], remark["row"]) == ("三季度", 2)
    assert "一季度" in remark["why"]
    assert bring("study_groups", path, hidden=True)["accepted"] == 4
    assert bring("study_groups", path, sheets=("旧稿",))["accepted"] == 1
    with pytest.raises(Unreadable, match="一季度"):
        bring("study_groups", path, sheets=("四季度",))


def test_hidden_rows_and_columns_are_said_and_not_taken_unless_asked(bring, tmp_path):
    made = Workbook()
    for row in (HEAD, group("甲小组", "密"), group("乙小组", "密")):
        made.active.append(row)
    made.active.row_dimensions[3].hidden = True
    made.active.column_dimensions["E"].hidden = True
    made.save(tmp_path / "a.xlsx")
    told = bring("study_groups", tmp_path / "a.xlsx")
    assert (told["accepted"], [skip["row"] for skip in told["skipped"]]) == (1, [3])
    assert hows(told)["备注"] == ("", "left out")
    told = bring("study_groups", tmp_path / "a.xlsx", hidden=True)
    assert (told["accepted"], hows(told)["备注"]) == (2, ("remark", "known"))


def test_three_rows_of_headings_and_titles_of_groups_are_read(bring, tmp_path):
    """A category alone above its rows is theirs, where the ledger fills it in once."""
    rows = [
        ["序号", "项目信息", None, None, None, "责任"],
        [None, "基本", None, "时间", None, "单位"],
        [None, "类别", "名称", "立项时间", "完成时限", "责任单位"],
        [None, "我为群众办实事"],
        [1, None, "加装扶手", "2025-01-06", "2025-12-31", "区民政局"],
        [2, "〃", "便民服务站", "2025-01-06", "2025-12-31", "〃"],
    ]
    told = bring("service_projects", book(tmp_path, ("a", rows, "B1:E1", "B2:C2", "D2:E2", "A1:A3")))
    assert (told["accepted"], told["rejected"]) == (2, [])
    assert hows(told)["名称"] == ("title", "known")


def test_months_are_rejected_until_a_rule_says_which_day_is_meant(bring, tmp_path):
    rows = [HEAD, *(group(name) for name in ("甲小组", "乙小组", "丙小组"))]
    for row, text in zip(rows[1:], ("2024年3月", "2024-03", "2024.1"), strict=True):
        row[2] = text
    path = book(tmp_path, ("a", rows))
    assert [remark["column"] for remark in bring("study_groups", path)["rejected"]] == ["成立时间"] * 3
    # 2024.1 can be what a number left of 2024.10.
    told = bring("study_groups", path, month_days={"": "last"})
    assert (told["accepted"], [remark["row"] for remark in told["rejected"]]) == (2, [4])
    assert (day_of((2024, 2), "last"), month_of("2024.1", written=True)) == ("2024-02-29", (2024, 1))


def test_the_offices_common_wordings_are_known(app, built):
    wordings = {
        "agreements": {"甲方联系人电话": "a_phone", "乙方联络员联系电话": "b_phone", "协议截止日期": "effective_to"},
        "pairings": {"帮扶党员姓名": "helper_member_id", "帮扶对象联系电话": "beneficiary_id.phone_enc"},
        "study_groups": {"小组负责人": "leader_id", "2025年学习次数": "reported_session_cnt"},
        "service_projects": {
            "完成比例": "project_progress.percent",
            "完成进度%": "project_progress.percent",
            "涉及街镇": "area_id",
        },
    }
    with app.test_request_context():
        for ledger in mounted():
            words = vocabulary(ledger) if ledger.sheet.words else {}
            for heading, field in wordings.get(ledger.name, {}).items():
                assert [words[word] for word in words_of(heading, ()) if word in words][:1] == [[field]], heading


def test_a_further_table_in_a_sheet_is_taken_where_it_fits_and_else_named_with_its_ledger(bring, tmp_path):
    groups = [["青年理论学习小组台账"], HEAD, group("上表一组"), group("上表二组")]
    turned = ["序号", "所在单位", "小组名称", "组长", "成立时间"]
    second = [["二、新成立小组"], turned, [1, "区民政局", "下表一组", "", "2024-05-01"], ["合计", 1]]
    told = bring("study_groups", book(tmp_path, ("台账", [*groups, [], *second])))
    assert (told["new"], len(told["sheets"])) == (3, 2), told
    assert [sheet["rows"] for sheet in told["sheets"]] == [2, 2]
    # The wider table below fits the ledger better: the rows above it are not lost.
    turned_first = [turned[1:3], ["区民政局", "窄表一组"], [], *groups[1:]]
    told = bring("study_groups", book(tmp_path, ("台账", turned_first)))
    assert told["new"] == 3, told
    projects = [["服务项目"], ["项目名称", "所在单位", "服务对象", "服务内容"], ["修路", "区民政局", "居民", "铺路"]]
    told = bring("study_groups", book(tmp_path, ("台账", [*groups, [], *projects])))
    assert (told["new"], told["sheets"][0]["taken"]) == (2, True)
    assert "服务项目" in told["skipped"][-1]["why"], told["skipped"]


def test_headings_that_nobody_knows_end_the_table_above_them(bring, tmp_path):
    rows = [HEAD, group("上表一组"), [], ["物资发放"], ["物资名称", "领用单位", "经手时间", "经手人"]]
    goods = [["纸张", "一科", "上午", "老李"], ["笔", "二科", "下午", "老赵"]]
    told = bring("study_groups", book(tmp_path, ("台账", [*rows, *goods])))
    assert (told["new"], told["rejected"], [each["row"] for each in told["skipped"]]) == (1, [], [4, 5, 6, 7]), told


def test_a_blank_far_from_the_table_is_nothing_and_a_text_there_is_named(bring, tmp_path):
    for place in ("XFD1048576", "IW2", "E900000"):
        path = book(tmp_path, ("台账", [HEAD, group("远处")]))
        made = load_workbook(path)
        made.active[place] = " \u3000\xa0"
        made.save(path)
        assert bring("study_groups", path)["new"] == 1, place
    made.active["XFD3"] = "附注"
    made.save(path)
    with pytest.raises(Unreadable, match="XFD3"):
        bring("study_groups", path)


def test_of_two_columns_for_one_field_the_heading_that_names_it_more_exactly_is_taken(bring, tmp_path):
    top = ["甲方", None, "乙方", "签订日期"]
    under = ["单位", "党组织", "党组织", None]
    row = ["区民政局", "区民政局机关党委", "立春街道海棠里社区", "2025-03-01"]
    told = bring("agreements", book(tmp_path, ("表", [top, under, row], "A1:B1", "D1:D2")))
    unit, org = told["columns"][:2]
    assert (unit["taken"], org["field"], org["how"]) == (False, "party_a_org_id", "known")
    assert "B" in unit["why"]


def test_the_heading_of_a_group_over_another_group_says_whose_a_name_is(bring, tmp_path):
    """联络人 over 甲方 over 姓名 is the contact of 甲方, not 甲方."""
    top = ["共建双方", None, "签订日期", "联络人", None, None, None]
    middle = ["甲方", "乙方", None, "甲方", None, "乙方", None]
    under = [None, None, None, "姓名", "电话", "姓名", "电话"]
    row = ["区民政局机关党委", "立春街道海棠里社区", "2025-03-01", "张三", "022-66300001", "李四", "022-66300002"]
    areas = ("A1:B1", "A2:A3", "B2:B3", "C1:C3", "D1:G1", "D2:E2", "F2:G2")
    told = bring("agreements", book(tmp_path, ("表", [top, middle, under, row], *areas)))
    fields = ["party_a_org_id", "party_b_org_id", "signed_on", "a_contact", "a_phone", "b_contact", "b_phone"]
    assert [column["field"] for column in told["columns"]] == fields
    assert (told["rows"], told["new"]) == (1, 1)


def test_a_title_of_a_group_may_be_numbered_in_the_column_of_the_numbers(bring, tmp_path):
    rows = [["序号", *HEAD], ["一", "区直机关"], [1, *group("甲题")], ["（二）", "街道", None, None, None, 3]]
    told = bring("study_groups", book(tmp_path, ("表", [*rows, [2, *group("乙题")]])))
    assert ([skip["row"] for skip in told["skipped"]], told["new"], told["rejected"]) == ([2, 4], 2, [])
    rows = [["序号", *HEAD], ["一", *group("丙题")], ["二", "丁题"]]
    told = bring("study_groups", book(tmp_path, ("表", rows)))
    assert (told["skipped"], told["new"], len(told["rejected"])) == ([], 1, 1)


def test_a_summary_with_numbers_of_groups_is_no_sheet_of_groups(bring, tmp_path):
    summary = [["序号", "单位", "小组数", "成员数"], [1, "区民政局", 2, 16]]
    told = bring("study_groups", book(tmp_path, ("明细", [HEAD, group("甲汇")]), ("汇总", summary)), guesses=True)
    assert [sheet["taken"] for sheet in told["sheets"]] == [True, False]
    assert (told["rows"], told["new"]) == (1, 1)


def test_numbers_before_headings_only_count_them(bring, tmp_path):
    for counted in ("{}.{}", "（{}）{}", "{}、{}"):
        head = [counted.format(n, text) for n, text in enumerate(HEAD, start=1)]
        told = bring("study_groups", book(tmp_path, ("表", [head, group("甲数")])))
        assert [column["field"] for column in told["columns"]][:4] == ["name", "unit_id", "founded_on", "leader_id"]
        assert told["new"] == 1


def test_lines_below_a_table_are_none_of_its_rows_and_names_that_look_like_them_are(bring, tmp_path):
    lines = ["————以下空白————", "以下无正文", "打印时间：2026-06-01 10:00", "第1页 共1页", "※ 注：带*的为必填项"]
    lines += ["单位（公章）", "以上数据截至2026年6月30日", "小组总数：1个"]
    names = ["打印小组", "第1页小组", "总数研究小组", "以下小组", "以上小组"]
    rows = [
        HEAD,
        *[group(name) for name in names],
        *[[line] for line in lines],
        ["总数", "1"],
        ["制表单位：区民政局", "2026年6月"],
    ]
    told = bring("study_groups", book(tmp_path, ("表", rows)))
    assert (told["new"], told["rejected"]) == (len(names), [])
    assert len(told["skipped"]) == len(lines) + 2


def test_a_number_in_the_place_of_a_name_is_nobody_and_nothing(bring, tmp_path):
    """Forms post ids of the database; a sheet that says 2 means something else."""
    rows = [HEAD, ["甲码", "2", "2024-03-01", "王演晨"], ["乙码", "区民政局", "2024-03-01", "3"]]
    told = bring("study_groups", book(tmp_path, ("表", rows)))
    assert [(fault["row"], fault["column"]) for fault in told["rejected"]] == [(2, "所在单位"), (3, "组长")]
    head = ["走访日期", "走访类型", "走访单位", "走访人", "走访社区", "主要情况"]
    row = ["2026-03-01", "四个走遍", "区民政局", "王演晨、4", "5", "情况平稳"]
    [fault] = bring("visits", book(tmp_path, ("表", [head, row])))["rejected"]
    assert {fault["column"], *(each["column"] for each in fault["also"])} >= {"走访人", "走访社区"}


@pytest.mark.parametrize(
    "numbers", [("甲", "乙", "1", "2"), ("1", "2", "3", "4"), ("（1）", "（2）", "（3）", ""), ("栏次", "1", "2", "3")]
)
def test_numbers_of_the_columns_below_the_headings_are_none_of_the_rows(bring, tmp_path, numbers):
    groups = [[name, "区委宣传部", "2025-03-01", 3] for name in ("甲乙学习小组", "二三学习小组")]
    rows = [["小组名称", "所在单位", "成立时间", "成员数"], list(numbers), *groups]
    told = bring("study_groups", book(tmp_path, ("表", rows)))
    assert told["new"] == 2
    assert [each["row"] for each in told["skipped"]] == [2]
