"""The list of the board's fields: it fits the tables and tests; a fault in it has a sentence."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from tests.support.loops import some

from rearm.assessment.check import check
from rearm.intake.cells import RowMaker
from rearm.knowledge import KnowledgeError, load
from rearm.knowledge._toml import parsed
from rearm.knowledge.board_form import BoardForm, read_form
from rearm.knowledge.bundle import DATA

FORM = DATA / "form.toml"


def _read(text: str) -> BoardForm:
    return read_form(parsed(text.encode()), load().tidy_tables, load().lab_tests)


def test_the_form_asks_for_what_a_board_needs() -> None:
    form = load().form
    tests = {f.test for f in form.fields.values() if f.test is not None}
    assert len(form.fields) == 54
    assert {"serum_m_protein", "kappa_flc", "hemoglobin", "neutrophils", "platelets"} <= tests
    assert {"creatinine", "calcium", "ldh", "igg", "albumin", "ecog"} <= tests
    assert {"marrow_plasma_cells", "bcma_positive_plasma_cells"} <= tests
    fixed = {word for f in form.fields.values() for word in f.fixed.values()}
    assert {"active_infection", "hepatitis_b", "crs", "icans", "goals_of_care", "declined"} <= fixed
    assert form.fields["line"].lines == 10 and form.fields["serum_m_protein"].lines == 8
    suggested = set(form.fields["other_result"].suggest["test"])
    assert {"serum_immunofixation", "urine_immunofixation", "mrd", "egfr", "weight"} <= suggested
    assert form.fields["marrow_plasma_cells"].lines == 2
    assert "lesion_histology" in fixed


def test_every_word_and_unit_that_is_offered_is_read() -> None:
    form, maker = load().form, RowMaker(load().tidy_tables, None)
    offered = 0
    for field in some(form.fields.values()):
        for column in (field.value, *field.beside):
            for word in form.words(field, column):
                cell = maker.column(field.table, column).of(word)
                assert cell.problem is None and cell.value is not None, (field.id, word)
                if field.test is not None and column == "value":
                    numbers = [str(number) for number in range(6)]
                    assert word in numbers or form.tests[field.test].word(word) is not None
                offered += 1
        for unit in form.units(field):
            named = (field.test,) if field.test is not None else field.suggest["test"]
            assert any(unit in form.tests[str(name)].allowed for name in named)
            offered += 1
    assert offered > 150


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ('table = "infusions"', 'table = "infusion"', "field car_t: there is no table infusion"),
        ('value = "product"', 'value = "produkt"', "infusions has no column produkt"),
        ('test = "ldh"', 'test = "ldhh"', "field ldh: there is no test ldhh"),
        ('label = "IgG"', 'label = "LDH"', "ldh is the label of two entries"),
        ('id = "igg"', 'id = "ldh"', "ldh is the id of a field of two entries"),
        ('fixed = { test = "ldh" }', "", "field ldh: the table labs needs test"),
        (
            'fixed = { status = "present" }',
            'fixed = { status = "there" }',
            "there is not a word of",
        ),
        ('day = "start_day"', 'day = "regimen"', "regimen is not a column for a day"),
        ('apheresis_days = "Apheresis"', 'apheresis_days = "Unit"', "heading of the form itself"),
        ('group = "car_t"', 'group = "cart"', "there is no group cart"),
        ('value = "patient_id"', 'value = "sex"', "one field asks for the patient's id"),
        ('field = "declined"', 'field = "refused"', "example: there is no field refused"),
        ('unit = "U/L"', 'unit = "kg"', "example: ldh takes no unit kg"),
        ('"mrd"', '"mrdd"', "field other_result: mrdd is not a word of test"),
        ("lines = 10", "lines = 0", "field line: it takes one line or more"),
        ("lines = 10", 'line = "10"', "Did you mean"),
    ],
)
def test_a_fault_in_the_list_has_a_sentence(old: str, new: str, told: str) -> None:
    text = FORM.read_text("utf-8")
    assert old in text
    with pytest.raises(KnowledgeError) as raised:
        _read(text.replace(old, new, 1 if old == "lines = 10" else -1))
    assert any(told in problem and "form.toml" in problem for problem in raised.value.problems)


def test_the_check_of_the_knowledge_names_the_fault(tmp_path: Path) -> None:
    copy = tmp_path / "data"
    shutil.copytree(DATA, copy)
    text = FORM.read_text("utf-8")
    (copy / "form.toml").write_text(text.replace('test = "ldh"', 'test = "ldhh"'), "utf-8")
    assert [str(p) for p in check(copy)] == [
        "knowledge: form.toml: field ldh: there is no test ldhh.",
        "knowledge: form.toml: example: ldh takes no unit U/L.",
    ]


def test_a_folder_without_the_list_has_the_bundled_one(tmp_path: Path) -> None:
    copy = tmp_path / "data"
    shutil.copytree(DATA, copy)
    (copy / "form.toml").unlink()
    assert load(copy).form is load().form


def test_a_field_of_a_folder_is_a_field_of_its_form() -> None:
    form = _read(
        FORM.read_text("utf-8")
        + '\n[[field]]\nid = "ferritin"\ngroup = "today"\nlabel = "Ferritin"\ntable = "labs"\n'
        'value = "value"\nfixed = { test = "ferritin" }\n'
    )
    assert form.units(form.fields["ferritin"]) == form.tests["ferritin"].allowed
    assert form.fields["ferritin"] in form.of_group(form.groups["today"])
