"""The rows of the role page: ledgers and pages by rights, with what differs from the delivered role."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from flask_babel import lazy_gettext as _

from portal.core.declaration.ledger import VERBS, Ledger
from portal.core.fields import Label
from portal.permissions import right_words, roles
from portal.permissions.roles import Desk, Preset

DELIVERED = "delivered"


@dataclass(frozen=True)
class Right:
    """A box of the matrix. `usual`: does the role as delivered have it? None for roles that the office made."""

    verb: str
    name: str
    held: bool
    barred: bool
    usual: bool | None

    @property
    def difference(self) -> str:
        if self.usual is None or self.held == self.usual:
            return ""
        return "added" if self.held else "taken"


@dataclass(frozen=True)
class Row:
    desk: Ledger | Desk
    rights: Mapping[str, Right]
    scope: str
    scopes: Mapping[str, Label]
    usual_scope: str | None
    presets: tuple[Preset, ...]
    sentence: str

    @property
    def scope_differs(self) -> bool:
        return self.usual_scope is not None and self.desk.scoped and self.scope != self.usual_scope

    @property
    def differs(self) -> bool:
        return self.scope_differs or any(right.difference for right in self.rights.values())


def row(code: str, desk: Ledger | Desk, held: set[str], scope: str) -> Row:
    barred, usual = roles.barred(code, desk), delivered(code, desk)
    has = held - barred
    rights = {
        verb: Right(
            *(verb, right_words.name_of(desk, verb), verb in has, verb in barred),
            None if usual is None else verb in usual.verbs,
        )
        for verb in desk.verbs
    }
    usual_scope = usual.scope if usual else None
    said = right_words.sentence(desk, has, barred, scope)
    return Row(desk, rights, scope, roles.scopes_of(desk), usual_scope, presets(code, desk), said)


def delivered(code: str, desk: Ledger | Desk) -> Preset | None:
    """What the role has there when the portal is new; None for roles that the office made."""
    if code not in roles.BY_CODE:
        return None
    given = roles.BY_CODE[code].default(desk)
    barred = roles.barred(code, desk)
    verbs = tuple(verb for verb in given.verbs if verb in desk.verbs and verb not in barred)
    return Preset(DELIVERED, _("As delivered"), verbs, given.scope if verbs else "none")


def presets(code: str, desk: Ledger | Desk) -> tuple[Preset, ...]:
    """The usual sets of rights that make sense there; those by scope only where records belong to units."""
    usual = delivered(code, desk)
    mine = (usual,) if usual else ()
    if not isinstance(desk, Ledger):
        return mine
    fitting = (each for each in roles.PRESETS if desk.scoped or each.name in ("view", "keep_all", "nothing"))
    return (*mine, *fitting)


def columns(rows: Iterable[Row]) -> dict[str, Label]:
    """The rights that any of these ledgers knows, in one order for all of them."""
    known = {verb for each in rows for verb in each.desk.verbs}
    return {verb: label for verb, label in VERBS.items() if verb in known}


def groups(rows: Iterable[Row]) -> list[tuple[str, list[Row]]]:
    """The ledgers by their group, in menu order."""
    found: dict[str, list[Row]] = {}
    for each in rows:
        if isinstance(each.desk, Ledger):
            found.setdefault(str(each.desk.group), []).append(each)
    return list(found.items())


def pages(rows: Iterable[Row]) -> list[Row]:
    """What is no ledger: its rights mean something else on each page and share no columns."""
    return [each for each in rows if not isinstance(each.desk, Ledger)]


def context(rows: list[Row]) -> dict[str, Any]:
    ledgers = [each for each in rows if isinstance(each.desk, Ledger)]
    return {"columns": columns(ledgers), "groups": groups(rows), "pages": pages(rows), "delivered": DELIVERED}
