"""One patient's result, put together from what was judged."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping

from msgspec import structs

from rearm import __version__
from rearm.assessment.actions import actions_of
from rearm.assessment.alerts import alerts_of, lost_alerts_of
from rearm.assessment.answer import answer_of, tiers_of
from rearm.assessment.basis import Basis
from rearm.assessment.causes import causes_of, no_causes
from rearm.assessment.disease import computed_course, relapse_of, watched_of
from rearm.assessment.giving import practicalities_of
from rearm.assessment.history import (
    case_of,
    series_of,
    stated_responses_of,
    therapies_of,
    visits_of,
)
from rearm.assessment.judging import Codings
from rearm.assessment.next_tests import before_deciding
from rearm.assessment.options import OptionsResult, evidence_of_options, options_of
from rearm.assessment.patient import Patient
from rearm.assessment.placing import ALTERNATIVE
from rearm.assessment.plan import Plan
from rearm.assessment.prognosis import alterations_of
from rearm.assessment.result import (
    About,
    AboutCode,
    Action,
    AnswerTier,
    Assessment,
    DayRange,
    EvidenceResult,
    FailureResult,
    InputIssue,
    IssueSummary,
    NextTest,
    SignalResult,
    Titles,
    Versions,
)
from rearm.assessment.reviewing import next_review
from rearm.assessment.state import PlacedStrategies
from rearm.knowledge.lab_tests import LabTests
from rearm.outcome.failure import Failure
from rearm.outcome.unread_results import TEAM_RESPONSES
from rearm.record import UNKNOWN_WHEN, Issue, Record, Source
from rearm.response.criteria import load_criteria

__all__ = ["about_code", "assembled", "is_decided", "is_judged", "placed_strategies"]


def is_judged(patient: Patient) -> bool:
    """Causes and options are given where the last CAR-T failed or is suspected to have failed."""
    last = _last(patient)
    return last is not None and last.status in ("failed", "suspected")


def is_decided(patient: Patient) -> bool:
    """Options are given where there is a relapse to decide on: not where a later line controls the
    disease, and not where the rows may be of two patients.
    """
    if patient.may_be_two:
        return False
    if patient.disease.relapse is not None:
        return is_judged(patient) or not patient.record.deaths
    return not patient.disease.lines and is_judged(patient)


def placed_strategies(plan: Plan, codes: Codings, row: int) -> PlacedStrategies:
    """The tiers of one row of `codes`."""
    return PlacedStrategies(
        plan,
        tiers=codes.tiers[row].tolist(),
        afterwards=codes.afterwards[row].tolist(),
        limits=codes.limits[row].tolist(),
    )


def assembled(
    basis: Basis,
    codes: Codings,
    row: int,
    tests: tuple[NextTest, ...],
    region: str | None,
    computed: Basis | None = None,
) -> Assessment:
    """The whole result. `row` is this patient's row in `codes`; `computed`: the same patient by the
    record alone, where the team states facts over it.
    """
    patient, plan = basis.patient, basis.plan
    record, about, judged = patient.record, _about(patient), is_judged(patient)
    causes = no_causes(about.reason)
    options = OptionsResult()
    evidence: dict[str, EvidenceResult] = {}
    tiers: tuple[AnswerTier, ...] = ()
    strategies = placed_strategies(plan, codes, row) if is_decided(patient) else None
    if judged:
        causes = causes_of(basis, codes.factors[row].tolist(), codes.groups[row].tolist())
    if strategies is not None:
        considered = {
            strategy.strategy
            for strategy, tier in zip(plan.strategies, strategies.tiers, strict=True)
            if tier >= ALTERNATIVE
        }
        options = options_of(basis, codes.judged, row, region=region, considered=considered)
        evidence = evidence_of_options(basis, options.options)
        tiers = tiers_of(basis, options.options, strategies.tiers, strategies.limits)
    alerts = alerts_of(basis)
    actions = actions_of(basis)
    alterations = alterations_of(basis)
    failures = tuple(_failure(basis, failure) for failure in patient.failures)
    therapies = therapies_of(basis)
    answer = answer_of(basis, about, alerts, tiers, strategies)
    answer = structs.replace(answer, next_review=next_review(basis, answer))
    practicalities = practicalities_of(basis, answer.tiers, region)
    tests = tuple(structs.replace(x, citations=basis.cite(x.citations)) for x in tests)
    return Assessment(
        patient_id=record.patient_id,
        as_of=patient.as_of,
        as_of_date=None if patient.day is None else patient.day.isoformat(),
        region=region,
        versions=Versions(
            software=__version__,
            knowledge=plan.knowledge.version,
            criteria=load_criteria().version,
            knowledge_hash=plan.knowledge.hash,
        ),
        issues=tuple(_issue(issue) for issue in record.issues),
        unread=tuple(_issue(issue) for issue in record.unread),
        issue_summary=_summary(record, plan.knowledge.lab_tests),
        case=case_of(record),
        therapies=therapies,
        visits=visits_of(basis),
        stated_responses=stated_responses_of(record),
        series=series_of(record),
        failures=failures,
        relapse=relapse_of(basis),
        watched=watched_of(patient),
        about=about,
        causes=causes,
        alterations=alterations,
        alerts=alerts,
        lost_alerts=() if computed is None else lost_alerts_of(basis, computed),
        actions=actions,
        tests=(shown := before_deciding(plan, patient, tests)),
        further_tests=tuple(test for test in tests if test not in shown),
        answer=answer,
        options=options.options,
        practicalities=practicalities,
        evidence=evidence,
        reasons=basis.reasons,
        support=basis.support,
        notes=basis.notes,
        findings=basis.findings,
        findings_unknown=sum(
            not (name in basis.findings and basis.findings[name].known) for name in plan.relevant
        ),
        citations=basis.citations,
        publications=basis.publications,
        titles=_titles(basis, options, tests, actions),
        rows=basis.rows,
    )


def _last(patient: Patient) -> Failure | None:
    return patient.failures[-1] if patient.failures else None


def about_code(patient: Patient) -> AboutCode:
    """What became of the last infusion, or why there is none to speak of."""
    last = _last(patient)
    if last is not None:
        return last.status
    unread = ("possible_infusion", "infusion_unread")
    if any(issue.code in unread for issue in patient.record.issues):
        return "infusion_unread"
    return "no_infusion"


_REASONS: Mapping[AboutCode, str] = {
    "failed": "The last infusion failed.",
    "suspected": (
        "Failure of the last infusion is suspected: causes and options hold if this is progression."
    ),
    "not_failed": "The last infusion has not failed",
    "died_without_progression": "The patient died without progression after the last infusion",
    "cannot_be_judged": "It is unknown whether the last infusion failed",
    "no_infusion": "no CAR-T in this record",
    "infusion_unread": (
        "no CAR-T that could be read in this record; the input issues list what may be one"
    ),
}


def _about(patient: Patient) -> About:
    code, last, relapse = about_code(patient), _last(patient), patient.disease.relapse
    reason = _REASONS[code]
    died = min((d.day for d in patient.record.deaths if d.day is not None), default=None)
    if code in ("failed", "suspected"):
        if patient.record.deaths:
            on = f"on day {died}" if died is not None else "on a day that is not known"
            reason += f" The patient died {on}."
    elif last is not None:
        reason += f": {last.reason}"
    return About(
        code=code,
        infusion_day=None if last is None else last.infusion_day,
        if_progression=(code if relapse is None else relapse.status) == "suspected",
        reason=reason,
    )


def _issue(issue: Issue) -> InputIssue:
    return InputIssue(
        severity=issue.severity,
        code=issue.code,
        source=str(issue.source),
        message=issue.message,
        done=issue.done,
    )


def _summary(record: Record, known: LabTests) -> IssueSummary:
    """What is set aside of tests that nobody knows would change nothing if it was read."""
    number = Counter(issue.severity for issue in record.issues)
    aside = [lab for lab in record.set_aside if lab.test in known or lab.test in TEAM_RESPONSES]
    return IssueSummary(
        error=number["error"],
        warning=number["warning"],
        note=number["note"],
        results_set_aside=len(aside),
        undated=sum(lab.when == UNKNOWN_WHEN for lab in aside),
    )


def _titles(
    basis: Basis,
    options: OptionsResult,
    tests: tuple[NextTest, ...],
    actions: tuple[Action, ...],
) -> Titles:
    title = basis.plan.knowledge.words.of_strategy
    catalogue = basis.plan.knowledge.catalogue
    strategies = [o.strategy for o in options.options]
    strategies += [strategy for o in options.options for strategy in o.sequence]
    turns = [turn for test in tests for change in test.changes for turn in change.turns]
    asked = [name for o in options.options for name in o.availability.missing]
    asked += [name for action in actions for name in action.lacks]
    told = [name for test in tests for change in test.changes for name in change.values]
    asked += told
    asked += [name for key in basis.reasons for name in _missing(basis, key)]
    turned = {what for turn in turns if turn.kind == "factor" for what in turn.what}
    return Titles(
        strategies={name: title(name) for name in dict.fromkeys(strategies)},
        factors={f.factor.id: f.factor.name for f in basis.plan.factors if f.factor.id in turned},
        workups=basis.workups,
        findings={name: basis.plan.labels[name] for name in dict.fromkeys(asked)},
        units={name: unit for name in dict.fromkeys(told) if (unit := catalogue[name].unit_words)},
    )


def _missing(basis: Basis, key: str) -> list[str]:
    """The findings for want of which a reason is unknown, whose text is not their label alone."""
    reason = basis.reasons[key]
    if reason.truth is not None:
        return []
    missing = reason.missing or [x for x in reason.findings if not basis.findings[x].known]
    return [name for name in missing if basis.findings[name].text != basis.plan.labels[name]]


def _failure(basis: Basis, failure: Failure) -> FailureResult:
    return FailureResult(
        infusion_day=failure.infusion_day,
        product=failure.product,
        targets=failure.targets,
        status=failure.status,
        certainty=failure.certainty,
        day=failure.day,
        when=DayRange(low=failure.when.first, high=failure.when.last),
        kind=failure.kind,
        timing=failure.timing,
        responded=failure.responded,
        pattern=failure.pattern,
        signals=tuple(
            SignalResult(id=s.id, day=s.day, open=s.open, text=s.text) for s in failure.signals
        ),
        followed_to_day=failure.followed_to_day,
        best_response=failure.best_response,
        best_response_by=failure.best_response_by,
        best_response_computed=failure.best.computed,
        best_response_team=failure.best.team,
        best_response_at_least=failure.best.at_least,
        best_response_lacks=failure.best.lacks,
        best_response_text=failure.best_response_text,
        computed_day=failure.computed_day,
        team_day=failure.team_day,
        difference=failure.difference,
        comparison=failure.comparison,
        reason=failure.reason,
        rows=basis.rows_of(failure.basis),
        doubtful=basis.rows_of(_doubtful(basis, failure)),
        computed=None if failure.computed is None else computed_course(failure.computed),
    )


def _doubtful(basis: Basis, failure: Failure) -> Iterator[Source]:
    """The results of the course, up to the one that confirms, whose value may be a slip: a baseline
    or a nadir decides as much as the progression itself.
    """
    doubted = basis.patient.record.doubted()
    if not doubted or failure.course is None:
        return
    visits = failure.course.visits
    if failure.day is not None:
        later = sum(v.day <= failure.day for v in visits) + 1
        visits = visits[:later]
    baseline = failure.course.baseline.results
    for results in (baseline, *(v.results for v in visits)):
        for lab in results.labs.values():
            if lab.source.row in doubted:
                yield lab.source
