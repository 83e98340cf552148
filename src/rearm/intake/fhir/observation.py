"""Observations to rows: laboratory results (also panels), statements of the own tables, responses,
tumour sizes.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from rearm.intake.fhir.bundle import Resource
from rearm.intake.fhir.codes import codes_of, load_codes, shown_code
from rearm.intake.fhir.element import Dated, Element, dated, moment_of
from rearm.intake.fhir.rows import RowDraft, Translation, concept_text, own_code, quantity_in
from rearm.intake.fhir.variant import read_variant
from rearm.intake.values import shown
from rearm.knowledge.lab_tests import TestDef
from rearm.units import normal_unit

__all__ = ["read_observation"]

_COMPARATORS = ("<", "<=", ">=", ">")
_LAB_STATUS = {
    "final": None,
    "amended": "amended",
    "corrected": "corrected",
    "preliminary": "preliminary",
    "registered": "preliminary",
}


@dataclass(slots=True)
class _Sample:
    """What a Specimen says of the result that was got from it."""

    word: str | None = None
    text: str | None = None
    id: str | None = None
    site: str | None = None
    collected: Dated = field(default_factory=Dated)


def read_observation(resource: Resource, t: Translation) -> None:
    """The rows of one Observation; what can't be read becomes an issue. Its status was checked
    before.
    """
    element = resource.element
    status = element.text("status")
    code = element.child("code")
    table = own_code(code, "table")
    loinc = {c.code for c in codes_of(code) if c.system == "loinc"}
    known = load_codes().loinc
    is_variant = table == "variants" or known["variant"] in loinc
    special = (
        table is not None
        or is_variant
        or bool(loinc & {known["tumour_size"], known["disease_status"]})
    )
    if not special:
        _labs(resource, t, _LAB_STATUS[status or ""])
        return
    if status in ("preliminary", "registered"):
        t.issue(
            "warning",
            "preliminary",
            resource.place,
            f"{resource.place} is {status}. It is not used until the final version is there.",
            "set_aside",
        )
        return
    if is_variant:
        draft = RowDraft("variants", resource.place)
        _common(draft, element, t)
        sample = _sample(element, t)
        draft.put("specimen", sample.text or sample.word)
        draft.put("site", concept_text(element.child("bodySite")) or sample.site)
        draft.put("assay", concept_text(element.child("method")))
        read_variant(draft, element, t)
    elif table is not None:
        _statement(resource, table, t)
    elif known["tumour_size"] in loinc:
        _imaging(resource, t)
    else:
        _disease_status(resource, t)


def _common(draft: RowDraft, element: Element, t: Translation) -> None:
    """Day and reporting day."""
    t.put_time(draft, "day", dated(element, "effective"))
    if "reported_day" in t.tables[draft.table].columns:
        t.put_time(draft, "reported_day", _issued(element, t))


def _issued(element: Element, t: Translation) -> Dated:
    text = element.text("issued") or t.issued.get(id(element.data))
    if text is None:
        return Dated()
    found = moment_of(text)
    return Dated(found.value, None, found.why_not)


# ---------------------------------------------------------------- statements of the own tables


def _statement(resource: Resource, table: str, t: Translation) -> None:
    """An Observation whose code is a tidy table and whose components are its columns."""
    if table not in t.tables or table in ("labs", "patients", "therapies", "infusions"):
        t.group(
            "warning",
            "unknown_code",
            f"The table {shown(table)} is not read from Observations.",
            resource.place,
        )
        return
    if table == "imaging":
        _imaging(resource, t)
        return
    draft = RowDraft(table, resource.place)
    _common(draft, resource.element, t)
    t.own_columns(resource.element, draft, components=True)
    t.add(draft)


def _disease_status(resource: Resource, t: Translation) -> None:
    """mCODE's disease status. Its trend (improved, worsened) is no IMWG response; a second coding
    with the IMWG category is read.
    """
    value = resource.element.child("valueCodeableConcept")
    response = own_code(value, "word")
    if response is None:
        trends = load_codes().disease_status
        said = next(
            (trends[c.code] for c in codes_of(value) if c.system == "snomed" and c.code in trends),
            "a value that is not recognised",
        )
        t.group(
            "note",
            "trend_not_read",
            f"A cancer disease status ({said}) is a trend, not an IMWG response. It is not read "
            "as a response.",
            resource.place,
        )
        return
    draft = RowDraft("assessments", resource.place, {"response": response})
    _common(draft, resource.element, t)
    t.own_columns(resource.element, draft, components=True)
    t.add(draft)


def _imaging(resource: Resource, t: Translation) -> None:
    """A lesion on one examination; its size also as mCODE's tumour size."""
    element = resource.element
    draft = RowDraft("imaging", resource.place)
    _common(draft, element, t)
    draft.put("method", concept_text(element.child("method")))
    draft.put("site", concept_text(element.child("bodySite")))
    _put_lesion(draft, element, t)
    for component in element.children("component"):
        _put_size(draft, component, t)
    t.own_columns(element, draft, components=True)
    if draft.values.get("length_mm") and "result" not in draft.values:
        draft.put("result", "positive")  # what has a size is there
    t.add(draft)


