"""Emergencies: certain by a value of now, open by the last one on record, silent where nothing
points to them.
"""

from __future__ import annotations

from io import StringIO
from typing import Any

import pytest
from rich.console import Console

import rearm
from rearm.assessment import Assessment
from rearm.intake import read_tables
from rearm.report.assessment.page import page
from rearm.report.assessment.terminal import print_assessment

Row = dict[str, Any]
AS_OF = 500


def assessed(*rows: tuple[str, Row], as_of: int = AS_OF) -> Assessment:
    tables: dict[str, list[Row]] = {
        "patients": [{"sex": "F", "heavy_chain": "IgA", "light_chain": "kappa"}],
        "infusions": [{"day": 0, "product": "ide-cel"}],
        "assessments": [
            {"day": 60, "response": "PR", "by": "team"},
            {"day": 300, "response": "PD", "by": "team"},
        ],
    }
    for table, row in rows:
        tables.setdefault(table, []).append(row)
    with_id = {name: [{"patient_id": "A"} | row for row in own] for name, own in tables.items()}
    (record,) = read_tables(with_id).records
    return rearm.assess(record, as_of=as_of)


def status(result: Assessment, alert: str) -> str | None:
    return {x.id: x.status for x in result.alerts}.get(alert)


def text(result: Assessment, alert: str) -> str:
    return next(x.text for x in result.alerts if x.id == alert)


def seen(result: Assessment, finding: str) -> str:
    return result.findings[finding].text


def lab(day: int, test: str, value: Any, unit: str | None = "mg/dL") -> tuple[str, Row]:
    return "labs", {"day": day, "test": test, "value": value, "unit": unit}


def condition(day: int | None, name: str, status: str = "present") -> tuple[str, Row]:
    return "conditions", {"day": day, "condition": name, "status": status}


def lesion(day: int, site: str, **more: Any) -> tuple[str, Row]:
    seen_there = {"method": "MRI", "result": "positive", "lesion": "L1", "kind": "paraskeletal"}
    return "imaging", {"day": day, "site": site, **seen_there, **more}


ALERT_OF = {
    "kappa_flc": ("cast_nephropathy_to_consider", "mg/L"),
    "serum_m_protein": ("hyperviscosity_to_consider", "g/dL"),
    "serum_viscosity": ("hyperviscosity", "cP"),
    "platelets": ("severe_cytopenia", "10*9/L"),
    "calcium_corrected": ("hypercalcaemia", "mg/dL"),
    "creatinine": ("renal_failure", "mg/dL"),
    "circulating_plasma_cells": ("leukaemic_phase", "/uL"),
}


@pytest.mark.parametrize(
    ("test", "value", "days_ago", "expected"),
    [
        ("kappa_flc", 2400, 3, "certain"),
        ("kappa_flc", 2400, 18, "open"),
        ("kappa_flc", 2400, 60, "open"),
        ("kappa_flc", 2400, 61, None),
        ("kappa_flc", 300, 18, None),
        ("kappa_flc", ">1000", 1, "open"),  # it may be 1500 or more
        ("kappa_flc", ">1600", 1, "certain"),
        ("serum_m_protein", 7.1, 18, "open"),
        ("serum_viscosity", 6, 1, "open"),  # the diagnosis is clinical
        ("serum_viscosity", 2, 1, None),
        ("platelets", 8, 18, "open"),
        ("platelets", 80, 18, None),
        ("platelets", "<50", 1, "open"),
        ("calcium_corrected", 12.9, 18, "open"),
        ("calcium_corrected", 11.1, 1, "certain"),
        ("creatinine", 4.0, 18, "open"),
        ("creatinine", 1.9, 18, None),
        ("circulating_plasma_cells", 2500, 18, "open"),
    ],
)
def test_age_and_bounds_change_the_wording_and_not_the_presence(
    test: str, value: Any, days_ago: int, expected: str | None
) -> None:
    alert, unit = ALERT_OF[test]
    result = assessed(lab(AS_OF - days_ago, test, value, unit))
    assert status(result, alert) == expected
    if expected == "open" and days_ago > 1:
        finding = next(x.findings for x in result.alerts if x.id == alert)[0]
        assert f"({days_ago} days ago)" in seen(result, finding) or test.startswith("circulating")


def test_a_later_value_takes_an_open_alert_back() -> None:
    old = lab(480, "platelets", 8, "10*9/L")
    assert status(assessed(old), "severe_cytopenia") == "open"
    assert status(assessed(old, lab(484, "platelets", 60, "10*9/L")), "severe_cytopenia") is None
    assert status(assessed(old, lab(499, "platelets", 60, "10*9/L")), "severe_cytopenia") is None


