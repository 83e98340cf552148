"""What a reader must know of a course beside its responses: where it starts, what was not used,
signals of relapse, and where team and laboratory differ.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from rearm.outcome.patient_course import PatientCourse
from rearm.record import Record
from rearm.response.course import ResponseCourse

__all__ = ["CourseNote", "course_notes"]


@dataclass(frozen=True, slots=True, kw_only=True)
class CourseNote:
    """One remark. `open`: a signal that something may still settle, or one that is settled; None
    for what is no signal.
    """

    id: str
    text: str
    day: int | None = None
    open: bool | None = None


def course_notes(found: PatientCourse) -> list[CourseNote]:
    """All remarks on a course; the first says where it starts."""
    notes = [CourseNote(id="start", day=found.start, text=found.start_reason)]
    notes += _unused(found.record)
    course, failure = found.course, found.failure
    if course is None:
        return notes
    notes += _suspicions(course)
    signals = failure.signals if failure is not None else course.signals
    notes += [CourseNote(id=s.id, day=s.day, text=s.text, open=s.open) for s in signals]
    notes += _relapses(course)
    # a signal says the same as its flag, and whether it is open
    told = {(note.id, note.day) for note in notes}
    flags = failure.flags if failure is not None else course.flags
    notes += [
        CourseNote(id=f.id, day=f.day, text=f.text)
        for f in dict.fromkeys(flags)
        if (f.id, f.day) not in told
    ]
    if failure is not None and failure.difference:
        alone = failure.comparison in ("team_only", "unrepeated")
        name = "team_alone" if alone else "team_and_laboratory_differ"
        notes.append(CourseNote(id=name, day=failure.team_day, text=failure.difference))
    return notes


def _unused(record: Record) -> Iterator[CourseNote]:
    undated = sum(infusion.day is None for infusion in record.infused())
    if undated:
        yield CourseNote(
            id="infusion_without_day",
            text=f"infusions without a day, which have no course: {undated}",
        )
    if unread := record.set_aside:
        yield CourseNote(
            id="set_aside",
            text=(
                f"results of the input that could not be used: {len(unread)} (`rearm"
                " check` lists them)"
            ),
        )


def _suspicions(course: ResponseCourse) -> Iterator[CourseNote]:
    if course.not_evaluable:
        yield CourseNote(id="not_evaluable", text=course.not_evaluable)
    if course.suspicion is not None:
        s = course.suspicion
        yield CourseNote(id=f"progression_{s.certainty}", day=s.day, text=s.text, open=True)


def _relapses(course: ResponseCourse) -> Iterator[CourseNote]:
    """Clinical relapse with what it rests on, and significant biochemical relapse: reasons to treat
    that no response category shows.
    """
    day = course.clinical_relapse_day
    if day is not None:
        due = [
            e.text if e.stated else f"{e.text}, recorded as due to myeloma"
            for e in course.clinical_events
            if e.attributed
        ]
        met = [p for v in course.visits for p in v.pd]
        new = [p.text for p in met if p.criterion == "new_lesion" and p.day == day]
        rests_on = "; ".join(dict.fromkeys([*due, *new]))
        yield CourseNote(id="clinical_relapse", day=day, text=rests_on or "a lesion grew (A21)")
    if course.biochemical_relapse_day is not None:
        yield CourseNote(
            id="significant_biochemical_relapse",
            day=course.biochemical_relapse_day,
            text=(
                "the M-protein doubled, or rose enough for a significant biochemical relapse, "
                "twice within two months"
            ),
        )
