"""Patients who were erased, and what a board is set to. The triggers of kept tables are no longer
made by steps: they are made anew whenever a database is brought up to date.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from rearm.board.store.utc import UtcText

revision = "erasures"
down_revision = "tenants"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "erasures",
        sa.Column("id", sa.String(), primary_key=True),
        sa.Column("case_id", sa.String(), nullable=False, unique=True),
        sa.Column("why", sa.String(), nullable=False),
        sa.Column("at", UtcText(), nullable=False),
        sa.Column("who", sa.String(), nullable=False),
    )
    op.create_table(
        "settings",
        sa.Column("name", sa.String(), primary_key=True),
        sa.Column("value", sa.Text(), nullable=False),
    )


def downgrade() -> None:
    raise NotImplementedError("what was erased does not come back")
