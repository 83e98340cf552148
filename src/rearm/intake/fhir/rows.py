"""What the readers of FHIR resources share: rows being built, issues (one for many of a kind), own
columns, times and units.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from rearm.intake.cells import RowMaker
from rearm.intake.dictionary import nearest
from rearm.intake.fhir.bundle import FhirBundle
from rearm.intake.fhir.codes import TestCodes, codes_of, test_codes
from rearm.intake.fhir.element import Dated, Element, moment_of
from rearm.intake.issues import issue_at
from rearm.intake.rows import CellProblem, Moment, Row
from rearm.intake.values import shown
from rearm.knowledge.bundle import Knowledge
from rearm.knowledge.lexicon import Lexicon
from rearm.knowledge.tidy_tables import TidyTable
from rearm.record import Done, Issue, Severity

__all__ = [
    "COLUMN",
    "RowDraft",
    "Translation",
    "concept_text",
    "own_code",
    "quantity_in",
    "unit_of",
]

COLUMN = "urn:rearm:column:"  # url of an extension that holds a column FHIR has no element for

# Units of own columns that have one: factor to the column's unit. "" stands for a number without
# unit.
_LENGTH: Mapping[str, float] = {"mm": 1, "cm": 10}
_SHARE: Mapping[str, float] = {"1": 1, "{ratio}": 1, "%": 0.01}
_COUNT: Mapping[str, float] = {"": 1, "1": 1, "{copies}": 1, "{cells}": 1, "{#}": 1}
_UNITS: Mapping[str, Mapping[str, float]] = {
    "length_mm": _LENGTH,
    "width_mm": _LENGTH,
    "short_axis_mm": _LENGTH,
    "spd_mm2": {"mm2": 1, "cm2": 100},
    "vaf": _SHARE,
    "clonal_fraction": _SHARE,
    "dose_cells": {"{cells}": 1, "10*6.{cells}": 1e6, "10*6{cells}": 1e6, "10*8{cells}": 1e8},
}


@dataclass(slots=True)
class RowDraft:
    """A row being built: values and stretches of time by column, and columns whose value must not
    be used with the reason.
    """

    table: str
    place: str
    values: dict[str, Any] = field(default_factory=dict)
    moments: dict[str, Moment] = field(default_factory=dict)
    set_aside: dict[str, str] = field(default_factory=dict)

    def put(self, column: str, value: Any) -> None:
        if isinstance(value, Moment):
            self.moments[column] = value
        elif value is not None:
            self.values[column] = value


@dataclass(slots=True, kw_only=True)
class _Group:
    severity: Severity
    sentence: str
    done: Done
    places: list[str] = field(default_factory=list)


class Translation:
    """The rows and issues of one bundle as they grow. `issued` and `withdrawn` come from reports,
    by the identity of a result's JSON.
    """

    def __init__(self, bundle: FhirBundle, knowledge: Knowledge) -> None:
        self.bundle = bundle
        self.lexicon: Lexicon = knowledge.lexicon
        self.tables: Mapping[str, TidyTable] = knowledge.tidy_tables.tables
        self.test_codes: TestCodes = test_codes(knowledge)
        self.rows: list[Row] = []
        self.issues: list[Issue] = []
        self.issued: dict[int, str] = {}
        self.withdrawn: set[int] = set()
        self._groups: dict[tuple[str, str], _Group] = {}
        self._maker = RowMaker(knowledge.tidy_tables, None)

    def issue(
        self, severity: Severity, code: str, place: str, sentence: str, done: Done = "set_aside"
    ) -> None:
        where = self.bundle.source_of(place)
        problem = CellProblem(severity, code, sentence, done)
        self.issues.append(issue_at(where, problem, self.bundle.patient_id))

    def group(
        self, severity: Severity, code: str, sentence: str, place: str, done: Done = "set_aside"
    ) -> None:
        """One of many issues of a kind: one issue names their count and first places."""
        group = self._groups.setdefault(
            (code, sentence), _Group(severity=severity, sentence=sentence, done=done)
        )
        group.places.append(place)

    def forget(self, place: str) -> None:
        """Takes back rows and issues of a resource that turned out to be no valid FHIR."""
        self.rows[:] = [r for r in self.rows if not _of(r.source.place, place)]
        self.issues[:] = [i for i in self.issues if not _of(i.source.place, place)]
        for group in self._groups.values():
            group.places[:] = [p for p in group.places if not _of(p, place)]

    def grouped(self) -> Iterator[Issue]:
        """The issues of `group`, one for each sentence."""
        for (code, _), group in self._groups.items():
            count = len(group.places)
            if count == 0:
                continue
            more = ""
            if count > 1:
                others = ", ".join(group.places[1:4]) + (" ..." if count > 4 else "")
                more = f" ({count} times; also {others})"
            problem = CellProblem(group.severity, code, group.sentence + more, group.done)
            where = self.bundle.source_of(group.places[0])
            yield issue_at(where, problem, self.bundle.patient_id)

    def add(self, draft: RowDraft) -> None:
        self.rows.append(
            self._maker.row(
                draft.table,
                {"patient_id": self.bundle.patient_id, **draft.values},
                self.bundle.source_of(draft.place),
                set_aside=draft.set_aside,
                moments=draft.moments,
                stated=True,
            )
        )

    def put_time(self, draft: RowDraft, column: str, when: Dated) -> None:
        """A time into a day column; one that is no FHIR time becomes an issue, and the column stays
        unknown.
        """
        if when.why_not is not None:
            self.issue(
                "error",
                "day_unreadable",
                draft.place,
                f"{column}: {when.why_not} The day is not used.",
                "set_aside",
            )
            draft.set_aside[column] = when.why_not
        draft.put(column, when.value)

    def own_columns(
        self,
        element: Element,
        draft: RowDraft,
        *,
        components: bool = False,
        skip: tuple[str, ...] = (),
    ) -> None:
        """Columns that stand as extensions (or, for an Observation, as components) of the own
        system.
        """
        columns = self.tables[draft.table].columns
        for column, holder in self._own(element, components):
            if column in skip:
                continue
            if column not in columns or column == "patient_id":
                message = (
                    f"{shown(column)} is not a column of {draft.table} (nearest: "
                    f"{nearest(column, columns)}). It is not read."
                )
                self.issue("warning", "unknown_column", draft.place, message, "set_aside")
                continue
            value = self._own_value(holder, column, draft)
            if value is not None and column in draft.values and draft.values[column] != value:
                why = (
                    f"{column} is given twice with different values "
                    f"({shown(draft.values[column])}, {shown(value)}). Neither is used."
                )
                self.issue("error", "twin_contradiction", draft.place, why, "set_aside")
                draft.set_aside[column] = why
            draft.put(column, value)

    @staticmethod
    def _own(element: Element, components: bool) -> Iterator[tuple[str, Element]]:
        yield from element.extension(COLUMN)
        for component in element.children("component") if components else ():
            if (name := own_code(component.child("code"), "column")) is not None:
                yield name, component

    def _own_value(self, holder: Element, column: str, draft: RowDraft) -> Any:
        key = holder.choice("value")
        match key:
            case None:
                return None
            case "valueString" | "valueCode":
                return holder.text(key)
            case "valueBoolean":
                return holder.boolean(key)
            case "valueInteger" | "valueDecimal" | "valuePositiveInt" | "valueUnsignedInt":
                return holder.number(key)
            case "valueDate" | "valueDateTime":
                text = holder.text(key)
                found = Dated() if text is None else moment_of(text)
                if found.why_not is not None:
                    self.issue(
                        "error",
                        "day_unreadable",
                        draft.place,
                        f"{column}: {found.why_not} It is not used.",
                        "set_aside",
                    )
                return found.value
            case "valueCodeableConcept":
                return own_code(holder.child(key), "word") or holder.child(key).text("text")
            case "valueQuantity":
                value, why = quantity_in(holder.child(key), _UNITS.get(column, _COUNT))
                if why is not None:
                    self.issue(
                        "error",
                        "unit_not_allowed",
                        draft.place,
                        f"{column}: {why} It is not used.",
                        "set_aside",
                    )
                return value
            case _:
                self.issue(
                    "error",
                    "value_type",
                    draft.place,
                    f"{column} is given as {key}, which is not supported here.",
                    "set_aside",
                )
                return None


def _of(place: str, resource: str) -> bool:
    """Whether an issue's place is the resource or a component of it."""
    return place == resource or place.startswith(f"{resource} component ")


