"""Bad input, row by row: what is said, what is done, and that nothing else is lost.

Each table is written as a data manager would type it. Every case keeps a second, sound result that
must survive.
"""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from rearm.intake import Reading, read_tables
from rearm.record import Record, When

PERSON = {
    "patient_id": "A",
    "sex": "F",
    "birth_year": 1960,
    "day_zero": "2024-03-12",
    "light_chain": "kappa",
}
SOUND = {"patient_id": "A", "day": 1, "test": "hemoglobin", "value": 10.2, "unit": "g/dL"}
TODAY = date(2026, 1, 1)


def _lab(**cells: Any) -> dict[str, Any]:
    return {
        "patient_id": "A",
        "day": 5,
        "test": "serum_m_protein",
        "value": 2.5,
        "unit": "g/dL",
    } | cells


def _read(tables: dict[str, Any]) -> Reading:
    return read_tables(tables, today=TODAY)


def _one(*labs: dict[str, Any], person: dict[str, Any] = PERSON, **tables: Any) -> Record:
    record = _read({"patients": [person], "labs": [SOUND, *labs], **tables}).records[0]
    assert any(x.test == "hemoglobin" for x in record.labs), "the sound result is lost"
    return record


def _codes(record: Record) -> list[tuple[str, str, str]]:
    return [(i.code, i.severity, i.done) for i in record.issues]


# what is wrong, the row, the code of the issue, a word of the sentence, where it stands
SET_ASIDE: list[tuple[str, dict[str, Any], str, str, str]] = [
    ("no unit", _lab(unit=None), "unit_missing", "no unit", "row 3, value"),
    ("unit of another dimension", _lab(unit="mmol/L"), "unit_not_allowed", "mmol/L", "row 3, unit"),
    ("unit that is no unit", _lab(unit="bananas"), "unit_not_allowed", "bananas", "row 3, unit"),
    (
        "unknown test",
        _lab(test="serum_m_protien"),
        "unknown_test",
        "serum_m_protein",
        "row 3, test",
    ),
    ("not a number", _lab(value="two or so"), "value_unreadable", "two or so", "row 3, value"),
    ("NaN", _lab(value=float("nan")), "value_unreadable", "NaN", "row 3, value"),
    ("too large for a double", _lab(value="1e400"), "value_unreadable", "1e400", "row 3, value"),
    ("formula text", _lab(value="=2+2"), "value_unreadable", "=2+2", "row 3, value"),
    ("beyond the hard range", _lab(value=250), "value_impossible", "not possible", "row 3, value"),
    ("negative", _lab(value=-1), "value_impossible", "not possible", "row 3, value"),
    ("a drug for a number", _lab(value="Teclistamab"), "drug_for_number", "drug", "row 3, value"),
    (
        "word outside the test's list",
        _lab(test="mrd", value="maybe", unit=None),
        "unknown_word",
        "negative",
        "row 3, value",
    ),
    ("two-digit year", _lab(day="12/03/24"), "two_digit_year", "YYYY-MM-DD", "row 3, day"),
    (
        "date that can be two dates",
        _lab(day="03/12/2024"),
        "date_ambiguous",
        "day/month",
        "row 3, day",
    ),
    ("impossible date", _lab(day="2024-02-30"), "date_impossible", "calendar", "row 3, day"),
    ("date in the future", _lab(day="2042-03-12"), "date_in_future", "future", "row 3, day"),
    ("before birth", _lab(day="1955-03-12"), "before_birth", "birth", "row 3, day"),
    ("calendar serial as a day", _lab(day=45363), "day_implausible", "serial", "row 3, day"),
    ("words for a day", _lab(day="soon"), "day_unreadable", "soon", "row 3, day"),
]


