"""names and places of former days

Revision ID: b8723c19e5ad
Revises: ae3b57214a3c
"""

import sqlalchemy as sa
from alembic import op

revision = "b8723c19e5ad"
down_revision = "ae3b57214a3c"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("party_org", schema=None) as batch_op:
        batch_op.add_column(sa.Column("changed_on", sa.Date(), nullable=True))
        batch_op.add_column(sa.Column("former", sa.JSON(), nullable=True))

    with op.batch_alter_table("unit", schema=None) as batch_op:
        batch_op.add_column(sa.Column("merged_into_id", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("changed_on", sa.Date(), nullable=True))
        batch_op.add_column(sa.Column("former", sa.JSON(), nullable=True))
        batch_op.create_index(batch_op.f("ix_unit_merged_into_id"), ["merged_into_id"], unique=False)
        batch_op.create_foreign_key(batch_op.f("fk_unit_merged_into_id"), "unit", ["merged_into_id"], ["id"])


def downgrade() -> None:
    with op.batch_alter_table("unit", schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f("fk_unit_merged_into_id"), type_="foreignkey")
        batch_op.drop_index(batch_op.f("ix_unit_merged_into_id"))
        batch_op.drop_column("former")
        batch_op.drop_column("changed_on")
        batch_op.drop_column("merged_into_id")

    with op.batch_alter_table("party_org", schema=None) as batch_op:
        batch_op.drop_column("former")
        batch_op.drop_column("changed_on")
