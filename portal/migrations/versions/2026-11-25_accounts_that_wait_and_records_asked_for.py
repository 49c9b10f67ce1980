"""accounts that wait and records asked for

Revision ID: 86d9c70fc85a
Revises: 04a843a16180
"""

import sqlalchemy as sa
from alembic import op

revision = "86d9c70fc85a"
down_revision = "04a843a16180"
branch_labels = None
depends_on = None

USER = sa.table("ab_user", sa.column("id"), sa.column("active", sa.Boolean()), sa.column("last_login"))
HELD = sa.table("ab_user_role", sa.column("user_id"))
PROFILE = sa.table("account_profile", sa.column("user_id"), sa.column("waiting", sa.Boolean()))


def upgrade() -> None:
    with op.batch_alter_table("account_profile", schema=None) as batch_op:
        batch_op.add_column(sa.Column("waiting", sa.Boolean(), server_default=sa.false(), nullable=False))

    with op.batch_alter_table("unmasked_export", schema=None) as batch_op:
        batch_op.add_column(sa.Column("record_ids", sa.JSON(), nullable=True))

    # Accounts that nobody has authorised yet.
    fresh = sa.select(USER.c.id).where(
        USER.c.active.is_(sa.false()), USER.c.last_login.is_(None), USER.c.id.not_in(sa.select(HELD.c.user_id))
    )
    op.execute(sa.update(PROFILE).where(PROFILE.c.user_id.in_(fresh)).values(waiting=True))


def downgrade() -> None:
    with op.batch_alter_table("unmasked_export", schema=None) as batch_op:
        batch_op.drop_column("record_ids")

    with op.batch_alter_table("account_profile", schema=None) as batch_op:
        batch_op.drop_column("waiting")
