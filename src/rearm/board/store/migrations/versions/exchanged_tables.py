"""The tables of what is exchanged with record systems."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from rearm.board.store.utc import UtcText

revision = "exchanged"
down_revision = "entry_drafts"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "seen_tokens",
        sa.Column("hash", sa.String(), primary_key=True),
        sa.Column("ends_at", UtcText(), nullable=False),
    )
    op.create_index("ix_seen_tokens_ends_at", "seen_tokens", ["ends_at"])
    op.create_table(
        "launches",
        sa.Column("state_hash", sa.String(), primary_key=True),
        sa.Column("browser_hash", sa.String(), nullable=False),
        sa.Column("issuer", sa.Text(), nullable=False),
        sa.Column("nonce", sa.String(), nullable=False),
        sa.Column("verifier", sa.String(), nullable=False),
        sa.Column("made_at", UtcText(), nullable=False),
    )
    op.create_table(
        "launched",
        sa.Column("session_hash", sa.String(), primary_key=True),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column(
            "upload_id",
            sa.String(),
            sa.ForeignKey("uploads.id", ondelete="CASCADE"),
            nullable=False,
        ),
        sa.Column("system", sa.Text(), nullable=False),
        sa.Column("made_at", UtcText(), nullable=False),
    )
    op.create_index("ix_launched_source", "launched", ["source"])
    op.create_table(
        "given_cards",
        sa.Column("id", sa.String(), primary_key=True),
        sa.Column("issuer", sa.Text(), nullable=False),
        sa.Column("given_at", UtcText(), nullable=False),
    )
    op.create_table(
        "card_feedback",
        sa.Column("card", sa.String(), sa.ForeignKey("given_cards.id"), primary_key=True),
        sa.Column("outcome", sa.String(), primary_key=True),
        sa.Column("outcome_at", sa.String(), primary_key=True),
    )


def downgrade() -> None:
    raise NotImplementedError("a board is not taken back to an earlier version")
