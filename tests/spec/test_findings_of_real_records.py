"""Sparse and imprecise records, as they are published and referred: what may be said of them.

Each patient is invented and has as few rows as show the point.
"""

from __future__ import annotations

from typing import Any

import pytest

import rearm
from rearm.assessment.result import Assessment
from rearm.intake import read_tables

Row = tuple[str, dict[str, Any]]
LATE: tuple[Row, ...] = (
    ("assessments", {"day": 60, "response": "VGPR", "by": "team"}),
    ("assessments", {"day": 310, "response": "PD", "by": "team"}),
)


def assessed(*rows: Row, product: str = "ide-cel", after: tuple[Row, ...] = LATE) -> Assessment:
    """A patient given the product on day 0, with these rows."""
    tables: dict[str, list[dict[str, Any]]] = {
        "patients": [{"patient_id": "X"}],
        "infusions": [{"patient_id": "X", "day": 0, "product": product, "infused": "yes"}],
    }
    for table, row in (*after, *rows):
        tables.setdefault(table, []).append({"patient_id": "X", **row})
    (record,) = read_tables(tables).records
    return rearm.assess(record)


def verdict(result: Assessment, option: str) -> str | None:
    return result.option(option).verdict


def grade(result: Assessment, factor: str) -> str:
    """The grade of one factor."""
    return next(
        cause.grade
        for group in result.causes.groups
        for cause in group.factors
        if cause.id == factor
    )


def group(result: Assessment, name: str) -> Any:
    return next(x for x in result.causes.groups if x.group == name)


def lost_gene(gene: str, **more: Any) -> Row:
    row = {
        "day": 312, "gene": gene, "change": "homozygous deletion", "kind": "deletion",
        "result": "present", "copies": 0, "specimen": "marrow CD138+", "assay": "WGS",
    }  # fmt: skip
    return "variants", row | more


def stain(percent: object, target: str = "bcma", **more: Any) -> Row:
    row = {
        "day": 311, "test": f"{target}_positive_plasma_cells", "value": percent, "unit": "%",
        "specimen": "marrow",
    }  # fmt: skip
    return "labs", row | more


# ---------------------------------------------------------------- antigen


@pytest.mark.parametrize(
    "rows",
    [
        [lost_gene("TNFRSF17")],
        [
            lost_gene("TNFRSF17", change=None, copies=1),
            lost_gene("TNFRSF17", change="p.Gln12Ter", kind="snv", copies=None),
        ],
    ],
    ids=["homozygous", "deletion and stop"],
)
def test_proven_biallelic_loss_without_a_share_of_the_clone(rows: list[Row]) -> None:
    result = assessed(*rows)
    status = result.findings["bcma_status"]
    assert (status.value, status.possible) == (None, ("subclonal_loss", "lost"))
    assert grade(result, "bcma_biallelic_loss") == "possible"
    assert group(result, "antigen").grade == "possible"
    for option in (
        "teclistamab",
        "elranatamab",
        "linvoseltamab",
        "second-cart-cilta-cel",
        "belantamab-bortezomib-dexamethasone",
        "trispecific-bcma-cd38",
        "teclistamab-daratumumab",
    ):
        assert verdict(result, option) == "discouraged", option
    assert "bcma-subclonal-loss" in result.option("teclistamab").against
    assert "bcma-lost" in {
        *result.option("teclistamab").unknown,
        *result.option("teclistamab").cautions,
    }
    assert "bcma-arm-doubtful" in result.option("talquetamab-teclistamab").cautions
    assert result.reasons["bcma-arm-doubtful"].truth is True
    asked = {workup for test in (*result.tests, *result.further_tests) for workup in test.ids}
    assert "tnfrsf17_sequencing" in asked


def test_the_same_of_gprc5d_after_a_gprc5d_car_t() -> None:
    result = assessed(lost_gene("GPRC5D"), product="arlo-cel")
    assert result.findings["gprc5d_status"].possible == ("subclonal_loss", "lost")
    assert grade(result, "gprc5d_loss") == "possible"
    assert verdict(result, "talquetamab") == "discouraged"
    assert verdict(result, "gprc5d-car-t") == "discouraged"
    assert verdict(result, "talquetamab-daratumumab") == "discouraged"


def test_with_its_share_the_loss_is_a_loss() -> None:
    result = assessed(lost_gene("TNFRSF17", clonal_fraction=0.9))
    assert result.findings["bcma_status"].value == "lost"
    assert verdict(result, "teclistamab") == "excluded"
    # only the strongest statement is shown
    assert "bcma-lost" in result.option("teclistamab").against
    assert "bcma-subclonal-loss" not in result.option("teclistamab").against


