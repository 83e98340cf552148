"""A record that knows less never states what the fuller one denies: 200 changes of generated
patients. The full count is `make gate-thin`, what contradicts what is `tests/support/claims.py`.
"""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from scripts.thin_records import tried
from tests.support.claims import RESPONSES, SeenOnce, contradictions
from tests.support.generated_patients import generated_patient
from tests.support.results import examples
from tests.support.thinner import changes

from rearm.assessment import Assessment


@pytest.mark.slow
@pytest.mark.parametrize("start", range(0, 36, 18))
def test_less_never_states_what_more_denies(start: int) -> None:
    found = [one for number in range(start, start + 18) for one in tried(number)]
    assert len(found) == 108
    wrong = [(one.patient, one.told, one.contradictions) for one in found if one.contradictions]
    assert wrong == []


def test_every_kind_of_change_is_tried() -> None:
    kinds = {change for change, *_ in changes(generated_patient(0))}
    assert kinds == {
        "row_away",
        "cell_away",
        "day_to_month",
        "day_to_order",
        "day_away",
        "number_to_bound",
    }


def replace_failure(**fields: Any) -> Assessment:
    """The first example with another failure."""
    full = examples()["SYN-01"]
    return msgspec.structs.replace(
        full, failures=(msgspec.structs.replace(full.failures[0], **fields),)
    )


def test_a_contradiction_is_found() -> None:
    full = examples()["SYN-01"]
    (failure,) = full.failures
    assert (failure.status, failure.day) == ("failed", 402)
    wrong = replace_failure(status="not_failed", day=None, followed_to_day=416)
    assert list(contradictions(full, wrong)) == [
        "status failed (day 402), thinner: not_failed to day 416"
    ]
    assert list(contradictions(full, replace_failure(day=300))) == [
        "failed on day 402, thinner: day 300"
    ]
    assert list(contradictions(full, replace_failure(best_response="sCR"))) == [
        f"best response {failure.best_response}, thinner: sCR"
    ]
    assert list(contradictions(full, full)) == []


def test_what_was_seen_once_may_be_stated_only_where_its_denial_left_no_trace() -> None:
    full = examples()["SYN-01"]
    earlier = replace_failure(day=300)
    assert list(contradictions(full, earlier, SeenOnce(frozenset({300})))) == []
    assert list(contradictions(full, earlier, SeenOnce(frozenset({299})))) != []
    deeper = replace_failure(best_response="sCR")
    assert list(contradictions(full, deeper, SeenOnce(depth=RESPONSES.index("sCR")))) == []
    assert list(contradictions(full, deeper, SeenOnce(depth=RESPONSES.index("CR")))) != []
