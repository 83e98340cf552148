"""What a centre has: an option that is not there keeps its tier, says so, and does not lead where
another of its strategy is there.
"""

from __future__ import annotations

from functools import cache

import pytest
from tests.support.loops import some
from tests.support.places import ROOT

import rearm
from rearm.assessment import Assessment, AssessmentError, Centre, assess
from rearm.record import Record
from rearm.report.assessment.answer_words import answer_lines


@cache
def records() -> dict[str, Record]:
    return {x.patient_id: x for x in rearm.read(ROOT / "examples" / "tables").records}


def of(patient: str, **options: str) -> Assessment:
    named = {name.replace("_", "-"): here for name, here in options.items()}
    return assess(records()[patient], centre=Centre(options=named))  # type: ignore[arg-type]


def leads(result: Assessment, strategy: str) -> str:
    (found,) = [x for t in result.answer.tiers for x in t.strategies if x.strategy == strategy]
    return found.option


def tiers(result: Assessment) -> dict[str, str]:
    return {x.strategy: t.tier for t in result.answer.tiers for x in t.strategies}


@pytest.mark.parametrize(
    ("options", "leading"),
    [
        #                 the centre says                                       leads
        ({}, "teclistamab"),
        ({"teclistamab": "available"}, "teclistamab"),
        ({"teclistamab": "on_request"}, "teclistamab"),
        ({"teclistamab": "not_here"}, "elranatamab"),
        # the others of the strategy would stand in a lower tier, so that none of them leads
        ({"teclistamab": "not_here", "elranatamab": "not_here"}, "teclistamab"),
    ],
)
def test_an_option_that_the_centre_has_leads_its_strategy(
    options: dict[str, str], leading: str
) -> None:
    assert leads(of("SYN-04", **options), "bispecific-bcma") == leading


def test_what_the_centre_has_moves_no_strategy() -> None:
    everything = of("SYN-04")
    nothing = of("SYN-04", **{o.id.replace("-", "_"): "not_here" for o in everything.options})
    assert tiers(nothing) == tiers(everything)
    assert {o.id: o.verdict for o in nothing.options} == {
        o.id: o.verdict for o in everything.options
    }


def test_the_line_says_that_it_is_not_here() -> None:
    lines = {x.option_id: x for x in answer_lines(of("SYN-01", talquetamab="not_here"))}
    assert lines["talquetamab"].access.endswith("; not here")
    noted = Centre(options={"talquetamab": "on_request"}, notes={"talquetamab": "two weeks"})
    lines = {x.option_id: x for x in answer_lines(assess(records()["SYN-01"], centre=noted))}
    assert lines["talquetamab"].access.endswith("; here on request (two weeks)")


def test_without_a_list_nothing_is_said_of_it() -> None:
    for option in some(of("SYN-01").options):
        assert option.here is None
    assert "not_here" not in of("SYN-01").to_json()


def test_an_option_that_there_is_none_of_is_refused() -> None:
    with pytest.raises(AssessmentError, match=r"talquetomab.*talquetamab"):
        of("SYN-01", talquetomab="not_here")
