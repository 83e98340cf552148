"""The next review of one patient: the rule that fits, and by what this disease is measured."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import timedelta

from rearm.assessment.basis import Basis
from rearm.assessment.giving import shown_options
from rearm.assessment.patient import Patient
from rearm.assessment.result import Answer, NextReview, ReviewMarker
from rearm.knowledge.reviews import ReviewRule
from rearm.outcome.failure import Failure
from rearm.response.measurable import Measurable

__all__ = ["next_review"]

_MARKER: Mapping[Measurable, ReviewMarker] = {
    "serum": "serum_m_protein",
    "urine": "urine_m_protein_24h",
    "marrow": "marrow_plasma_cells",
    "plasmacytoma": "lesions",
}
_CHAIN: Mapping[str | None, ReviewMarker] = {"kappa": "kappa_flc", "lambda": "lambda_flc"}
_LESIONS = ("extraosseous", "paraskeletal")
_RECORDED: tuple[ReviewMarker, ...] = (
    "serum_m_protein",
    "urine_m_protein_24h",
    "kappa_flc",
    "lambda_flc",
)


def next_review(basis: Basis, answer: Answer) -> NextReview | None:
    """When the board looks again; None where no rule is for the state of the answer."""
    knowledge = basis.plan.knowledge
    leading = next(shown_options(answer.tiers), None)
    option = None if leading is None else knowledge.options[leading]
    for rule in knowledge.reviews.values():
        if rule.is_for(answer.state, option) and _holds(basis, rule):
            return NextReview(
                rule=rule.id,
                days_low=rule.days_low,
                days_high=rule.days_high,
                counted_from=rule.counted_from,
                date=_date(basis.patient, rule.days_high) if rule.counted_from == "today" else None,
                markers=tuple(dict.fromkeys(_markers(basis.patient))) if rule.markers else (),
                also=rule.also,
                changes=rule.changes,
                who=rule.who,
                citations=basis.cite(rule.sources),
            )
    return None


def _holds(basis: Basis, rule: ReviewRule) -> bool:
    number = basis.plan.reviews.get(rule.id)
    return number is None or basis.truth(number) is True


def _date(patient: Patient, days: int) -> str | None:
    """The date so many days after the state of knowledge; None where that has no date."""
    if patient.day is None:
        return None
    try:
        return (patient.day + timedelta(days=days)).isoformat()
    except OverflowError:
        return None


def _markers(patient: Patient) -> Iterator[ReviewMarker]:
    """Those by which the course was judged, and what the relapse shows in; where neither tells,
    every marker of which a number is on record.
    """
    judged = _judged(patient)
    measured = list(_of_course(judged, patient))
    relapse = patient.disease.relapse
    pattern = () if relapse is None else relapse.pattern
    if not measured and "marrow" in pattern:
        measured.append("marrow_plasma_cells")
    if set(pattern) & set(_LESIONS):
        measured.append("lesions")
    yield from measured or _recorded(patient) or ("none_on_record",)


def _recorded(patient: Patient) -> tuple[ReviewMarker, ...]:
    """The markers of which a number is on record; of the light chains that of the clone."""
    tests = {lab.test for lab in patient.record.labs if lab.quantity is not None}
    own = _CHAIN.get(patient.record.light_chain)
    other = {chain for chain in _CHAIN.values() if own is not None and chain != own}
    return tuple(marker for marker in _RECORDED if marker in tests and marker not in other)


def _judged(patient: Patient) -> Failure | None:
    """The course that tells of the disease now: that of the relapse, of the line that controls it,
    or of the CAR-T.
    """
    disease = patient.disease
    if disease.relapse is not None:
        return disease.relapse.failure
    if disease.lines:
        return disease.lines[-1].failure
    return patient.failures[-1] if patient.failures else None


def _of_course(judged: Failure | None, patient: Patient) -> Iterator[ReviewMarker]:
    if judged is None or judged.course is None:
        return
    chain = judged.course.involved_chain or patient.record.light_chain
    escaped = any(signal.id == "light_chain_escape" for signal in judged.signals)
    for kind in judged.course.measurable:
        yield _CHAIN.get(chain, "free_light_chains") if kind == "flc" else _MARKER[kind]
    if escaped:
        yield _CHAIN.get(chain, "free_light_chains")
