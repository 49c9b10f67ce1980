"""What REST tells: the records of the pages, as much of each as the pages show, at the same cost."""

from __future__ import annotations

import jsonschema
import pytest

from portal.core.access import scope
from portal.core.views.lists.listing import choosable
from portal.extensions import db
from portal.org.encrypted import Sealed
from tests.core.api.forms import ledgers
from tests.security.walk import ACCOUNTS, HUGE, NO_SUCH_ID, first, mostly_on_sqlite, of, unit_id
from tests.test_every_ledger import MOST_STATEMENTS, counted, legal, readable

BUSINESS = ("sysadmin", "secadmin", "auditadmin")


@mostly_on_sqlite(ACCOUNTS, "reviewer", "filler01", "community001")
def test_a_list_has_the_records_of_the_page_and_no_others(app, visit, rest, account):
    program = rest(account)
    for ledger in ledgers(app, "read"):
        page = visit(account).look(f"/{ledger.name}/list/?page_size=7")
        status, told = program.get(f"{ledger.name}/", page_size=7)
        assert status == page.status, ledger.name
        if status == 200:
            assert told["ids"] == page.ids() == [record["id"] for record in told["result"]]
            assert all(
                set(ledger.list.columns) <= set(record) for record in told["result"] if not ledger.privacy.internal
            )


@pytest.mark.one_database
@pytest.mark.parametrize("account", ["reviewer", "filler01", "community001"])
def test_every_filter_and_order_is_that_of_the_page(app, visit, rest, rows, account):
    visitor, program = visit(account), rest(account)
    for ledger in readable(app, account):
        ids = program.get(f"{ledger.name}/")[1]["ids"]
        for name in ledger.list.filters if ids else ():
            found = rows(f"SELECT {name} FROM {ledger.model.__tablename__} WHERE id = {ids[0]}")[0][0]
            page = visitor.look(f"/{ledger.name}/list/", **{name: legal(found), "page_size": 5})
            assert program.get(f"{ledger.name}/", **{name: legal(found), "page_size": 5})[1]["ids"] == page.ids()
        for name in ledger.sortable:
            assert program.get(f"{ledger.name}/", order=f"-{name}", page_size=2)[0] == 200


def test_a_list_is_searched_and_paged(rest):
    program = rest("reviewer")
    count = program.get("members/")[1]["count"]
    assert len(program.get("members/", page_size=100)[1]["ids"]) == min(count, 100)
    pages = [program.get("members/", page_size=10, page=n, order="id")[1] for n in range(3)]
    assert [page["more"] for page in pages] == [True] * 3
    assert len({id_ for page in pages for id_ in page["ids"]}) == 30
    title = program.get("agreements/")[1]["result"][0]["title"]
    assert program.get("agreements/", q=title)[1]["count"] >= 1
    assert program.get("agreements/", q="没有这样的协议")[1] == {
        "count": 0,
        "more": False,
        "ids": [],
        "result": [],
        "texts": [],
    }


@pytest.mark.one_database
@pytest.mark.parametrize(
    "query",
    [
        *("page=-1", "page=x", f"page={HUGE}", "page_size=0", "order=password", "order=filler.password", "order=--id"),
        *("page_size=101", "page_size=100000", "page=1&page=2", "q=a&q=b", "order=id&order=-id", "gaps=maybe"),
        *("coop_modes=99", "status=active&status=nothing", "signed_on=2026-01-01&" * 3),
        *("columns=search_text", "columns=filler.password", "columns=*", "owner_unit.full_name=x", "filler_id=1"),
        *("password=x", "id__in=1", "status__like=x", "_flt_0_owner_unit=2", "filters=x", "status=nothing", "id=1"),
        *("q=(filters:!((col:status,opr:eq,value:draft)))", "q=(page:0,page_size:-1)", "q=!((((((a:b))))))"),
        *(f"q={'(' * 30}a:b{')' * 30}", "q=(order_column:created_by.password)", "signed_on=soon", "keys=!(none)"),
    ],
)
def test_what_a_list_is_not_asked_by_is_refused(rest, query):
    """Unknown columns, paths along relations, operators, and Flask-AppBuilder's own language."""
    assert rest("reviewer").ask("GET", f"agreements/?{query}")[0] == 400


