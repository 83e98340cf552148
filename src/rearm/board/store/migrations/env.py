"""Run by Alembic: the steps go through the connection of the caller, in its transaction."""

from __future__ import annotations

from alembic import context

from rearm.board.store.tables import Base

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    render_as_batch=True,  # SQLite changes a table only by making it anew
)
context.run_migrations()
