"""Antigen findings as tables. The CAR-T (against BCMA) was given on day 0 and failed on day 200; at
failure means day 170 to 220.
"""

from typing import Any

import pytest
from tests.support.findings_case import Row, findings, imaging, lab, shown, stain, therapy, variant

from rearm.findings import derive
from rearm.findings.variants import Protein, read_protein

DEL = variant(
    205,
    "TNFRSF17",
    "deletion of one allele",
    "deletion",
    copies=1,
    clonal_fraction=0.94,
    specimen="marrow CD138+",
    assay="WGS",
)
STOP = variant(
    205,
    "TNFRSF17",
    "stop gained, other allele",
    "snv",
    clonal_fraction=0.93,
    specimen="marrow CD138+",
    assay="WGS",
)
CLEAR = variant(
    205, "TNFRSF17", "no variant", "snv", "absent", specimen="marrow CD138+", assay="WGS"
)
TWO = variant(
    205,
    "TNFRSF17",
    "no deletion",
    "deletion",
    "absent",
    copies=2,
    specimen="marrow CD138+",
    assay="WGS",
)

BOTH_GONE = variant(
    205,
    "TNFRSF17",
    "homozygous deletion",
    "deletion",
    copies=0,
    specimen="marrow CD138+",
    assay="WGS",
)


@pytest.mark.parametrize(
    ("what", "rows", "flow", "ihc", "status"),
    [
        # what is there                              rows
        # flow       ihc    BCMA status
        ("nothing", [], None, None, None),
        ("flow 96 %", [stain(205, 96)], 96, None, "retained"),
        ("30 days before failure counts", [stain(170, 96)], 96, None, "retained"),
        ("31 days before does not", [stain(169, 96)], None, None, None),
        ("before the infusion does not", [stain(-10, 0)], None, None, None),
        ("one negative method is no proof", [stain(205, 0, "immunohistochemistry")], None, 0,
         "not_detected_unconfirmed"),
        ("negative by two methods", [stain(205, 1), stain(206, 0, "immunohistochemistry")], 1, 0,
         "lost"),
        ("two methods that contradict", [stain(205, 1), stain(206, 90, "immunohistochemistry")], 1,
         90, None),
        ("between the limits", [stain(205, 12)], 12, None, "reduced"),
        ("the limit of 5 % is negative", [stain(205, 5)], 5, None, "not_detected_unconfirmed"),
        ("below 20 % is reduced", [stain(205, 19)], 19, None, "reduced"),
        ("40 % by one method is not most", [stain(205, 40, "immunohistochemistry")], None, 40,
         "retained | reduced"),
        ("from 20 to 50 % a mixed clone", [stain(205, 20)], 20, None, "retained | reduced"),
        ("from 50 % on retained", [stain(205, 50)], 50, None, "retained"),
        ("mixed by one method, low by another",
         [stain(205, 12), stain(205, 40, "immunohistochemistry")], 12, 40, "reduced"),
        ("mixed by one method, most by another",
         [stain(205, 90), stain(205, 40, "immunohistochemistry")], 90, 40, "retained | reduced"),
        ("mixed by one method, negative by another",
         [stain(205, 0), stain(205, 40, "immunohistochemistry")], 0, 40, None),
        ("a bound below the limit", [stain(205, "<1")], "[0, 1)", None, "not_detected_unconfirmed"),
        ("a bound that straddles", [stain(205, "<10")], "[0, 10)", None,
         "reduced | not_detected_unconfirmed"),
        ("the latest counts", [stain(180, 95), stain(210, 2)], 2, None, "not_detected_unconfirmed"),
        ("no method stated", [stain(205, 96, None)], None, None, "retained"),
        ("negative, no method stated", [stain(205, 0, None)], None, None,
         "not_detected_unconfirmed"),
        ("another method by name", [stain(205, 0, "fish")], None, None, "not_detected_unconfirmed"),
        ("negative, and negative by a method not stated", [stain(205, 0), stain(206, 0, None)], 0,
         None, "not_detected_unconfirmed | lost"),
        ("positive, and negative by a method not stated", [stain(205, 90), stain(206, 0, None)], 90,
         None, None),
        ("specimen and method not stated", [stain(205, 2, None, None)], None, None,
         "not_detected_unconfirmed"),
        ("after infusion, no day", [stain("after infusion", 0)], 0, None,
         "not_detected_unconfirmed"),
        ("after infusion, a dated one counts", [stain("after infusion", 0), stain(205, 90)], 90,
         None, "retained"),
        ("in the month of the failure", [stain("2024-12", 90)], 90, None, "retained"),
        ("no day at all", [stain(None, 0)], None, None, None),
        ("before infusion", [stain("before infusion", 0)], None, None, None),
        ("without a unit: set aside",
         [lab(205, "bcma_positive_plasma_cells", 96, method="flow_cytometry", specimen="marrow")],
          None, None, None),
        ("a later one set aside stops the older",
         [stain(180, 96), lab(205, "bcma_positive_plasma_cells", 2, method="flow_cytometry")], None,
          None, None),
        ("marrow before a lesion",
         [stain(205, 90), stain(210, 3, specimen="lesion_biopsy", sample_id="L1")], 90, None,
          "retained"),
        ("a lesion where there is no marrow",
         [stain(210, 3, specimen="lesion_biopsy", sample_id="L1")], 3, None,
          "not_detected_unconfirmed"),
        ("two values of one day", [stain(205, 2), stain(205, 40)], "[2, 40]", None,
         "retained | reduced | not_detected_unconfirmed"),
        ("after as_of is not read", [stain(221, 96)], None, None, None),
    ],
)  # fmt: skip
def test_stains(what: str, rows: list[Row], flow: object, ihc: object, status: str | None) -> None:
    found = findings(*rows)
    assert (
        shown(found["bcma_flow_percent"]),
        shown(found["bcma_ihc_percent"]),
        shown(found["bcma_status"]),
    ) == (flow, ihc, status), what


