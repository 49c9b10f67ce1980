"""first tables

Revision ID: 517db9cd36ee
Revises:
"""

import sqlalchemy as sa
from alembic import op

revision = "517db9cd36ee"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "ab_group",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("label", sa.String(length=150), nullable=True),
        sa.Column("description", sa.String(length=512), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ab_group")),
        sa.UniqueConstraint("name", name=op.f("uq_ab_group_name")),
    )
    op.create_table(
        "ab_permission",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ab_permission")),
        sa.UniqueConstraint("name", name=op.f("uq_ab_permission_name")),
    )
    op.create_table(
        "ab_register_user",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("first_name", sa.String(length=64), nullable=False),
        sa.Column("last_name", sa.String(length=64), nullable=False),
        sa.Column("username", sa.String(length=128), nullable=False),
        sa.Column("password", sa.String(length=256), nullable=True),
        sa.Column("email", sa.String(length=320), nullable=False),
        sa.Column("registration_date", sa.DateTime(), nullable=True),
        sa.Column("registration_hash", sa.String(length=256), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ab_register_user")),
        sa.UniqueConstraint("email", name=op.f("uq_ab_register_user_email")),
        sa.UniqueConstraint("username", name=op.f("uq_ab_register_user_username")),
    )
    op.create_table(
        "ab_role",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ab_role")),
        sa.UniqueConstraint("name", name=op.f("uq_ab_role_name")),
    )
    op.create_table(
        "ab_user",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("first_name", sa.String(length=64), nullable=False),
        sa.Column("last_name", sa.String(length=64), nullable=False),
        sa.Column("username", sa.String(length=128), nullable=False),
        sa.Column("password", sa.String(length=256), nullable=True),
        sa.Column("active", sa.Boolean(), nullable=True),
        sa.Column("email", sa.String(length=320), nullable=False),
        sa.Column("last_login", sa.DateTime(), nullable=True),
        sa.Column("login_count", sa.Integer(), nullable=True),
        sa.Column("fail_login_count", sa.Integer(), nullable=True),
        sa.Column("created_on", sa.DateTime(), nullable=True),
        sa.Column("changed_on", sa.DateTime(), nullable=True),
        sa.Column("created_by_fk", sa.Integer(), nullable=True),
        sa.Column("changed_by_fk", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["changed_by_fk"], ["ab_user.id"], name=op.f("fk_ab_user_changed_by_fk")),
        sa.ForeignKeyConstraint(["created_by_fk"], ["ab_user.id"], name=op.f("fk_ab_user_created_by_fk")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ab_user")),
        sa.UniqueConstraint("email", name=op.f("uq_ab_user_email")),
        sa.UniqueConstraint("username", name=op.f("uq_ab_user_username")),
    )
    op.create_table(
        "ab_view_menu",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=250), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ab_view_menu")),
        sa.UniqueConstraint("name", name=op.f("uq_ab_view_menu_name")),
    )
    op.create_table(
        "area",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("area_code", sa.String(length=12), nullable=True),
        sa.Column("parent_id", sa.Integer(), nullable=True),
        sa.Column("sort_no", sa.Integer(), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("search_text", sa.String(length=200), nullable=False),
        sa.ForeignKeyConstraint(["parent_id"], ["area.id"], name=op.f("fk_area_parent_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_area")),
        sa.UniqueConstraint("name", name=op.f("uq_area_name")),
    )
    with op.batch_alter_table("area", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_area_kind"), ["kind"], unique=False)
        batch_op.create_index(batch_op.f("ix_area_parent_id"), ["parent_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_area_sort_no"), ["sort_no"], unique=False)

    op.create_table(
        "code_list",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("code", sa.String(length=8), nullable=False),
        sa.Column("label", sa.String(length=60), nullable=False),
        sa.Column("label_hant", sa.String(length=60), nullable=True),
        sa.Column("label_en", sa.String(length=100), nullable=True),
        sa.Column("search_text", sa.String(length=300), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_code_list")),
        sa.UniqueConstraint("code", name=op.f("uq_code_list_code")),
    )
    op.create_table(
        "number_counter",
        sa.Column("beginning", sa.String(length=20), nullable=False),
        sa.Column("last", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("beginning", name=op.f("pk_number_counter")),
    )
    op.create_table(
        "seeded_grant",
        sa.Column("role", sa.String(length=64), nullable=False),
        sa.Column("ledger", sa.String(length=60), nullable=False),
        sa.Column("verb", sa.String(length=40), nullable=False),
        sa.PrimaryKeyConstraint("role", "ledger", "verb", name=op.f("pk_seeded_grant")),
    )
    op.create_table(
        "ab_api_key",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("uuid", sa.String(length=36), nullable=False),
        sa.Column("name", sa.String(length=256), nullable=False),
        sa.Column("key_hash", sa.String(length=256), nullable=False),
        sa.Column("lookup_hash", sa.String(length=256), nullable=True),
        sa.Column("key_prefix", sa.String(length=16), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("scopes", sa.Text(), nullable=True),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("created_on", sa.DateTime(), nullable=True),
        sa.Column("expires_on", sa.DateTime(), nullable=True),
        sa.Column("revoked_on", sa.DateTime(), nullable=True),
        sa.Column("last_used_on", sa.DateTime(), nullable=True),
        sa.ForeignKeyConstraint(["user_id"], ["ab_user.id"], name=op.f("fk_ab_api_key_user_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ab_api_key")),
        sa.UniqueConstraint("lookup_hash", name=op.f("uq_ab_api_key_lookup_hash")),
        sa.UniqueConstraint("uuid", name=op.f("uq_ab_api_key_uuid")),
    )
    with op.batch_alter_table("ab_api_key", schema=None) as batch_op:
        batch_op.create_index("idx_api_key_lookup_hash", ["lookup_hash"], unique=True)
        batch_op.create_index("idx_api_key_prefix", ["key_prefix"], unique=False)
        batch_op.create_index("idx_api_key_user_id", ["user_id"], unique=False)

    op.create_table(
        "ab_group_role",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("group_id", sa.Integer(), nullable=True),
        sa.Column("role_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(
            ["group_id"], ["ab_group.id"], name=op.f("fk_ab_group_role_group_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["role_id"], ["ab_role.id"], name=op.f("fk_ab_group_role_role_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ab_group_role")),
        sa.UniqueConstraint("group_id", "role_id", name=op.f("uq_ab_group_role_group_id_role_id")),
    )
    with op.batch_alter_table("ab_group_role", schema=None) as batch_op:
        batch_op.create_index("idx_group_id", ["group_id"], unique=False)
        batch_op.create_index("idx_group_role_id", ["role_id"], unique=False)

    op.create_table(
        "ab_permission_view",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("permission_id", sa.Integer(), nullable=False),
        sa.Column("view_menu_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["permission_id"], ["ab_permission.id"], name=op.f("fk_ab_permission_view_permission_id")
        ),
        sa.ForeignKeyConstraint(["view_menu_id"], ["ab_view_menu.id"], name=op.f("fk_ab_permission_view_view_menu_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ab_permission_view")),
        sa.UniqueConstraint(
            "permission_id", "view_menu_id", name=op.f("uq_ab_permission_view_permission_id_view_menu_id")
        ),
    )
    with op.batch_alter_table("ab_permission_view", schema=None) as batch_op:
        batch_op.create_index("idx_permission_id", ["permission_id"], unique=False)
        batch_op.create_index("idx_view_menu_id", ["view_menu_id"], unique=False)

    op.create_table(
        "ab_user_group",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=True),
        sa.Column("group_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(
            ["group_id"], ["ab_group.id"], name=op.f("fk_ab_user_group_group_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["user_id"], ["ab_user.id"], name=op.f("fk_ab_user_group_user_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ab_user_group")),
        sa.UniqueConstraint("user_id", "group_id", name=op.f("uq_ab_user_group_user_id_group_id")),
    )
    with op.batch_alter_table("ab_user_group", schema=None) as batch_op:
        batch_op.create_index("idx_user_group_id", ["group_id"], unique=False)
        batch_op.create_index("idx_user_id", ["user_id"], unique=False)

    op.create_table(
        "ab_user_role",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=True),
        sa.Column("role_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["role_id"], ["ab_role.id"], name=op.f("fk_ab_user_role_role_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["user_id"], ["ab_user.id"], name=op.f("fk_ab_user_role_user_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ab_user_role")),
        sa.UniqueConstraint("user_id", "role_id", name=op.f("uq_ab_user_role_user_id_role_id")),
    )
    op.create_table(
        "code_item",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("list_id", sa.Integer(), nullable=False),
        sa.Column("code", sa.String(length=8), nullable=False),
        sa.Column("label", sa.String(length=60), nullable=False),
        sa.Column("label_hant", sa.String(length=60), nullable=True),
        sa.Column("label_en", sa.String(length=100), nullable=True),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["list_id"], ["code_list.id"], name=op.f("fk_code_item_list_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_code_item")),
        sa.UniqueConstraint("list_id", "code", name=op.f("uq_code_item_list_id_code")),
    )
    op.create_table(
        "party_org",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("org_code", sa.String(length=40), nullable=False),
        sa.Column("full_name", sa.String(length=100), nullable=False),
        sa.Column("short_name", sa.String(length=60), nullable=False),
        sa.Column("org_type", sa.String(length=8), nullable=False),
        sa.Column("unit_nature", sa.String(length=8), nullable=True),
        sa.Column("parent_id", sa.Integer(), nullable=True),
        sa.Column("unit_situation", sa.String(length=12), nullable=False),
        sa.Column("community_id", sa.Integer(), nullable=True),
        sa.Column("secretary", sa.String(length=50), nullable=True),
        sa.Column("contact", sa.String(length=50), nullable=True),
        sa.Column("founded_on", sa.Date(), nullable=True),
        sa.Column("doc_no", sa.String(length=60), nullable=True),
        sa.Column("term_from", sa.Date(), nullable=True),
        sa.Column("term_to", sa.Date(), nullable=True),
        sa.Column("report_mode", sa.String(length=12), nullable=False),
        sa.Column("sort_no", sa.Integer(), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("search_text", sa.String(length=300), nullable=False),
        sa.ForeignKeyConstraint(["community_id"], ["area.id"], name=op.f("fk_party_org_community_id")),
        sa.ForeignKeyConstraint(["parent_id"], ["party_org.id"], name=op.f("fk_party_org_parent_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_party_org")),
        sa.UniqueConstraint("full_name", name=op.f("uq_party_org_full_name")),
        sa.UniqueConstraint("org_code", name=op.f("uq_party_org_org_code")),
    )
    with op.batch_alter_table("party_org", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_party_org_community_id"), ["community_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_party_org_parent_id"), ["parent_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_party_org_sort_no"), ["sort_no"], unique=False)

    op.create_table(
        "role_scope",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("role_id", sa.Integer(), nullable=False),
        sa.Column("ledger", sa.String(length=60), nullable=False),
        sa.Column("scope", sa.String(length=12), nullable=False),
        sa.ForeignKeyConstraint(["role_id"], ["ab_role.id"], name=op.f("fk_role_scope_role_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_role_scope")),
        sa.UniqueConstraint("role_id", "ledger", name=op.f("uq_role_scope_role_id_ledger")),
    )
    op.create_table(
        "unit",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("full_name", sa.String(length=100), nullable=False),
        sa.Column("short_name", sa.String(length=50), nullable=False),
        sa.Column("unit_nature", sa.String(length=8), nullable=True),
        sa.Column("credit_code", sa.String(length=18), nullable=True),
        sa.Column("is_legal_entity", sa.Boolean(), nullable=False),
        sa.Column("office_address", sa.String(length=200), nullable=True),
        sa.Column("office_community_id", sa.Integer(), nullable=True),
        sa.Column("leader", sa.String(length=50), nullable=True),
        sa.Column("contact", sa.String(length=50), nullable=True),
        sa.Column("parent_id", sa.Integer(), nullable=True),
        sa.Column("sort_no", sa.Integer(), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=True),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.Column("search_text", sa.String(length=300), nullable=False),
        sa.ForeignKeyConstraint(["office_community_id"], ["area.id"], name=op.f("fk_unit_office_community_id")),
        sa.ForeignKeyConstraint(["parent_id"], ["unit.id"], name=op.f("fk_unit_parent_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_unit")),
        sa.UniqueConstraint("full_name", name=op.f("uq_unit_full_name")),
        sa.UniqueConstraint("sort_no", name=op.f("uq_unit_sort_no")),
    )
    with op.batch_alter_table("unit", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_unit_office_community_id"), ["office_community_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_unit_parent_id"), ["parent_id"], unique=False)

    op.create_table(
        "ab_permission_view_role",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("permission_view_id", sa.Integer(), nullable=True),
        sa.Column("role_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(
            ["permission_view_id"],
            ["ab_permission_view.id"],
            name=op.f("fk_ab_permission_view_role_permission_view_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["role_id"], ["ab_role.id"], name=op.f("fk_ab_permission_view_role_role_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ab_permission_view_role")),
        sa.UniqueConstraint(
            "permission_view_id", "role_id", name=op.f("uq_ab_permission_view_role_permission_view_id_role_id")
        ),
    )
    with op.batch_alter_table("ab_permission_view_role", schema=None) as batch_op:
        batch_op.create_index("idx_permission_view_id", ["permission_view_id"], unique=False)
        batch_op.create_index("idx_role_id", ["role_id"], unique=False)

    op.create_table(
        "account_profile",
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("unit_id", sa.Integer(), nullable=True),
        sa.Column("area_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["area_id"], ["area.id"], name=op.f("fk_account_profile_area_id")),
        sa.ForeignKeyConstraint(["unit_id"], ["unit.id"], name=op.f("fk_account_profile_unit_id")),
        sa.ForeignKeyConstraint(
            ["user_id"], ["ab_user.id"], name=op.f("fk_account_profile_user_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("user_id", name=op.f("pk_account_profile")),
    )
    with op.batch_alter_table("account_profile", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_account_profile_area_id"), ["area_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_account_profile_unit_id"), ["unit_id"], unique=False)

    op.create_table(
        "agreement",
        sa.Column("title", sa.String(length=80), nullable=True),
        sa.Column("agreement_type", sa.String(length=8), nullable=True),
        sa.Column("party_a_org_id", sa.Integer(), nullable=True),
        sa.Column("party_b_org_id", sa.Integer(), nullable=True),
        sa.Column("is_office_community", sa.Boolean(), nullable=True),
        sa.Column("signed_on", sa.Date(), nullable=True),
        sa.Column("effective_from", sa.Date(), nullable=True),
        sa.Column("effective_to", sa.Date(), nullable=True),
        sa.Column("renew_mode", sa.String(length=16), nullable=True),
        sa.Column("coop_modes", sa.String(length=120), nullable=True),
        sa.Column("content", sa.String(length=500), nullable=True),
        sa.Column("a_contact", sa.String(length=50), nullable=True),
        sa.Column("a_phone", sa.String(length=512), nullable=True),
        sa.Column("b_contact", sa.String(length=50), nullable=True),
        sa.Column("b_phone", sa.String(length=512), nullable=True),
        sa.Column("plan_activity_cnt", sa.Integer(), nullable=True),
        sa.Column("copies", sa.Integer(), nullable=True),
        sa.Column("filing_no", sa.String(length=40), nullable=True),
        sa.Column("filed_on", sa.Date(), nullable=True),
        sa.Column("previous_id", sa.Integer(), nullable=True),
        sa.Column("terminated_on", sa.Date(), nullable=True),
        sa.Column("terminate_reason", sa.String(length=8), nullable=True),
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
        sa.Column("unit_reviewer_id", sa.Integer(), nullable=True),
        sa.Column("unit_reviewed_at", sa.DateTime(), nullable=True),
        sa.Column("gw_reviewer_id", sa.Integer(), nullable=True),
        sa.Column("gw_reviewed_at", sa.DateTime(), nullable=True),
        sa.Column("status", sa.String(length=20), nullable=False),
        sa.Column("source", sa.String(length=16), nullable=False),
        sa.Column("publish_scope", sa.String(length=16), nullable=False),
        sa.Column("remark", sa.String(length=200), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.Column("updated_at", sa.DateTime(), nullable=False),
        sa.Column("search_text", sa.String(length=600), nullable=False),
        sa.ForeignKeyConstraint(
            ["filler_id"], ["ab_user.id"], name=op.f("fk_agreement_filler_id"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["gw_reviewer_id"], ["ab_user.id"], name=op.f("fk_agreement_gw_reviewer_id"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(["owner_org_id"], ["party_org.id"], name=op.f("fk_agreement_owner_org_id")),
        sa.ForeignKeyConstraint(["owner_unit_id"], ["unit.id"], name=op.f("fk_agreement_owner_unit_id")),
        sa.ForeignKeyConstraint(["party_a_org_id"], ["party_org.id"], name=op.f("fk_agreement_party_a_org_id")),
        sa.ForeignKeyConstraint(["party_b_org_id"], ["party_org.id"], name=op.f("fk_agreement_party_b_org_id")),
        sa.ForeignKeyConstraint(["previous_id"], ["agreement.id"], name=op.f("fk_agreement_previous_id")),
        sa.ForeignKeyConstraint(
            ["unit_reviewer_id"], ["ab_user.id"], name=op.f("fk_agreement_unit_reviewer_id"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_agreement")),
        sa.UniqueConstraint("office_no", name=op.f("uq_agreement_office_no")),
        sa.UniqueConstraint("record_no", name=op.f("uq_agreement_record_no")),
    )
    with op.batch_alter_table("agreement", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_agreement_agreement_type"), ["agreement_type"], unique=False)
        batch_op.create_index(batch_op.f("ix_agreement_effective_to"), ["effective_to"], unique=False)
        batch_op.create_index(batch_op.f("ix_agreement_owner_org_id"), ["owner_org_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_agreement_owner_unit_id"), ["owner_unit_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_agreement_party_a_org_id"), ["party_a_org_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_agreement_party_b_org_id"), ["party_b_org_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_agreement_previous_id"), ["previous_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_agreement_signed_on"), ["signed_on"], unique=False)
        batch_op.create_index(batch_op.f("ix_agreement_status"), ["status"], unique=False)
        batch_op.create_index(batch_op.f("ix_agreement_year"), ["year"], unique=False)

    op.create_table(
        "member",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("person_no", sa.String(length=12), nullable=True),
        sa.Column("name", sa.String(length=50), nullable=False),
        sa.Column("gender", sa.String(length=1), nullable=False),
        sa.Column("member_type", sa.String(length=8), nullable=False),
        sa.Column("unit_id", sa.Integer(), nullable=False),
        sa.Column("org_id", sa.Integer(), nullable=False),
        sa.Column("post", sa.String(length=60), nullable=True),
        sa.Column("is_leader", sa.Boolean(), nullable=False),
        sa.Column("work_status", sa.String(length=12), nullable=False),
        sa.Column("birth_ym", sa.Date(), nullable=True),
        sa.Column("joined_ym", sa.Date(), nullable=True),
        sa.Column("office_phone", sa.String(length=30), nullable=True),
        sa.Column("mobile", sa.String(length=512), nullable=True),
        sa.Column("search_text", sa.String(length=200), nullable=False),
        sa.ForeignKeyConstraint(["org_id"], ["party_org.id"], name=op.f("fk_member_org_id")),
        sa.ForeignKeyConstraint(["unit_id"], ["unit.id"], name=op.f("fk_member_unit_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_member")),
        sa.UniqueConstraint("person_no", name=op.f("uq_member_person_no")),
    )
    with op.batch_alter_table("member", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_member_org_id"), ["org_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_member_unit_id"), ["unit_id"], unique=False)

    op.create_table(
        "unit_org",
        sa.Column("unit_id", sa.Integer(), nullable=False),
        sa.Column("party_org_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["party_org_id"], ["party_org.id"], name=op.f("fk_unit_org_party_org_id")),
        sa.ForeignKeyConstraint(["unit_id"], ["unit.id"], name=op.f("fk_unit_org_unit_id")),
        sa.PrimaryKeyConstraint("unit_id", "party_org_id", name=op.f("pk_unit_org")),
    )
    with op.batch_alter_table("unit_org", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_unit_org_party_org_id"), ["party_org_id"], unique=False)

    op.create_table(
        "agreement_party",
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("org_id", sa.Integer(), nullable=True),
        sa.Column("role", sa.String(length=16), nullable=True),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("agreement_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["agreement_id"], ["agreement.id"], name=op.f("fk_agreement_party_agreement_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["org_id"], ["party_org.id"], name=op.f("fk_agreement_party_org_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_agreement_party")),
    )
    with op.batch_alter_table("agreement_party", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_agreement_party_agreement_id"), ["agreement_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_agreement_party_org_id"), ["org_id"], unique=False)

    op.create_table(
        "coop_activity",
        sa.Column("held_on", sa.Date(), nullable=True),
        sa.Column("activity_type", sa.String(length=8), nullable=True),
        sa.Column("theme", sa.String(length=80), nullable=True),
        sa.Column("place", sa.String(length=80), nullable=True),
        sa.Column("unit_count", sa.Integer(), nullable=True),
        sa.Column("community_count", sa.Integer(), nullable=True),
        sa.Column("volunteer_theme", sa.String(length=8), nullable=True),
        sa.Column("summary", sa.String(length=200), nullable=True),
        sa.Column("search_text", sa.String(length=300), nullable=False),
        sa.Column("agreement_id", sa.Integer(), nullable=False),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["agreement_id"], ["agreement.id"], name=op.f("fk_coop_activity_agreement_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_coop_activity")),
    )
    with op.batch_alter_table("coop_activity", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_coop_activity_agreement_id"), ["agreement_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_coop_activity_held_on"), ["held_on"], unique=False)

    op.create_table(
        "coop_item",
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=50), nullable=True),
        sa.Column("category", sa.String(length=8), nullable=True),
        sa.Column("lead_org_id", sa.Integer(), nullable=True),
        sa.Column("community_contact", sa.String(length=50), nullable=True),
        sa.Column("due_on", sa.Date(), nullable=True),
        sa.Column("status", sa.String(length=16), nullable=True),
        sa.Column("done_on", sa.Date(), nullable=True),
        sa.Column("outcome", sa.String(length=200), nullable=True),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("agreement_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["agreement_id"], ["agreement.id"], name=op.f("fk_coop_item_agreement_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["lead_org_id"], ["party_org.id"], name=op.f("fk_coop_item_lead_org_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_coop_item")),
    )
    with op.batch_alter_table("coop_item", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_coop_item_agreement_id"), ["agreement_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_coop_item_lead_org_id"), ["lead_org_id"], unique=False)

    op.create_table(
        "demand_item",
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=50), nullable=True),
        sa.Column("category", sa.String(length=8), nullable=True),
        sa.Column("description", sa.String(length=200), nullable=True),
        sa.Column("beneficiaries", sa.String(length=100), nullable=True),
        sa.Column("wanted_by", sa.Date(), nullable=True),
        sa.Column("proposer_role", sa.String(length=50), nullable=True),
        sa.Column("status", sa.String(length=16), nullable=True),
        sa.Column("reason", sa.String(length=200), nullable=True),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("agreement_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["agreement_id"], ["agreement.id"], name=op.f("fk_demand_item_agreement_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_demand_item")),
    )
    with op.batch_alter_table("demand_item", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_demand_item_agreement_id"), ["agreement_id"], unique=False)

    op.create_table(
        "resource_item",
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=50), nullable=True),
        sa.Column("category", sa.String(length=8), nullable=True),
        sa.Column("quantity", sa.String(length=50), nullable=True),
        sa.Column("open_hours", sa.String(length=50), nullable=True),
        sa.Column("contact", sa.String(length=50), nullable=True),
        sa.Column("valid_until", sa.Date(), nullable=True),
        sa.Column("status", sa.String(length=16), nullable=True),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("agreement_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["agreement_id"], ["agreement.id"], name=op.f("fk_resource_item_agreement_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_resource_item")),
    )
    with op.batch_alter_table("resource_item", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_resource_item_agreement_id"), ["agreement_id"], unique=False)

    op.create_table(
        "coop_item_demand",
        sa.Column("coop_item_id", sa.Integer(), nullable=False),
        sa.Column("demand_item_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["coop_item_id"], ["coop_item.id"], name=op.f("fk_coop_item_demand_coop_item_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["demand_item_id"], ["demand_item.id"], name=op.f("fk_coop_item_demand_demand_item_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("coop_item_id", "demand_item_id", name=op.f("pk_coop_item_demand")),
    )
    op.create_table(
        "coop_item_resource",
        sa.Column("coop_item_id", sa.Integer(), nullable=False),
        sa.Column("resource_item_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["coop_item_id"], ["coop_item.id"], name=op.f("fk_coop_item_resource_coop_item_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["resource_item_id"],
            ["resource_item.id"],
            name=op.f("fk_coop_item_resource_resource_item_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("coop_item_id", "resource_item_id", name=op.f("pk_coop_item_resource")),
    )


def downgrade() -> None:
    op.drop_table("coop_item_resource")
    op.drop_table("coop_item_demand")
    with op.batch_alter_table("resource_item", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_resource_item_agreement_id"))

    op.drop_table("resource_item")
    with op.batch_alter_table("demand_item", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_demand_item_agreement_id"))

    op.drop_table("demand_item")
    with op.batch_alter_table("coop_item", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_coop_item_lead_org_id"))
        batch_op.drop_index(batch_op.f("ix_coop_item_agreement_id"))

    op.drop_table("coop_item")
    with op.batch_alter_table("coop_activity", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_coop_activity_held_on"))
        batch_op.drop_index(batch_op.f("ix_coop_activity_agreement_id"))

    op.drop_table("coop_activity")
    with op.batch_alter_table("agreement_party", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_agreement_party_org_id"))
        batch_op.drop_index(batch_op.f("ix_agreement_party_agreement_id"))

    op.drop_table("agreement_party")
    with op.batch_alter_table("unit_org", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_unit_org_party_org_id"))

    op.drop_table("unit_org")
    with op.batch_alter_table("member", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_member_unit_id"))
        batch_op.drop_index(batch_op.f("ix_member_org_id"))

    op.drop_table("member")
    with op.batch_alter_table("agreement", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_agreement_year"))
        batch_op.drop_index(batch_op.f("ix_agreement_status"))
        batch_op.drop_index(batch_op.f("ix_agreement_signed_on"))
        batch_op.drop_index(batch_op.f("ix_agreement_previous_id"))
        batch_op.drop_index(batch_op.f("ix_agreement_party_b_org_id"))
        batch_op.drop_index(batch_op.f("ix_agreement_party_a_org_id"))
        batch_op.drop_index(batch_op.f("ix_agreement_owner_unit_id"))
        batch_op.drop_index(batch_op.f("ix_agreement_owner_org_id"))
        batch_op.drop_index(batch_op.f("ix_agreement_effective_to"))
        batch_op.drop_index(batch_op.f("ix_agreement_agreement_type"))

    op.drop_table("agreement")
    with op.batch_alter_table("account_profile", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_account_profile_unit_id"))
        batch_op.drop_index(batch_op.f("ix_account_profile_area_id"))

    op.drop_table("account_profile")
    with op.batch_alter_table("ab_permission_view_role", schema=None) as batch_op:
        batch_op.drop_index("idx_role_id")
        batch_op.drop_index("idx_permission_view_id")

    op.drop_table("ab_permission_view_role")
    with op.batch_alter_table("unit", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_unit_parent_id"))
        batch_op.drop_index(batch_op.f("ix_unit_office_community_id"))

    op.drop_table("unit")
    op.drop_table("role_scope")
    with op.batch_alter_table("party_org", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_party_org_sort_no"))
        batch_op.drop_index(batch_op.f("ix_party_org_parent_id"))
        batch_op.drop_index(batch_op.f("ix_party_org_community_id"))

    op.drop_table("party_org")
    op.drop_table("code_item")
    op.drop_table("ab_user_role")
    with op.batch_alter_table("ab_user_group", schema=None) as batch_op:
        batch_op.drop_index("idx_user_id")
        batch_op.drop_index("idx_user_group_id")

    op.drop_table("ab_user_group")
    with op.batch_alter_table("ab_permission_view", schema=None) as batch_op:
        batch_op.drop_index("idx_view_menu_id")
        batch_op.drop_index("idx_permission_id")

    op.drop_table("ab_permission_view")
    with op.batch_alter_table("ab_group_role", schema=None) as batch_op:
        batch_op.drop_index("idx_group_role_id")
        batch_op.drop_index("idx_group_id")

    op.drop_table("ab_group_role")
    with op.batch_alter_table("ab_api_key", schema=None) as batch_op:
        batch_op.drop_index("idx_api_key_user_id")
        batch_op.drop_index("idx_api_key_prefix")
        batch_op.drop_index("idx_api_key_lookup_hash")

    op.drop_table("ab_api_key")
    op.drop_table("seeded_grant")
    op.drop_table("number_counter")
    op.drop_table("code_list")
    with op.batch_alter_table("area", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_area_sort_no"))
        batch_op.drop_index(batch_op.f("ix_area_parent_id"))
        batch_op.drop_index(batch_op.f("ix_area_kind"))

    op.drop_table("area")
    op.drop_table("ab_view_menu")
    op.drop_table("ab_user")
    op.drop_table("ab_role")
    op.drop_table("ab_register_user")
    op.drop_table("ab_permission")
    op.drop_table("ab_group")
