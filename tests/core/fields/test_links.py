"""Choosing rows of other tables: by id, by name, remotely; never what may not be chosen."""

from __future__ import annotations

import pytest

from tests.ledgers.conftest import agreement, org  # noqa: F401 - fixtures
from tests.visitor import meant


def offered(visit, path, **query):
    return visit("filler01").client.get(path, query_string=query).json


def test_many_choices_are_searched_in_either_script(visit):
    for asked in ("立春街道", "立春街道海棠", "立春街道丁香裡"):
        texts = [each["text"] for each in offered(visit, "/agreements/options/party_b_org_id", q=asked)["results"]]
        assert texts
        assert all("立春街道" in text for text in texts)


def test_a_search_says_when_there_are_more(visit):
    found = offered(visit, "/agreements/options/party_b_org_id")
    assert (len(found["results"]), found["more"]) == (20, True)


def test_only_the_own_units_organisations_are_offered_as_party_a(visit):
    page = visit("filler01").look("/agreements/add")
    texts = [option.get_text() for option in page.select("#party_a_org_id option[value]") if option["value"]]
    assert texts
    assert all("区纪委监委" in text for text in texts)


def test_another_units_organisation_is_refused_by_id_and_by_name(visit, agreement, org):  # noqa: F811 - fixtures
    for typed in (org("区委办公室"), "中共(演示)区委办公室机关委员会"):
        answer = visit("filler01").post("/agreements/add", agreement | {"party_a_org_id": typed})
        assert "party_a_org_id" in answer.errors()


@pytest.mark.parametrize("typed", ["中共(演示)冬至镇芙蓉里社区委员会", "冬至镇芙蓉里"])
def test_a_name_or_the_one_part_of_it_that_fits_chooses(visit, agreement, typed):  # noqa: F811 - fixtures
    assert visit("filler01").post("/agreements/add", agreement | {"party_b_org_id": typed}).status == 302


def test_several_that_fit_are_named(visit, agreement):  # noqa: F811 - fixtures
    answer = visit("filler01").post("/agreements/add", agreement | {"party_b_org_id": "冬至镇"})
    assert answer.errors()["party_b_org_id"].startswith("Several fit: 中共(演示)冬至镇")


def test_a_dissolved_organisation_stays_where_it_is_and_is_offered_no_more(visit, rows, change, agreement):  # noqa: F811
    id_, b = rows("SELECT id, party_b_org_id FROM agreement WHERE status = 'draft' ORDER BY id LIMIT 1")[0]
    change(f"UPDATE party_org SET status = 'dissolved' WHERE id = {b}")
    visitor = visit("filler01")
    assert visitor.post("/agreements/add", agreement | {"party_b_org_id": str(b)}).status == 200
    kept = visitor.look(f"/agreements/edit/{id_}").filled()
    assert meant(kept["party_b_org_id"]) == str(b)
    assert visitor.post(f"/agreements/edit/{id_}", kept).status == 302
    assert visitor.look("/agreements/list/", party_b_org_id=str(b)).ids() == [id_]
