"""What the evidence says of each option, in the little that a verdict needs; pooled once for a
bundle and kept in the cache.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from rearm.knowledge._build import build
from rearm.knowledge._cache import from_cache, to_cache
from rearm.knowledge.bundle import Knowledge
from rearm.knowledge.rulesets import EvidenceKey, Option

if TYPE_CHECKING:
    from rearm.evidence import StrategyEvidence

__all__ = ["ExpectedRow", "OptionEvidence", "evidence_of", "pooled_for"]

Directness = Literal["direct", "near", "indirect only", "none read"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpectedRow:
    """One pooled figure with its population. Proportions run from 0 to 1, PFS is in months; `low`
    and `high` are 95 % limits.

    `of_class`: of other agents of the class too. `borrowed_share`: the part of the information (0
    to 1) that came from less direct settings; `unborrowed`: estimate and limits from the direct
    arms alone, the same three numbers where nothing was borrowed.
    """

    measure: str
    estimate: float
    low: float
    high: float
    unit: str
    population: str
    directness: Directness
    arms: int
    patients: int
    studies: tuple[str, ...]
    of_class: bool
    borrowed_share: float
    unborrowed: tuple[float, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class OptionEvidence:
    """The evidence of one option. `response_upper`: upper 95 % limit of the response from direct
    arms alone, absent without one.

    `better_than`: the options from which the evidence separates this one as the better. `of_class`:
    the figures are of the whole strategy, though the option names its agents; they show what the
    class did and make nothing preferred.
    """

    directness: Directness
    note: str
    expected: tuple[ExpectedRow, ...] = ()
    response_upper: float | None = None
    better_than: tuple[str, ...] = ()
    of_class: bool = False


def evidence_of(knowledge: Knowledge) -> Mapping[str, OptionEvidence]:
    """The evidence of every option by its id."""
    key = _key(knowledge)
    cached = from_cache("evidence", key)
    if cached is not None:
        return {option: build(OptionEvidence, row, option) for option, row in cached.items()}
    found = _pooled(knowledge)
    to_cache(
        "evidence",
        key,
        {
            option: {k: v for k, v in asdict(row).items() if v is not None}
            for option, row in found.items()
        },
    )
    return found


def _key(knowledge: Knowledge) -> str:
    """The hash of all that the figures depend on: the bundle with its studies, and the code that
    pools them.
    """
    digest = hashlib.sha256(knowledge.hash.encode())
    package = Path(__file__).parents[1]
    for file in (
        *sorted((package / "evidence").glob("*.py")),
        package / "knowledge" / "studies.py",
        Path(__file__),
    ):
        digest.update(file.read_bytes())
    return digest.hexdigest()


def _pooled(knowledge: Knowledge) -> dict[str, OptionEvidence]:
    from rearm.evidence import compare

    pooled = {option.id: pooled_for(option, knowledge) for option in knowledge.options.values()}
    better: dict[str, list[str]] = {option: [] for option in pooled}
    for first, evidence in pooled.items():
        for second, other in pooled.items():
            if first < second and evidence.by_setting and other.by_setting:
                verdict = compare(evidence, other).better
                if verdict is not None:
                    winner, loser = (first, second) if verdict == "first" else (second, first)
                    better[winner].append(loser)
    return {
        name: _summary(knowledge.options[name], evidence, tuple(sorted(better[name])))
        for name, evidence in pooled.items()
    }


def pooled_for(option: Option, knowledge: Knowledge) -> StrategyEvidence:
    """The pooled evidence of one option: arms of exactly its agents.

    The option's evidence key may name some of its agents, which then stand for all of them, or a
    name of its own that study arms carry; a key without agents takes every arm of the strategy.
    """
    from rearm.evidence import evidence_for

    key = option.evidence or EvidenceKey(
        strategy=option.strategy, agents=option.agents, targets=option.targets
    )
    agents = frozenset(
        option.agents if key.agents and set(key.agents) <= set(option.agents) else key.agents
    )
    return evidence_for(
        key.strategy, targets=frozenset(key.targets), agents=agents, studies=knowledge.studies
    )


def _summary(
    option: Option, evidence: StrategyEvidence, better_than: tuple[str, ...]
) -> OptionEvidence:
    of_class = bool(option.agents) and not evidence.agents
    label = f"class figure: {evidence.strategy}; " if of_class else ""
    rows = tuple(
        ExpectedRow(
            measure=row.measure,
            estimate=row.estimate,
            low=row.low,
            high=row.high,
            unit=row.unit,
            population=label + row.population,
            directness=row.directness,
            arms=row.arms,
            patients=row.patients,
            studies=row.studies,
            of_class=of_class,
            borrowed_share=row.borrowed_share,
            unborrowed=row.unborrowed,
        )
        for row in evidence.expected
    )
    response = evidence.response
    return OptionEvidence(
        directness=evidence.directness,
        note=evidence.note,
        expected=rows,
        response_upper=response.unborrowed[2] if response is not None else None,
        better_than=better_than,
        of_class=of_class,
    )
