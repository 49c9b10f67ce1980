"""Accounts of administrators: `portal admin …`."""

from __future__ import annotations

import click

from portal.accounts import create_account, resets
from portal.accounts.passwords import password_fault, profile_in_force
from portal.accounts.sign_in import policy
from portal.cli.groups import admin
from portal.core.access import scope
from portal.extensions import db
from portal.permissions import roles


@admin.command()
@click.argument("role", type=click.Choice([role.code for role in roles.ROLES]))
@click.argument("name")
@click.password_option(help="Asked for when not given.")
def create(role: str, name: str, password: str) -> None:
    """Make the account NAME with the role ROLE."""
    if fault := password_fault(password, name, profile_in_force()):
        raise click.ClickException(fault)
    with scope.unscoped("an operator at the machine makes the first accounts"):
        if not create_account.create(name, name, password, role):
            raise click.ClickException(f"there is an account {name!r} already")
    click.echo(f"Account {name} with role {role} was made.")


@admin.command()
def anywhere() -> None:
    """Let people sign in from every address again, when the rules for signing in shut everybody out."""
    with scope.unscoped("an operator at the machine opens the door"):
        rules = policy.in_force()
        rules.networks = ""
        db.session.add(rules)
        db.session.commit()
    click.echo("People may sign in from every address.")


@admin.command()
@click.argument("name")
def reset(name: str) -> None:
    """Give the account NAME a one-time password and remove its second factor, when no two administrators are there."""
    with scope.unscoped("an operator at the machine lets somebody in again"):
        if not (password := resets.reset_alone(name)):
            raise click.ClickException(f"there is no account {name!r}")
        db.session.commit()
    click.echo(f"One-time password of {name}, to be changed at the first signing in: {password}")