def _put_lesion(draft: RowDraft, element: Element, t: Translation) -> None:
    """The lesion that the examination is about, where the bundle holds it."""
    targets = (t.bundle.resolve(reference, element) for reference in element.children("focus"))
    focus = next((target for target in targets if target is not None), None)
    if focus is None or focus.text("resourceType") != "BodyStructure":
        return
    names = (identifier.text("value") for identifier in focus.children("identifier"))
    draft.put("lesion", next((name for name in names if name), None) or focus.text("id"))
    draft.put("site", draft.values.get("site") or concept_text(focus.child("location")))


def _put_size(draft: RowDraft, component: Element, t: Translation) -> None:
    """A component that is the length or the width of the lesion."""
    for code in codes_of(component.child("code")):
        column = load_codes().components.get(code.code) if code.system == "loinc" else None
        if column in ("length_mm", "width_mm") and column not in draft.values:
            value, why = quantity_in(component.child("valueQuantity"), {"mm": 1, "cm": 10})
            if why is not None:
                sentence = f"{column}: {why} The size is not used."
                t.issue("error", "unit_not_allowed", draft.place, sentence)
            draft.put(column, value)


# ---------------------------------------------------------------- results


def _labs(resource: Resource, t: Translation, status: str | None) -> None:
    element = resource.element
    components = [
        c for c in element.children("component") if own_code(c.child("code"), "column") is None
    ]
    own = element.choice("value") is not None or element.has("dataAbsentReason")
    if own or not components:
        if not own and element.children("hasMember"):
            return  # a panel: its members are results of their own
        _lab(element, element, resource.place, t, status)
    for place, component in enumerate(components):
        _lab(component, element, f"{resource.place} component {place + 1}", t, status)


def _lab(part: Element, whole: Element, place: str, t: Translation, status: str | None) -> None:
    """One result: `part` has code and value (the Observation, or one component of it), `whole` all
    else.
    """
    found = t.test_codes.find(part.child("code"))
    for issue, sentence in found.issues:
        t.group("error", issue, sentence, place)
    if found.test is None:
        if found.not_read:
            t.group(
                "note",
                "narrative",
                f"{shown_code(part.child('code'))} is a narrative or a panel. No value is read "
                "from it.",
                place,
            )
        elif (name := _name_of_disease(part.child("code"))) is not None:
            _unread(name, part, whole, place, t)
            if not found.issues:
                sentence = f"{_not_known(part)}; its name refers to the disease."
                t.group("error", "unknown_code", sentence, place)
        elif not found.issues:
            t.group(
                "note",
                "unknown_code",
                (
                    f"{shown_code(part.child('code'))} is not a test in the dictionary. It is "
                    "not read."
                ),
                place,
            )
        return
    draft = RowDraft("labs", place, {"test": _stated_test(part.child("code"), found.test)})
    if found.contradiction is not None:
        t.issue(
            "error",
            "code_contradiction",
            place,
            f"{found.contradiction} The result is not used; correct the code or the name.",
            "set_aside",
        )
        draft.set_aside["test"] = found.contradiction
    if not _value(part, found.test, draft, t) and status not in ("corrected", "amended"):
        return  # a correction without a value withdraws the result before it
    _common(draft, whole, t)
    when = dated(whole, "effective")
    draft.put("time", when.time)
    draft.put("status", status)
    sample = _sample(whole, t)
    draft.put("specimen", sample.word)
    draft.put("sample_id", sample.id)
    draft.put("method", concept_text(whole.child("method")))
    _collected(draft, sample, t)
    if when.written is not None and draft.values.get("day") == when.value:
        draft.put("day", when.written)  # the offset tells whether two results are of one sample
    _range(part if part.has("referenceRange") else whole, draft, t)
    t.own_columns(whole, draft, components=True)
    if not any("day" in known for known in (draft.values, draft.moments, draft.set_aside)):
        t.group(
            "note",
            "undated",
            "A result has no date. It is kept but used only where no day is needed.",
            place,
            "used",
        )
    t.add(draft)


