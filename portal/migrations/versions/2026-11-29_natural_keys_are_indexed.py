"""natural keys are indexed

Revision ID: b456f8ecd653
Revises: 7cf02c49c4b7
"""

from alembic import op

revision = "b456f8ecd653"
down_revision = "7cf02c49c4b7"
branch_labels = None
depends_on = None
KEYS = {
    "agreement": ["party_a_org_id", "party_b_org_id"],
    "beneficiary": ["community_id", "owner_unit_id"],
    "pairing": ["beneficiary_id", "owner_unit_id"],
    "service_project": ["title", "lead_unit_id"],
    "study_group": ["name", "unit_id"],
    "visit": ["visited_on", "owner_unit_id"],
}


def upgrade() -> None:
    for table, key in KEYS.items():
        op.create_index(f"ix_{table}_natural_key", table, key)


def downgrade() -> None:
    for table in KEYS:
        op.drop_index(f"ix_{table}_natural_key", table_name=table)
