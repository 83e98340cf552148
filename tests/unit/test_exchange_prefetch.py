"""What a card needs: the templates, and every form in which a record system may answer them."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from tests.support.loops import some
from tests.support.record_system import FakeRecordSystem

from rearm.board.exchange import prefetch
from rearm.board.exchange.asking import NotAnswered
from rearm.board.exchange.fhir_search import FhirServer, Found
from rearm.board.exchange.prefetch import (
    REQUIRED,
    Gathered,
    NoPrefetch,
    NotComplete,
    WrongPatient,
    gather,
    templates,
)
from rearm.board.exchange.prefetch_rules import LONGEST_TEMPLATE, faults

WHOLE = FakeRecordSystem().prefetched("SYN-01")
PAGE = {"resourceType": "Bundle", "type": "searchset"}
OUTCOME = {"resourceType": "OperationOutcome", "issue": [{"severity": "error"}]}


def _sent(**more: Any) -> dict[str, Any]:
    return {**copy.deepcopy(WHOLE), **more}


class _Server(FhirServer):
    """Gives for each question what the test laid down."""

    def __init__(self, answers: dict[str, Any]) -> None:
        self.answers, self.asked = answers, list[str]()

    def read(self, path: str) -> dict[str, Any]:
        self.asked.append(path)
        found: dict[str, Any] = self._given(path.split("/")[0])
        return found

    def search(self, query: str) -> Found:
        self.asked.append(query)
        return Found(entries=[{"resource": x} for x in self._given(query.split("?")[0])])

    def further(self, page: dict[str, Any]) -> Found:
        self.asked.append("further")
        return Found(entries=[*page["entry"], *[{"resource": x} for x in self._given("further")]])

    def _given(self, name: str) -> Any:
        found = self.answers.get(name)
        if found is None:
            raise NotAnswered("no answer")
        return found


# ---------------------------------------------------------------- templates


def test_our_templates_say_only_what_every_record_system_understands() -> None:
    for key, template in some(templates().items()):
        assert faults(template) == [], key
    assert set(REQUIRED) <= set(templates())


def test_the_codes_of_the_dictionary_are_asked_for() -> None:
    labs = templates()["labs"]
    assert "33358-3" in labs and "36916-5" in labs and labs.endswith("&_sort=-date&_count=1000")


@pytest.mark.parametrize(
    "template",
    [
        "Observation?patient={{context.patientId}}&code=" + "1" * LONGEST_TEMPLATE,
        "Observation?patient={{context.patient.id}}",
        "Patient/{{context.draftOrders.ServiceRequest.id}}",
        "Patient/{{userPractitionerId}}",
        "Patient/{{%fhirServer}}",
        "Patient",
        "Patient/1/_history/2",
        "observation?patient=1",
        "Observation?_include=Observation:subject",
        "Observation?patient.name=x",
        "Observation?code:text=x",
        "Observation?_sort=date:desc",
        "Observation?_sort:desc=date",
        "Observation?_count=all",
        "Observation?_has:Patient:x=y",
        "Observation?date=ne2024-01-01",
        "Observation?date=ap2024",
        "Observation?patient",
        "Observation?",
    ],
)
def test_the_rules_find_what_is_not_allowed(template: str) -> None:
    assert faults(template) != []


@pytest.mark.parametrize(
    "template",
    [
        "Patient/{{context.patientId}}",
        "Observation?patient={{context.patientId}}&code:in=http://x.example/vs",
        "Observation?patient={{context.patientId}}&date=ge2024-01-01&_sort=-date,code&_count=5",
    ],
)
def test_the_rules_let_through_what_is_allowed(template: str) -> None:
    assert faults(template) == []


# ---------------------------------------------------------------- forms of an answer


def test_everything_that_was_sent_is_gathered() -> None:
    found = gather("SYN-01", _sent(), None)
    assert found.incomplete == {} and found.sentences() == ()
    kinds = {x["resource"]["resourceType"] for x in found.bundle()["entry"]}
    assert {"Patient", "Observation", "Procedure", "MedicationAdministration"} <= kinds


@pytest.mark.parametrize("key", REQUIRED)
def test_without_what_is_required_and_without_access_there_is_no_answer(key: str) -> None:
    sent = _sent()
    del sent[key]
    with pytest.raises(NotComplete, match=key) as refused:
        gather("SYN-01", sent, None)
    assert refused.value.status == 412


def test_what_is_not_required_may_be_absent_and_is_told() -> None:
    sent = _sent()
    del sent["genomics"]
    assert gather("SYN-01", sent, None).sentences() == ("Genetic results: not sent.",)


def test_null_means_that_there_is_none() -> None:
    found = gather("SYN-01", _sent(procedures=None, administrations=None), None)
    assert found.incomplete == {}
    assert not any(x["resource"]["resourceType"] == "Procedure" for x in found.entries)


def test_an_empty_searchset_means_that_there_is_none() -> None:
    assert gather("SYN-01", _sent(procedures=PAGE), None).incomplete == {}
    assert gather("SYN-01", _sent(procedures={**PAGE, "total": 0}), None).incomplete == {}


def test_a_single_resource_is_taken() -> None:
    one = WHOLE["procedures"]["entry"][0]["resource"]
    found = gather("SYN-01", _sent(procedures=one), None)
    assert one in [x["resource"] for x in found.entries]


def test_an_error_is_told_and_not_asked_again() -> None:
    server = _Server({})
    found = gather("SYN-01", _sent(labs=OUTCOME), server)
    assert found.sentences() == ("Laboratory results: the record system answered with an error.",)
    assert server.asked == []


def test_a_first_page_without_access_is_told() -> None:
    page = {**PAGE, "entry": [], "link": [{"relation": "next", "url": "https://x.example/2"}]}
    found = gather("SYN-01", _sent(labs=page), None)
    assert found.sentences() == ("Laboratory results: only the first page was sent.",)


def test_without_the_look_for_a_next_page_it_would_be_silent(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(prefetch, "next_link", lambda page: None)
    page = {**PAGE, "entry": [], "link": [{"relation": "next", "url": "https://x.example/2"}]}
    assert gather("SYN-01", _sent(labs=page), None).sentences() == ()


def test_a_first_page_with_access_is_read_on() -> None:
    one = WHOLE["labs"]["entry"][0]
    page = {**PAGE, "entry": [one], "link": [{"relation": "next", "url": "https://x.example/2"}]}
    server = _Server({"further": [WHOLE["labs"]["entry"][1]["resource"]]})
    found = gather("SYN-01", _sent(labs=page), server)
    assert server.asked == ["further"] and found.incomplete == {}
    assert sum(x["resource"]["resourceType"] == "Observation" for x in found.entries) == 2


def test_fewer_than_were_found_is_told() -> None:
    page = {**WHOLE["procedures"], "total": 7}
    assert gather("SYN-01", _sent(procedures=page), None).sentences() == (
        "Procedures: 7 were found and 1 were sent.",
    )


def test_what_was_not_sent_is_read_where_there_is_access() -> None:
    sent = _sent()
    del sent["conditions"], sent["patient"]
    conditions = [x["resource"] for x in WHOLE["conditions"]["entry"]]
    server = _Server({"Patient": WHOLE["patient"], "Condition": conditions})
    found = gather("SYN-01", sent, server)
    assert server.asked == ["Patient/SYN-01", "Condition?patient=SYN-01"]
    assert found.incomplete == {}


def test_what_can_t_be_read_is_told() -> None:
    sent = _sent()
    del sent["conditions"]
    assert gather("SYN-01", sent, _Server({})).sentences() == ("Diagnoses: could not be read.",)


@pytest.mark.parametrize("value", [1, "x", [], {}, {"entry": []}, {"resourceType": 1},
                                   {"resourceType": "Bundle", "type": "collection"}])  # fmt: skip
def test_what_is_no_answer_of_fhir_is_refused(value: Any) -> None:
    with pytest.raises(NoPrefetch):
        gather("SYN-01", _sent(labs=value), None)


def _of(reference: Any) -> dict[str, Any]:
    one = {"resource": {"resourceType": "Observation", "id": "o", "subject": reference}}
    return {**PAGE, "entry": [one]}


@pytest.mark.parametrize(
    "reference",
    [
        {"reference": "Patient/SYN-02"},
        {"reference": "Patient/SYN-01-x"},
        {"reference": "xPatient/SYN-01"},
        {"reference": "Group/SYN-01"},
        {"reference": "https://x.example/Patient/SYN-02"},
        {"identifier": {"value": "SYN-01"}},
        {},
    ],
)
def test_a_resource_of_somebody_else_is_refused(reference: Any) -> None:
    with pytest.raises(WrongPatient):
        gather("SYN-01", _sent(labs=_of(reference)), None)


@pytest.mark.parametrize("reference", ["Patient/SYN-01", "https://x.example/fhir/Patient/SYN-01",
                                       "Patient/SYN-01/_history/2"])  # fmt: skip
def test_a_resource_of_the_patient_is_taken(reference: str) -> None:
    assert gather("SYN-01", _sent(labs=_of({"reference": reference})), None).incomplete == {}


def test_another_patient_is_refused() -> None:
    other = {**WHOLE["patient"], "id": "SYN-02"}
    with pytest.raises(WrongPatient):
        gather("SYN-01", _sent(patient=other), None)
    with pytest.raises(WrongPatient):
        gather("SYN-02", _sent(), None)
    twice = {**PAGE, "entry": [{"resource": WHOLE["patient"]}] * 2}
    with pytest.raises(WrongPatient):
        gather("SYN-01", _sent(patient=twice), None)


def test_without_the_look_at_the_subject_it_would_be_taken(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(prefetch, "_check_subject", lambda *_: None)
    found = gather("SYN-01", _sent(labs=_of({"reference": "Patient/SYN-02"})), None)
    assert found.incomplete == {}


def test_a_resource_that_came_twice_stands_once() -> None:
    entry = {"resource": {"resourceType": "Observation", "id": "o"}}
    assert len(Gathered(entries=[entry, entry]).bundle()["entry"]) == 1
