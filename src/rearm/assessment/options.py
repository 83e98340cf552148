"""What can be given now: each option with its verdict "by these rules", what speaks for and against
it, and what is to be settled first.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence, Set
from dataclasses import dataclass

from msgspec import structs

from rearm.assessment.availability import availability_of
from rearm.assessment.basis import Basis
from rearm.assessment.figures import figures_for, sequel_of
from rearm.assessment.logic import DISCOURAGED, EXCLUDED, NEEDS_INFORMATION, Judged, verdict_word
from rearm.assessment.plan import OptionPlan, RulePlan
from rearm.assessment.result import (
    EvidenceResult,
    Figure,
    LaterTCells,
    OptionResult,
    Reason,
)

__all__ = ["OptionsResult", "declined_reason", "evidence_of_options", "options_of"]


_ROLES = ("definitive", "bridge", "local", "enabling", "observe", "supportive")


@dataclass(frozen=True, slots=True, kw_only=True)
class OptionsResult:
    """All options in the order in which they are shown."""

    options: tuple[OptionResult, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Verdicts:
    """Codes of one option for one patient."""

    now: int
    if_clear: int
    afterwards: int

    @property
    def tells(self) -> frozenset[str]:
        """The lists of reasons that are told. What comes with an option that is not given now is
        not told, and of one that is stopped for good nothing else would matter.
        """
        if self.now == EXCLUDED and self.afterwards == EXCLUDED:
            return frozenset(("for_", "against"))
        if self.now in (EXCLUDED, DISCOURAGED):
            return frozenset(("for_", "against", "unknown", "cautions"))
        return frozenset(("for_", "against", "unknown", "cautions", "checklist"))


class _Reasons:
    """Ids of the reasons of one option, by what they do; `until` and `permanent` of its stops."""

    __slots__ = ("against", "cautions", "checklist", "for_", "permanent", "unknown", "until")

    def __init__(self) -> None:
        self.for_: list[str] = []
        self.against: list[str] = []
        self.unknown: list[str] = []
        self.cautions: list[str] = []
        self.checklist: list[str] = []
        self.until: dict[str, None] = {}
        self.permanent = False


def options_of(
    basis: Basis, judged: Judged, row: int, *, region: str | None, considered: Set[str]
) -> OptionsResult:
    """Every option of the plan. `row` is this patient's row in `judged`. `considered`: strategies
    of which cautions are told too that are not known to hold.
    """
    plan = basis.plan
    codes = [
        _Verdicts(now=now, if_clear=clear, afterwards=then)
        for now, clear, then in zip(
            judged.verdict[row].tolist(),
            judged.clear[row].tolist(),
            judged.afterwards[row].tolist(),
            strict=True,
        )
    ]
    reasons = _reasons(basis, considered, codes)
    still_open = {
        option.option.strategy
        for option, code in zip(plan.options, codes, strict=True)
        if code.afterwards != EXCLUDED
    }
    placed = []
    for option, code, own in zip(plan.options, codes, reasons, strict=True):
        result = _option(basis, option, code, own, still_open, region)
        placed.append((_place(option, code), result))
    placed.sort(key=lambda x: x[0])
    return OptionsResult(options=tuple(result for _, result in placed))


def evidence_of_options(basis: Basis, options: Sequence[OptionResult]) -> dict[str, EvidenceResult]:
    """The evidence that the options refer to, by its id; of what is excluded or discouraged without
    its figures.
    """
    told = {o.evidence for o in options if o.verdict not in ("excluded", "discouraged")}
    sequel = sequel_of(basis.patient.values)
    found = {
        name: figures_for(planned.result, planned.candidates, planned.targets, sequel)
        if name in told
        else structs.replace(planned.result, told=False)
        for name, planned in basis.plan.evidence.items()
    }
    return {
        name: structs.replace(
            evidence,
            expected=tuple(_cited(basis, row) for row in evidence.expected),
            others=tuple(_cited(basis, row) for row in evidence.others),
        )
        for name, evidence in found.items()
    }


def _cited(basis: Basis, row: Figure) -> Figure:
    return structs.replace(row, studies=basis.cite(row.studies))


def _place(option: OptionPlan, code: _Verdicts) -> tuple[int, float, str]:
    # needs information stands after open, by what it would be if clear
    waits = code.now == NEEDS_INFORMATION
    order = -(code.now + 0.1 * code.if_clear if waits else code.now)
    return (_ROLES.index(option.option.role), order, option.option.name)


def _reasons(basis: Basis, considered: Set[str], codes: Sequence[_Verdicts]) -> list[_Reasons]:
    """Of every option what the rules say that act or may act; a rule that does not hold is left
    out, and so is a caution that is not known to hold where the strategy is not considered.
    """
    import numpy as np

    plan = basis.plan
    table = plan.option_rules
    answers = np.asarray(basis.answers, dtype=np.int8)[table.numbers]
    acts = answers == table.counts_if
    told = (acts | (answers == -1)).nonzero()[0]
    found = [_Reasons() for _ in plan.options]
    for i, does in zip(told.tolist(), acts[told].tolist(), strict=True):
        rule = table.rules[i]
        if does and any(basis.answers[number] == 1 for number in rule.outdone_by):
            continue  # the strongest statement that holds is the one that is used
        strategy = plan.options[table.options[i]].option.strategy
        if not does and rule.effect == "caution" and strategy not in considered:
            continue
        where = _where(rule, acts=does)
        if where not in codes[table.options[i]].tells:
            continue
        reasons = found[table.options[i]]
        getattr(reasons, where).append(basis.reason(rule))
        if does and rule.effect in ("exclude", "require"):
            if rule.until:
                reasons.until[rule.until] = None
            else:
                reasons.permanent = True
    for option, reasons in zip(plan.options, found, strict=True):
        if option.poor:
            reasons.against.append(_poor(basis, option))
        if (name := basis.patient.declined.get(option.option.id)) is not None:
            reasons.against.append(_declined(basis, name))
            reasons.until[_UNTIL_WANTED] = None
    return found


# where a rule is listed that acts, whose condition is unknown, and that would stop the option
_WHERE_ACTING = {
    "exclude": "against",
    "require": "against",
    "discourage": "against",
    "favour": "for_",
    "caution": "cautions",
}
_WHERE_UNKNOWN = {"discourage": "unknown", "favour": "unknown", "caution": "cautions"}
_WHERE_STAGED = {"choose": "unknown", "caution": "cautions"}


def _where(rule: RulePlan, *, acts: bool) -> str:
    """The list in which a rule that acts, or of which that is not known, is told."""
    if acts:
        return _WHERE_ACTING[rule.effect]
    if rule.effect in ("exclude", "require"):
        return _WHERE_STAGED.get(rule.stage or "", "checklist")
    return _WHERE_UNKNOWN[rule.effect]


def _option(
    basis: Basis,
    plan: OptionPlan,
    code: _Verdicts,
    reasons: _Reasons,
    still_open: Set[str],
    region: str | None,
) -> OptionResult:
    option = plan.option
    ends = code.now == EXCLUDED and code.afterwards != EXCLUDED
    against = code.now in (EXCLUDED, DISCOURAGED)  # what comes with it is not told either
    availability = availability_of(basis, plan, region)
    in_a_trial = availability.status == "trial_only"
    return OptionResult(
        id=option.id,
        name=option.name,
        strategy=option.strategy,
        role=sys.intern(option.role),  # the usual one is left out where it is the same object
        targets=option.targets,
        agents=option.agents,
        summary="" if against else option.summary,
        verdict=verdict_word(code.now),
        if_clear=verdict_word(code.if_clear) if code.now == NEEDS_INFORMATION else None,
        until="; ".join(reasons.until) or None,
        permanent=reasons.permanent,
        afterwards=verdict_word(code.afterwards) if ends else None,
        for_=tuple(reasons.for_),
        against=tuple(reasons.against),
        unknown=tuple(reasons.unknown),
        cautions=tuple(reasons.cautions),
        checklist=tuple(reasons.checklist),
        evidence=plan.evidence_key,
        availability=availability,
        # in a trial its protocol says what is given beside it
        support=() if against or in_a_trial else _support(basis, plan),
        later_t_cells=None if against else _later(basis, plan),
        sequence=()
        if against
        else tuple(strategy for strategy in option.sequence if strategy in still_open),
        disagreements=()
        if against
        else tuple(basis.note(d.text, d.sources) for d in option.disagreements),
        here=basis.centre.options.get(option.id),
        here_note=basis.centre.notes.get(option.id, ""),
    )


def _poor(basis: Basis, plan: OptionPlan) -> str:
    """The id of the reason that the direct results are poor."""
    upper = plan.evidence.response_upper
    assert upper is not None  # `poor` says so
    response = next(
        row
        for row in plan.evidence.expected
        if row.measure == "response" and row.directness == "direct"
    )
    key = f"poor-direct-results@{plan.evidence_key}"
    basis.reasons[key] = Reason(
        rule="poor-direct-results",
        effect="discourage",
        text=(
            f"Pooled response after CAR-T is {100 * response.estimate:.0f} % ({response.patients}"
            " patients), and its upper 95 % limit from the direct results alone is only"
            f" {100 * upper:.0f} %."
        ),
        truth=True,
        citations=basis.cite(response.studies),
    )
    return key


_UNTIL_WANTED = "the patient wants it"


def _declined(basis: Basis, name: str) -> str:
    """The id of the reason that the patient declined what goes by this name."""
    key = f"declined-by-patient@{name}"
    if key not in basis.reasons:
        basis.reasons[key] = declined_reason(basis, name)
    return key


def declined_reason(basis: Basis, name: str) -> Reason:
    """The reason of an option that the patient declined by this name."""
    return Reason(
        rule="declined-by-patient",
        effect="exclude",
        text=f"The patient declined it ({name}).",
        truth=True,
        findings=("declined",) if "declined" in basis.findings else (),
        citations=basis.cite(("accepted-practice",)),
        until=_UNTIL_WANTED,
    )


def _support(basis: Basis, plan: OptionPlan) -> tuple[str, ...]:
    """Lines that hold or may hold; those without a condition always do."""
    return tuple(
        basis.support_line(support.id, support.line, support.number)
        for support in plan.support
        if support.number is None or basis.answers[support.number] != 0
    )


def _later(basis: Basis, plan: OptionPlan) -> LaterTCells | None:
    later = plan.option.later_t_cells
    if later is None:
        return None
    return LaterTCells(effect=later.effect, note=basis.note(later.text, later.sources))
