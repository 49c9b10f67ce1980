"""Forms in a browser that runs no scripts, over the registry and the pages that are no ledger's: what is posted as it
was shown changes nothing, and what is typed beside a choice comes back until it is right."""

from __future__ import annotations

import io

import pytest

from tests.core.api.forms import keeper
from tests.security.walk import first, unchanged, unit_id
from tests.visitor import meant

pytestmark = pytest.mark.one_database
PDF = b"%PDF-1.4\n%demo\n"
MOST = 4  # records from either end of a ledger
# What a unit's filler does not choose or see, and what no record of the demo has.
NOT_SHOWN = {
    *("service_projects.lead_unit_id", "beneficiaries.hardship_types", "beneficiaries.same_household_id"),
    *(
        "project_satisfactions.result",
        "units.merged_into_id",
        "party_orgs.community_id",
        "coop_activities.volunteer_theme",
        "agreements.coop_items.community_confirmed",  # the community's to tick
    ),
}
# What is chosen rather than typed.
CHOSEN = {"select", "link", "links", "person", "multiple", "tick", "rows"}


def fields_of(ledger, prefix=""):
    yield from ((name, declared.kind) for name, declared in ledger.entered.items())
    for table in ledger.form.tables:
        for name, declared in ledger.rows_fields(table).items():
            yield f"{table.name}.{name}", declared.kind


def filled_in(ledger, sent):
    """The fields and cells of a form that hold something, by name."""
    tables = {table.name for table in ledger.form.tables}
    for name, texts in sent.items():
        table, _, place = name.partition("-")
        if meant(texts):
            yield f"{table}.{place.partition('-')[2]}" if table in tables else name


def as_drafts(rows, change, ledger, account):
    """Every record of the first unit as a draft without gaps that this account wrote, so that all of it is edited."""
    user = first(rows, "ab_user", f"username = '{account}'")
    change(
        f"UPDATE {ledger.model.__tablename__} SET status = 'draft', gaps = NULL, editor_id = {user} "
        f"WHERE owner_unit_id = {unit_id(rows, 1)}"
    )


def saved_as_shown(visitor, path, selector="form.record-form"):
    """What the form at this address holds; nothing where it is not open to the visitor."""
    page = visitor.look(path)
    if page.status != 200:
        return {}
    sent = page.filled(selector)
    answer = visitor.post(page.one(selector).get("action") or path, sent)
    assert answer.status == 302, (path, answer.status, answer.errors(), answer.notices("error"))
    return sent


def of_unit(rows, ledger, where="1 = 1"):
    own = f"owner_unit_id = {unit_id(rows, 1)}" if ledger.review.statuses else "1 = 1"
    return [id_ for (id_,) in rows(f"SELECT id FROM {ledger.model.__tablename__} WHERE {own} AND {where} ORDER BY id")]


def in_force(rows, ledger):
    return of_unit(rows, ledger, "status = 'active'")


def edited(app):
    """The ledgers with forms; entries before what they stand under, which must be in force for them."""
    every = [ledger for ledger in app.extensions["portal.ledgers"] if "edit" in ledger.verbs]
    return sorted(every, key=lambda ledger: not ledger.under)


def test_every_form_that_is_posted_as_it_was_shown_changes_nothing(app, visit, rows, change):
    """Also what the demo has nothing of: organisations typed by name, people not on the roster, several of a kind."""
    shown = set()
    for ledger in edited(app):
        account = "filler01" if ledger.review.statuses else keeper(ledger)
        visitor, base = visit(account), f"/{ledger.name}"
        if "maintain" in ledger.verbs:
            with unchanged(rows):
                assert all(saved_as_shown(visitor, f"{base}/{id_}/lists") for id_ in in_force(rows, ledger))
        if ledger.review.statuses:
            as_drafts(rows, change, ledger, account)
        ids = (found := of_unit(rows, ledger))[:MOST] + found[MOST:][-MOST:]
        with unchanged(rows):
            opened = [saved_as_shown(visitor, f"{base}/edit/{id_}") for id_ in ids]
        if more := further(rows).get(ledger.name):
            typed = visitor.look(f"{base}/edit/{ids[0]}").filled() | more
            answer = visitor.post(f"{base}/edit/{ids[0]}", typed)
            assert answer.status == 302, (ledger.name, answer.errors(), answer.notices("error"))
            with unchanged(rows):
                opened.append(saved_as_shown(visitor, f"{base}/edit/{ids[0]}"))
        shown |= {f"{ledger.name}.{name}" for sent in opened for name in filled_in(ledger, sent)}
    every = {
        f"{ledger.name}.{name}" for ledger in edited(app) for name, kind in fields_of(ledger) if kind.widget in CHOSEN
    }
    # Of units, nobody is asked who fills in for one.
    every -= {f"{ledger.name}.{name}" for ledger in edited(app) for name, each in ledger.entered.items() if each.asked}
    assert every - shown <= NOT_SHOWN