@pytest.mark.parametrize("method", [None, "immunohistochemistry", "flow_cytometry", "fish"])
@pytest.mark.parametrize("specimen", [None, "marrow", "lesion_biopsy"])
def test_one_negative_stain_of_whatever_method(method: str | None, specimen: str | None) -> None:
    result = assessed(stain(0, method=method, specimen=specimen))
    assert result.findings["bcma_status"].value == "not_detected_unconfirmed"
    assert grade(result, "bcma_biallelic_loss") == "possible"
    for option in (
        "teclistamab",
        "second-cart-cilta-cel",
        "talquetamab-teclistamab",
        "trispecific-bcma-cd38",
        "trispecific-bcma-gprc5d",
    ):
        assert verdict(result, option) == "discouraged", option


@pytest.mark.parametrize("target", ["bcma", "gprc5d"])
def test_a_mixed_stain_is_neither_kept_nor_reduced_and_asks_for_a_second_method(
    target: str,
) -> None:
    product, factor = {
        "bcma": ("ide-cel", "bcma_low_density"),
        "gprc5d": ("arlo-cel", "gprc5d_loss"),
    }[target]
    result = assessed(stain(40, target, method="immunohistochemistry"), product=product)
    assert result.findings[f"{target}_status"].possible == ("retained", "reduced")
    assert grade(result, factor) == "not_assessed"
    asked = {workup for test in (*result.tests, *result.further_tests) for workup in test.ids}
    assert f"{target}_on_tumour" in asked


def test_one_negative_stain_of_gprc5d_after_a_gprc5d_car_t() -> None:
    result = assessed(stain(0, "gprc5d"), product="arlo-cel")
    for option in ("talquetamab", "talquetamab-teclistamab", "trispecific-bcma-gprc5d"):
        assert verdict(result, option) == "discouraged", option
    assert verdict(result, "teclistamab") == "open"


@pytest.mark.parametrize(
    ("day", "teclistamab", "antigen"),
    [
        ("after infusion", "excluded", ("likely", "established")),
        (None, "open", ("not_assessed",)),
    ],
)
def test_loss_in_a_sample_without_a_day(
    day: str | None, teclistamab: str, antigen: tuple[str, ...]
) -> None:
    """After the infusion it speaks for the relapse; of no day at all it may: the line says so."""
    result = assessed(lost_gene("TNFRSF17", day=day, clonal_fraction=0.9))
    assert verdict(result, "teclistamab") == teclistamab
    assert group(result, "antigen").grade in antigen
    if day is None:
        assert "unknown whether" in result.findings["tnfrsf17_biallelic_fraction"].text
        line = result.option("teclistamab")
        assert {"bcma-lost", "bcma-subclonal-loss"} <= {*line.unknown, *line.cautions}


# ---------------------------------------------------------------- expansion of the CAR-T cells

EARLY: tuple[Row, ...] = (("assessments", {"day": 30, "response": "PD", "by": "team"}),)


def course(
    test: str, unit: str, values: dict[int, object], specimen: str | None = None
) -> list[Row]:
    return [
        ("labs", {"day": day, "test": test, "value": value, "unit": unit, "specimen": specimen})
        for day, value in values.items()
    ]


LOW_LYMPHOCYTES = course("lymphocytes", "10*9/L", {7: 0.1, 12: 0.4})
HIGH_LYMPHOCYTES = course("lymphocytes", "10*9/L", {7: 0.9, 12: 2.9})


def per_ug(values: dict[int, object]) -> list[Row]:
    return course("car_copies_per_ug_dna", "copies/ug", values)


def per_1000(values: dict[int, object]) -> list[Row]:
    return course("car_copies_per_1000_cells", "copies/1000 cells", values)


def per_ul(values: dict[int, object]) -> list[Row]:
    return course("car_t_cells_absolute", "/uL", values)


