"""former passwords

Revision ID: c2d84f10e6b7
Revises: 3f9a6c27d1e8
"""

import sqlalchemy as sa
from alembic import op

revision = "c2d84f10e6b7"
down_revision = "3f9a6c27d1e8"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "former_password",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("password", sa.String(length=256), nullable=False),
        sa.Column("changed_at", sa.DateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"], ["ab_user.id"], name=op.f("fk_former_password_user_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_former_password")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("former_password", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_former_password_user_id"), ["user_id"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("former_password", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_former_password_user_id"))
    op.drop_table("former_password")
