"""activities say who entered them

Revision ID: 8be21b2330f1
Revises: b9ba7af7ab4a
"""

import sqlalchemy as sa
from alembic import op

revision = "8be21b2330f1"
down_revision = "b9ba7af7ab4a"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("coop_activity", schema=None) as batch_op:
        batch_op.add_column(sa.Column("receipt_no", sa.String(length=40), nullable=True))
        batch_op.add_column(sa.Column("by_counterpart", sa.Boolean(), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("coop_activity", schema=None) as batch_op:
        batch_op.drop_column("by_counterpart")
        batch_op.drop_column("receipt_no")
