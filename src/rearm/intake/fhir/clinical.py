"""Patient, conditions and adverse events to rows."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from rearm.intake.fhir.bundle import Resource
from rearm.intake.fhir.codes import codes_of, load_codes, shown_code
from rearm.intake.fhir.element import Dated, Element, bounds_of, dated, moment_of
from rearm.intake.fhir.rows import COLUMN, RowDraft, Translation, own_code
from rearm.intake.rows import Moment, Value
from rearm.intake.values import shown
from rearm.knowledge.tidy_tables import folded

__all__ = ["read_adverse_event", "read_condition", "read_patient"]

_PRESENT = ("active", "recurrence", "relapse")
_RESOLVED = ("inactive", "remission", "resolved")
_NOT_STATED = ("unconfirmed", "provisional", "differential")
# Condition.severity is of SNOMED CT, AdverseEvent.severity of HL7
_SEVERITIES = {
    "255604002": "mild",
    "6736007": "moderate",
    "24484000": "severe",
    "mild": "mild",
    "moderate": "moderate",
    "severe": "severe",
}
_TERMINOLOGIES = ("icd10", "icd10cm", "snomed")
_OF_PATIENT = (
    "heavy_chain",
    "light_chain",
)  # columns of `patients` that may stand on the condition


def read_patient(t: Translation, resource: Resource | None, diagnosis: Sequence[Resource]) -> None:
    """The row of `patients` (also from the conditions that are the diagnosis of myeloma), and
    death.

    `resource` is None where there is no Patient, or none that may be read.
    """
    draft = RowDraft("patients", resource.place if resource is not None else "Bundle")
    if resource is not None:
        death = _person(resource.element, draft, t)
        if resource.element.problems:
            problem = resource.element.problems[0]
            message = f"{resource.place} is not valid FHIR ({problem}). Nothing is read from it."
            t.issue("error", "malformed_resource", resource.place, message, "set_aside")
            draft = RowDraft("patients", resource.place)
        elif death is not None:
            t.add(death)
    _diagnosis(diagnosis, draft, t)
    t.add(draft)


def _person(element: Element, draft: RowDraft, t: Translation) -> RowDraft | None:
    """Sex, birth and own columns into `draft`; the row of death where there is one."""
    gender = element.text("gender")
    if gender in ("female", "male"):
        draft.put("sex", "F" if gender == "female" else "M")
    elif gender is not None:
        t.issue(
            "note",
            "sex_not_used",
            draft.place,
            f"The administrative gender is {shown(gender)}, so sex is unknown.",
            "used",
        )
    _birth(element, draft, t)
    t.own_columns(element, draft, skip=("cause",))
    return _death(element, draft.place, t)


def _birth(element: Element, draft: RowDraft, t: Translation) -> None:
    text = element.text("birthDate")
    if text is None:
        return
    found = moment_of(text)
    if found.why_not is not None or found.time is not None:
        t.issue(
            "error",
            "day_unreadable",
            draft.place,
            f"birthDate: {found.why_not or 'a date without a time is expected.'} It is not used.",
            "set_aside",
        )
    elif isinstance(found.value, str) and len(found.value) == 10:
        draft.put("birth_date", found.value)
    else:
        draft.put("birth_year", int(text[:4]))


def _death(element: Element, place: str, t: Translation) -> RowDraft | None:
    key = element.choice("deceased")
    cause = next((e for rest, e in element.extension(COLUMN) if rest == "cause"), None)
    if key is None or (key == "deceasedBoolean" and not element.boolean(key)):
        return None
    draft = RowDraft("deaths", place)
    if key == "deceasedDateTime":
        t.put_time(draft, "day", dated(element, "deceased"))
    elif key != "deceasedBoolean":
        t.issue("error", "value_type", place, f"{key} is not read.", "set_aside")
        return None
    if cause is not None:
        draft.put(
            "cause",
            cause.text("valueString")
            or cause.text("valueCode")
            or own_code(cause.child("valueCodeableConcept"), "word"),
        )
    return draft


def _diagnosis(conditions: Sequence[Resource], draft: RowDraft, t: Translation) -> None:
    """The time of diagnosis (the earliest onset) and what the conditions say of the M-protein."""
    onsets: list[Value | Moment] = []
    for resource in conditions:
        when = _onset(resource, t)
        if when.value is not None:
            onsets.append(when.value)
        elif when.why_not is not None:
            t.issue(
                "note",
                "day_unreadable",
                resource.place,
                f"The onset of myeloma can't be read ({when.why_not}). It is not used.",
                "set_aside",
            )
        chains = RowDraft("patients", resource.place)
        t.own_columns(resource.element, chains)
        for column in _OF_PATIENT:
            value = chains.values.get(column)
            if value is not None and draft.values.get(column, value) != value:
                why = (
                    f"{column} is given as {shown(draft.values[column])} and as {shown(value)}. "
                    "Neither is used."
                )
                t.issue("error", "patient_contradiction", resource.place, why, "set_aside")
                draft.set_aside[column] = why
            draft.put(column, value)
    different = tuple(dict.fromkeys(onsets))
    if len(different) > 1:
        t.issue(
            "note",
            "several_diagnoses",
            draft.place,
            "Myeloma has several onset dates. The earliest is used as the diagnosis.",
            "used",
        )
    if different and "diagnosis_day" not in draft.values:
        draft.put("diagnosis_day", _earliest(different))


def _earliest(onsets: Sequence[Value | Moment]) -> Value | Moment:
    """The earliest of several times; those that only have an end count where there is no other."""
    if len(onsets) == 1:
        return onsets[0]
    bounds = [bounds_of(onset) for onset in onsets]
    begun = [(first, last) for first, last in bounds if first is not None and last is not None]
    first = min((first for first, _ in begun), default=None)
    last = min((last for _, last in begun or bounds if last is not None), default=None)
    return Moment(first, last, dated=True)


def _onset(resource: Resource, t: Translation) -> Dated:
    """The onset; where only the day of recording is known, some day until then."""
    element = resource.element
    if (key := element.choice("onset")) is not None:
        if key in ("onsetDateTime", "onsetPeriod"):
            return (
                moment_of(text)
                if key == "onsetPeriod" and (text := element.child(key).text("start")) is not None
                else dated(element, "onset")
            )
        t.group("note", "onset_not_read", f"{key} is not read as a day.", resource.place)
    recorded = element.text("recordedDate")
    found = Dated() if recorded is None else moment_of(recorded)
    if isinstance(found.value, str) and len(found.value) == 10:
        try:
            return Dated(Moment(None, date.fromisoformat(found.value).toordinal(), dated=True))
        except ValueError:
            return found
    return found


def read_condition(resource: Resource, t: Translation, diagnosis: list[Resource]) -> None:
    """A condition of the own lists or a known code. The diagnosis of myeloma is collected in
    `diagnosis` for the patient's row.
    """
    verification = _status(resource.element, "verificationStatus")
    meaning = _meaning(resource, t)
    if meaning is None:
        return
    table, name = meaning
    is_myeloma = name in ("myeloma", "myeloma_later")
    if verification in _NOT_STATED:
        what = shown_code(resource.element.child("code"))
        sentence = f"{what} is {verification}, so it is not read as present."
        t.group("warning", "unconfirmed_condition", sentence, resource.place)
        if table != "conditions" or is_myeloma:
            return
    if is_myeloma:
        _read_myeloma(resource, name, verification, t, diagnosis)
    elif table == "conditions":
        _add_condition(resource, name, verification, t)
    else:
        draft = RowDraft("toxicities", resource.place, {"toxicity": name})
        _put_days(draft, resource, t)
        if verification == "refuted":
            draft.put("grade", 0)
        else:
            draft.put("severity", _severity(resource.element))
        t.own_columns(resource.element, draft)
        t.add(draft)


def _meaning(resource: Resource, t: Translation) -> tuple[str, str] | None:
    """The table and the name that the codes of a condition stand for; None, with an issue, where
    there is none or more than one.
    """
    code = resource.element.child("code")
    known = load_codes().conditions
    # holds the codes of terminologies that tables may carry too
    spelled = t.tables["conditions"].columns["condition"].spellings
    meanings: set[tuple[str, str]] = set()
    for c in codes_of(code):
        if c.system in ("condition", "toxicity"):
            meanings.add(("conditions" if c.system == "condition" else "toxicities", c.code))
        if (c.system, c.code) in known:
            meanings.add(("conditions", known[c.system, c.code]))
        if c.system in _TERMINOLOGIES and folded(c.code) in spelled:
            meanings.add(("conditions", spelled[folded(c.code)]))
    if len(meanings) > 1:
        names = " and ".join(sorted(shown(name) for _, name in meanings))
        sentence = f"The codes refer to different conditions ({names}). The condition is not used."
        t.issue("error", "code_contradiction", resource.place, sentence)
        return None
    if not meanings:
        sentence = f"The condition {shown_code(code)} is not recognised. No rule uses it."
        t.group("note", "unknown_code", sentence, resource.place)
        return None
    return meanings.pop()


def _read_myeloma(
    resource: Resource,
    name: str,
    verification: str | None,
    t: Translation,
    diagnosis: list[Resource],
) -> None:
    """The diagnosis of myeloma; a code of its later course is no response."""
    if verification == "refuted":
        sentence = "Multiple myeloma is refuted, so it is not read as the diagnosis."
        t.issue("warning", "myeloma_refuted", resource.place, sentence)
    elif name == "myeloma":
        diagnosis.append(resource)
    else:
        sentence = "Codes of myeloma in remission or in relapse are not read as responses."
        t.group("note", "myeloma_course", sentence, resource.place)


def _add_condition(resource: Resource, name: str, verification: str | None, t: Translation) -> None:
    draft = RowDraft("conditions", resource.place, {"condition": name})
    _put_days(draft, resource, t)
    if verification in _NOT_STATED:
        draft.put("status", "unclear")
    elif verification == "refuted":
        draft.put("status", "absent")
    else:
        draft.put("status", _clinical(resource, t))
    t.own_columns(resource.element, draft)
    t.add(draft)


def _put_days(draft: RowDraft, resource: Resource, t: Translation) -> None:
    """Onset and end; an end that is no date is not read."""
    t.put_time(draft, "day", _onset(resource, t))
    has_date = resource.element.choice("abatement") in ("abatementDateTime", None)
    t.put_time(draft, "end_day", dated(resource.element, "abatement") if has_date else Dated())


def _severity(element: Element) -> str | None:
    codes = (_SEVERITIES.get(c.code) for c in codes_of(element.child("severity")))
    return next((word for word in codes if word is not None), None)


def _clinical(resource: Resource, t: Translation) -> str:
    status = _status(resource.element, "clinicalStatus")
    if status in _RESOLVED:
        return "resolved"
    if status not in _PRESENT:
        t.group(
            "note",
            "no_clinical_status",
            "A condition has no clinical status. It is read as present.",
            resource.place,
            "used",
        )
    return "present"


def _status(element: Element, key: str) -> str | None:
    return next((c.code for c in codes_of(element.child(key))), None)


def read_adverse_event(resource: Resource, t: Translation) -> None:
    """An adverse event that happened (`actuality` actual), where its code is a toxicity of the own
    list.
    """
    element = resource.element
    if element.text("actuality") != "actual":
        t.group(
            "note",
            "potential_event",
            "An adverse event that did not happen (potential) is not read.",
            resource.place,
        )
        return
    toxicity = own_code(element.child("event"), "toxicity")
    if toxicity is None:
        t.group(
            "note",
            "unknown_code",
            (
                f"The adverse event {shown_code(element.child('event'))} is not recognised. It "
                "is not read."
            ),
            resource.place,
        )
        return
    draft = RowDraft("toxicities", resource.place, {"toxicity": toxicity})
    text = element.text("date") or element.text("detected")
    if text is not None:
        t.put_time(draft, "day", Dated(moment_of(text).value, None, moment_of(text).why_not))
    draft.put("severity", _severity(element))
    t.own_columns(element, draft)
    t.add(draft)
