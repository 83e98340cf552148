"""What `rearm explain` shows of one patient: a strategy, an option or a factor."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from rearm.assessment import Explanation, Standing, explain, explain_strategy
from rearm.knowledge import Knowledge
from rearm.record import Record
from rearm.report.assessment.standing import standing_object, standing_text
from rearm.report.assessment.trace import trace_object, trace_text

__all__ = ["Asked", "Explained"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """Ids of what is to be explained, and with which knowledge, on which day, in which region."""

    strategies: tuple[str, ...]
    options_and_factors: tuple[str, ...]
    knowledge: Knowledge | None
    as_of: int | date | None
    region: str | None

    def of(self, record: Record) -> list[Explained]:
        """The strategies, then the options and factors, for one patient."""
        shared: dict[str, Any] = {
            "knowledge": self.knowledge,
            "as_of": self.as_of,
            "region": self.region,
        }
        found: list[Explanation | Standing] = []
        found += [explain_strategy(record, name, **shared) for name in self.strategies]
        found += [explain(record, name, **shared) for name in self.options_and_factors]
        return [Explained(record.patient_id, one) for one in found]


@dataclass(frozen=True, slots=True)
class Explained:
    """One explanation with the patient's id."""

    patient_id: str
    about: Explanation | Standing

    def text(self, *, every: bool) -> str:
        shown = (
            standing_text(self.about, every=every)
            if isinstance(self.about, Standing)
            else trace_text(self.about, every=every)
        )
        return f"{self.patient_id}: {shown}"

    def plain(self) -> dict[str, Any]:
        """As plain data for JSON."""
        plain = (
            standing_object(self.about)
            if isinstance(self.about, Standing)
            else trace_object(self.about)
        )
        return {"patient_id": self.patient_id, **plain}
