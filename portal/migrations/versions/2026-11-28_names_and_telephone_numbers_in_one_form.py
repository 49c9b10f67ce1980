"""names and telephone numbers in one form

Revision ID: a3d5f1c07e92
Revises: c8ec96c3d9dd
"""

from collections.abc import Callable

import sqlalchemy as sa
from alembic import op

from portal.core.fields.people.names import name_key, phone_number
from portal.org.encrypted import VERSION, vault

revision = "a3d5f1c07e92"
down_revision = "c8ec96c3d9dd"
branch_labels = None
depends_on = None

SEALED = sa.String(length=512)
PEOPLE = sa.table(
    "beneficiary",
    sa.column("id", sa.Integer),
    sa.column("community_id", sa.Integer),
    sa.column("name_enc", SEALED),
    sa.column("phone_enc", SEALED),
    sa.column("dedupe_hash", sa.String(length=64)),
)
AGREEMENTS = sa.table(
    "agreement", sa.column("id", sa.Integer), sa.column("a_phone", SEALED), sa.column("b_phone", SEALED)
)


def upgrade() -> None:
    """What was stored before is found by what is compared from here on."""
    rewrite(name_key, phone_number)


def downgrade() -> None:
    """The digests are of the texts themselves again. Numbers stay in the form that they have got."""
    rewrite(lambda text: text, lambda text: text)


def rewrite(compared: Callable[[str], str], written: Callable[[str], str]) -> None:
    connection = op.get_bind()
    for row in connection.execute(sa.select(PEOPLE)).all():
        name, phone = opened(row.name_enc), opened(row.phone_enc)
        values = {}
        if name:
            values["name_enc"] = vault().seal(name, compared(name))
        if phone and written(phone) != phone:
            values["phone_enc"] = vault().seal(written(phone))
        if row.dedupe_hash and name and phone:
            # Of the name alone, spaces and dots never counted.
            values["dedupe_hash"] = vault().digest(f"{name_key(name)}|{row.community_id}|{written(phone)}")
        if values:
            connection.execute(sa.update(PEOPLE).where(PEOPLE.c.id == row.id).values(**values))
    for row in connection.execute(sa.select(AGREEMENTS)).all():
        values = {name: phone_of(getattr(row, name), written) for name in ("a_phone", "b_phone")}
        if values != {"a_phone": row.a_phone, "b_phone": row.b_phone}:
            connection.execute(sa.update(AGREEMENTS).where(AGREEMENTS.c.id == row.id).values(**values))


def opened(stored: str | None) -> str:
    return vault().open(stored) if stored else ""


def phone_of(stored: str | None, written: Callable[[str], str]) -> str | None:
    """Office telephones are plain, mobile numbers in their place are sealed, and these have one form already."""
    return stored if not stored or stored.startswith(VERSION) else written(stored)
