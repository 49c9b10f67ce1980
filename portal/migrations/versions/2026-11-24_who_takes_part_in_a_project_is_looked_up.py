"""who takes part in a project is looked up

Revision ID: 9708b7c4dffa
Revises: 7b38cfa29885
"""

from alembic import op

revision = "9708b7c4dffa"
down_revision = "7b38cfa29885"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("service_project_co_unit", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_service_project_co_unit_unit_id"), ["unit_id"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("service_project_co_unit", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_service_project_co_unit_unit_id"))
