"""Users, their roles and passwords, tries to sign in, patients opened by break-glass.

Sessions of before end: they know no user.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from rearm.board.store.utc import UtcText

revision = "people"
down_revision = "erasures"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _users()
    _tries()
    op.create_table(
        "openings",
        sa.Column("id", sa.String(), primary_key=True),
        sa.Column("case_id", sa.String(), sa.ForeignKey("cases.id"), nullable=False, index=True),
        sa.Column("user_id", sa.String(), nullable=False),
        sa.Column("who", sa.String(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("at", UtcText(), nullable=False),
        sa.Column("until", UtcText(), nullable=False),
    )
    op.drop_table("sessions")
    op.create_table(
        "sessions",
        sa.Column("hash", sa.String(), primary_key=True),
        sa.Column("tenant_id", sa.String(), sa.ForeignKey("tenants.id"), nullable=False),
        sa.Column("user_id", sa.String(), sa.ForeignKey("users.id"), index=True),
        sa.Column("via", sa.String(), nullable=False),
        sa.Column("who", sa.String(), nullable=False),
        sa.Column("permissions", sa.String(), nullable=False),
        sa.Column("made_at", UtcText(), nullable=False),
        sa.Column("seen_at", UtcText(), nullable=False),
        sa.Column("ended_at", UtcText()),
    )


def downgrade() -> None:
    raise NotImplementedError("users are not forgotten again")


def _users() -> None:
    op.create_table(
        "users",
        sa.Column("id", sa.String(), primary_key=True),
        sa.Column("name", sa.Text(), nullable=False, unique=True),
        sa.Column("password", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), unique=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("made_at", UtcText(), nullable=False),
        sa.Column("disabled_at", UtcText()),
    )
    op.create_table(
        "memberships",
        sa.Column("user_id", sa.String(), sa.ForeignKey("users.id"), primary_key=True),
        sa.Column("tenant_id", sa.String(), sa.ForeignKey("tenants.id"), primary_key=True),
        sa.Column("role", sa.String(), primary_key=True),
    )
    op.create_table(
        "password_links",
        sa.Column("hash", sa.String(), primary_key=True),
        sa.Column("user_id", sa.String(), sa.ForeignKey("users.id"), nullable=False),
        sa.Column("made_at", UtcText(), nullable=False),
        sa.Column("used_at", UtcText()),
    )


def _tries() -> None:
    op.create_table(
        "tries",
        sa.Column("id", sa.String(), primary_key=True),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("key", sa.String(), nullable=False, index=True),
        sa.Column("at", UtcText(), nullable=False),
    )
    op.create_table(
        "oidc_tries",
        sa.Column("hash", sa.String(), primary_key=True),
        sa.Column("browser", sa.String(), nullable=False),
        sa.Column("nonce", sa.String(), nullable=False),
        sa.Column("verifier", sa.String(), nullable=False),
        sa.Column("next_path", sa.Text(), nullable=False),
        sa.Column("made_at", UtcText(), nullable=False),
    )
