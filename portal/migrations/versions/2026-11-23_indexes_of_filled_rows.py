"""indexes of filled rows

Revision ID: 3f6c1d20a9b7
Revises: 0fff16908d4d
"""

import sqlalchemy as sa
from alembic import op

revision = "3f6c1d20a9b7"
down_revision = "0fff16908d4d"
branch_labels = None
depends_on = None

NAMES = ("amends_id", "previous_id")


def upgrade() -> None:
    for name in NAMES:
        filled = sa.column(name).is_not(None)
        op.drop_index(f"ix_agreement_{name}", table_name="agreement")
        op.create_index(f"ix_agreement_{name}", "agreement", [name], sqlite_where=filled, postgresql_where=filled)


def downgrade() -> None:
    for name in NAMES:
        op.drop_index(f"ix_agreement_{name}", table_name="agreement")
        op.create_index(f"ix_agreement_{name}", "agreement", [name])
