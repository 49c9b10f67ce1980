"""Study groups, their plans, sessions and outputs

Revision ID: aa13986d5221
Revises: 3f6c1d20a9b7
"""

import sqlalchemy as sa
from alembic import op

revision = "aa13986d5221"
down_revision = "3f6c1d20a9b7"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "study_group",
        sa.Column("name", sa.String(length=60), nullable=True),
        sa.Column("unit_id", sa.Integer(), nullable=True),
        sa.Column("org_id", sa.Integer(), nullable=True),
        sa.Column("form", sa.String(length=16), nullable=True),
        sa.Column("founded_on", sa.Date(), nullable=True),
        sa.Column("approve_doc", sa.String(length=60), nullable=True),
        sa.Column("leader_id", sa.Integer(), nullable=True),
        sa.Column("leader_name", sa.String(length=50), nullable=True),
        sa.Column("deputy_id", sa.Integer(), nullable=True),
        sa.Column("deputy_name", sa.String(length=50), nullable=True),
        sa.Column("liaison_id", sa.Integer(), nullable=True),
        sa.Column("liaison_name", sa.String(length=50), nullable=True),
        sa.Column("tutor", sa.String(length=50), nullable=True),
        sa.Column("freq", sa.String(length=16), nullable=True),
        sa.Column("member_cnt", sa.Integer(), nullable=True),
        sa.Column("reported_member_cnt", sa.Integer(), nullable=True),
        sa.Column("reported_session_cnt", sa.Integer(), nullable=True),
        sa.Column("terminated_on", sa.Date(), nullable=True),
        sa.Column("terminate_reason", sa.String(length=16), nullable=True),
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
            ["amends_id"], ["study_group.id"], name=op.f("fk_study_group_amends_id"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["deputy_id"], ["member.id"], name=op.f("fk_study_group_deputy_id"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["editor_id"], ["ab_user.id"], name=op.f("fk_study_group_editor_id"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["filler_id"], ["ab_user.id"], name=op.f("fk_study_group_filler_id"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["gw_reviewer_id"], ["ab_user.id"], name=op.f("fk_study_group_gw_reviewer_id"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["leader_id"], ["member.id"], name=op.f("fk_study_group_leader_id"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["liaison_id"], ["member.id"], name=op.f("fk_study_group_liaison_id"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(["org_id"], ["party_org.id"], name=op.f("fk_study_group_org_id")),
        sa.ForeignKeyConstraint(["owner_org_id"], ["party_org.id"], name=op.f("fk_study_group_owner_org_id")),
        sa.ForeignKeyConstraint(["owner_unit_id"], ["unit.id"], name=op.f("fk_study_group_owner_unit_id")),
        sa.ForeignKeyConstraint(["unit_id"], ["unit.id"], name=op.f("fk_study_group_unit_id")),
        sa.ForeignKeyConstraint(
            ["unit_reviewer_id"], ["ab_user.id"], name=op.f("fk_study_group_unit_reviewer_id"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_study_group")),
        sa.UniqueConstraint("office_no", name=op.f("uq_study_group_office_no")),
        sa.UniqueConstraint("record_no", name=op.f("uq_study_group_record_no")),
    )
    with op.batch_alter_table("study_group", schema=None) as batch_op:
        batch_op.create_index(
            "ix_study_group_amends_id",
            ["amends_id"],
            unique=False,
            sqlite_where=sa.column("amends_id").is_not(None),
            postgresql_where=sa.column("amends_id").is_not(None),
        )
        batch_op.create_index(batch_op.f("ix_study_group_deputy_id"), ["deputy_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_study_group_founded_on"), ["founded_on"], unique=False)
        batch_op.create_index(batch_op.f("ix_study_group_leader_id"), ["leader_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_study_group_liaison_id"), ["liaison_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_study_group_org_id"), ["org_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_study_group_owner_org_id"), ["owner_org_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_study_group_owner_unit_id"), ["owner_unit_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_study_group_status"), ["status"], unique=False)
        batch_op.create_index(batch_op.f("ix_study_group_unit_id"), ["unit_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_study_group_year"), ["year"], unique=False)

    op.create_table(
        "group_member",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("group_id", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("member_id", sa.Integer(), nullable=True),
        sa.Column("person_name", sa.String(length=50), nullable=True),
        sa.Column("role", sa.String(length=16), nullable=True),
        sa.Column("political_status", sa.String(length=8), nullable=True),
        sa.Column("birth_ym", sa.Date(), nullable=True),
        sa.Column("joined_on", sa.Date(), nullable=True),
        sa.Column("left_on", sa.Date(), nullable=True),
        sa.Column("leave_reason", sa.String(length=60), nullable=True),
        sa.ForeignKeyConstraint(
            ["group_id"], ["study_group.id"], name=op.f("fk_group_member_group_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["member_id"], ["member.id"], name=op.f("fk_group_member_member_id"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_group_member")),
    )
    with op.batch_alter_table("group_member", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_group_member_group_id"), ["group_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_group_member_member_id"), ["member_id"], unique=False)

    op.create_table(
        "study_output",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("output_type", sa.String(length=8), nullable=True),
        sa.Column("title", sa.String(length=80), nullable=True),
        sa.Column("author_id", sa.Integer(), nullable=True),
        sa.Column("author_name", sa.String(length=50), nullable=True),
        sa.Column("finished_on", sa.Date(), nullable=True),
        sa.Column("adopted", sa.String(length=8), nullable=True),
        sa.Column("publish_scope", sa.String(length=16), nullable=True),
        sa.Column("search_text", sa.String(length=300), nullable=False),
        sa.Column("group_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["author_id"], ["member.id"], name=op.f("fk_study_output_author_id"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["group_id"], ["study_group.id"], name=op.f("fk_study_output_group_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_study_output")),
    )
    with op.batch_alter_table("study_output", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_study_output_author_id"), ["author_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_study_output_finished_on"), ["finished_on"], unique=False)
        batch_op.create_index(batch_op.f("ix_study_output_group_id"), ["group_id"], unique=False)

    op.create_table(
        "study_plan",
        sa.Column("plan_year", sa.Integer(), nullable=True),
        sa.Column("span", sa.String(length=16), nullable=True),
        sa.Column("note", sa.String(length=200), nullable=True),
        sa.Column("group_id", sa.Integer(), nullable=False),
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
            ["amends_id"], ["study_plan.id"], name=op.f("fk_study_plan_amends_id"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["editor_id"], ["ab_user.id"], name=op.f("fk_study_plan_editor_id"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["filler_id"], ["ab_user.id"], name=op.f("fk_study_plan_filler_id"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["group_id"], ["study_group.id"], name=op.f("fk_study_plan_group_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["gw_reviewer_id"], ["ab_user.id"], name=op.f("fk_study_plan_gw_reviewer_id"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(["owner_org_id"], ["party_org.id"], name=op.f("fk_study_plan_owner_org_id")),
        sa.ForeignKeyConstraint(["owner_unit_id"], ["unit.id"], name=op.f("fk_study_plan_owner_unit_id")),
        sa.ForeignKeyConstraint(
            ["unit_reviewer_id"], ["ab_user.id"], name=op.f("fk_study_plan_unit_reviewer_id"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_study_plan")),
        sa.UniqueConstraint("office_no", name=op.f("uq_study_plan_office_no")),
        sa.UniqueConstraint("record_no", name=op.f("uq_study_plan_record_no")),
    )
    with op.batch_alter_table("study_plan", schema=None) as batch_op:
        batch_op.create_index(
            "ix_study_plan_amends_id",
            ["amends_id"],
            unique=False,
            sqlite_where=sa.column("amends_id").is_not(None),
            postgresql_where=sa.column("amends_id").is_not(None),
        )
        batch_op.create_index(batch_op.f("ix_study_plan_group_id"), ["group_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_study_plan_owner_org_id"), ["owner_org_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_study_plan_owner_unit_id"), ["owner_unit_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_study_plan_status"), ["status"], unique=False)
        batch_op.create_index(batch_op.f("ix_study_plan_year"), ["year"], unique=False)

    op.create_table(
        "plan_topic",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("plan_id", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("topic", sa.String(length=80), nullable=True),
        sa.Column("content", sa.String(length=200), nullable=True),
        sa.Column("month", sa.Date(), nullable=True),
        sa.Column("speaker", sa.String(length=50), nullable=True),
        sa.ForeignKeyConstraint(["plan_id"], ["study_plan.id"], name=op.f("fk_plan_topic_plan_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_plan_topic")),
    )
    with op.batch_alter_table("plan_topic", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_plan_topic_plan_id"), ["plan_id"], unique=False)

    op.create_table(
        "study_session",
        sa.Column("held_on", sa.Date(), nullable=True),
        sa.Column("form", sa.String(length=8), nullable=True),
        sa.Column("theme", sa.String(length=100), nullable=True),
        sa.Column("plan_topic_id", sa.Integer(), nullable=True),
        sa.Column("place_type", sa.String(length=16), nullable=True),
        sa.Column("speakers", sa.String(length=100), nullable=True),
        sa.Column("due_cnt", sa.Integer(), nullable=True),
        sa.Column("present_cnt", sa.Integer(), nullable=True),
        sa.Column("leave_cnt", sa.Integer(), nullable=True),
        sa.Column("summary", sa.String(length=200), nullable=True),
        sa.Column("group_id", sa.Integer(), nullable=False),
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
            ["amends_id"], ["study_session.id"], name=op.f("fk_study_session_amends_id"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["editor_id"], ["ab_user.id"], name=op.f("fk_study_session_editor_id"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["filler_id"], ["ab_user.id"], name=op.f("fk_study_session_filler_id"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["group_id"], ["study_group.id"], name=op.f("fk_study_session_group_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["gw_reviewer_id"], ["ab_user.id"], name=op.f("fk_study_session_gw_reviewer_id"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(["owner_org_id"], ["party_org.id"], name=op.f("fk_study_session_owner_org_id")),
        sa.ForeignKeyConstraint(["owner_unit_id"], ["unit.id"], name=op.f("fk_study_session_owner_unit_id")),
        sa.ForeignKeyConstraint(["plan_topic_id"], ["plan_topic.id"], name=op.f("fk_study_session_plan_topic_id")),
        sa.ForeignKeyConstraint(
            ["unit_reviewer_id"], ["ab_user.id"], name=op.f("fk_study_session_unit_reviewer_id"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_study_session")),
        sa.UniqueConstraint("office_no", name=op.f("uq_study_session_office_no")),
        sa.UniqueConstraint("record_no", name=op.f("uq_study_session_record_no")),
    )
    with op.batch_alter_table("study_session", schema=None) as batch_op:
        batch_op.create_index(
            "ix_study_session_amends_id",
            ["amends_id"],
            unique=False,
            sqlite_where=sa.column("amends_id").is_not(None),
            postgresql_where=sa.column("amends_id").is_not(None),
        )
        batch_op.create_index(batch_op.f("ix_study_session_group_id"), ["group_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_study_session_held_on"), ["held_on"], unique=False)
        batch_op.create_index(batch_op.f("ix_study_session_owner_org_id"), ["owner_org_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_study_session_owner_unit_id"), ["owner_unit_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_study_session_plan_topic_id"), ["plan_topic_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_study_session_status"), ["status"], unique=False)
        batch_op.create_index(batch_op.f("ix_study_session_year"), ["year"], unique=False)

    op.create_table(
        "attendance",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("session_id", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("group_member_id", sa.Integer(), nullable=True),
        sa.Column("presence", sa.String(length=16), nullable=True),
        sa.ForeignKeyConstraint(["group_member_id"], ["group_member.id"], name=op.f("fk_attendance_group_member_id")),
        sa.ForeignKeyConstraint(
            ["session_id"], ["study_session.id"], name=op.f("fk_attendance_session_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_attendance")),
    )
    with op.batch_alter_table("attendance", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_attendance_group_member_id"), ["group_member_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_attendance_session_id"), ["session_id"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("attendance", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_attendance_session_id"))
        batch_op.drop_index(batch_op.f("ix_attendance_group_member_id"))

    op.drop_table("attendance")
    with op.batch_alter_table("study_session", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_study_session_year"))
        batch_op.drop_index(batch_op.f("ix_study_session_status"))
        batch_op.drop_index(batch_op.f("ix_study_session_plan_topic_id"))
        batch_op.drop_index(batch_op.f("ix_study_session_owner_unit_id"))
        batch_op.drop_index(batch_op.f("ix_study_session_owner_org_id"))
        batch_op.drop_index(batch_op.f("ix_study_session_held_on"))
        batch_op.drop_index(batch_op.f("ix_study_session_group_id"))
        batch_op.drop_index(
            "ix_study_session_amends_id",
            sqlite_where=sa.column("amends_id").is_not(None),
            postgresql_where=sa.column("amends_id").is_not(None),
        )

    op.drop_table("study_session")
    with op.batch_alter_table("plan_topic", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_plan_topic_plan_id"))

    op.drop_table("plan_topic")
    with op.batch_alter_table("study_plan", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_study_plan_year"))
        batch_op.drop_index(batch_op.f("ix_study_plan_status"))
        batch_op.drop_index(batch_op.f("ix_study_plan_owner_unit_id"))
        batch_op.drop_index(batch_op.f("ix_study_plan_owner_org_id"))
        batch_op.drop_index(batch_op.f("ix_study_plan_group_id"))
        batch_op.drop_index(
            "ix_study_plan_amends_id",
            sqlite_where=sa.column("amends_id").is_not(None),
            postgresql_where=sa.column("amends_id").is_not(None),
        )

    op.drop_table("study_plan")
    with op.batch_alter_table("study_output", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_study_output_group_id"))
        batch_op.drop_index(batch_op.f("ix_study_output_finished_on"))
        batch_op.drop_index(batch_op.f("ix_study_output_author_id"))

    op.drop_table("study_output")
    with op.batch_alter_table("group_member", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_group_member_member_id"))
        batch_op.drop_index(batch_op.f("ix_group_member_group_id"))

    op.drop_table("group_member")
    with op.batch_alter_table("study_group", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_study_group_year"))
        batch_op.drop_index(batch_op.f("ix_study_group_unit_id"))
        batch_op.drop_index(batch_op.f("ix_study_group_status"))
        batch_op.drop_index(batch_op.f("ix_study_group_owner_unit_id"))
        batch_op.drop_index(batch_op.f("ix_study_group_owner_org_id"))
        batch_op.drop_index(batch_op.f("ix_study_group_org_id"))
        batch_op.drop_index(batch_op.f("ix_study_group_liaison_id"))
        batch_op.drop_index(batch_op.f("ix_study_group_leader_id"))
        batch_op.drop_index(batch_op.f("ix_study_group_founded_on"))
        batch_op.drop_index(batch_op.f("ix_study_group_deputy_id"))
        batch_op.drop_index(
            "ix_study_group_amends_id",
            sqlite_where=sa.column("amends_id").is_not(None),
            postgresql_where=sa.column("amends_id").is_not(None),
        )

    op.drop_table("study_group")
