"""Scores and alterations of the antigen as they are shown: context that no verdict rests on."""

from __future__ import annotations

from rearm.assessment.basis import Basis
from rearm.assessment.result import AgentEffect, AlterationResult, RiskScore, ScoreItemResult
from rearm.findings.alterations import AlterationFound, alterations
from rearm.findings.scores import ItemResult, ScoreResult, scores
from rearm.knowledge.bundle import Knowledge

__all__ = ["alterations_of", "scores_of"]

_ANTIGENS = {"TNFRSF17": "BCMA", "GPRC5D": "GPRC5D", "CD38": "CD38"}
_NOT_READ_ITSELF = ("secondary", "news")  # how a source was read


def scores_of(basis: Basis) -> tuple[RiskScore, ...]:
    """Every prognostic score of which some item is on record."""
    patient = basis.patient
    found = scores(
        patient.record,
        patient.failures,
        patient.found,
        as_of=patient.as_of or 0,
        catalogue=basis.plan.knowledge.scores,
    )
    return tuple(_score(score, basis) for score in found)


def _score(result: ScoreResult, basis: Basis) -> RiskScore:
    score = result.score
    return RiskScore(
        id=score.id,
        name=score.name,
        purpose=score.purpose,
        population=score.population,
        points=result.points.to_dict(),
        category=result.category,
        meaning=result.meaning,
        items=tuple(_item(x, basis) for x in result.items),
        missing=result.missing,
        caution=score.caution,
        second_hand=any(_second_hand(name, basis.plan.knowledge) for name in score.sources),
        citations=basis.cite(score.sources),
    )


def _item(item: ItemResult, basis: Basis) -> ScoreItemResult:
    return ScoreItemResult(
        name=item.name,
        points=item.points.to_dict(),
        known=item.known,
        text=item.text,
        rows=basis.rows_of(item.sources),
    )


def _second_hand(citation: str, knowledge: Knowledge) -> bool:
    statement = knowledge.statements.get(citation)
    source = knowledge.sources.get(citation if statement is None else statement.source)
    return source is not None and (source.incomplete or source.read in _NOT_READ_ITSELF)


def alterations_of(basis: Basis) -> tuple[AlterationResult, ...]:
    """The reported alterations of target antigens that the latest samples show, with what each does
    to each agent against the antigen.
    """
    patient = basis.patient
    found = alterations(
        patient.record,
        patient.found,
        as_of=patient.as_of or 0,
        table=basis.plan.knowledge.alterations,
    )
    return tuple(_alteration(x, basis) for x in found)


def _alteration(found: AlterationFound, basis: Basis) -> AlterationResult:
    alteration, knowledge = found.alteration, basis.plan.knowledge
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
        class_effects=dict(alteration.class_effects),
        inferred=alteration.inferred,
        reports=tuple(r.text for r in alteration.reports),
        rows=basis.rows_of(found.sources),
        citations=basis.cite(s for r in alteration.reports for s in r.sources),
    )
