"""lowered steps of review and exemptions are confirmed by a second person

Revision ID: a7d15e02c4b9
Revises: c97ae8a86287
"""

import sqlalchemy as sa
from alembic import op

revision = "a7d15e02c4b9"
down_revision = "c97ae8a86287"
branch_labels = None
depends_on = None

TABLES = ("review_tier", "review_exemption")
COLUMN = "confirmed_by_id"


def upgrade() -> None:
    for table in TABLES:
        with op.batch_alter_table(table) as batch:
            batch.add_column(sa.Column(COLUMN, sa.Integer(), nullable=True))
            name = op.f(f"fk_{table}_{COLUMN}")
            batch.create_foreign_key(name, "ab_user", [COLUMN], ["id"], ondelete="SET NULL")


def downgrade() -> None:
    for table in TABLES:
        with op.batch_alter_table(table) as batch:
            batch.drop_constraint(op.f(f"fk_{table}_{COLUMN}"), type_="foreignkey")
            batch.drop_column(COLUMN)
