"""Formats that look the same wherever they come from, read by the mappings that Rearm brings. The
files are invented, in the form of the public samples.
"""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from tests.support.command_line import run
from tests.support.places import PUBLIC, needs_public

from rearm.intake import InputError, Reading, read
from rearm.intake.mapping.load import load_mapping
from rearm.intake.mapping.shipped import SHIPPED, mapping_file
from rearm.record import UNKNOWN_WHEN, When


def _read(folder: Path, mapping: str, **files: str) -> Reading:
    """Files by their names (`__` for the dot before the ending), as lines without indentation."""
    for name, text in files.items():
        path = folder / name.replace("__", ".")
        path.write_text("\n".join(x.strip() for x in text.strip().splitlines()) + "\n", "utf-8")
    return read(folder, mapping, today=date(2026, 1, 1))


def _codes(reading: Reading) -> list[str]:
    return sorted({x.code for x in reading.all_issues()} - {"day_zero_chosen", "row_blank"})


# ---------------------------------------------------------------- SDTM

DM = """
    STUDYID,DOMAIN,USUBJID,SUBJID,RFSTDTC,RFPENDTC,DTHDTC,DTHFL,SITEID,BRTHDTC,AGE,AGEU,SEX
    S1,DM,S1-01,01,2023-05-01,2024-02-10,NA,NA,1,1960-02-03,63,YEARS,F
    S1,DM,S1-02,02,2023-05-02,2023-12-24,2023-12-24,Y,1,1955,68,YEARS,M
    S1,DM,S1-03,03,2023-05-03,,,Y,1,,70,YEARS,U
"""
EX = """
    STUDYID,DOMAIN,USUBJID,EXSEQ,EXTRT,EXDOSE,EXDOSU,EXSTDTC,EXENDTC
    S1,EX,S1-01,1,FLUDARABINE,30,mg/m2,2023-05-03,2023-05-05
    S1,EX,S1-01,2,CILTACABTAGENE AUTOLEUCEL,1,10^6 cells/kg,2023-05-08T10:15,2023-05-08
    S1,EX,S1-02,1,Abecma,1,bag,2023-05-10,2023-05-10
    S1,EX,S1-02,2,PLACEBO,0,mg,2023-05-10,2023-06-10
"""
LB = """
    STUDYID,DOMAIN,USUBJID,LBSEQ,LBTESTCD,LBTEST,LBCAT,LBORRES,LBORRESU,LBORNRLO,LBORNRHI,LBSTAT,LBSPEC,LBDTC
    S1,LB,S1-01,1,X1,Monoclonal Protein,SPEP,31,g/L,NA,NA,NA,SERUM,2023-05-01T08:00
    S1,LB,S1-01,2,X1,Monoclonal Protein,SPEP,<1,g/L,NA,NA,NA,SERUM,2023-06-07
    S1,LB,S1-01,3,X2,"Kappa Light Chain, Free",FLC,410,mg/L,3.3,19.4,NA,SERUM,2023-05-01
    S1,LB,S1-01,4,ALB,Albumin,CHEMISTRY,38,g/L,33,49,NA,SERUM,2023-05-01
    S1,LB,S1-01,5,ALB,Albumin,CHEMISTRY,NA,NA,33,49,NOT DONE,SERUM,2023-06-07
    S1,LB,S1-01,6,GLUC,Glucose,CHEMISTRY,92,mg/dL,70,110,NA,SERUM,2023-05-01
    S1,LB,S1-02,1,GLUC,Glucose,CHEMISTRY,99,mg/dL,70,110,NA,SERUM,2023-05-01
    S1,LB,S1-02,2,X9,Monoclonal Protein Band 2,SPEP,2,g/L,,,NA,SERUM,2023-05-01
"""
RS_HEADER = "STUDYID,DOMAIN,USUBJID,RSSEQ,RSTESTCD,RSTEST,RSCAT,RSORRES,RSSTRESC,RSEVAL,RSDTC\n"
RS = f"""
    {RS_HEADER.strip()}
    S1,RS,S1-01,1,OVRLRESP,Overall Response,IMWG,VGPR,VGPR,INVESTIGATOR,2023-06-07
    S1,RS,S1-01,2,OVRLRESP,Overall Response,IMWG 2016,sCR,sCR,INDEPENDENT ASSESSOR,2023-08
    S1,RS,S1-01,3,OVRLRESP,Overall Response,RECIST 1.1,PD,PD,INVESTIGATOR,2023-08-01
    S1,RS,S1-02,1,OVRLRESP,Overall Response,LUGANO,CR,CR,INVESTIGATOR,2023-06-07
    S1,RS,S1-02,2,BESTRESP,Best Response,IMWG,PR,PR,INVESTIGATOR,2023-06-07
"""


