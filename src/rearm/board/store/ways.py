"""Reading or writing: what a connection is for, so that its transaction begins as it should."""

from __future__ import annotations

from typing import Literal

from sqlalchemy import Connection, Engine

__all__ = ["PATIENCE", "Way", "way_of", "writing_way"]

Way = Literal["reads", "writes"]

PATIENCE = 10.0
"""Seconds that a writer waits for another."""

_OPTION = "rearm_way"


def writing_way(engine: Engine) -> Engine:
    """The engine for transactions that write."""
    return engine.execution_options(**{_OPTION: "writes"})


def way_of(connection: Connection) -> Way:
    """Reading, unless the engine is the one that writes."""
    return "writes" if connection.get_execution_options().get(_OPTION) == "writes" else "reads"
