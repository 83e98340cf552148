"""What the parts of a result refer to by id, so that none leads nowhere."""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator
from typing import TYPE_CHECKING, TypeAlias

from rearm.assessment.result.answer import AnswerStrategy
from rearm.assessment.result.basis import FindingResult, Note, Reason, SupportLine
from rearm.assessment.result.causes import AlterationResult, RiskScore, ScoreItemResult
from rearm.assessment.result.failure import FailureResult

if TYPE_CHECKING:
    from rearm.assessment.result.assessment import Assessment

__all__ = ["dangling"]

# what is referred to, the ids that are used, those that there are
_References: TypeAlias = tuple[str, Iterable[str | int], Container[object]]


def dangling(result: Assessment) -> str | None:
    """The first id that is referred to and does not exist."""
    for kind, used, there in _references(result):
        for name in used:
            if name not in there:
                return f"the {kind} {name}"
    return None


def _references(result: Assessment) -> Iterator[_References]:
    """What the parts of the result refer to, in this order."""
    yield "reason", _used_reasons(result), result.reasons
    figures = [name for line in _lines(result) for name in line.figures]
    yield "evidence", [*(o.evidence for o in result.options), *figures], result.evidence
    yield "support", (name for o in result.options for name in o.support), result.support
    yield "note", _used_notes(result), result.notes
    yield "finding", _used_findings(result), result.findings
    practice = result.practicalities
    told = (x for own in practice.options.values() for ids in own.values() for x in ids)
    yield "practical line", told, practice.lines
    yield "option", practice.options, {option.id for option in result.options}
    yield "citation", _used_citations(result), result.citations
    yield "publication", (c.source for c in result.citations.values()), result.publications
    yield "row", _used_rows(result), range(len(result.rows))
    yield from _used_titles(result)


def _lines(result: Assessment) -> Iterator[AnswerStrategy]:
    """The strategies of the answer."""
    for tier in result.answer.tiers:
        yield from tier.strategies


def _used_reasons(result: Assessment) -> Iterator[str]:
    for group in result.causes.groups:
        for cause in group.factors:
            yield from (*cause.for_, *cause.against, *cause.unknown)
    for risk in result.causes.risk_factors:
        yield from risk.for_
    for option in result.options:
        yield from (*option.for_, *option.against, *option.unknown, *option.cautions)
        yield from option.checklist
    yield from (action.reason for action in result.actions)
    for line in _lines(result):
        yield from (*line.because, *line.waits_for)
        if line.would_be is not None:
            yield line.would_be.if_


def _used_notes(result: Assessment) -> Iterator[str]:
    for option in result.options:
        yield from option.disagreements
        if option.later_t_cells is not None:
            yield option.later_t_cells.note


def _used_findings(result: Assessment) -> Iterator[str]:
    for reason in result.reasons.values():
        yield from (*reason.findings, *reason.missing)
    for alert in (*result.alerts, *result.lost_alerts):
        yield from alert.findings
    for action in result.actions:
        yield from action.shows


def _used_citations(result: Assessment) -> Iterator[str]:
    citing: tuple[Iterable[Reason | SupportLine | Note | RiskScore | AlterationResult], ...] = (
        result.reasons.values(),
        result.support.values(),
        result.notes.values(),
        result.causes.scores,
        result.alterations,
    )
    for parts in citing:
        for part in parts:
            yield from part.citations
    for test in result.next_tests:
        yield from test.citations
    for action in result.actions:
        yield from action.sources
    for line in result.practicalities.lines.values():
        yield from line.citations
    if result.answer.next_review is not None:
        yield from result.answer.next_review.citations
    for evidence in result.evidence.values():
        for figure in evidence.expected:
            yield from figure.studies
    for option in result.options:
        yield from (row.source for row in option.availability.rows if row.source)


def _used_rows(result: Assessment) -> Iterator[int]:
    items = (item for score in result.causes.scores for item in score.items)
    resting: tuple[
        Iterable[FindingResult | FailureResult | AlterationResult | ScoreItemResult], ...
    ]
    resting = (result.findings.values(), result.failures, result.alterations, items)
    for parts in resting:
        for part in parts:
            yield from part.rows
            yield from getattr(part, "doubtful", ())
    for finding in result.findings.values():
        if finding.computed is not None:
            yield from finding.computed.rows
    yield from (therapy.row for therapy in result.therapies)


def _used_titles(result: Assessment) -> Iterator[_References]:
    strategies = [o.strategy for o in result.options]
    strategies += [name for o in result.options for name in o.sequence]
    strategies += [*result.answer.then, *(line.strategy for line in _lines(result))]
    yield "strategy", strategies, result.titles.strategies
    turns = [t for test in result.next_tests for change in test.changes for t in change.turns]
    factors = [name for turn in turns if turn.kind == "factor" for name in turn.what]
    yield "factor", factors, result.titles.factors
    ids = {option.id for option in result.options}
    yield "option", (n for t in turns if t.kind == "option" for n in t.what), ids
    yield "option", (n for line in _lines(result) for n in (line.option, *line.options)), ids
    asks = [name for reason in result.reasons.values() for name in reason.asks]
    asks += [name for line in result.support.values() for name in line.asks]
    asks += [name for g in result.causes.groups for cause in g.factors for name in cause.asks]
    yield "work-up", asks, result.titles.workups
    missing = [name for option in result.options for name in option.availability.missing]
    missing += [name for action in result.actions for name in action.lacks]
    yield "finding", missing, result.titles.findings