def test_nothing_is_open_for_a_thin_record() -> None:
    assert assessed().alerts == ()
    ordinary = [
        lab(480, "platelets", 150, "10*9/L"),
        lab(480, "calcium", 9.2),
        lab(480, "creatinine", 1.1),
        lab(480, "kappa_flc", 40, "mg/L"),
    ]
    assert assessed(*ordinary).alerts == ()


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ([lab(499, "calcium", 13.5)], "certain"),  # at any plausible albumin
        ([lab(499, "calcium", 13.5), lab(498, "albumin", 4.0, "g/dL")], "certain"),
        ([lab(499, "calcium", 11.6), lab(498, "albumin", 4.0, "g/dL")], "certain"),
        ([lab(499, "calcium", 11.6)], "open"),  # with albumin 5 it is 10.8
        ([lab(499, "calcium", 11.6), lab(499, "albumin", 5.0, "g/dL")], None),
        ([lab(499, "calcium", 10.6)], None),  # high with a low albumin only
        ([lab(499, "calcium", 10.6), lab(499, "albumin", 3.0, "g/dL")], "certain"),
        ([lab(480, "calcium", 13.5)], "open"),
        ([lab(480, "calcium", 13.5), condition(490, "hypercalcaemia", "resolved")], None),
        ([lab(499, "calcium_corrected", 11.0)], None),
    ],
)
def test_calcium_without_its_albumin(rows: list[tuple[str, Row]], expected: str | None) -> None:
    result = assessed(*rows)
    assert status(result, "hypercalcaemia") == expected
    if rows[0] == lab(499, "calcium", 13.5) and len(rows) == 1:
        assert "albumin is missing" in seen(result, "hypercalcaemia")


EARLIER_FAIR = lab(493, "calcium_corrected", 9.3)
EARLIER_HIGH = lab(493, "calcium_corrected", 12.9)


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ([EARLIER_FAIR, lab(499, "calcium", 15.6)], "certain"),  # the newest is the total
        ([EARLIER_FAIR, lab(499, "calcium", 13.2), lab(499, "albumin", 2.4, "g/dL")], "certain"),
        ([EARLIER_FAIR, lab(499, "calcium", 11.6)], "open"),  # high unless albumin is
        ([EARLIER_FAIR, lab(499, "calcium", 10.2)], None),  # nothing points to a rise
        ([EARLIER_HIGH, lab(499, "calcium", 9.4), lab(499, "albumin", 4.1, "g/dL")], None),
        ([EARLIER_HIGH, lab(499, "calcium", 10.2)], "certain"),  # which only bounds it
        ([lab(493, "calcium", 15.6), lab(499, "calcium_corrected", 9.6)], None),
        # of one day: the laboratory's correction, unless no albumin could explain the two
        ([lab(499, "calcium_corrected", 9.6), lab(499, "calcium", 11.6)], None),
        ([lab(499, "calcium_corrected", 9.6), lab(499, "calcium", 14.9)], "open"),
        ([lab(499, "calcium_corrected", 14.9), lab(499, "calcium", 9.6)], "certain"),
        # a later correction that cannot be used leaves the suspicion
        ([lab(493, "calcium", 15.6), lab(499, "calcium_corrected", 12.1, None)], "open"),
        ([lab(493, "calcium", 9.3), lab(499, "calcium_corrected", 12.1, None)], None),
        ([lab(493, "calcium_corrected", 9.3, None), lab(499, "calcium", 15.6)], "certain"),
    ],
)
def test_the_newest_calcium_decides_whichever_of_the_two_it_is(
    rows: list[tuple[str, Row]], expected: str | None
) -> None:
    assert status(assessed(*rows), "hypercalcaemia") == expected


@pytest.mark.parametrize("value", [9.3, 11.0])
def test_recorded_hypercalcaemia_is_not_called_mild_by_an_older_fair_value(value: float) -> None:
    result = assessed(lab(493, "calcium_corrected", value), condition(499, "hypercalcaemia"))
    assert status(result, "hypercalcaemia") == "certain"
    assert text(result, "hypercalcaemia").startswith("Hypercalcaemia: treat it now")
    (action,) = [x for x in result.actions if x.id == "treat_hypercalcaemia"]
    assert action.text.startswith("Treat the hypercalcaemia today")


@pytest.mark.parametrize(
    ("value", "word"),
    [(11.3, "Mild"), (12.0, "Hypercalcaemia:"), (13.9, "Hypercalcaemia:"), (14.0, "Severe")],
)
def test_the_wording_is_graded(value: float, word: str) -> None:
    result = assessed(lab(499, "calcium_corrected", value))
    assert text(result, "hypercalcaemia").startswith(word)


