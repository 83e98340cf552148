"""Virtual trials: same patients in every arm, plans that are refused, outcomes in order."""

import pytest

pytest.importorskip("numba")

from rearm.mechanism import MechanismError
from rearm.mechanism.trial import run_trial
from rearm.report.mechanism import trial_page, trial_text

PLAN = {
    "title": "t",
    "product": "ide-cel",
    "patients": 300,
    "months": 24,
    "arm": [
        {"name": "none"},
        {"name": "same target", "step": [{"give": ["bispecific_bcma"], "rest": 21}]},
        {"name": "by antigen", "step": [{"give": ["bispecific_gprc5d"], "only_if": "bcma_negative"}, {"give": "cilta-cel", "rest": 30}]},
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
    assert all(low <= v + 1e-9 and v <= high + 1e-9 for v, low, high in (s.orr for arm in result.arms for s in arm.steps))


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
    ],
)
def test_a_plan_that_cannot_be_used_is_refused_in_a_sentence(change: dict[str, object], words: str) -> None:
    with pytest.raises(MechanismError, match=words):
        run_trial({**PLAN, **change})


def test_page_and_text() -> None:
    result = run_trial(PLAN)
    assert "hypothesis, not a test" in trial_page(result) and "same target" in trial_text(result)
