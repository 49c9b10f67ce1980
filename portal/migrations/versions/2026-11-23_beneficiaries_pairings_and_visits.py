"""Beneficiaries, pairings and visits

Revision ID: 3dcedcc8bf95
Revises: aa13986d5221
"""

import sqlalchemy as sa
from alembic import op

revision = "3dcedcc8bf95"
down_revision = "aa13986d5221"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "distinct_record",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("ledger", sa.String(length=60), nullable=False),
        sa.Column("lower_id", sa.Integer(), nullable=False),
        sa.Column("higher_id", sa.Integer(), nullable=False),
        sa.Column("reason", sa.String(length=200), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=True),
        sa.Column("said_at", sa.DateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"], ["ab_user.id"], name=op.f("fk_distinct_record_user_id"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_distinct_record")),
        sa.UniqueConstraint(
            "ledger", "lower_id", "higher_id", name=op.f("uq_distinct_record_ledger_lower_id_higher_id")
        ),
    )
    op.create_table(
        "beneficiary",
        sa.Column("beneficiary_no", sa.String(length=12), nullable=True),
        sa.Column("called", sa.String(length=60), nullable=True),
        sa.Column("target_type", sa.String(length=8), nullable=True),
        sa.Column("name_enc", sa.String(length=512), nullable=True),
        sa.Column("gender", sa.String(length=16), nullable=True),
        sa.Column("age_band", sa.String(length=16), nullable=True),
        sa.Column("community_id", sa.Integer(), nullable=True),
        sa.Column("town_id", sa.Integer(), nullable=True),
        sa.Column("address_enc", sa.String(length=512), nullable=True),
        sa.Column("phone_enc", sa.String(length=512), nullable=True),
        sa.Column("hardship_types", sa.String(length=512), nullable=True),
        sa.Column("need_types", sa.String(length=120), nullable=True),
        sa.Column("info_source", sa.String(length=16), nullable=True),
        sa.Column("consent_status", sa.String(length=16), nullable=True),
        sa.Column("consent_on", sa.Date(), nullable=True),
        sa.Column("review_on", sa.Date(), nullable=True),
        sa.Column("same_household_id", sa.Integer(), nullable=True),
        sa.Column("household_no", sa.String(length=16), nullable=True),
        sa.Column("terminated_on", sa.Date(), nullable=True),
        sa.Column("exit_reason", sa.String(length=8), nullable=True),
        sa.Column("dedupe_hash", sa.String(length=64), nullable=True),
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
            ["amends_id"], ["beneficiary.id"], name=op.f("fk_beneficiary_amends_id"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(["community_id"], ["area.id"], name=op.f("fk_beneficiary_community_id")),
        sa.ForeignKeyConstraint(
            ["editor_id"], ["ab_user.id"], name=op.f("fk_beneficiary_editor_id"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["filler_id"], ["ab_user.id"], name=op.f("fk_beneficiary_filler_id"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["gw_reviewer_id"], ["ab_user.id"], name=op.f("fk_beneficiary_gw_reviewer_id"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(["owner_org_id"], ["party_org.id"], name=op.f("fk_beneficiary_owner_org_id")),
        sa.ForeignKeyConstraint(["owner_unit_id"], ["unit.id"], name=op.f("fk_beneficiary_owner_unit_id")),
        sa.ForeignKeyConstraint(
            ["same_household_id"], ["beneficiary.id"], name=op.f("fk_beneficiary_same_household_id")
        ),
        sa.ForeignKeyConstraint(["town_id"], ["area.id"], name=op.f("fk_beneficiary_town_id")),
        sa.ForeignKeyConstraint(
            ["unit_reviewer_id"], ["ab_user.id"], name=op.f("fk_beneficiary_unit_reviewer_id"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_beneficiary")),
        sa.UniqueConstraint("beneficiary_no", name=op.f("uq_beneficiary_beneficiary_no")),
        sa.UniqueConstraint("office_no", name=op.f("uq_beneficiary_office_no")),
        sa.UniqueConstraint("record_no", name=op.f("uq_beneficiary_record_no")),
    )
    with op.batch_alter_table("beneficiary", schema=None) as batch_op:
        batch_op.create_index(
            "ix_beneficiary_amends_id",
            ["amends_id"],
            unique=False,
            sqlite_where=sa.column("amends_id").is_not(None),
            postgresql_where=sa.column("amends_id").is_not(None),
        )
        batch_op.create_index(batch_op.f("ix_beneficiary_community_id"), ["community_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_beneficiary_dedupe_hash"), ["dedupe_hash"], unique=False)
        batch_op.create_index(batch_op.f("ix_beneficiary_household_no"), ["household_no"], unique=False)
        batch_op.create_index(batch_op.f("ix_beneficiary_owner_org_id"), ["owner_org_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_beneficiary_owner_unit_id"), ["owner_unit_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_beneficiary_review_on"), ["review_on"], unique=False)
        batch_op.create_index(batch_op.f("ix_beneficiary_same_household_id"), ["same_household_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_beneficiary_status"), ["status"], unique=False)
        batch_op.create_index(batch_op.f("ix_beneficiary_target_type"), ["target_type"], unique=False)
        batch_op.create_index(batch_op.f("ix_beneficiary_town_id"), ["town_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_beneficiary_year"), ["year"], unique=False)

    op.create_table(
        "pairing",
        sa.Column("pair_type", sa.String(length=8), nullable=True),
        sa.Column("helper_member_id", sa.Integer(), nullable=True),
        sa.Column("helper_name", sa.String(length=50), nullable=True),
        sa.Column("helper_org_id", sa.Integer(), nullable=True),
        sa.Column("beneficiary_id", sa.Integer(), nullable=True),
        sa.Column("start_on", sa.Date(), nullable=True),
        sa.Column("end_on", sa.Date(), nullable=True),
        sa.Column("measures", sa.String(length=120), nullable=True),
        sa.Column("measures_note", sa.String(length=200), nullable=True),
        sa.Column("visit_freq", sa.String(length=16), nullable=True),
        sa.Column("terminated_on", sa.Date(), nullable=True),
        sa.Column("end_reason", sa.String(length=8), nullable=True),
        sa.Column("successor_id", sa.Integer(), nullable=True),
        sa.Column("successor_name", sa.String(length=50), nullable=True),
        sa.Column("called", sa.String(length=60), nullable=True),
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
        sa.ForeignKeyConstraint(["amends_id"], ["pairing.id"], name=op.f("fk_pairing_amends_id"), ondelete="SET NULL"),
        sa.ForeignKeyConstraint(["beneficiary_id"], ["beneficiary.id"], name=op.f("fk_pairing_beneficiary_id")),
        sa.ForeignKeyConstraint(["editor_id"], ["ab_user.id"], name=op.f("fk_pairing_editor_id"), ondelete="SET NULL"),
        sa.ForeignKeyConstraint(["filler_id"], ["ab_user.id"], name=op.f("fk_pairing_filler_id"), ondelete="SET NULL"),
        sa.ForeignKeyConstraint(
            ["gw_reviewer_id"], ["ab_user.id"], name=op.f("fk_pairing_gw_reviewer_id"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["helper_member_id"], ["member.id"], name=op.f("fk_pairing_helper_member_id"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(["helper_org_id"], ["party_org.id"], name=op.f("fk_pairing_helper_org_id")),
        sa.ForeignKeyConstraint(["owner_org_id"], ["party_org.id"], name=op.f("fk_pairing_owner_org_id")),
        sa.ForeignKeyConstraint(["owner_unit_id"], ["unit.id"], name=op.f("fk_pairing_owner_unit_id")),
        sa.ForeignKeyConstraint(
            ["successor_id"], ["member.id"], name=op.f("fk_pairing_successor_id"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["unit_reviewer_id"], ["ab_user.id"], name=op.f("fk_pairing_unit_reviewer_id"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pairing")),
        sa.UniqueConstraint("office_no", name=op.f("uq_pairing_office_no")),
        sa.UniqueConstraint("record_no", name=op.f("uq_pairing_record_no")),
    )
    with op.batch_alter_table("pairing", schema=None) as batch_op:
        batch_op.create_index(
            "ix_pairing_amends_id",
            ["amends_id"],
            unique=False,
            sqlite_where=sa.column("amends_id").is_not(None),
            postgresql_where=sa.column("amends_id").is_not(None),
        )
        batch_op.create_index(batch_op.f("ix_pairing_beneficiary_id"), ["beneficiary_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_pairing_end_on"), ["end_on"], unique=False)
        batch_op.create_index(batch_op.f("ix_pairing_helper_member_id"), ["helper_member_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_pairing_helper_org_id"), ["helper_org_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_pairing_owner_org_id"), ["owner_org_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_pairing_owner_unit_id"), ["owner_unit_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_pairing_start_on"), ["start_on"], unique=False)
        batch_op.create_index(batch_op.f("ix_pairing_status"), ["status"], unique=False)
        batch_op.create_index(batch_op.f("ix_pairing_successor_id"), ["successor_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_pairing_year"), ["year"], unique=False)

    op.create_table(
        "visit",
        sa.Column("visited_on", sa.Date(), nullable=True),
        sa.Column("visit_type", sa.String(length=8), nullable=True),
        sa.Column("beneficiary_id", sa.Integer(), nullable=True),
        sa.Column("target_org_id", sa.Integer(), nullable=True),
        sa.Column("target_name", sa.String(length=60), nullable=True),
        sa.Column("findings", sa.String(length=300), nullable=True),
        sa.Column("satisfaction", sa.String(length=8), nullable=True),
        sa.Column("with_leader", sa.Boolean(), nullable=True),
        sa.Column("called", sa.String(length=60), nullable=True),
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
        sa.ForeignKeyConstraint(["amends_id"], ["visit.id"], name=op.f("fk_visit_amends_id"), ondelete="SET NULL"),
        sa.ForeignKeyConstraint(["beneficiary_id"], ["beneficiary.id"], name=op.f("fk_visit_beneficiary_id")),
        sa.ForeignKeyConstraint(["editor_id"], ["ab_user.id"], name=op.f("fk_visit_editor_id"), ondelete="SET NULL"),
        sa.ForeignKeyConstraint(["filler_id"], ["ab_user.id"], name=op.f("fk_visit_filler_id"), ondelete="SET NULL"),
        sa.ForeignKeyConstraint(
            ["gw_reviewer_id"], ["ab_user.id"], name=op.f("fk_visit_gw_reviewer_id"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(["owner_org_id"], ["party_org.id"], name=op.f("fk_visit_owner_org_id")),
        sa.ForeignKeyConstraint(["owner_unit_id"], ["unit.id"], name=op.f("fk_visit_owner_unit_id")),
        sa.ForeignKeyConstraint(["target_org_id"], ["party_org.id"], name=op.f("fk_visit_target_org_id")),
        sa.ForeignKeyConstraint(
            ["unit_reviewer_id"], ["ab_user.id"], name=op.f("fk_visit_unit_reviewer_id"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_visit")),
        sa.UniqueConstraint("office_no", name=op.f("uq_visit_office_no")),
        sa.UniqueConstraint("record_no", name=op.f("uq_visit_record_no")),
    )
    with op.batch_alter_table("visit", schema=None) as batch_op:
        batch_op.create_index(
            "ix_visit_amends_id",
            ["amends_id"],
            unique=False,
            sqlite_where=sa.column("amends_id").is_not(None),
            postgresql_where=sa.column("amends_id").is_not(None),
        )
        batch_op.create_index(batch_op.f("ix_visit_beneficiary_id"), ["beneficiary_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_visit_owner_org_id"), ["owner_org_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_visit_owner_unit_id"), ["owner_unit_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_visit_status"), ["status"], unique=False)
        batch_op.create_index(batch_op.f("ix_visit_target_org_id"), ["target_org_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_visit_visit_type"), ["visit_type"], unique=False)
        batch_op.create_index(batch_op.f("ix_visit_visited_on"), ["visited_on"], unique=False)
        batch_op.create_index(batch_op.f("ix_visit_year"), ["year"], unique=False)

    op.create_table(
        "aid_item",
        sa.Column("category", sa.String(length=16), nullable=True),
        sa.Column("description", sa.String(length=60), nullable=True),
        sa.Column("amount", sa.Numeric(precision=12, scale=2), nullable=True),
        sa.Column("source", sa.String(length=8), nullable=True),
        sa.Column("signed_by", sa.String(length=16), nullable=True),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("visit_id", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["visit_id"], ["visit.id"], name=op.f("fk_aid_item_visit_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_aid_item")),
    )
    with op.batch_alter_table("aid_item", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_aid_item_visit_id"), ["visit_id"], unique=False)

    op.create_table(
        "visit_need",
        sa.Column("category", sa.String(length=8), nullable=True),
        sa.Column("content", sa.String(length=200), nullable=True),
        sa.Column("handling", sa.String(length=16), nullable=True),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("visit_id", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["visit_id"], ["visit.id"], name=op.f("fk_visit_need_visit_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_visit_need")),
    )
    with op.batch_alter_table("visit_need", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_visit_need_visit_id"), ["visit_id"], unique=False)

    op.create_table(
        "visit_participant",
        sa.Column("visit_id", sa.Integer(), nullable=False),
        sa.Column("member_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["member_id"], ["member.id"], name=op.f("fk_visit_participant_member_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["visit_id"], ["visit.id"], name=op.f("fk_visit_participant_visit_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("visit_id", "member_id", name=op.f("pk_visit_participant")),
    )
    with op.batch_alter_table("visit_participant", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_visit_participant_member_id"), ["member_id"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("visit_participant", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_visit_participant_member_id"))

    op.drop_table("visit_participant")
    with op.batch_alter_table("visit_need", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_visit_need_visit_id"))

    op.drop_table("visit_need")
    with op.batch_alter_table("aid_item", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_aid_item_visit_id"))

    op.drop_table("aid_item")
    with op.batch_alter_table("visit", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_visit_year"))
        batch_op.drop_index(batch_op.f("ix_visit_visited_on"))
        batch_op.drop_index(batch_op.f("ix_visit_visit_type"))
        batch_op.drop_index(batch_op.f("ix_visit_target_org_id"))
        batch_op.drop_index(batch_op.f("ix_visit_status"))
        batch_op.drop_index(batch_op.f("ix_visit_owner_unit_id"))
        batch_op.drop_index(batch_op.f("ix_visit_owner_org_id"))
        batch_op.drop_index(batch_op.f("ix_visit_beneficiary_id"))
        batch_op.drop_index(
            "ix_visit_amends_id",
            sqlite_where=sa.column("amends_id").is_not(None),
            postgresql_where=sa.column("amends_id").is_not(None),
        )

    op.drop_table("visit")
    with op.batch_alter_table("pairing", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_pairing_year"))
        batch_op.drop_index(batch_op.f("ix_pairing_successor_id"))
        batch_op.drop_index(batch_op.f("ix_pairing_status"))
        batch_op.drop_index(batch_op.f("ix_pairing_start_on"))
        batch_op.drop_index(batch_op.f("ix_pairing_owner_unit_id"))
        batch_op.drop_index(batch_op.f("ix_pairing_owner_org_id"))
        batch_op.drop_index(batch_op.f("ix_pairing_helper_org_id"))
        batch_op.drop_index(batch_op.f("ix_pairing_helper_member_id"))
        batch_op.drop_index(batch_op.f("ix_pairing_end_on"))
        batch_op.drop_index(batch_op.f("ix_pairing_beneficiary_id"))
        batch_op.drop_index(
            "ix_pairing_amends_id",
            sqlite_where=sa.column("amends_id").is_not(None),
            postgresql_where=sa.column("amends_id").is_not(None),
        )

    op.drop_table("pairing")
    with op.batch_alter_table("beneficiary", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_beneficiary_year"))
        batch_op.drop_index(batch_op.f("ix_beneficiary_town_id"))
        batch_op.drop_index(batch_op.f("ix_beneficiary_target_type"))
        batch_op.drop_index(batch_op.f("ix_beneficiary_status"))
        batch_op.drop_index(batch_op.f("ix_beneficiary_same_household_id"))
        batch_op.drop_index(batch_op.f("ix_beneficiary_review_on"))
        batch_op.drop_index(batch_op.f("ix_beneficiary_owner_unit_id"))
        batch_op.drop_index(batch_op.f("ix_beneficiary_owner_org_id"))
        batch_op.drop_index(batch_op.f("ix_beneficiary_household_no"))
        batch_op.drop_index(batch_op.f("ix_beneficiary_dedupe_hash"))
        batch_op.drop_index(batch_op.f("ix_beneficiary_community_id"))
        batch_op.drop_index(
            "ix_beneficiary_amends_id",
            sqlite_where=sa.column("amends_id").is_not(None),
            postgresql_where=sa.column("amends_id").is_not(None),
        )

    op.drop_table("beneficiary")
    op.drop_table("distinct_record")
