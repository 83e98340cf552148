"""The report on the terminal: the sheet, and on request everything behind it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from rich.console import Console, RenderableType
from rich.rule import Rule
from rich.text import Text

from rearm.assessment import Assessment
from rearm.report.assessment.sentences import alert_title, unread_text
from rearm.report.assessment.terminal_full import behind_the_sheet
from rearm.report.safe_text import SafeText
from rearm.report.sheet.contents import SheetContents, SheetLine, sheet_contents
from rearm.report.words import days_words, unread_file

__all__ = ["print_assessment"]

_WIDEST = 100  # columns: longer lines are hard to read
_MARK = "*"  # what must be known first of several lines, said once
_FEW = 2  # names of tests that are incomplete
_AGAINST = 2  # strategies that are not open, of those of the sheet
_TIERS = {"first": "bold green", "alternative": "bold blue"}


def print_assessment(console: Console, assessment: Assessment, *, full: bool = False) -> None:
    """Prints the sheet of one patient; `full`: with causes, tests and options behind it."""
    width = min(console.width, _WIDEST)
    for part in _sheet(assessment):
        console.print(part, width=width)
    if full:
        for part in behind_the_sheet(assessment):
            console.print(part)
    console.print(_footer(assessment), width=width)


def _sheet(assessment: Assessment) -> Iterator[RenderableType]:
    sheet = sheet_contents(assessment)
    when = days_words(assessment.as_of)
    when += f", {assessment.as_of_date}" if assessment.as_of_date else ""
    title = f"{assessment.patient_id}   as of {when}   {assessment.region or 'all regions'}"
    yield Rule(SafeText(title, style="bold"))
    for issue in assessment.unread:
        yield SafeText(unread_file(issue.source, issue.message), style="bold red")
    for alert, (_, text) in zip(assessment.alerts, sheet.alerts, strict=True):
        style = "bold red" if alert.status == "certain" else "bold yellow"
        yield SafeText(f"ALERT  {alert_title(alert)}: {text}", style=style)
    yield from _overruled(sheet, assessment)
    if sheet.actions:
        yield _paragraph("NOW, WHATEVER IS CHOSEN", f"{'; '.join(sheet.actions)}.")
    if unread := unread_text(assessment):
        yield SafeText(unread, style="bold yellow")
    yield from _case(sheet)
    yield from _before(sheet, assessment)
    yield from _choice(sheet)
    against = " ".join(f"{name}: {why}" for name, why in sheet.not_now[:_AGAINST])
    if against:
        yield _paragraph("NOT NOW", against)
    if more := (*sheet.checklist, *sheet.arranged):
        yield _paragraph(f"{sheet.before_start}, also", f"{'; '.join(more)}.")
    if review := sheet.review:
        text = f"{review.when}: {review.looks_at}."
        yield _paragraph("NEXT REVIEW", text)


def _overruled(sheet: SheetContents, assessment: Assessment) -> Iterator[RenderableType]:
    """What the team states over the computed facts, both beside each other."""
    if assessment.hypothetical:
        text = "HYPOTHETICAL  Some findings are assumed: this is not the answer for this patient."
        yield SafeText(text, style="bold red")
    for title, text in sheet.lost_alerts:
        yield SafeText(f"ALERT LOST BY AN OVERRULED FACT  {title}: {text}", style="bold red")
    if sheet.overruled and not assessment.hypothetical:
        yield SafeText(sheet.overruled_count.upper(), style="bold yellow")
    for x in sheet.overruled:
        parts = [f"{x.name}: {x.stated}; computed: {x.computed}."]
        parts += [f"{x.reason} ({x.who})."] if x.who else []
        yield SafeText(" ".join([*parts, *x.notes]))


def _paragraph(heading: str, text: str) -> Text:
    line = SafeText(f"{heading}  ", style="bold")
    return line.append(text, style="not bold")


def _case(sheet: SheetContents) -> Iterator[RenderableType]:
    yield _paragraph("CASE", " ".join(sheet.case))
    if sheet.relapse:
        yield SafeText(sheet.relapse, style="bold")
    yield SafeText(sheet.failure)


def _before(sheet: SheetContents, assessment: Assessment) -> Iterator[RenderableType]:
    if sheet.before:
        yield SafeText("BEFORE DECIDING", style="bold")
    for number, (name, changes) in enumerate(sheet.before, 1):
        text = SafeText(f"{number}. {name}", style="bold")
        text.append(f": {'; '.join(changes)}." if changes else ".", style="not bold")
        yield text
    if names := [test.name for test in assessment.further_tests]:
        more = f" and {len(names) - _FEW} more" if len(names) > _FEW else ""
        yield SafeText(f"Also incomplete: {', '.join(names[:_FEW])}{more}.", style="dim")


def _choice(sheet: SheetContents) -> Iterator[RenderableType]:
    none = " No strategy stands first or as an alternative now."
    yield _paragraph("CHOICE", sheet.state + (none if _nothing_open(sheet) else ""))
    for line in sheet.lines:
        yield _strategy(line)
    if sheet.shared:
        yield SafeText(f"({_MARK}) {', '.join(sheet.shared)}.")


def _nothing_open(sheet: SheetContents) -> bool:
    return not sheet.lines and bool(sheet.result.options)


def _strategy(shown: SheetLine) -> Text:
    line = shown.line
    text = SafeText(f"{line.tier_words.upper()}  ", style=_TIERS.get(line.tier, "bold"))
    text.append(f"{line.strategy}: {line.option}. ", style="bold")
    text.append(" ".join(_why(shown)), style="not bold default")
    what = [line.figure, line.access]
    text.append(f" [{'; '.join(x for x in what if x)}]", style="not bold default")
    if shown.first or shown.shares:
        first = ", ".join([f"({_MARK})", *shown.first] if shown.shares else shown.first)
        text.append(f" Clarify first: {first}.", style="not bold default")
    return text


def _why(shown: SheetLine) -> Iterable[str]:
    yield from shown.why
    if shown.cautions:
        yield f"Caution: {' '.join(shown.cautions)}"
    if shown.line.would_be:
        yield f"Would be {shown.line.would_be}"
    yield f"({shown.line.ground})"


def _footer(assessment: Assessment) -> RenderableType:
    v = assessment.versions
    issues = len([i for i in assessment.issues if i.severity != "note"])
    wrong = f"{issues} input issue{'s' if issues != 1 else ''} (rearm check). " if issues else ""
    return SafeText(
        f"{wrong}--full prints what stands behind it. Rearm {v.software}, knowledge {v.knowledge}:"
        " decision support for professionals and research, not a cleared medical device, not for"
        " emergencies; silence is no all-clear.",
        style="dim",
    )
