"""moves and history

Revision ID: b6058510e2f8
Revises: 517db9cd36ee
"""

import sqlalchemy as sa
from alembic import op

revision = "b6058510e2f8"
down_revision = "517db9cd36ee"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "audit_event",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=True),
        sa.Column("username", sa.String(length=64), nullable=False),
        sa.Column("person", sa.String(length=64), nullable=False),
        sa.Column("address", sa.String(length=45), nullable=True),
        sa.Column("action", sa.String(length=40), nullable=False),
        sa.Column("ledger", sa.String(length=60), nullable=False),
        sa.Column("record_id", sa.Integer(), nullable=True),
        sa.Column("root", sa.String(length=60), nullable=False),
        sa.Column("root_id", sa.Integer(), nullable=True),
        sa.Column("unit_id", sa.Integer(), nullable=True),
        sa.Column("title", sa.String(length=200), nullable=False),
        sa.Column("reason", sa.String(length=400), nullable=True),
        sa.Column("changes", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_event")),
    )
    with op.batch_alter_table("audit_event", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_audit_event_at"), ["at"], unique=False)
        batch_op.create_index("ix_audit_event_root_root_id", ["root", "root_id"], unique=False)

    op.create_table(
        "review_tier",
        sa.Column("ledger", sa.String(length=60), nullable=False),
        sa.Column("tier", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("ledger", name=op.f("pk_review_tier")),
    )
    op.create_table(
        "review_exemption",
        sa.Column("unit_id", sa.Integer(), nullable=False),
        sa.Column("reason", sa.String(length=200), nullable=False),
        sa.ForeignKeyConstraint(["unit_id"], ["unit.id"], name=op.f("fk_review_exemption_unit_id")),
        sa.PrimaryKeyConstraint("unit_id", name=op.f("pk_review_exemption")),
    )
    op.create_table(
        "agreement_change",
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("change_type", sa.String(length=16), nullable=True),
        sa.Column("field_name", sa.String(length=40), nullable=True),
        sa.Column("old_value", sa.String(length=500), nullable=True),
        sa.Column("new_value", sa.String(length=500), nullable=True),
        sa.Column("reason", sa.String(length=200), nullable=True),
        sa.Column("changed_on", sa.Date(), nullable=False),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("agreement_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["agreement_id"], ["agreement.id"], name=op.f("fk_agreement_change_agreement_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_agreement_change")),
    )
    with op.batch_alter_table("agreement_change", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_agreement_change_agreement_id"), ["agreement_id"], unique=False)

    with op.batch_alter_table("agreement", schema=None) as batch_op:
        batch_op.add_column(sa.Column("editor_id", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("prior_status", sa.String(length=20), nullable=True))
        batch_op.add_column(sa.Column("return_reason", sa.String(length=200), nullable=True))
        batch_op.add_column(sa.Column("return_field", sa.String(length=40), nullable=True))
        batch_op.add_column(sa.Column("amend_reason", sa.String(length=200), nullable=True))
        batch_op.add_column(sa.Column("gaps", sa.String(length=400), nullable=True))
        batch_op.add_column(sa.Column("amends_id", sa.Integer(), nullable=True))
        batch_op.create_index(batch_op.f("ix_agreement_amends_id"), ["amends_id"], unique=False)
        batch_op.create_foreign_key(
            batch_op.f("fk_agreement_editor_id"), "ab_user", ["editor_id"], ["id"], ondelete="SET NULL"
        )
        batch_op.create_foreign_key(
            batch_op.f("fk_agreement_amends_id"), "agreement", ["amends_id"], ["id"], ondelete="SET NULL"
        )


def downgrade() -> None:
    with op.batch_alter_table("agreement", schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f("fk_agreement_amends_id"), type_="foreignkey")
        batch_op.drop_constraint(batch_op.f("fk_agreement_editor_id"), type_="foreignkey")
        batch_op.drop_index(batch_op.f("ix_agreement_amends_id"))
        batch_op.drop_column("amends_id")
        batch_op.drop_column("gaps")
        batch_op.drop_column("amend_reason")
        batch_op.drop_column("return_field")
        batch_op.drop_column("return_reason")
        batch_op.drop_column("prior_status")
        batch_op.drop_column("editor_id")

    with op.batch_alter_table("agreement_change", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_agreement_change_agreement_id"))

    op.drop_table("agreement_change")
    op.drop_table("review_exemption")
    op.drop_table("review_tier")
    with op.batch_alter_table("audit_event", schema=None) as batch_op:
        batch_op.drop_index("ix_audit_event_root_root_id")
        batch_op.drop_index(batch_op.f("ix_audit_event_at"))

    op.drop_table("audit_event")
