"""Key rotation on one machine or several."""

from __future__ import annotations

from collections.abc import Callable

from flask import current_app

from portal.core import storage
from portal.core.audit import audit_log
from portal.core.hash_chain import chain
from portal.core.storage import installation, key_files
from portal.extensions import db
from portal.operations.backup import Refused
from portal.org import reencryption

SEVERAL = (
    "other machines may serve this portal, and without the new key they stop with 503 within a minute: repeat with "
    "--copied-at-once when personal.key can be copied from {path} to their data directories right after this"
)


def renew(told: Callable[[int], None], *, copied: bool) -> int:
    """Make it and encrypt everything anew; answers how many values. `copied`: whoever asks brings it to the other
    machines. Raises Refused."""
    path = current_app.config["DATA_DIR"] / key_files.PERSONAL
    if not copied and several():
        raise Refused(SEVERAL.format(path=path))
    audit_log.log_and_commit("keys_renewed")
    reencryption.renew(path)
    installation.keys_renewed()
    db.session.commit()
    count = reencryption.reseal(told)
    reencryption.forget_older(path)
    return count


def several() -> bool:
    """Files in a bucket are there for several machines, and another directory with the trail's heads is another one."""
    return current_app.config["FILES"] != storage.DIRECTORY or bool(chain.other_directories())


__all__ = ["renew"]
