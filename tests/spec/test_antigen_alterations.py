"""Reported alterations of the antigens against the table of their effects. CAR-T (BCMA) on day 0,
failure on day 200, as of day 220.
"""

from typing import Any

import pytest
from tests.support.findings_case import INFUSION, LINES, variant
from tests.support.loops import some

from rearm.findings import Found
from rearm.findings.alterations import alterations
from rearm.intake import read_tables
from rearm.knowledge._build import KnowledgeError
from rearm.knowledge.bundle import bundled, load
from rearm.knowledge.variants import load_alterations, read_alterations

DEL = variant(
    205,
    "TNFRSF17",
    "deletion of one allele",
    "deletion",
    copies=1,
    clonal_fraction=0.9,
    assay="WGS",
)


@pytest.mark.parametrize(
    ("what", "rows", "found"),
    [
        # reported                             rows
        # alterations
        ("nothing", [], []),
        ("three letters", [variant(205, "TNFRSF17", "p.Arg27Pro", "snv")], ["tnfrsf17-r27p"]),
        ("one letter, brackets", [variant(205, "TNFRSF17", "p.(R27P)", "snv")], ["tnfrsf17-r27p"]),
        ("another change there is not named", [variant(205, "TNFRSF17", "p.Arg27His", "snv")], []),
        ("an amino acid deleted", [variant(205, "TNFRSF17", "S30del", "indel")],
         ["tnfrsf17-s30del"]),
        ("with the other copy lost", [variant(205, "TNFRSF17", "p.Pro34del", "indel"), DEL],
         ["tnfrsf17-p34del", "tnfrsf17-one-copy"]),
        ("looked for and absent", [variant(205, "TNFRSF17", "p.Arg27Pro", "snv", "absent")], []),
        ("one copy", [DEL], ["tnfrsf17-one-copy"]),
        ("homozygous deletion",
         [variant(205, "TNFRSF17", "homozygous deletion", "deletion", copies=0,
          clonal_fraction=0.9)], ["tnfrsf17-both-copies"]),
        ("deletion and stop",
         [DEL, variant(205, "TNFRSF17", "stop gained, other allele", "snv", clonal_fraction=0.88,
          assay="WGS")], ["tnfrsf17-both-copies"]),
        ("the latest sample counts",
         [variant(20, "TNFRSF17", "p.Arg27Pro", "snv"),
          variant(205, "TNFRSF17", "no variant", "snv", "absent", assay="WGS")], []),
        ("after as_of", [variant(230, "TNFRSF17", "p.Arg27Pro", "snv")], []),
        ("CD38", [variant(205, "CD38", "p.Arg140Gly", "snv")], ["cd38-r140g"]),
    ],
)  # fmt: skip
def test_what_the_genes_show(
    what: str, rows: list[tuple[str, dict[str, Any]]], found: list[str]
) -> None:
    tables = {
        "patients": [{"patient_id": "X", "last_seen_day": 240}],
        "infusions": [{"patient_id": "X", **INFUSION}],
        "therapies": [{"patient_id": "X", **row} for row in LINES],
        "variants": [{"patient_id": "X", **row} for _, row in rows],
    }
    record = read_tables(tables).records[0].known_at(220)
    assert [x.alteration.id for x in alterations(record, {}, as_of=220)] == found


@pytest.mark.parametrize(
    ("status", "found"),
    [
        ("retained", []),
        ("reduced", ["gprc5d-lowered"]),
        ("not_detected_unconfirmed", ["gprc5d-lowered"]),
        ("lost", ["gprc5d-missing"]),
        (None, []),
    ],
)
def test_what_the_stain_shows(status: str | None, found: list[str]) -> None:
    record = read_tables(
        {"patients": [{"patient_id": "X"}], "infusions": [{"patient_id": "X", **INFUSION}]}
    ).records[0]
    assert [
        x.alteration.id for x in alterations(record, {"gprc5d_status": Found(status)}, as_of=220)
    ] == found


def test_effects_are_unknown_unless_read() -> None:
    by_id = {x.id: x for x in load_alterations()}
    assert by_id["tnfrsf17-both-copies"].effect_on("teclistamab") == "abolished"
    assert by_id["tnfrsf17-both-copies"].effect_on("talquetamab") == "unknown"
    for name in ("tnfrsf17-r27p", "tnfrsf17-s30del", "tnfrsf17-p34del"):
        assert {
            by_id[name].effect_on(a)
            for a in ("teclistamab", "ide-cel", "cilta-cel", "belantamab mafodotin")
        } == {"unknown"}


def test_agents_and_sources_exist() -> None:
    known = {*bundled().lexicon.agents, *bundled().lexicon.products}
    statements = load().statements
    for alteration in some(load_alterations()):
        assert set(alteration.effects) <= known
        assert {s for r in alteration.reports for s in r.sources} <= set(statements)
    assert sum(len(x.reports) for x in load_alterations()) == 16


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"state": "one_copy"}, "either changes or a state"),
        ({"report": []}, "a report with its sources"),
        ({"effects": {"teclistamab": "gone"}}, "not one of"),
        ({"gene": "CD19"}, "not one of"),
    ],
)
def test_a_row_that_does_not_add_up_is_refused(change: dict[str, Any], said: str) -> None:
    row = {
        "id": "a",
        "gene": "CD38",
        "name": "n",
        "description": "d",
        "changes": ["R140G"],
        "report": [{"text": "t", "sources": ["cd38-escape"]}],
    }
    with pytest.raises(KnowledgeError, match=said):
        read_alterations({"alteration": [{**row, **change}]})
