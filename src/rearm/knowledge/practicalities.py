"""How an option is given: dose, stay, premedication, stops, prophylaxis, what comes after it.

A file of `practicalities/` speaks of one thing: a class (`tags`), a drug (`agents`) or an option
(`options`). What holds for a class stands there once, and every option of the class takes it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

from rearm.knowledge.rulesets import Option

__all__ = [
    "IN_A_CELL",
    "PRACTICAL_FIELDS",
    "OptionPractice",
    "PracticalField",
    "Practicality",
    "practice_of",
    "practice_rows",
    "told_of",
]

PracticalField = Literal[
    "dose",
    "premedication",
    "stay",
    "visits",
    "rems",
    "first_dose",
    "kidney",
    "toxicity",
    "crs_icans",
    "infections",
    "later_t_cells",
    "next",
]
PRACTICAL_FIELDS: tuple[PracticalField, ...] = get_args(PracticalField)
"""In the order in which they are told. `later_t_cells` and `next` stand on the option itself as
well: there `later_t_cells` and `sequence`.
"""
OPINION = "accepted-practice"  # the source of what nobody read
IN_A_CELL: tuple[PracticalField, ...] = ("dose", "stay", "visits", "first_dose", "kidney")
"""The fields that a table of options shows side by side, in a few words; the kidney only where a
row for this patient has such words.
"""
_SUBJECTS = ("options", "agents", "tags")  # the nearest to an option first


@dataclass(frozen=True, slots=True, kw_only=True)
class Practicality:
    """One thing to know before an option is given, of all options that it names.

    Who it is of: `options`, or all with one of `agents`, or of `tags`. `brief`: the same in a few
    words, for a cell of the sheet. `regions`: where it holds, everywhere without any. `applies`
    False: there is nothing of the kind, and `text` says why. `instead`: it takes the place of what
    a drug or a class of the option says on the same field. `of_others`: the text is about other
    drugs of its kind, so nothing of this one was read. `task`: what of it is to be done or
    arranged before the first dose, in the imperative.

    `when`: a condition over findings; the row is told only of a patient for whom it holds.
    `cautious`: it is told where the condition is unknown too. `choice`: of the rows that share this
    name exactly one is told, see `told_of`.
    """

    id: str
    field: PracticalField
    text: str
    sources: tuple[str, ...]
    brief: str | None = None
    task: str | None = None
    options: tuple[str, ...] = ()
    agents: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    regions: tuple[str, ...] = ()
    applies: bool = True
    instead: bool = False
    of_others: bool = False
    when: str | None = None
    cautious: bool = False
    choice: str | None = None

    def nearness(self, option: Option) -> int | None:
        """How near it is to the option: 0 names it, 1 one of its drugs, 2 its class; None: it does
        not speak of it.
        """
        if option.id in self.options:
            return 0
        if set(self.agents) & set(option.agents):
            return 1
        return 2 if set(self.tags) & set(option.tags) else None


@dataclass(frozen=True, slots=True, kw_only=True)
class OptionPractice:
    """What is said of one option, by field, the nearest first.

    `opinion`: the fields of which only usual practice is told, or what holds for other drugs;
    `not_read`: those of which nothing is. All others were read or do not apply.
    """

    rows: Mapping[PracticalField, tuple[Practicality, ...]]
    opinion: tuple[PracticalField, ...]
    not_read: tuple[PracticalField, ...]


def practice_of(option: Option, rows: Iterable[Practicality]) -> OptionPractice:
    """What the rows say of the option. What does not apply gives way to what does."""
    near = [(near, row) for row in rows if (near := row.nearness(option)) is not None]
    told = {field: _told([x for x in near if x[1].field == field]) for field in PRACTICAL_FIELDS}
    on_option: dict[PracticalField, bool] = {
        "later_t_cells": _known_effect(option),
        "next": bool(option.sequence),
    }
    return OptionPractice(
        rows={field: found for field, found in told.items() if found},
        opinion=tuple(f for f in told if _is_opinion(told[f]) and not on_option.get(f, False)),
        not_read=tuple(f for f in told if not told[f] and not on_option.get(f, False)),
    )


def told_of(
    rows: Sequence[Practicality], truth: Callable[[Practicality], bool | None]
) -> tuple[Practicality, ...]:
    """The rows that are told of one patient. `truth`: whether the condition of a row holds, None
    where that is unknown.

    Of a choice, in the order of the file: the first whose condition holds; else the first cautious
    one whose condition is unknown; else the one without a condition.
    """
    of_choice: dict[str, list[Practicality]] = {}
    for row in rows:
        if row.choice is not None:
            of_choice.setdefault(row.choice, []).append(row)
    chosen = {name: _chosen(own, truth) for name, own in of_choice.items()}
    return tuple(
        row
        for row in rows
        if (_told_alone(row, truth) if row.choice is None else chosen[row.choice] is row)
    )


def _told_alone(row: Practicality, truth: Callable[[Practicality], bool | None]) -> bool:
    if row.when is None:
        return True
    holds = truth(row)
    return row.cautious if holds is None else holds


def _chosen(
    rows: Sequence[Practicality], truth: Callable[[Practicality], bool | None]
) -> Practicality | None:
    asked = [(row, truth(row)) for row in rows if row.when is not None]
    holding = [row for row, holds in asked if holds]
    careful = [row for row, holds in asked if holds is None and row.cautious]
    otherwise = [row for row in rows if row.when is None]
    return next(iter((*holding, *careful, *otherwise)), None)


def _is_opinion(rows: Sequence[Practicality]) -> bool:
    """Whether something applies to every patient, and no text on the option was read for it."""
    applying = [row for row in rows if row.applies and row.when is None]
    return bool(applying) and all(
        row.of_others or set(row.sources) == {OPINION} for row in applying
    )


def _known_effect(option: Option) -> bool:
    """Whether a text was read on what the option does to a later collection of T cells."""
    told = option.later_t_cells
    return told is not None and (told.effect != "unknown" or set(told.sources) != {OPINION})


def _told(near: Sequence[tuple[int, Practicality]]) -> tuple[Practicality, ...]:
    ends = min((place for place, row in near if row.instead), default=2)
    kept = sorted((x for x in near if x[0] <= ends), key=lambda x: x[0])
    rows = [row for _, row in kept]
    return tuple([row for row in rows if row.applies or row.choice] or rows[:1])


def practice_rows(tables: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """The rows of all files of `practicalities/`, each with its file and the subject of the file,
    unless it names one of its own.
    """
    for file, table in tables.items():
        if file.startswith("practicalities/"):
            subject = {key: table[key] for key in _SUBJECTS if key in table}
            for row in table.get("practice", ()):
                own = isinstance(row, Mapping) and any(key in row for key in _SUBJECTS)
                yield file, row if own or not isinstance(row, Mapping) else {**subject, **row}
