"""The fields and reporting periods of the forms, as the knowledge lists them."""

from __future__ import annotations

from dataclasses import dataclass

import msgspec

from rearm.knowledge import Knowledge, KnowledgeError, load

__all__ = ["Field", "Form", "PeriodEnd", "load_form"]

_FILE = "cibmtr.toml"


class PeriodEnd(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A reporting period; `end`: its last day, counted from the infusion."""

    name: str
    end: int


class Field(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One field. `answers`: the words that can be answered, where they are few. `by`: what answers
    it; `test`, `toxicity`, `conditions`, `method`: what it is asked of.
    """

    id: str
    form: str
    asks: str
    by: str
    question: str = ""
    answers: tuple[str, ...] = ()
    test: str | None = None
    toxicity: str | None = None
    conditions: tuple[str, ...] = ()
    method: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """All fields in the order of the file, and the periods."""

    periods: tuple[PeriodEnd, ...]
    fields: tuple[Field, ...]


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    period: tuple[PeriodEnd, ...]
    field: tuple[Field, ...]


def load_form(knowledge: Knowledge | None = None) -> Form:
    """The form of a bundle. Raises KnowledgeError where its file does not fit."""
    known = knowledge or load()
    try:
        file = msgspec.convert(known.table(_FILE), _File)
    except msgspec.ValidationError as error:
        raise KnowledgeError([f"{_FILE}: {error}."]) from None
    ends = [period.end for period in file.period]
    names = [field.id for field in file.field]
    problems = []
    if ends != sorted(set(ends)) or not ends or ends[0] <= 0:
        problems.append(f"{_FILE}: the periods do not end one after the other.")
    problems += [
        f"{_FILE}, field {name}: appears twice." for name in set(names) if names.count(name) > 1
    ]
    problems += [
        f"{_FILE}, field {field.id}: {field.test} is not a test of the dictionary."
        for field in file.field
        if field.test is not None and field.test not in known.lab_tests
    ]
    if problems:
        raise KnowledgeError(problems)
    return Form(periods=file.period, fields=file.field)
