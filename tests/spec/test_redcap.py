"""What an export of REDCap means, and what it must not be taken for: small projects, to be checked
by somebody who knows REDCap. A dictionary has its columns under short names, `code=label / ...`.
"""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from tests.support.redcap_project import Project, project

from rearm.intake import InputError
from rearm.record import UNKNOWN_WHEN, When

BASE = """
    field,form,type,label,choices,note,check,id
    mrn,demographics,text,Study number,,,,
    dob,demographics,text,Date of birth,,,date_ymd,
    sex,demographics,radio,Sex,1=Male / 2=Female,,,
    infusion_date,cart,text,CAR-T infusion date,,,date_dmy,
    product,cart,dropdown,CAR-T product,1=Abecma / 2=Carvykti,,,
"""
LABS = """
    lab_date,labs,text,Sample date,,,date_dmy,
    mprotein,labs,text,M-protein (g/L),,,number,
    hb,labs,text,Haemoglobin,,g/dL,number,
"""


def lab_values(made: Project) -> list[tuple[str, When, float | None, str | None]]:
    """Test, time, exact value and unit of what is used."""
    (record,) = made.read().records
    return [
        (x.test, x.when, x.quantity.low if x.quantity else None, x.unit)
        for x in record.labs
        if x.why_set_aside is None
    ]


# ---------------------------------------------------------------- rows of several forms


REPEATING = """
    mrn,redcap_repeat_instrument,redcap_repeat_instance,dob,sex,demographics_complete,infusion_date,product,cart_complete,lab_date,mprotein,hb,labs_complete
    7,,,1961-04-02,2,2,,,,,,,
    7,labs,1,,,,,,,2024-03-01,31,10.5,2
    7,cart,1,,,,2024-03-08,2,2,,,,
    7,labs,2,,,,,,,2024-04-07,12,,0
"""


def test_rows_of_several_forms_interleave(tmp_path: Path) -> None:
    """Each form repeats by itself; a row without an instrument is that of the patient. The first
    field holds the id, whatever it is called; units stand in the label or in the note.
    """
    made = project(tmp_path, BASE + LABS, REPEATING)
    (record,) = made.read().records
    assert (record.patient_id, record.sex, record.birth_date) == ("7", "F", date(1961, 4, 2))
    assert [(x.product, x.when) for x in record.infusions] == [("cilta-cel", When.on(0))]
    assert lab_values(made) == [
        ("serum_m_protein", When.on(-7), 3.1, "g/dL"),
        ("serum_m_protein", When.on(30), 1.2, "g/dL"),
        ("hemoglobin", When.on(-7), 10.5, "g/dL"),
    ]
    assert 'is = ["labs"], part = true' in made.draft()


def test_the_mark_of_a_form_is_ignored_by_rule(tmp_path: Path) -> None:
    made = project(tmp_path, BASE + LABS, REPEATING)
    assert made.issues("columns_not_mapped") == []
    assert '"labs_complete",' in made.draft()


def test_forms_exported_without_the_record_id_are_refused(tmp_path: Path) -> None:
    made = project(tmp_path, BASE + LABS, "lab_date,mprotein,hb\n2024-03-01,31,10\n")
    with pytest.raises(InputError, match=r"export\.csv has no column mrn.*dictionary\.csv"):
        made.read()


@pytest.mark.parametrize("export", ["id,age,city\n1,60,Bonn\n", "mrn,age,city,zip\n1,6,Bonn,5\n"])
def test_a_dictionary_of_another_project_is_refused(tmp_path: Path, export: str) -> None:
    made = project(tmp_path, BASE, export)
    with pytest.raises(InputError, match=r"dictionary\.csv does not fit the export export\.csv"):
        made.read()


def test_a_table_that_is_no_dictionary_is_refused(tmp_path: Path) -> None:
    made = project(tmp_path, BASE + LABS, REPEATING)
    with pytest.raises(InputError, match=r"export\.csv is not a REDCap data dictionary"):
        Project(made.export, made.export).read()


# ---------------------------------------------------------------- codes and labels


@pytest.mark.parametrize(
    ("sex", "product", "infused"),
    [("2", "1", "ide-cel"), ("Female", "Abecma", "ide-cel"), ("Female", "", None), ("2", "", None)],
)
def test_codes_and_labels_are_told_apart_by_the_choices(
    tmp_path: Path, sex: str, product: str, infused: str | None
) -> None:
    export = f"mrn,dob,sex,infusion_date,product\n7,1961-04-02,{sex},2024-03-08,{product}\n"
    (record,) = project(tmp_path, BASE, export).read().records
    assert record.sex == "F"
    assert [x.product for x in record.infusions] == [infused]


