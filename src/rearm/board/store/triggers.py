"""In the database itself: rows of kept tables can't be changed, and are deleted only where an
erasure of their patient is recorded.

Which tables are kept is told by `KEPT`; a table added there gets its triggers when a board is next
opened, in either database.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from sqlalchemy import Connection, Table, UniqueConstraint

from rearm.board.store.tables import KEPT, Base

__all__ = ["drop_triggers", "make_triggers", "wanted_triggers"]

_ERASED = "SELECT 1 FROM erasures WHERE case_id = OLD.case_id"
_IN_ORDER = "NEW.number <> (SELECT COALESCE(MAX(number), 0) + 1 FROM audit)"
_AT_ITS_END = "the audit is only added to at its end"


def wanted_triggers(dialect: str) -> frozenset[tuple[str, str]]:
    """The table and the name of each trigger."""
    every = frozenset(
        (table, f"{table}_{name}")
        for table in KEPT
        for name in ("no_update", "no_delete", "once" if dialect == "sqlite" else "no_truncate")
        if (table, name) != ("audit", "once")
    )
    return every | {("audit", "audit_in_order")}


def drop_triggers(connection: Connection, there: Iterable[tuple[str, str]]) -> None:
    """Takes them away, within the transaction that changes the tables."""
    ours = {(table, name) for table, name in there if table in KEPT}
    for table, name in sorted(ours):
        of_table = "" if connection.dialect.name == "sqlite" else f" ON {table}"
        connection.exec_driver_sql(f"DROP TRIGGER {name}{of_table}")


def make_triggers(connection: Connection) -> None:
    """Makes them where there are none."""
    if connection.dialect.name == "sqlite":
        statements = _of_sqlite()
    else:
        schema = connection.exec_driver_sql("SELECT quote_ident(current_schema())").scalar_one()
        statements = _of_postgres(schema)
    for statement in statements:
        connection.exec_driver_sql(statement)


def _of_case(table: Table) -> bool:
    """Whether its rows are those of a patient, who can be erased. An erasure itself stays."""
    return "case_id" in table.columns and table.name != "erasures"


def _refusal(table: str) -> str:
    return f"rows of {table} are kept as they are"


def _of_sqlite() -> Iterator[str]:
    for name in KEPT:
        table = Base.metadata.tables[name]
        refuse = f"BEGIN SELECT RAISE(ABORT, '{_refusal(name)}'); END"
        unless = f" WHEN NOT EXISTS ({_ERASED})" if _of_case(table) else ""
        yield f"CREATE TRIGGER {name}_no_update BEFORE UPDATE ON {name} {refuse}"
        yield f"CREATE TRIGGER {name}_no_delete BEFORE DELETE ON {name}{unless} {refuse}"
        if name != "audit":  # REPLACE deletes without asking the trigger of a deletion
            same = " OR ".join(_same(table))
            yield (
                f"CREATE TRIGGER {name}_once BEFORE INSERT ON {name} "
                f"WHEN EXISTS (SELECT 1 FROM {name} WHERE {same}) {refuse}"
            )
    yield (
        f"CREATE TRIGGER audit_in_order BEFORE INSERT ON audit WHEN {_IN_ORDER} "
        f"BEGIN SELECT RAISE(ABORT, '{_AT_ITS_END}'); END"
    )


def _same(table: Table) -> Iterator[str]:
    """Conditions under which a new row would take the place of one that is there."""
    keys = [[column.name for column in table.primary_key.columns]]
    keys += [
        [column.name for column in constraint.columns]
        for constraint in sorted(table.constraints, key=lambda x: str(x.name))
        if isinstance(constraint, UniqueConstraint)
    ]
    for key in keys:
        yield "(" + " AND ".join(f"{column} = NEW.{column}" for column in key) + ")"


def _of_postgres(schema: str) -> Iterator[str]:
    refuse = (
        "RAISE EXCEPTION 'rows of % are kept as they are', TG_TABLE_NAME "
        "USING ERRCODE = 'restrict_violation';"
    )
    erased = f"IF EXISTS ({_ERASED}) THEN RETURN OLD; END IF; {refuse}"
    in_order = (
        f"IF {_IN_ORDER} THEN RAISE EXCEPTION '{_AT_ITS_END}' "
        "USING ERRCODE = 'restrict_violation'; END IF; RETURN NEW;"
    )
    yield _function(schema, "rearm_kept", refuse)
    yield _function(schema, "rearm_erased", erased)
    yield _function(schema, "rearm_in_order", in_order)
    for name in KEPT:
        on = f"ON {name} FOR EACH STATEMENT EXECUTE FUNCTION rearm_kept()"
        yield f"CREATE TRIGGER {name}_no_update BEFORE UPDATE {on}"
        yield f"CREATE TRIGGER {name}_no_truncate BEFORE TRUNCATE {on}"
        if _of_case(Base.metadata.tables[name]):
            on = f"ON {name} FOR EACH ROW EXECUTE FUNCTION rearm_erased()"
        yield f"CREATE TRIGGER {name}_no_delete BEFORE DELETE {on}"
    yield (
        "CREATE TRIGGER audit_in_order BEFORE INSERT ON audit "
        "FOR EACH ROW EXECUTE FUNCTION rearm_in_order()"
    )


def _function(schema: str, name: str, body: str) -> str:
    # a temporary table of a session must not be taken for ours
    body = body.replace("%", "%%")  # for the driver
    return (
        f"CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql "
        f"SET search_path = {schema}, pg_temp AS "
        f"$$ BEGIN {body} END $$"
    )
