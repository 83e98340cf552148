"""The words of OMOP that are shipped lead to something in the dictionary, each of them."""

from __future__ import annotations

from tests.support.loops import some

from rearm.intake.omop.hints import load_hints
from rearm.intake.omop.tables import TABLES, VOCABULARY
from rearm.knowledge.bundle import bundled
from rearm.units import normal_unit


def test_every_hint_is_of_the_dictionary() -> None:
    hints, known = load_hints(), bundled()
    assert set(some(hints.agents.values())) <= set(known.lexicon.agents)
    assert set(some(hints.products.values())) <= set(known.lexicon.products)
    assert set(some(hints.loinc.values())) <= set(known.lab_tests.by_loinc)
    assert all(known.lexicon.find_regimens(name) for name in some(hints.regimens.values()))
    products = {p.product for p in hints.procedures.values() if p.product is not None}
    assert set(some(products)) <= set(known.lexicon.products)


def test_every_unit_is_one_of_some_test() -> None:
    hints, tests = load_hints(), bundled().lab_tests.values()
    for unit in some([*hints.units.values(), *hints.spelled.values()]):
        assert any(normal_unit(unit) in test.units for test in tests), unit


def test_kinds_of_procedures_are_those_that_are_read() -> None:
    kinds = {p.kind for p in load_hints().procedures.values()}
    assert kinds == {"car_t_infusion", "autologous_transplant", "allogeneic_transplant"}


def test_systems_are_those_of_the_codes() -> None:
    own = set(bundled().fhir_codes.systems.values())
    beside = {"rxnorm_extension", "icd10pcs", "hemonc", "omop_genomic"}
    assert set(load_hints().systems.values()) <= own | beside


def test_every_table_of_patients_names_them() -> None:
    for table in some(t for t in TABLES.values() if t.of_person):
        assert table.columns["person"] == ("person_id", "person")
        assert table.name not in VOCABULARY
        assert len(set(table.read)) == len(table.read)
