"""Office numbers are unique within a unit.

Revision ID: 5d1c0e7a94b2
Revises: a3d5f1c07e92
"""

from alembic import op

revision = "5d1c0e7a94b2"
down_revision = "a3d5f1c07e92"
branch_labels = None
depends_on = None

TABLES = (
    *("agreement", "beneficiary", "pairing", "visit", "study_group", "study_plan", "study_session"),
    *("service_project", "project_extension"),
)


def unique_by(*columns: str) -> None:
    for table in TABLES:
        # On SQLite the table is made again; its ids stay given once.
        with op.batch_alter_table(table, table_kwargs={"sqlite_autoincrement": True}) as batch_op:
            batch_op.drop_constraint(op.f(f"uq_{table}_office_no"), type_="unique")
            batch_op.create_unique_constraint(op.f(f"uq_{table}_office_no"), list(columns))


def upgrade() -> None:
    unique_by("owner_unit_id", "office_no")


def downgrade() -> None:
    """Fails where two units have the same number by now: which of them would lose it is nobody's to guess."""
    unique_by("office_no")
