"""The identity of an installation: which data directory belongs to which database.

The database has an identity that the data directory carries, and says which keys it was written with. Where they
differ, the portal neither starts nor removes anything: attachments without a row would be those of the other database.
"""

from __future__ import annotations

import json
import math
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from io import BytesIO
from pathlib import Path
from typing import Any

from flask import Flask, current_app, request
from sqlalchemy import String, insert, inspect, null, select, update
from sqlalchemy.orm import Mapped, mapped_column
from werkzeug.exceptions import ServiceUnavailable

import config
from config import BadSetting
from portal import static_files
from portal.core import clock, storage
from portal.core.audit.audit_log import AuditEvent
from portal.core.audit.signatures import MARKED, keyed, mark
from portal.core.storage.key_files import AUDIT, PERSONAL
from portal.extensions import Model, db
from portal.org import reencryption
from portal.org.encrypted import vault

FILE = "identity.json"
LABEL = b"which key is this"
# Seconds after which a process asks again: another machine may have made a new key meanwhile.
AGAIN = 30.0
# What restoring has not put in place yet, and in it the names of what it is putting there.
STAGED, PLACING = "restore.part", "placing.json"


class Installation(Model):
    """The single row with the identity of the database."""

    __tablename__ = "installation"

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    # Fingerprints of the keys that it was written with; of those of personal data the newest.
    personal_key: Mapped[str] = mapped_column(String(64))
    audit_key: Mapped[str] = mapped_column(String(64))
    # Where attachments lie: `directory`, or a bucket and what names in it begin with.
    files_in: Mapped[str | None] = mapped_column(String(300))
    # Until then no file is removed, since a backup reads what was there when it began.
    files_stay_until: Mapped[datetime | None]
    made_at: Mapped[datetime]


@dataclass(frozen=True)
class Carried:
    """The identity file of a data directory: its installation, and a name of its own, since each of several machines
    has a directory."""

    installation: str
    directory: str


class Mismatch(BadSetting):
    """Raised if the database and the data directory do not belong together."""


def file() -> Path:
    home: Path = current_app.config["DATA_DIR"]
    return home / FILE


def carried() -> Carried | None:
    """The identity file of the data directory, or None. Raises Mismatch if it cannot be read."""
    if not file().exists():
        return None
    try:
        return Carried(**json.loads(file().read_text()))
    except (OSError, ValueError, TypeError):
        raise Mismatch(f"{file()} cannot be read: put it back from its copy") from None


def personal_keys() -> list[str]:
    """The fingerprints of the available keys of personal data, newest first."""
    return vault().fingerprints(LABEL)


def audit_key() -> str:
    return keyed(LABEL).hex()


def recorded() -> Any:
    """The row; None in a new database or one of a release without it. Columns of later releases are None until the
    database is upgraded."""
    with db.engine.connect().execution_options(reading=True) as connection:
        table = Installation.__tablename__
        if not inspect(connection).has_table(table):
            return None
        there = {column["name"] for column in inspect(connection).get_columns(table)}
        wanted = (Installation.id, Installation.personal_key, Installation.audit_key, Installation.files_in)
        columns = (column if column.key in there else null().label(column.key) for column in wanted)
        return connection.execute(select(*columns)).first()


def require_restored() -> None:
    """Raises Mismatch if a restore is in progress or was killed, since a new portal in this directory would interfere
    with it."""
    if (file().parent / STAGED).exists() and not file().exists():
        raise Mismatch(f"restoring into {file().parent} goes on, or was ended half way: run `portal restore` again")


def require_match() -> None:
    """Raises Mismatch unless the database is set up and belongs to this data directory."""
    require_restored()
    row, here = recorded(), carried()
    if row is None:
        require_no_other(here)
        raise Mismatch("the database is not set up for this release yet: run `portal init` first")
    require_pair(row, here)


def require_fit() -> None:
    """Checked first during setup: may this database be upgraded with this data directory? Raises Mismatch."""
    require_restored()
    row, here = recorded(), carried()
    if row is not None:
        require_pair(row, here)
        return
    require_no_other(here)
    if _set_up():
        require_fitting_keys()


def require_no_other(here: Carried | None) -> None:
    """Raises Mismatch if the database is empty but the data directory belongs to a used one."""
    if here and not _set_up():
        raise Mismatch(
            f"the database is empty, but {file().parent} belongs to another one ({here.installation}): set "
            "PORTAL_DATABASE_URL to that one, or PORTAL_DATA_DIR to a directory of its own; if that one is lost, "
            "restore the newest backup by `portal restore` into another directory"
        )


def require_pair(row: Any, here: Carried | None) -> None:
    home = file().parent
    if here and here.installation != row.id:
        raise Mismatch(
            f"{home} belongs to another database ({here.installation}, this one is {row.id}): set "
            f"PORTAL_DATABASE_URL and PORTAL_DATA_DIR to a pair that belongs together"
        )
    require_keys(row)
    if not has_files(row.files_in):
        raise Mismatch(
            f"the files of this database are in {row.files_in}, and PORTAL_FILES says {files_place()}: set it to that, "
            "or move them by `portal files move`, run with the setting of before"
        )