@pytest.mark.parametrize(
    ("what", "rows", "fraction", "one_copy", "ectodomain", "status"),
    [
        ("deletion and stop codon", [DEL, STOP], 0.93, True, False, "lost"),
        ("deletion, other copy sequenced", [DEL, CLEAR], 0, True, False, None),
        ("the same with the protein there", [DEL, CLEAR, stain(205, 88)], 0, True, False,
         "retained"),
        ("deletion by FISH alone",
         [variant(205, "TNFRSF17", None, "deletion", copies=1, assay="FISH")], None, True, None,
          None),
        ("both copies deleted",
         [variant(205, "TNFRSF17", "deletion of both alleles", "deletion", copies=0,
          clonal_fraction=0.8)], 0.8, False, None, "lost"),
        ("homozygous in a fifth of the clone",
         [variant(205, "TNFRSF17", "homozygous deletion", "deletion", clonal_fraction=0.2,
          assay="WGS")], 0.2, False, False, "subclonal_loss"),
        ("LOH and frameshift",
         [variant(205, "TNFRSF17", None, "loss_of_heterozygosity", clonal_fraction=0.7),
          variant(205, "TNFRSF17", "p.Cys8fs", "indel", clonal_fraction=0.6, assay="WES")], 0.6,
              True, False, "lost"),
        ("a stop and an allele fraction are no share",
         [variant(205, "TNFRSF17", None, "deletion", copies=1, vaf=0.9),
          variant(205, "TNFRSF17", "p.Trp12Ter", "snv", vaf=0.92, assay="WES")], "(0, 1]", True,
              False, "subclonal_loss | lost"),
        ("the same with one negative stain",
         [variant(205, "TNFRSF17", None, "deletion", copies=1),
          variant(205, "TNFRSF17", "p.W12*", "snv", vaf=0.92, assay="WES"), stain(205, 0)],
              "(0, 1]", True, False, "lost"),
        ("one share known",
         [DEL, variant(205, "TNFRSF17", "p.Trp12Ter", "snv", assay="WGS",
          specimen="marrow CD138+")], "(0, 0.94]", True, False, "subclonal_loss | lost"),
        ("both copies deleted, share not stated", [BOTH_GONE], "(0, 1]", False, False,
         "subclonal_loss | lost"),
        ("both copies deleted in a share, the protein on most cells", [BOTH_GONE, stain(205, 90)],
         "(0, 1]", False, False, "subclonal_loss"),
        ("both copies deleted in at most a third",
         [variant(205, "TNFRSF17", None, "deletion", copies=1, clonal_fraction=0.3),
          variant(205, "TNFRSF17", "p.Trp12Ter", "snv")], "(0, 0.3]", True, False,
          "subclonal_loss"),
        ("after infusion, no day",
         [variant("after infusion", "TNFRSF17", "homozygous deletion", "deletion", copies=0,
          clonal_fraction=0.9, assay="WGS")], 0.9, False, False, "lost"),
        ("in the month of the failure",
         [variant("2024-12", "TNFRSF17", "homozygous deletion", "deletion", copies=0,
          clonal_fraction=0.9, assay="WGS")], 0.9, False, False, "lost"),
        ("no day at all: perhaps",
         [variant(None, "TNFRSF17", "homozygous deletion", "deletion", copies=0,
          clonal_fraction=0.9, assay="WGS")], "[0, 0.9]", False, None, None),
        ("no day at all, sequenced: no claim",
         [variant(None, "TNFRSF17", "p.Arg27=", "snv", "absent", assay="WGS")], None, None, None,
         None),
        ("a stop, copies not stated",
         [variant(205, "TNFRSF17", "p.Trp12Ter", "snv", clonal_fraction=0.9, assay="NGS panel")],
          "[0, 0.9]", None, False, None),
        ("a stop on one of two copies",
         [variant(205, "TNFRSF17", "p.Trp12Ter", "snv", clonal_fraction=0.9, assay="WGS",
          specimen="marrow CD138+"), TWO], 0, False, False, None),
        ("two stops on copies not told apart",
         [variant(205, "TNFRSF17", "p.Trp12Ter", "snv", clonal_fraction=0.5, assay="WGS",
          specimen="marrow CD138+"),
              variant(205, "TNFRSF17", "p.Gln25Ter", "snv", clonal_fraction=0.5, assay="WGS",
                  specimen="marrow CD138+"), TWO], "[0, 0.5]", False, False, None),
        ("a stop inside the cell leaves the outer part",
         [DEL, variant(205, "TNFRSF17", "p.Arg150Ter", "snv", clonal_fraction=0.9, assay="WGS",
          specimen="marrow CD138+")], 0, True, False, None),
        ("Arg27Pro and loss of the other copy is not loss",
         [DEL, variant(205, "TNFRSF17", "p.Arg27Pro", "snv", clonal_fraction=0.9, assay="WGS",
          specimen="marrow CD138+"), stain(205, 96)], 0, True, True, "retained"),
        ("Ser30del", [variant(205, "TNFRSF17", "p.Ser30del", "deletion", assay="WES")], 0, None,
         True, None),
        ("P34del in one letter", [variant(205, "TNFRSF17", "P34del", "indel", assay="WES")], 0,
         None, True, None),
        ("Pro33Ser", [variant(205, "TNFRSF17", "p.(Pro33Ser)", "snv", assay="WES")], 0, None, True,
         None),
        ("residue 54 is outside", [variant(205, "TNFRSF17", "p.Ala54Thr", "snv", assay="WES")], 0,
         None, True, None),
        ("residue 55 is in the membrane",
         [variant(205, "TNFRSF17", "p.Ile55Thr", "snv", assay="WES")], 0, None, False, None),
        ("sequenced before the infusion: a baseline",
         [variant(-40, "TNFRSF17", "deletion of one allele", "deletion", copies=1, assay="WGS")],
          None, True, None, None),
        ("nothing", [], None, None, None, None),
        ("gone by gene, seen by protein", [DEL, STOP, stain(205, 96)], 0.93, True, False,
         "subclonal_loss | lost"),
        ("half the clone, half the protein",
         [variant(205, "TNFRSF17", None, "deletion", copies=0, clonal_fraction=0.6),
          stain(205, 40)], 0.6, False, None, "lost"),
        ("marrow before a lesion of the same day",
         [CLEAR, variant(205, "TNFRSF17", None, "deletion", copies=0, clonal_fraction=1.0,
          site="liver", specimen="biopsy")], 0, None, False, None),
    ],
)  # fmt: skip
def test_genes(
    what: str,
    rows: list[Row],
    fraction: object,
    one_copy: object,
    ectodomain: object,
    status: object,
) -> None:
    found = findings(*rows)
    got = [
        shown(found[n])
        for n in (
            "tnfrsf17_biallelic_fraction",
            "tnfrsf17_one_copy",
            "tnfrsf17_ectodomain_variant",
            "bcma_status",
        )
    ]
    assert got == [fraction, one_copy, ectodomain, status], what


