"""marks and seals of the trail; on PostgreSQL its tables refuse every change

Revision ID: d9e3a1aa5ab2
Revises: 947ab8a0d7a5
"""

import secrets
from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa
from alembic import op

from portal.core.audit.signatures import MARKED, mark

revision = "d9e3a1aa5ab2"
down_revision = "947ab8a0d7a5"
branch_labels = None
depends_on = None

TABLES = ("audit_event", "audit_seal")
EVENT = sa.table(
    "audit_event",
    sa.column("id", sa.Integer),
    sa.column("at", sa.DateTime),
    sa.column("changes", sa.JSON),
    *(sa.column(name) for name in (*MARKED, "mark") if name not in ("at", "changes")),
)
REFUSE = """
CREATE FUNCTION portal_refuse_change() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION 'lines of the trail are never changed or removed'; END $$
"""


def upgrade() -> None:
    op.create_table(
        "audit_seal",
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("last_id", sa.Integer(), nullable=False),
        sa.Column("lines", sa.LargeBinary(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("sealed_at", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_audit_seal")),
    )
    with op.batch_alter_table("audit_event", schema=None) as batch_op:
        batch_op.add_column(sa.Column("uid", sa.String(length=32), nullable=True))
        batch_op.add_column(sa.Column("mark", sa.String(length=64), nullable=True))
    mark_lines()
    with op.batch_alter_table("audit_event", schema=None) as batch_op:
        batch_op.alter_column("uid", existing_type=sa.String(length=32), nullable=False)
        batch_op.alter_column("mark", existing_type=sa.String(length=64), nullable=False)
        batch_op.create_unique_constraint(batch_op.f("uq_audit_event_uid"), ["uid"])
    for statement in triggers():
        op.execute(statement)


def mark_lines() -> None:
    """Lines from before are marked as they are found."""
    connection = op.get_bind()
    for line in connection.execute(sa.select(EVENT)).mappings().all():
        values = {**line, "uid": secrets.token_hex(16)}
        written = {"uid": values["uid"], "mark": mark(values)}
        connection.execute(sa.update(EVENT).where(EVENT.c.id == line["id"]).values(written))


def triggers() -> Iterator[Any]:
    if op.get_bind().dialect.name == "postgresql":
        yield REFUSE
        for table in TABLES:
            yield (
                f"CREATE TRIGGER {table}_rows BEFORE UPDATE OR DELETE ON {table} "
                "FOR EACH ROW EXECUTE FUNCTION portal_refuse_change()"
            )
            yield (
                f"CREATE TRIGGER {table}_whole BEFORE TRUNCATE ON {table} "
                "FOR EACH STATEMENT EXECUTE FUNCTION portal_refuse_change()"
            )


def downgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        for table in TABLES:
            op.execute(f"DROP TRIGGER {table}_rows ON {table}")
            op.execute(f"DROP TRIGGER {table}_whole ON {table}")
        op.execute("DROP FUNCTION portal_refuse_change")
    with op.batch_alter_table("audit_event", schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f("uq_audit_event_uid"), type_="unique")
        batch_op.drop_column("mark")
        batch_op.drop_column("uid")

    op.drop_table("audit_seal")
