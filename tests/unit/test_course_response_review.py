"""Courses and their output as a registry met them: what must not be silent, and what an unreadable
or unknown thing may not become.
"""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from rich.console import Console
from tests.support.course_builder import (
    condition,
    death,
    infusion,
    lab,
    lesion,
    record,
    serum,
    src,
    team,
    therapy,
)
from tests.support.loops import some

from rearm.export.adam import write_frames
from rearm.export.response_json import response_object
from rearm.interval import Interval, Undetected
from rearm.outcome.failures import failures
from rearm.outcome.patient_course import patient_course
from rearm.record import Imaging, Record, When
from rearm.report.response.page import course_row, response_index, response_page
from rearm.report.response.plots import spider
from rearm.report.response.terminal import print_course
from rearm.response.course import ResponseCourse, response_course
from rearm.response.criteria import load_criteria

FALL = {-3: 3.0, 28: 1.0, 56: 1.0}


def object_of(patient: Record) -> dict[str, Any]:
    return response_object(patient_course(patient))


def course(**parts: Any) -> ResponseCourse:
    criteria = load_criteria(**parts.pop("parameters", {}))
    return response_course(record(**parts), start=0, criteria=criteria)


def clean(*days: int) -> list[Any]:
    """Complete response but for lesions: both immunofixations negative, marrow 1 % at the first
    day.
    """
    labs = [
        lab(t, d, "negative")
        for d in days
        for t in ("serum_immunofixation", "urine_immunofixation")
    ]
    return [
        *serum({-3: 3.0, **dict.fromkeys(days, 0.0)}),
        *labs,
        lab("marrow_plasma_cells", days[0], 1),
    ]


def unread(day: int, name: str | None = "L1", **rest: Any) -> Imaging:
    """A lesion with sizes, of which the table says neither positive nor negative."""
    sizes = {"length_mm": 40.0, "width_mm": 30.0}
    return Imaging(
        source=src(f"imaging {day}"),
        when=When.on(day),
        method="PET-CT",
        lesion=name,
        **{**sizes, **rest},
    )


def imaged(day: int, **rest: Any) -> Imaging:
    """An examination that shows nothing."""
    return replace(lesion(day, result="negative"), **{"lesion": None, **rest})


def flag(patient: Record, name: str) -> dict[str, Any] | None:
    return next((f for f in object_of(patient)["flags"] if f["id"] == name), None)


def printed(patient: Record) -> str:
    out = io.StringIO()
    print_course(Console(file=out, width=400), patient_course(patient))
    return out.getvalue()


# ---- lesions


@pytest.mark.parametrize(
    ("rows", "response"),
    [
        ([unread(-3)], "VGPR"),
        ([unread(30)], "VGPR"),
        ([unread(-3, None)], "VGPR"),
        ([unread(-3), lesion(20, result="negative", method="PET-CT")], "CR"),
        ([unread(-3), lesion(20, "L2", result="negative", method="PET-CT")], "VGPR"),
        ([unread(-3, kind="bone")], "CR"),
        ([unread(-300)], "CR"),
        # a whole examination is told by one of its kind, not by a lesion or by another kind
        ([unread(-3, None), imaged(20)], "CR"),
        ([unread(-3, None), imaged(20, kind="plasmacytoma")], "CR"),
        ([unread(-3, None), imaged(20, kind="bone")], "VGPR"),
        ([unread(-3, None), imaged(20, lesion="L1")], "VGPR"),
        ([unread(-3, None), imaged(-10)], "VGPR"),
        ([unread(90)], "CR"),
        ([], "CR"),
    ],
)
def test_an_examination_that_could_not_be_read_is_not_a_free_one(
    rows: list[Any], response: str
) -> None:
    found = course(labs=clean(30, 60), imaging=rows)
    judged = [v for v in found.visits if v.day in (30, 60)]
    assert [v.response for v in judged] == [response, response]
    if response == "VGPR":
        assert any(
            m.startswith("a readable result of the ") and m.endswith(" (for CR)")
            for m in judged[0].missing
        )


