"""keys of forms that were sent

Revision ID: eae897953729
Revises: d9e3a1aa5ab2
"""

import sqlalchemy as sa
from alembic import op

revision = "eae897953729"
down_revision = "d9e3a1aa5ab2"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "sent_form",
        sa.Column("key", sa.String(length=32), nullable=False),
        sa.Column("ledger", sa.String(length=60), nullable=False),
        sa.Column("record_id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=True),
        sa.Column("used_at", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_sent_form")),
    )
    with op.batch_alter_table("sent_form", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_sent_form_used_at"), ["used_at"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("sent_form", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_sent_form_used_at"))

    op.drop_table("sent_form")