@pytest.mark.parametrize("text", ["(试行)", "a:b", "\x00", "%", "'", "((((", "(a)"])
def test_any_text_may_be_searched_for(rest, text):
    assert rest("reviewer").get("agreements/", q=text)[0] == 200


@pytest.mark.parametrize("key", ["0", "-1", "abc", "1.5", str(NO_SUCH_ID), str(2**31), str(2**63), HUGE, "_x", "１"])
def test_an_id_that_is_none_is_not_there(rest, key):
    program = rest("filler01")
    for method, body in (("GET", None), ("PUT", {"version": 1}), ("DELETE", None)):
        assert program.ask(method, f"agreements/{key}", body)[0] == 404
    assert program.post(f"agreements/{key}/submit")[0] == 404


def test_records_of_others_are_not_there(app, rest, rows):
    program = rest("filler01")
    for ledger in readable(app, "filler01"):
        if not ledger.scoped:
            continue
        for id_ in rest("filler02").get(f"{ledger.name}/")[1]["ids"]:
            if program.get(f"{ledger.name}/{id_}")[0] == 404:
                break
        else:
            raise AssertionError(ledger.name)


@pytest.mark.one_database
@pytest.mark.parametrize("account", BUSINESS)
def test_the_three_administrators_read_no_business_record(app, rest, account):
    program = rest(account)
    for ledger in ledgers(app, "read"):
        if ledger.review.statuses or ledger.under or ledger.scoped:
            for path in ("", "_info", "1"):
                assert program.get(f"{ledger.name}/{path}")[0] == 403, ledger.name


@pytest.mark.one_database
def test_nobody_is_answered_without_signing_in(app, rest):
    """By JSON and not by the sign-in page, whatever the address and the method."""
    program = rest()
    for path in (
        "_openapi",
        "nothing/",
        "agreements",
        *(f"{each.name}/{at}" for each in ledgers(app, "read") for at in ("", "1", "_info", "1/submit")),
    ):
        for method in ("GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS"):
            assert program.ask(method, path)[0] == 401, f"{method} {path}"


@pytest.mark.one_database
def test_refusals_are_json(rest):
    program = rest("reviewer")
    for path, code in {"nothing/": 404, "agreements/nothing": 404, "../api/v1/": 404}.items():
        status, told = program.get(path)
        assert (status, list(told)) == (code, ["message"])
    assert program.ask("PATCH", "agreements/1")[0] == 405
    assert program.ask("DELETE", "agreements/")[0] == 405
    assert program.post("code_lists/", {})[0] == 405, "what a ledger cannot do has no address"


def sealed_values(app):
    """Every personal value of every record in full."""
    with app.app_context(), scope.unscoped("a test"):
        for ledger in app.extensions["portal.ledgers"]:
            for record in db.session.query(ledger.model) if ledger.personal else ():
                values = (getattr(record, name) for name in ledger.personal)
                yield from (value.reveal() for value in values if isinstance(value, Sealed))


@mostly_on_sqlite(["reviewer", "filler01", "secretary01", "auditor", "community001"], "filler01")
def test_no_masked_value_leaves_in_full(app, rest, account):
    program = rest(account)
    secrets = {value for value in sealed_values(app) if len(value) >= 6}
    assert len(secrets) > 20
    for ledger in readable(app, account):
        columns = ",".join(choosable(ledger))
        program.get(f"{ledger.name}/", columns=columns, page_size=100)
        texts = [program.answer.text]
        for id_ in program.answer.json["ids"][:20]:
            program.get(f"{ledger.name}/{id_}")
            texts.append(program.answer.text)
        decoded = "".join(text.encode().decode("unicode_escape", "ignore") for text in texts)
        assert [value for value in secrets if value in decoded] == [], ledger.name