@pytest.mark.parametrize(
    ("rows", "responses", "says"),
    [
        ([lesion(30, length_mm=20, width_mm=20)], ["PR", "PR"], None),
        (
            [lesion(30, length_mm=20, width_mm=20), unread(60)],
            ["PR", "SD"],
            "a readable result of the PET-CT of day 60 (L1)",
        ),
        ([unread(30)], ["SD", "SD"], "a readable result of the PET-CT of day 30 (L1)"),
        ([unread(30), lesion(60, length_mm=20, width_mm=20)], ["SD", "PR"], None),
    ],
)
def test_an_unreadable_examination_ends_what_the_one_before_said(
    rows: list[Any], responses: list[str], says: str | None
) -> None:
    found = course(
        labs=serum({-3: 3.0, 30: 1.0, 60: 1.0}),
        imaging=[lesion(-3, length_mm=50, width_mm=40), *rows],
    )
    assert [v.response for v in found.visits] == responses
    assert says is None or says in found.visits[1].missing


@pytest.mark.parametrize(
    ("before", "after", "progressed"),
    [
        ({"length_mm": 20, "width_mm": 15}, {"length_mm": 30, "width_mm": 20}, True),
        ({"length_mm": 20, "width_mm": 10}, {"length_mm": 30, "width_mm": 12}, False),
        ({"length_mm": 20, "width_mm": 15}, {"length_mm": 29, "width_mm": 20}, False),
        (
            {"length_mm": 20, "width_mm": 15, "short_axis_mm": 9},
            {"length_mm": 30, "width_mm": 20},
            False,
        ),
    ],
)
def test_the_diameter_across_is_the_short_axis(
    before: dict[str, Any], after: dict[str, Any], progressed: bool
) -> None:
    found = course(
        labs=serum({**FALL, 100: 1.0}),
        imaging=[lesion(-3, **before), lesion(60, **before), lesion(100, **after)],
    )
    assert (found.progression_day == 100) is progressed


@pytest.mark.parametrize("short_at_baseline", [None, 15])
def test_growth_whose_short_axis_nobody_stated_is_said(short_at_baseline: float | None) -> None:
    """Above 1 cm at baseline says nothing of the lesion as it was when it was smallest."""
    rows = [
        lesion(-3, length_mm=30, short_axis_mm=short_at_baseline),
        lesion(60, length_mm=20),
        lesion(100, length_mm=40),
    ]
    patient = record(labs=serum({**FALL, 100: 1.0}), imaging=rows)
    said = flag(patient, "lesion_growth_unjudged")
    assert said is not None and said["day"] == 100 and "20 to 40 mm" in said["text"]
    assert course(labs=serum({**FALL, 100: 1.0}), imaging=rows).progression_day is None


def test_a_lesion_that_was_never_thicker_than_its_longest_diameter_is_small() -> None:
    rows = [
        lesion(-3, length_mm=30, short_axis_mm=15),
        lesion(60, length_mm=9),
        lesion(100, length_mm=15),
    ]
    patient = record(labs=serum({**FALL, 100: 1.0}), imaging=rows)
    assert flag(patient, "lesion_growth_unjudged") is None
    assert course(labs=serum({**FALL, 100: 1.0}), imaging=rows).progression_day is None


def test_a_lesion_that_vanished_and_is_back_is_new_whatever_its_size() -> None:
    rows = [
        lesion(-3, length_mm=30, short_axis_mm=15),
        lesion(60, result="negative"),
        lesion(100, length_mm=8, short_axis_mm=6, new=False),
    ]
    found = course(labs=serum({**FALL, 100: 1.0}), imaging=rows)
    assert (found.progression_day, found.progression_criteria) == (100, ("new_lesion",))


