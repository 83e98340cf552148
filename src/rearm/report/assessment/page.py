"""The page for the board: one self-contained HTML file, in the order in which a board reads.

Everything on it comes from the result object and, for the timeline and the table of therapies, from
the record that it was made from. Text of the input is escaped by the template engine; nothing of it
becomes markup.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from importlib import resources
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from rearm.assessment import Assessment
from rearm.assessment.result import NextTest, OptionResult
from rearm.knowledge import Knowledge, load
from rearm.outcome.failure import Failure, failures
from rearm.record import Record
from rearm.report.assessment import timeline as pictures
from rearm.report.assessment.case import case_paragraph
from rearm.report.citations import References
from rearm.report.draw import RED, svg
from rearm.report.words import (
    VERDICT_ORDER,
    days_words,
    measure_words,
    strategy_words,
    whose,
    words,
)
from rearm.response.criteria import load_criteria

__all__ = ["css", "environment", "page", "picture_of", "roles"]

ROLE_ORDER = ("definitive", "bridge", "local", "enabling", "observe", "supportive")


def page(
    assessment: Assessment,
    record: Record,
    *,
    knowledge: Knowledge | None = None,
    with_picture: bool = True,
) -> str:
    """The HTML text. `record` is the one that was assessed; nothing of it after `assessment.as_of`
    is shown.
    """
    known = knowledge or load()
    seen = record if assessment.as_of is None else record.known_at(assessment.as_of)
    judged = _judged(assessment, seen)
    engine = environment()
    engine.filters["workup"] = lambda name: (
        known.workups[name].name if name in known.workups else words(name)
    )
    template = engine.get_template("page.html.j2")
    course = judged.course if judged is not None else None
    return template.render(
        a=assessment,
        refs=References(known),
        css=css(),
        case=case_paragraph(assessment, seen),
        picture=Markup(picture_of(assessment, seen, judged)) if with_picture else None,
        before=pictures.BEFORE,
        visits=course.visits if course else (),
        roles=roles(assessment.options),
        changes=_changes,
        therapies=sorted(
            seen.therapies,
            key=lambda t: (t.start.first if t.start.first is not None else -(10**9), t.line or 0),
        ),
        known=assessment.findings,
        unknown=len(known.catalogue) - len(assessment.findings),
    )


def picture_of(assessment: Assessment, record: Record, judged: Failure | None) -> str:
    """The timeline as SVG; empty where no infusion with a day is on record."""
    if judged is None or judged.infusion_day is None or assessment.as_of is None:
        return ""
    zero = judged.infusion_day
    visits = [
        pictures.StripVisit(v.day, v.response, "computed")
        for v in (judged.course.visits if judged.course else ())
    ]
    visits += [
        pictures.StripVisit(day, s.response, "team")
        for s in record.responses
        if (day := s.day if s.day is not None else s.nominal_day) is not None and day >= zero
    ]
    marks = [pictures.Mark(judged.day, words(judged.status), RED)] if judged.day is not None else []
    marks += [
        pictures.Mark(i.day, "infusion")
        for i in record.infused()
        if i.day is not None and i.day != zero
    ]
    marks += [pictures.Mark(d.day, "death") for d in record.deaths if d.day is not None]
    spec = pictures.timeline(
        record, infusion_day=zero, until=assessment.as_of, visits=visits, marks=marks
    )
    return svg(
        spec,
        label=(
            f"Timeline of {assessment.patient_id}: therapies, responses and markers by day since"
            " the infusion"
        ),
    )


def _judged(assessment: Assessment, record: Record) -> Failure | None:
    found = failures(record, load_criteria(assessment.versions.criteria))
    return found[-1] if found else None


def roles(options: Iterable[OptionResult]) -> list[tuple[str, list[OptionResult]]]:
    """Options by role in the order of a board, each role by verdict, rank and name."""
    by_role: dict[str, list[OptionResult]] = {}
    for option in options:
        by_role.setdefault(option.role, []).append(option)
    order = [r for r in ROLE_ORDER if r in by_role] + [r for r in by_role if r not in ROLE_ORDER]
    return [(role, sorted(by_role[role], key=_place)) for role in order]


def _place(option: OptionResult) -> tuple[int, int, int, str]:
    verdict = VERDICT_ORDER.index(option.verdict) if option.verdict else -1
    clear = VERDICT_ORDER.index(option.if_clear) if option.if_clear else 0
    return verdict, clear, option.rank or 0, option.name


def _changes(test: NextTest) -> Markup:
    """What each result would change, as a short list; equal changes of several options are told
    together.
    """
    by_result: dict[str, dict[str, list[str]]] = {}
    for change in test.changes:
        result = ", ".join(f"{words(k)} = {_said(v)}" for k, v in change.values.items())
        turn = f"{words(change.from_)} to {words(change.to)}"
        by_result.setdefault(result, {}).setdefault(turn, []).append(change.name)
    if not by_result:
        return Markup("")
    lines = Markup("").join(
        Markup("<li>If {}: {}</li>").format(
            result,
            Markup("; ").join(
                Markup("{} ({})").format(_few(names), turn) for turn, names in turns.items()
            ),
        )
        for result, turns in by_result.items()
    )
    return Markup(
        '<details class="meta"><summary>what each result would'
        " change</summary><ul>{}</ul></details>"
    ).format(lines)


def _few(names: list[str]) -> Markup:
    shown = ", ".join(names[:6])
    return escape(shown if len(names) <= 6 else f"{shown} and {len(names) - 6} more")


def _said(value: object) -> str:
    if value is True:
        return "yes"
    if value is False:
        return "no"
    return f"{value:g}" if isinstance(value, float) else words(str(value))


@cache
def css() -> str:
    """The style of all pages."""
    return (
        resources.files("rearm.report")
        .joinpath("templates", "page.css")
        .read_text(encoding="utf-8")
    )


def environment() -> Environment:
    """The template engine: everything is escaped, an unknown name is an error."""
    engine = Environment(
        loader=PackageLoader("rearm.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
    )
    filters: dict[str, Any] = {
        "words": words,
        "measure": measure_words,
        "whose": whose,
        "day": days_words,
        "strategy": strategy_words,
    }
    engine.filters.update(filters)
    return engine