@pytest.mark.parametrize("ledger_name", ["agreements", "service_projects"])
def test_the_other_party_does_not_get_the_units_own_notes(app, rest, change, ledger_name):
    account = "community001" if ledger_name == "agreements" else "town01"
    ledger = next(each for each in ledgers(app, "read") if each.name == ledger_name)
    change(f"UPDATE {ledger.model.__tablename__} SET remark = '内部便笺' ")
    program = rest(account)
    columns = ",".join(
        dict.fromkeys((*ledger.list.columns, *(name for name in ledger.privacy.internal if name in ledger.shown)))
    )
    _, told = program.get(f"{ledger_name}/", columns=columns)
    assert told["ids"]
    assert all(set(ledger.privacy.internal).isdisjoint(each) for each in (*told["result"], *told["texts"]))
    for id_ in told["ids"]:
        _, one = program.get(f"{ledger_name}/{id_}")
        assert set(ledger.privacy.internal).isdisjoint({*one["result"], *one["texts"]})
        assert "内部便笺" not in program.answer.json.__repr__()


@mostly_on_sqlite(ACCOUNTS, "reviewer")
def test_lists_and_records_take_few_statements(app, rest, statements, account):
    program = rest(account)
    for ledger in readable(app, account):
        ids = program.get(f"{ledger.name}/")[1]["ids"]
        for query in ("", "?page_size=1", f"?columns={','.join(choosable(ledger))}&page_size=100"):
            with statements() as seen:
                assert program.get(f"{ledger.name}/{query}")[0] == 200
            assert len(seen) <= MOST_STATEMENTS, f"{ledger.name} {query}"
        for id_ in ids[:1]:
            page = counted(statements, program.visitor, f"/{ledger.name}/show/{id_}")
            assert counted(statements, program.visitor, f"/api/v1/{ledger.name}/{id_}") <= page, ledger.name


@pytest.mark.one_database
def test_info_tells_what_the_user_may_do_and_no_rows_of_others(app, rest):
    for account in ("filler01", "reviewer", "auditor", "admin"):
        program = rest(account)
        for ledger in readable(app, account):
            status, told = program.get(f"{ledger.name}/_info")
            assert status == 200
            assert "can_read" in told["permissions"]
            assert [each["name"] for each in told["fields"]] == [
                name for name in ledger.entered if name in {field["name"] for field in told["fields"]}
            ]
            every = [*told["fields"], *(field for table in told["tables"] for field in table["fields"])]
            linked = [field for field in every if "options" in field]
            assert all("choices" not in field for field in linked)
            for field in linked:
                assert program.client.get(field["options"]).status_code == 200, field["options"]
    assert rest("filler01").get("agreements/_info")[1]["permissions"][:2] == ["can_read", "can_export"]
    assert rest("auditor").get("agreements/_info")[1]["permissions"] == ["can_read", "can_export"]


@pytest.mark.one_database
def test_the_description_is_whole_and_what_is_answered_is_as_described(app, rest):
    program = rest("reviewer")
    status, document = program.get("_openapi")
    assert (status, document["openapi"]) == (200, "3.1.0")
    schemas = document["components"]["schemas"]
    for ledger in readable(app, "reviewer"):
        assert {ledger.name, f"{ledger.name}.form"} <= set(schemas)
        jsonschema.Draft202012Validator.check_schema(schemas[ledger.name])
        ids = program.get(f"{ledger.name}/", page_size=30)[1]["ids"]
        for path in (f"{ledger.name}/", f"{ledger.name}/{{id}}"):
            answer = document["paths"][f"/api/v1/{path}"]["get"]["responses"]["200"]
            schema = {**answer["content"]["application/json"]["schema"], "components": document["components"]}
            for asked in {path.replace("{id}", str(id_)) for id_ in ids}:
                jsonschema.validate(program.get(asked)[1], schema)


def test_the_description_tells_each_what_they_may_do(rest):
    assert rest("filler01").get("_openapi")[1]["paths"]["/api/v1/agreements/"].keys() >= {"get", "post"}
    assert "post" not in rest("auditor").get("_openapi")[1]["paths"]["/api/v1/agreements/"]
    assert "/api/v1/agreements/" not in rest("sysadmin").get("_openapi")[1]["paths"]


def test_neither_a_filter_nor_an_id_leads_to_another_units_records(rest, rows):
    """A filter by another unit finds nothing, and neither do its records by id."""
    program = rest("filler01")
    assert program.get("agreements/", owner_unit_id=unit_id(rows, 2))[1]["ids"] == []
    assert program.get(f"agreements/{of(rows, 2, 'draft')}")[0] == 404
    theirs = first(rows, "member", f"unit_id = {unit_id(rows, 2)}")
    assert program.get(f"members/{theirs}")[0] == 404
