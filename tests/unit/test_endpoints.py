"""Endpoints: events, censoring in three styles, origins, failure variants, competing events."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, get_args

import pytest
from tests.support.course_builder import death, infusion, lab, record, serum, team, therapy
from tests.support.loops import some

from rearm.outcome.endpoint_definitions import (
    CENSORING_STYLES,
    CENSORINGS,
    ENDPOINTS,
    NOT_COMPUTABLE,
    CensoringCode,
    EndpointName,
    EventCode,
    NotComputable,
    StyleName,
)
from rearm.outcome.endpoints import Endpoint, course_endpoint, course_endpoints, endpoints
from rearm.outcome.failures import failures
from rearm.record import When
from rearm.response.course import response_course

RESPONSE = {-6: 3.0, 28: 1.0, 56: 0.5, 90: 0.5}
FAILED = {**RESPONSE, 120: 1.2, 134: 1.4}


def ends(
    origin: Any = "infusion", style: Any = "default", schedule: tuple[int, ...] = (), **parts: Any
) -> dict[Any, Endpoint]:
    rec = record(**parts)
    return dict(endpoints(rec, failures(rec), origin=origin, style=style, schedule=schedule)[1])


def told(e: Endpoint) -> tuple[str, str | None, int | None]:
    return e.status, e.event, e.day


def test_progression() -> None:
    found = ends(labs=serum(FAILED), last_seen_day=200)
    assert told(found["PFS"]) == told(found["TTP"]) == ("event", "PD", 120)
    assert told(found["DOR"]) == ("event", "PD", 120)
    assert found["DOR"].days == 120 - 28
    assert told(found["OS"]) == ("censored", None, 200)
    assert told(found["TTNT"]) == ("censored", None, 200)
    assert found["DFS"].status == "not_computable"
    assert told(found["failure-a"]) == ("event", "PD", 120)


def test_death_of_another_cause_competes_with_progression() -> None:
    found = ends(labs=serum(RESPONSE), deaths=[death(110, "infection")])
    assert told(found["PFS"]) == ("event", "death", 110)
    assert told(found["TTP"]) == ("censored", None, 110)
    assert found["TTP"].competing
    assert told(found["DOR"]) == ("event", "death", 110)
    assert told(found["OS"]) == ("event", "death", 110)
    assert found["TTNT"].competing
    assert (found["failure-b"].status, found["failure-b"].competing) == ("censored", True)


@pytest.mark.parametrize("cause", ["myeloma", "infection; myeloma"])
def test_death_of_myeloma_is_an_event_of_ttp(cause: str) -> None:
    found = ends(labs=serum(RESPONSE), deaths=[death(110, cause)])
    assert told(found["TTP"]) == ("event", "death", 110)
    assert told(found["failure-a"]) == ("censored", None, 110)
    assert told(found["failure-b"]) == ("event", "death of myeloma", 110)


def test_new_therapy_censors_except_in_ema_style() -> None:
    labs = serum({**RESPONSE, 150: 1.5, 164: 1.6})
    rows = [therapy(100, "salvage")]
    found = ends(labs=labs, therapies=rows)
    assert told(found["PFS"]) == ("censored", None, 90)
    assert found["PFS"].reason == "new therapy"
    assert told(found["TTNT"]) == ("event", "new therapy", 100)
    assert told(found["failure-b"]) == ("event", "new therapy", 100)
    ema = ends(style="ema", labs=labs, therapies=rows)
    assert told(ema["PFS"]) == ("event", "PD", 150)


def test_fda_style_needs_a_schedule_and_stops_before_missed_visits() -> None:
    assert ends(style="fda", labs=serum(FAILED))["PFS"].status == "not_computable"
    plan = (28, 56, 90, 120, 150)
    assert told(ends(style="fda", schedule=plan, labs=serum(FAILED))["PFS"]) == ("event", "PD", 120)
    gap = {-6: 3.0, 28: 1.0, 56: 0.5, 150: 1.2, 164: 1.4}
    missed = ends(style="fda", schedule=(28, 56, 84, 112, 150), labs=serum(gap))["PFS"]
    assert told(missed) == ("censored", None, 56)
    assert missed.reason == "two or more missed assessments"
    one_missed = ends(style="fda", schedule=(28, 56, 112, 150), labs=serum(gap))["PFS"]
    assert told(one_missed) == ("event", "PD", 150)
    later = ends(style="fda", schedule=(180, 240), labs=serum(FAILED))["PFS"]
    assert told(later) == ("event", "PD", 120)  # nothing was planned that could be missed
    died = ends(
        style="fda",
        schedule=(28, 56, 84, 112, 140),
        labs=serum({-6: 3.0, 28: 1.0, 56: 0.5}),
        deaths=[death(150, "other")],
    )["PFS"]
    assert told(died) == ("censored", None, 56)
    assert told(
        ends(labs=serum({-6: 3.0, 28: 1.0, 56: 0.5}), deaths=[death(150, "other")])["PFS"]
    ) == ("event", "death", 150)


def test_visits_missed_before_the_response_do_not_censor_its_duration() -> None:
    late = {-6: 3.0, 150: 1.0, 180: 0.5, 210: 0.5}
    plan = (30, 60, 90, 120, 150, 180, 210, 240)
    found = ends(style="fda", schedule=plan, labs=serum(late))
    assert told(found["PFS"]) == ("censored", None, 0)
    assert (found["DOR"].origin_day, *told(found["DOR"])) == (150, "censored", None, 210)


def test_an_assessment_counts_for_the_planned_day_it_lies_nearest_to() -> None:
    labs = serum({-6: 3.0, 28: 1.0, 117: 1.2, 131: 1.4})
    found = ends(style="fda", schedule=(30, 60, 90, 120, 150), labs=labs)["PFS"]
    assert told(found) == ("censored", None, 28)  # 117 is for 120: 60 and 90 were missed


def test_relapse_from_cr_counts_for_dfs_only() -> None:
    days = {28: "negative", 56: "negative", 90: "positive", 120: "positive"}
    words = [
        x
        for d, w in days.items()
        for x in (lab("serum_immunofixation", d, w), lab("urine_immunofixation", d, "negative"))
    ]
    found = ends(
        labs=serum({-6: 3.0, 28: 0, 56: 0, 90: 0, 120: 0})
        + words
        + [lab("marrow_plasma_cells", 28, 1)]
    )
    assert told(found["DFS"]) == ("event", "relapse from CR", 90)
    assert found["DFS"].origin_day == 28 or found["DFS"].days == 62
    assert told(found["PFS"]) == ("censored", None, 120)
    assert told(found["failure-b"]) == ("censored", None, 120)
    assert told(found["failure-c"]) == ("event", "relapse from CR", 90)


def test_loss_of_mrd_negativity() -> None:
    mrd = [
        lab("mrd", 56, "negative", sensitivity=1e-5),
        lab("mrd", 90, "positive", sensitivity=1e-5),
    ]
    found = ends(labs=serum(RESPONSE) + mrd)
    assert told(found["failure-d"]) == ("event", "loss of MRD negativity", 90)
    assert found["failure-c"].status == "censored"


def test_pfs2_and_salvage() -> None:
    labs = serum({**FAILED, 170: 0.5, 200: 0.5, 230: 1.2, 244: 1.2})
    rows = [therapy(140, "salvage")]
    found = ends(labs=labs, therapies=rows, last_seen_day=300)
    assert told(found["PFS"]) == ("event", "PD", 120)
    assert told(found["PFS2"]) == ("event", "PD", 230)
    salvage = ends("salvage", labs=labs, therapies=rows, last_seen_day=300)
    assert told(salvage["PFS"]) == ("event", "PD", 230)
    assert salvage["PFS"].days == 90
    failure = ends("failure", labs=labs, therapies=rows, last_seen_day=300)
    assert failure["OS"].days == 180
    assert failure["TTNT"].days == 20
    assert failure["PFS"].status == "not_computable"


def test_origin_apheresis() -> None:
    found = ends(
        "apheresis",
        infusions=[infusion(0, apheresis=(When.on(-50), When.on(-48)))],
        labs=serum(FAILED),
    )
    assert found["PFS"].days == 168
    by_month = ends("apheresis", infusions=[infusion(0, apheresis=(When(-60, -31),))])
    assert by_month["OS"].obstacle == "apheresis_undated"
    assert ends("apheresis", labs=serum(FAILED))["PFS"].status == "not_computable"
    assert ends("salvage", labs=serum(FAILED))["OS"].status == "not_computable"
    assert ends("failure", labs=serum(RESPONSE))["OS"].status == "not_computable"


def test_an_infusion_without_a_day_has_no_endpoint() -> None:
    rec = record(infusions=[infusion(None)], labs=serum(FAILED))
    found = endpoints(rec, failures(rec), origin="infusion", style="ema")[1]
    assert list(found) == list(ENDPOINTS)
    assert {told(e) for e in found.values()} == {("not_computable", None, None)}
    assert {e.reason for e in found.values()} == {"the day of the infusion is unknown"}
    assert {(e.origin, e.origin_day, e.style) for e in found.values()} == {
        ("infusion", None, "ema")
    }


def test_team_only() -> None:
    found = ends(responses=[team(30, "PR"), team(90, "VGPR"), team(200, "PD")], last_seen_day=250)
    assert told(found["PFS"]) == ("event", "PD", 200)
    assert found["DOR"].days == 170


# start of an undated therapy, its order, its line; what stands in the way of the endpoints
UNDATED_THERAPIES = [
    (When(1, None), None, None, "new_therapy_undated"),  # "after infusion"
    (When(200, 320), None, None, "new_therapy_undated"),  # a year, cut at the last contact
    (When(), 1, None, "new_therapy_undated"),
    (When(), 0, None, None),
    (When(), None, None, None),  # it may have come before the infusion
    (When(None, -1), None, None, None),
    (When(-40, 20), None, None, "new_therapy_undated"),  # it may have come after it
    (When(-40, 20), None, 3, None),
]


@pytest.mark.parametrize("failed", [False, True])
@pytest.mark.parametrize(("start", "order", "line", "obstacle"), UNDATED_THERAPIES)
def test_new_therapy_on_a_day_that_is_not_known_is_new_therapy(
    failed: bool, start: When, order: int | None, line: int | None, obstacle: str | None
) -> None:
    rows = [therapy(None, "salvage", agents=("teclistamab",), after_infusion=order, line=line)]
    undated = [replace(row, start=start) for row in rows]
    labs = serum(FAILED if failed else RESPONSE)
    found = ends(labs=labs, therapies=undated, last_seen_day=320)
    assert (found["TTNT"].obstacle, found["PFS2"].obstacle) == (obstacle, obstacle)
    assert (found["failure-b"].obstacle is None) is (obstacle is None or failed)
    if obstacle is None:
        assert told(found["TTNT"]) == ("censored", None, 320)


# start and line of an undated therapy beside a dated one of line 5 on day 250; what TTNT says
BESIDE_A_DATED_ONE = [
    (When(1, None), None, "not_computable"),
    (When(1, None), 6, "event"),
    (When(260, 320), None, "event"),
    (When(), None, "event"),
]


@pytest.mark.parametrize(("start", "line", "status"), BESIDE_A_DATED_ONE)
def test_undated_therapy_beside_a_dated_one(start: When, line: int | None, status: str) -> None:
    dated = therapy(250, "salvage", agents=("talquetamab",), line=5)
    undated = replace(therapy(None, "salvage", agents=("teclistamab",), line=line), start=start)
    found = ends(labs=serum(FAILED), therapies=[dated, undated], last_seen_day=320)
    assert found["TTNT"].status == status
    assert found["PFS"].day == 120


def test_therapy_known_by_order_only() -> None:
    found = ends(labs=serum(RESPONSE), therapies=[therapy(None, "salvage", after_infusion=1)])
    assert found["TTNT"].status == found["PFS2"].status == "not_computable"


def test_without_car_t_a_line_has_endpoints_too() -> None:
    rec = record(
        infusions=[],
        labs=serum(FAILED),
        therapies=[
            therapy(0, "treatment", line=1),
            therapy(30, "transplant", line=1),
            therapy(140, "treatment", line=2),
        ],
    )
    course = response_course(rec, start=0)
    assert course.new_therapy_day == 140
    assert told(course_endpoint(rec, course, "PFS")) == ("event", "PD", 120)
    assert told(course_endpoint(rec, course, "TTNT")) == ("event", "new therapy", 140)
    second = course_endpoint(rec, course, "PFS2")
    assert second.name == "PFS2" and second.day != 120, (
        "progression on the next therapy, not this one"
    )
    with pytest.raises(ValueError, match="PFS3"):
        course_endpoint(rec, course, "PFS3")  # type: ignore[arg-type]


def test_unknown_words_are_refused() -> None:
    rec = record()
    with pytest.raises(ValueError, match="origin must be one of"):
        endpoints(rec, failures(rec), origin="birth")  # type: ignore[arg-type]


def test_responses_known_by_their_planned_visit_only() -> None:
    """Visits at three and six months are known by plan; the day of progression is exact. Duration
    counts from the planned day.
    """
    rows = [
        team(0, "VGPR", when=When(61, 137), nominal_day=91),
        team(0, "CR", when=When(138, 230), nominal_day=182),
        team(260, "PD", basis="progression day"),
    ]
    found = ends(responses=rows, last_seen_day=300)
    assert (told(found["DOR"]), found["DOR"].origin_day, found["DOR"].days) == (
        ("event", "PD", 260),
        91,
        169,
    )
    assert (told(found["DFS"]), found["DFS"].origin_day) == (("event", "PD", 260), 182)
    assert told(ends(responses=rows[:2], last_seen_day=300)["PFS"]) == ("censored", None, 182)
    # the plan said day 182, but the patient was last seen on day 170
    assert told(ends(responses=rows[:2], last_seen_day=170)["PFS"]) == ("censored", None, 170)


def test_a_planned_response_that_may_follow_the_progression_starts_no_duration() -> None:
    rows = [
        team(0, "VGPR", when=When(61, 137), nominal_day=91),
        team(100, "PD", basis="progression day"),
    ]
    found = ends(responses=rows, last_seen_day=300)
    assert found["DOR"].status == "not_computable"
    assert told(found["PFS"]) == ("event", "PD", 100)


def test_the_named_progression_day_goes_before_planned_visits_without_car_t() -> None:
    rows = [
        team(0, "PR", when=When(15, 60), nominal_day=30),
        team(0, "PD", when=When(61, 137), nominal_day=91),
    ]
    rows.append(team(95, "PD", basis="progression day"))
    rec = record(responses=rows, infusions=[])
    course = response_course(rec, start=0, infusion=False)
    assert told(course_endpoint(rec, course, "PFS")) == ("event", "PD", 95)
    assert course_endpoint(rec, course, "DOR").days == 65


def test_pfs2_is_censored_at_the_last_assessment_after_the_first_progression() -> None:
    labs = serum({**FAILED, 170: 0.5, 200: 0.5})
    assert told(ends(labs=labs, last_seen_day=300)["PFS2"]) == ("censored", None, 200)
    assert told(
        ends(labs=labs, therapies=[therapy(140, "salvage")], last_seen_day=300)["PFS2"]
    ) == ("censored", None, 200)
    assert told(
        ends(labs=serum(FAILED), therapies=[therapy(140, "salvage")], last_seen_day=300)["PFS2"]
    ) == ("censored", None, 140)


LINE = [
    therapy(0, "induction", agents=("bortezomib", "lenalidomide")),
    therapy(100, "transplant", agents=("melphalan",)),
    therapy(160, "maintenance", agents=("lenalidomide",)),
]


def test_induction_transplant_and_maintenance_are_one_line() -> None:
    """No line numbers in the input: the transplant belongs to the plan and ends neither the course
    nor the response.
    """
    labs = serum({-6: 3.0, 28: 1.4, 56: 1.4, 130: 0.2, 150: 0.2, 300: 1.0, 330: 1.2})
    rec = record(
        labs=labs,
        infusions=[],
        therapies=[*LINE, therapy(340, None, agents=("carfilzomib",))],
        last_seen_day=400,
    )
    course = response_course(rec, start=0)
    assert (course.best_confirmed, course.best_confirmed_day, course.progression_day) == (
        "VGPR",
        130,
        300,
    )
    assert course.new_therapy_day == 340
    assert told(course_endpoint(rec, course, "TTNT")) == ("event", "new therapy", 340)
    assert told(course_endpoint(rec, course, "PFS")) == ("event", "PD", 300)


def test_a_transplant_after_progression_is_a_new_line() -> None:
    labs = serum({-6: 3.0, 28: 1.4, 56: 1.4, 80: 2.2, 95: 2.4, 130: 0.2})
    rec = record(
        labs=labs, infusions=[], therapies=LINE, responses=[team(95, "PD")], last_seen_day=400
    )
    course = response_course(rec, start=0)
    assert (course.progression_day, course.new_therapy_day) == (80, 100)


def test_the_tables_hold_every_code() -> None:
    assert set(ENDPOINTS) == set(get_args(EndpointName))
    assert set(CENSORINGS) == set(get_args(CensoringCode))
    assert set(NOT_COMPUTABLE) == set(get_args(NotComputable))
    assert set(CENSORING_STYLES) == set(get_args(StyleName))
    assert {e.code for d in ENDPOINTS.values() for e in d.events} == set(get_args(EventCode))


def test_no_endpoint_has_the_same_event_twice() -> None:
    for name, definition in some(ENDPOINTS.items()):
        codes = [event.code for event in definition.events]
        assert codes and len(codes) == len(set(codes)), name
    assert len({d.paramcd for d in ENDPOINTS.values()}) == len(ENDPOINTS)
    assert all(len(d.paramcd) <= 8 and len(d.param) <= 200 for d in ENDPOINTS.values())


def test_of_two_events_on_one_day_the_one_named_first_counts() -> None:
    found = ends(labs=serum(FAILED), deaths=[death(120, "myeloma")])
    assert told(found["PFS"]) == ("event", "PD", 120)


def test_an_event_wins_on_the_day_that_censors() -> None:
    rows: dict[str, Any] = {
        "therapies": [therapy(100, "salvage")],
        "deaths": [death(100, "infection")],
    }
    assert told(ends(labs=serum(RESPONSE), **rows)["PFS"]) == ("event", "death", 100)


@pytest.mark.parametrize(
    ("endpoint", "reason"),
    [
        ("OS", "death, cause infection"),
        ("TTP", "death of another cause"),
        ("TTNT", "death before new therapy"),
        ("failure-a", "death before failure"),
        ("PFS", "death"),
        ("DFS", "no confirmed CR to start from"),
    ],
)
def test_the_reason_in_words(endpoint: str, reason: str) -> None:
    found = ends(labs=serum(RESPONSE), deaths=[death(110, "infection")])
    assert found[endpoint].reason == reason


def test_an_unknown_cause_of_death_is_not_another_cause() -> None:
    found = ends(labs=serum(RESPONSE), deaths=[death(110, "unknown")])
    assert (found["TTP"].censored_by, found["TTP"].reason) == (
        "death_of_unknown_cause",
        "death, cause unknown",
    )


def test_all_endpoints_of_a_course_at_once() -> None:
    rec = record(infusions=[], labs=serum(FAILED))
    course = response_course(rec, start=0)
    every = course_endpoints(rec, course)
    assert set(every) == set(ENDPOINTS)
    assert every["PFS"] == course_endpoint(rec, course, "PFS")
