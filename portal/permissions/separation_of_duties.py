"""Separation of duties (`docs/domain` §4.1), judged by permissions and not by names of roles."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping

from flask_appbuilder.security.sqla.models import Role, User
from flask_babel import gettext, lazy_gettext
from sqlalchemy import select
from sqlalchemy.sql import ColumnElement

from portal.core.declaration.ledger import mounted
from portal.core.fields import Label
from portal.core.punctuation import listed
from portal.core.transactions import ledger_lock
from portal.extensions import db
from portal.permissions import effective_rights, roles
from portal.permissions.administrators import POWERS
from portal.permissions.effective_rights import Right

# By the code of a role: (ledger, verb).
Held = Mapping[str, Collection[tuple[str, str]]]
# In place of a role's code: what is granted for a time to the account itself.
LENT = ""
COMBINED = "admin"
RECORDS = "records"
LABELS: dict[str, Label] = {
    "accounts": lazy_gettext("keeping accounts"),
    "rights": lazy_gettext("keeping rights"),
    "trail": lazy_gettext("reading the trail"),
    RECORDS: lazy_gettext("working with records"),
    COMBINED: lazy_gettext("Administrator"),
}


def held_by(rights: Iterable[Right]) -> dict[str, set[tuple[str, str]]]:
    found: dict[str, set[tuple[str, str]]] = {}
    for ledger, verb, right in effective_rights.counted(rights):
        found.setdefault(right.role, set()).add((ledger, verb))
    return found


def clash(held: Held) -> list[str]:
    """The powers of one account that belong apart; nothing when it may hold what it holds."""
    records = {each.name for each in mounted() if roles.business(each)}
    powers = {power for code, pairs in held.items() for power in powers_of(code, pairs, records | {"members"})}
    if len(powers) > 1:
        return [str(label) for name, label in LABELS.items() if name in powers]
    writers = (pair for code, pairs in held.items() if code not in (LENT, *roles.READERS) for pair in pairs)
    if roles.READERS & held.keys() and any(name in records and verb in roles.WRITING for name, verb in writers):
        return [gettext("only reading records"), str(LABELS[RECORDS])]
    return []


def powers_of(code: str, pairs: Collection[tuple[str, str]], records: Collection[str]) -> Iterator[str]:
    """The combined administrator's are one; whoever only reads may read the trail beside the records."""
    if code == COMBINED:
        yield COMBINED
        return
    found = {POWERS[pair] for pair in pairs if pair in POWERS}
    yield from found - {"trail"} if code in roles.READERS else found
    if code == LENT or any(ledger in records for ledger, _ in pairs):
        yield RECORDS


def fault_of_role(role: Role) -> str:
    """Would the role, or an account that holds it, have powers that belong apart? What is flushed counts."""
    ledger_lock.hold("rights")
    held = held_by(effective_rights.rights_of_roles())
    if found := clash({role.name: held.get(role.name, ())}):
        return gettext("These powers belong apart, so nothing was saved: %(what)s", what=listed(found))
    return fault_of_accounts(User.roles.any(id=role.id), held)


def fault_of_account(user: User) -> str:
    ledger_lock.hold("rights")  # what two give at the same time must not add up to what neither may give
    return fault_of_accounts(User.id == user.id, held_by(effective_rights.rights_of_roles()))


def bars_lending(user: User) -> bool:
    """Does the account hold powers beside which nothing on records is granted?"""
    ledger_lock.hold("rights")
    held = held_by(effective_rights.rights_of_roles())
    return bool(clash({LENT: (), **{role.name: held.get(role.name, ()) for role in user.roles}}))


def fault_of_accounts(where: ColumnElement[bool], held: Held) -> str:
    """What is wrong with the first of these accounts whose powers belong apart."""
    query = select(User.username, User.id, Role.name).join(User.roles).where(where).order_by(User.username)
    lent, accounts = effective_rights.lent_to(), dict[str, set[str]]()
    for username, user_id, code in db.session.execute(query):
        accounts.setdefault(username, {LENT} if user_id in lent else set()).add(code)
    known: dict[frozenset[str], list[str]] = {}
    for username, codes in accounts.items():
        if (key := frozenset(codes)) not in known:
            known[key] = clash({code: held.get(code, ()) for code in codes})
        if known[key]:
            told = {"name": username, "what": listed(known[key])}
            return gettext("%(name)s would hold powers that belong apart, so nothing was saved: %(what)s", **told)
    return ""