def test_the_plasmacytomas_stand_among_the_values() -> None:
    rows = [lesion(-3, length_mm=50, width_mm=40), lesion(60, length_mm=30, width_mm=20)]
    patient = record(labs=serum({**FALL, 60: 1.0}), imaging=rows)
    found = object_of(patient)
    assert found["baseline"]["lesions"] == "2000 mm2"
    assert [v["lesions"] for v in found["visits"]] == [None, None, "600 mm2"]
    assert "plasmacytomas 600 mm2" in printed(patient) and "plasmacytomas 600 mm2" in " ".join(
        response_page(patient_course(patient)).split()
    )


def test_no_lack_of_response_where_none_could_be_called() -> None:
    nothing = record(
        labs=[lab("marrow_plasma_cells", d, v) for d, v in ((-3, 20), (60, 8), (85, 8))]
    )
    assert flag(nothing, "no_response_by_day_90") is None
    unmeasured = record(
        labs=serum({-3: 3.0, 60: 0.5, 85: 0.5}), imaging=[lesion(-3, length_mm=50, width_mm=40)]
    )
    assert flag(unmeasured, "no_response_by_day_90") is None
    assert (
        flag(record(labs=serum({-3: 3.0, 60: 2.9, 85: 2.9})), "no_response_by_day_90") is not None
    )


# ---- reasons that must be said


def test_clinical_relapse_is_shown_with_its_ground() -> None:
    labs = [
        *serum({**FALL, 180: 1.2}),
        lab("calcium_corrected", -3, 9.4),
        lab("calcium_corrected", 180, 11.8),
    ]
    patient = record(labs=labs, conditions=[condition("hypercalcaemia", 180, attributed=True)])
    said = flag(patient, "clinical_relapse")
    assert (
        said is not None
        and said["day"] == 180
        and "corrected calcium 11.8 mg/dL" in said["text"]
        and "due to myeloma" in said["text"]
    )
    assert "Clinical relapse on day 180" in printed(
        patient
    ) and "Clinical relapse" in response_page(patient_course(patient))
    assert flag(record(labs=labs), "clinical_relapse") is None


@pytest.mark.parametrize("involved", ["kappa", "lambda"])
@pytest.mark.parametrize(("healthy", "day"), [(0, 56), (5, 56), (1000, None)])
def test_biochemical_relapse_by_a_chain_beside_none_of_the_other(
    involved: str, healthy: float, day: int | None
) -> None:
    """A healthy chain of 0 makes the ratio as abnormal as it can be, for either chain."""
    other = {"kappa": "lambda", "lambda": "kappa"}[involved]
    values = {-3: 900, 28: 20, 56: 300, 84: 320}
    labs = [lab(f"{involved}_flc", d, value) for d, value in values.items()]
    labs += [lab(f"{other}_flc", d, healthy) for d in values]
    found = course(labs=[*serum({**FALL, 84: 1.0}), *labs], light_chain=involved)
    assert found.biochemical_relapse_day == day


def test_significant_biochemical_relapse_is_shown() -> None:
    said = flag(record(labs=serum({**FALL, 90: 2.0, 120: 2.1})), "significant_biochemical_relapse")
    assert said is not None and said["day"] == 90


def test_progression_that_was_not_borne_out_is_said_with_the_reason() -> None:
    early = flag(record(labs=serum({-3: 3.0, 14: 3.9, 21: 4.2, 45: 1.0})), "progression_not_kept")
    assert (
        early is not None and early["day"] == 14 and "too early after the infusion" in early["text"]
    )
    once = flag(record(labs=serum({**FALL, 90: 1.6, 120: 1.2})), "progression_not_kept")
    assert once is not None and once["day"] == 90 and "not repeated" in once["text"]
    assert flag(record(labs=serum({**FALL, 90: 1.6})), "progression_not_kept") is None
    assert flag(record(labs=serum({**FALL, 90: 1.6, 120: 1.7})), "progression_not_kept") is None


@pytest.mark.parametrize(
    ("result", "says"),
    [
        ({}, "sensitivity not stated"),
        ({"sensitivity": 1e-4}, "coarser"),
        ({"sensitivity": 1e-5}, None),
    ],
)
def test_a_negative_mrd_that_does_not_count_says_why(
    result: dict[str, float], says: str | None
) -> None:
    said = flag(
        record(labs=[*clean(30, 60), lab("mrd", 30, "negative", **result)]), "mrd_not_counted"
    )
    assert (said is None) if says is None else (said is not None and says in said["text"])


