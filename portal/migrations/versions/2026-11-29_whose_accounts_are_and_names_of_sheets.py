"""accounts are bound to an identity, administrators have a tenure, names of imported sheets are sealed

Revision ID: 4b8e2d61f07a
Revises: 5d0e2b9a71c4
"""

import sqlalchemy as sa
from alembic import op

from portal.org.encrypted import vault

revision = "4b8e2d61f07a"
down_revision = "5d0e2b9a71c4"
branch_labels = None
depends_on = None

LONGEST = 120
RUNS = sa.table(
    "import_run",
    sa.column("id", sa.Integer),
    sa.column("name", sa.String(LONGEST)),
    sa.column("name_enc", sa.Text),
)


def upgrade() -> None:
    op.create_table(
        "provider_identity",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("bound_at", sa.DateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"], ["ab_user.id"], name=op.f("fk_provider_identity_user_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_provider_identity")),
        sa.UniqueConstraint("digest", name=op.f("uq_provider_identity_digest")),
        sa.UniqueConstraint("user_id", name=op.f("uq_provider_identity_user_id")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("account_profile") as batch:
        batch.add_column(sa.Column("powers_changed_at", sa.DateTime(), nullable=True))
    with op.batch_alter_table("import_run") as batch:
        batch.add_column(sa.Column("name_enc", sa.Text(), nullable=True))
    rewrite(RUNS.c.name, RUNS.c.name_enc, lambda name: vault().seal(name))
    with op.batch_alter_table("import_run") as batch:
        batch.alter_column("name_enc", existing_type=sa.Text(), nullable=False)
        batch.drop_column("name")


def downgrade() -> None:
    with op.batch_alter_table("import_run") as batch:
        batch.add_column(sa.Column("name", sa.String(length=LONGEST), nullable=True))
    rewrite(RUNS.c.name_enc, RUNS.c.name, lambda stored: vault().open(stored))
    with op.batch_alter_table("import_run") as batch:
        batch.alter_column("name", existing_type=sa.String(length=LONGEST), nullable=False)
        batch.drop_column("name_enc")
    with op.batch_alter_table("account_profile") as batch:
        batch.drop_column("powers_changed_at")
    op.drop_table("provider_identity")


def rewrite(source, target, made) -> None:
    connection = op.get_bind()
    for id_, text in connection.execute(sa.select(RUNS.c.id, source)).all():
        connection.execute(sa.update(RUNS).where(RUNS.c.id == id_).values({target.name: made(text)}))
