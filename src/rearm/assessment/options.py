"""What can be given now: each option with its verdict "by these rules", what speaks for and against
it, and what is to be settled first.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence, Set
from datetime import date

from rearm.assessment.logic import EXCLUDED, NEEDS_INFORMATION, Judged, verdict_word
from rearm.assessment.patient import Shown
from rearm.assessment.plan import OptionPlan, in_effect
from rearm.assessment.ranking import ROLES, ranks
from rearm.assessment.result import (
    Approval,
    AvailabilityResult,
    Basis,
    ChecklistLine,
    DisagreementNote,
    EvidenceLabel,
    LaterTCellsNote,
    OptionResult,
    Reason,
    SupportLine,
)

__all__ = ["options_of"]


def options_of(
    shown: Shown, judged: Judged, row: int, *, region: str | None
) -> tuple[OptionResult, ...]:
    """All options in the order in which they are shown. `row` is this patient's row in `judged`."""
    plan = shown.plan
    verdicts = [int(v) for v in judged.verdict[row]]
    clear = [int(v) for v in judged.clear[row]]
    afterwards = [int(v) for v in judged.afterwards[row]]
    still_open = {
        option.option.strategy
        for option, code in zip(plan.options, afterwards, strict=True)
        if code != EXCLUDED
    }
    peers: dict[tuple[str, int, int], list[OptionPlan]] = defaultdict(list)
    for option, verdict, if_clear in zip(plan.options, verdicts, clear, strict=True):
        peers[option.option.role, verdict, if_clear].append(option)
    rank: dict[str, tuple[int, tuple[str, ...]]] = {}
    for (role, _, _), members in peers.items():
        if role != "supportive":
            rank |= ranks(members)
    placed = []
    for option, verdict, if_clear, then in zip(
        plan.options, verdicts, clear, afterwards, strict=True
    ):
        place, tied = rank.get(option.option.id, (None, ()))
        result = _option(shown, option, (verdict, if_clear, then), place, tied, region, still_open)
        # needs information stands after acceptable, by what it would be if clear
        order = -(verdict + 0.1 * if_clear if verdict == NEEDS_INFORMATION else verdict)
        placed.append(
            ((ROLES.index(option.option.role), order, place or 0, option.option.name), result)
        )
    return tuple(result for _, result in sorted(placed, key=lambda x: x[0]))


def _option(
    shown: Shown,
    plan: OptionPlan,
    codes: tuple[int, int, int],
    rank: int | None,
    tied: tuple[str, ...],
    region: str | None,
    still_open: Set[str],
) -> OptionResult:
    option, answers = plan.option, shown.answers
    verdict, if_clear, then = codes
    for_: list[Reason] = []
    against: list[Reason] = []
    unknown: list[Reason] = []
    cautions: list[Reason] = []
    checklist: list[ChecklistLine] = []
    until: list[str] = []
    permanent = False
    for rule, number in plan.rules:
        answer = answers[number]
        stops = answer == (0 if rule.effect == "require" else 1)
        if not stops and answer != -1:
            continue
        if rule.effect in ("exclude", "require"):
            if stops:
                against.append(shown.rule(rule, number))
                if rule.until:
                    until.append(rule.until)
                permanent = permanent or not rule.until
            elif rule.stage == "choose":
                unknown.append(shown.rule(rule, number))
            elif rule.stage == "caution":
                cautions.append(shown.rule(rule, number))
            else:
                checklist.append(_line(shown, rule.id, rule.because, rule.sources, number))
        elif rule.effect == "caution":
            cautions.append(shown.rule(rule, number))
        elif answer == -1:
            unknown.append(shown.rule(rule, number))
        else:
            (for_ if rule.effect == "favour" else against).append(shown.rule(rule, number))
    if plan.poor:
        against.append(_poor(plan))
    return OptionResult(
        id=option.id,
        name=option.name,
        strategy=option.strategy,
        role=option.role,
        targets=option.targets,
        agents=option.agents,
        summary=option.summary,
        verdict=verdict_word(verdict),
        if_clear=verdict_word(if_clear) if verdict == NEEDS_INFORMATION else None,
        until="; ".join(dict.fromkeys(until)) or None,
        permanent=permanent,
        afterwards=verdict_word(then) if verdict == EXCLUDED and then != EXCLUDED else None,
        rank=rank,
        tied_with=tied,
        for_=tuple(for_),
        against=tuple(against),
        unknown=tuple(unknown),
        cautions=tuple(cautions),
        checklist=tuple(checklist),
        expected=plan.evidence.expected,
        evidence=EvidenceLabel(directness=plan.evidence.directness, note=plan.evidence.note),
        availability=_availability(shown, plan, region),
        support=_support(shown, plan),
        later_t_cells=_later(plan),
        sequence=tuple(strategy for strategy in option.sequence if strategy in still_open),
        disagreements=tuple(
            DisagreementNote(text=d.text, citations=d.sources) for d in option.disagreements
        ),
        sources=_sources(plan, [*for_, *against, *unknown, *cautions], checklist),
    )


def _line(
    shown: Shown, rule: str, because: str, sources: tuple[str, ...], number: int
) -> ChecklistLine:
    _, _, missing, asks = shown.parts(number)
    return ChecklistLine(
        text=shown.sentence(because, number),
        rule=rule,
        missing=missing,
        asks=asks,
        citations=sources,
    )


