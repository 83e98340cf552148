"""The rule table of the compatibility mode, row by row: first visit, next visit, what counts at the
first. Our own rows and dates.
"""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest

from rearm.export.stated_rs import (
    RsError,
    Stated,
    confirm_stated,
    read_rs,
    rs_of_record,
    stated_adrs,
)

# visits as `response@day`, PD with its reason: i imaging, l laboratory, d death of progression; `>
# n`: new therapy on day n
TABLE = """
a better or equal next visit confirms | sCR@1 sCR@29                  | sCR sCR
                                      | CR@1 sCR@29                   | CR CR
                                      | VGPR@1 CR@29                  | VGPR VGPR
                                      | PR@1 PR@29                    | PR PR
                                      | MR@1 VGPR@29                  | MR MR
a worse next visit gives the worse    | sCR@1 CR@29                   | CR CR
                                      | CR@1 VGPR@29                  | VGPR VGPR
                                      | VGPR@1 PR@29                  | PR PR
                                      | PR@1 MR@29                    | MR MR
                                      | PR@1 SD@29                    | SD SD
nothing confirms: SD                  | PR@1                          | SD
                                      | VGPR@1 PDl@29                 | SD SD
SD needs none                         | SD@1 PR@29                    | SD SD
NE is left out when looking ahead     | PR@1 NE@29 PR@57              | PR PR PR
                                      | NE@1 PR@29 PR@57              | NE PR PR
                                      | VGPR@1 NE@29 NE@57            | SD SD SD
the best so far stays                 | CR@1 CR@29 PR@57 PR@85        | CR CR CR CR
PD by imaging stands at once          | PR@1 PR@29 PDi@57             | PR PR PD
                                      | PDi@1 PR@29                   | PD PD
PD by laboratory needs PD             | PR@1 PR@29 PDl@57 PDl@85      | PR PR PD PD
                                      | PR@1 PR@29 PDl@57 NE@85 PDl@99| PR PR PD PD PD
                                      | PR@1 PR@29 PDl@57 PR@85       | PR PR PR PR
                                      | PDl@1                         | NE
                                      | PDl@1 SD@29                   | NE SD
or death of progression               | PR@1 PR@29 PDld@57            | PR PR PD
confirmed only before new therapy     | PR@1 PR@29 > 20               | SD SD
                                      | PR@1 PR@29 > 29               | PR PR
PD without its reason is not counted  | PR@1 PR@29 PD@57              | PR PR PR
"""


def visits(text: str) -> list[Stated]:
    shown, _, after = text.partition(">")
    found = []
    for n, item in enumerate(shown.split(), start=1):
        response, _, day = item.partition("@")
        how = response[2:] if response.startswith("PD") else ""
        found.append(
            Stated(
                day=int(day),
                response="PD" if response.startswith("PD") else response,
                visit=f"V{n}",
                sequence=n,
                pd_by_imaging="i" in how,
                pd_by_laboratory="l" in how,
                death_of_progression="d" in how,
                new_therapy_day=int(after) if after.strip() else None,
            )
        )
    return found


ROWS = [tuple(cell.strip() for cell in line.split("|")) for line in TABLE.strip().splitlines()]


@pytest.mark.parametrize(("rule", "shown", "expected"), ROWS, ids=[r[1] for r in ROWS])
def test_rule_table(rule: str, shown: str, expected: str) -> None:
    assert confirm_stated(visits(shown))[0] == expected.split()


def test_a_late_visit_only_warns() -> None:
    at_limit, none = confirm_stated(visits("PR@1 PR@85"), subject="S1")
    late, warned = confirm_stated(visits("PR@1 PR@86"), subject="S1")
    assert at_limit == late == ["PR", "PR"]
    assert none == [] and warned == ["S1: V1 is confirmed by a visit 85 days later."]


def test_a_pd_without_reason_is_said() -> None:
    assert "neither imaging nor laboratory" in confirm_stated(visits("PD@1"), subject="S1")[1][0]


def parameters(shown: str, **rest: object) -> dict[str, tuple[str, int | None]]:
    frame = stated_adrs({"S1": visits(shown)}, dated={"S1": None}, **rest).adrs  # type: ignore[arg-type]
    chosen = frame.filter(~pl.col("PARAMCD").is_in(["OVR", "COVR"]))
    return {r["PARAMCD"]: (r["AVALC"], r["ADY"]) for r in chosen.iter_rows(named=True)}


