"""The page of one response course, and the page of all of them with spider and swimmer plot. Text
of the input is escaped.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from markupsafe import Markup

from rearm.outcome.endpoints import FAILURE_VARIANTS
from rearm.outcome.patient_course import PatientCourse, counting_words, flags_of
from rearm.report.draw import svg
from rearm.report.response.plots import LABELLED, changes, course_picture, spider, swimmer
from rearm.report.response.terminal import endpoint_words, headline, read_words, why
from rearm.report.style import css, environment
from rearm.response.score import Visit

__all__ = ["response_index", "response_page"]

_DRAWN = 150  # lanes that a swimmer plot can hold and still be read


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
            headline=headline(found),
            picture=picture,
            visits=[_row(v) for v in found.visits],
            endpoints=list(found.endpoints.values()),
            counting=counting_words(found),
            variants=FAILURE_VARIANTS,
            flags=flags_of(found)[1:],
        )
    )


def _row(v: Visit) -> dict[str, Any]:
    sources = {t: str(x.source) for t, x in v.results.labs.items()}
    sources["imaging"] = "; ".join(str(row.source) for exam in v.results.exams for row in exam.rows)
    return {
        "day": v.day,
        "response": v.response,
        "confirmed": "" if v.confirmed == "BL" else v.confirmed,
        "rule": v.rule,
        "why": why(v),
        "read": [
            {"name": name, "value": value, "source": sources.get(test, "")}
            for name, value, test in read_words(v)
        ],
        "missing": v.missing,
    }


def response_index(rows: Sequence[tuple[str, PatientCourse]]) -> str:
    """The page of several patients; `rows` are (file of the page, course). Plots show the first 150
    patients and say so.
    """
    with_course = [found for _, found in rows if found.course is not None]
    drawn = with_course[:_DRAWN]
    cut = (
        f" The first {_DRAWN} of {len(with_course)} patients are drawn."
        if len(with_course) > _DRAWN
        else ""
    )
    pictures: list[tuple[str, Markup, str]] = []
    if len(drawn) > 1:
        note = (
            "Confirmed response held from one visit to the next; the light part is before the"
            " first. An arrow: alive at the last contact."
        )
        pictures.append(
            (
                "Swimmer plot",
                Markup(svg(swimmer(drawn), label="Confirmed response of each patient over time")),
                note + cut,
            )
        )
        lines = [c for c in drawn if len(changes(c)) > 1]
        if lines:
            note = (
                "Change of the first measurable of serum, urine, light chains and marrow; dashed at"
                " -90, -50 and +25 %."
            )
            note += (
                f" Not drawn for want of such a marker: {len(drawn) - len(lines)}."
                if len(lines) < len(drawn)
                else ""
            )
            note += (
                f" Lines carry names up to {LABELLED} patients."
                if len(lines) > LABELLED
                else " Names stand where there is room."
            )
            pictures.append(
                (
                    "Spider plot",
                    Markup(svg(spider(lines), label="Change of the marker from baseline by day")),
                    note + cut,
                )
            )
    return (
        environment()
        .get_template("response_index.html.j2")
        .render(css=css(), pictures=pictures, rows=[_index_row(*r) for r in rows])
    )


def _index_row(file: str, found: PatientCourse) -> dict[str, Any]:
    course = found.course
    pfs = found.endpoints.get("PFS")
    return {
        "file": file,
        "patient": found.record.patient_id,
        "measurable": (
            (", ".join(course.measurable) or "nothing")
            if course is not None
            else found.start_reason
        ),
        "visits": len(found.visits),
        "best": course.best_confirmed if course is not None else "NE",
        "progression": (
            f"day {course.progression_day}"
            if course is not None and course.progression_day is not None
            else ""
        ),
        "pfs": endpoint_words(pfs) if pfs is not None else "",
    }
