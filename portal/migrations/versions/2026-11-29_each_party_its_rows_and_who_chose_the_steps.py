"""each party its rows, and who chose the steps of review

Revision ID: 3f9a6c27d1e8
Revises: 7be41c20d9f5
"""

import sqlalchemy as sa
from alembic import op

revision = "3f9a6c27d1e8"
down_revision = "7be41c20d9f5"
branch_labels = None
depends_on = None

USERS = {"review_tier": "chosen_by_id", "review_exemption": "granted_by_id"}


def upgrade() -> None:
    with op.batch_alter_table("sent_form") as batch:
        batch.add_column(sa.Column("digest", sa.String(length=64), nullable=True))
    with op.batch_alter_table("demand_item") as batch:
        batch.add_column(sa.Column("from_counterpart", sa.Boolean(), nullable=True))
    with op.batch_alter_table("coop_item") as batch:
        batch.add_column(sa.Column("from_counterpart", sa.Boolean(), nullable=True))
        batch.add_column(sa.Column("community_confirmed", sa.Boolean(), nullable=True))
    op.execute(
        sa.table("coop_item", sa.column("community_confirmed", sa.Boolean)).update().values(community_confirmed=False)
    )
    with op.batch_alter_table("review_tier") as batch:
        batch.add_column(sa.Column("before", sa.Integer(), nullable=True))
    for table, column in USERS.items():
        name = op.f(f"fk_{table}_{column}")
        with op.batch_alter_table(table) as batch:
            batch.add_column(sa.Column(column, sa.Integer(), nullable=True))
            batch.create_foreign_key(name, "ab_user", [column], ["id"], ondelete="SET NULL")


def downgrade() -> None:
    for table, column in USERS.items():
        with op.batch_alter_table(table) as batch:
            batch.drop_constraint(op.f(f"fk_{table}_{column}"), type_="foreignkey")
            batch.drop_column(column)
    with op.batch_alter_table("review_tier") as batch:
        batch.drop_column("before")
    with op.batch_alter_table("coop_item") as batch:
        batch.drop_column("community_confirmed")
        batch.drop_column("from_counterpart")
    with op.batch_alter_table("demand_item") as batch:
        batch.drop_column("from_counterpart")
    with op.batch_alter_table("sent_form") as batch:
        batch.drop_column("digest")
