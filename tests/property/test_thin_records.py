"""A record that knows less never states what the fuller one denies: 500 changes of generated
patients. The full count is `make gate-thin`, what contradicts what is `tests/support/claims.py`.
"""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from scripts.thin_records import tried
from tests.support.claims import contradictions
from tests.support.generated_patients import generated_patient
from tests.support.results import examples
from tests.support.thinner import changes

from rearm.assessment import Assessment

# Still open, each with its reason; `make gate-thin` lists all of 20,000.
KNOWN = {
    # a bound in place of the visit that denied a first rise: the two around it confirm each other
    (21, "number_to_bound labs row 17 value"),
    # a lesion seen on no known day is not placed after the infusion
    (37, "day_away imaging row 3 day"),
    # a lesion of the baseline without its name is compared with none of the later ones
    (37, "cell_away imaging row 2 lesion"),
}


@pytest.mark.slow
@pytest.mark.parametrize("start", range(0, 90, 18))
def test_less_never_states_what_more_denies(start: int) -> None:
    found = [one for number in range(start, start + 18) for one in tried(number)]
    assert len(found) == 108
    wrong = [(one.patient, one.told, one.contradictions) for one in found if one.contradictions]
    assert [one for one in wrong if one[:2] not in KNOWN] == []


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