@pytest.mark.parametrize("words", [("negative", "positive"), ("positive", "negative")])
def test_of_two_mrd_results_on_a_day_the_positive_one_counts(words: tuple[str, str]) -> None:
    mrd = [lab("mrd", 30, word, sensitivity=1e-5) for word in words]
    found = course(labs=[*clean(30, 60), *mrd])
    assert [(x.day, x.state, x.reason) for x in found.mrd] == [
        (30, "positive", "residual disease found")
    ]
    assert found.mrd_negative_days == ()


def test_sustained_mrd_reads_the_examinations_and_says_what_it_lacks() -> None:
    mrd = [lab("mrd", d, "negative", sensitivity=1e-5) for d in (30, 460)]
    labs = [*clean(30, 460), *mrd]
    without = record(labs=labs)
    said = flag(without, "mrd_sustained_open")
    assert object_of(without)["sustained_mrd_negative_day"] is None
    assert said is not None and "negative PET near day 30 and day 460" in said["text"]
    pets = [replace(lesion(d, result="negative", method="PET-CT"), lesion=None) for d in (30, 460)]
    with_pet = record(labs=labs, imaging=pets)
    assert (
        object_of(with_pet)["sustained_mrd_negative_day"] == 460
        and flag(with_pet, "mrd_sustained_open") is None
    )
    other = record(labs=labs, imaging=[replace(p, method="MRI") for p in pets])
    assert object_of(other)["sustained_mrd_negative_day"] is None


@pytest.mark.parametrize(
    ("agents", "end", "more", "days"),
    [
        (("daratumumab",), None, {}, 30),
        (("isatuximab", "dexamethasone"), None, {}, 30),
        (("daratumumab",), None, {"isotype": ("IgG kappa",)}, 30),
        (("daratumumab",), None, {"isotype": ("IgG lambda",)}, None),
        (("lenalidomide",), None, {}, None),
        (("daratumumab",), -200, {}, None),
        (("daratumumab",), -100, {}, 30),
    ],
)
def test_a_band_under_a_therapeutic_antibody(
    agents: tuple[str, ...], end: int | None, more: dict[str, Any], days: int | None
) -> None:
    given = therapy(
        -300 if end is not None else 10,
        "maintenance",
        agents=agents,
        **({} if end is None else {"end": When.on(end)}),
    )
    labs = [
        *serum({-3: 3.0, 30: 0.0, 60: 0.0}),
        lab("serum_immunofixation", 30, "positive", **more),
    ]
    said = flag(record(labs=labs, therapies=[given]), "antibody_band_possible")
    assert (said["day"] if said else None) == days
    told = record(labs=[*labs, lab("dira", 30, "not_shifted")], therapies=[given])
    assert flag(told, "antibody_band_possible") is None


@pytest.mark.parametrize("spike", [None, Undetected(0.0, 0.11, high_open=True)])
@pytest.mark.parametrize("baseline", [None, 1200])
def test_immunoglobulin_counts_where_the_spike_was_not_quantified(
    spike: Interval | None, baseline: int | None
) -> None:
    """The rise from the nadir counts with a baseline or without one."""
    labs = [lab("iga", d, v) for d, v in ((0, 40), (90, 40), (200, 2900), (230, 2900))]
    labs += [] if spike is None else [lab("serum_m_protein", -5, spike)]
    labs += [] if baseline is None else [lab("iga", -5, baseline)]
    found = course(labs=labs, heavy_chain=("IgA",))
    assert (found.serum_test, found.progression_day) == ("iga", 200)
    assert "other_marker_not_used" not in {f.id for f in found.flags}


