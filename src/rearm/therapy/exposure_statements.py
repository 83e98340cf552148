"""What the centre states on exposure and refractoriness, by agent and by class."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Literal, TypeAlias, get_args

from rearm.knowledge.lexicon import Lexicon
from rearm.record import Record, RefractorinessStatement, When

__all__ = ["NOT_STATED", "StatedStatus", "Statements", "Status"]

Status: TypeAlias = Literal["not_exposed", "exposed", "refractory"]
_ORDER: tuple[Status, ...] = get_args(Status)  # a state only goes up, so the highest stands


@dataclass(frozen=True, slots=True, kw_only=True)
class StatedStatus:
    """The status that stands (None: nobody states one), the rows that say it, and a note."""

    status: Status | None = None
    rows: tuple[RefractorinessStatement, ...] = ()
    note: str = ""

    @property
    def exposed(self) -> bool | None:
        return None if self.status is None else self.status != "not_exposed"

    @property
    def refractory(self) -> bool | None:
        return None if self.status is None else self.status == "refractory"

    def older_than(self, when: When) -> bool:
        """Whether it was surely made before this time, of which it then says nothing."""
        return bool(self.rows) and all(row.when.before(when) is True for row in self.rows)


NOT_STATED = StatedStatus()


class Statements:
    """The statements of a record by agent and class; what names neither is left out."""

    def __init__(self, record: Record, lexicon: Lexicon) -> None:
        self._record, self._lexicon = record, lexicon

    def of(self, name: str) -> StatedStatus:
        """The highest status stated for this agent or class itself."""
        return self._by_name.get(name, NOT_STATED)

    @cached_property
    def agents(self) -> frozenset[str]:
        """Every agent that a statement bears on, by its own name or by a class of it."""
        return frozenset(
            agent
            for name in self._by_name
            for agent in ((name,) if name in self._lexicon.agents else ())
            + self._lexicon.agents_of_class(name)
        )

    @cached_property
    def _by_name(self) -> dict[str, StatedStatus]:
        said: dict[str, list[tuple[Status, RefractorinessStatement]]] = {}
        for row in self._record.refractoriness:
            name, status = self._name(row), _status(row)
            if name is not None and status is not None:
                said.setdefault(name, []).append((status, row))
        found = {}
        for name, rows in said.items():
            highest = max((status for status, _ in rows), key=_ORDER.index)
            found[name] = StatedStatus(
                status=highest, rows=tuple(row for status, row in rows if status == highest)
            )
        return found

    def _name(self, row: RefractorinessStatement) -> str | None:
        agent = self._lexicon.find_agent(row.agent_or_class)
        return agent.id if agent is not None else self._lexicon.find_class(row.agent_or_class)


def _status(row: RefractorinessStatement) -> Status | None:
    word = row.status.strip().casefold().replace(" ", "_").replace("-", "_")
    return next((status for status in _ORDER if status == word), None)
