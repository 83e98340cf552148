"""The full trace of one option or factor: each rule, its clauses, what they read and from where,
true, false or unknown.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from rearm.assessment.patient import AssessmentError, Shown, patient_at
from rearm.assessment.plan import plan_of
from rearm.assessment.result import FindingRead
from rearm.knowledge.bundle import Knowledge, load
from rearm.record import Record
from rearm.rules import Clause, trace

__all__ = ["Explanation", "Traced", "explain"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Traced:
    """One rule, indicator, approval or support line: its condition as a tree of clauses, the
    findings read, the rows they rest on.
    """

    id: str
    effect: str
    text: str
    clause: Clause
    findings: tuple[FindingRead, ...]
    sources: tuple[str, ...]
    citations: tuple[str, ...]
    stage: str | None = None
    until: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """Every rule of one option, or every indicator of one factor, whatever came of it."""

    id: str
    name: str
    rules: tuple[Traced, ...]


def explain(
    record: Record,
    subject: str,
    *,
    knowledge: Knowledge | None = None,
    as_of: int | date | None = None,
) -> Explanation:
    """The trace of an option or a factor by its id, for one patient.

    Raises AssessmentError with the ids there are where `subject` is none of them.
    """
    plan = plan_of(knowledge or load())
    options = {o.option.id: o for o in plan.options}
    factors = {f.factor.id: f for f in plan.factors}
    if subject not in options and subject not in factors:
        raise AssessmentError(
            f"There is no option or factor {subject}. Options: {', '.join(options)}. Factors:"
            f" {', '.join(factors)}."
        )
    patient = patient_at(record, as_of, plan)
    clauses = [trace(c, patient.values, patient.intervals) for c in plan.conditions]
    answers = (*(-1 if c.truth is None else int(c.truth) for c in clauses), 1)
    shown = Shown(plan, patient, answers)

    def traced(
        number: int,
        name: str,
        effect: str,
        text: str,
        citations: tuple[str, ...],
        stage: str | None,
        until: str | None,
    ) -> Traced:
        findings, rows, _, _ = shown.parts(number)
        return Traced(
            id=name,
            effect=effect,
            text=text,
            clause=clauses[number],
            findings=findings,
            sources=rows,
            citations=citations,
            stage=stage,
            until=until,
        )

    if subject in options:
        option = options[subject]
        rules = [
            traced(n, r.id, r.effect, r.because, r.sources, r.stage, r.until)
            for r, n in option.rules
        ]
        for row, n in option.labels:
            if row.when is not None:
                text = f"Label population in {row.region} since {row.from_.isoformat()}."
                rules.append(
                    traced(
                        n,
                        f"approval-{row.region}",
                        "approval",
                        text,
                        (row.source,) if row.source else (),
                        None,
                        None,
                    )
                )
        return Explanation(id=subject, name=option.option.name, rules=tuple(rules))
    factor = factors[subject]
    indicators = [
        traced(n, i.id, i.direction, i.because, i.sources, i.timing, None)
        for i, n in factor.indicators
    ]
    return Explanation(id=subject, name=factor.factor.name, rules=tuple(indicators))
