"""rules for signing in

Revision ID: 295accab8097
Revises: 86d9c70fc85a
"""

from datetime import date

import sqlalchemy as sa
from alembic import op

revision = "295accab8097"
down_revision = "86d9c70fc85a"
branch_labels = None
depends_on = None

PROFILE = sa.table("account_profile", sa.column("password_on", sa.Date()))


def upgrade() -> None:
    op.create_table(
        "sign_in_rules",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("password_days", sa.Integer(), nullable=False),
        sa.Column("one_session", sa.Boolean(), nullable=False),
        sa.Column("networks", sa.String(length=1000), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sign_in_rules")),
    )
    with op.batch_alter_table("account_profile", schema=None) as batch_op:
        batch_op.add_column(sa.Column("password_on", sa.Date(), nullable=True))
        batch_op.add_column(sa.Column("session_name", sa.String(length=32), nullable=True))

    # Nobody knows how old the passwords are that people have; from here on they grow old.
    op.execute(sa.update(PROFILE).values(password_on=date.today()))


def downgrade() -> None:
    with op.batch_alter_table("account_profile", schema=None) as batch_op:
        batch_op.drop_column("session_name")
        batch_op.drop_column("password_on")

    op.drop_table("sign_in_rules")
