"""What stands behind the sheet, on the terminal: short, with what verdicts rest on."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from rearm.assessment import Assessment
from rearm.assessment.result import CauseGroup, NextTest, OptionResult
from rearm.report.assessment.case import case_paragraph
from rearm.report.assessment.disease import disease_sentence
from rearm.report.assessment.sentences import (
    action_text,
    actions_by_urgency,
    alert_title,
    asked_for,
    difference_text,
    doubt_text,
    reason_text,
    seen_texts,
    undecided_text,
)
from rearm.report.assessment.strategies import folded_tiers, open_strategies
from rearm.report.figures import figure_line
from rearm.report.safe_text import SafeText
from rearm.report.words import (
    days_words,
    listed,
    words,
)

__all__ = ["behind_the_sheet"]

_STYLE = {
    "open": "blue", "needs_information": "magenta",
    "discouraged": "yellow", "excluded": "red",
    "failed": "bold red", "suspected": "bold yellow",
}  # fmt: skip
_FEW = 4  # cautions, and names of what must be known first, of one option


def behind_the_sheet(assessment: Assessment) -> Iterator[RenderableType]:
    """What the sheet leaves out: basis of alerts and actions, failure, causes, tests, options."""
    yield _alerts_and_actions(assessment)
    yield _failure(assessment)
    yield _causes(assessment)
    yield _tests(assessment.next_tests)
    yield _options(assessment)


def _alerts_and_actions(assessment: Assessment) -> RenderableType:
    lines: list[RenderableType] = [SafeText("")]
    for alert in assessment.alerts:
        seen = "; ".join(seen_texts(assessment, alert.findings))
        lines.append(SafeText(f"{alert_title(alert)}: {seen}"))
    for title, actions in actions_by_urgency(assessment):
        lines.append(SafeText(title.upper(), style="bold"))
        lines += [Padding(SafeText(action_text(assessment, x)), (0, 0, 0, 2)) for x in actions]
    lines.append(SafeText(case_paragraph(assessment)))
    return Group(*lines)


def _heading(text: str) -> Text:
    return SafeText(f"\n{text}", style="bold underline")


def _failure(assessment: Assessment) -> RenderableType:
    lines: list[RenderableType] = [_heading("Did the CAR-T fail?")]
    for f in assessment.failures:
        text = SafeText(f"{f.product or 'CAR-T'}, {days_words(f.infusion_day)}: ")
        text.append(words(f.status), style=_STYLE.get(f.status, "bold"))
        text.append(f" on {days_words(f.day)}" if f.day is not None else "")
        text.append(f" ({words(f.certainty)})" if f.certainty else "")
        lines.append(text)
        lines.append(Padding(SafeText(f.reason, style="dim"), (0, 0, 0, 2)))
        if doubt := doubt_text(assessment, f):
            lines.append(Padding(SafeText(doubt, style="yellow"), (0, 0, 0, 2)))
        details = [words(x) for x in (f.kind, f.timing) if x]
        details += [f"pattern {listed(f.pattern)}"] if f.pattern else []
        details += [f"signals: {listed([s.id for s in f.signals])}"] if f.signals else []
        if details:
            lines.append(Padding(SafeText("; ".join(details)), (0, 0, 0, 2)))
        if difference := difference_text(f):
            lines.append(Padding(SafeText(difference, style="yellow"), (0, 0, 0, 2)))
    if sentence := disease_sentence(assessment):
        lines.append(SafeText(sentence, style="bold"))
    if assessment.about.reason and (
        not assessment.failures or assessment.about.if_progression or not assessment.options
    ):
        lines.append(SafeText(assessment.about.reason))
    return Group(*lines)


def _tests(tests: tuple[NextTest, ...]) -> RenderableType:
    lines: list[RenderableType] = [_heading("Tests that are incomplete")]
    for test in tests:
        text = SafeText("* " if test.mandatory else "- ")
        text.append(test.name, style="bold" if test.mandatory else "")
        text.append(f"  {test.why}", style="dim")
        lines.append(text)
    if not tests:
        lines.append(SafeText("No test that the rules know would change this answer."))
    return Group(*lines)


def _why_none(assessment: Assessment) -> str:
    return disease_sentence(assessment) if assessment.watched else assessment.about.reason


def _options(assessment: Assessment) -> RenderableType:
    title = "Options, by these rules" + (
        ", if this is progression" if assessment.about.if_progression else ""
    )
    if not assessment.options:
        return Group(_heading(title), SafeText("None shown: " + _why_none(assessment)))
    lines: list[RenderableType] = [_heading(title)]
    for tier, strategy, options in _by_strategy(assessment):
        lines.append(SafeText(f"{tier}: {strategy}", style="italic"))
        table = Table(box=None, pad_edge=False, show_header=False, expand=True)
        for width in (18, 40, 34, None):
            table.add_column(width=width, ratio=1 if width is None else None, overflow="fold")
        for o in options:
            if o.verdict != "excluded":
                verdict = SafeText(
                    words(o.verdict) or "always open", style=_STYLE.get(o.verdict or "", "")
                )
                table.add_row(
                    verdict,
                    SafeText(o.name),
                    SafeText(_expected(assessment, o)),
                    SafeText(_decided(assessment, o), style="dim"),
                )
        lines.append(table)
    out = [o for o in assessment.options if o.verdict == "excluded"]
    if out:
        lines.append(SafeText(f"\nExcluded ({len(out)}):", style="red"))
        lines += [
            Padding(SafeText(f"{o.name}: {_decided(assessment, o)}", style="dim"), (0, 0, 0, 2))
            for o in out
        ]
    lines.append(
        SafeText(
            "The page and `rearm explain` give all reasons.",
            style="dim",
        )
    )
    return Group(*lines)


def _by_strategy(
    assessment: Assessment,
) -> Iterator[tuple[str, str, tuple[OptionResult, ...]]]:
    """Tier and title of each strategy, the best first, with its options."""
    folded = [part for tier in folded_tiers(assessment) for part in tier.parts]
    for part in (*open_strategies(assessment), *folded):
        yield part.line.tier_words, part.line.strategy, part.options


def _expected(assessment: Assessment, option: OptionResult) -> str:
    return figure_line(assessment.evidence[option.evidence])


def _decided(assessment: Assessment, option: OptionResult) -> str:
    """The reasons that carry the verdict, and every caution that holds, so that no favourite looks
    cleaner than its rivals.
    """
    if option.verdict in ("excluded", "discouraged"):
        chosen = assessment.reasons_of(option.against[:2])
    elif option.verdict == "needs_information":
        chosen = assessment.reasons_of(option.unknown[:2])
    else:
        cautions = [r for r in assessment.reasons_of(option.cautions) if r.speaks]
        chosen = (*assessment.reasons_of(option.for_[:1]), *cautions[:_FEW])
    text = " ".join(reason_text(r) for r in chosen)
    then = f", then {words(option.afterwards)}" if option.afterwards else ""
    until = f" Until: {option.until}{then}." if option.until and not option.permanent else ""
    clear = f" If clear: {words(option.if_clear)}." if option.if_clear else ""
    return text + until + clear + _first(assessment, option)


def _first(assessment: Assessment, option: OptionResult) -> str:
    """What must be known before the option is taken, as far as it is open at all."""
    names = [*asked_for(assessment, assessment.must_be_known_first(option))]
    if not names or option.verdict == "excluded":
        return ""
    more = f" and {len(names) - _FEW} more" if len(names) > _FEW else ""
    return f" Clarify first: {', '.join(names[:_FEW])}{more}."


def _causes(assessment: Assessment) -> RenderableType:
    lines: list[RenderableType] = [_heading("Why did it fail?")]
    if not assessment.causes.groups:
        return Group(*lines, SafeText("None shown: " + assessment.about.reason))
    lines.append(SafeText(assessment.causes.text))
    lines += [
        _group(assessment, g) for g in assessment.causes.groups if g.grade not in ("not_assessed",)
    ]
    open_groups = [g for g in assessment.causes.groups if g.grade == "not_assessed"]
    lines += [_group(assessment, g) for g in open_groups if g.undecided]
    missing = [g.group for g in open_groups if not g.undecided]
    if missing:
        lines.append(SafeText(f"Not assessed: {listed(missing)}.", style="dim"))
    beyond = [name for g in assessment.causes.groups for name in g.not_assessable]
    if beyond:
        text = f"No test of practice shows: {'; '.join(beyond)}."
        lines.append(SafeText(text, style="dim"))
    if assessment.causes.risk_factors:
        lines.append(
            SafeText(
                "Risk factors present before the infusion: "
                + "; ".join(r.name for r in assessment.causes.risk_factors)
                + "."
            )
        )
    return Group(*lines)


def _group(assessment: Assessment, group: CauseGroup) -> RenderableType:
    text = SafeText(f"{words(group.group)}: ", style="bold")
    text.append(words(group.grade))
    for factor in group.factors:
        if factor.grade in ("established", "likely", "possible"):
            findings = [x for r in assessment.reasons_of(factor.for_) for x in r.findings]
            why = "; ".join(seen_texts(assessment, findings))
            text.append(f"\n  {factor.name} ({words(factor.grade)}): {why}", style="not bold")
    if group.undecided:
        text.append(f"\n  {undecided_text(assessment, group)}", style="not bold")
    return text
