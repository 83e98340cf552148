"""Medication and procedures: what was given, what was only ordered, what can't be named."""

from __future__ import annotations

from typing import Any

import pytest
from tests.support.fhir_builder import (
    RXNORM,
    SNOMED,
    SUBJECT,
    agent,
    code,
    codes,
    infusion,
    quantity,
    record_of,
    without,
)

Json = dict[str, Any]


def therapies(*resources: Json) -> list[tuple[tuple[str, ...], tuple[str, ...]]]:
    return [(t.agents, t.unread) for t in record_of(*resources).therapies]


@pytest.mark.parametrize(
    ("medication", "agents", "unread", "issues"),
    [
        (code(RXNORM, "358258", "bortezomib"), ("bortezomib",), (), set()),
        (code(RXNORM, "358258"), ("bortezomib",), (), set()),
        ({"text": "Velcade"}, ("bortezomib",), (), set()),
        (code("urn:rearm:agent", "talquetamab"), ("talquetamab",), (), set()),
        (
            {**code(RXNORM, "1804920", "bortezomib 3.5 MG Injection"), "text": "Bortezomib"},
            ("bortezomib",),
            (),
            {"medication_by_text"},
        ),
        (
            code(RXNORM, "1804920", "Bortezomib"),
            (),
            ("rxnorm 1804920 (Bortezomib)",),
            {"unknown_agent"},
        ),  # a display alone names nothing
        ({"text": "VRd"}, ("bortezomib", "lenalidomide", "dexamethasone"), (), set()),
        ({"text": "Wundermittel"}, (), ("Wundermittel",), {"regimen_unread"}),
        (
            code(RXNORM, "358258", "carfilzomib"),
            (),
            ("bortezomib or carfilzomib",),
            {"code_contradiction", "unknown_agent"},
        ),
        (
            {**code(RXNORM, "358258"), "text": "Carfilzomib"},
            (),
            ("bortezomib or carfilzomib",),
            {"code_contradiction", "unknown_agent"},
        ),
    ],
)
def test_names_of_a_medication(
    medication: Json, agents: tuple[str, ...], unread: tuple[str, ...], issues: set[str]
) -> None:
    record = record_of(agent("a", medication))
    (therapy,) = record.therapies
    assert (set(therapy.agents), therapy.unread) == (set(agents), unread)
    assert codes(record) == issues


@pytest.mark.parametrize(
    ("kind", "status", "given", "issue"),
    [
        ("MedicationStatement", "completed", True, None),
        ("MedicationStatement", "active", True, None),
        ("MedicationStatement", "stopped", True, None),
        ("MedicationStatement", "intended", False, "not_given"),
        ("MedicationStatement", "not-taken", False, "not_given"),
        ("MedicationStatement", "unknown", False, "not_given"),
        ("MedicationStatement", "entered-in-error", False, "entered_in_error"),
        ("MedicationAdministration", "completed", True, None),
        ("MedicationAdministration", "not-done", False, "not_given"),
        ("MedicationAdministration", "unknown", False, "not_given"),
        ("MedicationRequest", "completed", False, "only_ordered"),
        ("MedicationRequest", "active", False, "only_ordered"),
        ("MedicationDispense", "completed", False, "only_dispensed"),
    ],
)
def test_only_what_was_given_is_exposure(
    kind: str, status: str, given: bool, issue: str | None
) -> None:
    record = record_of(agent("a", {"text": "talquetamab"}, kind, status=status))
    assert len(record.therapies) == given
    assert codes(record) == (set() if issue is None else {issue})


def test_orders_are_one_issue_an_agent() -> None:
    orders = [agent(f"o{i}", {"text": "Pomalidomide"}, "MedicationRequest") for i in range(4)]
    (issue,) = [i for i in record_of(*orders).issues if i.code == "only_ordered"]
    assert "pomalidomide" in issue.message
    assert "4 times" in issue.message