def test_a_row_that_is_sent_twice_is_refused_at_its_table(app, visit, rows, change):
    """Else one of the two would be stored and the other lost. A new row has a key of its own, too."""
    tried = set()
    for ledger in (each for each in edited(app) if each.form.tables and each.review.statuses):
        as_drafts(rows, change, ledger, "filler01")
        for path in (f"/{ledger.name}/edit/{id_}" for id_ in of_unit(rows, ledger)[:MOST]):
            sent = visit("filler01").look(path).filled()
            for table in ledger.form.tables:
                cells = {name: texts for name, texts in sent.items() if name.startswith(f"{table.name}-0-")}
                if f"{table.name}-0-id" not in cells:
                    continue
                again = {name.replace("-0-", "-99-", 1): texts for name, texts in cells.items()}
                with unchanged(rows):
                    answer = visit("filler01").post(path, sent | again)
                assert answer.status == 200, (path, table.name)
                assert "第100行" in visit("filler01").speak("zh_Hans").post(path, sent | again).words
                tried.add((ledger.name, table.name))
    assert len(tried) >= 6, tried


def further(rows):
    """What is typed and chosen in the first form of a ledger, where no record of the demo has it."""
    a, b = rows("SELECT party_a_org_id, party_b_org_id FROM agreement ORDER BY id LIMIT 1")[0]
    [(org,)] = rows(f"SELECT full_name FROM party_org WHERE id = {a}")
    units = [str(id_) for (id_,) in rows("SELECT id FROM unit WHERE sort_no IN (2, 3)")]
    parties = ("id", "new-0", "new-1"), ("org_id", str(a), str(b)), ("role", "lead", "member")
    return {
        "agreements": {"agreement_type": "3"}
        | {f"agreement_parties-{n}-{name}": texts[n] for name, *texts in parties for n in (0, 1)},
        "beneficiaries": {"hardship_types": ["", "01", "03"]},
        "pairings": {"helper_org_id": ["", org]},
        "visits": {"beneficiary_id": "", "target_org_id": ["", org]},
        "study_groups": {"deputy_id": ["", "欧阳无名"]},
        "service_projects": {"co_unit_ids": ["", *units]},
    }


# Pages that are no ledger's, with the account that keeps them and the form in them.
OWN = (
    ("sysadmin", "/accounts/edit/{user}", "form.record-form"),
    ("secadmin", "/accounts/grant/{user}", "form.record-form"),
    ("secadmin", "/roles/edit/{role}", "form[data-guard]"),
)
SETTINGS = (
    ("reviewer", "/reviews/list/", 'form[action$="/reviews/edit"]'),
    ("secadmin", "/sign_in_rules/", "main form"),
)


def test_accounts_roles_and_settings_that_are_posted_as_they_were_shown_stay_as_they_are(visit, rows):
    users = rows("SELECT id FROM ab_user WHERE username IN ('filler02', 'branch01', 'town01')")
    roles = rows("SELECT id FROM ab_role WHERE name IN ('unit_filler', 'community_liaison', 'auditor_ro')")
    with unchanged(rows):
        for account, path, selector in OWN:
            for page in {path.format(user=user, role=role) for (user,) in users for (role,) in roles}:
                assert saved_as_shown(visit(account), page, selector), page
    for account, path, selector in SETTINGS:  # whose defaults are written down when they are saved
        sent = saved_as_shown(visit(account), path, selector)
        assert visit(account).look(path).filled(selector) | {"csrf_token": ""} == sent | {"csrf_token": ""}


def test_names_typed_beside_a_choice_come_back_until_the_form_is_right(visit, rows):
    visitor, page = visit("filler01"), visit("filler01").look("/agreements/add")
    [(b,)] = rows("SELECT full_name FROM party_org WHERE id = (SELECT min(party_b_org_id) FROM agreement)")
    typed = page.filled() | {"party_b_org_id": ["", b], "signed_on": "不详"}
    for _ in range(2):
        refused = visitor.post("/agreements/add", typed)
        assert list(refused.errors()) == ["signed_on"]
        typed = refused.filled()
    assert visitor.post("/agreements/add", typed | {"signed_on": "", "title": "无脚本"}).status == 302
    found = rows(
        "SELECT full_name FROM agreement JOIN party_org ON party_org.id = party_b_org_id WHERE title = '无脚本'"
    )
    assert found == [(b,)]


def test_a_file_outlives_a_row_button_and_a_refusal(visit, rows):
    visitor = visit("filler01")
    page = visitor.look("/agreements/add")
    sent = page.filled() | {"title": "无脚本", "signed_file": (io.BytesIO(PDF), "扫描件.pdf")}
    for more in ({"_rows": "demand_items:add"}, {"signed_on": "不详"}):
        page = type(page).of(visitor.client.post("/agreements/add", data=sent | more | {"csrf_token": visitor.token}))
        assert page.status == 200
        assert "扫描件.pdf" in page.one('[data-place="signed_file"] [data-staged]').get_text()
        sent = page.filled()
    assert visitor.post("/agreements/add", sent | {"signed_on": "", "demand_items-0-name": "照明"}).status == 302
    id_ = first(rows, "agreement", "title = '无脚本'")
    assert rows(f"SELECT name FROM attachment WHERE ledger = 'agreements' AND record_id = {id_}") == [("扫描件.pdf",)]
