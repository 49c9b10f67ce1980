"""roles that sheets of accounts ask for

Revision ID: c41e7d20b6f3
Revises: 2608b6d169ab
"""

import sqlalchemy as sa
from alembic import op

revision = "c41e7d20b6f3"
down_revision = "2608b6d169ab"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("account_profile", schema=None) as batch_op:
        batch_op.add_column(sa.Column("asked_roles", sa.JSON(), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("account_profile", schema=None) as batch_op:
        batch_op.drop_column("asked_roles")
