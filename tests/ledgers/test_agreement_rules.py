"""Every rule of an agreement (`docs/domain` §2.2.1): posted wrong, it is named at its field, in three languages."""

from __future__ import annotations

import pytest
from flask_babel import force_locale, gettext

from tests.ledgers.conftest import row
from tests.visitor import meant

pytestmark = pytest.mark.one_database

LANGUAGES = ("en", "zh_Hans", "zh_Hant")
LONG = "长" * 501
# What is typed instead; the field that is marked; the message.
WRONG = [
    ({"agreement_type": ""}, "agreement_type", "Please fill this in."),
    ({"agreement_type": "77"}, "agreement_type", "This is not one of the choices: %(choices)s"),
    ({"party_a_org_id": ""}, "party_a_org_id", "Please fill this in."),
    ({"party_a_org_id": "999999"}, "party_a_org_id", "This cannot be chosen here."),
    ({"party_b_org_id": ""}, "party_b_org_id", "Please fill this in."),
    ({"party_b_org_id": "没有的社区"}, "party_b_org_id", "Nothing of this name can be chosen here."),
    ({"title": "字" * 81}, "title", ("At most %(limit)d characters; there are %(count)d.", {"limit": 80, "count": 81})),
    ({"signed_on": "2026-13-45"}, "signed_on", "This is not a date; write it like 2026-06-30."),
    ({"signed_on": "2026-07-01"}, "signed_on", "This day is still to come."),
    ({"signed_on": "", "effective_from": "", "effective_to": ""}, "effective_from", "Please fill this in."),
    ({"effective_from": "不详"}, "effective_from", "This is not a date; write it like 2026-06-30."),
    ({"effective_to": "2026-05-31"}, "effective_to", "The end must lie after the beginning."),
    ({"effective_to": "2026-06-01"}, "effective_to", "The end must lie after the beginning."),
    ({"effective_to": "2031-06-02"}, "effective_to", "A term of at most five years, please."),
    ({"renew_mode": "whatever"}, "renew_mode", "This is not one of the choices: %(choices)s"),
    ({"coop_modes": [""]}, "coop_modes", "Please fill this in."),
    ({"coop_modes": ["1", "99"]}, "coop_modes", "This is not one of the choices: %(choices)s"),
    (
        {"content": LONG},
        "content",
        ("At most %(limit)d characters; there are %(count)d.", {"limit": 500, "count": 501}),
    ),
    ({"content": "联系13912345678"}, "content", "Please do not write mobile numbers in text."),
    ({"content": "证件11010519491231002X"}, "content", "Please do not write ID numbers in text."),
    (
        {"content": "机密★一年"},
        "content",
        "This portal must not hold secrets: text with a secrecy mark is refused.",
    ),
    ({"a_contact": ""}, "a_contact", "Please fill this in."),
    ({"a_contact": "王"}, "a_contact", ("At least %(least)d characters.", {"least": 2})),
    ({"a_phone": ""}, "a_phone", "Please fill this in."),
    ({"a_phone": "12"}, "a_phone", "This is not a phone number; write it like 022-12345678."),
    ({"b_phone": "二三"}, "b_phone", "This is not a phone number; write it like 022-12345678."),
    (
        {"plan_activity_cnt": "51"},
        "plan_activity_cnt",
        ("From %(least)d to %(most)d, please.", {"least": 0, "most": 50}),
    ),
    ({"plan_activity_cnt": "1.5"}, "plan_activity_cnt", "This must be a whole number."),
    ({"plan_activity_cnt": "几"}, "plan_activity_cnt", "This is not a number."),
    ({"copies": "0"}, "copies", ("From %(least)d to %(most)d, please.", {"least": 1, "most": 20})),
    ({"filed_on": "2026-07-01"}, "filed_on", "This day is still to come."),
    ({"demand_items-0-name": ""}, "demand_items-0-name", "Please fill this in."),
    ({"demand_items-0-category": "55"}, "demand_items-0-category", "This is not one of the choices: %(choices)s"),
    ({"demand_items-0-status": "not_possible"}, "demand_items-0-reason", "Please say why it is not possible for now."),
    ({"resource_items-0-category": ""}, "resource_items-0-category", "Please fill this in."),
    ({"coop_items-0-due_on": ""}, "coop_items-0-due_on", "Please fill this in."),
    ({"coop_items-0-lead_org_id": ""}, "coop_items-0-lead_org_id", "Please fill this in."),
    ({"coop_items-0-status": "done"}, "coop_items-0-done_on", "Please say when it was done."),
    ({"coop_items-0-demand_ids": "999"}, "coop_items-0-demand_ids", "This row is no longer there."),
    ({"agreement_type": "3"}, "agreement_type", "Please list the members of the alliance below."),
]


