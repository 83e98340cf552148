"""What stands on the sheet, in the order in which a board reads; made of the result alone."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rearm.assessment.result import Action, Alert, Assessment
from rearm.report.assessment.answer_words import (
    AnswerLine,
    answer_lines,
    folded_lines,
    state_words,
)
from rearm.report.assessment.change_words import changes_in_words
from rearm.report.assessment.dated import dated
from rearm.report.assessment.disease import computed_course_words, disease_sentence
from rearm.report.assessment.overruled_words import (
    OverruledLine,
    lost_alerts_in_words,
    overruled_count,
    overruled_lines,
)
from rearm.report.assessment.practicalities_words import ReviewWords, brief_words, review_words
from rearm.report.assessment.sentences import (
    alert_title,
    asked_for,
    reason_text,
    seen_texts,
    unread_text,
)
from rearm.report.sheet.case_lines import case_lines
from rearm.report.words import capital, days_words, unread_file, words

__all__ = ["DecisionTold", "SheetContents", "sheet_contents"]

_NOT_NOW = 3  # options that the room would ask about
_CHECKED = 10  # boxes of the checklist
# By strategy: before what, where the name of its option says it badly.
_BEFORE = {"clinical-trial": "Before the trial"}
# What the room asks about first, where it is not open.
_ASKED_ABOUT = (
    "bispecific-gprc5d",
    "bispecific-bcma",
    "second-cart-same-target",
    "second-cart-new-target",
    "bispecific-combination",
    "adc-bcma",
    "bcl2-inhibitor",
    "anti-cd38-combination",
    "xpo1-inhibitor",
    "autologous-sct",
    "observe",
    "clinical-trial",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class SheetLine:
    """One strategy of the table: why it stands here, what must be known first, the cautions that
    hold, and in few words how it is given. `shares`: what must be known of every such line stands
    once, below the table.
    """

    line: AnswerLine
    why: tuple[str, ...]
    first: tuple[str, ...]
    shares: bool
    cautions: tuple[str, ...]
    given: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class DecisionTold:
    """What the board decided, as it was recorded. `answer`: the version of the answer on which it
    decided; `other_answer`: the sheet shows another version. `deviation`: why the choice is not in
    the highest tier; empty where it is.
    """

    chosen: str
    tier: str
    reason: str
    deviation: str
    participants: str
    at: str
    who: str
    answer: int
    other_answer: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class SheetContents:
    """The one variable of the template, `sheet`.

    - `unread_files`: files of which nothing could be read, each with the reason; `left_out`: how
      many results are left out and what to correct first.
    - `alerts`: emergencies, each in a sentence; none is ever cut.
    - `hypothetical`: some of these are only assumed;
    - `overruled`: facts that the team states over the computed ones, `overruled_count` how many;
      `lost_alerts`: alerts that are lost by them, each with its title.
    - `actions`: what to do whatever is chosen, the most urgent first.
    - `case`: the patient in lines; `relapse`: what is to be decided on; `failure`: what became of
      the CAR-T, and the likely cause.
    - `state`: the state of the decision in a sentence.
    - `before`: the tests that would change the first choice, each with what would change.
    - `lines`: the strategies that are open, the best first. `shared`: what must be known first of
      each that shares it.
    - `not_now`: strategies that the room would ask about, each with the reason against it.
    - `checklist`: what is to be settled before the first dose of what stands first, `arranged`:
      what is to be arranged: premedication, prophylaxis, programme; `before_start`: their heading.
    - `review`: when the board looks again; None where there is nothing to look at.
    - `decided`: what the board decided; None where nothing is recorded, so that there is room for
      it.
    """

    result: Assessment
    unread_files: tuple[str, ...]
    left_out: str
    alerts: tuple[tuple[str, str], ...]
    hypothetical: bool
    overruled: tuple[OverruledLine, ...]
    overruled_count: str
    lost_alerts: tuple[tuple[str, str], ...]
    actions: tuple[str, ...]
    case: tuple[str, ...]
    relapse: str
    failure: str
    state: str
    before: tuple[tuple[str, tuple[str, ...]], ...]
    lines: tuple[SheetLine, ...]
    shared: tuple[str, ...]
    not_now: tuple[tuple[str, str], ...]
    before_start: str
    checklist: tuple[str, ...]
    arranged: tuple[str, ...]
    review: ReviewWords | None
    decided: DecisionTold | None


def sheet_contents(result: Assessment, decided: DecisionTold | None = None) -> SheetContents:
    lines = answer_lines(result)
    shared = _shared(result, lines)
    begun = lines if _begins(result, lines) else []
    return SheetContents(
        result=result,
        unread_files=tuple(unread_file(x.source, x.message) for x in result.unread),
        left_out=unread_text(result),
        alerts=tuple((capital(alert_title(x)), _alert(result, x)) for x in result.alerts),
        hypothetical=result.hypothetical,
        overruled=overruled_lines(result),
        overruled_count=overruled_count(len(result.overruled)),
        lost_alerts=lost_alerts_in_words(result),
        actions=tuple(_actions(result.actions)),
        case=tuple(dated(line, result) for line in case_lines(result)),
        relapse=dated(disease_sentence(result), result),
        failure=dated(_failure(result), result),
        state=state_words(result),
        before=tuple((test.name, changes_in_words(result, test)) for test in result.tests),
        lines=tuple(_line(result, line, shared) for line in lines),
        shared=shared,
        not_now=tuple(_not_now(result)),
        before_start=_before_start(begun),
        checklist=_checklist(result, begun, shared),
        arranged=result.practicalities.tasks if begun else (),
        review=review_words(result),
        decided=decided,
    )


def _actions(actions: Sequence[Action]) -> Iterator[str]:
    """Each by itself, and what nearly every patient needs together at the end."""
    for action in actions:
        if not action.routine:
            yield action.text if action.status == "due" else f"To be settled: {action.text}"
    if routine := [action.text for action in actions if action.routine]:
        yield f"Routine: {'; '.join(routine)}"


def _alert(result: Assessment, alert: Alert) -> str:
    """What it means; one that is open with what points to it."""
    seen = "; ".join(seen_texts(result, alert.findings)) if alert.status == "open" else ""
    return f"{alert.text} ({dated(seen, result)})" if seen else alert.text


def _failure(result: Assessment) -> str:
    """What became of the last CAR-T, and the likely cause, in one line."""
    if not result.failures:
        return result.about.reason
    last = result.failures[-1]
    said = result.relapse is not None and result.relapse.after == "CAR-T"  # with its day
    day = "" if last.day is None else f" on {days_words(last.day)}"
    parts = [] if said else [f"{words(last.status)}{day}"]
    if last.computed is not None and not said:
        parts.append(f"as the team states it; computed: {computed_course_words(last.computed)}")
    if last.best_response_text:
        parts.append(f"best response {last.best_response_text}")
    text = f"{last.product or 'CAR-T'}: {', '.join(parts) or words(last.status)}"
    leading = [f"{words(g.group)} {words(g.grade)}" for g in result.causes.groups if g.rank == 1]
    cause = ", ".join(leading) or "unknown"
    return f"{text}. Cause of the failure: {cause}." if result.causes.groups else f"{text}."


def _shared(result: Assessment, lines: Sequence[AnswerLine]) -> tuple[str, ...]:
    """What must be known first of each line of which anything must; empty with fewer than two."""
    asked = [tuple(asked_for(result, line.must_be_true)) for line in lines if line.must_be_true]
    if len(asked) < 2:
        return ()
    return tuple(x for x in asked[0] if all(x in others for others in asked[1:]))


def _line(result: Assessment, line: AnswerLine, shared: Sequence[str]) -> SheetLine:
    option = result.option(line.option_id)
    first = tuple(asked_for(result, line.must_be_true))
    holding = [reason for x in option.cautions if (reason := result.reasons[x]).speaks]
    harms = [reason_text(reason) for reason in holding if reason.harm]
    return SheetLine(
        line=line,
        why=_why(result, line),
        first=tuple(x for x in first if x not in shared),
        shares=bool(first) and bool(shared),
        # none that may harm the patient is ever cut
        cautions=tuple(harms or [reason_text(reason) for reason in holding[:1]]),
        given=brief_words(result, option.id),
    )


def _why(result: Assessment, line: AnswerLine) -> tuple[str, ...]:
    """What keeps it down where something does, else what lifts it: two reasons at most."""
    reasons = [result.reasons[key] for key in line.because]
    caps = [reason.text for reason in reasons if reason.effect == "cap"]
    return tuple(caps[:2] or [reason.text for reason in reasons[:1]])


def _not_now(result: Assessment) -> Iterator[tuple[str, str]]:
    """The first few of what the room would ask about, with the first reason against it: what stops
    it, or what keeps it down.
    """
    found = {x.strategy_id: x for x in folded_lines(result) if x.why}
    asked = [found[name] for name in _ASKED_ABOUT if name in found]
    against = ((line, _against(result, line)) for line in asked)
    told = [(line.strategy, why) for line, why in against if why]
    yield from told[:_NOT_NOW]


def _against(result: Assessment, line: AnswerLine) -> str:
    if line.tier in ("avoid", "not_possible"):
        return line.why[0]
    reasons = [result.reasons[key] for key in line.because]
    return next((reason.text for reason in reasons if reason.effect == "cap"), "")


def _begins(result: Assessment, lines: Sequence[AnswerLine]) -> bool:
    """Not while a progression waits for its confirmation and no strategy stands high."""
    high = bool(lines) and lines[0].tier in ("first", "alternative")
    return high or result.answer.state != "confirm_first"


def _before_start(lines: Sequence[AnswerLine]) -> str:
    """What checklist and arrangements come before; empty where nothing is begun."""
    if not lines:
        return ""
    named = _BEFORE.get(lines[0].strategy_id)
    return named or f"Before the start of {lines[0].option}"


def _checklist(
    result: Assessment, lines: Sequence[AnswerLine], shared: Sequence[str]
) -> tuple[str, ...]:
    """What is to be settled before what stands first is begun, where the table does not say it;
    nothing before watching.
    """
    if not lines:
        return ()
    option = result.option(lines[0].option_id)
    if option.role == "observe":
        return ()
    told = {*asked_for(result, lines[0].must_be_true), *shared}
    return tuple(x for x in asked_for(result, option.checklist) if x not in told)[:_CHECKED]