def own_code(concept: Element, system: str) -> str | None:
    """The code of the own system `system` (`column`, `word` ...) among the codings."""
    return next((c.code for c in codes_of(concept) if c.system == system), None)


def concept_text(concept: Element) -> str | None:
    """A CodeableConcept where free text is kept: the own word, else the text, else the first
    display.
    """
    displays = (coding.text("display") for coding in concept.children("coding"))
    return (
        own_code(concept, "word") or concept.text("text") or next((d for d in displays if d), None)
    )


def unit_of(quantity: Element) -> str | None:
    """The unit as its UCUM code, else as the text that stands for it."""
    code, text, system = quantity.text("code"), quantity.text("unit"), quantity.text("system")
    if code is not None and (
        system is None or system.rstrip("/") == "http://unitsofmeasure.org" or text is None
    ):
        return code
    return text


def quantity_in(quantity: Element, units: Mapping[str, float]) -> tuple[float | None, str | None]:
    """An exact number in one of `units`, and the reason where it can't be used."""
    value, unit = quantity.number("value"), unit_of(quantity) or ""
    if value is None:
        return None, None
    if quantity.text("comparator") is not None:
        return None, "The number has a comparator; an exact one is needed."
    if unit not in units:
        allowed = ", ".join(u or "none" for u in units)
        return (
            None,
            (
                f"The unit {shown(unit)} is not accepted here; allowed: {allowed}."
                if unit
                else f"The unit is missing; allowed: {allowed}."
            ),
        )
    return float(f"{value * units[unit]:.12g}"), None
