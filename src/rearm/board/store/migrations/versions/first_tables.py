"""The first tables, with the triggers that refuse a change of what is kept."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from rearm.board.store.utc import UtcText

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_KEPT = ("records", "results", "decisions", "audit")


def upgrade() -> None:
    _cases()
    _versions()
    _audit()
    _people()
    if op.get_bind().dialect.name == "sqlite":
        _triggers()


def _triggers() -> None:
    """As the first version made them; now `store.triggers` makes them anew in both databases."""
    for table in _KEPT:
        for change in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER {table}_no_{change.lower()} BEFORE {change} ON {table} "
                f"BEGIN SELECT RAISE(ABORT, 'rows of {table} are kept as they are'); END"
            )
    # REPLACE deletes without asking the triggers of a deletion
    op.execute(
        "CREATE TRIGGER audit_in_order BEFORE INSERT ON audit "
        "WHEN NEW.number <> (SELECT COALESCE(MAX(number), 0) + 1 FROM audit) "
        "BEGIN SELECT RAISE(ABORT, 'the audit is only added to at its end'); END"
    )
    for table in ("records", "results", "decisions"):
        op.execute(
            f"CREATE TRIGGER {table}_once BEFORE INSERT ON {table} "
            f"WHEN EXISTS (SELECT 1 FROM {table} WHERE id = NEW.id "
            "OR (case_id = NEW.case_id AND number = NEW.number)) "
            f"BEGIN SELECT RAISE(ABORT, 'rows of {table} are kept as they are'); END"
        )


def downgrade() -> None:
    raise NotImplementedError("there is nothing before the first tables")


def _cases() -> None:
    op.create_table(
        "cases",
        sa.Column("id", sa.String(), primary_key=True),
        sa.Column("patient_id", sa.Text(), nullable=False, unique=True),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("meeting_day", sa.String()),
        sa.Column("invented", sa.Boolean(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("made_at", UtcText(), nullable=False),
        sa.Column("changed_at", UtcText(), nullable=False),
        sa.Column("changed_by", sa.String(), nullable=False),
    )
    op.create_table(
        "uploads",
        sa.Column("id", sa.String(), primary_key=True),
        sa.Column("file_name", sa.Text(), nullable=False),
        sa.Column("sha256", sa.String(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("payload", sa.LargeBinary(), nullable=False),
        sa.Column("at", UtcText(), nullable=False),
        sa.Column("who", sa.String(), nullable=False),
    )


def _versions() -> None:
    op.create_table(
        "records",
        sa.Column("id", sa.String(), primary_key=True),
        sa.Column("case_id", sa.String(), sa.ForeignKey("cases.id"), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("upload_id", sa.String(), sa.ForeignKey("uploads.id"), nullable=False),
        sa.Column("rows", sa.Text(), nullable=False),
        sa.Column("issues", sa.Text(), nullable=False),
        sa.Column("at", UtcText(), nullable=False),
        sa.Column("who", sa.String(), nullable=False),
        sa.UniqueConstraint("case_id", "number", name="record_version"),
    )
    op.create_table(
        "results",
        sa.Column("id", sa.String(), primary_key=True),
        sa.Column("case_id", sa.String(), sa.ForeignKey("cases.id"), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("record_id", sa.String(), sa.ForeignKey("records.id"), nullable=False),
        sa.Column("result", sa.Text(), nullable=False),
        sa.Column("summary", sa.Text(), nullable=False),
        sa.Column("software", sa.String(), nullable=False),
        sa.Column("knowledge", sa.String(), nullable=False),
        sa.Column("knowledge_hash", sa.String(), nullable=False),
        sa.Column("at", UtcText(), nullable=False),
        sa.UniqueConstraint("case_id", "number", name="result_version"),
    )
    op.create_table(
        "decisions",
        sa.Column("id", sa.String(), primary_key=True),
        sa.Column("case_id", sa.String(), sa.ForeignKey("cases.id"), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("result_id", sa.String(), sa.ForeignKey("results.id"), nullable=False),
        sa.Column("strategy", sa.String(), nullable=False),
        sa.Column("tier", sa.String(), nullable=False),
        sa.Column("participants", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("deviation", sa.Text(), nullable=False),
        sa.Column("at", UtcText(), nullable=False),
        sa.Column("who", sa.String(), nullable=False),
        sa.UniqueConstraint("case_id", "number", name="decision_version"),
    )


def _audit() -> None:
    op.create_table(
        "audit",
        sa.Column("number", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("at", sa.String(), nullable=False),
        sa.Column("who", sa.String(), nullable=False),
        sa.Column("action", sa.String(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("details", sa.Text(), nullable=False),
        sa.Column("previous", sa.String(), nullable=False),
        sa.Column("hash", sa.String(), nullable=False),
    )
    op.create_table(
        "audit_head",
        sa.Column("id", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("hash", sa.String(), nullable=False),
    )


def _people() -> None:
    op.create_table(
        "start_links",
        sa.Column("hash", sa.String(), primary_key=True),
        sa.Column("who", sa.String(), nullable=False),
        sa.Column("made_at", UtcText(), nullable=False),
        sa.Column("used_at", UtcText()),
    )
    op.create_table(
        "sessions",
        sa.Column("hash", sa.String(), primary_key=True),
        sa.Column("who", sa.String(), nullable=False),
        sa.Column("permissions", sa.String(), nullable=False),
        sa.Column("made_at", UtcText(), nullable=False),
        sa.Column("seen_at", UtcText(), nullable=False),
        sa.Column("ended_at", UtcText()),
    )
