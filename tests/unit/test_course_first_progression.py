"""Best response of a course in which progression is the first thing seen."""

from __future__ import annotations

from tests.support.course_builder import death, record, serum

from rearm.export.adam import response_datasets
from rearm.outcome.patient_course import patient_course
from rearm.response.course import response_course


def test_confirmed_progression_at_the_first_visits_is_the_best_response() -> None:
    patient = record(labs=serum({-8: 3.4, 28: 4.5, 56: 4.8}))
    course = response_course(patient, start=0)
    assert (course.best_confirmed, course.best_confirmed_day) == ("PD", 28)
    rows = response_datasets([patient_course(patient)]).adrs.to_dicts()
    assert [r["AVALC"] for r in rows if r["PARAMCD"] == "CBOR"] == ["PD"]


def test_progression_that_nothing_confirmed_is_none() -> None:
    """The one visit, then death of another cause."""
    patient = record(labs=serum({-8: 3.4, 28: 4.5}), deaths=[death(44, "infection")])
    found = patient_course(patient)
    assert found.course is not None
    assert (found.course.best_confirmed, found.course.best_confirmed_day) == ("NE", None)
    told = {name: (e.status, e.event, e.day) for name, e in found.endpoints.items()}
    assert told["PFS"] == ("event", "death", 44)
    assert told["TTP"] == ("censored", None, 44)


def test_an_assessment_before_the_progression_leaves_the_best_response_open() -> None:
    """Without a baseline the first value cannot be called, but somebody looked."""
    patient = record(labs=serum({28: 0.5, 56: 1.5, 84: 1.6}))
    course = response_course(patient, start=0)
    assert (course.best_confirmed, course.progression_day) == ("NE", 56)
