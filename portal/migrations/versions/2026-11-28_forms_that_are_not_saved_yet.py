"""forms that are not saved yet

Revision ID: c8ec96c3d9dd
Revises: c41e7d20b6f3
"""

import sqlalchemy as sa
from alembic import op

revision = "c8ec96c3d9dd"
down_revision = "c41e7d20b6f3"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "staged_file",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("key", sa.String(length=32), nullable=False),
        sa.Column("ledger", sa.String(length=60), nullable=False),
        sa.Column("place", sa.String(length=40), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("stored", sa.String(length=40), nullable=False),
        sa.Column("added_at", sa.DateTime(), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["ab_user.id"], name=op.f("fk_staged_file_user_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_staged_file")),
        sa.UniqueConstraint("stored", name=op.f("uq_staged_file_stored")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("staged_file", schema=None) as batch_op:
        batch_op.create_index("ix_staged_file_user_id_key", ["user_id", "key"], unique=False)

    op.create_table(
        "unsaved_form",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("key", sa.String(length=32), nullable=False),
        sa.Column("ledger", sa.String(length=60), nullable=False),
        sa.Column("part", sa.String(length=10), nullable=False),
        sa.Column("record_id", sa.Integer(), nullable=True),
        sa.Column("parent_id", sa.Integer(), nullable=True),
        sa.Column("typed", sa.Text(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("saved_at", sa.DateTime(), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["ab_user.id"], name=op.f("fk_unsaved_form_user_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_unsaved_form")),
        sa.UniqueConstraint("user_id", "key", name=op.f("uq_unsaved_form_user_id_key")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("unsaved_form", schema=None) as batch_op:
        batch_op.create_index("ix_unsaved_form_saved_at", ["saved_at"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("unsaved_form", schema=None) as batch_op:
        batch_op.drop_index("ix_unsaved_form_saved_at")

    op.drop_table("unsaved_form")
    with op.batch_alter_table("staged_file", schema=None) as batch_op:
        batch_op.drop_index("ix_staged_file_user_id_key")

    op.drop_table("staged_file")