def test_immunoglobulin_by_nephelometry_that_was_not_used_is_said() -> None:
    labs = [
        *serum({-3: 0.5, 30: 0.1, 60: 0.1}),
        *[lab("iga", d, v) for d, v in ((-3, 2500), (30, 900), (60, 200))],
    ]
    assert flag(record(labs=labs, heavy_chain=("IgA",)), "other_marker_not_used") is not None
    assert (
        flag(
            record(labs=[*serum(FALL), lab("iga", 28, 900)], heavy_chain=("IgA",)),
            "other_marker_not_used",
        )
        is None
    )
    assert flag(record(labs=labs, heavy_chain=("IgG",)), "other_marker_not_used") is None


def test_circulating_plasma_cells_beside_a_measurable_protein() -> None:
    labs = [
        *serum(FALL),
        lab("circulating_plasma_cells", -3, 0),
        lab("circulating_plasma_cells", 56, 250),
    ]
    said = flag(record(labs=labs), "circulating_plasma_cells")
    assert said is not None and said["day"] == 56
    assert object_of(record(labs=labs))["progression_day"] is None


def test_a_rise_in_the_marrow_beside_a_measurable_protein() -> None:
    labs = [
        *serum(FALL),
        *[lab("marrow_plasma_cells", d, v) for d, v in ((-3, 40), (28, 5), (56, 20))],
    ]
    said = flag(record(labs=labs), "marrow_plasma_cells")
    assert (
        said is not None
        and said["day"] == 56
        and object_of(record(labs=labs))["progression_day"] is None
    )
    assert (
        flag(
            record(
                labs=[
                    *serum(FALL),
                    lab("marrow_plasma_cells", 56, 20),
                    lab("marrow_plasma_cells", 28, 15),
                ]
            ),
            "marrow_plasma_cells",
        )
        is None
    )


def test_a_quantity_that_immunofixation_does_not_bear_out_is_said() -> None:
    days = {-3: 2500, 30: 90, 60: 110, 120: 750, 150: 800}
    labs = [lab("iga", d, v) for d, v in days.items()] + [
        lab(t, d, "negative") for d in days for t in ("serum_immunofixation",)
    ]
    labs += [lab("urine_m_protein_24h", d, 0) for d in days]
    patient = record(labs=labs, heavy_chain=("IgA",))
    said = flag(patient, "immunoglobulin_without_band")
    assert said is not None and said["day"] == 120
    assert "serum IgA" in printed(patient)
    assert "serum M-protein 0.09" not in printed(patient)
    spep = record(
        labs=[
            *clean(30, 60),
            *serum({90: 0.3}),
            *[lab(f"{x}_immunofixation", 90, "negative") for x in ("serum", "urine")],
        ]
    )
    there = flag(spep, "protein_without_band")
    assert there is not None and there["day"] == 90
    assert flag(record(labs=clean(30, 60)), "protein_without_band") is None


def test_relapse_from_complete_response_names_what_was_seen() -> None:
    words = [lab("serum_immunofixation", d, "positive") for d in (90, 120)]
    said = flag(
        record(labs=[*clean(30, 60), *serum({90: 0.1, 120: 0.1}), *words]), "relapse_from_cr"
    )
    assert said is not None and "serum immunofixation positive" in said["text"]
    marrow = flag(
        record(labs=[*clean(30, 60, 90), lab("marrow_plasma_cells", 90, 8)]), "relapse_from_cr"
    )
    assert marrow is not None and "marrow plasma cells 8 %" in marrow["text"]


@pytest.mark.parametrize("more", [(), (150,)])
def test_relapse_by_a_marrow_after_the_blood_names_that_marrow(more: tuple[int, ...]) -> None:
    """The marrow of day 94 belongs to the assessment of day 90, whatever was found later."""
    labs = [*clean(30, 60, 90, *more), lab("marrow_plasma_cells", 94, 8)]
    if more:
        labs.append(lab("marrow_plasma_cells", 150, 20))
    found = course(labs=labs)
    assert found.relapse_from_cr_day == 94
    assert [(s.day, s.text) for s in found.signals if s.id == "relapse_from_cr"] == [
        (
            94,
            "the original clone is back: marrow plasma cells 8 % on day 94 after a confirmed CR",
        )
    ]