def test_parameters_of_a_worked_patient() -> None:
    found = parameters("SD@1 PR@29 VGPR@57 CR@85 CR@113 PDl@141 PDl@169")
    assert found == {
        "PD": ("Y", 141), "RSP": ("Y", 29), "CB": ("Y", 29), "CRRSP": ("Y", 85),
        "VGPRRSP": ("Y", 57), "CBOR": ("CR", 85),
    }  # fmt: skip


def test_sd_is_a_benefit_from_day_42_on() -> None:
    assert parameters("SD@1 SD@42")["CB"] == ("N", None)
    assert parameters("SD@1 SD@43")["CB"] == ("Y", 43)


def test_nothing_after_new_therapy_and_after_the_first_pd_counts() -> None:
    assert parameters("SD@1 PR@29 PR@57 > 29")["RSP"] == (
        "N",
        None,
    )  # on the day of new therapy is too late here
    assert parameters("PDi@1 CR@29 CR@57")["CBOR"] == ("PD", 1)


def test_no_assessment_gives_missing() -> None:
    frame = stated_adrs({"S1": []}).adrs
    assert frame.filter(pl.col("PARAMCD") == "CBOR")["AVALC"].to_list() == ["MISSING"]
    assert frame.filter(pl.col("PARAMCD") == "RSP")["AVALC"].to_list() == ["N"]


def test_the_worst_of_one_date_is_flagged() -> None:
    frame = stated_adrs(
        {
            "S1": [
                *visits("SD@1 PR@29"),
                *(Stated(day=57, response=r, sequence=n) for n, r in ((3, "PR"), (4, "SD"))),
            ]
        }
    ).adrs
    covr = frame.filter((pl.col("PARAMCD") == "COVR") & (pl.col("RSSEQ") >= 3))
    assert covr["ANL01FL"].to_list().count("Y") == 1


# ---- SDTM RS ----------------

RS = pl.DataFrame(
    {
        "USUBJID": ["A"] * 6 + ["B"],
        "RSTESTCD": ["OVRLRESP"] * 5 + ["OTHER", "OVRLRESP"],
        "RSCAT": ["IMWG"] * 7,
        "RSEVAL": ["INVESTIGATOR"] * 4 + ["INDEPENDENT ASSESSOR", "INVESTIGATOR", "INVESTIGATOR"],
        "RSSTRESC": ["PR", "PR", "PD", "PD", "CR", "CR", "response"],
        "RSDTC": [
            "2024-01-10T08:30",
            "2024-02-10",
            "2024-03",
            "2024-04-05",
            "2024-01-10",
            "2024-01-10",
            "2024-01-10",
        ],
        "RSSEQ": [1, 2, 3, 4, 5, 6, 1],
        "VISIT": ["C1", "C2", "C3", "C4", "C1", "C1", "C1"],
    }
)
SUPP = pl.DataFrame(
    {
        "USUBJID": ["A"] * 3,
        "IDVARVAL": ["3", "4", "4"],
        "QNAM": ["PDOFL", "PDOFL", "NACTDT"],
        "QVAL": ["Y", "Y", "2024-04-20"],
    }
)


def test_rs_with_its_supplement() -> None:
    subjects, notes = read_rs(RS, SUPP)
    assert list(subjects) == ["A"] and [v.response for v in subjects["A"]] == [
        "PR",
        "PR",
        "PD",
        "PD",
    ]
    assert [v.pd_by_laboratory for v in subjects["A"]] == [False, False, True, True]
    assert notes == [
        "B, RSSEQ 1: response response is not one of PD, SD, MR, PR, VGPR, CR, sCR, NE; not used."
    ]
    frame = stated_adrs(subjects, study="T").adrs
    pd_row = frame.filter(pl.col("PARAMCD") == "PD").row(0, named=True)
    # a date without its day is the last of the month, and marked
    assert (pd_row["AVALC"], str(pd_row["ADT"]), pd_row["ADTF"], pd_row["ADY"]) == (
        "Y",
        "2024-03-31",
        "D",
        82,
    )
    assert frame["PARAM"].unique().str.ends_with("by Investigator").all()


