"""What moves if a fact was otherwise: one line for each question that a board asks of the invented
patients, with the state and the first choice then, and what else moves, with the reason.

    patient | if            | is               | state then | first choice then | also, because
"""

from __future__ import annotations

import pytest
from tests.support.what_if import assumed, supposed

from rearm.assessment.moves import moves, tiers

TABLE = """
SYN-01 | gprc5d_status    | lost             | choose          | none                                | bispecific-gprc5d: first > not_possible, because The relapsed clone has lost GPRC5D
SYN-01 | bcma_status      | retained         | choose          | bispecific-bcma bispecific-gprc5d   | adc-bcma: not_possible > situational, because The patient responded to the CAR-T, BCMA is retained
SYN-02 | cns_disease      | yes              | emergency_first | cns-directed corticosteroid radiotherapy | cns-directed: avoid > first, because The central nervous system is a separate compartment
SYN-02 | ecog             | 4                | choose          | none                                | clinical-trial: situational > avoid, because Trials exclude ECOG 3 or worse
SYN-02 | t_11_14          | yes              | choose          | bispecific-gprc5d                   | bcl2-inhibitor: not_possible > alternative, because The clone has t(11;14)
SYN-02 | bcma_status      | unknown          | choose          | bispecific-gprc5d                   | nothing
SYN-03 | cord_compression | yes              | emergency_first | corticosteroid radiotherapy         | radiotherapy: situational > first, because The cord is compressed
SYN-04 | bcma_status      | lost             | choose          | bispecific-gprc5d                   | bispecific-bcma: first > not_possible, because The relapsed clone has lost BCMA
SYN-04 | bcma_status      | retained or lost | choose          | bispecific-gprc5d                   | bispecific-bcma: first > alternative, because The patient responded to the BCMA CAR-T
SYN-05 | ecog             | at least 3       | choose          | none                                | clinical-trial: first > avoid, because Trials exclude ECOG 3 or worse
SYN-05 | ecog             | 0 to 1           | choose          | bispecific-combination clinical-trial | nothing
SYN-06 | goals_of_care    | comfort_only     | comfort         | supportive-care                     | bispecific-gprc5d: first > avoid, because The stated goal is comfort
SYN-07 | hypercalcaemia   | yes              | emergency_first | corticosteroid                      | corticosteroid: alternative > first, because A dose today lowers calcium
SYN-08 | failure          | recorded_by_team | choose          | bispecific-gprc5d                   | bispecific-gprc5d: no place > first
SYN-09 | failure          | confirmed        | choose          | bispecific-gprc5d                   | bispecific-gprc5d: situational > first, because The patient never received GPRC5D therapy
SYN-09 | failure          | none             | controlled      | none                                | bispecific-gprc5d: situational > no place
SYN-10 | active_infection | no               | choose          | none                                | celmod: avoid > situational, because CELMoDs work after many lines
"""  # noqa: E501


def _rows() -> list[list[str]]:
    return [[cell.strip() for cell in line.split("|")] for line in TABLE.strip().splitlines()]


@pytest.mark.parametrize(
    ("patient", "what", "value", "state", "first", "also"),
    _rows(),
    ids=lambda cell: cell if len(cell) < 20 else "",
)
def test_what_moves_if_a_fact_was_otherwise(
    patient: str, what: str, value: str, state: str, first: str, also: str
) -> None:
    before, after = supposed(patient, assumed(what, value))
    assert after.answer.state == state
    high = sorted(name for name, tier in tiers(after).items() if tier == "first")
    assert (" ".join(high) or "none") == first
    moved = {x.what: x for x in moves(before, after) if x.kind == "strategy"}
    if also == "nothing":
        assert not moved
        return
    where, _, because = also.partition(", because ")
    strategy, _, places = where.partition(": ")
    was, _, now = places.partition(" > ")
    move = moved[strategy]
    assert (move.before or "no place", move.after or "no place") == (was, now)
    assert bool(because) == bool(move.come)
    assert any(x.text.startswith(because) for x in move.come) or not because


def test_several_facts_together_move_what_none_moves_alone() -> None:
    facts = [assumed(*x) for x in (("ecog", "1"), ("active_infection", "no"),
                                   ("goals_of_care", "unknown"))]  # fmt: skip
    for fact in facts:
        assert tiers(supposed("SYN-10", fact)[1]).get("bispecific-gprc5d") != "first"
    assert tiers(supposed("SYN-10", *facts)[1])["bispecific-gprc5d"] == "first"


def test_an_emergency_that_is_assumed_is_an_alert_and_one_that_is_not_is_lost() -> None:
    before, after = supposed("SYN-02", assumed("cns_disease", "yes"))
    alerts = [(x.what, x.before, x.after) for x in moves(before, after) if x.kind == "alert"]
    assert alerts == [("cns_disease", None, "certain")]
    assert not after.lost_alerts
    _, after = supposed("SYN-10", assumed("active_infection", "no"))
    assert [(x.id, x.status) for x in after.lost_alerts] == [("infection", "certain")]
