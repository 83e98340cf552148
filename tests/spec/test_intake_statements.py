"""What people state in words: severity, best response, order, causes of death, facts."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tests.support.places import DATA
from tests.support.yaml_files import read_yaml

from rearm.intake import read, read_tables
from rearm.knowledge.bundle import bundled
from rearm.outcome.failures import failures
from rearm.record import Record, When

INFUSIONS = [
    {"patient_id": "A", "day": 0, "product": "ide-cel"},
    {"patient_id": "A", "day": 300, "product": "cilta-cel"},
]


def _record(**tables: list[dict[str, Any]]) -> Record:
    rows = {name: [{"patient_id": "A"} | row for row in given] for name, given in tables.items()}
    return read_tables({"patients": [{"patient_id": "A"}]} | rows).records[0]


# grade, severity; grade of the record, its lower bound, codes of issues
SEVERITY = [
    (None, "mild", 1, None, []),
    (None, "mittelschwer", 2, None, []),
    (None, "severe", None, 3, []),
    (None, "schwer", None, 3, []),
    (None, "life-threatening", None, 4, []),
    (None, "tödlich", 5, None, []),
    (4, "severe", 4, None, []),
    (2, "severe", 2, None, ["severity_contradiction"]),
    (2, None, 2, None, []),
    (None, "horrible", None, None, ["unknown_word"]),
]


@pytest.mark.parametrize(("grade", "severity", "expected", "least", "codes"), SEVERITY)
def test_severity(
    grade: int | None,
    severity: str | None,
    expected: int | None,
    least: int | None,
    codes: list[str],
) -> None:
    row = {"day": 3, "toxicity": "crs", "grade": grade, "severity": severity}
    record = _record(toxicities=[row])
    assert [(x.grade, x.grade_at_least) for x in record.toxicities] == [(expected, least)]
    assert [i.code for i in record.issues] == codes


def test_severity_that_says_none_is_no_episode() -> None:
    record = _record(toxicities=[{"toxicity": "crs", "severity": "keine"}])
    assert record.toxicities == ()
    assert [i.code for i in record.issues] == ["not_done"]


@pytest.mark.parametrize(
    ("given", "toxicity"),
    [
        ("cytokine release syndrome", "crs"),
        ("Immune effector cell-associated neurotoxicity syndrome", "icans"),
        ("Macrophage activation syndrome", "iec_hs"),
    ],
)
def test_names_written_out(given: str, toxicity: str) -> None:
    record = _record(toxicities=[{"day": 3, "toxicity": given, "grade": 1}])
    assert [x.toxicity for x in record.toxicities] == [toxicity]


def test_best_response_is_a_response_on_some_day_after_its_infusion() -> None:
    infusions = [
        row | {"best_response": best} for row, best in zip(INFUSIONS, ("VGPR", "sCR"), strict=True)
    ]
    record = _record(infusions=infusions)
    assert [(x.response, x.when, x.after_infusion, x.basis) for x in record.responses] == [
        ("VGPR", When(1, 300), 1, "best response"),
        ("sCR", When(301, None), 2, "best response"),
    ]
    assert len(record.infusions) == 2
    assert record.issues == ()


# day and product of the infusions, in the order of the table, with their best responses; response,
# days and number of the infusion of each statement
OF_ITS_INFUSION = [
    (
        "later infusion first",
        [(300, "cilta-cel", "sCR"), (0, "ide-cel", "VGPR")],
        [("sCR", When(301, None), 2), ("VGPR", When(1, 300), 1)],
    ),
    (
        "two products on one day",
        [(0, "ide-cel", "PR"), (0, "cilta-cel", "VGPR")],
        [("PR", When(1, None), 1), ("VGPR", When(1, None), 2)],
    ),
    (
        "the first has no day",
        [(None, "ide-cel", "PR"), (300, "cilta-cel", "CR")],
        [("PR", When(), 1), ("CR", When(301, None), 2)],
    ),
    ("the only one has no day", [(None, "ide-cel", "PR")], [("PR", When(), 1)]),
    (
        "one stated as after the other",
        [(0, "ide-cel", "PR"), ("after infusion", "cilta-cel", "CR")],
        [("PR", When(1, None), 1), ("CR", When(2, None), 2)],
    ),
    ("a row twice", [(0, "ide-cel", "PR"), (0, "ide-cel", "PR")], [("PR", When(1, None), 1)]),
]


@pytest.mark.parametrize(("what", "infusions", "expected"), OF_ITS_INFUSION)
def test_best_response_belongs_to_the_infusion_of_its_row(
    what: str, infusions: list[Any], expected: list[tuple[str, When, int]]
) -> None:
    rows = [{"day": d, "product": p, "best_response": b} for d, p, b in infusions]
    record = _record(infusions=rows)
    assert [(x.response, x.when, x.after_infusion) for x in record.responses] == expected, what
    by_row = {x.source.row: n for n, x in enumerate(record.infused(), start=1)}
    assert all(by_row[x.source.row] == x.after_infusion for x in record.responses)


def test_best_response_to_what_was_never_given_is_none() -> None:
    row = {"product": "ide-cel", "infused": "no", "best_response": "PR"}
    assert _record(infusions=[row]).responses == ()


@pytest.mark.parametrize(
    ("number", "when"), [(0, When(None, -1)), (1, When(1, 300)), (2, When(301, None)), (3, When())]
)
def test_order_without_a_day(number: int, when: When) -> None:
    record = _record(
        infusions=INFUSIONS, assessments=[{"response": "PD", "after_infusion": number}]
    )
    assert [(x.response, x.when, x.after_infusion) for x in record.responses] == [
        ("PD", when, number)
    ]


def test_stated_day_counts_beside_the_order() -> None:
    row = {"response": "PD", "after_infusion": 1, "day": 90}
    record = _record(infusions=INFUSIONS, assessments=[row])
    assert [x.when for x in record.responses] == [When.on(90)]


@pytest.mark.parametrize(
    ("given", "causes"),
    [
        ("myeloma", ("myeloma",)),
        ("infection; myeloma", ("infection", "myeloma")),
        ("Infektion;Progress", ("infection", "myeloma")),
        ("infection; unknown", ("infection",)),
    ],
)
def test_causes_of_death(given: str, causes: tuple[str, ...]) -> None:
    record = _record(deaths=[{"day": 90, "cause": given}])
    assert [death.causes for death in record.deaths] == [causes]
    assert record.issues == ()


def test_cause_that_is_not_listed_is_said() -> None:
    record = _record(deaths=[{"day": 90, "cause": "infection; heartbreak"}])
    assert [death.causes for death in record.deaths] == [("unknown",)]
    assert [i.code for i in record.issues] == ["unknown_word"]


def test_number_of_prior_lines_is_a_statement() -> None:
    record = read_tables({"patients": [{"patient_id": "A", "prior_lines": 4}]}).records[0]
    assert [(x.finding, x.value, x.when) for x in record.facts] == [("prior_lines", "4", When())]


# finding, value; value of the record, or None where it is not used
FACTS = [
    ("prior_lines", 5, "5"),
    ("prior_lines", "many", None),
    ("best_response_after_car_t", "vgpr", "VGPR"),
    ("antigen_bcma", "Lost", "lost"),
    ("antigen_bcma", "perhaps", None),
    ("relapse_after_car_t", "yes", "yes"),
    ("travel_minutes", "45,5", "45.5"),
    ("next_slot_days", 12, "12"),
    ("next_slot_days", "teclistamab = 12", "teclistamab=12"),
    ("next_slot_days", "teclistamab=soon", None),
    ("declined", "transplant; talquetamab", "transplant; talquetamab"),
    ("tp53_biallelic", "ja", "yes"),  # of the catalogue, by their types
    ("high_risk_cytogenetics", "perhaps", None),
    ("failure_timing", "Late", "late"),
    ("failure_timing", "soon", None),
    ("ecog", "2", "2"),
    ("ecog", "bedridden", None),
]  # fmt: skip


@pytest.mark.parametrize(("finding", "value", "expected"), FACTS)
def test_stated_finding(finding: str, value: Any, expected: str | None) -> None:
    record = _record(facts=[{"finding": finding, "value": value, "by": "clinician"}])
    assert [(x.finding, x.value) for x in record.facts] == (
        [] if expected is None else [(finding, expected)]
    )
    codes = [i.code for i in record.issues if i.code != "fact_unread"]
    assert codes == (["unknown_word"] if expected is None else [])


def test_every_fact_of_the_vocabulary_can_be_stated() -> None:
    vocabulary = read_yaml(DATA / "vocabulary.yaml")
    column = bundled().tidy_tables.tables["facts"].columns["finding"]
    named = vocabulary["facts"].keys() | vocabulary["facts_2"].keys()
    assert len(named) > 20
    assert named <= set(column.words)
    lists = bundled().tidy_tables.facts
    for finding, words in vocabulary["facts_2"].items():
        if isinstance(words, list):
            assert tuple(words) == lists[finding]


# Where a progression showed itself: what stands as basis, as pattern; the pattern; columns told.
PROGRESSIONS: list[tuple[str | None, str | None, str | None, list[str]]] = [
    ("extramedullary", None, "extraosseous", []),
    ("extramedullär", None, "extraosseous", []),
    ("EMD", None, "extraosseous", []),
    (None, "EMD", "extraosseous", []),
    (None, "extramedulläre Manifestation", "extraosseous", []),
    (None, "extramedullär und biochemisch", "extraosseous;biochemical", []),
    (None, "biochemical, marrow", "biochemical;marrow", []),
    ("progression day", "ZNS", "cns", []),
    ("paraskelettal", "Knochenmark", "marrow;paraskeletal", []),
    ("M-protein", None, "biochemical", []),
    ("new lesion on PET", None, None, []),
    ("progression day", None, None, []),
    (None, None, None, []),
    (None, "unbekannt", None, []),
    ("no EMD", None, None, ["basis"]),
    ("xyz; EMD", None, "extraosseous", ["basis"]),
    (None, "xyz; EMD", "xyz;extraosseous", ["pattern"]),
]


@pytest.mark.parametrize(("basis", "pattern", "expected", "told"), PROGRESSIONS)
@pytest.mark.parametrize("reader", ["tidy", "mapped"])
def test_where_a_progression_showed_itself(
    reader: str,
    basis: str | None,
    pattern: str | None,
    expected: str | None,
    told: list[str],
    tmp_path: Path,
) -> None:
    if reader == "tidy":
        stated = {"day": 90, "response": "PD", "basis": basis, "pattern": pattern}
        record = _record(assessments=[stated])
    else:
        (tmp_path / "m.toml").write_text(_RELAPSES, "utf-8")
        line = f"A\t90\t{basis or ''}\t{pattern or ''}"
        (tmp_path / "t.csv").write_text(f"Pat\tTag\tGrund\tArt\n{line}\n", "utf-8")
        record = read(tmp_path, tmp_path / "m.toml").records[0]
    (response,) = record.responses
    assert (response.pattern, response.basis) == (expected, basis)
    assert [i.column for i in record.issues if i.code == "pattern_unread"] == told
    for issue in record.issues:
        assert (issue.severity, "could not be read" in issue.message) == ("warning", True)


_RELAPSES = """
name = "m"
[files]
t = "t.csv"
[[sheet]]
file = "t"
id = "Pat"
[[sheet.row]]
table = "assessments"
day = { column = "Tag" }
response = "PD"
basis = { column = "Grund" }
pattern = { column = "Art" }
"""


def test_the_basis_of_a_response_is_no_pattern_that_is_asked_for() -> None:
    record = _record(assessments=[{"day": 90, "response": "PR", "basis": "xyz"}])
    assert not record.issues


def test_a_stated_extramedullary_relapse_is_one() -> None:
    for word in ("extramedullary", "extramedullär", "EMD"):
        record = _record(
            infusions=[{"day": 0, "product": "ide-cel"}],
            assessments=[{"day": 90, "response": "PD", "by": "team", "basis": word}],
        )
        assert failures(record)[-1].pattern == ("extraosseous",)