# What the CAR assay shows, what is said of poor expansion from it alone, and what with few and with
# many lymphocytes beside it.
EXPANSION: list[tuple[str, str, list[Row], tuple[str, str, str]]] = [
    # product, what                              rows
    # alone           few lymphocytes  many lymphocytes
    ("ide-cel", "no assay", [], ("not_assessed", "likely", "unlikely")),
    # taken on the days of the usual peak
    ("ide-cel", "low per microgram", per_ug({7: 300, 14: 900, 28: 200}),
     ("possible", "likely", "possible")),
    ("ide-cel", "neither low nor clearly grown", per_ug({7: 9000, 14: 40000}),
     ("not_assessed", "likely", "unlikely")),
    ("ide-cel", "high per microgram", per_ug({7: 90000, 14: 230000}),
     ("unlikely", "unlikely", "unlikely")),
    ("cilta-cel", "low per microgram", per_ug({7: 300, 14: 15000}),
     ("possible", "likely", "possible")),
    ("cilta-cel", "neither low nor clearly grown", per_ug({7: 9000, 14: 40000}),
     ("not_assessed", "likely", "unlikely")),
    ("cilta-cel", "high per microgram", per_ug({7: 20000, 14: 52000}),
     ("unlikely", "unlikely", "unlikely")),
    ("ide-cel", "low per 1000 cells", per_1000({7: 0.4, 14: 1.1, 28: 0.3}),
     ("possible", "likely", "possible")),
    ("ide-cel", "neither low nor clearly grown", per_1000({7: 4, 14: 12}),
     ("not_assessed", "likely", "unlikely")),
    ("ide-cel", "high per 1000 cells", per_1000({7: 900, 14: 2600, 28: 400}),
     ("unlikely", "unlikely", "unlikely")),
    ("cilta-cel", "few cells", per_ul({7: 1, 12: 20, 28: 2}), ("possible", "likely", "possible")),
    ("cilta-cel", "hardly any cells", per_ul({7: 1, 12: 5, 28: 2}), ("likely", "likely", "likely")),
    ("cilta-cel", "between the medians", per_ul({7: 30, 12: 90}),
     ("not_assessed", "likely", "unlikely")),
    ("cilta-cel", "many cells", per_ul({7: 80, 12: 900}), ("unlikely", "unlikely", "unlikely")),
    ("ide-cel", "cells, of which no series was read", per_ul({7: 1, 12: 5}),
     ("not_assessed", "likely", "unlikely")),
    ("cilta-cel", "few copies, many cells: they are there",
     [*per_ug({14: 900}), *per_ul({14: 400})], ("unlikely", "unlikely", "unlikely")),
    ("ide-cel", "never seen", per_ug({7: "<10", 14: "<10"}), ("likely", "likely", "likely")),
    ("ide-cel", "never seen, in words", per_ug({7: "not detected", 14: "nicht nachweisbar"}),
     ("likely", "likely", "likely")),
    # a bound tells of none only below a tenth of the low limit: 300 copies, after cilta-cel 2150
    ("ide-cel", "below 300 copies", per_ug({14: "<300"}), ("likely", "likely", "likely")),
    ("ide-cel", "below 1000 copies", per_ug({14: "<1000"}), ("possible", "likely", "possible")),
    ("ide-cel", "below 10,000 copies", per_ug({14: "<10000"}),
     ("not_assessed", "not_assessed", "not_assessed")),
    ("cilta-cel", "below 2000 copies", per_ug({14: "<2000"}), ("likely", "likely", "likely")),
    ("cilta-cel", "below 10,000 copies", per_ug({14: "<10000"}),
     ("possible", "likely", "possible")),
    ("ide-cel", "a share of the T cells below a limit",
     course("car_t_cells_flow", "% of T cells", {14: "<1"}),
     ("not_assessed", "likely", "unlikely")),
    ("ide-cel", "never seen by flow cytometry",
     course("car_t_cells_flow", "% of T cells", {7: 0, 14: 0}), ("likely", "likely", "likely")),
    ("ide-cel", "a share of the T cells has no limit",
     course("car_t_cells_flow", "% of T cells", {14: 0.1}), ("not_assessed", "likely", "unlikely")),
    # one sample beside the days of the usual peak: an assay was done, and does not tell; the
    # lymphocytes speak only where none was done
    ("ide-cel", "not seen on day 7 only", per_ug({7: "<50"}),
     ("not_assessed", "not_assessed", "not_assessed")),
    ("cilta-cel", "not seen on day 8 only", per_ug({8: "<50"}),
     ("not_assessed", "not_assessed", "not_assessed")),
    ("ide-cel", "few copies on day 7 only", per_ug({7: 500}),
     ("not_assessed", "not_assessed", "not_assessed")),
    ("ide-cel", "some copies on day 28 only", per_ug({28: 5000}),
     ("not_assessed", "not_assessed", "not_assessed")),
    ("ide-cel", "not seen on day 28 only", per_ug({28: "<10"}),
     ("not_assessed", "not_assessed", "not_assessed")),
    ("ide-cel", "few cells per 1000 on day 21 only", per_1000({21: 2}),
     ("not_assessed", "not_assessed", "not_assessed")),
    ("ide-cel", "many copies on day 28 only: they grew", per_ug({28: 150000}),
     ("unlikely", "unlikely", "unlikely")),
    ("ide-cel", "the fluid of the brain is not blood",
     course("car_t_cells_absolute", "/uL", {12: 30}, "csf"),
     ("not_assessed", "likely", "unlikely")),
]  # fmt: skip


