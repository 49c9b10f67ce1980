"""The templates that units fill in: checks of cells, drop-down lists and the version, over every ledger with sheets."""

from __future__ import annotations

import io

import pytest
from flask_babel import force_locale
from openpyxl import load_workbook

from portal.accounts.security_manager import act_as
from portal.core.access import scope
from portal.core.declaration.ledger import mounted
from portal.core.fields import Codes, Day, Link, Money, Percent, PersonalCodes, PersonalMoney, Whole
from portal.core.spreadsheet.columns import guide, template_version
from portal.core.spreadsheet.columns.child_tables import tables_of
from portal.core.spreadsheet.exporter.template import HEADS, template
from portal.core.spreadsheet.importer.importer import find_layout, take
from portal.core.spreadsheet.reader.workbook import Unreadable, read
from portal.extensions import db
from portal.org import codes

pytestmark = pytest.mark.one_database
WHO = {"units": "admin", "party_orgs": "admin", "areas": "admin", "code_lists": "admin"}


@pytest.fixture
def acting(app):
    """Act as the account that brings sheets of a ledger, in Chinese."""

    def as_(name, username=""):
        ledger = next(each for each in mounted() if each.name == name)
        codes.load(ledger.all_code_lists)
        return ledger, scope.acting_as(act_as(username or WHO.get(name, "reviewer")))

    with app.test_request_context(method="POST"), force_locale("zh_Hans"):
        yield as_


def made(ledger):
    with template(ledger) as book:
        return load_workbook(io.BytesIO(book.read()))


def checks(sheet):
    """The check of each column, by its heading."""
    heads = {cell.column_letter: str(cell.value).rstrip("*") for cell in sheet[HEADS + 1]}
    return {
        heads[str(rule.sqref).partition(":")[0].rstrip("0123456789")]: rule
        for rule in sheet.data_validations.dataValidation
    }


def choices_of(book, rule):
    sheet, cells = next(iter(book.defined_names[rule.formula1].destinations))
    return [row[0].value for row in book[sheet][cells.replace("$", "")]]


def expected(kind):
    """What a spreadsheet calls the check of a cell of this kind."""
    if isinstance(kind, Day):
        return "date"
    if isinstance(kind, Whole):
        return "whole"
    if isinstance(kind, Money | Percent | PersonalMoney):
        return "decimal"
    return "list" if kind.options() is not None or isinstance(kind, Link | Codes | PersonalCodes) else ""


def test_every_column_of_every_template_is_checked_as_its_kind_is(app, acting):
    with app.app_context():
        names = [ledger.name for ledger in mounted() if ledger.sheet.words]
    assert len(names) > 10
    for name in names:
        ledger, acts = acting(name)
        with acts:
            book = made(ledger)
            assert book[book.sheetnames[-1]].sheet_state == "veryHidden", name
            parts = [(book.worksheets[0], guide.asked(ledger))]
            parts += [(book[str(table.label)[:31]], ledger.rows_fields(table)) for table in tables_of(ledger)]
            for sheet, fields in parts:
                found = checks(sheet)
                for field in fields.values():
                    rule = found[str(field.label)]
                    kind = expected(field.kind)
                    if not (isinstance(field.kind, Link) and not field.kind.entry().choices):
                        assert (rule.type or "") == kind, (name, sheet.title, str(field.label))
                    if rule.type == "list":
                        assert choices_of(book, rule) == list(field.kind.entry().choices), (name, str(field.label))
                    assert len(rule.prompt or "") <= 255


FIRST = ""  # the first of the choices
TYPED = {
    "agreements": {"甲方办公电话": "022-00000001", "甲方联络员": "王演晨", "签订日期": "2026.6.1"},
    "beneficiaries": {"姓名": "演示人甲"},
    "visits": {"走访日期": "2026-06-01", "主要情况": "情况平稳", "走访对象（帮扶对象）": FIRST},
    "study_groups": {"小组名称": "演示青年理论学习第九小组", "成立日期": "2026-06-01"},
    "service_projects": {
        "项目名称": "演示便民项目九",
        "服务对象": "居民",
        "责任人": "王演晨",
        "征集日期": "2026-06-01",
    },
    "members": {"姓名": "演晨晨"},
    "areas": {"名称": "演示第九社区"},
}
# Choices that hang on each other: the unit and what belongs to it.
TOGETHER = {"甲方单位（党组织）", "填报单位", "单位", "党组织", "所在党支部", "上级区域", "类别"}


