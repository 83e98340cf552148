"""The next review: when, by which marker, and who, for the state of the answer and what leads."""

from __future__ import annotations

import pytest
from tests.support.answered import answered

from rearm.report.assessment.practicalities_words import review_words
from rearm.report.sheet import sheet

# patient, state, rule, markers, the last day on the calendar
REVIEWS = [
    ("SYN-04", "choose", "review-engager", ("serum_m_protein",), None),
    ("SYN-05", "choose", "review-first-cycle", ("serum_m_protein", "lesions"), None),
    ("SYN-08", "controlled", "review-controlled", ("serum_m_protein",), "2025-05-26"),
    ("SYN-09", "confirm_first", "review-confirm", ("serum_m_protein", "kappa_flc"), "2025-01-22"),
    ("SYN-10", "stabilise_first", "review-stabilise", ("serum_m_protein",), "2025-02-11"),
    ("D02", "choose", "review-engager", ("marrow_plasma_cells",), None),
    ("D04", "choose", "review-engager", ("lambda_flc",), None),
    ("D05", "emergency_first", "review-emergency", (), "2024-12-23"),
    ("D07", "choose", "review-engager", ("none_on_record",), None),
    ("D11", "comfort", "review-comfort", (), "2024-11-08"),
    ("E14", "controlled", "review-controlled", ("serum_m_protein",), None),
    ("SYN-11", "controlled", "review-t-cell-neoplasm", (), "2024-11-10"),
    ("D10", "emergency_first", "review-nervous-system", ("serum_m_protein",), "2025-01-03"),
    ("E17", "emergency_first", "review-nervous-system", ("serum_m_protein",), None),
]


@pytest.mark.parametrize(("patient", "state", "rule", "markers", "date"), REVIEWS)
def test_the_review_fits_the_state_the_leading_option_and_the_disease(
    patient: str, state: str, rule: str, markers: tuple[str, ...], date: str | None
) -> None:
    answer = answered()[patient].answer
    review = answer.next_review
    assert answer.state == state
    assert review is not None
    assert (review.rule, review.markers, review.date) == (rule, markers, date)


def test_only_the_dead_and_who_cannot_be_judged_have_none() -> None:
    without = {r.answer.state for r in answered().values() if r.answer.next_review is None}
    assert without <= {"died", "cannot_judge"}
    assert answered()["D13"].answer.next_review is None


def test_a_review_that_rests_on_no_text_says_so() -> None:
    usual = {name: review_words(result) for name, result in answered().items()}
    comfort, controlled = usual["D11"], usual["SYN-08"]
    assert comfort is not None and comfort.usual
    assert controlled is not None and not controlled.usual


def test_the_sheet_shows_when_marker_result_and_who() -> None:
    text = sheet(answered()["D04"])
    assert "28 to 35 days after the first dose: lambda light chain" in text
    assert "No fall after the first cycle, or a new lesion" in text
    assert "the treating haematologist" in text
    assert "28 days from today, by 2025-05-26: serum M-protein" in sheet(answered()["SYN-08"])
    assert "no marker on record" in sheet(answered()["D07"])