@pytest.mark.parametrize(("product", "what", "rows", "expected"), EXPANSION)
def test_expansion_by_car_assay_and_lymphocytes(
    product: str, what: str, rows: list[Row], expected: tuple[str, str, str]
) -> None:
    got = tuple(
        grade(assessed(*rows, *lymphocytes, product=product, after=EARLY), "poor_cart_expansion")
        for lymphocytes in ([], LOW_LYMPHOCYTES, HIGH_LYMPHOCYTES)
    )
    assert got == expected, what


@pytest.mark.parametrize(("product", "what", "rows", "expected"), EXPANSION)
def test_a_low_peak_alone_is_named_and_not_ranked(
    product: str, what: str, rows: list[Row], expected: tuple[str, str, str]
) -> None:
    cells = group(assessed(*rows, product=product, after=EARLY), "t-cell")
    assert (cells.rank is not None) == (expected[0] == "likely"), what


def test_what_an_assay_told_is_not_asked_for_again() -> None:
    for day, settled in ((14, True), (7, None)):
        result = assessed(*per_ug({day: 900}), after=EARLY)
        asked = {workup for test in (*result.tests, *result.further_tests) for workup in test.ids}
        assert result.findings["car_assay_of_expansion"].value is settled
        assert not (settled and "expansion_records" in asked)


@pytest.mark.parametrize(
    ("what", "day", "value", "expected"),
    [
        ("few lymphocytes", 12, 0.3, "likely"),
        ("many lymphocytes", 12, 2.9, "unlikely"),
        ("few, before the usual peak: later they may have been many", 7, 0.3, "not_assessed"),
        ("many, before the usual peak", 7, 2.9, "unlikely"),
    ],
)
def test_the_peak_of_the_lymphocytes_is_looked_for_on_its_days(
    what: str, day: int, value: float, expected: str
) -> None:
    rows = course("lymphocytes", "10*9/L", {day: value})
    assert grade(assessed(*rows, after=EARLY), "poor_cart_expansion") == expected, what


def test_the_peak_is_that_of_blood() -> None:
    rows = course("car_t_cells_absolute", "/uL", {9: 30}, "csf")
    result = assessed(*rows, *course("car_t_cells_absolute", "/uL", {12: 5}, "blood"), after=EARLY)
    assert result.findings["car_peak_day"].value == 12
    assert result.findings["car_peak_cells_per_ul"].value == 5.0


# ---------------------------------------------------------------- site and pattern


@pytest.mark.parametrize("condition", [True, False])
def test_disease_in_the_central_nervous_system_supports_its_factor(condition: bool) -> None:
    before: list[Row] = [
        ("conditions", {"day": -40, "condition": "cns_myeloma", "status": "present"})
    ]
    response: tuple[Row, ...] = (
        ("assessments", {"day": 60, "response": "PR", "by": "team"}),
        ("assessments", {"day": 170, "response": "PD", "by": "team", "pattern": "cns"}),
    )
    result = assessed(*(before if condition else []), after=response)
    assert grade(result, "extramedullary_disease") == "possible"
    assert "cns_at_failure" in group(result, "tumour").factors[0].for_


LEUKAEMIA: Row = (
    "conditions", {"day": -60, "condition": "plasma_cell_leukaemia", "status": "present"}
)  # fmt: skip
COMPLETE: tuple[Row, ...] = (
    ("assessments", {"day": 90, "response": "sCR", "by": "team"}),
    ("assessments", {"day": 400, "response": "sCR", "by": "team"}),
)
EXTRAOSSEOUS: tuple[Row, ...] = (
    ("assessments", {"day": 90, "response": "CR", "by": "team"}),
    ("assessments", {"day": 200, "response": "PD", "by": "team", "pattern": "extraosseous"}),
)


def alerts(result: Assessment) -> set[str]:
    return {alert.id for alert in result.alerts if alert.status == "certain"}


