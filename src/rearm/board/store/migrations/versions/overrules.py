"""Facts that the team states over the computed ones."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from rearm.board.store.utc import UtcText

revision = "overrules"
down_revision = "meeting_tables"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "overrules",
        sa.Column("id", sa.String(), primary_key=True),
        sa.Column("case_id", sa.String(), sa.ForeignKey("cases.id"), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("result_id", sa.String(), sa.ForeignKey("results.id"), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("what", sa.String(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("anchor", sa.Text(), nullable=False),
        sa.Column("was", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("takes_back", sa.String(), sa.ForeignKey("overrules.id")),
        sa.Column("at", UtcText(), nullable=False),
        sa.Column("who", sa.String(), nullable=False),
        sa.UniqueConstraint("case_id", "number", name="overrule_version"),
    )


def downgrade() -> None:
    raise NotImplementedError("what was overruled is not forgotten")