def test_sdtm(tmp_path: Path) -> None:
    reading = _read(tmp_path, "sdtm", dm__csv=DM, ex__csv=EX, lb__csv=LB, rs__csv=RS)
    first, second, third = reading.records
    assert (first.sex, second.sex, third.sex) == ("F", "M", None)
    assert [(x.product, x.when) for x in first.infusions] == [("cilta-cel", When.on(0))]
    assert [(x.agents, x.start, x.end) for x in first.therapies] == [
        (("fludarabine",), When.on(-5), When.on(-3))
    ]
    assert [(x.test, x.when, x.as_given) for x in first.labs] == [
        ("serum_m_protein", When.on(-7), "31 g/L"),
        ("serum_m_protein", When.on(30), "<1 g/L"),
        ("kappa_flc", When.on(-7), "410 mg/L"),
        ("albumin", When.on(-7), "38 g/L"),
    ]
    assert [x.when for x in second.deaths] == [When.on(228)]
    assert [x.when for x in third.deaths] == [UNKNOWN_WHEN]  # dead, and nobody says when
    assert first.deaths == ()


def test_a_response_by_other_criteria_is_never_one_of_imwg(tmp_path: Path) -> None:
    reading = _read(tmp_path, "sdtm", dm__csv=DM, ex__csv=EX, rs__csv=RS)
    first, second, _ = reading.records
    assert [(x.response, x.by) for x in first.responses] == [
        ("VGPR", "team"),
        ("sCR", "committee"),
    ]
    assert second.responses == ()
    told = [x.message for x in reading.issues if x.code == "rows_not_read"]
    assert any("2 rows are not read from rs.csv, because of RSCAT" in x for x in told)
    assert any("'RECIST 1.1' (1), 'LUGANO' (1)" in x for x in told)
    assert any("1 row is not read from rs.csv, because of RSTESTCD" in x for x in told)


def test_without_a_category_no_response_is_read_and_it_is_said(tmp_path: Path) -> None:
    recist = """
        STUDYID,USUBJID,RSTESTCD,RSSTRESC,RSEVAL,RSDTC
        S1,S1-01,OVRLRESP,PD,INVESTIGATOR,2023-06-07
    """
    reading = _read(tmp_path, "sdtm", dm__csv=DM, ex__csv=EX, rs__csv=recist)
    assert all(record.responses == () for record in reading.records)
    (issue,) = [x for x in reading.issues if x.code == "block_left_out"]
    assert issue.severity == "warning"
    assert "rs.csv has no column RSCAT" in issue.message


def test_tests_that_nobody_uses_are_counted_and_those_of_the_disease_kept(tmp_path: Path) -> None:
    reading = _read(tmp_path, "sdtm", dm__csv=DM, ex__csv=EX, lb__csv=LB)
    told = [x.message for x in reading.issues if x.code == "rows_not_read"]
    assert any("because of LBTEST: 'Glucose' (2)" in x for x in told)
    assert any("because of EXTRT: 'PLACEBO' (1)" in x for x in told)
    assert [x.as_given for x in reading.records[1].set_aside] == ["2 g/L"]


def test_domains_in_parts_are_all_read(tmp_path: Path) -> None:
    header, *rows = LB.strip().splitlines()
    parts = {
        "lbspep__csv": "\n".join([header, *rows[:2]]),
        "lbchem__tsv": "\n".join([header, *rows[3:4]]).replace(",", "\t"),
    }
    reading = _read(tmp_path, "sdtm", dm__csv=DM, ex__csv=EX, **parts)
    assert [x.test for x in reading.records[0].labs] == [
        "albumin", "serum_m_protein", "serum_m_protein",
    ]  # fmt: skip
    assert [x.source.file for x in reading.issues] == ["dm.csv", "ex.csv"]  # the placebo


