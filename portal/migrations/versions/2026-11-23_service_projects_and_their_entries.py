"""Service projects and their entries

Revision ID: 947ab8a0d7a5
Revises: 3dcedcc8bf95
"""

import sqlalchemy as sa
from alembic import op

revision = "947ab8a0d7a5"
down_revision = "3dcedcc8bf95"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "service_project",
        sa.Column("title", sa.String(length=60), nullable=True),
        sa.Column("series", sa.String(length=8), nullable=True),
        sa.Column("origin", sa.String(length=8), nullable=True),
        sa.Column("area_id", sa.Integer(), nullable=True),
        sa.Column("beneficiaries", sa.String(length=100), nullable=True),
        sa.Column("benefit_cnt", sa.Integer(), nullable=True),
        sa.Column("problem", sa.String(length=300), nullable=True),
        sa.Column("measures", sa.String(length=500), nullable=True),
        sa.Column("lead_unit_id", sa.Integer(), nullable=True),
        sa.Column("leader", sa.String(length=50), nullable=True),
        sa.Column("owner_name", sa.String(length=50), nullable=True),
        sa.Column("collected_on", sa.Date(), nullable=True),
        sa.Column("approved_on", sa.Date(), nullable=True),
        sa.Column("due_on", sa.Date(), nullable=True),
        sa.Column("priority", sa.String(length=16), nullable=True),
        sa.Column("budget", sa.Numeric(precision=12, scale=2), nullable=True),
        sa.Column("progress", sa.Numeric(precision=5, scale=2), nullable=True),
        sa.Column("acceptance_asked_on", sa.Date(), nullable=True),
        sa.Column("deferred_until", sa.Date(), nullable=True),
        sa.Column("done_on", sa.Date(), nullable=True),
        sa.Column("outcome", sa.String(length=500), nullable=True),
        sa.Column("by_counterpart", sa.Boolean(), nullable=True),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("record_no", sa.String(length=24), nullable=True),
        sa.Column("office_no", sa.String(length=40), nullable=True),
        sa.Column("year", sa.Integer(), nullable=True),
        sa.Column("period", sa.String(length=8), nullable=True),
        sa.Column("owner_unit_id", sa.Integer(), nullable=False),
        sa.Column("owner_org_id", sa.Integer(), nullable=True),
        sa.Column("proxy_filled", sa.Boolean(), nullable=False),
        sa.Column("filler_id", sa.Integer(), nullable=True),
        sa.Column("filled_at", sa.DateTime(), nullable=True),
        sa.Column("editor_id", sa.Integer(), nullable=True),
        sa.Column("unit_reviewer_id", sa.Integer(), nullable=True),
        sa.Column("unit_reviewed_at", sa.DateTime(), nullable=True),
        sa.Column("gw_reviewer_id", sa.Integer(), nullable=True),
        sa.Column("gw_reviewed_at", sa.DateTime(), nullable=True),
        sa.Column("status", sa.String(length=20), nullable=False),
        sa.Column("prior_status", sa.String(length=20), nullable=True),
        sa.Column("return_reason", sa.String(length=200), nullable=True),
        sa.Column("return_field", sa.String(length=40), nullable=True),
        sa.Column("amend_reason", sa.String(length=200), nullable=True),
        sa.Column("gaps", sa.String(length=400), nullable=True),
        sa.Column("source", sa.String(length=16), nullable=False),
        sa.Column("publish_scope", sa.String(length=16), nullable=False),
        sa.Column("remark", sa.String(length=200), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.Column("updated_at", sa.DateTime(), nullable=False),
        sa.Column("search_text", sa.String(length=600), nullable=False),
        sa.Column("amends_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(
            ["amends_id"], ["service_project.id"], name=op.f("fk_service_project_amends_id"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(["area_id"], ["area.id"], name=op.f("fk_service_project_area_id")),
        sa.ForeignKeyConstraint(
            ["editor_id"], ["ab_user.id"], name=op.f("fk_service_project_editor_id"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["filler_id"], ["ab_user.id"], name=op.f("fk_service_project_filler_id"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["gw_reviewer_id"], ["ab_user.id"], name=op.f("fk_service_project_gw_reviewer_id"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(["lead_unit_id"], ["unit.id"], name=op.f("fk_service_project_lead_unit_id")),
        sa.ForeignKeyConstraint(["owner_org_id"], ["party_org.id"], name=op.f("fk_service_project_owner_org_id")),
        sa.ForeignKeyConstraint(["owner_unit_id"], ["unit.id"], name=op.f("fk_service_project_owner_unit_id")),
        sa.ForeignKeyConstraint(
            ["unit_reviewer_id"], ["ab_user.id"], name=op.f("fk_service_project_unit_reviewer_id"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_service_project")),
        sa.UniqueConstraint("office_no", name=op.f("uq_service_project_office_no")),
        sa.UniqueConstraint("record_no", name=op.f("uq_service_project_record_no")),
    )
    with op.batch_alter_table("service_project", schema=None) as batch_op:
        batch_op.create_index(
            "ix_service_project_amends_id",
            ["amends_id"],
            unique=False,
            sqlite_where=sa.column("amends_id").is_not(None),
            postgresql_where=sa.column("amends_id").is_not(None),
        )
        batch_op.create_index(batch_op.f("ix_service_project_approved_on"), ["approved_on"], unique=False)
        batch_op.create_index(batch_op.f("ix_service_project_area_id"), ["area_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_service_project_collected_on"), ["collected_on"], unique=False)
        batch_op.create_index(batch_op.f("ix_service_project_done_on"), ["done_on"], unique=False)
        batch_op.create_index(batch_op.f("ix_service_project_due_on"), ["due_on"], unique=False)
        batch_op.create_index(batch_op.f("ix_service_project_lead_unit_id"), ["lead_unit_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_service_project_owner_org_id"), ["owner_org_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_service_project_owner_unit_id"), ["owner_unit_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_service_project_series"), ["series"], unique=False)
        batch_op.create_index(batch_op.f("ix_service_project_status"), ["status"], unique=False)
        batch_op.create_index(batch_op.f("ix_service_project_year"), ["year"], unique=False)

    op.create_table(
        "project_acceptance",
        sa.Column("accepted_on", sa.Date(), nullable=True),
        sa.Column("way", sa.String(length=16), nullable=True),
        sa.Column("accepted_by", sa.String(length=50), nullable=True),
        sa.Column("conclusion", sa.String(length=16), nullable=True),
        sa.Column("opinion", sa.String(length=200), nullable=True),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("project_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["project_id"], ["service_project.id"], name=op.f("fk_project_acceptance_project_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_project_acceptance")),
    )
    with op.batch_alter_table("project_acceptance", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_project_acceptance_accepted_on"), ["accepted_on"], unique=False)
        batch_op.create_index(batch_op.f("ix_project_acceptance_project_id"), ["project_id"], unique=False)

    op.create_table(
        "project_extension",
        sa.Column("put_off", sa.String(length=16), nullable=True),
        sa.Column("old_due_on", sa.Date(), nullable=True),
        sa.Column("until", sa.Date(), nullable=True),
        sa.Column("reason", sa.String(length=200), nullable=True),
        sa.Column("project_id", sa.Integer(), nullable=False),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("record_no", sa.String(length=24), nullable=True),
        sa.Column("office_no", sa.String(length=40), nullable=True),
        sa.Column("year", sa.Integer(), nullable=True),
        sa.Column("period", sa.String(length=8), nullable=True),
        sa.Column("owner_unit_id", sa.Integer(), nullable=False),
        sa.Column("owner_org_id", sa.Integer(), nullable=True),
        sa.Column("proxy_filled", sa.Boolean(), nullable=False),
        sa.Column("filler_id", sa.Integer(), nullable=True),
        sa.Column("filled_at", sa.DateTime(), nullable=True),
        sa.Column("editor_id", sa.Integer(), nullable=True),
        sa.Column("unit_reviewer_id", sa.Integer(), nullable=True),
        sa.Column("unit_reviewed_at", sa.DateTime(), nullable=True),
        sa.Column("gw_reviewer_id", sa.Integer(), nullable=True),
        sa.Column("gw_reviewed_at", sa.DateTime(), nullable=True),
        sa.Column("status", sa.String(length=20), nullable=False),
        sa.Column("prior_status", sa.String(length=20), nullable=True),
        sa.Column("return_reason", sa.String(length=200), nullable=True),
        sa.Column("return_field", sa.String(length=40), nullable=True),
        sa.Column("amend_reason", sa.String(length=200), nullable=True),
        sa.Column("gaps", sa.String(length=400), nullable=True),
        sa.Column("source", sa.String(length=16), nullable=False),
        sa.Column("publish_scope", sa.String(length=16), nullable=False),
        sa.Column("remark", sa.String(length=200), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.Column("updated_at", sa.DateTime(), nullable=False),
        sa.Column("search_text", sa.String(length=600), nullable=False),
        sa.Column("amends_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(
            ["amends_id"], ["project_extension.id"], name=op.f("fk_project_extension_amends_id"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["editor_id"], ["ab_user.id"], name=op.f("fk_project_extension_editor_id"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["filler_id"], ["ab_user.id"], name=op.f("fk_project_extension_filler_id"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["gw_reviewer_id"], ["ab_user.id"], name=op.f("fk_project_extension_gw_reviewer_id"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(["owner_org_id"], ["party_org.id"], name=op.f("fk_project_extension_owner_org_id")),
        sa.ForeignKeyConstraint(["owner_unit_id"], ["unit.id"], name=op.f("fk_project_extension_owner_unit_id")),
        sa.ForeignKeyConstraint(
            ["project_id"], ["service_project.id"], name=op.f("fk_project_extension_project_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["unit_reviewer_id"],
            ["ab_user.id"],
            name=op.f("fk_project_extension_unit_reviewer_id"),
            ondelete="SET NULL",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_project_extension")),
        sa.UniqueConstraint("office_no", name=op.f("uq_project_extension_office_no")),
        sa.UniqueConstraint("record_no", name=op.f("uq_project_extension_record_no")),
    )
    with op.batch_alter_table("project_extension", schema=None) as batch_op:
        batch_op.create_index(
            "ix_project_extension_amends_id",
            ["amends_id"],
            unique=False,
            sqlite_where=sa.column("amends_id").is_not(None),
            postgresql_where=sa.column("amends_id").is_not(None),
        )
        batch_op.create_index(batch_op.f("ix_project_extension_owner_org_id"), ["owner_org_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_project_extension_owner_unit_id"), ["owner_unit_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_project_extension_project_id"), ["project_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_project_extension_status"), ["status"], unique=False)
        batch_op.create_index(batch_op.f("ix_project_extension_until"), ["until"], unique=False)
        batch_op.create_index(batch_op.f("ix_project_extension_year"), ["year"], unique=False)

    op.create_table(
        "project_milestone",
        sa.Column("name", sa.String(length=60), nullable=True),
        sa.Column("planned_on", sa.Date(), nullable=True),
        sa.Column("reached_on", sa.Date(), nullable=True),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("project_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["project_id"], ["service_project.id"], name=op.f("fk_project_milestone_project_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_project_milestone")),
    )
    with op.batch_alter_table("project_milestone", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_project_milestone_planned_on"), ["planned_on"], unique=False)
        batch_op.create_index(batch_op.f("ix_project_milestone_project_id"), ["project_id"], unique=False)

    op.create_table(
        "project_progress",
        sa.Column("reported_on", sa.Date(), nullable=True),
        sa.Column("percent", sa.Numeric(precision=5, scale=2), nullable=True),
        sa.Column("note", sa.String(length=200), nullable=True),
        sa.Column("difficulties", sa.String(length=200), nullable=True),
        sa.Column("next_steps", sa.String(length=200), nullable=True),
        sa.Column("less_because", sa.String(length=100), nullable=True),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("project_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["project_id"], ["service_project.id"], name=op.f("fk_project_progress_project_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_project_progress")),
    )
    with op.batch_alter_table("project_progress", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_project_progress_project_id"), ["project_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_project_progress_reported_on"), ["reported_on"], unique=False)

    op.create_table(
        "project_satisfaction",
        sa.Column("judged_on", sa.Date(), nullable=True),
        sa.Column("judge", sa.String(length=16), nullable=True),
        sa.Column("method", sa.String(length=16), nullable=True),
        sa.Column("result", sa.String(length=8), nullable=True),
        sa.Column("sample_cnt", sa.Integer(), nullable=True),
        sa.Column("satisfied_cnt", sa.Integer(), nullable=True),
        sa.Column("fairly_cnt", sa.Integer(), nullable=True),
        sa.Column("unsatisfied_cnt", sa.Integer(), nullable=True),
        sa.Column("opinion", sa.String(length=200), nullable=True),
        sa.Column("by_counterpart", sa.Boolean(), nullable=True),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("project_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["project_id"], ["service_project.id"], name=op.f("fk_project_satisfaction_project_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_project_satisfaction")),
    )
    with op.batch_alter_table("project_satisfaction", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_project_satisfaction_judged_on"), ["judged_on"], unique=False)
        batch_op.create_index(batch_op.f("ix_project_satisfaction_project_id"), ["project_id"], unique=False)

    op.create_table(
        "service_project_co_unit",
        sa.Column("service_project_id", sa.Integer(), nullable=False),
        sa.Column("unit_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["service_project_id"],
            ["service_project.id"],
            name=op.f("fk_service_project_co_unit_service_project_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(["unit_id"], ["unit.id"], name=op.f("fk_service_project_co_unit_unit_id")),
        sa.PrimaryKeyConstraint("service_project_id", "unit_id", name=op.f("pk_service_project_co_unit")),
    )


def downgrade() -> None:
    op.drop_table("service_project_co_unit")
    with op.batch_alter_table("project_satisfaction", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_project_satisfaction_project_id"))
        batch_op.drop_index(batch_op.f("ix_project_satisfaction_judged_on"))

    op.drop_table("project_satisfaction")
    with op.batch_alter_table("project_progress", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_project_progress_reported_on"))
        batch_op.drop_index(batch_op.f("ix_project_progress_project_id"))

    op.drop_table("project_progress")
    with op.batch_alter_table("project_milestone", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_project_milestone_project_id"))
        batch_op.drop_index(batch_op.f("ix_project_milestone_planned_on"))

    op.drop_table("project_milestone")
    with op.batch_alter_table("project_extension", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_project_extension_year"))
        batch_op.drop_index(batch_op.f("ix_project_extension_until"))
        batch_op.drop_index(batch_op.f("ix_project_extension_status"))
        batch_op.drop_index(batch_op.f("ix_project_extension_project_id"))
        batch_op.drop_index(batch_op.f("ix_project_extension_owner_unit_id"))
        batch_op.drop_index(batch_op.f("ix_project_extension_owner_org_id"))
        batch_op.drop_index(
            "ix_project_extension_amends_id",
            sqlite_where=sa.column("amends_id").is_not(None),
            postgresql_where=sa.column("amends_id").is_not(None),
        )

    op.drop_table("project_extension")
    with op.batch_alter_table("project_acceptance", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_project_acceptance_project_id"))
        batch_op.drop_index(batch_op.f("ix_project_acceptance_accepted_on"))

    op.drop_table("project_acceptance")
    with op.batch_alter_table("service_project", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_service_project_year"))
        batch_op.drop_index(batch_op.f("ix_service_project_status"))
        batch_op.drop_index(batch_op.f("ix_service_project_series"))
        batch_op.drop_index(batch_op.f("ix_service_project_owner_unit_id"))
        batch_op.drop_index(batch_op.f("ix_service_project_owner_org_id"))
        batch_op.drop_index(batch_op.f("ix_service_project_lead_unit_id"))
        batch_op.drop_index(batch_op.f("ix_service_project_due_on"))
        batch_op.drop_index(batch_op.f("ix_service_project_done_on"))
        batch_op.drop_index(batch_op.f("ix_service_project_collected_on"))
        batch_op.drop_index(batch_op.f("ix_service_project_area_id"))
        batch_op.drop_index(batch_op.f("ix_service_project_approved_on"))
        batch_op.drop_index(
            "ix_service_project_amends_id",
            sqlite_where=sa.column("amends_id").is_not(None),
            postgresql_where=sa.column("amends_id").is_not(None),
        )

    op.drop_table("service_project")