MIXED = [
    "mrn,sex,product\n7,2,Carvykti\n",
    "mrn,sex,product\n7,2,\n8,Female,\n",
]


@pytest.mark.parametrize("export", MIXED)
def test_codes_mixed_with_labels_are_refused(tmp_path: Path, export: str) -> None:
    with pytest.raises(InputError, match=r"export\.csv mixes codes and labels: sex holds the code"):
        project(tmp_path, BASE, export).read()


LABELLED = """
    Study number,Repeat Instrument,Repeat Instance,Date of birth,Sex,Complete?,{more}
    7,,,1961-04-02,Female,Complete,,,,,,,
    7,Labs,1,,,,,,,2024-03-01,31,10.5,Complete
    7,Cart,1,,,,2024-03-08,Carvykti,Complete,,,,
    7,Labs,2,,,,,,,2024-04-07,12,,Incomplete
""".format(
    more="CAR-T infusion date,CAR-T product,Complete?,Sample date,M-protein (g/L),Haemoglobin,"
    "Complete?"
)


def test_labels_as_headers_are_read_in_the_order_of_the_dictionary(tmp_path: Path) -> None:
    """`Complete?` stands there once for each form; the instrument is called by its title."""
    (tmp_path / "raw").mkdir()
    raw = lab_values(project(tmp_path / "raw", BASE + LABS, REPEATING))
    made = project(tmp_path, BASE + LABS, LABELLED)
    assert lab_values(made) == raw
    assert made.issues("columns_not_mapped") == []


def test_codes_outside_the_choices_are_one_issue_with_their_count(tmp_path: Path) -> None:
    made = project(tmp_path, BASE, "mrn,sex,product\n1,2,\n2,9,\n3,9,\n4,5,\n")
    (issue,) = made.issues("code_not_listed")
    assert "3 cells of 'sex'" in issue.message
    assert "'9' (2), '5' (1)" in issue.message
    assert (issue.severity, issue.done, len(issue.places)) == ("warning", "set_aside", 3)
    assert [r.sex for r in made.read().records] == ["F", None, None, None]


def test_a_choice_with_commas_keeps_its_label(tmp_path: Path) -> None:
    """The first comma ends the code: `1, Abecma (ide-cel), commercial`."""
    made = project(tmp_path, BASE, "mrn,sex,infusion_date,product\n7,2,2024-03-08,1\n")
    text = made.dictionary.read_text().replace("1, Abecma", "1, Abecma, commercial")
    made.dictionary.write_text(text)
    assert 'words = { "1" = "Abecma, commercial", "2" = "Carvykti" }' in made.draft()


# ---------------------------------------------------------------- numbers and dates


COMMAS = """
    lab_date,labs,text,Sample date,,,date_ymd,
    mprotein,labs,text,M-protein (g/L),,,number_comma_decimal,
    ldh,labs,text,LDH (U/L),,,number_1dp_comma_decimal,
    kappa,labs,text,kappa FLC (mg/L),,,number,
"""


def test_the_decimal_mark_is_that_of_the_check(tmp_path: Path) -> None:
    """`1,234` (g/L) could be 1234 in any other table, and so could `2.345` where both are used."""
    export = """
        mrn,infusion_date,product,lab_date,mprotein,ldh,kappa
        7,2024-03-08,1,2024-03-01,"1,234","250,5",2.345
    """
    made = project(tmp_path, BASE + COMMAS, export)
    assert [x[2] for x in lab_values(made)] == [0.1234, 250.5, 2.345]
    assert [x.code for x in made.read().all_issues()] == ["fields_not_exported", "day_zero_chosen"]


def test_dates_of_a_raw_export_are_iso_whatever_the_project_shows(tmp_path: Path) -> None:
    """A date that a spreadsheet has saved anew is read by the rules for any date: two orders that
    are possible are refused.
    """
    for day, read in (("2024-04-03", True), ("03/04/2024", False), ("25.04.2024", True)):
        export = f"mrn,infusion_date,product\n7,{day},1\n"
        made = project(tmp_path, BASE, export)
        assert [x.when.day is not None for x in made.read().records[0].infusions] == [read], day
        assert bool(made.issues("date_ambiguous")) is not read


# ---------------------------------------------------------------- codes for missing data


MISSING = """
    mrn,sex,infusion_date,product,lab_date,mprotein,hb
    7,NASK,2024-03-08,1,UNK,-99,10.5
"""