# ---- words of the endpoints and the headline


@pytest.mark.parametrize(
    ("cause", "reason"),
    [("unknown", "death, cause unknown"), ("infection", "death of another cause")],
)
def test_an_unknown_cause_of_death_is_not_another_cause(cause: str, reason: str) -> None:
    found = object_of(record(labs=serum(FALL), deaths=[death(90, cause)]))["endpoints"]["TTP"]
    assert (found["status"], found["reason"], found["competing"]) == ("censored", reason, True)


def test_no_assessment_is_not_called_the_last_adequate_one() -> None:
    found = object_of(record(labs=serum({5: 2.0})))["endpoints"]
    assert {found[n]["reason"] for n in ("PFS", "TTP", "failure-a", "PFS2")} == {
        "no adequate assessment after the start"
    }
    assert (
        object_of(record(labs=serum(FALL)))["endpoints"]["PFS"]["reason"]
        == "last adequate assessment"
    )


def test_the_headline_does_not_contradict_the_endpoints() -> None:
    text = printed(record(labs=serum({**FALL, 120: 1.0}), responses=[team(120, "PD")]))
    assert (
        "No progression by day 120 by the results alone; the team recorded it, and the endpoints"
        " count day 120." in text
    )


def test_values_carry_their_unit() -> None:
    patient = record(labs=[*serum(FALL), lab("kappa_flc", 28, 300), lab("lambda_flc", 28, 10)])
    text = printed(patient)
    assert (
        "M-protein 3 g/dL (day -3)" in text
        and "kappa 300 mg/L" in text
        and "urine M 0 mg/24h" in text
    )


def test_an_escape_is_told_once() -> None:
    chains = [
        x
        for d, k in ((-3, 50), (28, 20), (56, 400))
        for x in (lab("kappa_flc", d, k), lab("lambda_flc", d, 10))
    ]
    flags = object_of(record(labs=[*serum({-3: 3.0, 28: 0.4, 56: 0.4}), *chains]))["flags"]
    assert [f["id"] for f in flags].count("light_chain_escape") == 1


def test_death_on_the_day_of_the_start_is_a_death() -> None:
    found = object_of(record(labs=serum({-3: 3.0}), deaths=[death(0, "toxicity")]))["endpoints"]
    assert [(found[n]["status"], found[n]["event"], found[n]["days"]) for n in ("OS", "PFS")] == [
        ("event", "death", 0)
    ] * 2
    assert found["TTNT"]["reason"] == "death before new therapy"


def test_growth_too_early_after_infusion_is_no_clinical_relapse() -> None:
    sizes = {-3: (30, 25), 30: (46, 30), 90: (10, 8)}
    rows = [lesion(d, length_mm=a, width_mm=b) for d, (a, b) in sizes.items()]
    labs = serum({-3: 3.0, 30: 1.0, 90: 0.5})
    assert object_of(record(labs=labs, imaging=rows))["clinical_relapse_day"] is None
    late = [
        lesion(d, length_mm=a, width_mm=b) for d, (a, b) in {-3: (30, 25), 90: (46, 30)}.items()
    ]
    assert object_of(record(labs=labs, imaging=late))["clinical_relapse_day"] == 90


@pytest.mark.parametrize(("stated", "says"), [("lambda", True), ("kappa", False), (None, False)])
def test_a_light_chain_that_the_results_contradict_is_said(stated: str | None, says: bool) -> None:
    labs = [lab(t, d, v) for d in (-3, 30) for t, v in (("kappa_flc", 500), ("lambda_flc", 10))]
    assert (
        flag(record(labs=labs, light_chain=stated), "light_chain_contradiction") is not None
    ) is says


# ---- files and pictures