@pytest.mark.parametrize(
    ("change", "effect"),
    [
        ("p.Arg27Pro", Protein("missense", 27, 27)),
        ("R27P", Protein("missense", 27, 27)),
        ("TNFRSF17:p.R27P", Protein("missense", 27, 27)),
        ("p.Ser30del", Protein("inframe", 30, 30)),
        ("p.Ser30_Pro34del", Protein("inframe", 30, 34)),
        ("p.Cys8ArgfsTer4", Protein("truncating", 8, 8)),
        ("p.Cys8fs", Protein("truncating", 8, 8)),
        ("p.Trp12*", Protein("truncating", 12, 12)),
        ("W12X", Protein("truncating", 12, 12)),
        ("p.Met1?", Protein("truncating", 1, 1)),
        ("p.Arg27=", None),
        ("c.88_90del", Protein("inframe", 30, 30)),
        ("c.88del", Protein("truncating", 30, 30)),
        ("c.88_89insAT", Protein("truncating", 30, 30)),
        ("stop gained, other allele", Protein("truncating")),
        ("splice donor", Protein("truncating")),
        ("deletion of one allele", None),
        ("del(17p)", None),
        ("IGH::CCND1", None),
    ],
)
def test_names_of_changes(change: str, effect: Protein | None) -> None:
    assert read_protein(change) == effect