def test_doses_of_an_agent_become_stretches_with_their_gaps() -> None:
    days = ["2023-01-02", "2023-01-09", "2023-02-20", "2023-06-01", "2023-06-08"]
    doses = [
        {
            **without(
                agent(f"d{i}", {"text": "Carfilzomib"}, "MedicationAdministration"),
                "effectivePeriod",
            ),
            "effectiveDateTime": f"{day}T10:00:00Z",
        }
        for i, day in enumerate(days)
    ]
    record = record_of(*reversed(doses))
    assert sorted((t.start.day, t.end.day) for t in record.therapies) == [
        (-427, -378),
        (-277, -270),
    ]
    assert codes(record) == {"doses_joined"}


def test_agents_of_one_group_and_period_are_one_therapy() -> None:
    group: dict[str, Any] = {
        "extension": [
            {"url": "urn:rearm:therapy-group", "valueString": "line 1"},
            {"url": "urn:rearm:column:line", "valueInteger": 1},
        ]
    }
    record = record_of(
        agent("a", {"text": "Bortezomib"}, **group),
        agent("b", {"text": "Dexamethasone"}, **group),
        agent("c", {"text": "Melphalan"}),
    )
    assert [(t.line, t.agents) for t in record.therapies] == [
        (1, ("bortezomib", "dexamethasone")),
        (None, ("melphalan",)),
    ]


def test_a_medication_resource_with_ingredients() -> None:
    medication = {
        "resourceType": "Medication",
        "id": "m",
        "ingredient": [
            {"itemCodeableConcept": {"text": n}} for n in ("Carfilzomib", "Dexamethasone")
        ],
    }
    given = {
        **without(agent("a", {}), "medicationCodeableConcept"),
        "medicationReference": {"reference": "Medication/m"},
    }
    assert therapies(medication, given) == [(("carfilzomib", "dexamethasone"), ())]
    contained = {
        **given,
        "contained": [{**medication, "id": "c"}],
        "medicationReference": {"reference": "#c"},
    }
    assert therapies(contained) == [(("carfilzomib", "dexamethasone"), ())]
    lost = {
        **given,
        "medicationReference": {"reference": "Medication/none", "display": "Melphalan"},
    }
    assert therapies(lost) == [((), ("a medication that is not in the Bundle (Melphalan)",))]


def test_an_infusion_with_dose_aphereses_and_specification() -> None:
    apheresis = {
        "resourceType": "Procedure", "id": "l1", "status": "completed",
        "code": code("urn:rearm:procedure", "leukapheresis"), "subject": SUBJECT,
        "performedDateTime": "2024-01-10",
    }  # fmt: skip
    component = {"code": code("urn:rearm:column", "in_specification"), "valueBoolean": False}
    quality = {
        "resourceType": "Observation", "id": "q", "status": "final",
        "code": code("urn:rearm:table", "infusions"), "subject": SUBJECT,
        "partOf": [{"reference": "MedicationAdministration/second"}], "component": [component],
    }  # fmt: skip
    second = infusion(
        id="second",
        effectiveDateTime="2025-02-01",
        dosage={"dose": quantity(440, "10*6.{cells}")},
        supportingInformation=[{"reference": "Procedure/l1"}],
    )
    record = record_of(apheresis, second, quality)
    first, later = record.infusions
    assert (first.in_specification, first.apheresis_days) == (None, ())
    assert (later.product, later.dose_cells, later.in_specification, later.apheresis_days) == (
        "ide-cel",
        440e6,
        False,
        (-54,),
    )
    assert codes(record) == set()


def test_an_apheresis_that_belongs_to_no_certain_infusion() -> None:
    apheresis = {"resourceType": "Procedure", "id": "l1", "status": "completed",
        "code": code("urn:rearm:procedure", "leukapheresis"), "subject": SUBJECT,
        "performedDateTime": "2024-01-10"}  # fmt: skip
    assert record_of(apheresis).infusions[0].apheresis_days == (-54,)  # the only infusion
    later = record_of(
        {**apheresis, "performedDateTime": "2024-09-10"}
    )  # collected after it: for another product
    assert (later.infusions[0].apheresis_days, codes(later)) == ((), {"apheresis_unassigned"})
    record = record_of(apheresis, infusion(id="second", effectiveDateTime="2025-02-01"))
    assert [i.apheresis_days for i in record.infusions] == [(), ()]
    assert codes(record) == {"apheresis_unassigned"}


