"""The report on the terminal: in the order of the page, short, with what verdicts rest on."""

from __future__ import annotations

from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from rearm.assessment import Assessment
from rearm.assessment.result import CauseGroup, NextTest, OptionResult
from rearm.report.assessment.answer_words import answer_lines, state_words
from rearm.report.assessment.case import case_paragraph
from rearm.report.assessment.context import by_role
from rearm.report.assessment.disease import disease_sentence
from rearm.report.assessment.practicalities_words import brief_words, review_words
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
    unread_text,
)
from rearm.report.figures import figure_line
from rearm.report.safe_text import SafeText
from rearm.report.words import (
    days_words,
    listed,
    unread_file,
    words,
)

__all__ = ["print_assessment"]

_STYLE = {
    "open": "blue", "needs_information": "magenta",
    "discouraged": "yellow", "excluded": "red",
    "failed": "bold red", "suspected": "bold yellow",
}  # fmt: skip
_FEW = 4  # tests beyond the mandatory ones that the terminal shows; the page shows all


def print_assessment(console: Console, assessment: Assessment) -> None:
    """Prints the report of one patient."""
    when = days_words(assessment.as_of) + (
        f", {assessment.as_of_date}" if assessment.as_of_date else ""
    )
    console.print(
        Rule(
            SafeText(
                f"{assessment.patient_id}   state of knowledge: {when}  "
                f" {assessment.region or 'all regions'}",
                style="bold",
            )
        )
    )
    for issue in assessment.unread:
        console.print(SafeText(unread_file(issue.source, issue.message), style="bold red"))
    for alert in assessment.alerts:
        style = "bold red" if alert.status == "certain" else "bold yellow"
        seen = "; ".join(seen_texts(assessment, alert.findings)) if alert.status == "open" else ""
        text = f"ALERT  {alert_title(alert)}: {alert.text}{f' ({seen})' if seen else ''}"
        console.print(SafeText(text, style=style))
    for title, actions in actions_by_urgency(assessment):
        console.print(SafeText(title.upper(), style="bold"))
        for action in actions:
            console.print(Padding(SafeText(action_text(assessment, action)), (0, 0, 0, 2)))
    if unread := unread_text(assessment):
        console.print(SafeText(unread, style="bold yellow"))
    console.print(SafeText(case_paragraph(assessment)))
    for part in (
        _failure(assessment),
        _tests(assessment.next_tests),
        _answer(assessment),
        _options(assessment),
        _causes(assessment),
        _footer(assessment),
    ):
        console.print(part)


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
    lines: list[RenderableType] = [_heading("What must be known first")]
    must = [t for t in tests if t.mandatory]
    more = [t for t in tests if not t.mandatory]
    for test in must + more[:_FEW]:
        text = SafeText("* " if test.mandatory else "- ")
        text.append(test.name, style="bold" if test.mandatory else "")
        text.append(f"  {test.why}", style="dim")
        lines.append(text)
    if len(more) > _FEW:
        lines.append(
            SafeText(f"  and {len(more) - _FEW} further tests (see the page)", style="dim")
        )
    if not tests:
        lines.append(SafeText("No test that the rules know would change this answer."))
    return Group(*lines)


def _answer(assessment: Assessment) -> RenderableType:
    """The strategies that the sheet shows, the best first; of the others the number."""
    parts: list[RenderableType] = [
        _heading("What can be given, in order"),
        SafeText(state_words(assessment)),
    ]
    table = Table(box=None, pad_edge=False, show_header=False)
    for line in answer_lines(assessment):
        table.add_row(
            SafeText(line.tier_words, style="bold green" if line.tier == "first" else "blue"),
            SafeText(f"{line.strategy}: {line.option}", style="bold"),
            SafeText("; ".join(x for x in (" ".join(line.why), line.figure, line.access) if x)),
        )
        if given := brief_words(assessment, line.option_id):
            told = "; ".join(f"{title} {words}" for title, words in given)
            table.add_row("", "", SafeText(told, style="dim"))
    parts.append(table)
    review = review_words(assessment)
    if review is not None:
        text = f"Next review {review.when}: {review.looks_at}. {review.changes}"
        parts.append(SafeText(f"{text} Who: {review.who}."))
    return Group(*parts)


def _why_none(assessment: Assessment) -> str:
    return disease_sentence(assessment) if assessment.watched else assessment.about.reason


def _options(assessment: Assessment) -> RenderableType:
    title = "Options, by these rules" + (
        ", if this is progression" if assessment.about.if_progression else ""
    )
    if not assessment.options:
        return Group(_heading(title), SafeText("None shown: " + _why_none(assessment)))
    lines: list[RenderableType] = [_heading(title)]
    for role, options in by_role(assessment.options):
        lines.append(SafeText(words(role), style="italic"))
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
        cautions = [r for r in assessment.reasons_of(option.cautions) if r.truth]
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
    return f" Must be known first: {', '.join(names[:_FEW])}{more}."


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
        text = f"Beyond this program, because no test of practice shows it: {'; '.join(beyond)}."
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


def _footer(assessment: Assessment) -> RenderableType:
    v = assessment.versions
    issues = len([i for i in assessment.issues if i.severity != "note"])
    return SafeText(
        f"\n{issues} input issue{'s' if issues != 1 else ''} (rearm check). Rearm {v.software},"
        f" knowledge {v.knowledge} ({v.knowledge_hash[:12]}), criteria {v.criteria}. Decision"
        " support for professionals and research, not a cleared medical device.",
        style="dim",
    )