@pytest.mark.parametrize(
    "after", [COMPLETE, EXTRAOSSEOUS], ids=["in remission", "relapsed elsewhere"]
)
@pytest.mark.parametrize(
    "condition", ["plasma_cell_leukaemia", "cord_compression", "hypercalcaemia"]
)
def test_an_emergency_from_before_a_deep_response_is_history(
    condition: str, after: tuple[Row, ...]
) -> None:
    row = ("conditions", {"day": -60, "condition": condition, "status": "present"})
    result = assessed(row, after=after)
    assert alerts(result) == set()
    assert condition not in {name for name, x in result.findings.items() if x.value is True}
    if after is EXTRAOSSEOUS and condition == "plasma_cell_leukaemia":
        assert grade(result, "plasma_cell_leukaemia") == "not_assessed"


def test_an_emergency_stands_without_a_deep_response_and_after_the_infusion() -> None:
    partial: tuple[Row, ...] = (
        ("assessments", {"day": 90, "response": "PR", "by": "team"}),
        ("assessments", {"day": 200, "response": "PD", "by": "team"}),
    )
    assert alerts(assessed(LEUKAEMIA, after=partial)) == {"leukaemic_phase"}
    new = ("conditions", {"day": 398, "condition": "plasma_cell_leukaemia", "status": "present"})
    assert alerts(assessed(LEUKAEMIA, new, after=COMPLETE)) == {"leukaemic_phase"}
    undated = ("conditions", {"condition": "cord_compression", "status": "present"})
    assert alerts(assessed(undated, after=COMPLETE)) == {"cord_compression"}


@pytest.mark.parametrize(
    ("test", "unit", "value", "alert"),
    [
        ("serum_m_protein", "g/dL", 7.0, "hyperviscosity_to_consider"),
        ("kappa_flc", "mg/L", 2000, "cast_nephropathy_to_consider"),
        ("circulating_plasma_cells", "/uL", 2500, "leukaemic_phase"),
    ],
)
@pytest.mark.parametrize(("day", "raised"), [(386, True), (385, False)])
def test_a_laboratory_value_raises_an_alert_for_14_days(
    day: int, raised: bool, test: str, unit: str, value: float, alert: str
) -> None:
    row = ("labs", {"day": day, "test": test, "value": value, "unit": unit})
    result = assessed(row, after=COMPLETE)
    # circulating plasma cells are a relapse of that day too, and the relapse stands
    certain = raised or alert == "leukaemic_phase"
    assert {x.id: x.status for x in result.alerts} == {alert: "certain" if certain else "open"}


# ---------------------------------------------------------------- weight of the signs


def test_bcma_on_the_relapsed_clone_makes_its_loss_unlikely() -> None:
    """For the site that was sampled, whatever else hints at a loss; a retained protein can be
    altered as long as the gene is not read.
    """
    hint = ("labs", {"day": 311, "test": "soluble_bcma", "value": "<1", "unit": "ng/mL"})
    lesion = (
        "imaging",
        {"day": 311, "method": "PET-CT", "result": "positive", "kind": "extramedullary"},
    )
    for beside in ((), (hint,), (lesion,), (hint, lesion)):
        result = assessed(stain(95, method="flow_cytometry"), *beside)
        assert grade(result, "bcma_biallelic_loss") == "unlikely"
        assert grade(result, "bcma_ecd_mutation") == "not_assessed"
        assert group(result, "antigen").grade in ("not_assessed", "possible")


@pytest.mark.parametrize("percent", [40, 90])
def test_a_stained_lesion_is_not_biopsied_again(percent: int) -> None:
    liver: Row = (
        "imaging",
        {"day": 310, "method": "PET-CT", "result": "positive", "kind": "extramedullary",
         "site": "liver", "lesion": "L1", "new": "yes"},
    )  # fmt: skip
    result = assessed(stain(percent, specimen="lesion_biopsy"), liver)
    assert grade(result, "lesion_not_myeloma") == "unlikely"
    asked = {workup for test in (*result.tests, *result.further_tests) for workup in test.ids}
    assert "lesion_biopsy" not in asked
    assert "biopsy-before-treatment" not in result.option("teclistamab").cautions


SERUM: Row = ("labs", {"day": 311, "test": "soluble_bcma", "value": "<1", "unit": "ng/mL"})
DENSITY = course("bcma_molecules_per_cell", "molecules/cell", {-10: 900, 311: 300})


