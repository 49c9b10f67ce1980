"""amounts given to people are sealed

Revision ID: 4e0a9c67b21d
Revises: e1bac3f929c1
"""

from collections.abc import Callable
from decimal import Decimal

import sqlalchemy as sa
from alembic import op

from portal.org.encrypted import vault

revision = "4e0a9c67b21d"
down_revision = "e1bac3f929c1"
branch_labels = None
depends_on = None

PLAIN, SEALED = sa.Numeric(precision=12, scale=2), sa.String(length=512)
AID = sa.table("aid_item", sa.column("id", sa.Integer), sa.column("amount", SEALED))


def upgrade() -> None:
    with op.batch_alter_table("aid_item", schema=None) as batch_op:
        batch_op.alter_column(
            "amount", existing_type=PLAIN, type_=SEALED, existing_nullable=True, postgresql_using="amount::varchar"
        )
    rewrite(lambda text: vault().seal(str(Decimal(text).quantize(Decimal("0.01")))))


def rewrite(written: Callable[[str], str]) -> None:
    connection = op.get_bind()
    for id_, text in connection.execute(sa.select(AID).where(AID.c.amount.is_not(None))).all():
        connection.execute(sa.update(AID).where(AID.c.id == id_).values(amount=written(text)))


def downgrade() -> None:
    rewrite(vault().open)
    with op.batch_alter_table("aid_item", schema=None) as batch_op:
        batch_op.alter_column(
            "amount",
            existing_type=SEALED,
            type_=PLAIN,
            existing_nullable=True,
            postgresql_using="amount::numeric(12, 2)",
        )
