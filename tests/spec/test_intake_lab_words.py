"""Words in place of numbers, and sentences of immunofixation: read where something says what they
bound, else set aside with what to write.
"""

from __future__ import annotations

import math
from typing import Any

import pytest

from rearm.intake import read_tables
from rearm.interval import Interval, Undetected
from rearm.knowledge.bundle import bundled
from rearm.record import Record
from rearm.response.criteria import load_criteria

BELOW = Undetected(0, 0.11, high_open=True)
SEEN = Interval(0, math.inf, low_open=True)


def _record(test: str, value: Any, **more: Any) -> Record:
    row = {"patient_id": "A", "day": 30, "test": test, "value": value} | more
    return read_tables({"patients": [{"patient_id": "A"}], "labs": [row]}).records[0]


# test, value, further columns; quantity or word of the record
READ: list[tuple[str, str, dict[str, Any], Interval | str]] = [
    ("serum_m_protein", "not detected", {}, BELOW),
    ("serum_m_protein", "not detectable", {}, BELOW),
    ("serum_m_protein", "non-detectable", {}, BELOW),
    ("serum_m_protein", "nicht detektierbar", {}, BELOW),
    ("serum_m_protein", "kein Nachweis", {}, BELOW),
    ("serum_m_protein", "<LOD", {}, BELOW),
    ("mrd", "not detectable", {}, "negative"),
    ("mrd", "undetectable", {}, "negative"),
    ("mrd", "nicht detektierbar", {}, "negative"),
    ("mrd", "unter der Nachweisgrenze", {}, "negative"),
    ("mrd", "detectable", {}, "positive"),
    ("soluble_bcma", "not detectable", {}, Undetected(0, 10, high_open=True)),
    ("hbv_dna", "not detectable", {}, "not_detected"),
    ("car_copies_per_ug_dna", "not detectable", {}, "not_detected"),
    ("serum_immunofixation", "not detectable", {}, "negative"),
    ("serum_m_protein", "nicht nachweisbar", {"unit": "g/L"}, BELOW),
    ("serum_m_protein", "kein M-Gradient", {}, BELOW),
    ("serum_m_protein", "negative", {}, BELOW),
    ("serum_m_protein", "positiv", {}, SEEN),
    ("serum_m_protein", "too small to quantify", {}, BELOW),
    ("serum_m_protein", "n.n.", {}, BELOW),
    ("urine_m_protein_24h", "not detected", {}, Undetected(0, 100, high_open=True)),
    ("urine_m_protein_24h", "n.n.", {"specimen": "Sammelurin"}, Undetected(0, 100, high_open=True)),
    ("urine_immunofixation", "n.n.", {}, "negative"),
    ("soluble_bcma", "not detected", {}, Undetected(0, 10, high_open=True)),
    ("soluble_bcma", "undetectable", {}, Undetected(0, 10, high_open=True)),
    ("hbv_dna", "not detected", {}, "not_detected"),
    ("hbv_dna", "positive", {}, SEEN),
    ("car_copies_per_ug_dna", "undetectable", {}, "not_detected"),
    ("car_t_cells_absolute", "nicht nachweisbar", {}, "not_detected"),
    ("kappa_flc", "normal", {}, Interval(0, 19.4)),
    ("lambda_flc", "erhöht", {}, Interval(26.3, math.inf, low_open=True)),
    ("flc_ratio", "unauffällig", {}, Interval(0.26, 1.65)),
    ("flc_ratio", "low", {}, Interval(0, 0.26, high_open=True)),
    ("ldh", "high", {"unit": "U/L", "ref_high": 250}, Interval(250, math.inf, low_open=True)),
    ("ldh", "normal", {"unit": "U/L", "ref_low": 135, "ref_high": 225}, Interval(135, 225)),
    ("hemoglobin", "low", {"unit": "g/L", "ref_low": 120}, Interval(1, 12, high_open=True)),
    ("serum_m_protein_change", "-92", {"unit": "%"}, Interval(-92, -92)),
    ("serum_m_protein_change", "<-90 %", {}, Interval(-100, -90, high_open=True)),
    ("serum_immunofixation", "No monoclonal band seen", {}, "negative"),
    ("serum_immunofixation", "keine monoklonale Bande", {}, "negative"),
    ("urine_immunofixation", "unauffällig", {}, "negative"),
    ("serum_immunofixation", "reaktiv", {}, "positive"),
    ("serum_immunofixation", "nicht reaktiv", {}, "negative"),
    ("hbsag", "nicht reaktiv", {}, "negative"),
    ("car_copies_per_ug_dna", "target not detected", {}, "not_detected"),
    ("car_copies_per_ug_dna", "unter der Nachweisgrenze", {}, "not_detected"),
    ("urine_immunofixation", "Kappa-Leichtketten", {}, "positive"),
]