@pytest.mark.parametrize(
    ("what", "row", "code", "word", "place"), SET_ASIDE, ids=[c[0] for c in SET_ASIDE]
)
def test_set_aside(what: str, row: dict[str, Any], code: str, word: str, place: str) -> None:
    """The result is never read as a value, stays visible as set aside, and one issue says why and
    where.
    """
    record = _one(row)
    assert [x.test for x in record.labs] == ["hemoglobin"]
    assert len(record.set_aside) == 1
    kept = record.set_aside[0]
    assert kept.quantity is None and kept.word is None and kept.why_set_aside and kept.as_given
    issues = [i for i in record.issues if i.code == code]
    assert len(issues) == 1 == len(record.issues)
    assert issues[0].severity == "error" and issues[0].done == "set_aside"
    assert word in issues[0].message and issues[0].message.endswith(".")
    assert issues[0].source.place == place


# as typed, quantity in the canonical unit
READ: list[tuple[dict[str, Any], str]] = [
    (_lab(value=25, unit="g/L"), "2.5"),
    (_lab(value="<0.1"), "<0.1"),
    (_lab(value=">= 3"), ">=3"),
    (_lab(test="kappa_flc", value="1,5", unit="mg/dL"), "15"),
    (_lab(test="urine_m_protein_24h", value=0.2, unit="g/24h"), "200"),
    (_lab(test="urine_m_protein_24h", value=200, unit="mg/{24_h}"), "200"),
    (_lab(test="soluble_bcma", value=404140, unit="pg/mL"), "404.14"),
    (_lab(test="ecog", value=2, unit="score"), "2"),
]


@pytest.mark.parametrize(
    ("row", "expected"), READ, ids=[f"{r[0]['value']} {r[0]['unit']}" for r in READ]
)
def test_read(row: dict[str, Any], expected: str) -> None:
    record = _one(row)
    assert [str(x.quantity) for x in record.labs if x.day == 5] == [expected]
    assert record.issues == ()


def test_not_done_is_no_result() -> None:
    """`n.d.` and its kin are no value, no zero and no row; they are counted in one note."""
    record = _one(
        *[
            _lab(day=d, value=v)
            for d, v in enumerate(
                ["n.d.", "n.d", "nd", "NA", "n/a", "not done", "-", "n.d..", "n.b."]
            )
        ]
    )
    assert [x.test for x in record.labs] == ["hemoglobin"] and record.set_aside == ()
    assert [(i.code, i.message.split()[0]) for i in record.issues] == [("not_done", "9")]


def test_soft_range_is_used_and_said() -> None:
    record = _one(_lab(value=12))
    assert record.labs[1].quantity and _codes(record) == [("value_unusual", "warning", "used")]


def test_partial_dates_and_day_words_are_intervals() -> None:
    tables: dict[str, Any] = {
        "infusions": [{"patient_id": "A", "day": 0, "product": "ide-cel", "apheresis_days": -40}],
        "therapies": [
            {"patient_id": "A", "start_day": -30, "agents": "dexamethasone", "purpose": "bridging"}
        ],
    }
    days = [
        "2024-03",
        "before bridging",
        "Leukapheresis",
        "before infusion",
        "Day 7",
        "d-5",
        "3 months",
        "2024-03-13",
        "14.03.2024",
    ]
    record = _one(*[_lab(day=d, value=1 + n / 10) for n, d in enumerate(days)], **tables)
    assert [x.when for x in record.labs[1:]] == [
        When(-11, 19), When(None, -31), When.on(-40), When(None, -1), When.on(7), When.on(-5),
            When(76, 107), When.on(1), When.on(2),
    ]  # fmt: skip
    # the month of the infusion alone leaves open which result is the baseline
    assert [issue.code for issue in record.issues] == ["month_holds_infusion"]


def test_duplicate_rows() -> None:
    record = _one(_lab(), _lab())
    assert [x.test for x in record.labs] == ["hemoglobin", "serum_m_protein"]
    assert _codes(record) == [("duplicate_row", "note", "used")]
    assert "row 3" in record.issues[0].message and record.issues[0].source.place == "row 4"


