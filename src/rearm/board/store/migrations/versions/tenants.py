"""Each patient and each upload belongs to a tenant; what was there before to the first one.

Sessions of before end: they know no tenant.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from rearm.board.store.utc import UtcText

revision = "tenants"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "tenants",
        sa.Column("id", sa.String(), primary_key=True),
        sa.Column("name", sa.Text(), nullable=False, unique=True),
    )
    op.execute("INSERT INTO tenants (id, name) VALUES ('first', 'This board')")
    op.drop_table("sessions")
    op.create_table("sessions", *_sessions())
    if op.get_bind().dialect.name == "sqlite":
        _anew("cases", _cases())
        _anew("uploads", _uploads())
    else:
        op.drop_constraint("cases_patient_id_key", "cases", type_="unique")
        for table in ("cases", "uploads"):
            _add_tenant(table)
        op.create_unique_constraint("patient_of_tenant", "cases", ["tenant_id", "patient_id"])


def downgrade() -> None:
    raise NotImplementedError("tenants are not joined into one again")


def _add_tenant(table: str) -> None:
    op.add_column(
        table, sa.Column("tenant_id", sa.String(), sa.ForeignKey("tenants.id"), nullable=True)
    )
    op.execute(f"UPDATE {table} SET tenant_id = 'first'")
    op.alter_column(table, "tenant_id", nullable=False)


def _anew(table: str, parts: list[sa.schema.SchemaItem]) -> None:
    """SQLite neither drops a constraint nor adds a key that must hold something: the table is made
    anew under its name, so that what refers to it still does.
    """
    op.execute("PRAGMA defer_foreign_keys = ON")  # until the rows are back
    op.execute(f"CREATE TABLE {table}_before AS SELECT * FROM {table}")
    op.drop_table(table)
    op.create_table(table, *parts)
    names = ", ".join(x.name for x in parts if isinstance(x, sa.Column) and x.name != "tenant_id")
    op.execute(
        f"INSERT INTO {table} ({names}, tenant_id) SELECT {names}, 'first' FROM {table}_before"
    )
    op.drop_table(f"{table}_before")


def _tenant() -> sa.Column[str]:
    return sa.Column("tenant_id", sa.String(), sa.ForeignKey("tenants.id"), nullable=False)


def _cases() -> list[sa.schema.SchemaItem]:
    return [
        sa.Column("id", sa.String(), primary_key=True),
        _tenant(),
        sa.Column("patient_id", sa.Text(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("meeting_day", sa.String()),
        sa.Column("invented", sa.Boolean(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("made_at", UtcText(), nullable=False),
        sa.Column("changed_at", UtcText(), nullable=False),
        sa.Column("changed_by", sa.String(), nullable=False),
        sa.UniqueConstraint("tenant_id", "patient_id", name="patient_of_tenant"),
    ]


def _uploads() -> list[sa.schema.SchemaItem]:
    return [
        sa.Column("id", sa.String(), primary_key=True),
        _tenant(),
        sa.Column("file_name", sa.Text(), nullable=False),
        sa.Column("sha256", sa.String(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("payload", sa.LargeBinary(), nullable=False),
        sa.Column("at", UtcText(), nullable=False),
        sa.Column("who", sa.String(), nullable=False),
    ]


def _sessions() -> list[sa.schema.SchemaItem]:
    return [
        sa.Column("hash", sa.String(), primary_key=True),
        _tenant(),
        sa.Column("who", sa.String(), nullable=False),
        sa.Column("permissions", sa.String(), nullable=False),
        sa.Column("made_at", UtcText(), nullable=False),
        sa.Column("seen_at", UtcText(), nullable=False),
        sa.Column("ended_at", UtcText()),
    ]
