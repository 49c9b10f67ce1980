"""columns of imported sheets

Revision ID: b9ba7af7ab4a
Revises: b6058510e2f8
"""

import sqlalchemy as sa
from alembic import op

revision = "b9ba7af7ab4a"
down_revision = "b6058510e2f8"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "import_column",
        sa.Column("ledger", sa.String(length=60), nullable=False),
        sa.Column("header", sa.String(length=100), nullable=False),
        sa.Column("field_name", sa.String(length=60), nullable=False),
        sa.PrimaryKeyConstraint("ledger", "header", name=op.f("pk_import_column")),
    )


def downgrade() -> None:
    op.drop_table("import_column")