def test_corrected_after_final() -> None:
    record = _one(_lab(value=2.5, status="final"), _lab(value=1.5, status="corrected"))
    assert [x.as_given for x in record.labs] == ["10.2 g/dL", "1.5 g/dL"] and record.set_aside == ()
    assert _codes(record) == [("superseded", "note", "set_aside")]


def test_entered_in_error_and_cancelled_are_not_read() -> None:
    record = _one(_lab(status="entered-in-error"), _lab(day=6, status="cancelled"))
    assert [x.test for x in record.labs] == ["hemoglobin"] and record.set_aside == ()
    assert [i.done for i in record.issues] == ["refused", "refused"]


def test_preliminary_waits_for_the_final_result() -> None:
    alone = _one(_lab(status="preliminary"))
    assert alone.labs[1:] == () and "preliminary" in (alone.set_aside[0].why_set_aside or "")
    replaced = _one(_lab(value=2.4, status="preliminary"), _lab(value=2.5))
    assert [x.as_given for x in replaced.labs[1:]] == ["2.5 g/dL"] and replaced.set_aside == ()


def test_results_of_one_sample_that_contradict_each_other() -> None:
    record = _one(_lab(sample_id="S1"), _lab(value=1.5, sample_id="S1"))
    assert len(record.labs) == 1 and len(record.set_aside) == 2
    assert _codes(record) == [("results_contradict", "error", "set_aside")]
    apart = _one(_lab(time="08:00"), _lab(value=1.5, time="20:00"))
    assert len(apart.labs) == 3 and apart.issues == ()


@pytest.mark.parametrize(
    ("chain", "kappa", "light_lambda", "flagged"),
    [
        ("kappa", 400, 8, False),
        ("kappa", 8, 400, True),
        ("lambda", 400, 8, True),
        ("lambda", 8, 400, False),
        ("lambda", 60, 25, False),
        (None, 8, 400, False),
    ],
)
def test_kappa_and_lambda_swapped(
    chain: str | None, kappa: float, light_lambda: float, flagged: bool
) -> None:
    """The chain that is not involved is clonally raised: flagged, used as stated. A ratio up to 3.1
    is seen with impaired kidneys.
    """
    labs = (
        _lab(test="kappa_flc", value=kappa, unit="mg/L"),
        _lab(test="lambda_flc", value=light_lambda, unit="mg/L"),
    )
    record = _one(*labs, person=PERSON | {"light_chain": chain})
    assert len(record.labs) == 3
    assert _codes(record) == ([("light_chains_swapped", "warning", "used")] if flagged else [])


# days and values as typed, whether a possible unit error is flagged
STEPS: list[tuple[list[tuple[int, float, str]], bool]] = [
    ([(0, 2.5, "g/dL"), (30, 25, "g/L")], False),  # the same in another unit
    ([(0, 2.5, "g/dL"), (30, 2.5, "g/L"), (60, 2.6, "g/dL")], True),  # a step by ten with the unit
    ([(0, 2.5, "g/dL"), (30, 0.25, "g/dL"), (60, 2.6, "g/dL")], True),  # a step by ten and back
    ([(0, 2.5, "g/dL"), (90, 0.25, "g/dL"), (120, 0.2, "g/dL")], False),  # a response
    ([(0, 2.5, "g/dL"), (7, 0.25, "g/dL")], True),  # faster than a protein can fall
    ([(0, 2.5, "g/dL"), (7, 1.5, "g/dL")], False),
]


@pytest.mark.parametrize(("series", "flagged"), STEPS)
def test_step_by_ten(series: list[tuple[int, float, str]], flagged: bool) -> None:
    record = _one(*[_lab(day=d, value=v, unit=u) for d, v, u in series])
    assert len(record.labs) == 1 + len(series)
    assert bool([i for i in record.issues if i.code == "possible_unit_error"]) == flagged


def test_no_patient_row_and_no_id() -> None:
    reading = _read(
        {"patients": [PERSON], "labs": [SOUND, _lab(patient_id="a"), _lab(patient_id=None)]}
    )
    assert [r.patient_id for r in reading.records] == ["A", "a"], "ids are compared exactly"
    assert [i.code for i in reading.records[1].issues] == ["no_patient_row"]
    assert [(i.code, i.done) for i in reading.issues] == [
        ("patient_id_missing", "refused"),
        ("ids_alike", "used"),
    ]


