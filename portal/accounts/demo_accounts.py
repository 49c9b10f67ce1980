"""The demo accounts, listed by role on the sign-in page of a development portal."""

from __future__ import annotations

from itertools import groupby

from flask import current_app
from flask_appbuilder.security.sqla.models import Role, User
from sqlalchemy import select

from portal.extensions import db
from portal.permissions.roles import ROLES, label_of

MOST = 6
DEMO_DOMAIN = "@demo.invalid"


def demo_accounts() -> list[tuple[str, list[str]]]:
    """(role, usernames) in the roles' order; nothing in production."""
    if current_app.config["PRODUCTION"] or current_app.config["DEMO"] == "none":
        return []
    query = select(Role.name, User.username).join(User.roles).where(User.email.endswith(DEMO_DOMAIN))
    by_role: dict[str, list[str]] = {}
    for role, username in db.session.execute(query.order_by(User.username)):
        by_role.setdefault(role, []).append(username)
    return [(label_of(role.code), briefly(by_role[role.code])) for role in ROLES if role.code in by_role]


def briefly(names: list[str]) -> list[str]:
    """Names that only count on are told as the first and the last of them."""
    series = [list(same) for _, same in groupby(names, lambda name: name.rstrip("0123456789"))]
    return [told for same in series for told in ([f"{same[0]}…{same[-1]}"] if len(same) > MOST else same)]