def _stated_test(code: Element, test: TestDef) -> str:
    """The test as its row names it: by its code where that is of one band among several."""
    codes = {c.code for c in codes_of(code) if c.system == "loinc"}
    of_band = (c.code for c in test.loinc if c.code in codes and " band " in c.display)
    return next(of_band, test.id)


def _name_of_disease(code: Element) -> str | None:
    """The name of a code that is not known, where it speaks of the disease."""
    names = [code.text("text"), *(c.text("display") for c in code.children("coding"))]
    words = load_codes().disease
    return next((n for n in names if n and any(w in n.casefold() for w in words)), None)


def _not_known(part: Element) -> str:
    return f"{shown_code(part.child('code'))} is not a known code, so its value is not read"


def _unread(name: str, part: Element, whole: Element, place: str, t: Translation) -> None:
    """A result of the disease under a name that is not known: kept as one that can't be read, as a
    misspelt name of a table is.
    """
    draft = RowDraft("labs", place, {"test": name})
    draft.set_aside["test"] = f"{_not_known(part)}."
    match part.choice("value"):
        case None:
            return
        case "valueQuantity":
            quantity = part.child("valueQuantity")
            number = quantity.number("value")
            if number is None:
                return  # a unit alone: nothing was measured
            draft.put("value", f"{quantity.text('comparator') or ''}{number!r}")
            draft.put("unit", quantity.text("code") or quantity.text("unit"))
        case "valueString":
            draft.put("value", part.text("valueString"))
        case key:
            draft.put("value", key)
    _common(draft, whole, t)
    draft.put("specimen", _sample(whole, t).word)
    t.add(draft)


def _value(part: Element, test: TestDef, draft: RowDraft, t: Translation) -> bool:
    """Value and unit into the draft; False where there is none (unknown, with a note)."""
    key = part.choice("value")
    if key is None or part.has("dataAbsentReason"):
        absent = part.child("dataAbsentReason")
        codes = (code.code for code in codes_of(absent))
        reason = concept_text(absent) or next(codes, None) or "not stated"
        if key is None:
            sentence = (
                f"{test.name} has no value (reason: {shown(reason)}), so the result is unknown."
            )
            t.group("note", "no_value", sentence, draft.place)
            return False
        why = f"The result has both a value and a reason for having none ({reason})."
        t.issue("error", "value_contradiction", draft.place, f"{why} It is not used.")
        draft.set_aside["value"] = why
    _put_value(part, key, test, draft, t)
    if draft.values.get("value", "-") == "-":  # kept as a result that can't be used
        draft.values["value"] = key
        draft.set_aside.setdefault("value", f"{test.name} has no readable value.")
    return True


def _put_value(part: Element, key: str, test: TestDef, draft: RowDraft, t: Translation) -> None:
    """The value by its type; nothing where it can't be read, with an issue."""
    match key:
        case "valueQuantity":
            _quantity(part.child(key), test, draft, t)
        case "valueCodeableConcept":
            _coded(part.child(key), test, draft, t)
        case "valueString":
            draft.put("value", part.text(key))
        case "valueInteger":
            draft.put("value", part.number(key))
        case "valueBoolean":
            draft.put("value", part.boolean(key))
        case _:
            why = f"{test.name} is given as {key}, which is not supported."
            _refuse(draft, "value", "value_type", why, t)


def _quantity(quantity: Element, test: TestDef, draft: RowDraft, t: Translation) -> None:
    value, comparator = quantity.number("value"), quantity.text("comparator")
    code, text, system = quantity.text("code"), quantity.text("unit"), quantity.text("system")
    if value is None:
        _refuse(draft, "value", "value_blank", f"{test.name} has a quantity without a number.", t)
        return
    if comparator is not None and comparator not in _COMPARATORS:
        _refuse(
            draft,
            "value",
            "value_unreadable",
            f"{test.name} has the comparator {shown(comparator)}, which is not supported.",
            t,
        )
        return
    draft.values["value"] = value if comparator is None else f"{comparator}{value!r}"
    is_ucum = system is None or load_codes().systems.get(system.rstrip("/")) == "ucum"
    unit = code if code is not None and (is_ucum or text is None) else text
    draft.put("unit", unit)
    if (
        code is not None
        and text is not None
        and is_ucum
        and (why := _units_differ(code, text, test, t))
    ):
        _refuse(draft, "unit", "unit_contradiction", why, t)


