"""How the audit log names accounts, roles and permissions."""

from __future__ import annotations

from typing import Any

from flask import Flask
from flask_appbuilder.security.sqla.models import Role, User
from sqlalchemy import select

from portal.accounts import resets
from portal.accounts.passwords import PROFILES
from portal.accounts.sign_in.second_factor import DEMANDED
from portal.core.access import scope
from portal.core.views.history import audit_words as words
from portal.extensions import db
from portal.oversight.spot_checks import RESULTS
from portal.permissions import administrators, roles, temporary_grants


def called(name: Any, number: Any, text: str) -> str:
    """Of a row that the text is the number of; nothing where it is none."""
    return (db.session.scalar(select(name).where(number == int(text))) or "") if text.isdigit() else ""


def account_called(text: str, _event: Any) -> str:
    """An account may be gone since; its number stays."""
    return called(User.username, User.id, text) or f"#{text}"


def role_called(text: str, _event: Any) -> str:
    return roles.label_of(called(Role.name, Role.id, text) or text)


def verb_called(text: str, _event: Any) -> str:
    return str(roles.DESK_VERBS.get(text, text))


def granted_on(text: str, _event: Any) -> str:
    return str(temporary_grants.ledgers().get(text, text))


def profile_called(text: str, _event: Any) -> str:
    return str(PROFILES[text].label) if text in PROFILES else text


def install(app: Flask) -> None:
    app.jinja_env.globals["administers"] = lambda: administrators.administers(scope.current())
    words.PLACES.update({desk.name: desk.label for desk in roles.DESKS})
    right = words.right_called(roles.DESK_VERBS)
    accounts = ("user_id", "user", "drawn_by_id", "asked_by_id", "decided_by_id", "judged_by_id", "granted_by_id")
    words.MEANINGS.update(
        {
            **dict.fromkeys((*accounts, "created_by_fk"), account_called),
            **dict.fromkeys(("role", "role_id", "roles", "ab_role.name", "ab_role.title"), role_called),
            "asked_roles": words.every(role_called),
            "verb": verb_called,
            "verbs": words.every(verb_called),
            "ab_permission.name": right,
            "permissions": right,
            "account_grant.ledger": granted_on,
            "scope": lambda text, _event: str(roles.SCOPES.get(text, text)),
            "password_profile": profile_called,
            "second_factor": lambda text, _event: str(DEMANDED.get(text, text)),
            "admin_reset.what": lambda text, _event: str(resets.KINDS.get(text, text)),
            "result": lambda text, _event: str(RESULTS.get(text, text)),
        }
    )


__all__ = ["install"]
