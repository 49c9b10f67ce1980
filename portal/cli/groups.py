"""The groups of commands, and what every command does."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

import click
from flask.cli import AppGroup
from sqlalchemy.exc import DBAPIError

from portal.core.storage import Away, installation
from portal.database import in_a_line


class Commands(AppGroup):
    """Commands that tell in one line what the database or a disk refuses."""

    def command(self, *names: Any, unready: bool = False, **more: Any) -> Any:
        """`unready`: also for a database that is not set up, or is not that of this data directory."""
        decorate = super().command(*names, **more)
        return decorate if unready else lambda function: decorate(of_this_directory(function))

    def invoke(self, context: click.Context) -> Any:
        try:
            return super().invoke(context)
        except (DBAPIError, OSError) as fault:
            raise click.ClickException(in_a_line(fault)) from fault
        except Away as fault:
            raise click.ClickException(f"the files: {fault}") from None


def of_this_directory(function: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(function)
    def checked(*args: Any, **more: Any) -> Any:
        installation.require_match()
        return function(*args, **more)

    return checked


portal = Commands("portal", help="Set up and look after the portal.")
admin = Commands("admin", help="Accounts of administrators.")
portal.add_command(admin)
keys = Commands("keys", help="The keys of personal data.")
portal.add_command(keys)
trail = Commands("audit", help="The trail of what was done.")
portal.add_command(trail)
files = Commands("files", help="Where attachments lie.")
portal.add_command(files)
heads = Commands("heads", help="The copy of the trail's heads beside the database.")
portal.add_command(heads)
