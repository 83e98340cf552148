"""Which results are read: of two of one day, of several immunoglobulins, of a reported ratio."""

from __future__ import annotations

from typing import Any

import pytest
from tests.support.course_builder import lab, record, serum
from tests.support.loops import some

from rearm.interval import Interval
from rearm.outcome.failures import failures
from rearm.record import Lab
from rearm.response import ResponseCourse, load_criteria, response_course

IGG, IGA = ("IgG kappa",), ("IgA lambda",)


def course(labs: list[Lab], **parts: Any) -> ResponseCourse:
    criteria = load_criteria(**parts.pop("parameters", {}))
    return response_course(record(infusions=[], labs=labs, **parts), start=0, criteria=criteria)


def cr(*, without: str = "") -> list[Lab]:
    """CR on days 30 and 60 but for the clonality of the marrow; one test of day 60 left out."""
    days = (30, 60)
    labs = [*serum({-3: 3.0, **dict.fromkeys(days, 0.0)})]
    labs += [lab(f"{x}_immunofixation", d, "negative") for d in days for x in ("serum", "urine")]
    labs += [lab("marrow_plasma_cells", d, 1) for d in days]
    return [x for x in labs if (x.test, x.day) != (without, 60)]


def ife(word: str, bands: tuple[str, ...] = ()) -> Lab:
    return lab("serum_immunofixation", 60, word, isotype=bands)


CONFLICT = "two results of immunofixation of serum on day 60; the worse is used"


@pytest.mark.parametrize(
    ("first", "second", "response", "flags"),
    [
        (ife("negative"), ife("positive"), "VGPR", [CONFLICT]),
        (ife("positive"), ife("negative"), "VGPR", [CONFLICT]),
        (ife("positive", IGG), ife("positive", IGA), "VGPR", []),
        (ife("positive", IGA), ife("positive", IGG), "VGPR", []),
        (ife("positive", IGA), ife("positive"), "VGPR", []),
        (ife("positive"), ife("positive", IGA), "VGPR", []),
        (
            ife("positive", IGA),
            ife("positive", ("IgM kappa", *IGA)),
            "CR",
            [
                "bands on day 60 (IgA lambda, IgM kappa) do not belong to the original clone "
                "and are not counted"
            ],
        ),
    ],
)
def test_immunofixation_twice_on_a_day(
    first: Lab, second: Lab, response: str, flags: list[str]
) -> None:
    """IgG kappa disease: the clone is gone only where neither result leaves it open."""
    found = course([*cr(without="serum_immunofixation"), first, second])
    assert [(v.day, v.response) for v in found.visits] == [(30, "CR"), (60, response)]
    assert [f.text for f in found.flags if f.id in ("same_day_conflict", "other_bands")] == flags


@pytest.mark.parametrize(
    ("first", "second", "response"),
    [("polyclonal", "clonal", "CR"), ("clonal", "polyclonal", "CR"), ("polyclonal", None, "sCR")],
)
def test_clonality_twice_on_a_day(first: str, second: str | None, response: str) -> None:
    words = [word for word in (first, second) if word is not None]
    labs = [lab("flc_ratio", 60, 1.0), *[lab("marrow_clonality", 60, w) for w in words]]
    found = course([*cr(), *labs])
    assert found.visits[-1].response == response


def test_refused_results_stay_refused_whatever_follows() -> None:
    """A20 `refuse`: a third result that agrees with the first does not settle the conflict."""
    labs = [*serum({-3: 3.0, 30: 1.0}), lab("urine_m_protein_24h", 60, 0)]
    labs += [lab("serum_m_protein", 60, value) for value in (1.0, 0.4, 1.0)]
    refused = course(labs, parameters={"A20": "refuse"}).visits[-1]
    assert (refused.day, refused.response, refused.serum) == (60, "NE", None)
    assert refused.unusable == (
        "serum M-protein of day 60 is on record but could not be used (two results on one day)",
    )
    kept = course(labs).visits[-1]
    assert (kept.response, kept.serum) == ("PR", Interval(0.4, 1.0))


def test_two_numbers_of_one_day_decide_only_what_both_show() -> None:
    """0.25 and 0.85 g/dL, twice: neither progression nor none. 0.8 and 0.85: progression."""
    for pair, status in some([((0.25, 0.85), "cannot_be_judged"), ((0.8, 0.85), "failed")]):
        labs = serum({-3: 3.25, 30: 0.25, 239: pair[0], 269: pair[0]})
        labs += [lab("serum_m_protein", day, pair[1]) for day in (239, 269)]
        (found,) = failures(record(labs=labs))
        assert found.status == status
        assert [f.day for f in found.flags if f.id == "same_day_conflict"] == [239, 269]


def test_of_two_marrows_of_a_day_the_higher_counts() -> None:
    """Aspirate and biopsy."""
    labs = [*serum({-3: 3.0, 30: 1.0}), *[lab("marrow_plasma_cells", 30, x) for x in (4, 12)]]
    assert course(labs).visits[-1].marrow == (30, Interval.of(12.0))


def test_a_row_without_number_and_word_is_no_result() -> None:
    empty = Lab(
        test="serum_m_protein", when=lab("iga", 60, 1).when, source=lab("iga", 60, 1).source
    )
    found = course([*serum({-3: 3.0, 30: 1.0}), empty])
    assert [(v.day, v.response, v.serum is None) for v in found.visits] == [
        (30, "PR", False),
        (60, "NE", True),
    ]
    assert found.visits[-1].values == {}


def test_only_the_immunoglobulin_of_the_clone_stands_for_the_m_protein() -> None:
    """IgA disease by nephelometry: healthy IgG that recovers is no progression."""
    falling = {-3: 3000, 30: 900, 60: 900}
    rising = {-3: 300, 30: 500, 60: 1400}
    labs = [lab("iga", day, value) for day, value in falling.items()]
    labs += [lab("igg", day, value) for day, value in rising.items()]
    labs += [lab("urine_m_protein_24h", day, 0) for day in falling]
    found = course(labs, heavy_chain=("IgA",), parameters={"serum_marker": "quantitative_ig"})
    assert found.serum_test == "iga"
    assert [(v.response, v.reason) for v in found.visits] == [
        ("PR", "serum IgA 0.9 g/dL, 70.0 % down from 3 at baseline")
    ] * 2
    assert not any("igg" in v.values for v in found.visits)


@pytest.mark.parametrize(
    ("ratio", "reference", "response"),
    [
        (1.65, {}, "sCR"),
        (1.66, {}, "CR"),
        (0.25, {}, "CR"),
        (1.66, {"ref_low": 0.31, "ref_high": 2.56}, "sCR"),
        (0.3, {"ref_low": 0.31, "ref_high": 2.56}, "CR"),
        (2.57, {"ref_low": 0.31, "ref_high": 2.56}, "CR"),
        (1.66, {"ref_high": 2.56}, "CR"),
    ],
)
def test_a_ratio_reported_without_its_chains(
    ratio: float, reference: dict[str, float], response: str
) -> None:
    """The laboratory's own range counts where it gives both ends of it."""
    labs = [lab("flc_ratio", 60, ratio, **reference), lab("marrow_clonality", 60, "polyclonal")]
    found = course([*cr(), *labs])
    assert [(v.day, v.response) for v in found.visits] == [(30, "CR"), (60, response)]
