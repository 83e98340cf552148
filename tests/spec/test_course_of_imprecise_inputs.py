"""The reviewers' inputs: death without a day, two baselines, progression at the first visit."""

from __future__ import annotations

from typing import Any

from tests.support.loops import some
from tests.support.places import DATA

import rearm
from rearm.outcome.patient_course import PatientCourse, patient_course

INPUTS = DATA / "review" / "inputs"


def courses(number: str) -> dict[str, PatientCourse]:
    (folder,) = INPUTS.glob(f"{number}-*")
    records = rearm.read(folder / "input").records
    return {record.patient_id: patient_course(record) for record in records}


def told(course: PatientCourse, name: Any) -> tuple[str, str | None, int | None]:
    endpoint = course.endpoints[name]
    return endpoint.status, endpoint.event, endpoint.day


def test_dead_on_a_day_that_is_not_known() -> None:
    found = courses("03")
    for name in some(("OS", "PFS", "TTNT", "PFS2")):
        assert told(found["FLD-03a"], name) == ("not_computable", None, None), name
    assert told(found["FLD-03b"], "OS") == ("event", "death", 152)  # days 138 to 167
    for course in some(tuple(found.values())):
        assert course.failure is not None
        assert "death_day_unknown" in {flag.id for flag in course.failure.flags}
        result = rearm.assess(course.record)
        assert result.about.code == course.failure.status
        assert "Died" in result.failures[0].reason


def test_two_values_of_the_baseline_sample() -> None:
    course = courses("09")["FLD-09"]
    assert [(v.day, v.response, v.rule) for v in course.visits] == [
        (30, "NE", "ne-measurability"),
        (60, "NE", "ne-measurability"),
        (90, "NE", "ne-measurability"),
    ]
    assert course.failure is not None and course.failure.status == "cannot_be_judged"


def test_progression_at_the_only_visit_then_death() -> None:
    course = courses("12")["FLD-12"]
    assert course.course is not None and course.course.best_confirmed == "NE"
    assert told(course, "PFS") == ("event", "death", 44)
    assert told(course, "TTP") == ("censored", None, 44)
