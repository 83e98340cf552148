"""What the evidence says of each option, in the little that a verdict and a page need."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rearm.knowledge._build import build
from rearm.knowledge._cache import from_cache, to_cache
from rearm.knowledge.bundle import DATA, Knowledge
from rearm.knowledge.rulesets import Directness, EvidenceKey, Option
from rearm.knowledge.studies import Disease, Nearness

if TYPE_CHECKING:
    from rearm.evidence import SettingFigure, StrategyEvidence

__all__ = [
    "POOLED",
    "ExpectedRow",
    "OptionEvidence",
    "SettingRow",
    "evidence_of",
    "inputs_hash",
    "plain_rows",
    "pool_options",
    "pooled_for",
    "setting_rows",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpectedRow:
    """One pooled figure with its population.

    Proportions run from 0 to 1, PFS is in months; `low` and `high` are 95 % limits.

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
class SettingRow:
    """One figure of one setting, for a patient's sequence to choose; as `SettingFigure`."""

    measure: str
    nearness: Nearness
    estimate: float
    arms: int
    studies: tuple[str, ...]
    disease: Disease | None = None
    low: float | None = None
    high: float | None = None
    patients: int | None = None
    most_patients: int | None = None
    events: int | None = None
    after_targets: tuple[str, ...] = ()
    of_class: bool = False
    borrowed_share: float | None = None
    unborrowed: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class OptionEvidence:
    """The evidence of one option.

    `expected`: the figure of each measure whoever the patient is; `settings`: those among which a
    patient's own sequence chooses. `counted`: the directness of the most direct figure with a
    number of patients. `response_upper`: upper 95 % limit of the response from direct arms alone,
    absent without one or where all of them were read from weak sources: those decide no verdict.
    `of_class`: the figures are of the whole strategy, though the option names its agents; they show
    what the class did and decide no tier.
    """

    directness: Directness
    note: str
    counted: Directness = "none read"
    expected: tuple[ExpectedRow, ...] = ()
    settings: tuple[SettingRow, ...] = ()
    response_upper: float | None = None
    of_class: bool = False


POOLED = DATA / "pooled.json"
"""The evidence of the bundled options, written by `scripts/pool_evidence.py`."""


@lru_cache(maxsize=8)
def evidence_of(knowledge: Knowledge) -> Mapping[str, OptionEvidence]:
    """The evidence of every option by its id.

    Read from the file that comes with the program where studies and options are those it was made
    from; else pooled once and kept in the user's cache.
    """
    inputs = inputs_hash(knowledge)
    made = json.loads(POOLED.read_bytes())
    if made["inputs"] == inputs:
        return _built(made["options"])
    key = _key(inputs)
    kept = from_cache("evidence", key)
    if kept is not None:
        return _built(kept)
    evidence = pool_options(knowledge)
    to_cache("evidence", key, plain_rows(evidence))
    return evidence


def _built(rows: Mapping[str, Any]) -> dict[str, OptionEvidence]:
    return {option: build(OptionEvidence, row, option) for option, row in rows.items()}


def plain_rows(evidence: Mapping[str, OptionEvidence]) -> dict[str, dict[str, Any]]:
    """The evidence as plain data for JSON; what is None is left out."""
    return {option: _plain(asdict(row)) for option, row in evidence.items()}


def _plain(row: Mapping[str, Any]) -> dict[str, Any]:
    """Without what is None, in the rows of settings too."""
    kept = {name: value for name, value in row.items() if value is not None}
    if "settings" in kept:
        kept["settings"] = [_plain(setting) for setting in kept["settings"]]
    return kept


def inputs_hash(knowledge: Knowledge) -> str:
    """The hash of what the figures are made from: the studies, and which arms each option takes."""
    selections = [
        [option.id, key.strategy, list(key.agents), list(key.targets), list(option.agents)]
        for option in knowledge.options.values()
        for key in (_evidence_key(option),)
    ]
    text = json.dumps([knowledge.studies_hash, selections])
    return hashlib.sha256(text.encode()).hexdigest()


def _key(inputs: str) -> str:
    """The hash for the cache: the inputs, and the code that pools them."""
    digest = hashlib.sha256(inputs.encode())
    package = Path(__file__).parents[1]
    for file in (
        *sorted((package / "evidence").glob("*.py")),
        *sorted((package / "knowledge").glob("*stud*.py")),
        Path(__file__),
    ):
        digest.update(file.read_bytes())
    return digest.hexdigest()


def pool_options(knowledge: Knowledge) -> dict[str, OptionEvidence]:
    """The evidence of every option, pooled now: a second of work or two."""
    return {
        option.id: _summary(option, pooled_for(option, knowledge))
        for option in knowledge.options.values()
    }


def pooled_for(option: Option, knowledge: Knowledge) -> StrategyEvidence:
    """The pooled evidence of one option: arms of exactly its agents.

    The option's evidence key may name some of its agents, which then stand for all of them, or a
    name of its own that study arms carry; a key without agents takes every arm of the strategy.
    """
    from rearm.evidence import evidence_for

    key = _evidence_key(option)
    agents = frozenset(
        option.agents if key.agents and set(key.agents) <= set(option.agents) else key.agents
    )
    return evidence_for(
        key.strategy, targets=frozenset(key.targets), agents=agents, studies=knowledge.studies
    )


def _evidence_key(option: Option) -> EvidenceKey:
    return option.evidence or EvidenceKey(
        strategy=option.strategy, agents=option.agents, targets=option.targets
    )


def _summary(option: Option, evidence: StrategyEvidence) -> OptionEvidence:
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
            arms=len(row.arms),
            patients=row.patients,
            studies=row.studies,
            of_class=of_class,
            borrowed_share=row.borrowed_share,
            unborrowed=row.unborrowed,
        )
        for row in evidence.expected
    )
    response = evidence.response
    solid = response is not None and not all(row.arm.weak for row in response.arms)
    return OptionEvidence(
        directness=evidence.directness,
        note=evidence.note,
        counted=evidence.counted,
        expected=rows,
        settings=setting_rows(evidence),
        response_upper=response.unborrowed[2] if response is not None and solid else None,
        of_class=of_class,
    )


def setting_rows(evidence: StrategyEvidence) -> tuple[SettingRow, ...]:
    """The figures of all settings as plain rows."""
    return tuple(_setting_row(figure) for figure in evidence.settings)


def _setting_row(figure: SettingFigure) -> SettingRow:
    pooled = figure.pooled
    borrowed = pooled is not None and pooled.borrowed_share > 0
    return SettingRow(
        measure=figure.measure,
        nearness=figure.nearness,
        estimate=figure.estimate,
        arms=len(figure.arms),
        studies=figure.studies,
        disease=figure.disease,
        low=figure.low,
        high=figure.high,
        patients=figure.patients,
        most_patients=figure.most_patients,
        events=figure.events if figure.measure == "response" else None,
        after_targets=figure.after_targets,
        of_class=figure.of_class,
        borrowed_share=pooled.borrowed_share if pooled is not None and borrowed else None,
        unborrowed=tuple(pooled.unborrowed) if pooled is not None and borrowed else (),
    )
