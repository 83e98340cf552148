"""Findings behind rules that a review of the reports asked for. Infusion on day 0, failure on day
200, read on day 220.
"""

import pytest
from tests.support.findings_case import Row, condition, findings, imaging, lab, shown, variant

COPIES = "car_copies_per_ug_dna"


def copies(day: int, value: object) -> Row:
    return lab(day, COPIES, value, "copies/ug", specimen="blood")


@pytest.mark.parametrize(
    ("what", "rows", "rising"),
    [
        ("nothing measured", [], None),
        (
            "falls after its peak",
            [copies(14, 52000), copies(28, 21000), copies(90, 900), copies(200, 100)],
            False,
        ),
        (
            "rises months later without a new infusion",
            [copies(14, 52000), copies(28, 21000), copies(90, 16000), copies(200, 42000)],
            True,
        ),
        (
            "the early peak is no lowest value",
            [copies(7, 500), copies(28, 21000), copies(200, 30000)],
            False,
        ),
        ("not yet twice as high", [copies(28, 16000), copies(200, 31000)], False),
        (
            "late expansion before day 60 is another matter",
            [copies(28, 1000), copies(45, 40000)],
            None,
        ),
        (
            "below detection, then back",
            [copies(28, 2000), copies(90, "<10"), copies(200, 400)],
            True,
        ),
        (
            "below detection throughout",
            [copies(28, "<10"), copies(90, "<10"), copies(200, "<10")],
            False,
        ),
        ("one value is no course", [copies(200, 42000)], None),
        (
            "a value set aside may have been lower",
            [copies(28, 2000), lab(90, COPIES, 5), copies(200, 3000)],
            None,
        ),
        (
            "tissue is not blood",
            [
                copies(28, 2000),
                copies(100, 300),
                lab(200, COPIES, 9000, "copies/ug", specimen="marrow"),
            ],
            False,
        ),
    ],
)
def test_late_rise_of_car_copies(what: str, rows: list[Row], rising: object) -> None:
    assert findings(*rows)["car_copies_rising_late"].value is rising, what


@pytest.mark.parametrize(
    ("what", "rows", "before", "latest"),
    [
        ("only at failure: nothing is known of the time before",
         [variant(205, "TNFRSF17", None, "deletion", copies=1)], None, True),
        ("before the infusion", [variant(-20, "TNFRSF17", None, "deletion", copies=1)], True, True),
        ("two copies before, one at failure",
         [variant(-20, "TNFRSF17", None, "deletion", "absent", copies=2),
                                              variant(205, "TNFRSF17", None, "deletion", copies=1)],
                                                  False, True),
        ("no sample", [], None, None),
    ],
)  # fmt: skip
def test_one_copy_speaks_of_the_time_of_its_sample(
    what: str, rows: list[Row], before: object, latest: object
) -> None:
    found = findings(*rows)
    assert (found["tnfrsf17_one_copy_before_infusion"].value, found["tnfrsf17_one_copy"].value) == (
        before,
        latest,
    ), what


@pytest.mark.parametrize(
    ("what", "rows", "value", "now"),
    [
        ("out of date, still known", [lab(100, "igg", 310, "mg/dL")], 310.0, None),
        ("recent", [lab(100, "igg", 310, "mg/dL"), lab(210, "igg", 700, "mg/dL")], 700.0, 700.0),
        ("never", [], None, None),
    ],
)
def test_last_known_igg(what: str, rows: list[Row], value: object, now: object) -> None:
    found = findings(*rows, heavy_chain="IgA")
    assert (shown(found["igg_last_known"]), shown(found["igg"])) == (value, now), what


def test_last_known_igg_of_igg_myeloma_is_without_the_paraprotein() -> None:
    found = findings(
        lab(100, "igg", 900, "mg/dL"), lab(100, "serum_m_protein", 1.0, "g/dL"), heavy_chain="IgG"
    )
    assert shown(found["igg_last_known"]) == "[0, 190]"


@pytest.mark.parametrize(
    ("what", "rows", "value"),
    [
        ("no imaging: not known", [], None),
        ("whole body without a lesion", [imaging(205, "negative", "extramedullary")], False),
        ("a bone lesion", [imaging(205, "positive", "bone", lesion="L1", site="rib")], True),
        (
            "soft tissue alone is another finding",
            [imaging(205, "positive", "extramedullary", lesion="L1", contiguous_with_bone="no")],
            False,
        ),
        ("the cord", [condition(210, "cord_compression")], True),
        (
            "a picture from before the failure says nothing",
            [imaging(20, "negative", "extramedullary")],
            None,
        ),
    ],
)
def test_bone_lesion_or_cord(what: str, rows: list[Row], value: object) -> None:
    assert findings(*rows)["bone_lesion_or_cord_at_relapse"].value is value, what


def test_paraprotein_is_read_for_two_weeks() -> None:
    rows = [
        lab(215, "serum_m_protein", 7.0, "g/dL"),
        lab(215, "kappa_flc", 1500, "mg/L"),
        lab(215, "lambda_flc", 7, "mg/L"),
    ]
    found = findings(*rows)
    assert found["m_protein_very_high"].value and found["light_chain_very_high"].value
    assert found["highest_light_chain"].value == 1500.0
    old = findings(lab(100, "serum_m_protein", 7.0, "g/dL"), lab(100, "kappa_flc", 1500, "mg/L"))
    names = ("m_protein_very_high", "light_chain_very_high", "highest_light_chain")
    assert [old[name].known or old[name].suspected for name in names] == [False, False, False]
