"""Scores and alterations of the antigen as they are shown: context for the reader, which no verdict
rests on.
"""

from __future__ import annotations

import math

from rearm.assessment.patient import Shown
from rearm.assessment.result import AgentEffect, AlterationResult, RiskScore, ScoreItemResult
from rearm.findings.alterations import AlterationFound, alterations
from rearm.findings.scores import ItemResult, ScoreResult, scores
from rearm.knowledge.bundle import Knowledge

__all__ = ["alterations_of", "scores_of"]

_ANTIGENS = {"TNFRSF17": "BCMA", "GPRC5D": "GPRC5D", "CD38": "CD38"}
_NOT_READ_ITSELF = ("secondary", "news")  # words of Source.read


def scores_of(shown: Shown) -> tuple[RiskScore, ...]:
    """Every prognostic score of which some item is on record."""
    patient, knowledge = shown.patient, shown.plan.knowledge
    found = scores(
        patient.record,
        patient.failures,
        patient.found,
        as_of=patient.as_of or 0,
        catalogue=knowledge.scores,
    )
    return tuple(_score(s, knowledge) for s in found)


def _score(result: ScoreResult, knowledge: Knowledge) -> RiskScore:
    score = result.score
    return RiskScore(
        id=score.id,
        name=score.name,
        purpose=score.purpose,
        population=score.population,
        low=result.points.low,
        high=_end(result.points.high),
        category=result.category,
        meaning=result.meaning,
        items=tuple(_item(x) for x in result.items),
        missing=result.missing,
        caution=score.caution,
        second_hand=any(_second_hand(name, knowledge) for name in score.sources),
        citations=score.sources,
    )


def _item(item: ItemResult) -> ScoreItemResult:
    return ScoreItemResult(
        name=item.name,
        low=item.points.low,
        high=_end(item.points.high),
        known=item.known,
        text=item.text,
        sources=tuple(str(s) for s in item.sources),
    )


def _end(value: float) -> float | None:
    return None if math.isinf(value) else value  # JSON has no infinity


def _second_hand(citation: str, knowledge: Knowledge) -> bool:
    statement = knowledge.statements.get(citation)
    source = knowledge.sources.get(citation if statement is None else statement.source)
    return source is not None and (source.incomplete or source.read in _NOT_READ_ITSELF)


def alterations_of(shown: Shown) -> tuple[AlterationResult, ...]:
    """The reported alterations of target antigens that the latest samples show, with what each does
    to each agent against the antigen.
    """
    patient, knowledge = shown.patient, shown.plan.knowledge
    found = alterations(
        patient.record, patient.found, as_of=patient.as_of or 0, table=knowledge.alterations
    )
    return tuple(_alteration(x, knowledge) for x in found)


def _alteration(found: AlterationFound, knowledge: Knowledge) -> AlterationResult:
    alteration = found.alteration
    antigen = _ANTIGENS[alteration.gene]
    against = [a.id for a in knowledge.lexicon.agents.values() if antigen in a.targets]
    against += [p.id for p in knowledge.lexicon.products.values() if antigen in p.targets]
    return AlterationResult(
        id=alteration.id,
        gene=alteration.gene,
        antigen=antigen,
        name=alteration.name,
        description=alteration.description,
        text=found.text,
        effects=tuple(
            AgentEffect(agent=a, effect=alteration.effect_on(a))
            for a in dict.fromkeys([*against, *alteration.effects])
        ),
        class_effects=alteration.class_effects,
        inferred=alteration.inferred,
        reports=tuple(r.text for r in alteration.reports),
        sources=tuple(str(s) for s in found.sources),
        citations=tuple(dict.fromkeys(s for r in alteration.reports for s in r.sources)),
    )
