"""columns of sheets are remembered by unit; what was remembered before holds for everybody (0)

Revision ID: 04a843a16180
Revises: 4e0a9c67b21d
"""

import sqlalchemy as sa
from alembic import op

revision = "04a843a16180"
down_revision = "4e0a9c67b21d"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("import_column", schema=None) as batch_op:
        batch_op.add_column(sa.Column("unit_id", sa.Integer(), nullable=False, server_default="0"))
        batch_op.drop_constraint(batch_op.f("pk_import_column"), type_="primary")
        batch_op.create_primary_key(batch_op.f("pk_import_column"), ["ledger", "unit_id", "header"])
    with op.batch_alter_table("import_column", schema=None) as batch_op:
        batch_op.alter_column("unit_id", existing_type=sa.Integer(), existing_nullable=False, server_default=None)


def downgrade() -> None:
    op.execute("DELETE FROM import_column WHERE unit_id <> 0")
    with op.batch_alter_table("import_column", schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f("pk_import_column"), type_="primary")
        batch_op.create_primary_key(batch_op.f("pk_import_column"), ["ledger", "header"])
        batch_op.drop_column("unit_id")
