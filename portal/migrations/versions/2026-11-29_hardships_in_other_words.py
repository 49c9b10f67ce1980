"""hardships in other words

Revision ID: 5d0e2b9a71c4
Revises: b456f8ecd653
"""

import sqlalchemy as sa
from alembic import op

revision = "5d0e2b9a71c4"
down_revision = "b456f8ecd653"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("beneficiary", sa.Column("hardship_note", sa.String(length=512), nullable=True))


def downgrade() -> None:
    op.drop_column("beneficiary", "hardship_note")
