"""Two people who grant roles cannot take that from each other at the same moment."""

from __future__ import annotations

import threading
from contextlib import suppress

from portal.accounts import account_pages
from tests.security.walk import first


def test_two_who_grant_do_not_switch_each_other_off_at_once(visit, rows, monkeypatch):
    """Each of the two would see the other still there."""
    role = str(first(rows, "ab_role", "name = 'sec_admin'"))
    user = {name: first(rows, "ab_user", f"username = '{name}'") for name in ("admin", "secadmin")}
    meeting, kept = threading.Barrier(2), account_pages.somebody_keeps_roles

    def together():
        with suppress(threading.BrokenBarrierError):  # on SQLite the other one waits before it has written
            meeting.wait(1)
        return kept()

    def strip(visitor, target):
        visitor.post(f"/accounts/grant/{target}", {"roles": role if target == user["secadmin"] else ""})

    monkeypatch.setattr(account_pages, "somebody_keeps_roles", together)
    pairs = ((visit("admin"), user["secadmin"]), (visit("secadmin"), user["admin"]))
    threads = [threading.Thread(target=strip, args=pair) for pair in pairs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    left = rows("SELECT username FROM ab_user WHERE active AND username IN ('admin', 'secadmin')")
    assert len(left) == 1
