"""One row of named facts at the decision, each with the rows of the input it rests on.

`find` reads the record; `derive` computes the findings that follow from others, and can be asked
again with hypothetical values.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rearm.findings import (
    antigen,
    calcium,
    counts_and_protein,
    course,
    drug_safety,
    expansion,
    exposure,
    filtration,
    immunoglobulin,
    kidney,
    microenvironment,
    nervous_system,
    patient,
    product,
    relapse,
    safety,
    t_cell,
    toxicity,
    tumour,
    viruses,
)
from rearm.findings.base import FAMILIES, FUNCTIONS, NOTHING, Found, Text, Value, joined, sources_of
from rearm.findings.chart import PatientChart
from rearm.findings.derived import (
    ANY_OF,
    CLONAL,
    DERIVED,
    PARTS,
    STANDING,
    Input,
    derive,
    derived_from,
)
from rearm.findings.instead import Instead, with_instead
from rearm.findings.stated import may_be_stated, with_statement
from rearm.findings.whose import CART, chart_of, later_lines_of
from rearm.interval import Interval
from rearm.knowledge import KnowledgeError
from rearm.knowledge.catalogue import Catalogue, Finding
from rearm.knowledge.lexicon import Lexicon
from rearm.outcome.failure import Failure
from rearm.outcome.relapse import DiseaseNow
from rearm.record import Record

__all__ = [
    "CLONAL",
    "DERIVED",
    "FUNCTIONS",
    "NO_FUNCTION",
    "Found",
    "Instead",
    "Value",
    "computable",
    "derive",
    "derived_from",
    "find",
    "inputs",
]

GROUPS = (
    course,
    relapse,
    exposure,
    antigen,
    expansion,
    t_cell,
    microenvironment,
    product,
    tumour,
    patient,
    drug_safety,
    filtration,
    viruses,
    immunoglobulin,
    toxicity,
    nervous_system,
    counts_and_protein,
    calcium,
    kidney,
    safety,
)  # each registers its findings


def find(
    record: Record,
    failures: Sequence[Failure],
    catalogue: Catalogue,
    *,
    as_of: int,
    lexicon: Lexicon | None = None,
    disease: DiseaseNow | None = None,
    instead: Mapping[str, Instead] | None = None,
) -> dict[str, Found]:
    """Every finding of the catalogue for the last infusion, in the order of the catalogue; what is
    not known has value None.

    `record` is already cut by `record.known_at(as_of)`, `failures` are those of that record in the
    order of time, `lexicon` names the agents and products (None: the bundled one), `disease` is the
    relapse to decide on (None: told by the record). `instead` names findings that stand in the
    place of what the record tells; what is derived from them follows. Raises KnowledgeError where
    the catalogue does not fit the functions: an entry without one, or a value that an entry does
    not allow.
    """
    placed = instead or {}
    chart = PatientChart(record, failures, as_of, lexicon, disease)
    found: dict[str, Found] = {}
    for family in FAMILIES:
        found.update(family.give(chart))
    for name, entry in catalogue.findings.items():
        if name not in found and name not in DERIVED:
            if name not in FUNCTIONS:
                raise KnowledgeError([f"finding {name}: {NO_FUNCTION}"])
            one = found[name] = FUNCTIONS[name](chart_of(chart, name))
            if one.value is not None and not _fits(entry, one.value):
                raise KnowledgeError(
                    [
                        f"finding {name}: its function gives {one.value!r}, which the catalogue"
                        f" (type {entry.type}) does not allow. Correct type or values."
                    ]
                )
    stated = may_be_stated(record.facts)
    found |= {
        name: with_statement(chart_of(chart, name), catalogue[name], found[name])
        for name in stated
        if name in catalogue and name not in DERIVED
    }
    if "relapse_status" in catalogue:
        found["relapse_status"] = relapse.relapse_status(chart)
    found |= {
        name: with_instead(catalogue[name], found[name], placed[name])
        for name in placed
        if name in found
    }
    derived = derive(
        inputs(found),
        {x: p.bound if p.value is None else p.value for x, p in placed.items() if x in DERIVED},
    )
    for name, derivation in DERIVED.items():
        if name in catalogue and name not in STANDING:
            parts = [found[part] for part in derivation.parts if part in found]
            one = _derived(name, derived[name], parts)
            own = chart_of(chart, name)
            one = with_statement(own, catalogue[name], one) if name in stated else one
            found[name] = _placed(catalogue[name], one, placed)
    for name in CART:
        if name in catalogue:
            one = _at_car_t_failure(chart, name, found)
            one = with_statement(chart, catalogue[name], one) if name in stated else one
            found[name] = _placed(catalogue[name], one, placed)
    return {name: found[name] for name in catalogue}


def _placed(entry: Finding, found: Found, placed: Mapping[str, Instead]) -> Found:
    """The finding, or what stands in its place."""
    if entry.name not in placed:
        return found
    return with_instead(entry, found, placed[entry.name])


def _at_car_t_failure(chart: PatientChart, name: str, found: Mapping[str, Found]) -> Found:
    """A finding of the time of the CAR-T failure: that of now, or read anew after a later line."""
    of = CART[name]
    if not later_lines_of(found):
        return found.get(of.now, NOTHING)
    own = of.chart(chart)
    if of.now not in DERIVED:
        return FUNCTIONS[of.now](own)
    parts = {part: FUNCTIONS[part](own) for part in DERIVED[of.now].parts}
    value = derive(inputs(parts))[of.now]
    return _derived(of.now, value, list(parts.values()))


NO_FUNCTION = (
    "no function computes it, so it would always be unknown. Correct the name, leave the entry"
    " out, or write the function (rearm.findings)."
)


def computable(lexicon: Lexicon) -> frozenset[str]:
    """The names of all findings that a function gives, with those of each agent of `lexicon`."""
    of_families = {name for family in FAMILIES for name in family.names(lexicon)}
    return frozenset({*FUNCTIONS, *DERIVED, *of_families})


def inputs(found: Mapping[str, Found]) -> dict[str, Input]:
    """What `derive` takes: the findings that others are derived from, as values, and as intervals
    or the words left where only bounds are known.
    """
    known = [(name, found[name]) for name in PARTS if name in found]
    return {name: x.bound if x.value is None else x.value for name, x in known}


def _derived(name: str, value: Input, parts: Sequence[Found]) -> Found:
    """A derived finding with the rows and words of what it was derived from."""
    if isinstance(value, Interval):
        raise ValueError(f"The derived finding {name} is an interval.")
    possible = value if isinstance(value, tuple) else None
    value = None if isinstance(value, tuple) else value
    known = [x for x in parts if x.known and x.has_text]
    if not known:
        told = [x for x in parts if x.has_text]  # what is there and could not be used
        return Found(value, sources_of(*told), joined(*told), possible=possible)
    if name in ANY_OF and value is True:
        known = [x for x in known if x.value is True]
    rows = tuple(dict.fromkeys(sources_of(*known)))
    interval = parts[0].interval if name == "bcma_loss_fraction" and value is None else None
    stated_by = next((x.stated_by for x in known if x.stated_by is not None), None)
    return Found(
        value,
        rows,
        _each_once(known),
        interval=interval,
        possible=possible,
        stated_by=None if value is None and possible is None else stated_by,
    )


def _each_once(parts: Sequence[Found]) -> Text:
    return lambda: "; ".join(dict.fromkeys(x.text for x in parts))


_TYPES: Mapping[type, tuple[str, ...]] = {
    bool: ("bool",),
    int: ("integer", "number"),
    float: ("number",),
}


def _fits(entry: Finding, value: Value) -> bool:
    """Whether the catalogue allows the value. No number is NaN: `measured` refuses it."""
    if isinstance(value, str):
        return value in entry.values
    return entry.type in _TYPES[type(value)]