def require_keys(row: Any) -> None:
    """Raises Mismatch unless the newest keys of the database are available."""
    if row.personal_key not in personal_keys():
        raise Mismatch(
            f"{file().parent / PERSONAL} is not the key that this database was written with: put that one back, or, "
            "after `portal keys rotate` on another machine, copy it from there"
        )
    if row.audit_key != audit_key():
        raise Mismatch(f"{file().parent / AUDIT} is not the key that this database was written with: put that one back")


def require_newest_keys() -> None:
    """Checked by running processes now and then, since another machine may have created a key. Raises Mismatch."""
    with db.engine.connect().execution_options(reading=True) as connection:
        row = connection.execute(select(Installation.personal_key, Installation.audit_key)).first()
    if row is not None:
        require_keys(row)


def has_newest_keys() -> bool:
    """Can this process read data written now? If not, the log says what to do."""
    try:
        require_newest_keys()
    except Mismatch as fault:
        current_app.logger.critical("%s", fault.message)
        return False
    return True


def require_fitting_keys() -> None:
    """Check the keys against stored data, for a database that does not record its keys. Raises Mismatch."""
    home = file().parent
    with db.engine.connect().execution_options(reading=True) as connection:
        tables = set(inspect(connection).get_table_names())
        if not reencryption.opens(connection, tables):
            raise Mismatch(f"{home / PERSONAL} is not the key that this database was written with: put that one back")
        if AuditEvent.__tablename__ in tables:
            columns = [getattr(AuditEvent, name) for name in ("mark", *MARKED)]
            line = connection.execute(select(*columns).order_by(AuditEvent.id.desc()).limit(1)).first()
            if line is not None and line.mark != mark(line._mapping):
                raise Mismatch(f"{home / AUDIT} is not the key that this trail was written with: put that one back")


def _set_up() -> bool:
    with db.engine.connect().execution_options(reading=True) as connection:
        return inspect(connection).has_table("alembic_version")


def settle() -> None:
    """Create the identity of a new database and write it to the data directory. Nothing is committed."""
    row, here = db.session.execute(select(Installation.id, Installation.files_in)).first(), carried()
    if here is None:
        id_ = row.id if row else secrets.token_hex(16)
        config.kept(file(), lambda: json.dumps({"installation": id_, "directory": secrets.token_hex(16)}))
        here = carried() or Carried(id_, "")
    if row is None:
        keys = {"personal_key": personal_keys()[0], "audit_key": audit_key(), "files_in": files_place()}
        db.session.execute(insert(Installation).values(id=here.installation, made_at=clock.now(), **keys))
    elif row.files_in is None:
        db.session.execute(update(Installation).values(files_in=files_place()))


# Between where files are and where they are going, while nobody may bring one.
MOVING = " > "


def has_files(recorded: str | None) -> bool:
    """Are the files where the settings say, according to the database? True also while they are being moved."""
    return recorded is None or recorded.partition(MOVING)[0] == files_place()


def files_place(setting: str = "") -> str:
    """`PORTAL_FILES` without its options, which may differ between machines."""
    return (setting or str(current_app.config["FILES"])).partition("?")[0].rstrip("/")


def require_store(setting: str = "", *, make: bool = False) -> None:
    """Check that a bucket has the identity of this database; `make`: create it if there is none. Raises Mismatch, and
    the errors of the store."""
    setting = setting or current_app.config["FILES"]
    if setting == storage.DIRECTORY:  # which carries it beside the keys
        return
    own, theirs, place = recorded().id, store_identity(setting), storage.area_of(setting, "")
    if theirs is None:
        if not make:
            raise Mismatch(f"{place.where(FILE)} is not there yet: run `portal init`")
        place.put(FILE, BytesIO(json.dumps({"installation": own}).encode()))
    elif theirs != own:
        raise Mismatch(
            f"{place.where('')} has the files of another database ({theirs}, this one is {own}): set PORTAL_FILES to "
            "a bucket, or a beginning of names, of its own"
        )


def store_identity(setting: str) -> str | None:
    """The identity stored in a bucket, or None. Raises Mismatch and Away."""
    place = storage.area_of(setting, "")
    try:
        with place.open(FILE) as found:
            theirs: str = json.loads(found.read())["installation"]
    except storage.Missing:
        return None
    except (ValueError, TypeError, KeyError):
        raise Mismatch(f"{place.where(FILE)} cannot be read: put it back from its copy") from None
    return theirs


def directory() -> str:
    """The name of this data directory."""
    here = carried()
    return here.directory if here else ""


def keys_renewed() -> None:
    """Record the new key of personal data. Nothing is committed."""
    db.session.execute(update(Installation).values(personal_key=personal_keys()[0]))


class Guard:
    """Runs a check once per process, before the first page is served, or `again` after that many seconds. `require`
    raises BadSetting."""

    def __init__(self, require: Callable[[], None], again: float = math.inf) -> None:
        self.require, self.again, self.passed_at = require, again, -math.inf

    def __call__(self) -> None:
        if self.passed_at + self.again > time.monotonic():
            return
        if static_files.served(request.endpoint) or request.endpoint == "healthz":
            return
        try:
            self.require()
        except BadSetting as fault:
            current_app.logger.critical("%s", fault.message)
            raise ServiceUnavailable from None
        self.passed_at = time.monotonic()


def install(app: Flask) -> None:
    app.before_request(Guard(require_match))
    # Not in the midst of tests, which count the statements of a page.
    app.before_request(Guard(require_newest_keys, math.inf if app.testing else AGAIN))
