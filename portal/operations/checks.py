"""Deployment checks, each with its remedy. In production some stop the start.

Without the database these are asked when a process starts, and all of them before its first page and by `portal check`.
"""

from __future__ import annotations

import os
import re
import secrets
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from io import BytesIO
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import click
from flask import Flask, current_app
from flask_appbuilder.security.sqla.models import User
from sqlalchemy import func, select

from config import BadSetting
from portal import setup
from portal.accounts.demo_accounts import DEMO_DOMAIN
from portal.accounts.sign_in import ldap
from portal.core import clock, storage
from portal.core.audit.audit_log import AuditEvent
from portal.core.hash_chain import chain
from portal.core.storage import Away, installation, key_files
from portal.extensions import db
from portal.operations import dialects, migrating
from portal.operations.backup import MADE

YEAR = 2026  # of this release: no clock is before it
DRIFT = timedelta(minutes=1)
BACKUP_AGE = timedelta(days=2)
LEAST_FREE = 2**30  # bytes
LEAST_SHARE = 0.05
# Of 32 random characters more differ, whatever they are chosen from.
FEWEST_CHARACTERS = 8
SAMPLES = re.compile(
    r"secret|change.?me|password|example|sample|default|insecure|replace|12345678|abcdefgh|qwertyui", re.I
)
KEPT = ("*.key", "*.db*", "*.log", "*.json", "demo_password", "files", "jobs")


@dataclass(frozen=True)
class Finding:
    """What is wrong and what to do. `exposes`: data can be read or changed by whom it is not for."""

    text: str
    exposes: bool = False


def of_the_machine() -> Iterator[Finding]:
    """What needs no database and holds everywhere."""
    yield from weak_keys()
    home: Path = current_app.config["DATA_DIR"]
    if found := sorted(path.name for path in kept_files(home) if exposed(path)):
        named = ", ".join(found[:3]) + (", …" if len(found) > 3 else "")
        yield Finding(f"everybody on this machine can read {named} in {home}: run `chmod -R o-rwx {home}`", True)
    name: str = current_app.config["BACKUP_PASSPHRASE_FILE"]
    if name and exposed(Path(name)):
        yield Finding(f"everybody on this machine can read {name}: run `chmod 600 {name}`", True)
    yield from full_disk(home)
    if datetime.now(UTC).year < YEAR:
        yield Finding(f"the clock of this machine says {datetime.now(UTC):%Y-%m-%d}: set it")


def of_the_deployment() -> Iterator[Finding]:
    """What needs no database and holds where a portal is served to an office."""
    settings = current_app.config
    if not settings["PRODUCTION"]:
        yield Finding("PORTAL_ENV is development, so cookies go over plain HTTP: set it to production")
    if current_app.debug:
        yield Finding("debugging is on, its pages show code and data: unset FLASK_DEBUG and leave out --debug", True)
    if settings["DEMO"] != "none":
        yield Finding(f"PORTAL_DEMO is {settings['DEMO']}: set it to none and begin with an empty database", True)
    if not settings["PROXIES"]:
        yield Finding(
            "no web server that speaks TLS stands before the portal, so passwords go over plain HTTP: put one there, "
            "serve on 127.0.0.1 and set PORTAL_PROXIES to 1",
            not local(settings["HOST"]),
        )
    plain = settings["LDAP_URL"].startswith("ldap:") and not settings["LDAP_STARTTLS"]
    if plain and not local(urlsplit(settings["LDAP_URL"]).hostname or ""):
        yield Finding("passwords go to the directory in the clear: unset PORTAL_LDAP_STARTTLS, or use ldaps://", True)
    if settings["AS_OF"]:
        yield Finding(f"PORTAL_AS_OF stops the calendar at {settings['AS_OF']}: unset it")


def of_the_database() -> Iterator[Finding]:
    with dialects.snapshot() as connection:
        if not migrating.current(connection):
            yield Finding("the database is not of this release: run `portal init`")
        drift = dialects.now(connection) - datetime.now(UTC).replace(tzinfo=None)
    if abs(drift) > DRIFT:
        yield Finding(
            f"the clocks of the database and this machine are {abs(drift).total_seconds():.0f} s apart: set both by NTP"
        )
    for text in setup.clock_behind():
        yield Finding(text)


def of_the_deployed_database() -> Iterator[Finding]:
    demo = select(func.count(User.id)).where(User.email.endswith(DEMO_DOMAIN), User.active.is_(True))
    if count := db.session.scalar(demo):
        yield Finding(
            f"{count} demo accounts, whose password is printed, can sign in: switch them off on the page of accounts, "
            "or begin with an empty database",
            True,
        )
    with dialects.snapshot() as connection:
        role = dialects.power(connection)
    if role == dialects.SUPERUSER:
        yield Finding(
            "the portal connects as a superuser of PostgreSQL, whom no row-level security holds: make a role of its "
            "own (docs/commands.md, Settings) and name it in PORTAL_DATABASE_URL",
            True,
        )
    elif role == dialects.OWNER:
        yield Finding(
            "the portal is served by the owner of its tables, who can change the trail: set PORTAL_SERVING_ROLE, run "
            "`portal init` as the owner, and serve as that role"
        )
    yield from old_backup()
    yield from of_the_store()
    yield from files_elsewhere()


