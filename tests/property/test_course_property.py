"""What must hold for every response course, on generated courses (the seeds are what hypothesis
varies).
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support.imwg_cases import case_record
from tests.support.imwg_generator import generate

from rearm.interval import Interval
from rearm.record import Record, When
from rearm.response.course import CourseDays, ResponseCourse, response_course
from rearm.response.score import Visit

DEPTH = {"NE": 0, "PD": 1, "BL": 1, "SD": 2, "MR": 3, "PR": 4, "VGPR": 5, "CR": 6, "sCR": 7}
SEEDS = st.integers(min_value=0, max_value=10**9)
EVENTS = ("labs", "imaging", "conditions", "therapies", "deaths")


def _course(case: dict[str, Any]) -> ResponseCourse:
    record, criteria, start, _, days = case_record(case)
    return response_course(
        record,
        start=start,
        criteria=criteria,
        days=CourseDays(baseline_from=start, schedule=tuple(days)),
        infusion=False,
    )


def _told(course: ResponseCourse) -> tuple[Any, ...]:
    visits = [(v.day - course.start, v.response, v.confirmed, v.rule) for v in course.visits]
    days = [
        course.best_confirmed_day,
        course.progression_day,
        course.relapse_from_cr_day,
        course.clinical_relapse_day,
        *course.mrd_negative_days,
    ]
    return (
        visits,
        course.measurable,
        course.best_confirmed,
        [None if d is None else d - course.start for d in days],
    )


@settings(max_examples=150, deadline=None)
@given(SEEDS, st.integers(-4000, 4000))
def test_shifting_all_days_changes_nothing(seed: int, by: int) -> None:
    record, criteria, start, _, days = case_record(generate(seed))

    def moved(when: When) -> When:
        return When(
            None if when.first is None else when.first + by,
            None if when.last is None else when.last + by,
        )

    def shift(event: Any) -> Any:
        return (
            replace(event, start=moved(event.start))
            if hasattr(event, "start")
            else replace(event, when=moved(event.when))
        )

    shifted: dict[str, Any] = {
        name: tuple(shift(e) for e in getattr(record, name)) for name in EVENTS
    }
    later: Record = replace(record, **shifted)
    here = response_course(
        record,
        start=start,
        criteria=criteria,
        days=CourseDays(baseline_from=start, schedule=tuple(days)),
        infusion=False,
    )
    there = response_course(
        later,
        start=start + by,
        criteria=criteria,
        days=CourseDays(baseline_from=start + by, schedule=tuple([d + by for d in days])),
        infusion=False,
    )
    assert _told(here)[1:] == _told(there)[1:]
    assert [v[:3] for v in _told(here)[0]] == [v[:3] for v in _told(there)[0]]


@settings(max_examples=150, deadline=None)
@given(SEEDS, st.randoms(use_true_random=False))
def test_order_and_repeats_of_rows_change_nothing(seed: int, random: Any) -> None:
    record, criteria, start, _, days = case_record(generate(seed))
    doubled: dict[str, Any] = {}
    for name in EVENTS:
        rows = [*getattr(record, name), *getattr(record, name)]
        random.shuffle(rows)
        doubled[name] = tuple(rows)
    here = response_course(
        record,
        start=start,
        criteria=criteria,
        days=CourseDays(baseline_from=start, schedule=tuple(days)),
        infusion=False,
    )
    there = response_course(
        replace(record, **doubled),
        start=start,
        criteria=criteria,
        days=CourseDays(baseline_from=start, schedule=tuple(days)),
        infusion=False,
    )
    assert _told(here) == _told(there)
    assert not [f for f in there.flags if f.id == "same_day_conflict"]


_OTHER_UNIT = {
    "serum_m_g_dl": ("serum_m_g_l", 10),
    "urine_m_mg_24h": ("urine_m_g_24h", 0.001),
    "kappa_mg_l": ("kappa_mg_dl", 0.1),
    "lambda_mg_l": ("lambda_mg_dl", 0.1),
}


def _in_other_unit(value: Any, factor: float) -> Any:
    if isinstance(value, str):
        return f"<{round(float(value[1:]) * factor, 12)}"
    return round(value * factor, 12)


@settings(max_examples=150, deadline=None)
@given(SEEDS)
def test_the_unit_changes_nothing(seed: int) -> None:
    case = generate(seed)
    visits = []
    for visit in case["visits"]:
        new = {}
        for key, value in visit.items():
            name, factor = _OTHER_UNIT.get(key, (key, None))
            new[name] = value if factor is None else _in_other_unit(value, factor)
        visits.append(new)
    assert _told(_course(case)) == _told(_course({**case, "visits": visits}))


_BEST: dict[str, Any] = {
    "serum_m_g_dl": 0,
    "iga_mg_dl": 0,
    "urine_m_mg_24h": 0,
    "serum_ife": "neg",
    "urine_ife": "neg",
    "bm_pc_pct": 0,
    "bm_clonal": "neg",
}
_SAME = {"serum_m_g_l": "serum_m_g_dl", "urine_m_g_24h": "urine_m_mg_24h"}
_CHAINS = ("kappa_mg_l", "lambda_mg_l", "kappa_mg_dl", "lambda_mg_dl")
_SIZES = ("plasmacytoma_spd_cm2", "n_lesions", "lesion_longest_cm", "lesion_short_axis_cm")


def _visit_at(case: dict[str, Any], at: int, visit: dict[str, Any]) -> Visit:
    changed = {**case, "visits": [*case["visits"][:at], visit, *case["visits"][at + 1 :]]}
    day = case_record(changed)[4][at]
    return next(v for v in _course(changed).visits if v.day == day)


@settings(max_examples=300, deadline=None)
@given(SEEDS, st.integers(0, 8), st.sampled_from((*_BEST, "chains", "lesions")))
def test_a_missing_result_is_never_better_than_the_best_possible_one(
    seed: int, place: int, what: str
) -> None:
    """Every level from SD to sCR is strictly ordered, and the visit with the missing result never
    stands above the other one.

    NE and PD are no levels of response. NE claims nothing, so a missing result may always lead to
    it, and a response (SD or deeper) is never found where the best possible value gives NE or PD.
    PD against NE is no matter of depth: where imaging is missing, a lesion seen before stays and
    the visit is PD, while an examination that shows it gone leaves a visit whose blood was not
    taken, NE. What must hold there is that the missing result made nothing: each criterion of such
    a progression was met on an earlier day, by a lesion or a marrow that is carried forward.
    """
    case = generate(seed)
    after = [
        i
        for i, v in enumerate(case["visits"])
        if i and not v.get("baseline") and "not_done" not in v
    ]
    base = next(i for i, v in enumerate(case["visits"]) if v.get("baseline"))
    after = [i for i in after if i > base]
    if not after:
        return
    at = after[place % len(after)]
    visit = dict(case["visits"][at])
    drop = (
        _CHAINS
        if what == "chains"
        else _SIZES
        if what == "lesions"
        else (what, *(k for k, v in _SAME.items() if v == what))
    )
    without = {
        k: v
        for k, v in visit.items()
        if k not in drop and not (what == "serum_ife" and k in ("serum_ife_isotype", "dira"))
    }
    if what == "chains":
        best = {**without, "kappa_mg_l": 10, "lambda_mg_l": 10}
    elif what == "lesions":
        best = {**without, "plasmacytoma_spd_cm2": 0}
    else:
        best = {**without, what: _BEST[what]}
    missing, shown = (_visit_at(case, at, version) for version in (without, best))
    assert missing.response in ("NE", "PD") or DEPTH[missing.response] <= DEPTH[shown.response], (
        missing.response,
        shown.response,
    )
    if missing.response == "PD" and shown.response != "PD":
        assert {p.criterion for p in missing.pd} <= (
            {"marrow"} if what == "bm_pc_pct" else {"new_lesion", "lesion_growth"}
        )
        assert all(p.day < missing.day for p in missing.pd)


@settings(max_examples=300, deadline=None)
@given(
    SEEDS,
    st.integers(0, 8),
    st.sampled_from(("serum", "urine", "chain", "marrow", "clonal", "ife", "lesion")),
    st.sampled_from((0.3, 0.6, 3.0)),
)
def test_a_worse_later_result_never_improves_an_earlier_confirmed_response(
    seed: int, place: int, what: str, by: float
) -> None:
    """Immunofixation is varied where its fluid was quantified: else a positive one leaves the visit
    not evaluable (section 6).
    """
    case = generate(seed)
    base = next(i for i, v in enumerate(case["visits"]) if v.get("baseline"))
    after = range(base + 1, len(case["visits"]))
    at = after[place % len(after)]
    visit = dict(case["visits"][at])
    chain = (case["patient"].get("isotype") or "").split()[-1:] or [
        case["patient"].get("involved_flc")
    ]
    changed = dict(visit)
    for key, step in (("serum_m_g_dl", by), ("serum_m_g_l", 10 * by), ("iga_mg_dl", 1000 * by)):
        if what == "serum" and isinstance(visit.get(key), float | int):
            changed[key] = visit[key] + step
    for key, step in (("urine_m_mg_24h", 400 * by), ("urine_m_g_24h", 0.4 * by)):
        if what == "urine" and isinstance(visit.get(key), float | int):
            changed[key] = visit[key] + step
    for key, step in ((f"{chain[0]}_mg_l", 200 * by), (f"{chain[0]}_mg_dl", 20 * by)):
        if what == "chain" and key in visit:
            changed[key] = visit[key] + step
    if what == "marrow" and "bm_pc_pct" in visit:
        changed["bm_pc_pct"] = visit["bm_pc_pct"] + 20 * by
    if what == "clonal" and "bm_clonal" in visit:
        changed["bm_clonal"] = "pos"
    if (
        what == "ife"
        and "serum_ife" in visit
        and any(k in visit for k in ("serum_m_g_dl", "serum_m_g_l", "iga_mg_dl"))
    ):
        changed["serum_ife"] = "pos"
        changed.pop("serum_ife_isotype", None)
        changed.pop("dira", None)
    if what == "lesion" and "not_done" not in visit:
        changed["new_lesion"] = "soft_tissue"
    visits = [*case["visits"][:at], changed, *case["visits"][at + 1 :]]
    before, now = _course(case), _course({**case, "visits": visits})
    day = case_record(case)[4][at]
    for old, new in zip(before.visits, now.visits, strict=True):
        if old.day < day:
            assert DEPTH[new.confirmed] <= DEPTH[old.confirmed], (
                old.day,
                old.confirmed,
                new.confirmed,
            )


@settings(max_examples=200, deadline=None)
@given(SEEDS)
def test_confirmed_progression_stays_and_the_best_response_is_before_it(seed: int) -> None:
    course = _course(generate(seed))
    confirmed = [v.confirmed for v in course.visits]
    if "PD" in confirmed:
        assert set(confirmed[confirmed.index("PD") :]) == {"PD"}
        assert course.progression_day is not None
        if course.best_confirmed == "PD":  # nothing but progression was seen
            assert course.best_confirmed_day is not None
            assert set(confirmed) <= {"PD", "BL"}
        else:
            best_day = course.best_confirmed_day
            assert best_day is None or best_day < course.progression_day
    else:
        assert course.progression_day is None
    running = [DEPTH[c] for c in confirmed if c not in ("PD", "BL")]
    assert running == sorted(running)


@settings(max_examples=200, deadline=None)
@given(SEEDS)
def test_every_visit_says_why(seed: int) -> None:
    for visit in _course(generate(seed)).visits:
        assert visit.rule
        assert visit.reason


_NUMBER = st.one_of(st.floats(allow_nan=False, allow_infinity=True), st.floats(-5, 5), st.just(0.0))


@settings(max_examples=200, deadline=None)
@given(
    SEEDS,
    st.lists(
        st.tuples(st.integers(0, 40), _NUMBER, _NUMBER, st.booleans(), st.booleans()), max_size=12
    ),
    st.integers(-300, 400),
)
def test_any_values_give_an_answer(
    seed: int, changes: list[tuple[int, float, float, bool, bool]], start: int
) -> None:
    """Negative, infinite and absurd values, bounds of any kind, any start: an answer with its
    reason, never an exception.
    """
    record, criteria, _, _, _ = case_record(generate(seed))
    labs = list(record.labs)
    for place, a, b, low_open, high_open in changes:
        if labs:
            i = place % len(labs)
            if labs[i].quantity is not None:
                labs[i] = replace(
                    labs[i], quantity=Interval(min(a, b), max(a, b), low_open, high_open)
                )
    for window in (0, 7, 30):
        course = response_course(
            replace(record, labs=tuple(labs)),
            start=start,
            criteria=replace(criteria, visit_window=window),
        )
        assert course.best_confirmed in DEPTH
