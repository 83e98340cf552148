"""Virtual trials: same patients in every arm, plans that are refused, outcomes in order."""

import json
import math
from typing import Any

import pytest

pytest.importorskip("numba")

from rearm.mechanism import MechanismError
from rearm.mechanism.trial import run_trial
from rearm.report.mechanism import trial_page, trial_text

pytestmark = pytest.mark.slow

PLAN = {
    "title": "t",
    "product": "ide-cel",
    "patients": 300,
    "months": 24,
    "arm": [
        {"name": "none"},
        {"name": "same target", "step": [{"give": ["bispecific_bcma"], "rest": 21}]},
        {
            "name": "by antigen",
            "step": [
                {"give": ["bispecific_gprc5d"], "only_if": "bcma_negative"},
                {"give": "cilta-cel", "rest": 30},
            ],
        },
    ],
}


def test_arms_share_their_first_course_and_repeat_exactly() -> None:
    a, b = run_trial(PLAN), run_trial(PLAN)
    assert a.to_dict() == b.to_dict()
    first = [arm.steps[0] for arm in a.arms]
    assert first[0] == first[1] == first[2]
    assert len(a.arms[0].steps) == 1 and len(a.arms[1].steps) == 2


def test_further_therapy_never_shortens_the_sequence() -> None:
    result = run_trial(PLAN)
    none, same = result.arms[0].whole, result.arms[1].whole
    assert all(b[1] >= a[1] - 1e-9 for a, b in zip(none.curve, same.curve, strict=True))
    assert all(
        low <= v + 1e-9 and v <= high + 1e-9
        for v, low, high in (s.orr for arm in result.arms for s in arm.steps)
    )


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"arm": []}, r"no \[\[arm\]\]"),
        ({"product": "x"}, "is not in the model"),
        ({"patients": 5}, "between 100 and 200000"),
        ({"wrong": 1}, "is not known"),
        ({"arm": [{"step": [{"give": ["aspirin"]}]}]}, "'aspirin' is not in the model"),
        ({"arm": [{"step": [{"give": ["pi"], "when": "day"}]}]}, "number of days"),
        ({"arm": [{"step": [{"give": ["pi"], "only_if": "tall"}]}]}, "only_if"),
        ({"arm": 3}, r"written as \[\[arm\]\]"),
        ({"arm": [3]}, r"written as \[\[arm\]\]"),
        ({"arm": [{"step": 4}]}, r"written as \[\[arm.step\]\]"),
        ({"arm": [{"step": [{"give": 5}]}]}, "nothing is given"),
        ({"arm": [{"step": [{"give": [["pi"]]}]}]}, "is not in the model"),
        ({"arm": [{"step": [{"give": ["pi"], "dose": -4}]}]}, "'dose' is not known"),
        (
            {"arm": [{"step": [{"give": ["pi"], "rest": -40}]}]},
            "rest must be a number between 0 and 3650, not -40",
        ),
        ({"arm": [{"step": [{"give": ["pi"], "rest": float("nan")}]}]}, "rest must be a number"),
        ({"arm": [{"step": [{"give": ["pi"], "weeks": 0}]}]}, "weeks must be a number"),
        (
            {"arm": [{"step": [{"give": ["pi"], "when": "day", "day": "x"}]}]},
            "day must be a number",
        ),
        ({"arm": [{"name": "a"}, {"name": "a"}]}, "is taken"),
        ({"arm": [{"name": str(i)} for i in range(9)]}, "at most 8"),
        ({"patients": 0}, "between 100 and 200000, not 0"),
        ({"patients": "many"}, "whole number"),
        ({"months": float("inf")}, "months must be a number"),
        ({"seed": -1}, "seed must be a whole number"),
        ({"trial_size": 0}, "trial_size must be a whole number"),
        ({"population": "x"}, "population: 'x' is not in the model"),
        ({"title": 5}, "title must be a text"),
    ],
)
def test_a_plan_that_cannot_be_used_is_refused_in_a_sentence(
    change: dict[str, Any], words: str
) -> None:
    with pytest.raises(MechanismError, match=words):
        run_trial({**PLAN, **change})


def test_page_and_text() -> None:
    result = run_trial(PLAN)
    assert "hypothesis, not a test" in trial_page(result) and "same target" in trial_text(result)


def test_a_median_that_is_not_reached_is_null_in_json_and_an_unreached_step_is_said() -> None:
    never = {"name": "late", "step": [{"give": ["pi"], "when": "day", "day": 3000}]}
    result = run_trial({**PLAN, "product": "cilta-cel", "months": 6, "arm": [never]})
    assert math.isinf(result.arms[0].whole.pfs_median[0])
    assert "null" in json.dumps(result.to_dict(), allow_nan=False)
    assert "late: nobody reached 1 of its 1 steps within 6 months" in trial_text(result)
    assert "not reached" in trial_page(result)
