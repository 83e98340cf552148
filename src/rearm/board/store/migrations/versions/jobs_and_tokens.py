"""Reports that are to be printed, and tokens of the programs that use the API."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from rearm.board.store.utc import UtcText

revision = "jobs_and_tokens"
down_revision = "people"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "jobs",
        sa.Column("id", sa.String(), primary_key=True),
        sa.Column("case_id", sa.String(), sa.ForeignKey("cases.id"), nullable=False),
        sa.Column("result_id", sa.String(), sa.ForeignKey("results.id"), nullable=False),
        sa.Column("who", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("told", sa.Text(), nullable=False),
        sa.Column("head", sa.String(), nullable=False),
        sa.Column("pdf", sa.LargeBinary(), nullable=False),
        sa.Column("at", UtcText(), nullable=False),
        sa.Column("begun_at", UtcText()),
    )
    op.create_table(
        "api_tokens",
        sa.Column("hash", sa.String(), primary_key=True),
        sa.Column("tenant_id", sa.String(), sa.ForeignKey("tenants.id"), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("who", sa.String(), nullable=False),
        sa.Column("permissions", sa.String(), nullable=False),
        sa.Column("made_at", UtcText(), nullable=False),
        sa.Column("expires_at", UtcText(), nullable=False),
        sa.Column("used_at", UtcText()),
        sa.Column("revoked_at", UtcText()),
    )


def downgrade() -> None:
    op.drop_table("api_tokens")
    op.drop_table("jobs")