def _poor(plan: OptionPlan) -> Reason:
    upper = plan.evidence.response_upper
    assert upper is not None  # `poor` says so
    response = next(
        row
        for row in plan.evidence.expected
        if row.measure == "response" and row.directness == "direct"
    )
    return Reason(
        rule="poor-direct-results",
        effect="discourage",
        text=(
            f"Pooled response after CAR-T is {100 * response.estimate:.0f} % ({response.patients}"
            " patients), and its upper 95 % limit from the direct results alone is only"
            f" {100 * upper:.0f} %."
        ),
        when=(
            f"upper 95 % limit of the direct response, {upper:.2f}, under the parameter"
            " poor_response_upper"
        ),
        truth=True,
        basis=Basis(citations=response.studies),
    )


def _support(shown: Shown, plan: OptionPlan) -> tuple[SupportLine, ...]:
    """Lines that hold or may hold; those without a condition always do."""
    lines = []
    for line, number in plan.support:
        if number is None:
            lines.append(
                SupportLine(text=line.text, truth=True, missing=(), asks=(), citations=line.sources)
            )
        elif shown.answers[number] != 0:
            _, _, missing, asks = shown.parts(number)
            lines.append(
                SupportLine(
                    text=line.text,
                    truth=shown.truth(number),
                    missing=missing,
                    asks=asks,
                    citations=line.sources,
                )
            )
    return tuple(lines)


def _later(plan: OptionPlan) -> LaterTCellsNote | None:
    later = plan.option.later_t_cells
    return (
        None
        if later is None
        else LaterTCellsNote(effect=later.effect, text=later.text, citations=later.sources)
    )


def _sources(
    plan: OptionPlan, reasons: Sequence[Reason], checklist: Sequence[ChecklistLine]
) -> tuple[str, ...]:
    """Every citation of what is shown of this option, in the order in which it is shown."""
    option = plan.option
    ids = [c for r in reasons for c in r.basis.citations] + [
        c for line in checklist for c in line.citations
    ]
    ids += [c for line in option.support for c in line.sources] + [
        c for d in option.disagreements for c in d.sources
    ]
    ids += [row.source for row in option.availability if row.source] + (
        list(option.later_t_cells.sources) if option.later_t_cells else []
    )
    return tuple(
        dict.fromkeys([*ids, *(study for row in plan.evidence.expected for study in row.studies)])
    )


# ---------------------------------------------------------------- availability


def _availability(shown: Shown, plan: OptionPlan, region: str | None) -> AvailabilityResult:
    """Whether an approval covers this patient in the region asked, on the day asked. Unknown says
    "check" and bars nothing.
    """
    option, day = plan.option, shown.patient.day
    if not plan.approval_needed:
        return AvailabilityResult(status="not_needed", text="Needs no drug approval.")
    where = region or "any region"
    counted = [(row, number) for row, number in plan.labels if in_effect(row, region, day)]
    if not counted:
        marketed = any(in_effect(row, region, day) for row in plan.off_label)
        if marketed or (not option.availability and "off-label" in option.tags):
            use, drugs = (
                ("for this use", "the drug is")
                if len(option.agents) == 1
                else ("of this combination", "its drugs are")
            )
            place = f" in {region}" if region is not None else ""
            text = (
                f"No approval {use} is recorded{place}; {drugs} marketed, so this is off-label use:"
                " check."
            )
            return AvailabilityResult(status="off_label", text=text)
        when = f" by {day.isoformat()}" if day is not None else ""
        later = [row for row, _ in plan.labels if region in (None, row.region)]
        more = f"; the first one is of {min(r.from_ for r in later).isoformat()}" if later else ""
        return AvailabilityResult(
            status="trial_only",
            text=f"No approval for this use is recorded in {where}{when}{more}: in a trial only.",
        )
    rows = tuple(
        Approval(
            region=row.region,
            from_=row.from_.isoformat(),
            applies=shown.truth(number),
            text=_approval_text(row.note, day),
            source=row.source,
        )
        for row, number in counted
    )
    applies: list[bool | None] = [row.applies for row in rows]
    shown_rows = ", ".join(f"{row.region} since {row.from_}" for row in rows)
    if True in applies:
        if day is None:
            text = f"Approved ({shown_rows}); the calendar date is not known: check."
            return AvailabilityResult(status="check", text=text, rows=rows)
        return AvailabilityResult(
            status="available",
            text=f"Approved ({shown_rows}), and the label covers this patient.",
            rows=rows,
        )
    if None in applies:
        missing = dict.fromkeys(name for row, number in counted for name in shown.parts(number)[2])
        meanings = "; ".join(
            shown.plan.knowledge.catalogue[name].meaning.rstrip(".") for name in missing
        )
        text = (
            f"Approved ({shown_rows}); whether the label covers this patient is not known"
            f" ({meanings}): check."
        )
        return AvailabilityResult(status="check", text=text, rows=rows)
    return AvailabilityResult(
        status="outside_label",
        text=f"Approved ({shown_rows}), but this patient is outside the label.",
        rows=rows,
    )


def _approval_text(note: str | None, day: date | None) -> str:
    parts = [note] if note else []
    if day is None:
        parts.append("whether it was in force on the day is not known")
    return "; ".join(parts)
