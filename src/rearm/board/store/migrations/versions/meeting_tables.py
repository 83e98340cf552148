"""The tables of meetings, follow-up, the centre's list and the causes of new answers."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from rearm.board.store.utc import UtcText

revision = "meeting_tables"
down_revision = "jobs_and_tokens"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _meetings()
    _answers()
    _follow_ups()


def downgrade() -> None:
    raise NotImplementedError("what a board decided is kept")


def _meetings() -> None:
    op.create_table(
        "meetings",
        sa.Column("tenant_id", sa.String(), sa.ForeignKey("tenants.id"), primary_key=True),
        sa.Column("day", sa.String(), primary_key=True),
        sa.Column("participants", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("changed_at", UtcText(), nullable=False),
        sa.Column("changed_by", sa.String(), nullable=False),
    )
    op.create_table(
        "meeting_decisions",
        *_version_of_case(),
        sa.Column("decision_id", sa.String(), sa.ForeignKey("decisions.id"), nullable=False),
        sa.Column("day", sa.String(), nullable=False),
        *_when_and_who(),
        sa.UniqueConstraint("case_id", "number", name="meeting_decision_version"),
    )


def _answers() -> None:
    op.create_table(
        "answer_causes",
        *_version_of_case(),
        sa.Column("result_id", sa.String(), sa.ForeignKey("results.id"), nullable=False),
        sa.Column("cause", sa.String(), nullable=False),
        sa.Column("centre_number", sa.Integer(), nullable=False),
        *_when_and_who(),
        sa.UniqueConstraint("case_id", "number", name="answer_cause_version"),
    )
    op.create_table(
        "centres",
        sa.Column("id", sa.String(), primary_key=True),
        sa.Column("tenant_id", sa.String(), sa.ForeignKey("tenants.id"), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        *_when_and_who(),
        sa.UniqueConstraint("tenant_id", "number", name="centre_version"),
    )


def _follow_ups() -> None:
    short = (
        "done", "given", "started", "ended", "best_response", "response_day", "progressed",
        "progression_day", "died", "death_day", "next_look",
    )  # fmt: skip
    op.create_table(
        "follow_ups",
        *_version_of_case(),
        sa.Column("decision_id", sa.String(), sa.ForeignKey("decisions.id"), nullable=False),
        *(sa.Column(name, sa.String(), nullable=False) for name in short),
        *(sa.Column(name, sa.Text(), nullable=False) for name in ("why_not", "given_text", "note")),
        *_when_and_who(),
        sa.UniqueConstraint("case_id", "number", name="follow_up_version"),
    )


def _version_of_case() -> tuple[sa.Column[str] | sa.Column[int], ...]:
    return (
        sa.Column("id", sa.String(), primary_key=True),
        sa.Column("case_id", sa.String(), sa.ForeignKey("cases.id"), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
    )


def _when_and_who() -> tuple[sa.Column[object], ...]:
    return (
        sa.Column("at", UtcText(), nullable=False),
        sa.Column("who", sa.String(), nullable=False),
    )