def test_words_for_missing_are_blanks_and_are_told(tmp_path: Path) -> None:
    made = project(tmp_path, BASE + LABS, MISSING)
    assert 'missing = ["NASK", "UNK"]' in made.draft()
    told = made.issues("missing_code")
    assert [(x.severity, x.value) for x in told] == [("note", "NASK"), ("note", "UNK")]
    assert made.issues("code_not_listed") == []
    assert made.read().records[0].sex is None


def test_a_number_for_missing_is_refused_until_the_mapping_says_so(tmp_path: Path) -> None:
    """Nobody but the centre knows that -99 is no result."""
    made = project(tmp_path, BASE + LABS, MISSING)
    assert "# check: -99 stands in mprotein." in made.draft()
    assert [x[0] for x in lab_values(made)] == ["hemoglobin"]
    refused = [x for x in made.read().all_issues() if x.severity == "error"]
    assert [(x.code, x.value) for x in refused] == [("value_impossible", "-99")]
    completed = made.read_by(made.draft().replace('"UNK"]', '"UNK", "-99"]'))
    assert [x.test for x in completed.records[0].labs] == ["hemoglobin"]
    assert not [x for x in completed.all_issues() if x.severity == "error"]
    assert [x.value for x in completed.all_issues() if x.code == "missing_code"] == [
        "NASK", "UNK", "-99",
    ]  # fmt: skip


def test_a_code_that_is_a_choice_is_no_code_for_missing(tmp_path: Path) -> None:
    dictionary = BASE.replace("2=Female", "2=Female / UNK=Unknown")
    made = project(tmp_path, dictionary, "mrn,sex,product\n7,UNK,1\n8,1,2\n")
    assert "missing = " not in made.draft()
    assert [r.sex for r in made.read().records] == [None, "M"]
    assert made.issues("code_not_listed") == []


# ---------------------------------------------------------------- checkboxes


BOXES = """
    seen,comorb,text,Date of assessment,,,date_ymd,
    comorbidity,comorb,checkbox,Comorbidities,1=Diabetes / 2=Heart failure / 9=Not assessed,,,
"""
# (boxes, mark of completeness): conditions. An unticked box of an incomplete form says nothing.
TICKS = [
    (("1", "0", "0"), "2", {"diabetes": "present", "heart_failure": "absent"}),
    (("1", "0", "0"), "1", {"diabetes": "present"}),
    (("1", "0", "0"), "0", {"diabetes": "present"}),
    (("1", "0", "0"), "", {"diabetes": "present"}),
    (("0", "0", "0"), "2", {"diabetes": "absent", "heart_failure": "absent"}),
    (("0", "0", "0"), "1", {}),
    (("0", "0", "1"), "2", {}),  # nobody looked
    (("", "", ""), "2", {}),
]


@pytest.mark.parametrize(("ticks", "complete", "conditions"), TICKS)
def test_an_unticked_box_is_unknown_unless_the_form_is_complete(
    tmp_path: Path, ticks: tuple[str, str, str], complete: str, conditions: dict[str, str]
) -> None:
    export = f"""
        mrn,sex,infusion_date,seen,comorbidity___1,comorbidity___2,comorbidity___9,comorb_complete
        7,2,2024-03-08,2024-02-01,{",".join(ticks)},{complete}
    """
    made = project(tmp_path, BASE + BOXES, export)
    (record,) = made.read().records
    assert {x.condition: x.status for x in record.conditions} == conditions
    assert all(x.when == When.on(-36) for x in record.conditions)
    assert (
        "# check: where the form is complete, not ticked under comorbidity is read as absent"
        in (made.draft())
    )


def test_a_code_for_missing_beside_a_box_leaves_it_unknown(tmp_path: Path) -> None:
    """The project's codes for missing data have columns of their own."""
    export = """
        mrn,sex,seen,comorbidity___1,comorbidity___2,comorbidity___9,comorbidity____99,comorb_complete
        7,2,2024-02-01,0,0,0,1,2
    """
    (record,) = project(tmp_path, BASE + BOXES, export).read().records
    assert record.conditions == ()


DRUGS = """
    line,therapy,text,Line,,,integer,
    start,therapy,text,Start,,,date_ymd,
    drugs,therapy,checkbox,Drugs,1=Bortezomib / 2=Lenalidomide / 3=Dexamethasone / 4=Other,,,
    refr,status,checkbox,Refractory to,1=Lenalidomide / 2=Daratumumab,,,
"""