def _units_differ(code: str, text: str, test: TestDef, t: Translation) -> str | None:
    """Why the unit's code and its text can't both hold; None where they mean the same, or the text
    is a free one.
    """
    factors = [test.units.get(normal_unit(u)) for u in (code, text)]
    tests = [test.elsewhere.get(normal_unit(u), test.id) for u in (code, text)]
    if (
        code != text
        and (factors[0] != factors[1] or tests[0] != tests[1])
        and (factors[1] is not None or tests[1] != test.id or t.test_codes.is_unit(text))
    ):
        return (
            f"{test.name} has the unit code {shown(code)}, but its unit is written "
            f"{shown(text)}, which is different."
        )
    return None


def _coded(value: Element, test: TestDef, draft: RowDraft, t: Translation) -> None:
    """A coded value as a word of the test; a text where no code is known, a display never."""
    said: dict[str, str] = {}
    for code in codes_of(value):
        meaning = (
            code.code if code.system == "word" else load_codes().words.get((code.system, code.code))
        )
        if meaning is not None:
            said[test.word(meaning) or meaning] = meaning
    text = value.text("text")
    if text is not None and (word := test.word(text)) is not None:
        said[word] = text
    if len(said) > 1:
        _refuse(
            draft,
            "value",
            "value_contradiction",
            f"{test.name} is given as {' and as '.join(map(shown, sorted(said)))}.",
            t,
        )
    elif said:
        draft.values["value"] = next(iter(said))
    elif text is not None:
        draft.values["value"] = text  # what can't be read becomes an issue where rows are read
    else:
        _refuse(
            draft,
            "value",
            "unknown_value_code",
            f"{test.name} is given as {shown_code(value)}, an unknown code.",
            t,
        )


def _refuse(draft: RowDraft, column: str, code: str, why: str, t: Translation) -> None:
    t.issue("error", code, draft.place, f"{why} It is not used.", "set_aside")
    draft.set_aside[column] = why


def _sample(element: Element, t: Translation) -> _Sample:
    reference = element.child("specimen")
    specimen = t.bundle.resolve(reference, element) if reference else None
    if specimen is None:
        return _Sample()
    kind = specimen.child("type")
    codes = load_codes().words
    word = own_code(kind, "word") or next(
        (codes[c.system, c.code] for c in codes_of(kind) if (c.system, c.code) in codes), None
    )
    identifiers = [specimen.child("accessionIdentifier"), *specimen.children("identifier")]
    collection = specimen.child("collection")
    return _Sample(
        word or kind.text("text"),
        kind.text("text"),
        next((v for i in identifiers if (v := i.text("value")) is not None), None),
        concept_text(collection.child("bodySite")),
        dated(collection, "collected"),
    )


def _collected(draft: RowDraft, sample: _Sample, t: Translation) -> None:
    """The day of the sample where the result has none; two days that differ are both not used."""
    stated, collected = draft.values.get("day") or draft.moments.get("day"), sample.collected.value
    if stated is None and "day" not in draft.set_aside:
        t.put_time(draft, "day", sample.collected)
    elif isinstance(stated, str) and isinstance(collected, str) and stated != collected:
        _refuse(
            draft,
            "day",
            "days_contradict",
            f"The result is dated {stated} but its sample {collected}.",
            t,
        )


def _range(element: Element, draft: RowDraft, t: Translation) -> None:
    """The reference range in the unit of the value; of several, the one that is for everyone or
    marked as normal.
    """
    ranges = element.children("referenceRange")
    if len(ranges) > 1:
        ranges = [r for r in ranges if not r.has("appliesTo") and not r.has("age") and _normal(r)]
    if len(ranges) != 1:
        if element.has("referenceRange"):
            t.group(
                "note",
                "reference_range",
                "A result has several reference ranges. None is used.",
                draft.place,
            )
        return
    unit = draft.values.get("unit")
    for bound in ("low", "high"):
        limit = ranges[0].child(bound)
        value: Any = limit.number("value")
        own = limit.text("code") or limit.text("unit")
        if value is None:
            continue
        if (
            own is not None
            and unit is not None
            and normal_unit(own) != normal_unit(unit)
            and limit.text("unit") != unit
        ):
            t.group(
                "note",
                "reference_range",
                f"A reference range is in {shown(own)} but its value in {shown(unit)}. The "
                "range is not used.",
                draft.place,
            )
            continue
        draft.put(f"ref_{bound}", value)


def _normal(entry: Element) -> bool:
    return not entry.has("type") or any(c.code == "normal" for c in codes_of(entry.child("type")))
