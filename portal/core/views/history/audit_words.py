"""How the audit log names rows that belong to no ledger.

The trail keeps what such rows hold as text: codes, names of rights and ids. A reader of the trail is told what they
stand for. Whatever has codes of its own adds the words for them here (`oversight/account_words.py`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, TypeAlias

from flask_babel import lazy_gettext as _

from portal.core.audit.audit_log import AuditEvent
from portal.core.declaration.ledger import mounted, named
from portal.core.fields import Kind, Label, Link, YesNo
from portal.core.punctuation import labelled, listed
from portal.extensions import Model
from portal.org.models import Area, PartyOrg, Unit

Words: TypeAlias = Callable[[str, AuditEvent], str]
TITLE = "title"
COMMITTEE = "0"
EACH = re.compile(r"[\w.*-]+")
RIGHT = re.compile(r"can[ _](\w+)(?: on (\w+))?")

# Tables and pages that are no ledgers.
PLACES: dict[str, Label] = {
    "ab_user": _("Accounts"),
    "account_profile": _("Accounts"),
    **dict.fromkeys(
        ("ab_role", "ab_permission", "ab_view_menu", "ab_permission_view", "seeded_grant"), _("Roles and rights")
    ),
    "sign_in_rules": _("Rules for signing in"),
    "admin_reset": _("Resetting administrators"),
    "role_scope": _("Roles and rights"),
    "review_tier": _("Steps of review"),
    "review_exemption": _("Steps of review"),
    "attachment": _("File"),
    "account_grant": _("Accounts"),
    "unmasked_export": _("Sheets with personal data"),
    "sample": _("Spot checks"),
    "sample_item": _("Spot checks"),
    "code_item": _("Code lists"),
    "import_column": _("Import"),
    "distinct_record": _("Not the same record"),
}

COLUMNS: dict[str, Label] = {
    "first_name": _("Name of the person"),
    "last_name": _("Family name"),
    "username": _("Account"),
    "user_id": _("Account"),
    "user": _("Account"),
    "email": _("E-mail"),
    "password": _("Password"),
    "active": _("Enabled"),
    "waiting": _("To be authorised"),
    "asked_roles": _("Roles asked for"),
    "roles": _("Roles"),
    "role_id": _("Role"),
    "role": _("Role"),
    "groups": _("Groups"),
    "powers_changed_at": _("Became an administrator, or stopped being one"),
    "unit_id": _("Unit"),
    "unit_ids": _("Units"),
    "org_id": _("Party organisation"),
    "area_id": _("Area"),
    "ledger": _("Ledger"),
    "scope": _("Whose records"),
    "verbs": _("Rights"),
    "verb": _("Rights"),
    "permissions": _("Rights"),
    "permission_id": _("Rights"),
    "view_menu_id": _("Page"),
    "called": _("Shown as"),
    "since": _("From"),
    "until": _("To"),
    "reason": _("Reason"),
    "purpose": _("Purpose"),
    "tier": _("Steps of review"),
    "before": _("Before"),
    "password_days": _("Days after which a password has to be changed"),
    "one_session": _("One session at a time"),
    "networks": _("From where people may sign in"),
    "password_profile": _("What a password must be"),
    "second_factor": _("Who needs a second factor"),
    "what": _("What is reset"),
    "confirmed": _("Confirmed"),
    "half": _("Half of the one-time password"),
    "seed": _("Seed"),
    "count": _("Records"),
    "size": _("Size"),
    "population": _("Drawn from"),
    "in_force": _("In force only"),
    "digest": _("Digest"),
    "result": _("Result"),
    "note": _("Note"),
    "name": _("Name"),
    "code": _("Code"),
    "label": _("Label"),
    "label_hant": _("Label in Traditional characters"),
    "label_en": _("Label in English"),
    "enabled": _("In use"),
    "header": _("Heading in the sheet"),
    "field_name": _("Field"),
    "place": _("Place"),
    "stored": _("Stored as"),
    "person": _("Name of the person"),
    "record_id": _("Record"),
    "sample_id": _("Spot check"),
    "lower_id": _("Record"),
    "higher_id": _("Other record"),
    "approved": _("Approved"),
    "asked_for": _("Asked for"),
    "sha256": "SHA-256",
    "watermark": _("Watermark"),
    "as_of": _("As of"),
    "q": _("Search"),
    **dict.fromkeys(("drawn_by_id", "asked_by_id", "decided_by_id", "judged_by_id", "granted_by_id"), _("By whom")),
    "created_by_fk": _("By whom"),
    **dict.fromkeys(
        ("drawn_at", "asked_at", "decided_at", "judged_at", "granted_at", "said_at", "added_at"), _("When")
    ),
}


def of(kind: Kind) -> Words:
    """Readable texts for values of a kind of field."""
    return lambda text, _event: kind.retell([text])


def every(words: Words) -> Words:
    """Readable texts for a list stored in one column."""
    return lambda text, event: listed(words(each, event) for each in EACH.findall(text))


def place_called(text: str, _event: Any = None) -> str:
    return str(dict(places()).get(text, text))


def field_called(text: str, event: AuditEvent) -> str:
    """The label of a field of the ledger that the same entry names."""
    names = next((new or old for path, old, new in event.changes if path == "ledger"), None)
    ledger = named(names[0]) if names else None
    return str(ledger.label_of(text)) if ledger else text


UNIT, YES_NO = of(Link(Unit, "full_name")), of(YesNo())
# What the text of a column stands for; `table.column`, where only one table's is meant.
MEANINGS: dict[str, Words] = {
    "ledger": place_called,
    "ab_view_menu.name": place_called,
    "import_column.field_name": field_called,
    "import_column.unit_id": lambda text, event: str(_("The committee")) if text == COMMITTEE else UNIT(text, event),
    "unit_id": UNIT,
    "unit_ids": every(UNIT),
    "org_id": of(Link(PartyOrg, "full_name")),
    "area_id": of(Link(Area, "name")),
    **dict.fromkeys(("active", "waiting", "one_session", "in_force", "approved", "enabled", "confirmed"), YES_NO),
}


def right_called(labels: Mapping[str, Label]) -> Words:
    """Readable text of a permission: `can_read`, or `can read on visits`."""

    def words(text: str, _event: Any = None) -> str:
        found = RIGHT.fullmatch(text)
        if found is None:
            return text
        right = str(labels.get(found[1], found[1]))
        return labelled(place_called(found[2]), right) if found[2] else right

    return words


def places() -> Iterator[tuple[str, Label]]:
    """All subjects of audit log entries."""
    yield from PLACES.items()
    yield from ((each.name, each.label) for each in mounted())


def known_places() -> set[str]:
    """All known subjects, including tables without a label; any other subject is a removed ledger."""
    return {"", *Model.metadata.tables, *(name for name, _label in places())}


def label_of(path: str) -> Label:
    return COLUMNS.get(path, path)


def retold(event: AuditEvent, path: str, texts: Sequence[str]) -> str:
    words = MEANINGS.get(f"{event.ledger}.{path}") or MEANINGS.get(path)
    return listed(words(text, event) if words else text for text in texts)


__all__ = ["COLUMNS", "MEANINGS", "PLACES", "label_of", "places", "retold"]