@pytest.mark.parametrize(
    ("what", "rows", "at_failure", "fold", "undetectable"),
    [
        ("doubled from the nadir",
         [lab(60, "soluble_bcma", 20, "ng/mL"), lab(200, "soluble_bcma", 45, "ng/mL")], 45, 2.25,
          False),
        ("picograms",
         [lab(60, "soluble_bcma", 20000, "pg/mL"), lab(200, "soluble_bcma", 45, "ng/mL")], 45, 2.25,
          False),
        ("a nadir below detection: at least",
         [lab(60, "soluble_bcma", "<1", "ng/mL"), lab(200, "soluble_bcma", 45, "ng/mL")], 45,
          "(45, inf)", False),
        ("absent at failure",
         [lab(60, "soluble_bcma", 20, "ng/mL"), lab(205, "soluble_bcma", "<0.5", "ng/mL")],
          "[0, 0.5)", "[0, 0.025)", True),
        ("the value before the infusion is no nadir",
         [lab(-5, "soluble_bcma", 2, "ng/mL"), lab(205, "soluble_bcma", 45, "ng/mL")], 45, None,
          False),
        ("a limit too high to say none", [lab(205, "soluble_bcma", "<100", "ng/mL")], "[0, 100)",
         None, None),
        ("too old", [lab(60, "soluble_bcma", 20, "ng/mL"), lab(160, "soluble_bcma", 45, "ng/mL")],
         None, None, None),
        ("a set-aside value may have been the nadir",
         [lab(60, "soluble_bcma", 20, "ng/mL"), lab(90, "soluble_bcma", 5),
          lab(200, "soluble_bcma", 45, "ng/mL")], 45, "[2.25, inf)", False),
    ],
)  # fmt: skip
def test_soluble_bcma(
    what: str, rows: list[Row], at_failure: object, fold: object, undetectable: object
) -> None:
    found = findings(*rows)
    got = [
        shown(found[n])
        for n in (
            "soluble_bcma_at_relapse",
            "soluble_bcma_fold_from_nadir",
            "soluble_bcma_undetectable",
        )
    ]
    assert got == [at_failure, fold, undetectable], what


