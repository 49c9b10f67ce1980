"""Who reads the trail without a right to read the records: who, when and which fields, and nothing of a record."""

from __future__ import annotations

import io
import re

import openpyxl
import pytest

from portal.core.declaration.ledger import mounted
from portal.core.views.history import record_history
from tests.core.api.conftest import Rest
from tests.ledgers.test_files import PDF, bring
from tests.security.walk import first, of

HIDDEN = "******"
NUMBER = re.compile(r"#\d+")
CHANGE = re.compile(r".+: (\*{6} → \*{6}|— → —)")


@pytest.fixture
def told_of(app, rows):
    """The ledgers with lines in the trail that the audit administrator may not read."""
    with app.app_context():
        names = {ledger.name for ledger in mounted()} - {"audit_events"}
    found = sorted(names & {name for (name,) in rows("SELECT DISTINCT ledger FROM audit_event")})
    assert {"agreements", "members", "beneficiaries", "service_projects", "units"} <= set(found)
    return found


def told(visitor, ledger):
    """The lines of a ledger as the list, REST and the sheet tell them: (subject, reason, changes)."""
    query = f"ledger={ledger}&page_size=100"
    page = visitor.look(f"/audit_events/list/?{query}")
    assert page.ids()
    for row in page.select("tr[data-id]"):
        title, reason = (
            row.select_one(f'[data-label="{name}"]').get_text(strip=True) for name in ("Subject", "Reason")
        )
        yield title, reason.replace("—", ""), ""
    program = Rest(visitor)
    names = "title,reason,changes,ledger"
    _, answer = program.get("audit_events/", ledger=ledger, page_size="100", columns=names)
    for values, texts in zip(answer["result"], answer["texts"], strict=True):
        yield values["title"], values["reason"] or "", ""
        yield texts["title"], texts["reason"], ""
    for id_ in answer["ids"][:3]:
        _, one = program.get(f"audit_events/{id_}")
        yield one["texts"]["title"], one["texts"]["reason"], one["texts"]["changes"]
        yield one["result"]["title"], one["result"]["reason"] or "", ""
    with visitor.client.get(f"/audit_events/export?ledger={ledger}") as sent:
        sheet = openpyxl.load_workbook(io.BytesIO(sent.data)).active
    heads = [cell.value for cell in sheet[3]]
    places = [heads.index(name) for name in ("Subject", "Reason", "What changed")]
    for row in sheet.iter_rows(min_row=4, values_only=True):
        if str(row[0] or "").isdecimal():
            yield tuple(row[place] or "" for place in places)


@pytest.mark.slow
@pytest.mark.one_database
def test_whoever_audits_without_reading_learns_which_fields_and_nothing_of_any_record(visit, told_of):
    visitor = visit("auditadmin")
    for ledger in told_of:
        changes = ""
        for title, reason, what in told(visitor, ledger):
            assert NUMBER.fullmatch(title) or title in ("", "—"), f"{ledger}: {title}"
            assert reason in ("", HIDDEN), f"{ledger}: {reason}"
            changes += what
            assert all(CHANGE.fullmatch(line) for line in what.splitlines()), f"{ledger}: {what}"
        assert changes


@pytest.mark.parametrize("account", ["auditor", "admin"])
def test_whoever_reads_the_records_too_is_told_all(visit, rows, account):
    title = rows("SELECT title FROM audit_event WHERE ledger = 'agreements' AND title <> '' LIMIT 1")[0][0]
    found = list(told(visit(account), "agreements"))
    assert title in {each for each, _, _ in found}
    assert any("→" in what and HIDDEN not in what for _, _, what in found)


def show(visitor, id_):
    page = visitor.look(f"/audit_events/show/{id_}")
    return [page.one(f'[data-field="{name}"] dd').get_text(strip=True) for name in ("title", "reason", "changes")]


def newest(rows, condition):
    return rows(f"SELECT id FROM audit_event WHERE {condition} ORDER BY id DESC LIMIT 1")[0][0]


def test_the_reason_of_a_move_is_not_told(visit, rows):
    id_ = of(rows, 1, "pending_unit")
    visit("secretary01").post(f"/agreements/{id_}/move/return", field="title", reason="标题写错了，请改正")
    line = newest(rows, "ledger = 'agreements' AND reason IS NOT NULL")
    assert "标题写错了" in show(visit("auditor"), line)[1]
    assert show(visit("auditadmin"), line)[:2] == [f"#{id_}", HIDDEN]


def test_who_looked_at_personal_data_what_for_is_told_and_not_at_whom(visit, rows):
    """Acceptance test 11."""
    id_ = first(rows, "beneficiary", "phone_enc IS NOT NULL")
    visit("reviewer").post(f"/beneficiaries/{id_}/reveal/phone_enc", purpose="visit")
    line = newest(rows, "action = 'reveal'")
    title, reason, what = show(visit("auditadmin"), line)
    assert title == f"#{id_}"
    assert what.endswith(": — → —")
    assert reason not in ("", "—", HIDDEN)


def test_what_a_sheet_was_asked_by_is_not_told_and_its_digest_is(visit, rows):
    visit("reviewer").client.get("/agreements/export?status=draft").close()
    line = newest(rows, "action = 'export'")
    assert "Status: — → Draft" in show(visit("auditor"), line)[2]
    what = show(visit("auditadmin"), line)[2]
    assert "Status: ****** → ******" in what
    assert "SHA-256: — → " in what


def test_a_file_is_told_by_its_number_alone(visit, rows):
    id_ = of(rows, 1, "draft")
    assert bring(visit("filler01"), id_, "attachments", ("与张家社区的协议.pdf", PDF)).status == 302
    line = newest(rows, "ledger = 'attachment'")
    assert show(visit("auditor"), line)[0].startswith("Attachments #")
    assert NUMBER.fullmatch(show(visit("auditadmin"), line)[0])


def test_lines_about_accounts_and_rights_are_told_in_full(visit, rows):
    role = first(rows, "ab_role", "name = 'unit_filler'")
    typed = visit("secadmin").look(f"/roles/edit/{role}").filled("form[data-guard]") | {"agreements-delete": None}
    visit("secadmin").post(f"/roles/edit/{role}", typed)
    assert "共建协议" in show(visit("auditadmin"), newest(rows, "action = 'grant'"))[0]


def test_neither_order_nor_filter_tells_what_is_withheld(app, visit, rows):
    for name in ("title", "reason"):
        assert visit("auditadmin").look(f"/audit_events/list/?order={name}").status == 400
    with app.app_context():
        told_in_full = str(record_history.readable().compile(compile_kwargs={"literal_binds": True}))
    assert "'ab_user'" in told_in_full
    assert "'agreements'" not in told_in_full  # nobody is signed in
