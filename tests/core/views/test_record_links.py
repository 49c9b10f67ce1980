"""A page leads to the records that it names, as far as whoever reads it may open them."""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.one_database
READERS = ("reviewer", "filler01", "community001", "town01", "auditor")


def test_every_link_of_a_page_to_another_record_can_be_followed(app, visit):
    ledgers = [each.name for each in app.extensions["portal.ledgers"] if each.review.statuses and each.list.in_menu]
    followed = set()
    for account in READERS:
        visitor = visit(account)
        for name in ledgers:
            listed = visitor.look(f"/{name}/list/")
            for id_ in listed.ids()[:2] if listed.status == 200 else ():
                for link in visitor.look(f"/{name}/show/{id_}").select('dd a[href*="/show/"]'):
                    assert visitor.look(str(link["href"])).status == 200, (account, name, link["href"])
                    followed.add((account, name, str(link["href"]).split("/")[1]))
    assert {("filler01", "pairings", "beneficiaries"), ("reviewer", "visits", "beneficiaries")} <= followed
