"""The course as an object: sent to another process, compared, and its sentences made from codes."""

from __future__ import annotations

import pickle
from dataclasses import replace
from typing import Any

import pytest
from tests.support.course_builder import infusion, lab, lesion, record, serum
from tests.support.imwg_cases import case_record
from tests.support.imwg_generator import generate

from rearm.record import Record
from rearm.response import CourseDays, ResponseCourse, response_course, sentences

SEEDS = range(60)


def generated(seed: int) -> ResponseCourse:
    rec, criteria, start, _, days = case_record(generate(seed))
    schedule = CourseDays(baseline_from=start, schedule=tuple(days))
    return response_course(rec, start=start, criteria=criteria, days=schedule, infusion=False)


def told(course: ResponseCourse) -> tuple[Any, ...]:
    visits = [
        (v.day, v.response, v.confirmed, v.rule, v.reason, v.missing, v.nadir, v.carried, v.dflc)
        for v in course.visits
    ]
    return visits, course.progression_reason, course.signals, course.flags, course.mrd


@pytest.mark.parametrize("seed", SEEDS)
def test_a_course_comes_back_from_another_process(seed: int) -> None:
    course = generated(seed)
    back = pickle.loads(pickle.dumps(course))
    assert back == course
    assert told(back) == told(course)
    assert pickle.loads(pickle.dumps(back)) == course


def test_courses_are_compared_by_all_that_they_say() -> None:
    labs = serum({-5: 4.0, 28: 1.0, 56: 1.0})
    first = record(labs=labs)

    def course(rec: Record) -> ResponseCourse:
        return response_course(rec, start=0)

    assert course(first) == course(replace(first, patient_id="another"))
    other = [*labs, lab("mrd", 56, "positive", sensitivity=1e-5)]
    assert course(first) != course(record(labs=other))
    assert course(first) != course(record(labs=serum({-5: 4.0, 28: 1.0, 56: 0.9})))
    assert course(first) != "a course"


def test_every_reason_and_gap_of_generated_courses_has_a_sentence() -> None:
    reasons: set[str] = set()
    gaps: set[str] = set()
    for seed in range(400):
        for visit in generated(seed).visits:
            assert visit.reason
            assert all(visit.missing)
            reasons |= {visit.because[0], *(p.because[0] for p in visit.pd)}
            gaps |= {gap[0] for gap in visit.gaps}
    assert len(reasons) > 25
    assert len(gaps) > 8
    assert reasons <= sentences._REASONS.keys()
    assert gaps <= sentences._MISSING.keys()


def test_visits_are_equal_in_what_they_say_wherever_they_stand() -> None:
    first, second = (
        response_course(record(labs=serum(values)), start=0).visits
        for values in ({-5: 4.0, 28: 2.0}, {-5: 4.0, 28: 2.0, 56: 2.0})
    )
    alone, same = first[0], second[0]
    same.confirmed = alone.confirmed
    assert alone == same
    assert (alone != same) is False
    same.response = "VGPR"
    assert alone != same
    assert alone != "PR"


def test_what_is_unusable_is_named_apart() -> None:
    aside = replace(lab("serum_m_protein", 28, 1), quantity=None, why_set_aside="no unit")
    rec = record(infusions=[infusion()], labs=serum({-5: 4.0}), set_aside=[aside])
    visit = response_course(rec, start=0).visits[0]
    said = "serum M-protein of day 28 is on record but could not be used (no unit)"
    assert visit.unusable == (said,)
    assert visit.missing[0] == said


def test_growth_of_one_lesion_is_told_once() -> None:
    images = [
        lesion(day, length_mm=size, short_axis_mm=size, spd_mm2=size * size)
        for day, size in {-5: 20.0, 90: 40.0}.items()
    ]
    rec = record(labs=serum({-5: 3.0, 90: 1.0}), imaging=images)
    course = response_course(rec, start=0)
    assert course.progression_reason == "longest diameter of L1 20 to 40 mm"


def test_what_came_from_another_process_is_not_changed() -> None:
    """Its signs were worked out before; of another stretch they would be other ones."""
    course = response_course(record(labs=serum({-5: 4.0, 28: 1.0, 56: 1.6, 84: 1.6})), start=0)
    back = pickle.loads(pickle.dumps(course))
    with pytest.raises(TypeError, match="a course without its evidence has no signs"):
        _ = replace(back, until=60).signals
    assert replace(course, until=60).signals == course.signals == back.signals
