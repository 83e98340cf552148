"""Drafts of the entry form, and the mappings of a centre."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from rearm.board.store.utc import UtcText

revision = "entry_drafts"
down_revision = "overrules"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "drafts",
        sa.Column("id", sa.String(), primary_key=True),
        sa.Column("tenant_id", sa.String(), sa.ForeignKey("tenants.id"), nullable=False),
        sa.Column("who", sa.String(), nullable=False),
        sa.Column("case_id", sa.String(), sa.ForeignKey("cases.id")),
        sa.Column("record_id", sa.String(), sa.ForeignKey("records.id")),
        sa.Column("typed", sa.Text(), nullable=False),
        sa.Column("changed_at", UtcText(), nullable=False),
        sa.UniqueConstraint("who", "case_id", name="draft_of_case"),
    )
    op.create_table(
        "mappings",
        sa.Column("id", sa.String(), primary_key=True),
        sa.Column("tenant_id", sa.String(), sa.ForeignKey("tenants.id"), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("sha256", sa.String(), nullable=False),
        sa.Column("at", UtcText(), nullable=False),
        sa.Column("who", sa.String(), nullable=False),
        sa.UniqueConstraint("tenant_id", "name", name="mapping_of_tenant"),
    )


def downgrade() -> None:
    op.drop_table("mappings")
    op.drop_table("drafts")
