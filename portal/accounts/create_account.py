"""Create an account outside of a page, for commands and the demo."""

from __future__ import annotations

from flask_appbuilder.security.sqla.models import Role, User
from sqlalchemy import select
from werkzeug.security import generate_password_hash

from portal.extensions import db
from portal.org.account_profiles import AccountProfile


def create(
    username: str,
    name: str,
    password: str,
    role: str,
    profile: AccountProfile | None = None,
    *,
    hashed: str = "",
    email: str = "",
) -> bool:
    """Make and commit an account with one role; False when the name is taken."""
    if db.session.scalars(select(User.id).where(User.username == username)).first():
        return False
    user = User(username=username, first_name=name, last_name="", active=True)
    user.email = email or f"{username}@portal.invalid"
    user.password = hashed or generate_password_hash(password)
    user.roles = [db.session.scalars(select(Role).where(Role.name == role)).one()]
    db.session.add(user)
    db.session.flush()
    profile = profile or AccountProfile()
    profile.user_id = user.id
    db.session.add(profile)
    db.session.commit()
    return True