def test_ticked_drugs_are_the_agents_of_one_line(tmp_path: Path) -> None:
    export = """
        mrn,redcap_repeat_instrument,redcap_repeat_instance,sex,line,start,drugs___1,drugs___2,drugs___3,drugs___4,therapy_complete,refr___1,refr___2,status_complete
        7,,,2,,,,,,,,1,0,2
        7,therapy,1,,1,2020-01-07,1,1,1,0,2,,,
        7,therapy,2,,2,2022-05-01,0,0,1,1,2,,,
    """
    made = project(tmp_path, BASE + DRUGS, export)
    (record,) = made.read().records
    assert [(x.line, x.agents) for x in record.therapies] == [
        (1, ("bortezomib", "lenalidomide", "dexamethasone")),
        (2, ("dexamethasone",)),
    ]
    assert [(x.agent_or_class, x.status) for x in record.refractoriness] == [
        ("lenalidomide", "refractory")
    ]
    (left,) = made.issues("columns_not_mapped")
    assert "drugs___4" in left.message  # somebody gave another drug


# ---------------------------------------------------------------- events, centre, identifiers


EVENTS = """
    mrn,redcap_event_name,redcap_data_access_group,redcap_survey_identifier,sex,infusion_date,product,mprotein,hb
    7,baseline_arm_1,bonn,,2,2024-03-08,1,,
    7,day_30_arm_1,bonn,,,,,12,
    7,day_90_arm_1,bonn,,,,,3,
"""


def test_an_event_is_a_day_only_where_the_centre_says_so(tmp_path: Path) -> None:
    undated = LABS.replace("lab_date,labs,text,Sample date,,,date_dmy,", "")
    made = project(tmp_path, BASE + undated, EVENTS)
    draft = made.draft()
    assert '# "day_30_arm_1" = 30' in draft
    (record,) = made.read().records
    assert record.labs == ()
    assert [(x.as_given, x.when) for x in record.set_aside] == [
        ("12 g/L", UNKNOWN_WHEN),
        ("3 g/L", UNKNOWN_WHEN),
    ]
    completed = made.read_by(
        draft.replace('# "day_30_arm_1" = 30', '"day_30_arm_1" = 30').replace(
            '# "day_90_arm_1" = 90', '"day_90_arm_1" = [80, 100]'
        )
    )
    assert [x.when for x in completed.records[0].labs] == [When.on(30), When(80, 100)]


def test_a_form_is_read_at_the_events_that_hold_it(tmp_path: Path) -> None:
    draft = project(tmp_path, BASE + LABS, EVENTS).draft()
    assert (
        '{ column = "redcap_event_name", is = ["day_30_arm_1", "day_90_arm_1"], part = true }'
        in draft
    )


def test_the_data_access_group_is_the_centre(tmp_path: Path) -> None:
    (record,) = project(tmp_path, BASE + LABS, EVENTS).read().records
    assert [(x.finding, x.value) for x in record.facts] == [("centre", "bonn")]
    assert [x.code for x in record.issues].count("duplicate_row") == 0


IDENTIFIED = """
    field,form,type,label,choices,note,check,id
    mrn,demographics,text,Study number,,,,
    name,demographics,text,Last name,,,,y
    dob,demographics,text,Date of birth,,,date_ymd,y
    sex,demographics,radio,Sex,1=Male / 2=Female,,,
"""


def test_what_the_project_marks_as_an_identifier_is_never_read(tmp_path: Path) -> None:
    export = "mrn,name,dob,sex\n7,Mustermann,1961-04-02,2\n"
    made = project(tmp_path, IDENTIFIED, export)
    reading = made.read()
    (record,) = reading.records
    assert (record.sex, record.birth_date, record.birth_year) == ("F", None, None)
    (issue,) = made.issues("identifiers_not_read")
    assert "2 columns of export.csv marked as identifiers in dictionary.csv: name, dob" in (
        issue.message
    )
    for said in (made.draft(), repr(record), repr(reading.issues)):
        assert "Mustermann" not in said
        assert "1961" not in said


def test_an_id_that_is_marked_as_an_identifier_is_told(tmp_path: Path) -> None:
    marked = BASE.replace("Study number,,,,", "Hospital number,,,,y")
    made = project(tmp_path, marked, "mrn,sex\n7,2\n")
    (issue,) = made.issues("id_is_identifier")
    assert issue.severity == "warning"
    assert [record.patient_id for record in made.read().records] == ["7"]


# ---------------------------------------------------------------- what is left


def test_patients_of_whom_nothing_is_recognised_are_there(tmp_path: Path) -> None:
    dictionary = (
        "field,form,type,label,choices,note,check,id\nid,f,text,Id,,,,\nhobby,f,text,Hobby,,,,\n"
    )
    made = project(tmp_path, dictionary, "id,hobby\n1,chess\n2,\n")
    assert [record.patient_id for record in made.read().records] == ["1", "2"]
    assert len(made.issues("columns_not_mapped")) == 1


