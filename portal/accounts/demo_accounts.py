"""The demo accounts, listed by role on the sign-in page of a development portal."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby

from flask import current_app
from flask_appbuilder.security.sqla.models import Role, User
from sqlalchemy import select

from portal.core.fields import Label
from portal.extensions import db
from portal.permissions.right_words import PURPOSES
from portal.permissions.roles import ROLES, label_of

MOST = 6
DEMO_DOMAIN = "@demo.invalid"


@dataclass(frozen=True)
class DemoRole:
    """A role with what it is for and its accounts; "" stands for those that are left out between two of them."""

    label: str
    purpose: Label
    accounts: tuple[str, ...]


def demo_accounts() -> list[DemoRole]:
    """In the roles' order; nothing in production."""
    if current_app.config["PRODUCTION"] or current_app.config["DEMO"] == "none":
        return []
    query = select(Role.name, User.username).join(User.roles).where(User.email.endswith(DEMO_DOMAIN))
    by_role: dict[str, list[str]] = {}
    for role, username in db.session.execute(query.order_by(User.username)):
        by_role.setdefault(role, []).append(username)
    return [
        DemoRole(label_of(role.code), PURPOSES[role.code], tuple(briefly(by_role[role.code])))
        for role in ROLES
        if role.code in by_role
    ]


def briefly(names: list[str]) -> Iterator[str]:
    """Of names that only count on: the first two and the last of them."""
    for _, same in groupby(names, lambda name: name.rstrip("0123456789")):
        series = list(same)
        yield from (*series[:2], "", series[-1]) if len(series) > MOST else series
