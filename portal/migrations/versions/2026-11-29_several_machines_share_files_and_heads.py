"""several machines share files and heads

Revision ID: e81b5f3c7a20
Revises: a7d15e02c4b9
"""

import sqlalchemy as sa
from alembic import op

revision = "e81b5f3c7a20"
down_revision = "a7d15e02c4b9"
branch_labels = None
depends_on = None

INSTALLATION = sa.table("installation", sa.column("heads_in", sa.String))
SEAL = sa.table("audit_seal", sa.column("number", sa.Integer))
WITNESS = sa.table(
    "trail_witness",
    sa.column("directory", sa.String),
    sa.column("number", sa.Integer),
    sa.column("noted_at", sa.DateTime),
)
NEWEST = sa.select(sa.func.coalesce(sa.func.max(SEAL.c.number), 0)).scalar_subquery()


def upgrade() -> None:
    op.create_table(
        "trail_witness",
        sa.Column("directory", sa.String(length=32), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("noted_at", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("directory", name=op.f("pk_trail_witness")),
    )
    had = INSTALLATION.c.heads_in
    kept = sa.select(had, NEWEST, sa.func.current_timestamp()).where(had.is_not(None))
    op.execute(WITNESS.insert().from_select(["directory", "number", "noted_at"], kept))
    with op.batch_alter_table("installation", schema=None) as batch_op:
        batch_op.add_column(sa.Column("files_in", sa.String(length=300), nullable=True))
        batch_op.add_column(sa.Column("files_stay_until", sa.DateTime(), nullable=True))
        batch_op.drop_column("heads_in")


def downgrade() -> None:
    with op.batch_alter_table("installation", schema=None) as batch_op:
        batch_op.add_column(sa.Column("heads_in", sa.String(length=32), nullable=True))
        batch_op.drop_column("files_stay_until")
        batch_op.drop_column("files_in")
    kept = sa.select(WITNESS.c.directory).order_by(WITNESS.c.number.desc(), WITNESS.c.directory).limit(1)
    op.execute(INSTALLATION.update().values(heads_in=kept.scalar_subquery()))
    op.drop_table("trail_witness")