@pytest.mark.parametrize(("test", "value", "more", "expected"), READ)
def test_word(test: str, value: str, more: dict[str, Any], expected: Interval | str) -> None:
    record = _record(test, value, **more)
    assert len(record.labs) == 1
    (lab,) = record.labs
    assert (lab.word if isinstance(expected, str) else lab.quantity) == expected
    assert (lab.word is None) != (lab.quantity is None)
    assert record.issues == ()


# nothing says what the word bounds: set aside, never a number made up
OPEN = [
    ("creatinine", "normal"),
    ("ldh", "erhöht"),
    ("crp", "negative"),
    ("bcma_positive_plasma_cells", "negative"),
]


@pytest.mark.parametrize(("test", "value"), OPEN)
def test_word_without_a_limit(test: str, value: str) -> None:
    record = _record(test, value)
    assert (record.labs, len(record.set_aside)) == ((), 1)
    assert [i.code for i in record.issues] == ["word_without_limit"]
    assert "Enter the number, or the l" in record.issues[0].message


@pytest.mark.parametrize(
    ("value", "word", "isotype"),
    [
        ("IgG kappa positive", "positive", ("IgG kappa",)),
        ("IgG kappa", "positive", ("IgG kappa",)),
        ("IgG-kappa und IgA-lambda", "positive", ("IgG kappa", "IgA lambda")),
        ("monoklonale Gammopathie vom Typ IgA λ", "positive", ("IgA lambda",)),
        ("kein IgG kappa nachweisbar", "negative", ()),
    ],
)
def test_bands(value: str, word: str, isotype: tuple[str, ...]) -> None:
    (lab,) = _record("serum_immunofixation", value).labs
    assert (lab.word, lab.isotype) == (word, isotype)


def test_bands_stated_in_their_column_count() -> None:
    (lab,) = _record("serum_immunofixation", "IgG kappa positive", isotype="IgG lambda").labs
    assert lab.isotype == ("IgG lambda",)


@pytest.mark.parametrize("value", ["IgG kappa, daratumumab", "no change", "band?"])
def test_sentence_that_is_not_read(value: str) -> None:
    record = _record("serum_immunofixation", value)
    assert record.labs == ()
    assert [i.code for i in record.issues] == ["unknown_word"]


def test_ranges_of_normal_are_those_of_the_criteria() -> None:
    limits, tests = load_criteria(), bundled().lab_tests
    assert tests["kappa_flc"].normal == (0, limits.kappa_normal)
    assert tests["lambda_flc"].normal == (0, limits.lambda_normal)
    assert tests["flc_ratio"].normal == (limits.ratio_low, limits.ratio_high)


@pytest.mark.parametrize("word", ["not measurable", "not quantifiable", "BLQ"])
def test_what_may_be_there_below_a_limit_of_quantification_is_no_negative_mrd(word: str) -> None:
    record = _record("mrd", word)
    assert (record.labs, [i.code for i in record.issues]) == ((), ["unknown_word"])


@pytest.mark.parametrize("word", ["not detectable", "undetectable", "nicht detektierbar", "n.n."])
def test_a_variant_that_is_not_detectable_is_absent(word: str) -> None:
    row: dict[str, Any] = {"patient_id": "A", "day": 30, "gene": "TNFRSF17", "result": word}
    record = read_tables({"patients": [{"patient_id": "A"}], "variants": [row]}).records[0]
    assert [x.result for x in record.variants] == ["absent"]
    assert record.issues == ()
