"""Where the passphrase of backups comes from: a file that the settings name, else whoever runs the command."""

from __future__ import annotations

from pathlib import Path

import click
from flask import current_app

from config import BadSetting

SHORTEST = 12  # characters


def passphrase(*, new: bool) -> str:
    """`new`: of a backup that is being made. Raises ClickException."""
    name: str = current_app.config["BACKUP_PASSPHRASE_FILE"]
    found = read(Path(name)) if name else ask(new)
    if new and len(found) < SHORTEST:
        raise BadSetting(f"the passphrase of backups needs at least {SHORTEST} characters")
    return found


def read(path: Path) -> str:
    try:
        found = path.read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError):
        raise BadSetting(f"PORTAL_BACKUP_PASSPHRASE_FILE names {path}, which cannot be read") from None
    if not found:
        raise BadSetting(f"PORTAL_BACKUP_PASSPHRASE_FILE names {path}, which is empty")
    return found


def ask(new: bool) -> str:
    try:
        found: str = click.prompt("Passphrase of the backup", hide_input=True, confirmation_prompt=new, err=True)
    except click.Abort:
        raise BadSetting("a backup needs a passphrase: type it, or set PORTAL_BACKUP_PASSPHRASE_FILE") from None
    return found.strip()