@pytest.mark.parametrize(
    "patient_id",
    [
        "../../etc/passwd",
        "C:\\x",
        "<script>alert(1)</script>",
        "=cmd|' /C calc'!A0",
        "007",
        "a\u200bb",
        "{{x}}",
    ],
)
def test_ids_are_text(patient_id: str) -> None:
    record = _read(
        {
            "patients": [PERSON | {"patient_id": patient_id}],
            "labs": [SOUND | {"patient_id": patient_id}],
        }
    ).records[0]
    assert record.patient_id == patient_id and len(record.labs) == 1


def test_patients_do_not_mix() -> None:
    other = PERSON | {"patient_id": "B"}
    reading = _read(
        {"patients": [PERSON, other], "labs": [SOUND, _lab(patient_id="B"), _lab(day=9)]}
    )
    assert [[x.source.place for x in r.labs] for r in reading.records] == [
        ["row 2", "row 4"],
        ["row 3"],
    ]


def test_contradicting_patient_rows() -> None:
    record = _read({"patients": [PERSON, PERSON | {"sex": "M"}]}).records[0]
    assert record.sex is None and record.birth_year == 1960
    assert _codes(record) == [
        ("patient_contradiction", "error", "set_aside"),
        ("may_be_two_patients", "error", "used"),
    ]
    assert _codes(_read({"patients": [PERSON, PERSON]}).records[0]) == [
        ("duplicate_row", "note", "used")
    ]


def test_last_contact_before_later_data() -> None:
    record = _one(_lab(day=40), person=PERSON | {"last_seen_day": 20})
    assert record.last_seen_day == 40
    assert _codes(record) == [("last_seen_before_data", "warning", "used")]


def test_after_death() -> None:
    record = _one(
        _lab(day=40),
        _lab(day=10, value=2.4, reported_day=40),
        deaths=[{"patient_id": "A", "day": 30}],
    )
    assert [x.day for x in record.labs] == [1, 10] and record.labs[1].reported_day == 40
    assert _codes(record) == [("after_death", "error", "set_aside")]
    assert record.deaths[0].cause == "unknown"


@pytest.mark.parametrize(
    ("tables", "zero"),
    [
        (
            {
                "infusions": [
                    {"patient_id": "A", "day": "2024-05-02"},
                    {"patient_id": "A", "day": "2024-04-01", "infused": "no"},
                ]
            },
            "2024-05-02",
        ),
        (
            {
                "therapies": [
                    {"patient_id": "A", "start_day": "2020-02-03", "agents": "bortezomib"}
                ],
                "labs": [_lab(day="2019-01-01")],
            },
            "2020-02-03",
        ),
        ({"labs": [_lab(day="2024-01-05"), _lab(day="2024-01-02")]}, "2024-01-02"),
    ],
)
def test_day_zero_is_chosen_and_said(tables: dict[str, Any], zero: str) -> None:
    record = _read({"patients": [{"patient_id": "A"}], **tables}).records[0]
    assert str(record.day_zero) == zero
    assert record.issues[0].code == "day_zero_chosen" and zero in record.issues[0].message


def test_dates_beside_day_numbers_need_day_zero() -> None:
    record = _read(
        {"patients": [{"patient_id": "A"}], "labs": [SOUND, _lab(day="2024-01-05")]}
    ).records[0]
    assert record.day_zero is None and [x.day for x in record.labs] == [1]
    assert _codes(record) == [("no_day_zero", "error", "set_aside")]


def test_dates_shifted_into_the_future() -> None:
    """De-identified records may lie in the future as a whole; then their dates are used."""
    record = _one(
        _lab(day="2150-03-17"), person=PERSON | {"day_zero": "2150-03-12", "birth_year": None}
    )
    assert [x.day for x in record.labs] == [1, 5]
    assert _codes(record) == [("dates_shifted", "warning", "used")]