def test_sdtm_medications_procedures_and_causes_of_death(tmp_path: Path) -> None:
    cm = """
        STUDYID,DOMAIN,USUBJID,CMSEQ,CMTRT,CMCAT,CMSTDTC,CMENDTC
        S1,CM,S1-01,1,BORTEZOMIB,PRIOR,2020-01,2020-06
        S1,CM,S1-01,2,Lenalidomide 25 mg capsule,PRIOR,2020-07-01,2022-01-10
        S1,CM,S1-01,3,ASPIRIN,CONCOMITANT,2023-01-01,
    """
    pr = """
        STUDYID,DOMAIN,USUBJID,PRSEQ,PRTRT,PRSTDTC
        S1,PR,S1-01,1,AUTOLOGOUS STEM CELL TRANSPLANT,2020-08-01
        S1,PR,S1-01,2,LEUKAPHERESIS,2023-04-01
    """
    ds = """
        STUDYID,DOMAIN,USUBJID,DSSEQ,DSTERM,DSDECOD,DSSTDTC
        S1,DS,S1-02,1,Died,DEATH,2023-12-24
        S1,DS,S1-01,1,Completed,COMPLETED,2024-02-10
    """
    dd = """
        STUDYID,DOMAIN,USUBJID,DDSEQ,DDTESTCD,DDTEST,DDSTRESC,DDDTC
        S1,DD,S1-02,1,PRCDTH,Primary Cause of Death,DISEASE PROGRESSION,2023-12-24
    """
    files = {"cm__csv": cm, "pr__csv": pr, "ds__csv": ds, "dd__csv": dd}
    reading = _read(tmp_path, "sdtm", dm__csv=DM, ex__csv=EX, **files)
    first, second, _ = reading.records
    given = [(x.agents, x.purpose) for x in first.therapies]
    assert (("bortezomib",), None) in given
    assert (("lenalidomide",), None) in given
    assert any(purpose == "transplant" for _, purpose in given)
    assert [(x.when, x.cause) for x in second.deaths] == [(When.on(228), "myeloma")]
    told = " ".join(x.message for x in reading.issues if x.code == "rows_not_read")
    for left in ("'ASPIRIN' (1)", "'LEUKAPHERESIS' (1)", "'COMPLETED' (1)"):
        assert left in told


# ---------------------------------------------------------------- cBioPortal

CBIO = {
    "data_clinical_patient__txt": """
        #Patient Identifier|Sex|Overall Survival Status|Overall Survival (Months)
        #Identifier of the patient|Sex|Status|Months
        #STRING|STRING|STRING|NUMBER
        #1|1|1|1
        PATIENT_ID|SEX|OS_STATUS|OS_MONTHS
        P1|Female|0:LIVING|31.4
        P2|Male|1:DECEASED|12.0
    """,
    "data_clinical_sample__txt": """
        #Patient Identifier|Sample Identifier|Cancer Type
        #Identifier of the patient|Sample|Type
        #STRING|STRING|STRING
        #1|1|1
        PATIENT_ID|SAMPLE_ID|CANCER_TYPE
        P1|P1-T1|Multiple Myeloma
    """,
    "data_timeline_treatment__txt": """
        PATIENT_ID|START_DATE|STOP_DATE|EVENT_TYPE|TREATMENT_TYPE|AGENT
        P1|10|140|TREATMENT|Medical Therapy|Bortezomib
        P1|900|900|TREATMENT|Cell Therapy|idecabtagene vicleucel
        P1|20|30|TREATMENT|Medical Therapy|Aspirin
    """,
    "data_timeline_labtest__txt": """
        PATIENT_ID|START_DATE|STOP_DATE|EVENT_TYPE|TEST|RESULT|UNIT
        P1|890||LAB_TEST|M-protein|18|g/L
        P1|930||LAB_TEST|M-protein|2|
        P1|930||LAB_TEST|PSA|2|ug/L
    """,
    "data_timeline_status__txt": """
        PATIENT_ID|START_DATE|STOP_DATE|EVENT_TYPE|STATUS
        P1|1100||STATUS|Progression
    """,
}


def test_cbioportal(tmp_path: Path) -> None:
    files = {name: text.replace("|", "\t") for name, text in CBIO.items()}
    reading = _read(tmp_path, "cbioportal", meta_study__txt="type_of_cancer: plasma", **files)
    first, second = reading.records
    assert (first.sex, second.sex) == ("F", "M")
    assert [(x.product, x.when) for x in first.infusions] == [("ide-cel", When.on(900))]
    assert [(x.agents, x.start) for x in first.therapies] == [(("bortezomib",), When.on(10))]
    assert [(x.as_given, x.when) for x in first.labs] == [("18 g/L", When.on(890))]
    assert [x.as_given for x in first.set_aside] == ["2"]  # a result without a unit
    assert (first.deaths, [x.when for x in second.deaths]) == ((), [UNKNOWN_WHEN])
    told = {(x.code, x.source.file) for x in reading.issues}
    assert ("file_not_read", "data_timeline_status.txt") in told
    assert ("rows_not_read", "data_timeline_labtest.txt") in told
    assert ("columns_not_mapped", "data_clinical_sample.txt") in told
    assert not any(file.startswith("meta_") for _, file in told)


# ---------------------------------------------------------------- Synthea

