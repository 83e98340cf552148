"""One patient's resources to rows of the tidy tables, and what was wrong with them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from rearm.intake.fhir.bundle import Resource, open_bundle
from rearm.intake.fhir.clinical import read_adverse_event, read_condition, read_patient
from rearm.intake.fhir.codes import codes_of
from rearm.intake.fhir.medication import Medications
from rearm.intake.fhir.observation import read_observation
from rearm.intake.fhir.rows import Translation, own_code
from rearm.intake.fhir.subjects import MEDICATION, OF_A_PATIENT, READ_WITH_OTHERS
from rearm.intake.files.control_characters import clean_json
from rearm.intake.rows import Row
from rearm.intake.values import shown
from rearm.knowledge.bundle import Knowledge
from rearm.record import Issue, Source

__all__ = ["rows_of_bundle"]

_NEVER = {"entered-in-error": "entered in error", "cancelled": "cancelled"}
_RESULT_STATUS = frozenset({"final", "amended", "corrected", "preliminary", "registered"})
# Signs of the versions before R4: types that it no longer has, and codes that were texts.
_OLD_TYPES = frozenset(
    ("MedicationOrder", "DiagnosticOrder", "ProcedureRequest", "ReferralRequest", "BodySite")
)
_OLD_TEXTS = ("verificationStatus", "clinicalStatus")


def rows_of_bundle(
    content: Any,
    name: str,
    knowledge: Knowledge,
    sources: Sequence[Source] = (),
    *,
    called: str = "Bundle",
) -> tuple[list[Row], list[Issue]]:
    """The tidy rows of a bundle (parsed JSON) and what was wrong with it. `sources` and `called` as
    in `open_bundle`. Raises InputError as `read_fhir` does.
    """
    content, notes = clean_json(content, name)
    t = Translation(open_bundle(content, name, sources, called=called), knowledge)
    t.issues.extend(notes)
    t.issues.extend(t.bundle.issues)
    old = [r for r in t.bundle.resources if _is_older(r)]
    if old:
        sentence = (
            f"The {t.bundle.called} looks like FHIR DSTU2 or STU3 (first at {old[0].place}). Only "
            "what agrees with R4 is read. Export it as R4."
        )
        t.issue("warning", "older_version_of_fhir", "Bundle", sentence, "set_aside")
    alive = [r for r in t.bundle.resources if _usable(r, t)]
    for resource in alive:
        if resource.type == "DiagnosticReport":
            _report(resource, t)
    medications = Medications(t)
    diagnosis: list[Resource] = []
    ignored: Counter[str] = Counter()
    for resource in alive:
        _read(resource, t, medications, diagnosis, ignored)
    _malformed(alive, t, old)
    medications.finish()
    diagnosis = [r for r in diagnosis if not r.element.problems]
    read_patient(t, next((r for r in alive if r.type == "Patient"), None), diagnosis)
    if ignored:
        counts = ", ".join(f"{n} {kind}" for kind, n in sorted(ignored.items()))
        t.issue(
            "note",
            "resources_not_read",
            "Bundle",
            f"These resource types are not read: {counts}.",
            "used",
        )
    return t.rows, [*t.issues, *t.grouped()]


def _usable(resource: Resource, t: Translation) -> bool:
    """Whether a resource may be read at all; why not is said."""
    element = resource.element
    if element.has("modifierExtension") or element.has("implicitRules"):
        what = "modifierExtension" if element.has("modifierExtension") else "implicitRules"
        t.issue(
            "error",
            "modifier",
            resource.place,
            f"{resource.place} has {what}, which may change its meaning. It is not read.",
            "set_aside",
        )
        return False
    if resource.type in READ_WITH_OTHERS and resource.type != "DiagnosticReport":
        return True
    if (state := _withdrawn(resource)) is not None:
        t.issue(
            "note",
            state.replace(" ", "_"),
            resource.place,
            f"{resource.place} is marked as {state}. It is not read.",
            "refused",
        )
        if resource.type == "DiagnosticReport":
            _withdraw(resource, t)
        return False
    if resource.place in t.bundle.without_subject and resource.type in OF_A_PATIENT:
        t.group(
            "error",
            "subject_missing",
            f"A {resource.type} has no subject. It is not read.",
            resource.place,
        )
        return False
    if resource.type == "Observation" and (status := element.text("status")) not in _RESULT_STATUS:
        t.group(
            "warning",
            "status_unknown",
            f"An Observation has the status {shown(status or 'none')}, so it may not be valid. "
            "It is not read.",
            resource.place,
        )
        return False
    return True


def _withdrawn(resource: Resource) -> str | None:
    element = resource.element
    if resource.type == "Condition":
        return _NEVER.get(next((c.code for c in codes_of(element.child("verificationStatus"))), ""))
    status = element.data.get("status")
    return _NEVER.get(status) if isinstance(status, str) else None


def _withdraw(report: Resource, t: Translation) -> None:
    for reference in report.element.children("result"):
        if (found := t.bundle.resolve(reference, report.element)) is not None:
            t.withdrawn.add(id(found.data))


def _report(resource: Resource, t: Translation) -> None:
    element = resource.element
    issued = element.text("issued")
    for reference in element.children("result"):
        found = t.bundle.resolve(reference, element)
        if found is None:
            t.group(
                "note",
                "result_not_in_bundle",
                f"A report refers to a result that is not in the {t.bundle.called}.",
                resource.place,
                "used",
            )
        elif issued is not None:
            t.issued.setdefault(id(found.data), issued)
    if element.has("conclusion") or element.has("presentedForm"):
        t.group(
            "note",
            "conclusion_not_read",
            "The conclusion of a report is free text. It is not read.",
            resource.place,
            "used",
        )


def _read(
    resource: Resource,
    t: Translation,
    medications: Medications,
    diagnosis: list[Resource],
    ignored: Counter[str],
) -> None:
    if resource.type == "Observation":
        if id(resource.element.data) in t.withdrawn:
            t.issue(
                "note",
                "report_withdrawn",
                resource.place,
                f"{resource.place} belongs to a report that was entered in error or cancelled. "
                "It is not read.",
                "refused",
            )
        elif own_code(resource.element.child("code"), "table") == "infusions":
            medications.infusions.specification(resource)
        else:
            read_observation(resource, t)
        if resource.element.has("note"):
            t.group(
                "note",
                "text_not_read",
                "Notes on a result are free text. They are not read.",
                resource.place,
                "used",
            )
    elif resource.type in MEDICATION:
        medications.read(resource)
    elif resource.type == "Condition":
        read_condition(resource, t, diagnosis)
    elif resource.type == "AdverseEvent":
        read_adverse_event(resource, t)
    elif resource.type not in READ_WITH_OTHERS:
        ignored[resource.type if resource.type.isalnum() else "unnamed"] += 1


def _is_older(resource: Resource) -> bool:
    """Whether a resource has the form of a version before R4."""
    data = resource.element.data
    texts = any(isinstance(data.get(key), str) for key in _OLD_TEXTS)
    return resource.type in _OLD_TYPES or (resource.type == "Condition" and texts)


def _malformed(resources: Iterable[Resource], t: Translation, old: Sequence[Resource]) -> None:
    """What came from resources that are no valid FHIR is taken back, and said; of an older version
    it was said of all.
    """
    for resource in resources:
        if resource.element.problems and resource.type != "Patient":
            t.forget(resource.place)
            if resource in old:
                continue
            problem = resource.element.problems[0]
            t.issue(
                "error",
                "malformed_resource",
                resource.place,
                f"{resource.place} is not valid FHIR ({problem}). Nothing is read from it.",
                "set_aside",
            )