def of_the_store() -> Iterator[Finding]:
    """Where attachments lie: reached, written to, and closed to everybody else."""
    if current_app.config["FILES"] == storage.DIRECTORY:
        return
    endpoint = urlsplit(dict(parse_qsl(urlsplit(current_app.config["FILES"]).query)).get("endpoint", "https://"))
    if endpoint.scheme == "http" and not local(endpoint.hostname or ""):
        yield Finding("attachments go to the object store over plain HTTP: let PORTAL_FILES name it by https://")
    place, probe = storage.area(""), f"probe-{secrets.token_hex(8)}"
    try:
        installation.require_store()
        place.put(probe, BytesIO(b"probe"))
        try:
            if place.open_to_everybody(probe):
                yield Finding(
                    f"everybody can read {place.where('')} without the portal: make the bucket private and take away "
                    "its policy for the public",
                    True,
                )
        finally:
            place.discard([probe])
    except (Away, OSError) as fault:
        yield Finding(f"the files cannot be reached ({fault}): check PORTAL_FILES, the key, the secret and the network")
    except BadSetting as fault:
        yield Finding(fault.message)


def files_elsewhere() -> Iterator[Finding]:
    """On several machines a directory of its own has the files that were brought there only."""
    found = chain.other_directories() if current_app.config["FILES"] == storage.DIRECTORY else ()
    if found:
        yield Finding(
            f"another data directory ({found[0]}) is in use with this database: attachments brought there are not "
            "found here, so move them to a store for all machines by `portal files move s3://…`"
        )


def of_the_directory() -> Iterator[Finding]:
    """Asked by the command only: whoever opens a page waits for no other machine."""
    if current_app.config["LDAP_URL"] and (fault := ldap.trouble()):
        yield Finding(f"nobody can sign in by the directory ({fault}): check PORTAL_LDAP_* and its certificate")


def old_backup() -> Iterator[Finding]:
    remedy = "run `portal backup --into DIRECTORY --keep NUMBER` every night (docs/operations.md)"
    query = select(AuditEvent.at).where(AuditEvent.action == MADE).order_by(AuditEvent.id.desc()).limit(1)
    last = db.session.scalar(query)
    if last is None:
        yield Finding(f"there is no backup: {remedy}")
    elif clock.now() - last > BACKUP_AGE:
        yield Finding(f"the last backup is of {clock.to_the_minute(last)}: {remedy}")


def weak_keys() -> Iterator[Finding]:
    if weak(current_app.config["SECRET_KEY"]):
        yield Finding(
            "the key that signs sessions is weak or a sample: set PORTAL_SECRET_KEY to the output of "
            "`python -c 'import secrets; print(secrets.token_urlsafe(48))'`; everybody signs in again",
            True,
        )
    home: Path = current_app.config["DATA_DIR"]
    if weak((home / key_files.AUDIT).read_text("ascii", "replace").strip()):
        yield Finding(f"{home / key_files.AUDIT} is weak or a sample: begin with a database and keys of its own", True)


def weak(key: str) -> bool:
    """Few characters that differ, a short text again and again, or words of samples."""
    again = any(key == (key[:size] * len(key))[: len(key)] for size in range(1, len(key) // 2 + 1))
    return len(set(key)) < FEWEST_CHARACTERS or again or SAMPLES.search(key) is not None


def kept_files(home: Path) -> Iterator[Path]:
    for pattern in KEPT:
        yield from home.glob(pattern)
    database = db.engine.url
    if database.get_backend_name() == "sqlite" and database.database:
        yield Path(database.database)


def exposed(path: Path) -> bool:
    """Can everybody on the machine reach and read it?"""
    if os.name != "posix" or not path.exists():
        return False
    path = path.resolve()
    needed = 0o1 if path.is_dir() else 0o4
    return bool(path.stat().st_mode & needed) and all(each.stat().st_mode & 0o1 for each in path.parents)


def full_disk(home: Path) -> Iterator[Finding]:
    usage = shutil.disk_usage(home)
    if usage.free < LEAST_FREE or usage.free < usage.total * LEAST_SHARE:
        yield Finding(f"{usage.free // 2**20} MB are free on the disk of {home}: make room before nothing can be saved")


def local(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def check(*, deploy: bool) -> list[Finding]:
    """Everything; of a database that does not belong here, nothing else is asked."""
    found = [*of_the_machine(), *(of_the_deployment() if deploy else ())]
    try:
        installation.require_match()
    except installation.Mismatch as fault:
        return [*found, Finding(fault.message)]
    deployed = (*of_the_deployed_database(), *of_the_directory()) if deploy else ()
    return [*found, *of_the_database(), *deployed]


def refuse(found: list[Finding]) -> None:
    """Raises BadSetting for what exposes data."""
    faults = [each.text for each in found if each.exposes]
    if faults:
        more = f" (and {len(faults) - 1} more: `portal check --deploy`)" if len(faults) > 1 else ""
        raise BadSetting(f"{faults[0]}{more}")


def require_safe() -> None:
    """What `run.py` and the first page ask. Raises BadSetting."""
    if current_app.config["PRODUCTION"]:
        found = [*of_the_machine(), *of_the_deployment(), *of_the_database(), *of_the_deployed_database()]
        for each in found:
            if not each.exposes:
                current_app.logger.warning("%s", each.text)
        refuse(found)


def install(app: Flask) -> None:
    """Raises BadSetting; commands start in any case, or they could not tell."""
    app.before_request(installation.Guard(require_safe))
    if app.config["PRODUCTION"] and click.get_current_context(silent=True) is None:
        with app.app_context():
            refuse([*of_the_machine(), *of_the_deployment()])


__all__ = ["Finding", "check", "install", "require_safe"]
