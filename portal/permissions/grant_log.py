"""Audit log entries about accounts and their permissions, in plain words.

The words are those of the office's paper, whoever reads them; the rows themselves are told beside them, as all are.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any, NamedTuple

from flask_babel import force_locale, gettext
from sqlalchemy import select

from portal.core.audit import audit_log
from portal.core.declaration.ledger import Ledger
from portal.core.fields import Label
from portal.core.punctuation import PAPER, clauses, labelled, listed
from portal.extensions import db
from portal.org.models import Unit
from portal.permissions import roles, tenure


class Held(NamedTuple):
    """What a role has on one desk."""

    verbs: frozenset[str]
    scope: str
    unit_ids: tuple[int, ...] = ()


def log_account(action: str, user: Any) -> None:
    """What happened to an account itself. Nothing is committed."""
    audit_log.log(action, "ab_user", record_id=user.id, root_id=user.id, title=user.username)


def tell_rights(role: Any, desk: Ledger | roles.Desk, before: Held, after: Held) -> None:
    """A line of the trail where the two differ; with the change or not at all."""
    if before == after:
        return
    tenure.note_role(role, desk.name, before.verbs, after.verbs)
    with force_locale(PAPER):
        parts = differences(before.verbs, after.verbs, {verb: roles.DESK_VERBS[verb] for verb in desk.verbs})
        if before[1:] != after[1:] and desk.scoped:
            parts.append(gettext("scope %(old)s → %(new)s", old=whose(before), new=whose(after)))
        if parts:
            write("ab_role", role.id, labelled(f"{roles.label_of(role.name)} · {desk.label}", clauses(parts)))


def tell_roles(user: Any, before: Collection[str], after: Collection[str], *, active: tuple[bool, bool]) -> None:
    """The roles of an account, by code, and whether it may sign in at all, before and after."""
    tenure.note_roles(user.id, before, after)
    with force_locale(PAPER):
        parts = differences(before, after, {code: roles.label_of(code) for code in (*before, *after)})
        if active[0] != active[1]:
            parts.append(gettext("may sign in again") if active[1] else gettext("may not sign in any more"))
        if parts:
            write("ab_user", user.id, labelled(user.username, clauses(parts)))


def tell_account(user: Any, places: Iterable[tuple[Label, str, str]], *, password: bool, off: bool) -> None:
    """(what, before, after) of where an account belongs, which is what its rights reach; was its password set, and was
    it switched off for that?"""
    with force_locale(PAPER):
        parts = [f"{label} {old or '—'} → {new or '—'}" for label, old, new in places if old != new]
        parts += [gettext("new password set")] if password else []
        parts += [gettext("may not sign in until authorised again")] if off else []
        if parts:
            write("ab_user", user.id, labelled(user.username, clauses(parts)))


def differences(before: Collection[str], after: Collection[str], labels: dict[str, Any]) -> list[str]:
    came = [str(label) for name, label in labels.items() if name in after and name not in before]
    went = [str(label) for name, label in labels.items() if name in before and name not in after]
    parts = [gettext("given %(what)s", what=listed(came))] if came else []
    return [*parts, gettext("taken %(what)s", what=listed(went))] if went else parts


def whose(held: Held) -> str:
    if held.scope != "custom":
        return str(roles.SCOPES.get(held.scope, held.scope))
    query = select(Unit.short_name).where(Unit.id.in_(held.unit_ids)).order_by(Unit.sort_no)
    return listed(name or "" for name in db.session.scalars(query))


def write(table: str, id_: int, title: str) -> None:
    audit_log.log("grant", table, record_id=id_, root_id=id_, title=title[:200])