SYNTHEA = {
    "patients__csv": """
        Id,BIRTHDATE,DEATHDATE,SSN,FIRST,LAST,GENDER
        a-1,1960-02-03,,999,Ann,Other,F
        a-2,1950-02-03,2024-05-06,999,Bob,Other,M
    """,
    "observations__csv": """
        DATE,PATIENT,ENCOUNTER,CATEGORY,CODE,DESCRIPTION,VALUE,UNITS,TYPE
        2023-10-10T04:17:47Z,a-1,e,laboratory,33358-3,M-protein,21,g/L,numeric
        2023-10-10T04:17:47Z,a-1,e,vital-signs,8867-4,Heart rate,82.0,/min,numeric
    """,
    "medications__csv": """
        START,STOP,PATIENT,PAYER,ENCOUNTER,CODE,DESCRIPTION,BASE_COST,REASONCODE
        2023-01-01T00:00:00Z,2023-06-01T00:00:00Z,a-1,p,e,1,Bortezomib 3.5 MG Injection,1,
        2023-01-01T00:00:00Z,,a-1,p,e,2,Loratadine 5 MG Chewable Tablet,1,
    """,
    "procedures__csv": """
        START,STOP,PATIENT,ENCOUNTER,CODE,DESCRIPTION,BASE_COST
        2023-10-20T04:17:47Z,2023-10-20T04:17:47Z,a-1,e,1,Infusion of idecabtagene vicleucel,1
        2023-02-20T04:17:47Z,2023-02-20T04:17:47Z,a-1,e,1,Spirometry (procedure),1
    """,
    "conditions__csv": """
        START,STOP,PATIENT,ENCOUNTER,CODE,DESCRIPTION
        2020-05-10,,a-1,e,109989006,Multiple myeloma (disorder)
        2020-05-10,,a-1,e,195662009,Acute viral pharyngitis (disorder)
    """,
}


def test_synthea(tmp_path: Path) -> None:
    (tmp_path / "payers.csv").write_text("Id,NAME\np,x\n")
    reading = _read(tmp_path, "synthea", **SYNTHEA)
    first, second = reading.records
    assert (first.sex, second.sex) == ("F", "M")
    assert [(x.product, x.when) for x in first.infusions] == [("ide-cel", When.on(0))]
    assert first.diagnosis == When.on(-1258)
    assert [x.agents for x in first.therapies] == [("bortezomib",)]
    assert [(x.test, x.when) for x in first.labs] == [("serum_m_protein", When.on(-10))]
    assert len(second.deaths) == 1
    told = [x for x in reading.issues if x.code == "rows_not_read"]
    assert [x.source.file for x in told] == [
        "observations.csv", "medications.csv", "procedures.csv", "conditions.csv",
    ]  # fmt: skip
    assert _codes(reading) == ["rows_not_read"]
    assert not any("Ann" in x.message or "999" in x.message for x in reading.all_issues())


# ---------------------------------------------------------------- names and files


@pytest.mark.parametrize("name", SHIPPED)
def test_each_shipped_mapping_loads(name: str) -> None:
    assert load_mapping(mapping_file(name)).sheet


def test_a_file_of_the_name_is_given_with_its_ending(tmp_path: Path) -> None:
    own = tmp_path / "sdtm.toml"
    own.write_text("name = 'own'\n")
    assert mapping_file(own) == own
    assert mapping_file("sdtm.toml").name == "sdtm.toml"
    assert mapping_file("./sdtm") == Path("sdtm")
    assert mapping_file("sdtm") != Path("sdtm")


def test_a_wrong_name_is_answered_with_the_right_ones(tmp_path: Path) -> None:
    (tmp_path / "dm.csv").write_text("USUBJID,SEX\n1,F\n")
    with pytest.raises(InputError, match=r"There is no mapping sdmt\. Rearm brings sdtm, cbio"):
        read(tmp_path, "sdmt")


def test_check_by_the_name_of_a_mapping(tmp_path: Path) -> None:
    _read(tmp_path, "sdtm", dm__csv=DM, ex__csv=EX, rs__csv=RS)
    checked = run("check", tmp_path, "--mapping", "sdtm")
    assert checked.returncode == 1
    for said in ("3 patients", "because of RSTESTCD", "'RECIST 1.1' (1), 'LUGANO' (1)"):
        assert said in checked.stdout


@needs_public
@pytest.mark.parametrize(
    ("folder", "mapping", "patients"), [("sdtm", "sdtm", 306), ("synthea_csv", "synthea", 27)]
)
def test_public_samples_are_read_in_place(folder: str, mapping: str, patients: int) -> None:
    reading = read(PUBLIC / folder, mapping)
    assert len(reading.records) == patients
    assert sum(len(record.labs) for record in reading.records) > 50
    responses = [x for record in reading.records for x in record.responses]
    assert len(responses) == (65 if mapping == "sdtm" else 0)
    assert {x.source.file for x in responses} <= {"rs_onco_imwg.csv"}
    assert len({x.code for x in reading.all_issues()}) < 10
