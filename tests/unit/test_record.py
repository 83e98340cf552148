"""What could be known on a day: nothing dated, reported or unplaced that may be later."""

from __future__ import annotations

import pytest

from rearm.interval import Interval
from rearm.record import Death, Infusion, Lab, Record, Source, Therapy, Variant, When

S = Source("test", "row 1")
LAB = Lab(test="serum_m_protein", when=When.on(100), source=S, quantity=Interval.of(1.0))


def record(**events: object) -> Record:
    return Record(patient_id="P", source=S, **events)  # type: ignore[arg-type]


def test_a_result_is_known_when_it_is_reported() -> None:
    sequenced = Variant(
        gene="TNFRSF17", result="present", source=S, when=When.on(50), reported_day=62
    )
    r = record(labs=(LAB,), variants=(sequenced,))
    assert [len(r.known_at(day).variants) for day in (49, 50, 61, 62, 100)] == [0, 0, 0, 1, 1]


def test_a_death_without_a_day_is_not_known_before_the_last_day() -> None:
    r = record(labs=(LAB,), deaths=(Death(when=When(), cause="myeloma", source=S),))
    assert r.known_at(99).deaths == ()
    assert len(r.known_at(100).deaths) == 1


def test_therapies_and_infusions_without_a_day_keep_their_order() -> None:
    r = record(
        labs=(LAB,),
        therapies=(Therapy(source=S, line=1),),
        infusions=(Infusion(source=S, product="ide-cel"),),
    )
    seen = r.known_at(10)
    assert len(seen.therapies) == len(seen.infusions) == 1
    assert seen.labs == ()


def test_what_ends_later_loses_its_end_and_what_only_the_end_tells() -> None:
    therapy = Therapy(
        source=S,
        start=When.on(0),
        end=When.on(80),
        best_response="VGPR",
        stop_reason="toxicity",
        progression_on=True,
    )
    seen = record(therapies=(therapy,)).known_at(40).therapies[0]
    assert (seen.end, seen.best_response, seen.stop_reason, seen.progression_on) == (
        When(),
        None,
        None,
        None,
    )


@pytest.mark.parametrize(
    ("cell", "row"),
    [
        ("row 12, value", "row 12"),
        ("labs!C7", "labs!7"),
        ("row 12", "row 12"),
        ("Observation/m1", "Observation/m1"),
    ],
)
def test_a_cell_belongs_to_its_row(cell: str, row: str) -> None:
    assert Source("f", cell).row == Source("f", row).row == ("f", row)


def test_a_bound_that_straddles_a_limit_answers_unknown() -> None:
    below = Interval(0.0, 0.5, high_open=True)
    assert (below.below(0.5), below.below(0.3), below.at_least(0.5), below.above(0.6)) == (
        True,
        None,
        False,
        False,
    )
    assert Interval.of(1.7 - 1.2).at_least(0.5) is True


@pytest.mark.parametrize(
    ("cause", "of_myeloma"),
    [
        ("myeloma", True),
        ("infection; myeloma", True),
        ("myeloma; toxicity", True),
        ("infection", False),
        ("infection; toxicity", False),
        ("unknown", None),
        ("infection; unknown", None),
        ("", None),
    ],
)
def test_a_death_is_of_myeloma_where_myeloma_is_among_its_causes(
    cause: str, of_myeloma: bool | None
) -> None:
    assert Death(when=When.on(9), cause=cause, source=S).of_myeloma is of_myeloma