def test_mild_hypercalcaemia_and_a_kidney_that_fails() -> None:
    result = assessed(
        lab(499, "calcium", 11.3),
        lab(499, "albumin", 4.0, "g/dL"),
        lab(434, "creatinine", 1.0),
        lab(499, "creatinine", 1.9),
        lab(499, "kappa_flc", 1490, "mg/L"),
    )
    assert status(result, "hypercalcaemia") == status(result, "kidney_injury") == "certain"
    assert "it has nearly doubled since day 434" in seen(result, "kidney_injury")
    assert status(result, "renal_failure") is None


@pytest.mark.parametrize(
    ("earlier", "now", "injury", "failure"),
    [
        ((434, 1.0), (499, 1.5), "certain", None),
        ((434, 1.0), (499, 1.4), None, None),
        ((434, 0.4), (499, 0.65), None, None),  # up by less than 0.3
        ((400, 1.0), (499, 1.9), None, None),  # of more than three months ago
        ((434, 1.0), (480, 1.9), "open", None),
        ((434, 1.0), (499, 3.4), None, "certain"),  # the wider alert covers it
        ((110, 1.0), (499, 3.0), None, "open"),  # of more than a year ago
        ((110, 2.9), (499, 3.0), None, None),  # as bad before
    ],
)
def test_creatinine_against_the_earlier_value(
    earlier: tuple[int, float], now: tuple[int, float], injury: str | None, failure: str | None
) -> None:
    result = assessed(*(lab(day, "creatinine", value) for day, value in (earlier, now)))
    assert (status(result, "kidney_injury"), status(result, "renal_failure")) == (injury, failure)


def test_a_high_creatinine_alone_is_open_unless_the_kidney_was_bad_before() -> None:
    high = lab(499, "creatinine", 3.0)
    assert status(assessed(high), "renal_failure") == "open"
    assert status(assessed(high, condition(10, "renal_impairment")), "renal_failure") is None
    assert status(assessed(high, condition(10, "dialysis")), "renal_failure") is None


# ---------------------------------------------------------------- cord and nervous system

EPIDURAL = lesion(328, "T8 epidural")


@pytest.mark.parametrize(
    ("what", "rows", "as_of", "expected"),
    [
        ("seen days ago", [], 330, "certain"),
        ("denied long before", [condition(-800, "cord_compression", "absent")], 330, "certain"),
        ("over long before", [condition(-800, "cord_compression", "resolved")], 330, "certain"),
        ("looked at since", [condition(329, "cord_compression", "absent")], 330, None),
        ("of an unknown day", [condition(None, "cord_compression", "absent")], 330, "open"),
        ("never followed up", [], 420, "open"),
        ("an MRI without it", [lesion(400, "spine", result="negative", lesion=None)], 420, None),
        ("an MRI", [("imaging", {"day": 400, "method": "MRI", "result": "negative"})], 420, None),
        ("of the hand", [lesion(400, "hand", result="negative", lesion=None)], 420, "open"),
        ("an earlier MRI", [lesion(300, "spine", result="negative", lesion=None)], 330, "certain"),
        ("long ago", [], 900, None),
        (
            "a complete response since",
            [("assessments", {"day": 400, "response": "CR", "by": "team"})],
            420,
            None,
        ),
    ],
)  # fmt: skip
def test_only_what_follows_the_lesion_settles_the_cord(
    what: str, rows: list[tuple[str, Row]], as_of: int, expected: str | None
) -> None:
    assert status(assessed(EPIDURAL, *rows, as_of=as_of), "cord_threatened") == expected, what


@pytest.mark.parametrize(
    ("site", "expected"),
    [
        ("T8, no epidural component", None),
        ("T8 without intraspinal extension", None),
        ("T8, spinal canal free", None),
        ("T8, spinal canal not involved", None),
        ("BWK 8, kein Einwachsen in den Spinalkanal", None),
        ("T8 epidural, no fracture", "certain"),
        ("T8 epidural mass", "certain"),
    ],
)
def test_a_canal_said_to_be_free(site: str, expected: str | None) -> None:
    assert status(assessed(lesion(499, site)), "cord_threatened") == expected


def test_disease_of_the_nervous_system_ends_with_a_later_statement() -> None:
    relapse = ("assessments", {"day": 400, "response": "PD", "by": "team", "pattern": "cns"})
    there = condition(400, "cns_myeloma")
    over = condition(420, "cns_myeloma", "resolved")
    early = condition(100, "cns_myeloma", "absent")
    for told in (there, relapse):
        assert status(assessed(told, over, as_of=880), "cns_disease") is None
        assert status(assessed(told, as_of=880), "cns_disease") == "certain"
    fluid = ("labs", {"day": 410, "test": "csf_plasma_cells", "value": "positive"})
    clear = ("labs", {"day": 430, "test": "csf_plasma_cells", "value": "negative"})
    assert status(assessed(fluid, as_of=420), "cns_disease") == "certain"
    assert status(assessed(fluid, early, as_of=420), "cns_disease") == "certain"
    assert status(assessed(fluid, over, as_of=425), "cns_disease") is None
    assert status(assessed(fluid, as_of=500), "cns_disease") == "open"
    assert status(assessed(fluid, clear, as_of=500), "cns_disease") is None