def test_therapies() -> None:
    """Stated agents count before the regimen's name; both are kept; what can't be read is said and
    kept.
    """
    rows = [
        {"regimen": "VRd", "agents": "bortezomib;cyclophosphamide;dexamethasone"},
        {"regimen": "KRd"},
        {"regimen": "VCD + Zauberol"},
        {"agents": "bortezomib;zauberol"},
        {"regimen": "HD Melphalan + ASCT, dann Lenalidomid-Erhaltung"},
    ]
    record = _one(therapies=[{"patient_id": "A", "line": n + 1, **r} for n, r in enumerate(rows)])
    read = [(t.line, t.agents, t.unread) for t in record.therapies]
    assert (
        read[0] == (1, ("bortezomib", "cyclophosphamide", "dexamethasone"), ())
        and record.therapies[0].regimen == "VRd"
    )
    assert read[1] == (2, ("carfilzomib", "lenalidomide", "dexamethasone"), ())
    assert read[2][2] and read[3] == (4, ("bortezomib",), ("zauberol",))
    assert [(t.purpose, t.agents) for t in record.therapies if t.line == 5] == [
        ("transplant", ("melphalan",)),
        ("maintenance", ("lenalidomide",)),
    ]
    assert [i.code for i in record.issues] == [
        "regimen_contradicts_agents",
        "regimen_unread",
        "unknown_agent",
    ]


def test_infusions() -> None:
    rows: list[dict[str, Any]] = [
        {"day": 0, "product": "Carvykti", "target": "BCMA"},
        {"day": 400, "product": "Abecma", "target": "GPRC5D"},
        {
            "product": "MCARH109",
            "target": "gprc5d",
            "infused": "no",
            "reason": "manufacturing failure",
        },
        {"day": 700, "product": "our own CAR", "target": "BCMA", "dose_cells": "4.5e8"},
    ]
    record = _one(infusions=[{"patient_id": "A", **r} for r in rows])
    assert [(x.product, x.targets, x.infused) for x in record.infusions[:2]] == [
        ("cilta-cel", ("BCMA",), True),
        ("ide-cel", ("BCMA",), True),
    ]
    assert (
        record.infusions[2].targets == ("GPRC5D",)
        and record.infusions[2].infused is False
        and record.infusions[2].day is None
    )
    assert record.infusions[3].product == "our own CAR" and record.infusions[3].dose_cells == 4.5e8
    assert "target_contradiction" in [i.code for i in record.issues]


def test_closed_and_open_lists_of_words() -> None:
    tables: dict[str, Any] = {
        "conditions": [
            {"patient_id": "A", "condition": "psoriasis", "status": "present"},
            {"patient_id": "A", "condition": "hiv", "status": "perhaps"},
        ],
        "facts": [
            {"patient_id": "A", "finding": "nyha_class", "value": "V"},
            {"patient_id": "A", "finding": "lesion_histology", "value": "L1 = Plasma_cells"},
        ],
        "variants": [{"patient_id": "A", "locus": "17p13", "result": "absent", "vaf": 40}],
    }
    record = _one(**tables)
    assert [(c.condition, c.status) for c in record.conditions] == [
        ("psoriasis", "present"),
        ("hiv", "unclear"),
    ]
    assert [f.value for f in record.facts] == ["L1=plasma_cells"]
    assert (record.variants[0].gene, record.variants[0].vaf) == ("17p13", None)
    assert [(i.code, i.done) for i in record.issues] == [
        ("value_impossible", "set_aside"),
        ("undated", "used"),
        ("word_not_listed", "set_aside"),
        ("unknown_word", "set_aside"),
        ("condition_unclear", "set_aside"),
        ("unknown_word", "set_aside"),
    ]


def test_no_cart_at_all() -> None:
    record = _one(_lab())
    assert record.infusions == () and len(record.labs) == 2 and record.issues == ()