@pytest.mark.parametrize(
    ("what", "rows", "between"),
    [
        ("nothing given", [stain(205, 96)], False),
        ("before the infusion", [stain(205, 96), therapy(-90, -60, "teclistamab", line=4)], False),
        (
            "after the failure, before the sample: it is none of the CAR-T failure",
            [stain(215, 96), therapy(203, 210, "teclistamab", line=5)],
            None,
        ),
        ("after the sample", [stain(202, 96), therapy(205, 210, "teclistamab", line=5)], False),
        (
            "after the infusion, before any progression: the same",
            [stain(202, 96), therapy(100, 150, "belantamab mafodotin", line=5)],
            None,
        ),
        ("another antigen", [stain(215, 96), therapy(203, 210, "talquetamab", line=5)], False),
        ("no sample", [therapy(203, 210, "teclistamab", line=5)], None),
    ],
)
def test_other_agents_before_the_sample(what: str, rows: list[Row], between: bool | None) -> None:
    assert findings(*rows)["bcma_agent_between_failure_and_sample"].value is between, what


def test_silence_of_an_unknown_history_is_no_denial() -> None:
    assert (
        findings(stain(205, 96), lines=False)["bcma_agent_between_failure_and_sample"].value is None
    )


def extramedullary(name: str, day: int = 200, **rest: Any) -> Row:
    size: dict[str, Any] = {"length_mm": 40, "width_mm": 20, "site": "liver", **rest}
    return imaging(day, "positive", "extramedullary", lesion=name, **size)


def of_plasma_cells(name: str) -> Row:
    return ("facts", {"day": 206, "finding": "lesion_histology", "value": f"{name}=plasma_cells"})


TWO_OF_THE_LIVER = [extramedullary("L1"), extramedullary("L2")]