# ---------------------------------------------------------------- what has no end on record


@pytest.mark.parametrize(
    ("rows", "value", "expected"),
    [
        ([("toxicities", {"day": -700, "toxicity": "infection", "grade": 3})], None, None),
        ([("toxicities", {"day": 440, "toxicity": "infection", "grade": 3})], None, "open"),
        ([("toxicities", {"day": 495, "toxicity": "infection", "grade": 3})], True, "certain"),
        (
            [
                ("toxicities", {"day": -700, "toxicity": "infection", "grade": 3}),
                condition(498, "active_infection", "absent"),
            ],
            False,
            None,
        ),
        (
            [
                ("toxicities", {"day": 495, "toxicity": "infection", "grade": 3}),
                condition(498, "active_infection", "absent"),
            ],
            False,
            None,
        ),
        (
            [
                condition(490, "active_infection", "absent"),
                ("toxicities", {"day": 495, "toxicity": "infection", "grade": 3}),
            ],
            True,
            "certain",
        ),
        ([condition(440, "febrile_neutropenia")], None, "open"),
        ([condition(None, "active_infection")], True, "certain"),
        ([("toxicities", {"toxicity": "infection", "grade": 3})], None, "open"),
    ],
)
def test_an_infection_without_an_end(
    rows: list[tuple[str, Row]], value: bool | None, expected: str | None
) -> None:
    result = assessed(*rows)
    found = result.findings.get("active_infection")
    assert (found.value if found else None) is value
    assert status(result, "infection") == expected
    stops = [o.id for o in result.options if o.against and "infection" in str(o.against)]
    assert bool(stops) is (value is True)


@pytest.mark.parametrize(
    ("row", "alert", "at", "expected"),
    [
        (condition(0, "hypercalcaemia"), "hypercalcaemia", 10, "certain"),
        (condition(0, "hypercalcaemia"), "hypercalcaemia", 40, "open"),
        (condition(0, "hypercalcaemia"), "hypercalcaemia", 90, None),
        (condition(0, "hyperviscosity"), "hyperviscosity", 40, "open"),
        (condition(0, "cord_compression"), "cord_compression", 80, "certain"),
        (condition(0, "cord_compression"), "cord_compression", 200, "open"),
        (condition(0, "cord_compression"), "cord_compression", 400, None),
        (condition(0, "cns_myeloma"), "cns_disease", 400, "certain"),  # stands until it is over
        (("toxicities", {"day": 0, "toxicity": "iec_hs"}), "iec_hs", 30, "certain"),
        (("toxicities", {"day": 0, "toxicity": "iec_hs"}), "iec_hs", 90, "open"),
        (("toxicities", {"day": 0, "toxicity": "enterocolitis"}), "enterocolitis", 170, "certain"),
        (("toxicities", {"day": 0, "toxicity": "enterocolitis"}), "enterocolitis", 300, "open"),
    ],
)
def test_what_passes_does_not_stand_for_ever(
    row: tuple[str, Row], alert: str, at: int, expected: str | None
) -> None:
    moved = (row[0], row[1] | {"day": 310})
    assert status(assessed(moved, as_of=310 + at), alert) == expected


def test_cytopenia_without_an_end_and_without_counts_is_not_for_ever() -> None:
    def lasting(day: int) -> bool | None:
        result = assessed(("toxicities", {"day": day, "toxicity": "icaht", "grade": 3}))
        found = result.findings.get("prolonged_cytopenia")
        return found.value if found else None  # type: ignore[return-value]

    assert (lasting(400), lasting(40)) == (True, None)


def test_page_terminal_and_table_say_which_alerts_are_open() -> None:
    result = assessed(lab(482, "kappa_flc", 2400, "mg/L"), lab(499, "calcium_corrected", 14.2))
    html = page(result, with_picture=False)
    assert "Cast nephropathy to consider (open)" in html and "(18 days ago)" in html
    assert "Hypercalcaemia</b>" in html
    console = Console(record=True, width=300, file=StringIO())
    print_assessment(console, result)
    printed = console.export_text()
    assert "cast nephropathy to consider (open)" in printed and "(18 days ago)" in printed
    assert result.to_dict()["alerts"][0]["status"] == "certain"
