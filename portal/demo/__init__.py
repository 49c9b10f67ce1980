"""The demo: an invented district with its accounts and records, the same every time (`docs/domain` §6)."""

from __future__ import annotations

import secrets

from flask import current_app
from flask_appbuilder.security.sqla.models import User
from sqlalchemy import select
from werkzeug.security import check_password_hash, generate_password_hash

from config import kept
from portal import setup
from portal.accounts.demo_accounts import DEMO_DOMAIN
from portal.core.access import scope
from portal.core.access.cached_lookups import remembering
from portal.demo import accounts, agreements, assistance, organisation, service, study
from portal.demo.profiles import PROFILES
from portal.extensions import db

__all__ = ["PROFILES", "load", "password", "renew_password"]


def password() -> str:
    """The password of all demo accounts: the setting, else one made once and kept in the data directory."""
    given: str | None = current_app.config["DEMO_PASSWORD"]
    return given or kept(current_app.config["DATA_DIR"] / "demo_password", lambda: f"Demo-{secrets.token_hex(4)}")


def load(name: str = "tiny") -> int:
    """Fill the database as far as it lacks the demo of this profile; answers how many records were added.

    A database with an organisation keeps it, and a family with records gets no more.
    """
    profile = PROFILES[name]
    with setup.one_at_a_time(), scope.unscoped("the demo is set up for every unit"), remembering():
        if setup.empty():
            organisation.make(profile)
            db.session.commit()
        accounts.make(profile, generate_password_hash(password()))
        made = sum(family.make(profile) for family in (agreements, assistance, study, service))
        db.session.commit()
    return made


def renew_password() -> None:
    """When another PORTAL_DEMO_PASSWORD was set since, it holds from now on."""
    users = list(db.session.scalars(select(User).where(User.email.endswith(DEMO_DOMAIN)).order_by(User.id)))
    if users and not check_password_hash(users[0].password, password()):
        hashed = generate_password_hash(password())
        for user in users:
            user.password = hashed
        db.session.commit()
