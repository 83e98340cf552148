"""What somebody wrote of a patient is sealed with a salt, which is erased with it; reasons of
break-glass are kept like decisions. Those that are there already are sealed by one entry.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from rearm.board.store.audit import canonical, entry_hash, seal_of
from rearm.board.store.utc import now, utc_text

revision = "salts"
down_revision = "exchanged"
branch_labels = None
depends_on = None

_SALTED = ("records", "results", "decisions", "overrules", "follow_ups", "openings")


def upgrade() -> None:
    for table in _SALTED:
        op.add_column(table, sa.Column("salt", sa.String(), nullable=True))
    _seal_openings()


def downgrade() -> None:
    raise NotImplementedError("a board is not taken back to an earlier version")


def _seal_openings() -> None:
    """An entry as `audit.append` makes one, of the tables as they are at this step."""
    connection = op.get_bind()
    columns = "id", "case_id", "user_id", "who", "reason", "at", "until"
    openings = sa.table("openings", *map(sa.column, columns))
    sealed: dict[str, str] = {}
    for row in connection.execute(sa.select(openings).order_by(openings.c.id)):
        sealed |= seal_of("openings", dict(row._mapping))
    if not sealed:
        return
    names = "number", "at", "who", "action", "subject", "details", "previous", "hash"
    audit = sa.table("audit", *map(sa.column, names))
    head = sa.table("audit_head", *map(sa.column, ("id", "number", "hash")))
    last = connection.execute(sa.select(head.c.number, head.c.hash)).one()
    entry = {
        "number": last.number + 1,
        "at": utc_text(now()),
        "who": "upgrade",
        "action": "sealed",
        "subject": "",
        "details": canonical({"sealed": sealed}),
        "previous": last.hash,
    }
    entry["hash"] = entry_hash(entry)
    connection.execute(sa.insert(audit).values(**entry))
    connection.execute(sa.update(head).values(number=entry["number"], hash=entry["hash"]))