def test_a_dataset_is_whole_or_the_old_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    frame = pl.DataFrame({"USUBJID": ["1"]})
    write_frames({"adrs": frame.lazy()}, tmp_path)
    before = (tmp_path / "adrs.parquet").read_bytes()

    whole = Path.write_bytes

    def broken(self: Path, data: bytes) -> int:
        whole(self, data[: len(data) // 2])
        raise OSError("disk full")

    monkeypatch.setattr(Path, "write_bytes", broken)
    with pytest.raises(OSError):
        write_frames({"adrs": frame.lazy()}, tmp_path)
    assert (tmp_path / "adrs.parquet").read_bytes() == before
    assert sorted(p.name for p in tmp_path.iterdir() if p.suffix != ".xpt") == ["adrs.parquet"]


def test_names_of_a_spider_plot_do_not_run_into_each_other() -> None:
    patients = [
        replace(record(labs=serum({-3: 3.0, 28: 1.0, 56: 1.0 + i / 100})), patient_id=f"P{i}")
        for i in range(5)
    ]
    spec = spider([patient_course(p) for p in patients])
    assert len(spec["layer"][-1]["data"]["values"]) == 1


def test_the_page_says_what_the_failure_times_count() -> None:
    assert "progression, unplanned therapy or death of myeloma" in response_page(
        patient_course(record(labs=serum(FALL)))
    )


def test_the_index_says_that_nothing_is_measurable() -> None:
    bare = patient_course(
        record(labs=[lab("serum_immunofixation", d, "negative") for d in (-3, 30)])
    )
    assert "<td>nothing</td>" in response_index([course_row("a.html", bare)])


def test_nothing_new_is_said_of_a_plain_course() -> None:
    assert [
        f["id"] for f in object_of(record(labs=serum(FALL), infusions=[infusion()]))["flags"]
    ] == ["start"]


@pytest.mark.parametrize("measured_by", ["PET-CT", "CT", "MRI"])
@pytest.mark.parametrize("named", [None, "L1"])
def test_a_lesion_named_without_size_is_the_one_measured_that_day(
    measured_by: str, named: str | None
) -> None:
    """Both rows say liver, day 200: one lesion of 35 mm, and no uptake beside it."""
    sized = lesion(200, named, method=measured_by, site="liver", length_mm=35.0, width_mm=30.0)
    measured = replace(sized, kind="extramedullary")
    uptake = lesion(200, None, method="PET-CT", site="liver")
    seen = lesion(-5, None, method="PET-CT", result="negative")
    for rows in some(([measured, uptake], [uptake, measured])):
        labs = serum({-5: 3.0, 30: 0.2, 90: 0.2})
        (found,) = failures(record(labs=labs, imaging=[seen, *rows]))
        assert (found.status, found.day, found.signals) == ("failed", 200, ())
        assert found.course is not None
        assert found.course.visits[-1].lesions == "1050 mm2"
        assert "size" not in found.reason


@pytest.mark.parametrize(
    ("results", "signal"),
    [
        ([("marrow_plasma_cells", 300, 60)], ("marrow_plasma_cells", 300)),
        ([("marrow_plasma_cells", -5, 60), ("marrow_plasma_cells", 300, 60)], None),
        (
            [("marrow_plasma_cells", 30, 2), ("marrow_plasma_cells", 300, 60)],
            ("marrow_plasma_cells", 300),
        ),
        ([("marrow_plasma_cells", 28, 20)], None),  # too early after CAR-T to tell
        ([("marrow_plasma_cells", 300, 8)], None),
        ([("circulating_plasma_cells", 300, 2000)], ("circulating_plasma_cells", 300)),
        ([("circulating_plasma_cells_percent", 300, 30)], ("circulating_plasma_cells", 300)),
        ([("circulating_plasma_cells_percent", 300, 1)], None),
    ],
)
def test_disease_in_marrow_or_blood_is_suspected(
    results: list[tuple[str, int, float]], signal: tuple[str, int] | None
) -> None:
    """VGPR by serum; strict IMWG calls no progression by these where an M-protein is followed."""
    labs = [*serum({-5: 3.0, 30: 0.2, 90: 0.2}), *[lab(*x) for x in results]]
    (found,) = failures(record(labs=labs))
    assert [(s.id, s.day) for s in found.signals] == ([signal] if signal else [])
    assert found.status == ("suspected" if signal else "not_failed")
