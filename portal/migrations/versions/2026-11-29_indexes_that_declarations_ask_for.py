"""indexes that declarations ask for

Revision ID: 5d3c8f0a9e14
Revises: 4b8e2d61f07a
"""

from alembic import op
from sqlalchemy import column

revision = "5d3c8f0a9e14"
down_revision = "4b8e2d61f07a"
branch_labels = None
depends_on = None
# By table: the columns of each index, under the end of its name.
MADE = {
    "agreement": {
        "figures": ["status", "effective_to", "effective_from", "amends_id"],
        "order_status": ["status", "id"],
        "order_title": ["title", "id"],
        "party_a_in_force": [
            "party_a_org_id",
            "agreement_type",
            "status",
            "effective_to",
            "effective_from",
            "amends_id",
        ],
        "scan": ["id", "search_text", "coop_modes", "amends_id", "status"],
        "unit_figures": ["owner_unit_id", "status", "effective_to", "effective_from", "amends_id"],
    },
    "beneficiary": {
        "figures": ["status", "review_on", "household_no", "amends_id"],
        "order_status": ["status", "id"],
        "order_target_type": ["target_type", "id"],
        "scan": ["id", "search_text", "need_types", "amends_id", "status"],
        "unit_figures": ["owner_unit_id", "status", "review_on", "household_no", "amends_id"],
    },
    "coop_activity": {
        "order_activity_type": ["activity_type", "id"],
        "order_community_count": ["community_count", "id"],
        "order_place": ["place", "id"],
        "order_theme": ["theme", "id"],
        "order_unit_count": ["unit_count", "id"],
        "scan": ["id", "search_text"],
    },
    "pairing": {
        "figures": ["status", "end_on", "start_on", "visit_freq", "beneficiary_id", "amends_id"],
        "order_status": ["status", "id"],
        "order_visit_freq": ["visit_freq", "id"],
        "scan": ["id", "search_text", "pair_type", "measures", "amends_id", "status"],
        "unit_figures": ["owner_unit_id", "status", "end_on", "start_on", "visit_freq", "beneficiary_id", "amends_id"],
    },
    "project_extension": {
        "order_status": ["status", "id"],
        "unit_figures": ["owner_unit_id", "status", "amends_id"],
    },
    "service_project": {
        "figures": [
            "status",
            "prior_status",
            "collected_on",
            "due_on",
            "deferred_until",
            "approved_on",
            "priority",
            "done_on",
            "amends_id",
        ],
        "order_owner_name": ["owner_name", "id"],
        "order_progress": ["progress", "id"],
        "order_series": ["series", "id"],
        "order_status": ["status", "id"],
        "scan": ["id", "search_text", "origin", "priority", "amends_id", "status"],
        "unit_figures": [
            "owner_unit_id",
            "status",
            "prior_status",
            "collected_on",
            "due_on",
            "deferred_until",
            "approved_on",
            "priority",
            "done_on",
            "amends_id",
        ],
    },
    "study_group": {
        "figures": ["status", "member_cnt", "amends_id"],
        "order_member_cnt": ["member_cnt", "id"],
        "order_status": ["status", "id"],
        "scan": ["id", "search_text", "form", "freq", "amends_id", "status"],
        "unit_figures": ["owner_unit_id", "status", "member_cnt", "amends_id"],
    },
    "study_output": {
        "order_adopted": ["adopted", "id"],
        "order_output_type": ["output_type", "id"],
        "order_title": ["title", "id"],
        "scan": ["id", "search_text"],
    },
    "study_plan": {
        "order_plan_year": ["plan_year", "id"],
        "order_span": ["span", "id"],
        "order_status": ["status", "id"],
        "scan": ["id", "search_text", "amends_id", "status"],
        "unit_figures": ["owner_unit_id", "status", "amends_id"],
    },
    "study_session": {
        "figures": ["status", "year", "due_cnt", "present_cnt", "amends_id"],
        "order_due_cnt": ["due_cnt", "id"],
        "order_form": ["form", "id"],
        "order_present_cnt": ["present_cnt", "id"],
        "order_status": ["status", "id"],
        "order_theme": ["theme", "id"],
        "scan": ["id", "search_text", "place_type", "amends_id", "status"],
        "unit_figures": ["owner_unit_id", "status", "year", "due_cnt", "present_cnt", "amends_id"],
    },
    "visit": {
        "figures": ["status", "visited_on", "visit_type", "beneficiary_id", "amends_id"],
        "of_beneficiary": ["beneficiary_id", "owner_unit_id", "status", "visited_on", "visit_type", "amends_id"],
        "order_called": ["called", "id"],
        "order_status": ["status", "id"],
        "order_visit_type": ["visit_type", "id"],
        "scan": ["id", "search_text", "satisfaction", "amends_id", "status"],
        "unit_figures": ["owner_unit_id", "status", "visited_on", "visit_type", "beneficiary_id", "amends_id"],
    },
}
# Those of incomplete records only.
FILLED = {"gaps": ["status", "owner_unit_id", "amends_id"], "unit_gaps": ["owner_unit_id", "status", "amends_id"]}
GAPS = ("agreement", "beneficiary", "pairing", "service_project", "study_group")
# Indexes of one column, which others begin with or nothing uses.
GONE = {
    "agreement": ["owner_unit_id", "party_a_org_id", "status", "year"],
    "beneficiary": ["owner_unit_id", "status", "target_type", "year"],
    "pairing": ["owner_unit_id", "status", "year"],
    "project_extension": ["owner_unit_id", "status", "year"],
    "service_project": ["owner_unit_id", "series", "status", "year"],
    "study_group": ["owner_unit_id", "status", "year"],
    "study_plan": ["owner_unit_id", "status", "year"],
    "study_session": ["owner_unit_id", "status", "year"],
    "visit": ["beneficiary_id", "owner_unit_id", "status", "visit_type", "year"],
}


def upgrade() -> None:
    for table, names in GONE.items():
        for name in names:
            op.drop_index(f"ix_{table}_{name}", table_name=table)
    for table, indexes in MADE.items():
        for name, columns in indexes.items():
            op.create_index(f"ix_{table}_{name}", table, columns)
    filled = column("gaps").is_not(None)
    for table in GAPS:
        for name, columns in FILLED.items():
            op.create_index(f"ix_{table}_{name}", table, columns, sqlite_where=filled, postgresql_where=filled)


def downgrade() -> None:
    for table in GAPS:
        for name in FILLED:
            op.drop_index(f"ix_{table}_{name}", table_name=table)
    for table, indexes in MADE.items():
        for name in indexes:
            op.drop_index(f"ix_{table}_{name}", table_name=table)
    for table, names in GONE.items():
        for name in names:
            op.create_index(f"ix_{table}_{name}", table, [name])
