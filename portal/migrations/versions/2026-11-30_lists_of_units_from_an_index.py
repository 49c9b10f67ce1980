"""lists of units from an index alone, on PostgreSQL

Revision ID: 7c1e94b2d605
Revises: 5d3c8f0a9e14
"""

from alembic import op
from sqlalchemy import inspect

revision = "7c1e94b2d605"
down_revision = "5d3c8f0a9e14"
branch_labels = None
depends_on = None
TABLES = (
    *("agreement", "beneficiary", "pairing", "project_extension", "service_project", "study_group", "study_plan"),
    *("study_session", "visit"),
)


def remake(included: list[str]) -> None:
    """SQLite has the id in every index."""
    if op.get_bind().dialect.name != "postgresql":
        return
    for table in TABLES:
        name, found = f"ix_{table}_unit_figures", inspect(op.get_bind()).get_indexes(table)
        columns = next(each["column_names"] for each in found if each["name"] == name)
        op.drop_index(name, table_name=table)
        op.create_index(name, table, columns, postgresql_include=included)


def upgrade() -> None:
    remake(["id"])


def downgrade() -> None:
    remake([])
