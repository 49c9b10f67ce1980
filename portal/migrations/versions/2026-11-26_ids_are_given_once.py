"""ids are given once

Files, the trail and spot checks name a record by its id, so that of a deleted one must not come back. SQLite gives the
last ids again unless a table says otherwise; PostgreSQL never does.

Revision ID: 6d1f0c8a94b2
Revises: 295accab8097
"""

from alembic import op

revision = "6d1f0c8a94b2"
down_revision = "295accab8097"
branch_labels = None
depends_on = None

TABLES = (
    *("agreement", "area", "beneficiary", "code_list", "coop_activity", "member", "pairing", "party_org"),
    *("project_acceptance", "project_extension", "project_milestone", "project_progress", "project_satisfaction"),
    *("service_project", "study_group", "study_output", "study_plan", "study_session", "unit", "visit"),
    *("account_grant", "attachment", "sample", "unmasked_export"),
)


def made_again(**options: bool) -> None:
    if op.get_bind().dialect.name == "sqlite":
        for table in TABLES:
            with op.batch_alter_table(table, recreate="always", table_kwargs=options):
                pass


def upgrade() -> None:
    made_again(sqlite_autoincrement=True)


def downgrade() -> None:
    made_again()
