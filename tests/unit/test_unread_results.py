"""What could not be read after the last assessment never makes a course better than it is known to
be.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from tests.support.course_builder import death, infusion, lab, lesion, record, serum, src, team

from rearm.intake import read_tables
from rearm.interval import Interval
from rearm.outcome.failure import Failure
from rearm.outcome.failures import failures
from rearm.record import Imaging, Lab, When
from rearm.response.criteria import criteria_table, load_criteria

RESPONSE = {-6: 2.2, 28: 0.5, 56: 0.5, 90: 0.5}


def one(**parts: Any) -> Failure:
    return failures(record(**{"labs": serum(RESPONSE), "last_seen_day": 400, **parts}))[-1]


def aside(test: str, day: int | None, why: str = "no unit") -> Lab:
    return Lab(
        test=test,
        when=When() if day is None else When.on(day),
        source=src(f"aside {day}"),
        as_given="?",
        why_set_aside=why,
    )


def test_unread_results_of_the_disease_leave_the_course_unjudged() -> None:
    failure = one(
        set_aside=[
            aside("serum_m_protein", 300),
            aside("serum_m_protein", 314),
            aside("team response", 314),
        ]
    )
    assert (failure.status, failure.followed_to_day, failure.kind, failure.day) == (
        "cannot_be_judged",
        90,
        None,
        None,
    )
    assert (
        failure.reason
        == "Cannot be judged after day 90: 3 results of days 300 to 314 could not be read (serum"
        " M-protein, team response)."
    )
    assert failure.basis == (src("aside 300"), src("aside 314"))


@pytest.mark.parametrize(
    "test",
    ["kappa_flc", "marrow_plasma_cells", "pet", "mrd", "imaging", "team response", "Immunfixation"],
)
def test_by_which_results_a_relapse_can_be_seen(test: str) -> None:
    assert one(set_aside=[aside(test, 300)]).status == "cannot_be_judged"


@pytest.mark.parametrize("test", ["hemoglobin", "crp"])
def test_other_known_results_change_nothing(test: str) -> None:
    failure = one(set_aside=[aside(test, 300)])
    assert (failure.status, failure.followed_to_day) == ("not_failed", 400)
    assert "could not be read" not in failure.reason


def test_a_test_that_is_not_known_is_named_and_ends_what_is_claimed() -> None:
    failure = one(set_aside=[aside("XYZ", 300), aside("ABC", 314)])
    assert (failure.status, failure.followed_to_day, failure.last_assessed_day) == (
        "not_failed",
        90,
        90,
    )
    assert "No progression up to day 90" in failure.reason and "day 400" not in failure.reason
    assert "2 results of days 300 to 314 could not be read ('XYZ', 'ABC')" in failure.reason


def test_what_was_read_later_makes_up_for_it() -> None:
    failure = one(
        labs=serum({**RESPONSE, 330: 0.5}),
        set_aside=[aside("serum_m_protein", 300), aside("XYZ", 300)],
    )
    assert (failure.status, failure.followed_to_day) == ("not_failed", 400)


def test_a_failure_shown_before_stays() -> None:
    failure = one(
        labs=serum({**RESPONSE, 120: 1.2, 134: 1.4}), set_aside=[aside("serum_m_protein", 300)]
    )
    assert (failure.status, failure.day, failure.followed_to_day) == ("failed", 120, 400)


def test_a_signal_and_a_death_stay_and_name_it() -> None:
    suspected = one(labs=serum({**RESPONSE, 120: 1.2}), set_aside=[aside("serum_m_protein", 300)])
    assert suspected.status == "suspected"
    died = one(deaths=[death(350, "infection")], set_aside=[aside("serum_m_protein", 300)])
    assert (died.status, died.followed_to_day) == ("died_without_progression", 350)
    assert "Cannot be judged after day 90: 1 result of day 300" in died.reason


def test_what_belongs_to_the_last_assessment_is_part_of_it() -> None:
    within = one(set_aside=[aside("urine_immunofixation", 93)])
    assert (within.status, within.followed_to_day) == ("not_failed", 400)
    repeated = one(set_aside=[aside("serum_m_protein", 93)])  # a repetition may say something else
    assert repeated.status == "cannot_be_judged"


def test_a_team_progression_without_a_day_is_not_passed_over() -> None:
    failure = one(responses=[team(0, "PD", when=When())])
    assert failure.status == "cannot_be_judged"
    assert "the team recorded progressive disease on an unknown day" in failure.reason
    assert one(responses=[team(0, "PR", when=When())]).status == "not_failed"


def test_results_without_a_day_are_named() -> None:
    failure = one(set_aside=[aside("serum_m_protein", None, "two-digit year")])
    assert failure.status == "not_failed"
    assert failure.reason == (
        "No progression up to day 90; not assessed since (last contact day 400). 1 disease "
        "result has no readable day and is not placed in time: correct its date first."
    )
    several = one(set_aside=[aside(t, None) for t in ("serum_m_protein", "kappa_flc", "crp")])
    assert several.status == "not_failed"
    assert several.reason.endswith(
        " 2 disease results have no readable day and are not placed in time: correct their "
        "dates first."
    )


def test_what_lies_after_the_next_infusion_is_not_of_this_one() -> None:
    first, second = failures(
        record(
            labs=serum({**RESPONSE, 190: 2.2, 230: 0.2, 260: 0.2}),
            infusions=[infusion(0), infusion(200, "cilta-cel")],
            set_aside=[aside("serum_m_protein", 300)],
        )
    )
    assert "could not be read" not in first.reason
    assert second.status == "cannot_be_judged"


def test_from_the_tables_to_the_answer() -> None:
    """The rows as a centre wrote them: read where the names are listed, not taken for silence where
    they are not.
    """
    m = {"patient_id": "A", "unit": "g/L"}
    tables: dict[str, list[dict[str, Any]]] = {
        "patients": [{"patient_id": "A", "last_seen_day": 400}],
        "infusions": [{"patient_id": "A", "day": 0, "product": "ide-cel"}],
        "labs": [
            *(
                {**m, "day": d, "test": "serum_m_protein", "value": v}
                for d, v in ((-6, 22), (30, 5), (60, 5), (90, 5))
            ),
            {**m, "day": 300, "test": "M-Protein", "value": 12},
            {**m, "day": 314, "test": "M-Gradient", "value": 14},
        ],
        "assessments": [{"patient_id": "A", "day": 314, "response": "Progress"}],
    }
    read = failures(read_tables(tables).records[0])[0]
    assert (read.status, read.certainty, read.day, read.team_day) == (
        "failed",
        "confirmed",
        300,
        314,
    )
    unreadable = {
        **tables,
        "labs": [{**r, "unit": None} if r["day"] >= 300 else r for r in tables["labs"]],
    }
    unreadable["assessments"] = [{"patient_id": "A", "day": 314, "response": "progr."}]
    unread = failures(read_tables(unreadable).records[0])[0]
    assert (unread.status, unread.followed_to_day) == ("cannot_be_judged", 90)
    assert "3 results of days 300 to 314" in unread.reason


# ---------------- what is claimed after the last assessment


def test_a_long_gap_is_not_claimed_as_free_of_progression() -> None:
    failure = one()
    assert (
        failure.reason == "No progression up to day 90; not assessed since (last contact day 400)."
    )
    assert failure.followed_to_day == 400
    gap = load_criteria().assessment_gap
    assert gap == 120 and criteria_table()["settings"]["assessment_gap"]["basis"] == "assumption"
    assert (
        one(last_seen_day=90 + gap).reason
        == f"No progression to day {90 + gap}, last assessed on day 90."
    )
    assert "not assessed since" in one(last_seen_day=91 + gap).reason
    wider = failures(
        record(labs=serum(RESPONSE), last_seen_day=400), load_criteria(assessment_gap=365)
    )[0]
    assert "not assessed since" not in wider.reason


def test_an_unconfirmed_response_at_the_last_assessment_is_named() -> None:
    """<5 g/L from 22 g/L is a fall of at least 77 %: PR, which counts only when a second assessment
    confirms it.
    """

    def below(day: int) -> list[Lab]:
        return [
            lab("serum_m_protein", day, Interval(0.0, 0.5, high_open=True)),
            lab("urine_m_protein_24h", day, 0),
        ]

    base = serum({-6: 2.2})
    once = one(labs=[*base, *below(30)], last_seen_day=40)
    assert (
        once.course is not None
        and once.course.visits[0].response == "PR"
        and "77.3 % down" in once.course.visits[0].reason
    )
    assert (once.best_response, once.best.at_least) == (None, "PR")
    assert once.best_response_text == "at least PR, one visit, VGPR possible within the bounds"
    assert "Unconfirmed PR on day 30" in once.reason
    twice = one(labs=[*base, *below(30), *below(60)], last_seen_day=70)
    assert twice.best_response == "PR" and "Unconfirmed" not in twice.reason
    relapsed = one(labs=[*base, *below(30), *serum({60: 2.4, 74: 2.5})])
    assert relapsed.kind is None and "Unconfirmed PR on day 30" in relapsed.reason


# ---------------------------------------------------------------- imaging, death


@pytest.mark.parametrize(
    ("what", "row", "unjudged"),
    [
        ("no result", lesion(300, result="unclear"), "has no readable result"),
        (
            "a day that is not whole",
            replace(lesion(300), when=When(300, 330), result=None),
            "between day 300 and day 330",
        ),
        ("negative", lesion(300, result="negative"), None),
        ("before the last assessment", lesion(60, result="unclear"), None),
    ],
)
def test_imaging_that_cannot_be_judged_after_the_last_assessment(
    what: str, row: Imaging, unjudged: str | None
) -> None:
    failure = one(imaging=[row])
    assert (failure.status == "cannot_be_judged") is (unjudged is not None), (what, failure.reason)
    if unjudged is not None:
        assert unjudged in failure.reason and str(row.source) in failure.reason
        assert (
            failure.basis == (row.source,)
            and failure.followed_to_day == failure.last_assessed_day == 90
        )


def test_a_lesion_on_a_day_that_is_not_whole() -> None:
    seen = replace(lesion(300, length_mm=30, width_mm=20), when=When(300, 330))
    first = one(imaging=[seen])
    assert (first.status, first.day, first.when) == ("suspected", None, When(300, 330))
    assert "between day 300 and day 330" in first.reason and "day 300:" not in first.reason
    again = one(imaging=[lesion(-5, result="negative"), seen])
    assert (again.status, again.day, again.when) == ("failed", None, When(300, 330))


def test_a_lesion_of_unknown_size_after_the_last_assessment() -> None:
    """A lesion known from before may have grown; one seen first now is a signal by itself."""
    known = one(
        imaging=[
            lesion(-6, length_mm=30, width_mm=20),
            lesion(85, length_mm=10, width_mm=10),
            lesion(300),
        ]
    )
    assert known.status == "cannot_be_judged" and "shows a lesion of unknown size" in known.reason
    first = one(imaging=[lesion(300)])
    assert first.status == "suspected" and "shows a lesion of unknown size" in first.reason


def test_death_stands_beside_a_failure_and_without_a_day() -> None:
    failed = one(labs=serum({**RESPONSE, 120: 1.2, 134: 1.4}), deaths=[death(350, "infection")])
    assert (
        failed.status == "failed"
        and failed.reason.endswith("Died (day 350) of infection.")
        and src("death 350") in failed.basis
    )
    undated = one(deaths=[replace(death(350, "unknown"), when=When())])
    assert undated.status == "died_without_progression" and "Died (day unknown)" in undated.reason
