"""Key files of the data directory: created with a new database, never beside one that has used them.

With another key, personal data could not be read and the trail would not be proved any more; so a portal whose key is
missing, empty or broken does not start.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from pathlib import Path
from typing import Any

from flask import Flask
from sqlalchemy import inspect
from sqlalchemy.exc import DBAPIError

import config
from config import BadSetting
from portal.core.audit import signatures
from portal.extensions import db
from portal.org import encrypted

PERSONAL, AUDIT, SECRET = "personal.key", "audit.key", "secret.key"
# Under this name the application knows the keys that its own start made: nothing was written with them yet.
MADE = "portal.made_keys"


def install(app: Flask) -> None:
    """Read the keys, or create those of a new database. Raises BadSetting."""
    home: Path = app.config["DATA_DIR"]
    read(app, home / PERSONAL, encrypted.new_keys, encrypted.install)
    read(app, home / AUDIT, lambda: secrets.token_hex(32), signatures.install)
    if not app.config["SECRET_KEY"]:
        read(app, home / SECRET, new_secret, sign_sessions)


def new_secret() -> str:
    return secrets.token_urlsafe(48)


def sign_sessions(app: Flask, path: Path) -> None:
    key = path.read_text().strip()
    if len(key) < config.SHORTEST_SECRET:
        raise ValueError
    app.config["SECRET_KEY"] = key


def read(app: Flask, path: Path, make: Callable[[], str], use: Callable[[Any, Path], None]) -> None:
    # Looked for again after asking: another process that starts may have made it and then used the database.
    if not path.exists() and used(app, path) and not path.exists():
        why = f"{path} is missing, and the database was used with it: put it back from its copy"
        if path.name == SECRET:
            why += ", or set PORTAL_SECRET_KEY"
        raise BadSetting(why)
    try:
        if not path.exists():
            app.extensions.setdefault(MADE, set()).add(path)
        config.kept(path, make)
        use(app, path)
    except OSError as fault:
        if not path.exists():
            why = f"{path} cannot be made ({fault.strerror})"
            raise BadSetting(f"{why}: the portal's user has to write there, and there has to be room") from None
        raise BadSetting(f"{path} cannot be read ({fault.strerror}): let the portal's user read it") from None
    except (ValueError, LookupError, TypeError, AttributeError):  # also UnicodeDecodeError
        state = "holds no key" if path.stat().st_size else "is empty"
        raise BadSetting(f"{path} {state}: put it back from its copy") from None


def used(app: Flask, path: Path) -> bool:
    """Has the database been set up before? Does not create a database."""
    with app.app_context():
        url = db.engine.url
        if url.get_backend_name() == "sqlite":
            file = Path(url.database or "")
            if not file.is_file() or not file.stat().st_size:
                return False
        try:
            with db.engine.connect().execution_options(reading=True) as connection:
                return inspect(connection).has_table("alembic_version")
        except DBAPIError as fault:
            why = str(fault.orig).splitlines()[0]
            raise BadSetting(f"the database: {why} (asked, since {path} is missing)") from None
        finally:
            db.engine.dispose()  # nothing is held open while the portal is being made
