"""Where files lie that every machine needs: the data directory, or an object store that speaks S3 (`PORTAL_FILES`).

Names are random and say nothing. A file is written whole under a name that no other ever has, so nothing is changed in
place. What a file is and who may read it, only its row in the database knows, and only the portal hands it out.
"""

from __future__ import annotations

from flask import current_app

from portal.core.storage.base import Away, Entry, Missing, Store
from portal.core.storage.directory import Directory

DIRECTORY = "directory"


def area(name: str) -> Store:
    """The configured store's area with the files of one use."""
    return area_of(current_app.config["FILES"], name)


def area_of(place: str, name: str) -> Store:
    """An area of the store given by another value of `PORTAL_FILES`."""
    if place == DIRECTORY:
        return Directory(current_app.config["DATA_DIR"] / name)
    from portal.core.storage.s3 import Bucket  # noqa: PLC0415 # half a second, which nobody else waits for

    return Bucket(place, name)


__all__ = ["DIRECTORY", "Away", "Entry", "Missing", "Store", "area", "area_of"]
