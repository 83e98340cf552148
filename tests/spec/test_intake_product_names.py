"""A product is found beside other words; a transplant is the patient's own where it says so."""

from __future__ import annotations

from typing import Any

import pytest

from rearm.intake import read_tables
from rearm.intake.regimen.read import parse

# what stands as the product; the product of the record, its target, codes of issues
PRODUCTS = [
    ("Carvykti", "cilta-cel", ("BCMA",), []),
    ("Carvykti (EAP)", "cilta-cel", ("BCMA",), ["product_remark"]),
    ("Abecma kommerziell", "ide-cel", ("BCMA",), ["product_remark"]),
    ("ide-cel, out-of-spec", "ide-cel", ("BCMA",), ["product_remark"]),
    ("ide-cel (Abecma)", "ide-cel", ("BCMA",), []),
    ("Abecma oder Carvykti", "Abecma oder Carvykti", (), ["unknown_product"]),
    ("kein Abecma", "kein Abecma", (), ["unknown_product"]),
    ("after ide-cel", "after ide-cel", (), ["unknown_product"]),
    ("our own CAR", "our own CAR", (), ["unknown_product"]),
    ("Kymriah", "tisa-cel", ("CD19",), ["product_of_another_disease"]),
    ("Yescarta", "axi-cel", ("CD19",), ["product_of_another_disease"]),
    ("GC012F", "gc012f", ("BCMA", "CD19"), []),
]


@pytest.mark.parametrize(("given", "product", "targets", "codes"), PRODUCTS)
def test_product(given: str, product: str, targets: tuple[str, ...], codes: list[str]) -> None:
    rows: list[dict[str, Any]] = [{"patient_id": "A", "day": 0, "product": given}]
    record = read_tables({"patients": [{"patient_id": "A"}], "infusions": rows}).records[0]
    assert [(x.product, x.targets) for x in record.infusions] == [(product, targets)]
    assert [i.code for i in record.issues] == codes
    unknown = [i.message for i in record.issues if i.code == "unknown_product"]
    assert all("no rule about the same antigen applies" in message for message in unknown)


# the regimen as it is written; what the record says of it
TRANSPLANTS = [
    ("ASCT", True),
    ("autologous HSCT", True),
    ("autologous haematopoietic stem cell transplantation", True),
    ("autologe Knochenmarktransplantation", True),
    ("Mel200 + ASCT", True),
    ("HSCT", True),
    ("bone marrow transplant 2021", None),
    ("BMT", None),
    ("Knochenmarktransplantation", None),
    ("allogeneic bone marrow transplant", False),
    ("allogeneic HSCT", False),
    ("haplo HSCT", False),
    ("haplo", False),
    ("MUD-SCT", False),
    ("MUD BMT", False),
    ("Fremd-SZT", False),
    ("MRD transplant", False),
    ("RIC-SCT", False),
    ("RIC alloSCT (MUD)", False),
    ("allogene SZT", False),
    ("SZT (Fremdspender)", False),
    ("unrelated donor transplant", False),
    ("fludarabine + melphalan + sibling SCT", False),
    ("VRd", False),
]


@pytest.mark.parametrize(("regimen", "autologous"), TRANSPLANTS)
def test_transplant(regimen: str, autologous: bool | None) -> None:
    rows: list[dict[str, Any]] = [{"patient_id": "A", "line": 1, "regimen": regimen}]
    record = read_tables({"patients": [{"patient_id": "A"}], "therapies": rows}).records[0]
    assert [t.autologous for t in record.therapies] == [autologous]
    assert record.issues == ()
    assert parse(regimen).unread == ()


# texts of several transplants, or with words that can't be read
SEVERAL = [
    ("ASCT, MUD-SCT", [True, False]),
    ("Tandem: ASCT dann RIC-SCT", [True, False]),
    ("SCT 2015, SCT 2018 (MUD)", [True, False]),
    ("xyzzy-SCT", [None]),
    ("xyzzy-ASCT", [True]),
]


@pytest.mark.parametrize(("regimen", "autologous"), SEVERAL)
def test_transplants(regimen: str, autologous: list[bool | None]) -> None:
    rows: list[dict[str, Any]] = [{"patient_id": "A", "line": 1, "regimen": regimen}]
    record = read_tables({"patients": [{"patient_id": "A"}], "therapies": rows}).records[0]
    assert [t.autologous for t in record.therapies] == autologous


# agents and purpose stated beside a text; what the record says of the transplant
STATED = [
    (None, True),
    ("Mel200", True),
    ("MUD-SCT", False),
    ("BMT", None),
    ("xyzzy", None),
]


@pytest.mark.parametrize(("regimen", "autologous"), STATED)
@pytest.mark.parametrize("agents", ["melphalan", None])
def test_a_transplant_by_its_purpose(
    regimen: str | None, autologous: bool | None, agents: str | None
) -> None:
    row = {"patient_id": "A", "agents": agents, "purpose": "transplant", "regimen": regimen}
    record = read_tables({"patients": [{"patient_id": "A"}], "therapies": [row]}).records[0]
    assert [t.autologous for t in record.therapies] == [autologous]
