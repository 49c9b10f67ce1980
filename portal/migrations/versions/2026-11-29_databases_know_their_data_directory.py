"""databases know their data directory

Revision ID: 7be41c20d9f5
Revises: 5d1c0e7a94b2
"""

import sqlalchemy as sa
from alembic import op

revision = "7be41c20d9f5"
down_revision = "5d1c0e7a94b2"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "installation",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("personal_key", sa.String(length=64), nullable=False),
        sa.Column("audit_key", sa.String(length=64), nullable=False),
        sa.Column("heads_in", sa.String(length=32), nullable=True),
        sa.Column("made_at", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_installation")),
    )


def downgrade() -> None:
    op.drop_table("installation")