def fill(ledger, book, typed, fields):
    """The first choice of every column that must be filled in, and what is typed."""
    sheet, found = book.worksheets[0], checks(book.worksheets[0])
    columns = {str(cell.value).rstrip("*"): cell.column for cell in sheet[HEADS + 1]}
    for label, field in fields.items():
        if label in typed:
            text = typed[label] or choices_of(book, found[label])[0]
            sheet.cell(HEADS + 2, columns[label], text)
        elif found[label].type == "list" and field.required and label not in TOGETHER:
            sheet.cell(HEADS + 2, columns[label], choices_of(book, found[label])[0])
    return columns


def test_a_template_filled_in_with_its_own_choices_is_taken(acting, tmp_path, rows):
    [(unit, org)] = rows(
        "SELECT u.full_name, o.full_name FROM unit u JOIN unit_org p ON p.unit_id = u.id "
        "JOIN party_org o ON o.id = p.party_org_id WHERE u.sort_no = 1 ORDER BY o.sort_no LIMIT 1"
    )
    [(town,)] = rows("SELECT name FROM area WHERE kind = 'town' ORDER BY sort_no LIMIT 1")
    same = {
        "填报单位": unit,
        "单位": unit,
        "党组织": org,
        "所在党支部": org,
        "上级区域": town,
        "甲方单位（党组织）": org,
    }
    for name, typed in TYPED.items():
        ledger, acts = acting(name)
        with acts:
            book, fields = made(ledger), {str(field.label): field for field in guide.asked(ledger).values()}
            kinds = {"类别": "社区"} if name == "areas" else {}
            given = {label: text for label, text in {**same, **kinds, **typed}.items() if label in fields}
            fill(ledger, book, given, fields)
            path = tmp_path / f"{name}.xlsx"
            book.save(path)
            outcome = take(ledger, find_layout(ledger, read(path, path.name)), path.name, False, lambda _n, _all: None)
            db.session.rollback()
        assert (outcome.counts["new"], outcome.rejected) == (1, []), (name, outcome.rejected)
        assert outcome.template == {"ledger": name, "version": outcome.template["version"], "old": False}, name
        assert "字典" not in [each["name"] for each in outcome.sheets] or name == "code_lists"


def test_an_older_template_is_taken_and_what_differs_is_said(acting, tmp_path):
    """A column is gone, one is new and one is renamed to a word that is known."""
    ledger, acts = acting("agreements")
    with acts:
        book = made(ledger)
        sheet, mark = book.worksheets[0], template_version.mark(ledger)
        older = mark[:-8] + "0" * 8
        sheet["A2"].value = str(sheet["A2"].value).replace(mark, older)
        book[book.sheetnames[-1]]["A1"].value = older
        book["需求清单"]["A2"].value = older
        for name in ("资源清单", "项目清单", "联盟成员"):
            book[name]["A2"].value = older
        cells = {str(cell.value).rstrip("*"): cell for cell in sheet[HEADS + 1]}
        cells["正本份数"].value, cells["甲方联络员"].value = "用印日期", "单位联络员"
        next(cell for cell in book["需求清单"][HEADS + 1] if cell.value == "受益范围").value = "惠及人群"
        path = tmp_path / "old.xlsx"
        book.save(path)
        found = find_layout(ledger, read(path, path.name)).template
    assert (found["old"], found["version"]) == (True, "0" * 8)
    assert found["new"] == ["正本份数", "需求清单: 受益范围"]
    assert found["gone"] == ["用印日期", "需求清单: 惠及人群"]
    assert "正本份数" in found["why"]
    assert "用印日期" in found["why"]


def test_a_template_of_another_ledger_is_refused_by_name(acting, tmp_path):
    ledger, acts = acting("pairings")
    with acts:
        book = made(ledger)
        del book["结对关系"]["A2"]  # the hidden sheet still says what it is
        path = tmp_path / "other.xlsx"
        book.save(path)
        other, _ = acting("visits")
        with pytest.raises(Unreadable, match="这是“结对关系”的模板"):
            find_layout(other, read(path, path.name))


def test_an_older_template_is_said_on_the_page(visit):
    visitor = visit("filler01").speak("zh_Hans")
    response = visitor.client.get("/agreements/template.xlsx")
    book = load_workbook(io.BytesIO(response.get_data()))
    response.close()
    book.worksheets[0]["A2"].value = "template:agreements:ffffffff"
    book.worksheets[0].cell(HEADS + 2, 2, "旧-1")
    out = io.BytesIO()
    book.save(out)
    visitor.look("/agreements/import")
    answer = visitor.post("/agreements/import", {"file": (io.BytesIO(out.getvalue()), "旧.xlsx")})
    page = visitor.look(str(answer.response.location))
    assert [each["data-template"] for each in page.select("[data-template]")] == ["ffffffff"], page.words[:500]