@pytest.mark.parametrize("text", ["2024", "", "soon", "2024-13-01", "2024-02-30"])
def test_rs_date_that_is_none_is_set_aside_and_said(text: str) -> None:
    subjects, notes = read_rs(RS.head(1).with_columns(RSDTC=pl.lit(text)))
    assert subjects == {} and len(notes) == 2 and "; not used." in notes[0]
    assert notes[1].startswith("No response in 1 row can be used: ")


def test_responses_by_other_criteria_are_refused_and_counted() -> None:
    """RECIST is never written out as IMWG."""
    recist = RS.head(4).with_columns(
        RSCAT=pl.lit("RECIST 1.1"), RSSTRESC=pl.Series(["PR", "PR", "CR", "CR"])
    )
    subjects, notes = read_rs(recist)
    assert subjects == {}
    assert notes[0] == "4 rows of responses by RECIST 1.1, not by IMWG: not used."
    assert notes[1].startswith("No response in 4 rows can be used: ")
    assert "RSCAT RECIST 1.1" in notes[1]
    assert stated_adrs(subjects).adrs.height == 0
    subjects, notes = read_rs(pl.concat([RS, recist]))
    assert [v.response for v in subjects["A"]] == ["PR", "PR", "PD", "PD"]
    assert notes[0] == "4 rows of responses by RECIST 1.1, not by IMWG: not used."


@pytest.mark.parametrize(
    "name", ["IMWG", "IMWG 2016", "imwg", "International Myeloma Working Group"]
)
def test_responses_by_imwg_are_read(name: str) -> None:
    subjects, _ = read_rs(RS.head(4).with_columns(RSCAT=pl.lit(name)))
    assert len(subjects["A"]) == 4


def test_responses_without_criteria_are_read_and_said() -> None:
    subjects, notes = read_rs(RS.head(4).drop("RSCAT"))
    assert len(subjects["A"]) == 4
    assert notes == ["4 rows without criteria (RSCAT), read as responses by IMWG. Enter RSCAT."]


def test_responses_of_another_evaluator_only_are_named() -> None:
    other = RS.head(2).with_columns(RSEVAL=pl.lit("INDEPENDENT ASSESSOR"))
    subjects, notes = read_rs(other)
    assert subjects == {}
    assert len(notes) == 1
    assert "RSEVAL INDEPENDENT ASSESSOR" in notes[0]


def test_rs_without_a_needed_column_is_refused() -> None:
    with pytest.raises(RsError, match="RSDTC"):
        read_rs(RS.drop("RSDTC"))


def test_responses_of_a_record() -> None:

    from tests.support.course_builder import death, record, team

    patient = record(
        responses=[
            team(28, "PR"),
            team(56, "nCR"),
            team(84, "PD", basis="new lesion on PET"),
            team(99, "PD"),
        ],
        deaths=[death(120, "myeloma")],
    )
    found = rs_of_record(patient)
    assert [(v.day, v.response) for v in found] == [
        (28, "PR"),
        (56, "VGPR"),
        (84, "PD"),
        (99, "PD"),
    ]
    assert found[2].pd_by_imaging and found[3].pd_by_laboratory and found[3].death_of_progression
    assert confirm_stated(found)[0] == ["PR", "PR", "PD", "PD"]


@pytest.mark.parametrize(
    ("said", "images", "at_once"),
    [
        ({"pattern": "extraosseous; clinical"}, {}, True),
        ({"pattern": "paraskeletal"}, {}, True),
        ({"pattern": "marrow,biochemical"}, {}, True),
        ({"pattern": "biochemical"}, {}, False),
        ({}, {"new": True}, True),
        ({}, {"new": False}, False),
        ({"basis": "M-protein"}, {}, False),
        ({"basis": "M-protein", "pattern": "biochemical"}, {"new": True}, True),
    ],
)
def test_by_what_a_progression_was_called(
    said: dict[str, Any], images: dict[str, Any], at_once: bool
) -> None:
    """Pattern and lesions of the record come before the wording of the basis."""

    from tests.support.course_builder import lesion, record, team

    patient = record(
        responses=[team(28, "PR"), team(84, "PD", **said)],
        imaging=[lesion(80, **images)] if images else [],
    )
    found = rs_of_record(patient)[-1]
    assert (found.pd_by_imaging, found.pd_by_laboratory) == (at_once, not at_once)
