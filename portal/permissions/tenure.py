"""Since when an account has been an administrator, and until when it was one (`docs/domain` §4.1).

Without it one person could go round the pair that resets administrators (`accounts/resets.py`): take an administrator's
role, set the password alone and give the role back, or make an account to confirm with.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import timedelta

from flask_appbuilder.security.sqla.models import Role, User
from sqlalchemy import insert, select, update

from portal.core import clock
from portal.extensions import db
from portal.org.account_profiles import AccountProfile
from portal.permissions import administrators, effective_rights, separation_of_duties

STAYS = timedelta(days=30)  # after losing the powers that the account still counts as an administrator's
BEFORE = timedelta(days=3)  # that somebody has been an administrator before they confirm


def note_roles(user_id: int, before: Collection[str], after: Collection[str]) -> None:
    """The roles of an account, by code, were changed. Nothing is committed."""
    held = separation_of_duties.held_by(effective_rights.rights_of_roles())

    def administers(codes: Collection[str]) -> bool:
        return bool(administrators.held((pair for code in codes for pair in held.get(code, ())), codes))

    if administers(before) != administers(after):
        stamp([user_id])


def note_role(role: Role, desk: str, before: Collection[str], after: Collection[str]) -> None:
    """The verbs of a role on one desk were changed. Nothing is committed."""
    held = separation_of_duties.held_by(effective_rights.rights_of_roles()).get(role.name, ())
    others = {pair for pair in held if pair[0] != desk}
    was, is_now = (
        bool(administrators.held(others | {(desk, verb) for verb in verbs}, [role.name])) for verbs in (before, after)
    )
    if was != is_now:
        stamp(db.session.scalars(select(User.id).where(User.roles.any(id=role.id))).all())


def stamp(ids: Collection[int]) -> None:
    db.session.flush()
    now, there = clock.now(), AccountProfile.user_id.in_(ids)
    known = set(db.session.scalars(select(AccountProfile.user_id).where(there)))
    mine = update(AccountProfile).where(there).values(powers_changed_at=now)
    db.session.execute(mine, execution_options={"synchronize_session": False})
    for user_id in set(ids) - known:
        db.session.execute(insert(AccountProfile).values(user_id=user_id, powers_changed_at=now))


def changed_within(user_id: int | None, period: timedelta) -> bool:
    """Did the account become an administrator, or stop being one, within this time?"""
    query = select(AccountProfile.powers_changed_at).where(AccountProfile.user_id == user_id)
    changed = db.session.scalar(query)
    return changed is not None and clock.within(changed, period)


__all__ = ["BEFORE", "STAYS", "changed_within", "note_role", "note_roles"]
