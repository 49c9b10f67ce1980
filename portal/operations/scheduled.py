"""Scheduled work of every hour and night (`core/jobs/schedule.py`)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from flask import Flask, current_app
from flask_babel import lazy_gettext as _

from portal import setup
from portal.core.hash_chain import chain
from portal.core.jobs.schedule import PLANS, Plan, hour, night
from portal.core.storage import installation
from portal.operations import backup
from portal.operations.passphrase import passphrase

KEPT_BACKUPS = 30


def tidy() -> dict[str, Any]:
    """Raises BadSetting, and removes nothing, where database and data directory do not belong together."""
    installation.require_match()
    for remark in setup.sweep():
        current_app.logger.warning("%s", remark)
    return {}


def seal() -> dict[str, Any]:
    """Beside what each process seals soon after it has written: what a killed one left."""
    return {"done": chain.seal()}


def analyze() -> dict[str, Any]:
    setup.analyze()
    return {}


def back_up() -> dict[str, Any]:
    made, _gone = backup.make_next(Path(current_app.config["BACKUP_DIR"]), KEPT_BACKUPS, passphrase(new=True))
    if made.manifest.damaged:
        raise RuntimeError(backup.damage(made.manifest.damaged))
    return {}


def install(_app: Flask) -> None:
    PLANS.update(
        tidy=Plan(_("Removing what is no longer needed"), hour, tidy),
        seal=Plan(_("Sealing the trail"), hour, seal),
        analyze=Plan(_("Counting what indexes hold"), night, analyze),
        backup=Plan(_("Backup"), night, back_up, lambda: bool(current_app.config["BACKUP_DIR"])),
    )


__all__ = ["install"]