def test_calculated_fields_are_left_to_the_person(tmp_path: Path) -> None:
    """REDCap calculates when a form is saved: the value may be stale."""
    calc = "flc_ratio,labs,calc,FLC ratio,[kappa]/[lambda],,,\n"
    made = project(tmp_path, BASE + LABS + calc, "mrn,lab_date,hb,flc_ratio\n7,2024-03-01,10,88\n")
    assert [x[0] for x in lab_values(made)] == ["hemoglobin"]
    assert "#   flc_ratio   (calculated by REDCap, and stale" in made.draft()
    (left,) = made.issues("columns_not_mapped")
    assert "flc_ratio" in left.message


def test_what_nobody_maps_is_one_issue(tmp_path: Path) -> None:
    more = "hobby,demographics,text,Hobby,,,,\npet_name,demographics,text,Name of the pet,,,,\n"
    made = project(tmp_path, BASE + more, "mrn,sex,hobby,pet_name,site\n7,2,chess,Rex,x\n")
    (left,) = made.issues("columns_not_mapped")
    assert [x for x in ("hobby", "pet_name", "site") if x not in left.message] == []
    assert "# not in the dictionary dictionary.csv:" in made.draft()


def test_grades_with_an_explanation_are_numbers(tmp_path: Path) -> None:
    ecog = (
        "lab_date,visit,text,Date of visit,,,date_ymd,\n"
        "ecog,visit,radio,ECOG,0=fully active / 1=restricted / 2=ambulatory,,,\n"
    )
    for cell in ("1", "restricted"):
        made = project(tmp_path, BASE + ecog, f"mrn,lab_date,ecog\n7,2024-03-01,{cell}\n")
        assert [(x[0], x[2]) for x in lab_values(made)] == [("ecog", 1.0)]


def test_a_response_at_a_visit_is_the_teams(tmp_path: Path) -> None:
    visit = (
        "resp_date,response,text,Date of assessment,,,date_ymd,\n"
        "resp,response,radio,Response,1=sCR / 2=CR / 3=VGPR / 4=PR / 5=SD / 6=PD,,,\n"
    )
    export = "mrn,infusion_date,resp_date,resp\n7,2024-03-08,2024-04-07,3\n"
    (record,) = project(tmp_path, BASE + visit, export).read().records
    assert [(x.response, x.when, x.by) for x in record.responses] == [("VGPR", When.on(30), "team")]


def test_a_condition_asked_by_yes_and_no_is_present_or_absent(tmp_path: Path) -> None:
    asked = "dm,demographics,yesno,Diabetes,,,,\nhbv,demographics,yesno,Hepatitis B,,,,\n"
    made = project(tmp_path, BASE + asked, "mrn,sex,dm,hbv\n7,2,1,0\n8,1,,\n")
    first, second = made.read().records
    assert {x.condition: x.status for x in first.conditions} == {
        "diabetes": "present",
        "hepatitis_b": "absent",
    }
    assert second.conditions == ()


def test_the_cause_of_a_death_is_kept_with_its_day(tmp_path: Path) -> None:
    death = (
        "dead,followup,yesno,Died,,,,\n"
        "death_date,followup,text,Date of death,,,date_ymd,\n"
        "cod,followup,dropdown,Cause of death,1=Myeloma / 2=Infection / 3=Accident,,,\n"
    )
    export = """
        mrn,sex,infusion_date,product,dead,death_date,cod
        1,2,2024-03-08,1,1,2024-09-01,2
        2,2,2024-03-08,1,1,2024-09-01,
        3,2,2024-03-08,1,0,,
        4,2,2024-03-08,1,,,
    """
    records = project(tmp_path, BASE + death, export).read().records
    assert [[(x.when, x.cause) for x in record.deaths] for record in records] == [
        [(When.on(177), "infection")],
        [(When.on(177), "unknown")],
        [],
        [],
    ]


def test_the_day_of_the_infusion_is_found_by_its_label(tmp_path: Path) -> None:
    dictionary = BASE.replace(
        "infusion_date,cart,text,CAR-T infusion date", "d1,cart,text,Date of CAR-T infusion"
    )
    made = project(tmp_path, dictionary, "mrn,sex,d1,product\n7,2,2024-03-08,2\n")
    (record,) = made.read().records
    assert [(x.product, x.day) for x in record.infusions] == [("cilta-cel", 0)]
    assert record.day_zero == date(2024, 3, 8)
