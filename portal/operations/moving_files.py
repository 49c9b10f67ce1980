"""Move attachments to another store while the portal is used.

Whoever brings one with the settings of before is refused from then on, until their process has been restarted.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from io import BytesIO

from sqlalchemy import Connection, select, update

import config
from portal.core import storage
from portal.core.audit import audit_log
from portal.core.records import attachments
from portal.core.records.attachments import AREA, Attachment
from portal.core.records.forms.staged_files import StagedFile
from portal.core.storage import Missing, Store, installation
from portal.core.storage.installation import Installation
from portal.database import FILES, outlast_writers
from portal.extensions import db
from portal.operations.backup import Refused

MOVED = "files_moved"
PATIENCE = 120.0  # seconds for those who are bringing files


@dataclass
class Moved:
    """`lost`: where files should be that rows name and that are missing or damaged; they were before."""

    files: int
    bytes: int
    lost: list[str]


def move(setting: str) -> Moved:
    """Copy what rows name to the store of this value of `PORTAL_FILES`, and let the database say that it is there. What
    the store of before has stays. One that was killed is completed by the same command. Raises Refused, BadSetting and
    Away."""
    setting = config.files({"PORTAL_FILES": setting})
    place, before = installation.files_place(setting), installation.files_place()
    if place == before:
        raise Refused(f"the files are in {place} already")
    source, target = attachments.kept(), storage.area_of(setting, AREA)
    installation.require_store(setting, make=True)
    done = Moved(0, 0, [])
    copy(source, target, done)  # most of them, while nobody waits
    declare(f"{before}{installation.MOVING}{place}")
    try:
        with db.engine.connect() as connection:
            if not outlast_writers(connection, FILES, PATIENCE):
                raise Refused("somebody is bringing a file for minutes: try again")
        copy(source, target, done)
        declare(place)
    except BaseException:
        declare(before)
        raise
    audit_log.log_and_commit(MOVED, title=place[:200])
    return done


def declare(place: str) -> None:
    with db.engine.begin() as connection:
        connection.execute(update(Installation).values(files_in=place))


def copy(source: Store, target: Store, done: Moved) -> None:
    """What rows name and the target lacks."""
    there = {each.name for each in target.entries()}
    with db.engine.connect().execution_options(reading=True) as connection:
        named = digests(connection)
    done.lost = []
    for stored, digest in named.items():
        if stored in there:
            continue
        try:
            with source.open(stored) as content:
                read = content.read()
        except Missing:
            read = b""
        if hashlib.sha256(read).hexdigest() != digest:
            done.lost.append(source.where(stored))
            continue
        target.put(stored, BytesIO(read))
        done.files, done.bytes = done.files + 1, done.bytes + len(read)


def digests(connection: Connection) -> dict[str, str]:
    """Of each file that a row names, by its name in the store."""
    found: dict[str, str] = {}
    for model in (Attachment, StagedFile):
        found |= {row.stored: row.sha256 for row in connection.execute(select(model.stored, model.sha256))}
    return found
