"""What a card says of a patient, computed in the child process from a FHIR Bundle."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

import msgspec

from rearm.assessment import Assessment, AssessmentError, assess
from rearm.assessment.result import AnswerState
from rearm.board.child.reading import read_file_of
from rearm.intake import Reading
from rearm.intake.fhir.read import read_fhir
from rearm.report.assessment.answer_words import state_words
from rearm.report.assessment.index import index_row
from rearm.report.assessment.sentences import alert_title, unread_text

__all__ = ["CardAlert", "CardFacts", "card_facts", "card_of_nobody", "read_bundle"]

_NOT_JUDGED: tuple[AnswerState, ...] = ("cannot_judge", "died")


class CardAlert(msgspec.Struct, frozen=True, kw_only=True):
    """An alert of the answer. `certain`: it holds; else it is to be settled."""

    title: str
    text: str
    certain: bool


class CardFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What the answer says, as far as a card needs it. `car_t`: an infusion is on record. `judged`:
    there is an answer on what can be given now, or why nothing is needed; `may_be_judged`: there
    could be one with more data. `suspected`: the relapse is not certain. `incomplete`: signs in the
    data that results are missing.
    """

    car_t: bool
    judged: bool
    may_be_judged: bool = False
    emergency: bool = False
    state: str = ""
    relapse: str = ""
    suspected: bool = False
    first: str = ""
    missing: tuple[str, ...] = ()
    alerts: tuple[CardAlert, ...] = ()
    left_out: str = ""
    incomplete: tuple[str, ...] = ()


def card_facts(bundle: bytes) -> bytes:
    """`CardFacts` of the one patient of a Bundle, as JSON. Raises a RearmError with a sentence
    where it can't be read.
    """
    reading = _reading(bundle)
    record = next(reading.stream(), None)
    if record is None:
        return msgspec.json.encode(CardFacts(car_t=False, judged=False))
    try:
        found = assess(record)
    except AssessmentError:
        return msgspec.json.encode(CardFacts(car_t=bool(record.infusions), judged=False))
    signs = tuple(_incomplete(reading, [(x.code, x.message) for x in record.issues]))
    return msgspec.json.encode(_facts(found, signs))


def read_bundle(bundle: bytes) -> bytes:
    """A Bundle as `read_file` gives a file, to be kept as an upload."""
    reading = _reading(bundle)
    return msgspec.json.encode(read_file_of(reading))


def card_of_nobody(_: int) -> bytes:
    """The facts of an invented patient with a relapse: by it a process loads whatever a card
    needs, before a physician waits for one.
    """
    return card_facts(msgspec.json.encode(_nobody()))


def _nobody() -> dict[str, Any]:
    person = {"resourceType": "Patient", "id": "nobody"}
    infused = {
        "resourceType": "Procedure",
        "id": "infusion",
        "status": "completed",
        "subject": {"reference": "Patient/nobody"},
        "code": {"coding": [{"system": "http://snomed.info/sct", "code": "1156961008"}]},
        "performedDateTime": "2024-01-01",
    }
    values = (("2023-12-20", 30.0), ("2024-02-01", 2.0), ("2024-09-01", 20.0), ("2024-09-20", 25.0))
    measured = (_m_protein(day, value) for day, value in values)
    entries = [{"resource": x} for x in (person, infused, *measured)]
    return {"resourceType": "Bundle", "type": "collection", "entry": entries}


def _m_protein(day: str, value: float) -> dict[str, Any]:
    return {
        "resourceType": "Observation",
        "id": f"m-protein-{day}",
        "status": "final",
        "subject": {"reference": "Patient/nobody"},
        "code": {"coding": [{"system": "http://loinc.org", "code": "33358-3"}]},
        "effectiveDateTime": day,
        "valueQuantity": {
            "value": value,
            "unit": "g/L",
            "system": "http://unitsofmeasure.org",
            "code": "g/L",
        },
    }


def _reading(bundle: bytes) -> Reading:
    return read_fhir(bundle, today=date.today(), name="record system")


def _incomplete(reading: Reading, of_patient: list[tuple[str, str]]) -> Iterator[str]:
    every = [*of_patient, *((x.code, x.message) for x in reading.issues)]
    yield from dict.fromkeys(text for code, text in every if code == "bundle_incomplete")


def _facts(a: Assessment, incomplete: tuple[str, ...]) -> CardFacts:
    row = index_row("", a)
    return CardFacts(
        car_t=bool(a.failures),
        judged=bool(a.failures) and a.answer.state not in _NOT_JUDGED,
        may_be_judged=a.answer.state == "cannot_judge",
        emergency=a.answer.state == "emergency_first",
        state=state_words(a),
        relapse=row.relapse if a.relapse is not None else "",
        suspected=a.relapse is not None and a.relapse.status != "failed",
        first=row.first,
        missing=tuple(test.name for test in a.tests),
        alerts=tuple(
            CardAlert(title=alert_title(x), text=x.text, certain=x.status == "certain")
            for x in a.alerts
        ),
        left_out=unread_text(a),
        incomplete=incomplete,
    )
