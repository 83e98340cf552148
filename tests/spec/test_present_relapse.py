"""The relapse to decide on: the last progression or suspicion, whichever line it ended.

Each row is a course of serum M-protein (g/dL) by day after a CAR-T on day 0, what was given since
and what the team stated; then what is to be decided on. All patients are invented.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from tests.support.course_builder import death, fact, lab, lesion, record, serum, team, therapy

from rearm.interval import Interval
from rearm.outcome.failures import failures
from rearm.outcome.relapse import DiseaseNow, present_relapse
from rearm.record import Lab, Record, Source, Therapy, When

# PR, then relapse on day 300 that is confirmed on day 330
CAR_T_FAILED = {-25: 3.0, 60: 0.4, 120: 0.4, 300: 1.3, 330: 1.9}
ON_TECLISTAMAB = {430: 0.2, 610: 0.2}
TECLISTAMAB_FAILED = {**ON_TECLISTAMAB, 830: 0.9, 858: 1.5}


def line(agents: str, start: int | When, **rest: Any) -> Therapy:
    when = When.on(start) if isinstance(start, int) else start
    source = Source("therapies", f"row of {agents}")
    return Therapy(
        source=source, start=when, agents=tuple(agents.split("+")), purpose="salvage", **rest
    )


def course(*parts: Mapping[int, float | Interval], **rest: Any) -> Record:
    series = {day: value for part in parts for day, value in part.items()}
    labs = [*serum(series), *rest.pop("more_labs", [])]
    return record(labs=labs, **rest)


def now(patient: Record) -> DiseaseNow:
    return present_relapse(patient, failures(patient))


TECLISTAMAB = line("teclistamab", 340)
MONTH = When(330, 360)
DAY = When.on

# name, the patient, after, status, certainty, the days, tempo
ROWS: list[tuple[str, Record, str, str, str, When, str | None]] = [
    ("never treated since", course(CAR_T_FAILED),
     "CAR-T", "failed", "confirmed", DAY(300), "rapid"),
    ("treated, and nobody knows whether that works",
     course(CAR_T_FAILED, therapies=[TECLISTAMAB]),
     "CAR-T", "failed", "confirmed", DAY(300), "rapid"),
    ("stable disease under the next line is no control",
     course(CAR_T_FAILED, {430: 1.7, 460: 1.7}, therapies=[TECLISTAMAB]),
     "CAR-T", "failed", "confirmed", DAY(300), "rapid"),
    ("the next line failed",
     course(CAR_T_FAILED, TECLISTAMAB_FAILED, therapies=[TECLISTAMAB]),
     "teclistamab", "failed", "confirmed", DAY(830), "rapid"),
    ("a rise that nobody repeated",
     course(CAR_T_FAILED, ON_TECLISTAMAB, {830: 0.9}, therapies=[TECLISTAMAB]),
     "teclistamab", "suspected", "unconfirmed", DAY(830), "intermediate"),
    ("the team alone saw it",
     course(CAR_T_FAILED, ON_TECLISTAMAB, therapies=[TECLISTAMAB], responses=[team(700, "PD")]),
     "teclistamab", "failed", "recorded_by_team", DAY(700), None),
    ("progression stated on the line: the day stays open",
     course(CAR_T_FAILED, therapies=[line("teclistamab", 340, progression_on=True)],
            last_seen_day=900),
     "teclistamab", "failed", "recorded_by_team", When(341, 900), None),
    ("stopped for progression",
     course(CAR_T_FAILED, therapies=[line("teclistamab", 340, stop_reason="progression")],
            last_seen_day=900),
     "teclistamab", "failed", "recorded_by_team", When(341, 900), None),
    ("a relapse that somebody states as a fact",
     course(CAR_T_FAILED, ON_TECLISTAMAB, therapies=[TECLISTAMAB],
            facts=[fact("disease_response", "progressing", 700)]),
     "teclistamab", "suspected", "signal", DAY(700), None),
    ("the line began in a month",
     course(CAR_T_FAILED, TECLISTAMAB_FAILED, therapies=[line("teclistamab", MONTH)]),
     "teclistamab", "failed", "confirmed", DAY(830), "rapid"),
    ("the line has no day, and progression on it is stated",
     course(CAR_T_FAILED, last_seen_day=900, therapies=[
         line("teclistamab", When(), after_infusion=1, progression_on=True)]),
     "teclistamab", "failed", "recorded_by_team", When(None, 900), None),
    ("a month of the team's that holds the start of the line is not of the line",
     course(CAR_T_FAILED, therapies=[TECLISTAMAB],
            responses=[team(345, "PD", when=When(330, 360))]),
     "CAR-T", "failed", "confirmed", DAY(300), "rapid"),
    ("the first progression on record is under the next line",
     course({-25: 3.0, 60: 0.4, 120: 0.4}, therapies=[TECLISTAMAB], responses=[team(840, "PD")]),
     "teclistamab", "failed", "recorded_by_team", DAY(840), None),
    ("recorded in the first days of the next line it is of the CAR-T",
     course({-25: 3.0, 60: 0.4, 120: 0.4}, therapies=[TECLISTAMAB], responses=[team(345, "PD")]),
     "CAR-T", "failed", "recorded_by_team", DAY(345), None),
    ("the second line failed after the first",
     course(CAR_T_FAILED, TECLISTAMAB_FAILED, {900: 0.6, 960: 0.6, 1100: 1.4, 1130: 1.5},
            therapies=[TECLISTAMAB, line("talquetamab", 862)]),
     "talquetamab", "failed", "confirmed", DAY(1100), "intermediate"),
    ("steroids alone and support make no line",
     course(CAR_T_FAILED, therapies=[therapy(335, "supportive", agents=("aciclovir",))]),
     "CAR-T", "failed", "confirmed", DAY(300), "rapid"),
    ("death of myeloma under the line",
     course(CAR_T_FAILED, ON_TECLISTAMAB, therapies=[TECLISTAMAB], deaths=[death(800, "myeloma")]),
     "teclistamab", "failed", "recorded_by_team", DAY(800), None),
]  # fmt: skip


@pytest.mark.parametrize(
    ("patient", "after", "status", "certainty", "when", "tempo"),
    [row[1:] for row in ROWS],
    ids=[row[0] for row in ROWS],
)
def test_the_relapse_to_decide_on(
    patient: Record, after: str, status: str, certainty: str, when: When, tempo: str | None
) -> None:
    relapse = now(patient).relapse
    assert relapse is not None
    assert (relapse.after, relapse.status, relapse.certainty) == (after, status, certainty)
    assert relapse.when == when
    assert relapse.tempo == tempo


# name, the patient, what is watched, after what
CONTROLLED: list[tuple[str, Record, str | None, str | None]] = [
    ("never relapsed", course({-25: 3.0, 60: 0.1, 120: 0.1}), "response", "CAR-T"),
    ("the next line works",
     course(CAR_T_FAILED, ON_TECLISTAMAB, therapies=[TECLISTAMAB]), "response", "teclistamab"),
    ("the team says that it works",
     course(CAR_T_FAILED, therapies=[TECLISTAMAB], responses=[team(430, "VGPR")]),
     "response", "teclistamab"),
    ("the second line works after the first failed",
     course(CAR_T_FAILED, TECLISTAMAB_FAILED, {900: 0.3, 960: 0.2},
            therapies=[TECLISTAMAB, line("talquetamab", 862)]),
     "response", "talquetamab"),
    ("nothing can be judged", course({-25: 3.0}), None, None),
    ("no infusion", record(infusions=[], labs=serum({0: 1.0, 60: 3.0, 90: 4.0})), None, None),
]  # fmt: skip


@pytest.mark.parametrize(
    ("patient", "code", "after"),
    [row[1:] for row in CONTROLLED],
    ids=[row[0] for row in CONTROLLED],
)
def test_without_a_relapse_it_is_told_what_is_watched(
    patient: Record, code: str | None, after: str | None
) -> None:
    disease = now(patient)
    assert disease.relapse is None
    watching = disease.watching
    assert (watching and watching.code, watching and watching.after) == (code, after)


def test_each_line_has_its_own_baseline_and_response() -> None:
    (outcome,) = now(course(CAR_T_FAILED, TECLISTAMAB_FAILED, therapies=[TECLISTAMAB])).lines
    assert outcome.failure.course is not None
    assert outcome.failure.course.baseline.days["serum_m_protein"] == 330
    # 1.9 to 0.2 is a fall by 89 %
    assert outcome.failure.best_response == "PR"
    assert outcome.refractory is True


BELOW = Interval(0, 0.1, high_open=True)


def chain(kappa: Mapping[int, float], more: Sequence[Lab] = ()) -> Record:
    """The involved light chain in mg/L, with the other one normal."""
    pairs = [(day, "kappa_flc", value) for day, value in kappa.items()]
    pairs += [(day, "lambda_flc", 10.0) for day in kappa]
    labs = [lab(test, day, value) for day, test, value in pairs]
    return record(labs=[*labs, *more])


# the marker up to its last value, and what was looked at: tempo
BLOOD = [
    lab(test, 300, value)
    for test, value in (("hemoglobin", 12.8), ("creatinine", 0.9), ("calcium_corrected", 9.4))
]
PET = [lesion(300, None, method="PET-CT", result="negative")]
SLOW = {-25: 3.0, 60: 0.1, 120: 0.1, 180: 0.5, 300: 0.65, 420: 0.75}
TEMPO: list[tuple[str, Record, str | None]] = [
    ("doubles in 38 days", course({-25: 3.0, 60: 0.2, 300: 0.9, 328: 1.5}), "rapid"),
    ("doubles in 97 days", course({-25: 3.0, 60: 0.2, 300: 0.7, 335: 0.9}), "intermediate"),
    ("over 180 days, and all was looked at",
     course(SLOW, more_labs=BLOOD, imaging=PET), "slow"),
    ("over 180 days, the whole body never examined", course(SLOW, more_labs=BLOOD), None),
    ("over 180 days, the blood not examined", course(SLOW, imaging=PET), None),
    # from below 0.5 g/dL a doubling is counted from there: at most 24 days
    ("0.4 to 1.2 in 30 days", course({-25: 3.0, 60: 0.2, 300: 0.4, 330: 1.2}), "rapid"),
    ("0.2 to 0.4: too low to count, only the rise",
     course({-25: 3.0, 60: 0.1, 300: 0.2, 330: 0.4}), None),
    ("0.3 to 0.55 in 40 days may be anything: 46 to 291 days",
     course({-25: 3.0, 60: 0.1, 300: 0.3, 340: 0.55}), None),
    ("0.2, 0.7, 0.9 in 69 days: 32 to 81 days, not surely rapid",
     course({-25: 3.0, 60: 0.1, 490: 0.2, 545: 0.7, 559: 0.9}), "intermediate"),
    # the last pair is too near, so the value before it counts, however long before
    ("the last two 25 days apart, one long before: 149 to 232 days",
     course({-35: 2.9, 75: 0.28, 395: 1.1, 420: 1.4}), "intermediate"),
    ("less than four weeks apart, and nothing before",
     course({-25: 3.0, 10: 0.8, 34: 1.4}), None),
    ("less than four weeks apart, and a value long before: 101 to 206 days",
     course({-25: 3.0, 60: 0.2, 300: 0.8, 320: 1.2}), "intermediate"),
    ("from not measurable, which is below 0.1 g/dL",
     course({-25: 3.0, 60: BELOW, 300: BELOW, 340: 1.6}), "rapid"),
    ("light chain of 85, 900, 1700 mg/L within 155 days: 36 to 38 days",
     chain({-25: 2000, 60: 85, 190: 900, 215: 1700}), "rapid"),
    ("the chain doubles where the M-protein is too low to count",
     chain({-25: 2000, 60: 30, 200: 150, 240: 600}, serum({-25: 1.2, 60: 0, 200: 0, 240: 0.2})),
     "rapid"),
    ("a new lesion beside a flat marker",
     course({-25: 3.0, 60: 0.2, 300: 0.2}, imaging=[
         lesion(60, None, method="PET-CT", result="negative"),
         lesion(300, method="PET-CT", kind="extramedullary", new=True)]), "rapid"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("patient", "tempo"), [row[1:] for row in TEMPO], ids=[row[0] for row in TEMPO]
)
def test_tempo(patient: Record, tempo: str | None) -> None:
    relapse = now(patient).relapse
    assert relapse is not None
    assert relapse.tempo == tempo
