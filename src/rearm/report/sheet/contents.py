"""What stands on the sheet, in the order in which a board reads; made of the result alone."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rearm.assessment.result import Alert, Assessment, NextTest
from rearm.report.assessment.answer_words import (
    AnswerLine,
    answer_lines,
    folded_lines,
    state_words,
)
from rearm.report.assessment.disease import disease_sentence
from rearm.report.assessment.sentences import (
    alert_title,
    asked_for,
    seen_texts,
    shown_words,
)
from rearm.report.sheet.case_lines import case_lines
from rearm.report.words import days_words, words

__all__ = ["SheetContents", "sheet_contents"]

_NOT_NOW = 4  # options that the room would ask about
_CHECKED = 10  # boxes of the checklist
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
    """One strategy of the table: why it stands here, what must be true first, and the cautions
    that hold.
    """

    line: AnswerLine
    why: tuple[str, ...]
    first: tuple[str, ...]
    cautions: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SheetContents:
    """The one variable of the template, `sheet`.

    - `alerts`: emergencies, each in a sentence; none is ever cut.
    - `actions`: what to do whatever is chosen, the most urgent first.
    - `case`: the patient in lines; `relapse`: what is to be decided on; `failure`: what became of
      the CAR-T, and the likely cause.
    - `state`: the state of the decision in a sentence.
    - `before`: the tests that would change the first choice, each with what would change.
    - `lines`: the strategies that are open, the best first.
    - `not_now`: strategies that the room would ask about, each with the reason against it.
    - `checklist`: what is to be settled before the first dose of what stands first.
    """

    result: Assessment
    alerts: tuple[tuple[str, str], ...]
    actions: tuple[str, ...]
    case: tuple[str, ...]
    relapse: str
    failure: str
    state: str
    before: tuple[tuple[str, tuple[str, ...]], ...]
    lines: tuple[SheetLine, ...]
    not_now: tuple[tuple[str, str], ...]
    checklist: tuple[str, ...]


def sheet_contents(result: Assessment) -> SheetContents:
    lines = answer_lines(result)
    return SheetContents(
        result=result,
        alerts=tuple((alert_title(x).capitalize(), _alert(result, x)) for x in result.alerts),
        actions=tuple(
            f"{'' if x.status == 'due' else 'To be settled: '}{x.text}" for x in result.actions
        ),
        case=case_lines(result),
        relapse=disease_sentence(result),
        failure=_failure(result),
        state=state_words(result),
        before=tuple((test.name, tuple(_changes(result, test))) for test in result.tests),
        lines=tuple(_line(result, line) for line in lines),
        not_now=tuple(_not_now(result)),
        checklist=_checklist(result, lines),
    )


def _alert(result: Assessment, alert: Alert) -> str:
    """What it means; one that is open with what points to it."""
    seen = "; ".join(seen_texts(result, alert.findings)) if alert.status == "open" else ""
    return f"{alert.text} ({seen})" if seen else alert.text


def _failure(result: Assessment) -> str:
    """What became of the last CAR-T, and the likely cause, in one line."""
    if not result.failures:
        return result.about.reason
    last = result.failures[-1]
    text = f"{last.product or 'CAR-T'}: {words(last.status)}"
    if last.day is not None:
        text += f" on {days_words(last.day)}"
    if last.best_response_text:
        text += f", best response {last.best_response_text}"
    leading = [f"{words(g.group)} {words(g.grade)}" for g in result.causes.groups if g.rank == 1]
    cause = ", ".join(leading) or "cannot be told"
    return f"{text}. Cause of the failure: {cause}." if result.causes.groups else f"{text}."


def _changes(result: Assessment, test: NextTest) -> Iterator[str]:
    """`If extramedullary disease: first choice changes from P to Q`, each change once."""
    told: dict[str, None] = {}
    for change in test.changes:
        lost = [
            w for t in change.turns if t.kind == "strategy" and t.from_ == "first" for w in t.what
        ]
        won = [w for t in change.turns if t.kind == "strategy" and t.to == "first" for w in t.what]
        if lost or won:
            seen = shown_words(result, change.values)
            told[f"if {seen}: {_moved(result, lost, won)}"] = None
        for turn in change.turns:
            if turn.kind == "failure":
                told[f"if {shown_words(result, change.values)}: {words(turn.to)}"] = None
    yield from told


def _moved(result: Assessment, lost: Sequence[str], won: Sequence[str]) -> str:
    first = [
        placed.strategy
        for tier in result.answer.tiers
        if tier.tier == "first"
        for placed in tier.strategies
    ]
    now = [name for name in first if name not in lost] + list(won)
    titles = result.titles.strategies
    before = " or ".join(titles[name] for name in first) or "none"
    then = " or ".join(titles[name] for name in now) or "none"
    return f"first choice changes from {before} to {then}"


def _line(result: Assessment, line: AnswerLine) -> SheetLine:
    option = result.option(line.option_id)
    holding = [result.reasons[x].text for x in option.cautions if result.reasons[x].truth]
    return SheetLine(
        line=line,
        why=_why(result, line),
        first=tuple(asked_for(result, line.must_be_true)),
        cautions=tuple(holding[:1]),
    )


def _why(result: Assessment, line: AnswerLine) -> tuple[str, ...]:
    """What keeps it down where something does, else what lifts it: two reasons at most."""
    reasons = [result.reasons[key] for key in line.because]
    caps = [reason.text for reason in reasons if reason.effect == "cap"]
    return tuple(caps[:2] or [reason.text for reason in reasons[:1]])


def _not_now(result: Assessment) -> Iterator[tuple[str, str]]:
    """The first few of what the room would ask about, with the first reason against it."""
    found = {x.strategy_id: x for x in folded_lines(result) if x.why}
    asked = [found[name] for name in _ASKED_ABOUT if name in found]
    against = [x for x in asked if x.tier in ("avoid", "not_possible")]
    for line in against[:_NOT_NOW]:
        yield line.strategy, line.why[0]


def _checklist(result: Assessment, lines: Sequence[AnswerLine]) -> tuple[str, ...]:
    """What is to be settled before what stands first is begun."""
    if not lines:
        return ()
    option = result.option(lines[0].option_id)
    asked = asked_for(result, (*lines[0].must_be_true, *option.checklist))
    return tuple(asked)[:_CHECKED]