def test_a_product_that_was_never_given() -> None:
    never = infusion(
        id="never",
        status="not-done",
        statusReason=[{"text": "out of specification"}],
        medicationCodeableConcept={"text": "Carvykti"},
    )
    record = record_of(without(never, "effectiveDateTime"))
    assert [(i.product, i.infused, i.reason) for i in record.infusions] == [
        ("ide-cel", True, None),
        ("cilta-cel", False, "out of specification"),
    ]


def test_one_infusion_told_twice_is_read_once() -> None:
    procedure = {
        "resourceType": "Procedure", "id": "p", "status": "completed",
        "code": code(SNOMED, "1156961008"), "subject": SUBJECT, "performedDateTime": "2024-03-04",
    }  # fmt: skip
    statement = agent("s", {"text": "Abecma"}, effectiveDateTime="2024-03-04")
    record = record_of(procedure, without(statement, "effectivePeriod"))
    assert len(record.infusions) == 1
    assert codes(record) == {"infusion_twice"}


def test_procedures_that_are_treatment_and_others() -> None:
    def procedure(identifier: str, concept: Json, status: str = "completed") -> Json:
        return {
            "resourceType": "Procedure",
            "id": identifier,
            "status": status,
            "code": concept,
            "subject": SUBJECT,
            "performedPeriod": {"start": "2023-01-02", "end": "2023-01-20"},
        }

    record = record_of(
        procedure("r", code(SNOMED, "1217123003")),
        procedure("t", code("urn:rearm:procedure", "autologous_transplant")),
        procedure("x", code(SNOMED, "80146002", "Appendectomy")),
        procedure("n", code(SNOMED, "1217123003"), "not-done"),
    )
    assert [(t.purpose, t.start.day) for t in record.therapies] == [
        ("radiotherapy", -427),
        ("transplant", -427),
    ]
    assert codes(record) == {"unknown_code", "not_given"}


def test_a_malformed_medication_leaves_no_trace() -> None:
    record = record_of(agent("a", {"text": "Bortezomib"}, effectivePeriod={"start": 20230102}))
    assert (record.therapies, codes(record)) == ((), {"malformed_resource"})


@pytest.mark.parametrize(
    "text",
    [
        "CAR-T infusion",
        "CAR\u2011T",
        "CAR_T",
        "CARTs",
        "ide cel",
        "chimären Antigenrezeptor",
        "Chimeric-antigen-receptor",
        "Infusion of ide-cel (Abecma)",
        "ciltacabtagene autoleucel",
        "CAR T cells",
    ],
)
def test_a_procedure_that_may_be_the_infusion_is_a_warning(text: str) -> None:
    given = {
        "resourceType": "Procedure",
        "id": "p",
        "status": "completed",
        "code": {"text": text},
        "subject": SUBJECT,
        "performedDateTime": "2024-01-01",
    }
    record = record_of(given)
    assert len(record.infusions) == 1  # that of the builder
    assert ("possible_infusion", "warning") in {(i.code, i.severity) for i in record.issues}


def test_an_order_not_to_give_is_no_order() -> None:
    order = {**agent("a", {"text": "carfilzomib"}, "MedicationRequest"), "doNotPerform": True}
    record = record_of({**order, "status": "active"})
    (issue,) = [i for i in record.issues if i.code == "ordered_not_to_give"]
    assert "was ordered not to be given" in issue.message
    assert record.therapies == ()


def test_fludarabine_days_before_the_cells_is_lymphodepletion() -> None:
    def dose(name: str, day: str) -> Json:
        return agent(name, {"text": name}, effectivePeriod={"start": day, "end": day})

    record = record_of(
        dose("fludarabine", "2024-02-27"),
        dose("cyclophosphamide", "2024-02-28"),
        dose("bortezomib", "2024-02-20"),
        {**dose("cyclophosphamide", "2023-05-01"), "id": "earlier"},
    )
    assert [(t.agents, t.purpose) for t in record.therapies] == [
        (("fludarabine",), "lymphodepletion"),
        (("cyclophosphamide",), "lymphodepletion"),
        (("bortezomib",), None),
        (("cyclophosphamide",), None),
    ]
    assert codes(record) == {"read_as_lymphodepletion"}
