"""a return names several fields

Revision ID: 4be81f60a2d7
Revises: 2f6a9d0c7b31
"""

import sqlalchemy as sa
from alembic import op

revision = "4be81f60a2d7"
down_revision = "2f6a9d0c7b31"
branch_labels = None
depends_on = None
TABLES = (
    *("agreement", "beneficiary", "pairing", "project_extension", "service_project", "study_group", "study_plan"),
    *("study_session", "visit"),
)
ONE, SEVERAL = "return_field", "return_fields"


def upgrade() -> None:
    for table in TABLES:
        op.add_column(table, sa.Column(SEVERAL, sa.String(length=200), nullable=True))
        known = sa.table(table, sa.column(ONE, sa.String()), sa.column(SEVERAL, sa.String()))
        op.execute(sa.update(known).where(known.c[ONE] != "").values({SEVERAL: "," + known.c[ONE] + ","}))
        op.drop_column(table, ONE)


def downgrade() -> None:
    """Of several fields the first one stays."""
    for table in TABLES:
        op.add_column(table, sa.Column(ONE, sa.String(length=40), nullable=True))
        known = sa.table(table, sa.column("id"), sa.column(ONE, sa.String()), sa.column(SEVERAL, sa.String()))
        named = sa.select(known.c.id, known.c[SEVERAL]).where(known.c[SEVERAL].is_not(None))
        for id_, names in op.get_bind().execute(named).all():
            first = names.strip(",").partition(",")[0]
            op.execute(sa.update(known).where(known.c.id == id_).values({ONE: first}))
        op.drop_column(table, SEVERAL)
