"""The page of one response course, and the page of all of them with spider and swimmer plot. Text
of the input is escaped.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from rearm.outcome.course_notes import course_notes
from rearm.outcome.course_words import (
    confirmed_words,
    counting_words,
    endpoint_words,
    measurable_words,
    visit_results,
    visit_words,
)
from rearm.outcome.endpoints import FAILURE_VARIANTS
from rearm.outcome.patient_course import PatientCourse
from rearm.report.draw import svg
from rearm.report.response.headline import headline
from rearm.report.response.plots import (
    LABELLED,
    changes,
    course_picture,
    cut_words,
    spider,
    swimmer,
)
from rearm.report.style import css, environment
from rearm.report.words import unread_file, when_words
from rearm.response.score import Visit

__all__ = ["MOST_DRAWN", "CourseRow", "course_row", "response_index", "response_page"]

MOST_DRAWN = 150  # lanes that a swimmer plot can hold and still be read


def response_page(found: PatientCourse, *, index: bool = False, with_picture: bool = True) -> str:
    """The HTML text of one patient's course: table with trace, picture, endpoints, notes. `index`:
    link back to the page of all.
    """
    spec = course_picture(found) if with_picture else None
    patient = found.record.patient_id
    picture = (
        Markup(svg(spec, label=f"Response course of {patient} by day since its start"))
        if spec is not None
        else None
    )
    return (
        environment()
        .get_template("response.html.j2")
        .render(
            css=css(),
            patient=patient,
            criteria=str(found.criteria),
            day_zero=(
                found.record.day_zero.isoformat() if found.record.day_zero is not None else None
            ),
            index=index,
            unread=[unread_file(str(x.source), x.message) for x in found.record.unread],
            headline=headline(found),
            picture=picture,
            picture_note=cut_words([found]) if spec is not None else "",
            visits=[_row(v) for v in found.visits],
            endpoints=list(found.endpoints.values()),
            counting=counting_words(found.endpoints.get("PFS")),
            variants=FAILURE_VARIANTS,
            notes=course_notes(found)[1:],
        )
    )


def _row(v: Visit) -> dict[str, Any]:
    sources = {t: str(x.source) for t, x in v.results.labs.items()}
    sources["imaging"] = "; ".join(str(row.source) for exam in v.results.exams for row in exam.rows)
    return {
        "day": when_words(v.when),
        "response": v.response,
        "confirmed": confirmed_words(v),
        "rule": v.rule,
        "why": visit_words(v),
        "read": [
            {"name": name, "value": value, "source": sources.get(test, "")}
            for name, value, test in visit_results(v)
        ],
        "missing": v.missing,
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class CourseRow:
    """One patient on the page of all; `file` is the name of the patient's page. `failed`: the
    program could not make the course.
    """

    patient: str
    file: str = ""
    measurable: str = ""
    visits: int = 0
    best: str = ""
    progression: str = ""
    pfs: str = ""
    failed: bool = False


def course_row(file: str, found: PatientCourse) -> CourseRow:
    """What the page of all shows of one course."""
    course, pfs = found.course, found.endpoints.get("PFS")
    progression = course.progression_when if course is not None else None
    return CourseRow(
        file=file,
        patient=found.record.patient_id,
        measurable=(measurable_words(course) if course is not None else found.start_reason),
        visits=len(found.visits),
        best=course.best_confirmed if course is not None else "NE",
        progression=f"day {when_words(progression)}" if progression is not None else "",
        pfs=endpoint_words(pfs) if pfs is not None else "",
    )


def response_index(
    rows: Sequence[CourseRow],
    drawn: Sequence[PatientCourse] = (),
    *,
    with_course: int = 0,
    unread: Sequence[str] = (),
) -> str:
    """The page of several patients. `drawn`: the courses that its plots show (at most MOST_DRAWN),
    of `with_course` in all; where these are more, the page says so. `unread`: a sentence for each
    file of the input of which nothing could be read.
    """
    cut = (
        f" The first {len(drawn)} of {with_course} patients are drawn."
        if with_course > len(drawn)
        else ""
    )
    pictures = [_swimmer(drawn, cut), *_spider(drawn, cut)] if len(drawn) > 1 else []
    return (
        environment()
        .get_template("response_index.html.j2")
        .render(css=css(), pictures=pictures, rows=rows, unread=unread)
    )


def _swimmer(drawn: Sequence[PatientCourse], cut: str) -> tuple[str, Markup, str]:
    """(title, picture, note) of the swimmer plot."""
    note = (
        "Confirmed response held from one visit to the next; the light part is before the "
        "first. An arrow means alive at last contact."
    )
    picture = svg(swimmer(drawn), label="Confirmed response of each patient over time")
    return "Swimmer plot", Markup(picture), note + cut


def _spider(drawn: Sequence[PatientCourse], cut: str) -> Iterator[tuple[str, Markup, str]]:
    """(title, picture, note) of the spider plot, where a marker can be followed."""
    lines = [course for course in drawn if len(changes(course)) > 1]
    if not lines:
        return
    note = (
        "Change of the first measurable marker (serum, urine, light chains, marrow); dashed "
        "lines at -90, -50 and +25 %."
    )
    if len(lines) < len(drawn):
        note += f" Not drawn, because no such marker was measurable: {len(drawn) - len(lines)}."
    note += (
        f" Lines are labelled for up to {LABELLED} patients."
        if len(lines) > LABELLED
        else " Lines are labelled where there is room."
    )
    picture = svg(spider(lines), label="Change of the marker from baseline by day")
    yield "Spider plot", Markup(picture), " ".join(filter(None, (note, cut_words(lines)))) + cut
