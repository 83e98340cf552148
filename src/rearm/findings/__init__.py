"""Floor 4: one row of named facts at the decision, each with the rows of the input it rests on.

`find` reads the record; `derive` computes the findings that follow from others, and can be asked
again with hypothetical values.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rearm.findings import (
    antigen,
    course,
    exposure,
    microenvironment,
    patient,
    product,
    safety,
    t_cell,
    toxicity,
    tumour,
)
from rearm.findings.base import FUNCTIONS, Found, Value
from rearm.findings.chart import PatientChart
from rearm.findings.derived import (
    ANY_OF,
    CLONAL,
    DERIVED,
    NEGATIVE_PERCENT,
    POSITIVE_PERCENT,
    Input,
    derive,
)
from rearm.knowledge.catalogue import Catalogue
from rearm.outcome.failure import Failure
from rearm.record import Record

__all__ = [
    "CLONAL",
    "DERIVED",
    "FUNCTIONS",
    "NEGATIVE_PERCENT",
    "POSITIVE_PERCENT",
    "Found",
    "Value",
    "derive",
    "find",
    "inputs",
]

GROUPS = (
    course,
    exposure,
    antigen,
    t_cell,
    microenvironment,
    product,
    tumour,
    patient,
    toxicity,
    safety,
)  # each registers its findings


def find(
    record: Record, failures: Sequence[Failure], catalogue: Catalogue, *, as_of: int
) -> dict[str, Found]:
    """Every finding of the catalogue for the last infusion, in the order of the catalogue; what is
    not known has value None.

    `record` is already cut by `record.known_at(as_of)`, `failures` are those of that record in the
    order of time. Raises KeyError for a finding without a function and ValueError for a value that
    the catalogue does not allow: faults of the program, not of a record.
    """
    chart = PatientChart(record, failures, as_of)
    found = {name: FUNCTIONS[name](chart) for name in catalogue if name not in DERIVED}
    values = derive(inputs(found))
    for name in DERIVED:
        if name in catalogue:
            found[name] = _derived(
                name, values[name], [found[part] for part in catalogue[name].from_ if part in found]
            )
    _check(found, catalogue)
    return {name: found[name] for name in catalogue}


def inputs(found: Mapping[str, Found]) -> dict[str, Input]:
    """What `derive` takes: values, and intervals where only bounds are known."""
    return {name: x.interval if x.value is None else x.value for name, x in found.items()}


def _derived(name: str, value: Input, parts: Sequence[Found]) -> Found:
    known = [x for x in parts if x.text and x.known]
    if name in ANY_OF and value is True:
        known = [x for x in known if x.value is True]
    sources = tuple(dict.fromkeys(s for x in known for s in x.sources))
    text = "; ".join(dict.fromkeys(x.text for x in known))
    if name == "bcma_loss_fraction" and value is None and parts:
        return Found(None, sources, text, interval=parts[0].interval)
    if isinstance(value, bool | int | float | str) or value is None:
        return Found(value, sources, text)
    raise ValueError(f"The derived finding {name} is an interval.")


def _check(found: Mapping[str, Found], catalogue: Catalogue) -> None:
    for name, x in found.items():
        entry = catalogue[name]
        value = x.value
        fits = value is None or {
            "bool": isinstance(value, bool),
            "word": isinstance(value, str) and value in entry.values,
            "integer": isinstance(value, int) and not isinstance(value, bool),
            "number": (
                isinstance(value, int | float) and not isinstance(value, bool) and value == value
            ),
        }.get(entry.type, False)
        if not fits:
            raise ValueError(
                f"The finding {name} is of type {entry.type}, {value!r} is not allowed for it."
            )
