"""What the audit of weaknesses says of each answer of its source; silence is never success."""

from __future__ import annotations

import json

from scripts.audit import Audit, read_audit, status

CLEAN = json.dumps({"dependencies": [{"name": "a", "version": "1", "vulns": []}], "fixes": []})
WEAK = json.dumps({
    "dependencies": [
        {"name": "a", "version": "1", "vulns": []},
        {"name": "b", "version": "2", "vulns": [
            {"id": "PYSEC-1", "fix_versions": ["2.1"], "aliases": [], "description": "x"},
            {"id": "GHSA-2", "fix_versions": [], "aliases": [], "description": "y"},
        ]},
        {"name": "c", "skip_reason": "not found"},
    ],
    "fixes": [],
})  # fmt: skip
NO_NETWORK = "requests.exceptions.ConnectionError: Max retries exceeded: Failed to resolve 'x'"
NO_ADVISORIES = "ERROR:pip_audit._cli:a: Dependency not found on PyPI and could not be audited"


def test_every_package_looked_up_and_none_weak() -> None:
    assert status([read_audit("pypi", CLEAN, "")], 1) == (
        0, ["pypi: 1 of 1 packages audited.", "None of them has a known weakness."],
    )  # fmt: skip


def test_a_weakness_is_told_with_the_version_that_mends_it() -> None:
    code, lines = status([read_audit("pypi", WEAK, "")], 3)
    assert code == 1
    assert lines == [
        "pypi: 2 of 3 packages audited.",
        "- b 2: PYSEC-1, mended in 2.1",
        "- b 2: GHSA-2, mended in no version yet",
    ]


def test_a_source_that_can_t_be_reached_is_told_and_the_next_asked() -> None:
    unreached = read_audit("pypi", "", NO_ADVISORIES)
    assert unreached.why == "it can't be reached"
    code, lines = status([unreached, read_audit("osv", CLEAN, "")], 1)
    assert code == 0 and lines[0] == "pypi: it can't be reached."


def test_without_any_source_nothing_is_known() -> None:
    silent = [read_audit("pypi", "", NO_ADVISORIES), read_audit("osv", "", NO_NETWORK)]
    code, lines = status(silent, 9)
    assert code == 2
    assert lines[-1] == "0 of 9 packages audited: NOTHING IS KNOWN of their weaknesses."


def test_a_part_is_not_the_whole() -> None:
    assert status([Audit(service="pypi", audited=1)], 2)[0] == 2


def test_another_complaint_is_told_as_it_is() -> None:
    assert read_audit("pypi", "", "usage\nerror: no such option").why == "error: no such option"
    assert read_audit("pypi", "[]", "").why == "no word"
