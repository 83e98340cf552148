"""The treatments against the myeloma up to a day, and what silence on an agent means in them."""

from __future__ import annotations

from functools import cached_property
from typing import Literal

from rearm.knowledge.lexicon import Lexicon
from rearm.record import Record, Therapy
from rearm.record.line_numbers import missing_line, surely_after
from rearm.therapy.anti_myeloma import NOT_AGAINST_MYELOMA, treats_myeloma
from rearm.therapy.exposure_rows import (
    Opening,
    given_by,
    nothing_named,
    readings,
)
from rearm.therapy.lines import Line, infusion_doses, lines

__all__ = ["GAP_WORDS", "Gap", "TreatmentHistory"]

_NO_PRIOR_LINE = NOT_AGAINST_MYELOMA | {"bridging", "radiotherapy", "mobilisation"}

# Why nothing at all can be called "not given": nobody recorded a prior line, the history is stated
# to be incomplete, or the number of a line is jumped over.
Gap = Literal["no_prior_lines", "stated_incomplete", "line_missing"]
GAP_WORDS: dict[Gap, str] = {
    "no_prior_lines": "no prior lines are recorded",
    "stated_incomplete": "the therapy history is stated to be incomplete",
    "line_missing": "line {line} is not recorded",
}


class TreatmentHistory:
    """Rows of treatment against the myeloma, with what they leave open.

    `rows` were given by day `until` (None: whenever), of `unplaced` that is not known. Infusions
    without a day are left out where there is an `until`.
    """

    def __init__(self, record: Record, until: int | None, lexicon: Lexicon) -> None:
        self.record = record if until is None else record.known_at(until)
        self.lexicon = lexicon
        self.rows: list[Therapy] = []
        self.unplaced: list[Therapy] = []
        for row in self.record.therapies:
            if row.purpose not in NOT_AGAINST_MYELOMA:
                placed = True if until is None else given_by(row, record, until)
                if placed is not False:
                    (self.rows if placed else self.unplaced).append(row)
        self.infused = self.record.infused()
        self.infusions = [x for x in self.infused if until is None or x.day is not None]

    @cached_property
    def by_agent(self) -> dict[str, list[Therapy]]:
        """The rows that name each agent."""
        found: dict[str, list[Therapy]] = {}
        for row in self.rows:
            for agent in dict.fromkeys(row.agents):
                found.setdefault(agent, []).append(row)
        return found

    @cached_property
    def lines(self) -> tuple[Line, ...]:
        """The lines of therapy of the record."""
        return lines(self.record)

    @cached_property
    def unread(self) -> list[tuple[Therapy, str, tuple[tuple[str, ...], ...]]]:
        """Unread texts with their row and what each may stand for."""
        return [(r, text, readings(text, self.lexicon)) for r in self.rows for text in r.unread]

    @cached_property
    def gap(self) -> Gap | None:
        """Why a "no" cannot be given for any agent; None where prior lines are recorded in full."""
        first = self.infused[0] if self.infused else None
        if not any(
            row.purpose not in _NO_PRIOR_LINE
            and (row.unread or treats_myeloma(row, self.lexicon))
            and not surely_after(row, first)
            for row in self.rows
        ):
            return "no_prior_lines"
        if any(
            fact.finding == "therapy_history_complete" and fact.value.strip().casefold() == "no"
            for fact in self.record.facts
        ):
            return "stated_incomplete"
        return None if self._missing_line is None else "line_missing"

    @cached_property
    def gap_words(self) -> str | None:
        """The gap in words; None where there is none."""
        return None if self.gap is None else GAP_WORDS[self.gap].format(line=self._missing_line)

    @cached_property
    def _missing_line(self) -> int | None:
        """The first number that is jumped over and that no infusion can hold."""
        first = [doses[0] for doses in infusion_doses(self.record)]  # a split dose is one line
        own = [x for x in first if any(x is given for given in self.infusions)]
        return missing_line(self.rows, own)

    @cached_property
    def openings(self) -> list[Opening]:
        """What the rows leave open."""
        found: list[Opening] = [
            Opening(
                None if row.unread else frozenset(row.agents),
                "a regimen has no day and its order is unknown",
                row,
            )
            for row in self.unplaced
        ]
        for row, text, sets in self.unread:
            agents = frozenset(agent for agents in sets for agent in agents)
            found.append(
                Opening(agents, f"'{text}' could not be read for certain", row)
                if sets
                else Opening(None, f"'{text}' was not read", row)
            )
        for row in self.rows:
            unlisted = [a for a in row.agents if a not in self.lexicon.agents]
            found += [Opening(None, f"'{a}' is not in the lexicon", row) for a in unlisted]
            if not row.agents and not row.unread:
                unnamed = nothing_named(row, self.lexicon)
                found += [unnamed] if unnamed else []
        return found

    @cached_property
    def open_for_any(self) -> str | None:
        """Why silence on an agent does not mean that it was not given, whichever agent; None where
        the history is recorded and read.
        """
        return self.gap_words or next((x.why for x in self.openings if x.agents is None), None)

    def open_for(self, agent: str) -> str | None:
        """Why this agent cannot be called not given; None where it can."""
        return self.gap_words or next(
            (x.why for x in self.openings if x.agents is None or agent in x.agents), None
        )