def expected(app, language, message):
    text, values = message if isinstance(message, tuple) else (message, {})
    with app.test_request_context(), force_locale(language):
        return gettext(text, **values)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("typed", "field", "message"), WRONG, ids=[f"{w[1]}={next(iter(w[0].values()))!s:.12}" for w in WRONG]
)
def test_what_is_wrong_is_said_at_its_field_in_three_languages(app, visit, agreement, rows, typed, field, message):
    for language in LANGUAGES:
        answer = visit("filler01").speak(language).post("/agreements/add", agreement | typed | {"_then": "submit"})
        assert answer.status == 200
        wanted, hole, _ = expected(app, language, message).partition("%(choices)s")
        told = answer.errors().get(field)
        assert told == wanted or (hole and told.startswith(wanted))
        sent = {name: text for name, text in (agreement | typed).items() if text not in ("", [""])}
        kept = answer.filled()
        for name, text in sent.items():
            if name == field and field.endswith(("_id", "_ids", "_type", "status", "category", "mode", "modes")):
                continue  # what is no choice cannot stand in a select
            several = isinstance(text, list)
            assert (kept[name][1:] if several and kept[name][0] == "" else meant(kept[name])) == (
                text if several else meant(text)
            ), name
    assert rows("SELECT count(*) FROM agreement WHERE office_no = '共建〔2026〕9号'") == [(0,)]


def test_a_right_agreement_is_saved_whole(visit, agreement, rows):
    answer = visit("filler01").post("/agreements/add", agreement)
    assert answer.status == 302
    number, title, status = rows("SELECT record_no, title, status FROM agreement ORDER BY id DESC LIMIT 1")[0]
    assert (number, status) == (None, "draft")
    assert title == "区纪委监委机关党委与冬至镇芙蓉里社区党委党建共建协议书"
    page = visit("filler01").look(answer.response.location)
    assert page.one('[data-table="coop_items"] [data-field="demand_ids"]').get_text() == "楼道照明维修"


def test_dates_left_empty_follow_the_day_of_signing(visit, agreement, rows):
    visit("filler01").post("/agreements/add", agreement | {"effective_from": "", "effective_to": ""})
    found = rows("SELECT effective_from, effective_to FROM agreement ORDER BY id DESC LIMIT 1")[0]
    assert [str(day) for day in found] == ["2026-06-01", "2029-05-31"]


@pytest.mark.parametrize(
    ("typed", "warning"),
    [
        ({"effective_to": "2030-05-31"}, "The term is longer than three years."),
        ({"effective_from": "2026-05-01"}, "The agreement begins before it was signed: signed afterwards."),
        ({}, "The community is not the one that the unit's office lies in."),
    ],
)
def test_what_is_only_doubtful_is_saved_with_a_warning(visit, agreement, typed, warning):
    visitor = visit("filler01")
    answer = visitor.post("/agreements/add", agreement | typed)
    assert answer.status == 302
    assert warning in visitor.look(answer.response.location).notices("warning")


def in_force(rows, unit):
    return rows(
        "SELECT a.party_a_org_id, a.party_b_org_id, a.effective_from, a.effective_to, a.record_no FROM agreement a "
        f"JOIN unit ON unit.id = a.owner_unit_id WHERE unit.full_name = '{unit}' AND a.status = 'active' LIMIT 1"
    )[0]


def test_overlapping_an_agreement_in_force_is_refused_and_names_it(visit, agreement, rows):
    """Acceptance test 7."""
    a, b, _, to, number = in_force(rows, "区纪委监委机关")
    typed = {
        "party_a_org_id": str(a),
        "party_b_org_id": str(b),
        "effective_from": str(to),
        "effective_to": "2031-01-01",
    }
    answer = visit("filler01").post("/agreements/add", agreement | typed)
    assert answer.errors()["effective_to"] == f"The term overlaps with agreement {number} of the same parties."


