"""What a ledger leaves in the database when it is no longer part of the portal.

Rights, data scopes, grants, steps of review, attachments, jobs and whatever else names it go at the next `portal init`,
so that a later ledger of the same name inherits nothing. The audit log keeps its lines, and no number is given twice.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from flask_appbuilder.security.sqla.models import PermissionView, Role, ViewMenu
from sqlalchemy import Connection, MetaData, Table, delete, func, inspect, select

from config import BadSetting
from portal.core.audit import audit_log
from portal.core.audit.audit_log import AuditEvent
from portal.core.declaration.ledger import Ledger, mounted
from portal.core.records.attachments import Attachment
from portal.core.records.forms.staged_files import StagedFile
from portal.extensions import Model, db
from portal.org.account_profiles import SeededGrant
from portal.permissions.roles import desks

# Every table of records has these columns, whichever ledger it is of (`core/models/record.py`).
OF_RECORDS = frozenset({"record_no", "owner_unit_id", "filled_at", "search_text"})


class RecordsLeft(BadSetting):
    """Bringing the database up to date would drop records of a ledger that this release does not have."""


@dataclass(frozen=True)
class Forgotten:
    """How many rows went, and the files in the store that these named: to be removed once all is committed."""

    rows: int
    files: tuple[str, ...]


def names() -> list[str]:
    """The ledgers that were given default rights once, and are none any more."""
    return sorted(set(db.session.scalars(select(SeededGrant.ledger).distinct())) - {desk.name for desk in desks()})


def require_empty(discard: Collection[str]) -> None:
    """Before migrations run. What the session holds is let go. Raises RecordsLeft, unless the tables with records are
    among those to discard."""
    try:
        connection = db.session.connection()
        gone = names() if inspect(connection).has_table(SeededGrant.__tablename__) else []
        left = {name: count for name, count in record_tables(connection) if count} if gone else {}
    finally:
        db.session.rollback()
    if left.keys() - discard:
        told = ", ".join(f"{count} records in the table {name}" for name, count in left.items())
        raise RecordsLeft(
            f"the database has {told}, but this release has no ledger {', '.join(gone)}. Nothing was changed. "
            f"Export them with the release before, make a backup, then run `portal init {discarding(left)}`"
        )


def discarding(tables: Iterable[str]) -> str:
    return " ".join(f"--discard {name}" for name in tables)


def record_tables(connection: Connection) -> Iterator[tuple[str, int]]:
    """Tables of records that no model knows, and how many they hold."""
    inspector = inspect(connection)
    for name in sorted(set(inspector.get_table_names()) - set(Model.metadata.tables)):
        if {column["name"] for column in inspector.get_columns(name)} >= OF_RECORDS:
            found = connection.scalar(select(func.count()).select_from(Table(name, MetaData())))
            yield name, int(found or 0)


def forget(name: str) -> Forgotten:
    """Delete every row that names this ledger, but for the audit log. Nothing is committed."""
    files = [stored for model in (Attachment, StagedFile) for stored in stored_by(model, name)]
    count = forget_rights(name)
    for model in naming_ledgers():
        count += db.session.execute(delete(model).where(model.ledger == name)).rowcount
    audit_log.log("ledger_removed", name, title=f"{name}: {count}")
    return Forgotten(count, tuple(files))


def naming_ledgers() -> list[Any]:
    """The classes whose rows each name the ledger that they are about."""
    classes: Iterable[Any] = (mapper.class_ for mapper in Model.registry.mappers if "ledger" in mapper.columns)
    return sorted((each for each in classes if each is not AuditEvent), key=lambda each: str(each.__tablename__))


def stored_by(model: Any, name: str) -> Iterable[str]:
    found: Iterable[str] = db.session.scalars(select(model.stored).where(model.ledger == name))
    return found


def forget_rights(name: str) -> int:
    """Flask-AppBuilder's permission rows on the ledger's page."""
    view = select(ViewMenu.id).where(ViewMenu.name == name).scalar_subquery()
    rights = db.session.scalars(select(PermissionView).where(PermissionView.view_menu_id == view)).all()
    for right in rights:
        for role in db.session.scalars(select(Role).where(Role.permissions.contains(right))):
            role.permissions.remove(right)
    db.session.flush()
    db.session.execute(delete(PermissionView).where(PermissionView.id.in_([right.id for right in rights])))
    db.session.execute(delete(ViewMenu).where(ViewMenu.name == name))
    return len(rights)


def last_ids_told() -> dict[str, int]:
    """Of ledgers that have no rights yet, by their tables: the last id that the audit log knows of a former ledger of
    the same name. Their records do not get its ids, under which they would find its history."""
    known = set(db.session.scalars(select(SeededGrant.ledger).distinct()))
    fresh: dict[str, Ledger] = {ledger.name: ledger for ledger in mounted() if ledger.name not in known}
    if not fresh:
        return {}
    query = select(AuditEvent.ledger, func.max(AuditEvent.record_id)).where(AuditEvent.ledger.in_(fresh))
    found = db.session.execute(query.group_by(AuditEvent.ledger))
    return {str(fresh[name].model.__tablename__): last for name, last in found if last}
