"""scopes of accounts and roles

Revision ID: ae3b57214a3c
Revises: eae897953729
"""

import sqlalchemy as sa
from alembic import op

revision = "ae3b57214a3c"
down_revision = "eae897953729"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "account_grant",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("ledger", sa.String(length=60), nullable=False),
        sa.Column("verbs", sa.String(length=200), nullable=False),
        sa.Column("scope", sa.String(length=12), nullable=False),
        sa.Column("unit_ids", sa.JSON(), nullable=True),
        sa.Column("since", sa.Date(), nullable=False),
        sa.Column("until", sa.Date(), nullable=True),
        sa.Column("reason", sa.String(length=200), nullable=False),
        sa.Column("granted_by_id", sa.Integer(), nullable=True),
        sa.Column("granted_at", sa.DateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["granted_by_id"], ["ab_user.id"], name=op.f("fk_account_grant_granted_by_id"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(["user_id"], ["ab_user.id"], name=op.f("fk_account_grant_user_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_account_grant")),
    )
    with op.batch_alter_table("account_grant", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_account_grant_user_id"), ["user_id"], unique=False)

    with op.batch_alter_table("account_profile", schema=None) as batch_op:
        batch_op.add_column(sa.Column("org_id", sa.Integer(), nullable=True))
        batch_op.create_index(batch_op.f("ix_account_profile_org_id"), ["org_id"], unique=False)
        batch_op.create_foreign_key(batch_op.f("fk_account_profile_org_id"), "party_org", ["org_id"], ["id"])

    with op.batch_alter_table("role_scope", schema=None) as batch_op:
        batch_op.add_column(sa.Column("unit_ids", sa.JSON(), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("role_scope", schema=None) as batch_op:
        batch_op.drop_column("unit_ids")

    with op.batch_alter_table("account_profile", schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f("fk_account_profile_org_id"), type_="foreignkey")
        batch_op.drop_index(batch_op.f("ix_account_profile_org_id"))
        batch_op.drop_column("org_id")

    with op.batch_alter_table("account_grant", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_account_grant_user_id"))

    op.drop_table("account_grant")
