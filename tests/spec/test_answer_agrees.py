"""A stored answer that no assessment gives is refused with a sentence, and each that one gives is
read.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest
from tests.support.answered import answered
from tests.support.results import examples, generated

from rearm.assessment import Assessment
from rearm.assessment.result import ResultError
from rearm.assessment.result.agreement import contradiction

Plain = dict[str, Any]


def state(code: str) -> Callable[[Plain], None]:
    def edit(plain: Plain) -> None:
        plain["answer"]["state"] = code

    return edit


def labels_swapped(plain: Plain) -> None:
    first, second = plain["answer"]["tiers"][:2]
    first["tier"], second["tier"] = second["tier"], first["tier"]


def tier_twice(plain: Plain) -> None:
    tiers = plain["answer"]["tiers"]
    tiers[1]["tier"] = tiers[0]["tier"]


def strategy_twice(plain: Plain) -> None:
    tiers = plain["answer"]["tiers"]
    tiers[1]["strategies"].append(copy.deepcopy(tiers[0]["strategies"][0]))


def without_relapse(plain: Plain) -> None:
    plain["relapse"] = None


def leader_of_another(plain: Plain) -> None:
    tiers = plain["answer"]["tiers"]
    tiers[0]["strategies"][0]["option"] = tiers[1]["strategies"][0]["option"]


def leader_excluded(plain: Plain) -> None:
    leader = plain["answer"]["tiers"][0]["strategies"][0]["option"]
    next(x for x in plain["options"] if x["id"] == leader)["verdict"] = "excluded"


@pytest.mark.parametrize(
    ("edit", "told"),
    [
        (state("controlled"), "controlled has strategies"),
        (state("cannot_judge"), "cannot_judge has strategies"),
        (labels_swapped, "tiers are not in their order"),
        (tier_twice, "tiers are not in their order"),
        (strategy_twice, "appears twice"),
        (without_relapse, "no relapse to decide on"),
        (leader_of_another, "none of its strategy"),
        (leader_excluded, "is excluded and stands in the tier"),
    ],
)
def test_an_answer_edited_by_hand_is_refused(edit: Callable[[Plain], None], told: str) -> None:
    plain = examples()["SYN-07"].to_dict()
    edit(plain)
    with pytest.raises(ResultError, match=told):
        Assessment.from_dict(plain)


def test_a_calm_result_made_to_choose_is_refused() -> None:
    plain = examples()["SYN-08"].to_dict()
    plain["answer"]["state"] = "choose"
    with pytest.raises(ResultError, match="no relapse to decide on"):
        Assessment.from_dict(plain)


def test_every_answer_of_an_assessment_agrees() -> None:
    results = [*answered().values(), *generated(30)]
    assert len({x.answer.state for x in results}) >= 6
    assert [(x.patient_id, why) for x in results if (why := contradiction(x))] == []
