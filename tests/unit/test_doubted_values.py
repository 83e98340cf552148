"""A decision that rests on a value that may be a slip says so, and where it stands."""

from __future__ import annotations

from scripts.slips import Tables, examples, read
from scripts.vignettes import page_text

import rearm
from rearm.assessment import Assessment
from rearm.report import page

EXAMPLE = examples()["SYN-02"]


def _with(test: str, day: str, value: str) -> Tables:
    """The example with one value changed."""
    labs = [dict(row) for row in EXAMPLE["labs"]]
    (changed,) = [row for row in labs if (row["test"], row["day"]) == (test, day)]
    changed["value"] = value
    return {**EXAMPLE, "labs": labs}


def _row(result: Assessment, test: str, day: str) -> str:
    number = [(r["test"], r["day"]) for r in EXAMPLE["labs"]].index((test, day))
    return f"tables/labs: row {number + 2}"


def test_a_failure_names_the_value_that_may_be_a_slip() -> None:
    result = rearm.assess(read(_with("serum_m_protein", "90", "0.02")))
    (failure,) = result.failures
    row = _row(result, "serum_m_protein", "90")
    assert [result.rows[i] for i in failure.doubtful] == [row]
    sentence = f"This rests on a value that may be a slip ({row}): check before deciding."
    assert sentence in page_text(page(result))


def test_a_finding_names_the_value_that_may_be_a_slip() -> None:
    result = rearm.assess(read(_with("platelets", "254", "11")))
    row = _row(result, "platelets", "254")
    finding = result.findings["platelets"]
    assert [result.rows[i] for i in finding.doubtful] == [row]
    assert f"(may be a slip: {row})" in page_text(page(result))


def test_nothing_is_doubted_without_reason() -> None:
    result = rearm.assess(read(EXAMPLE))
    assert result.failures
    assert not any(failure.doubtful for failure in result.failures)
    assert result.findings
    assert not any(finding.doubtful for finding in result.findings.values())
    assert "may be a slip" not in page_text(page(result))