def test_the_day_after_an_agreement_in_force_is_free(visit, agreement, rows):
    a, b, begins, _, _ = in_force(rows, "区纪委监委机关")
    typed = {"party_a_org_id": str(a), "party_b_org_id": str(b), "signed_on": "2020-01-01"}
    days = {"effective_from": "2020-01-01", "effective_to": "2021-01-01"}
    assert str(begins) > "2021-01-01"
    assert visit("filler01").post("/agreements/add", agreement | typed | days).status == 302


def test_overlapping_a_draft_is_a_warning_that_names_it(visit, agreement):
    visitor = visit("filler01")
    visitor.post("/agreements/add", agreement)
    answer = visitor.post("/agreements/add", agreement | {"office_no": "共建〔2026〕10号"})
    warnings = visitor.look(answer.response.location).notices("warning")
    assert "A draft of the same parties overlaps with this one: 共建〔2026〕9号" in warnings


def test_an_office_number_is_given_once_within_a_unit(visit, agreement, org):
    visit("filler01").post("/agreements/add", agreement)
    assert visit("filler01").post("/agreements/add", agreement).errors()["office_no"] == "This is already taken."
    theirs = agreement | {"party_a_org_id": org("区委办公室"), "coop_items-0-lead_org_id": org("区委办公室")}
    assert visit("filler02").post("/agreements/add", theirs).status == 302


def test_an_alliance_names_each_member_once_and_one_lead(visit, agreement, org):
    first, second = org("区委办公室"), org("区委组织部")
    members = row("agreement_parties", 0, org_id=first, role="lead") | row(
        "agreement_parties", 1, org_id=first, role="lead"
    )
    answer = visit("filler01").post("/agreements/add", agreement | {"agreement_type": "3"} | members)
    assert answer.errors()["agreement_parties-1-org_id"] == "This organisation is already listed."
    assert answer.errors()["agreement_parties-0-role"] == "Only one member can be in the lead."
    members |= {"agreement_parties-1-org_id": second, "agreement_parties-1-role": "member"}
    assert visit("filler01").post("/agreements/add", agreement | {"agreement_type": "3"} | members).status == 302


def test_rows_that_another_type_has_no_place_for_are_refused_until_they_are_removed(visit, agreement, org, rows):
    first, second = org("区委办公室"), org("区委组织部")
    members = row("agreement_parties", 0, org_id=first, role="lead")
    members |= row("agreement_parties", 1, org_id=second, role="member")
    filler = visit("filler01")
    half = filler.post("/agreements/add", agreement | {"agreement_type": ""} | members)
    assert len(half.select('[data-rows="agreement_parties"] tbody [data-row]')) == 2
    answer = filler.post("/agreements/add", agreement | {"agreement_type": "3"} | members)
    id_ = int(answer.response.location.rpartition("/")[2])
    typed = filler.look(f"/agreements/edit/{id_}").filled() | {"agreement_type": "2"}
    kept = f"SELECT count(*) FROM agreement_party WHERE agreement_id = {id_}"
    page = filler.post(f"/agreements/edit/{id_}", typed)
    assert "has no such rows" in page.one('[data-rows="agreement_parties"]').text
    assert rows(kept) == [(2,)]
    taken_out = {name: text for name, text in page.filled().items() if not name.startswith("agreement_parties-0")}
    taken_out = {name: text for name, text in taken_out.items() if not name.startswith("agreement_parties-1")}
    assert filler.post(f"/agreements/edit/{id_}", taken_out).status == 302
    assert rows(kept) == [(0,)]
    assert rows(f"SELECT agreement_type FROM agreement WHERE id = {id_}") == [("2",)]


def test_the_form_asks_for_at_most_twelve_things(visit):
    """The budget of a contract (`docs/domain` §2.0)."""
    page = visit("filler01").look("/agreements/add")
    assert len(page.select('form.record-form > .card .form-grid [aria-required="true"]')) <= 12
