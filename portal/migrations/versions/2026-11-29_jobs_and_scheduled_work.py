"""jobs and scheduled work

Revision ID: 7cf02c49c4b7
Revises: e81b5f3c7a20
"""

import sqlalchemy as sa
from alembic import op

revision = "7cf02c49c4b7"
down_revision = "e81b5f3c7a20"
branch_labels = None
depends_on = None
WRITING = sa.column("reading", sa.Boolean).is_(False) & sa.column("state", sa.String).in_(("queued", "running"))


def upgrade() -> None:
    op.create_table(
        "scheduled_work",
        sa.Column("name", sa.String(length=30), nullable=False),
        sa.Column("slot", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_scheduled_work")),
    )
    op.create_table(
        "job",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("token", sa.String(length=32), nullable=False),
        sa.Column("kind", sa.String(length=30), nullable=False),
        sa.Column("ledger", sa.String(length=60), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=True),
        sa.Column("language", sa.String(length=10), nullable=False),
        sa.Column("address", sa.String(length=45), nullable=True),
        sa.Column("asked", sa.Text(), nullable=False),
        sa.Column("reading", sa.Boolean(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.Column("worker", sa.String(length=120), nullable=True),
        sa.Column("made_at", sa.DateTime(), nullable=False),
        sa.Column("began_at", sa.DateTime(), nullable=True),
        sa.Column("touched_at", sa.DateTime(), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["ab_user.id"], name=op.f("fk_job_user_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_job")),
        sa.UniqueConstraint("token", name=op.f("uq_job_token")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("job", schema=None) as batch_op:
        batch_op.create_index("ix_job_touched_at", ["touched_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_job_user_id"), ["user_id"], unique=False)
        batch_op.create_index(
            "uq_job_user_id_writing",
            ["user_id"],
            unique=True,
            sqlite_where=WRITING,
            postgresql_where=WRITING,
        )


def downgrade() -> None:
    with op.batch_alter_table("job", schema=None) as batch_op:
        batch_op.drop_index("uq_job_user_id_writing")
        batch_op.drop_index(batch_op.f("ix_job_user_id"))
        batch_op.drop_index("ix_job_touched_at")

    op.drop_table("job")
    op.drop_table("scheduled_work")