def test_one_weak_sign_is_named_and_not_ranked() -> None:
    cd4: Row = ("labs", {"day": 30, "test": "cd4_t_cells", "value": 20, "unit": "/uL"})
    alone = group(assessed(cd4), "t-cell")
    assert (alone.grade, alone.rank) == ("possible", None)
    two = group(assessed(cd4, *per_ug({7: 300, 14: 900})), "t-cell")
    assert (two.grade, two.rank) == ("possible", 1)
    strong = group(assessed(*LOW_LYMPHOCYTES), "t-cell")
    assert (strong.grade, strong.rank) == ("likely", 1)


@pytest.mark.parametrize(
    ("what", "rows", "rank"),
    [
        ("one stain that speaks for two factors", [stain(0, method="immunohistochemistry")], None),
        ("the same, and one of unnamed method, perhaps the same again",
         [stain(0, method="immunohistochemistry"), stain(0)], None),
        ("one stain, and less soluble BCMA than can be detected",
         [stain(0, method="immunohistochemistry"), SERUM], 1),
        ("a reduced stain, and less BCMA on each cell",
         [stain(12, method="flow_cytometry"), *DENSITY], 1),
    ],
)  # fmt: skip
def test_one_datum_is_one_sign(what: str, rows: list[Row], rank: int | None) -> None:
    assert group(assessed(*rows), "antigen").rank == rank, what


# ---------------------------------------------------------------- what somebody states


def fact(finding: str, value: str, day: int | None = 311, by: str | None = "clinician") -> Row:
    return "facts", {"day": day, "finding": finding, "value": value, "by": by}


@pytest.mark.parametrize("finding", ["antigen_bcma", "bcma_status"])
def test_a_stated_loss_is_likely_and_says_who_stated_it(finding: str) -> None:
    result = assessed(fact(finding, "lost"))
    status = result.findings["bcma_status"]
    assert (status.value, status.stated_by) == ("lost", "clinician")
    assert "stated by clinician" in status.text
    assert grade(result, "bcma_biallelic_loss") == "likely"  # measured it would be established
    assert verdict(result, "teclistamab") == "excluded"


def test_what_was_measured_stands_above_what_is_stated() -> None:
    result = assessed(stain(95, method="flow_cytometry"), fact("antigen_bcma", "lost"))
    status = result.findings["bcma_status"]
    assert (status.value, status.stated_by) == ("retained", None)
    assert "but bcma status: lost, stated by clinician" in status.text
    assert grade(result, "bcma_biallelic_loss") == "unlikely"


def test_a_statement_narrows_what_was_measured() -> None:
    result = assessed(lost_gene("TNFRSF17"), fact("antigen_bcma", "lost"))
    status = result.findings["bcma_status"]
    assert (status.value, status.possible, status.stated_by) == ("lost", None, "clinician")
    assert grade(result, "bcma_biallelic_loss") == "likely"


@pytest.mark.parametrize(
    ("row", "finding", "value", "factor", "expected"),
    [
        (fact("car_t_expansion", "poor"), "car_expansion_poor", True, "poor_cart_expansion",
         "likely"),
        (fact("car_t_expansion", "good"), "car_expansion_poor", False, "poor_cart_expansion",
         "unlikely"),
        (fact("car_t_exhaustion", "present"), "car_exhausted", True, "cart_exhaustion", "possible"),
        (fact("car_t_persistence", "lost"), "car_gone_before_failure", True, "short_persistence",
         "possible"),
        (fact("plasma_cell_leukaemia", "yes"), "plasma_cell_leukaemia", True,
         "plasma_cell_leukaemia", "possible"),
        (fact("mds_aml", "yes"), "mds_aml", True, "mds_aml", "likely"),
    ],
)  # fmt: skip
def test_any_finding_may_be_stated(
    row: Row, finding: str, value: object, factor: str, expected: str
) -> None:
    result = assessed(row)
    found = result.findings[finding]
    assert (found.value, found.stated_by) == (value, "clinician")
    assert grade(result, factor) == expected


@pytest.mark.parametrize(
    ("rows", "value", "text"),
    [
        ([fact("antigen_bcma", "lost", day=-30)], None, ""),  # the antigen of before the infusion
        ([fact("antigen_bcma", "lost"), fact("antigen_bcma", "retained")], None, "contradicts"),
        ([fact("antigen_bcma", "lost", day=None, by=None)], "lost", "unnamed person"),
    ],
)
def test_statements_that_tell_nothing_certain(rows: list[Row], value: object, text: str) -> None:
    result = assessed(*rows)
    assert result.findings["bcma_status"].value == value
    assert text in result.findings["bcma_status"].text
