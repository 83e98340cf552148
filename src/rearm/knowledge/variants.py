"""Alterations of target antigens and their effect on each agent.

Read from `data/antigen_variants.toml`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from rearm.knowledge._build import KnowledgeError, build

__all__ = [
    "Alteration",
    "AlterationReport",
    "Effect",
    "State",
    "load_alterations",
    "read_alterations",
]

Effect = Literal["abolished", "reduced", "preserved", "unknown"]
State = Literal["both_copies", "one_copy", "protein_missing", "protein_lowered"]


@dataclass(frozen=True, slots=True, kw_only=True)
class AlterationReport:
    """Where it was seen, in how many patients (None: not said)."""

    text: str
    n: int | None = None
    sources: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Alteration:
    """One alteration.

    It is met by a named change of the protein (`changes`) or by the state of the copies or of the
    stain (`state`).

    `effects` are by agent or product, `class_effects` as the source words the class; `inferred`:
    from the missing protein, not measured.
    """

    id: str
    gene: Literal["TNFRSF17", "GPRC5D", "CD38"]
    name: str
    description: str
    changes: tuple[str, ...] = ()
    state: State | None = None
    effects: Mapping[str, Effect] = field(default_factory=dict)
    class_effects: Mapping[str, Effect] = field(default_factory=dict)
    inferred: bool = False
    reports: tuple[AlterationReport, ...] = field(default=(), metadata={"key": "report"})

    def effect_on(self, agent: str) -> Effect:
        """The effect on an agent or product by its id; unknown where none was read."""
        return self.effects.get(agent, "unknown")


def load_alterations() -> tuple[Alteration, ...]:
    """The bundled table."""
    from rearm.knowledge.bundle import bundled

    return bundled().alterations


def read_alterations(table: Mapping[str, Any]) -> tuple[Alteration, ...]:
    """The alterations of a parsed file.

    Raises KnowledgeError with a sentence for each thing that does not fit.
    """
    problems: list[str] = []
    by_id: dict[str, Alteration] = {}
    for row in table.get("alteration", ()):
        where = f"antigen_variants.toml, alteration {row.get('id', '?')}"
        try:
            alteration = build(Alteration, row, where)
        except KnowledgeError as error:
            problems += error.problems
            continue
        if alteration.id in by_id:
            problems.append(f"{where}: the id is used twice.")
        if bool(alteration.changes) == (alteration.state is not None):
            problems.append(f"{where}: give either changes or a state.")
        if not alteration.reports or not all(r.sources for r in alteration.reports):
            problems.append(f"{where}: a report with its sources is missing. Add it.")
        by_id[alteration.id] = alteration
    if problems:
        raise KnowledgeError(problems)
    return tuple(by_id.values())