@pytest.mark.parametrize(
    ("what", "rows", "untested", "histology"),
    [
        ("a new liver lesion, marrow tested",
         [stain(205, 90), imaging(200, "positive", "extramedullary", lesion="L1", new="yes")], True,
          True),
        ("its biopsy tested",
         [stain(205, 90), imaging(200, "positive", "extramedullary", lesion="L1"),
          stain(206, 80, specimen="lesion_biopsy", sample_id="L1")], False, False),
        ("its biopsy tested, the lesion not named",
         [imaging(200, "positive", "extramedullary", lesion="L1", site="liver"),
          stain(206, 40, specimen="lesion_biopsy")], False, False),
        ("its biopsy tested, named by its site",
         [imaging(200, "positive", "extramedullary", lesion=None, site="Liver"),
          stain(206, 40, specimen="lesion_biopsy", sample_id="liver")], False, False),
        ("another antigen stained: plasma cells, their BCMA not tested",
         [imaging(200, "positive", "extramedullary", lesion="L1"),
          stain(206, 90, specimen="lesion_biopsy", test="gprc5d_positive_plasma_cells")],
         True, False),
        ("a negative stain may be of any tissue",
         [imaging(200, "positive", "extramedullary", lesion="L1"),
          stain(206, 0, specimen="lesion_biopsy", sample_id="L1")], False, True),
        ("the biopsy of another lesion",
         [imaging(200, "positive", "extramedullary", lesion="L1"),
          imaging(200, "positive", "extramedullary", lesion="L2"),
          stain(206, 80, specimen="lesion_biopsy", sample_id="L2")], True, True),
        ("both of two lesions",
         [imaging(200, "positive", "extramedullary", lesion="L1", site="liver"),
          imaging(200, "positive", "extramedullary", lesion="L2", site="skin"),
          stain(206, 80, specimen="lesion_biopsy", sample_id="L2"),
          stain(207, 80, specimen="lesion_biopsy", sample_id="liver")], False, False),
        ("the gene read in one of two lesions",
         [imaging(200, "positive", "extramedullary", lesion="L1", site="liver"),
          imaging(200, "positive", "extramedullary", lesion="L2", site="skin"),
          variant(206, "TNFRSF17", "no variant", "snv", "absent", site="liver", assay="WES")],
         True, True),
        ("a biopsy of one of two lesions, of which is not stated",
         [imaging(200, "positive", "extramedullary", lesion="L1"),
          imaging(200, "positive", "extramedullary", lesion="L2"),
          stain(206, 80, specimen="lesion_biopsy")], None, None),
        ("the biopsy of a lesion of long ago",
         [imaging(-90, "positive", "extramedullary", lesion="L0"),
          imaging(200, "positive", "extramedullary", lesion="L1"),
          stain(206, 80, specimen="lesion_biopsy", sample_id="L0")], True, True),
        # lesions that came together in one organ
        ("plasma cells in one of two lesions of the liver: its antigen is open",
         [*TWO_OF_THE_LIVER, of_plasma_cells("L1")], True, False),
        ("and stained", [*TWO_OF_THE_LIVER, of_plasma_cells("L1"),
          stain(206, 80, specimen="lesion_biopsy", sample_id="L1")], False, False),
        ("two segments of the liver",
         [extramedullary("L1", site="liver segment 6"), extramedullary("L2", site="Liver, left"),
          of_plasma_cells("L1")], True, False),
        ("the other in another organ",
         [extramedullary("L1"), extramedullary("L2", site="skin"), of_plasma_cells("L1")],
         True, True),
        ("two lymph nodes, which need not lie together",
         [extramedullary("L1", site="lymph node, neck"),
          extramedullary("L2", site="lymph node, groin"), of_plasma_cells("L1")], True, True),
        ("the other came later",
         [extramedullary("L1"), extramedullary("L2", 208), of_plasma_cells("L1")], True, True),
        ("only the other is new",
         [extramedullary("L1", new="no"), extramedullary("L2", new="yes"), of_plasma_cells("L1")],
         True, True),
        ("the other grows while the proven one shrinks",
         [*TWO_OF_THE_LIVER, extramedullary("L1", 208, length_mm=20),
          extramedullary("L2", 208, length_mm=60), of_plasma_cells("L1")], True, True),
        ("a lymphoma in one of the two says nothing of the other",
         [*TWO_OF_THE_LIVER,
          ("facts", {"day": 206, "finding": "lesion_histology", "value": "L1=t_cell_neoplasm"})],
         True, True),
        ("imaging shows none", [stain(205, 90), imaging(200, "negative")], False, False),
        ("not looked", [stain(205, 90)], None, None),
        ("the lesion is a lymphoma",
         [imaging(200, "positive", "extramedullary", lesion="L1"),
          ("facts", {"day": 205, "finding": "lesion_histology", "value": "L1=t_cell_neoplasm"})],
           False, False),
    ],
)  # fmt: skip
def test_lesions_speak_for_themselves(
    what: str, rows: list[Row], untested: object, histology: object
) -> None:
    found = findings(*rows)
    assert (found["untested_lesion"].value, found["lesion_without_histology"].value) == (
        untested,
        histology,
    ), what


@pytest.mark.parametrize(
    ("flow", "ihc", "fraction", "status"),
    [
        (1.0, 0.0, None, "lost"),
        (1.0, None, 0.0, "not_detected_unconfirmed"),
        (90.0, None, 0.3, "subclonal_loss"),
        (None, None, 0.3, "subclonal_loss"),
        (0.0, 90.0, 0.3, "subclonal_loss"),  # the stains contradict each other, not the gene
        (90.0, None, 0.9, ("subclonal_loss", "lost")),  # nor does a stain refute a proven loss
        (None, None, 0.0, None),
        (2.0, 12.0, None, "reduced"),
        (90.0, 12.0, None, "reduced"),
        (40.0, None, None, ("retained", "reduced")),
        (40.0, None, 0.0, ("retained", "reduced")),
        (60.0, None, None, "retained"),
    ],
)
def test_status_of_gprc5d_is_judged_like_bcma(
    flow: float | None,
    ihc: float | None,
    fraction: float | None,
    status: str | tuple[str, ...] | None,
) -> None:
    values = {
        "gprc5d_flow_percent": flow,
        "gprc5d_ihc_percent": ihc,
        "gprc5d_biallelic_fraction": fraction,
    }
    assert derive(values)["gprc5d_status"] == status


