"""CAR-T infusions from administrations, statements and procedures, with their leukaphereses and
what is said of the product.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from rearm.intake.fhir.bundle import Resource
from rearm.intake.fhir.element import Element, dated
from rearm.intake.fhir.rows import RowDraft, Translation, concept_text, quantity_in
from rearm.intake.values import shown

__all__ = ["Infusions"]

_CELLS = {"{cells}": 1.0, "cells": 1.0, "10*6.{cells}": 1e6, "10*6{cells}": 1e6, "10*8{cells}": 1e8}


@dataclass(frozen=True, slots=True)
class _Told:
    """What one resource tells, and the resources it refers to."""

    draft: RowDraft
    resource: Resource
    references: tuple[Element, ...]


@dataclass(slots=True)
class Infusions:
    """Collects infusions; `finish` writes the rows, because what belongs to one may stand in
    several resources.
    """

    t: Translation
    _infusions: list[_Told] = field(default_factory=list)
    _procedures: list[_Told] = field(default_factory=list)
    _apheresis: dict[int, str] = field(default_factory=dict)
    _specifications: list[_Told] = field(default_factory=list)

    def administered(self, resource: Resource, product: str, *, given: bool) -> None:
        """An administration or a statement of a product; `given` False: made, never infused."""
        element = resource.element
        draft = RowDraft(
            "infusions", resource.place, {"product": product, "infused": "yes" if given else "no"}
        )
        if given:
            self.t.put_time(draft, "day", dated(element, "effective"))
        else:
            draft.put(
                "reason",
                next((r for c in element.children("statusReason") if (r := concept_text(c))), None),
            )
        dose, why = (
            quantity_in(element.child("dosage").child("dose"), _CELLS)
            if resource.type == "MedicationAdministration"
            else (None, None)
        )
        if why is not None:
            self.t.issue(
                "error",
                "unit_not_allowed",
                resource.place,
                f"The dose of cells: {why} It is not used.",
                "set_aside",
            )
        draft.put("dose_cells", dose)
        self.t.own_columns(element, draft)
        self._infusions.append(self._told(draft, resource, "supportingInformation", "partOf"))

    def procedure(self, resource: Resource) -> None:
        """A procedure that is the infusion; the product is the text of what was used, where it
        stands.
        """
        used = [c.text("text") for c in resource.element.children("usedCode")]
        draft = RowDraft("infusions", resource.place, {"infused": "yes"})
        draft.put("product", next((u for u in used if u), None))
        self.t.put_time(draft, "day", dated(resource.element, "performed"))
        self.t.own_columns(resource.element, draft)
        self._procedures.append(self._told(draft, resource, "partOf"))

    def apheresis(self, resource: Resource) -> None:
        """A leukapheresis with its date."""
        when = dated(resource.element, "performed")
        if isinstance(when.value, str) and len(when.value) == 10:
            self._apheresis[id(resource.element.data)] = when.value
        else:
            message = (
                f"The leukapheresis has no exact date ({when.why_not or 'partial or missing'}). "
                "It is not used."
            )
            self.t.issue("warning", "day_not_exact", resource.place, message, "set_aside")

    def specification(self, resource: Resource) -> None:
        """An Observation of the own table `infusions` about one infusion (`partOf`): specification,
        target, binder.
        """
        draft = RowDraft("infusions", resource.place)
        self.t.own_columns(resource.element, draft, components=True)
        self._specifications.append(self._told(draft, resource, "partOf", "focus"))

    def _told(self, draft: RowDraft, resource: Resource, *keys: str) -> _Told:
        element = resource.element
        references = [reference for key in keys for reference in element.children(key)]
        found = (self.t.bundle.resolve(reference, element) for reference in references)
        return _Told(draft, resource, tuple(Element({}) if e is None else e for e in found))

    def finish(self) -> None:
        """The rows of all infusions whose resources are valid."""
        self._infusions = [told for told in self._infusions if not told.resource.element.problems]
        for told in self._procedures:
            if told.resource.element.problems:
                continue
            day = told.draft.values.get("day")
            same = [
                other
                for other in self._infusions
                if day is not None and other.draft.values.get("day") == day
            ]
            if same:
                message = (
                    f"The infusion of {day} appears both as a procedure and as "
                    f"{same[0].draft.place}. It is read as one infusion."
                )
                self.t.issue("note", "infusion_twice", told.draft.place, message, "used")
            else:
                self._infusions.append(told)
        self._distinct()
        for told in self._specifications:
            if not told.resource.element.problems:
                self._specify(told)
        self._assign_aphereses()
        for told in self._infusions:
            self.t.add(told.draft)

    def _distinct(self) -> None:
        """An administration and a statement of one product on one day are one infusion."""
        kept: list[_Told] = []
        for told in self._infusions:
            others = (
                o for o in kept if o.resource.type != told.resource.type and "day" in o.draft.values
            )
            same = next((o for o in others if _key(o.draft) == _key(told.draft)), None)
            if same is None:
                kept.append(told)
            else:
                message = (
                    f"{told.draft.place} and {same.draft.place} describe the same infusion. It "
                    "is read once."
                )
                self.t.issue("note", "infusion_twice", told.draft.place, message, "used")
        self._infusions = kept

    def _specify(self, told: _Told) -> None:
        meant = {id(e.data) for e in told.references}
        found = [
            i.draft
            for i in self._infusions
            if id(i.resource.element.data) in meant or (not meant and len(self._infusions) == 1)
        ]
        if len(found) != 1:
            message = (
                f"{told.draft.place} describes a product, but it is unclear to which infusion "
                "it belongs (partOf). It is not used."
            )
            self.t.issue("warning", "infusion_not_found", told.draft.place, message, "set_aside")
            return
        draft = found[0]
        for column, value in told.draft.values.items():
            if draft.values.get(column, value) != value:
                why = (
                    f"{column} is given twice with different values "
                    f"({shown(draft.values[column])}, {shown(value)}). Neither is used."
                )
                self.t.issue("error", "twin_contradiction", told.draft.place, why, "set_aside")
                draft.set_aside[column] = why
            draft.put(column, value)

    def _assign_aphereses(self) -> None:
        """Leukaphereses to the infusion that names them; the others to the only infusion there is,
        where they lie before it.
        """
        free = dict(self._apheresis)
        for told in self._infusions:
            _collected(
                told.draft, [free.pop(id(e.data)) for e in told.references if id(e.data) in free]
            )
        if len(self._infusions) == 1:
            draft = self._infusions[0].draft
            before = {
                key: day for key, day in free.items() if day <= str(draft.values.get("day", "9999"))
            }
            _collected(draft, list(before.values()))
            free = {key: day for key, day in free.items() if key not in before}
        if free:
            listed = ", ".join(free.values())
            message = (
                f"The leukaphereses of {listed} can't be assigned to one CAR-T product. They "
                "are not used."
            )
            self.t.issue("warning", "apheresis_unassigned", "Procedure", message, "set_aside")


def _key(draft: RowDraft) -> tuple[object, ...]:
    return (draft.values.get("product"), draft.values.get("day"), draft.values.get("infused"))


def _collected(draft: RowDraft, days: list[str]) -> None:
    before = str(draft.values.get("apheresis_days", ""))
    if days:
        draft.put("apheresis_days", ";".join([*([before] if before else []), *days]))