def test_a_sample_from_before_the_infusion_is_never_at_failure() -> None:
    found = findings(
        stain(-5, 0), stain(-5, 0, "immunohistochemistry"), pd=20, as_of=40
    )  # 30 days before the failure lie before the infusion
    assert found["bcma_status"].value is None
    assert findings(stain(5, 96), pd=20, as_of=40)["bcma_status"].value == "retained"


@pytest.mark.parametrize(("cells", "percent"), [(20, 74.0), (19, None), (None, None)])
def test_rna_counts_from_twenty_cells_on(cells: int | None, percent: float | None) -> None:
    row = lab(
        205, "bcma_rna_positive_plasma_cells", 74, "%", cells_counted=cells, specimen="marrow"
    )
    assert findings(row)["bcma_rna_percent"].value == percent


@pytest.mark.parametrize(
    ("before", "after", "fall"),
    [
        (1000, 500, True),
        (1000, 501, False),
        (1000, "<500", True),
        (None, 500, None),
        (1000, None, None),
    ],
)
def test_fall_of_antigen_density(before: object, after: object, fall: bool | None) -> None:
    rows = [
        lab(day, "bcma_molecules_per_cell", v, "molecules/cell")
        for day, v in ((-20, before), (205, after))
        if v is not None
    ]
    assert findings(*rows)["bcma_density_fall"].value is fall


def test_only_the_target_of_the_car_is_asked_of_a_lesion() -> None:
    lesion = imaging(200, "positive", "extramedullary", lesion="L1")
    sequenced = variant(206, "GPRC5D", "no variant", "snv", "absent", site="liver", assay="WES")
    assert findings(lesion, sequenced)["untested_lesion"].value is True
    same = variant(206, "TNFRSF17", "no variant", "snv", "absent", site="liver", assay="WES")
    assert findings(lesion, same)["untested_lesion"].value is False


def test_cd38_speaks_only_after_anti_cd38_therapy() -> None:
    assert (
        findings(variant(205, "CD38", "p.Arg140Gly", "snv", assay="WES"))[
            "cd38_biallelic_or_missense"
        ].value
        is True
    )
    assert (
        findings(variant(205, "CD38", "p.Ser100Leu", "snv", assay="WES"))[
            "cd38_biallelic_or_missense"
        ].value
        is None
    )
    assert (
        findings(variant(205, "CD38", None, "snv", "absent", assay="WES"))[
            "cd38_biallelic_or_missense"
        ].value
        is False
    )
    assert (
        findings(variant(-1000, "CD38", "p.Arg140Gly", "snv", assay="WES"))[
            "cd38_biallelic_or_missense"
        ].value
        is None
    )


VAGUE = variant(
    205, "TNFRSF17", None, "indel", clonal_fraction=0.86, specimen="marrow CD138+", assay="WGS"
)


@pytest.mark.parametrize(
    ("rows", "ectodomain", "fraction"),
    [
        ([CLEAR], False, 0.0),
        ([VAGUE], None, "[0, 0.86]"),  # which change it is is not stated
        ([VAGUE, DEL], None, "[0, 0.86]"),  # it may stop the protein of the other copy
        ([VAGUE, TWO], None, 0.0),  # the other copy is there
        ([DEL, STOP], False, 0.93),
    ],
)
def test_a_change_that_nobody_names_may_be_any(
    rows: list[Row], ectodomain: bool | None, fraction: float | str
) -> None:
    found = findings(*rows)
    assert found["tnfrsf17_ectodomain_variant"].value is ectodomain
    assert shown(found["tnfrsf17_biallelic_fraction"]) == fraction
