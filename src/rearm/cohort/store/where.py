"""Patients of a store for whom a condition over findings holds: who certainly, who perhaps, and
which test would tell.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rearm.cohort.store.finding_rows import to_evaluate
from rearm.cohort.store.folder import FINDINGS, StoreFolder
from rearm.errors import InputError
from rearm.interval import Interval
from rearm.knowledge.bundle import Knowledge, load
from rearm.knowledge.catalogue import Catalogue
from rearm.rules import (
    Bound,
    Compiled,
    ConditionRefused,
    RuleCondition,
    parse_condition,
    unknown_findings,
)

if TYPE_CHECKING:
    import polars as pl

__all__ = ["Matches", "Perhaps", "patients_where"]

_ENDS = ("__low", "__high", "__low_open", "__high_open")
_POSSIBLE = "__possible"
_NO_FAILURE = ("not_failed", "died_without_progression")


@dataclass(frozen=True, slots=True, kw_only=True)
class Perhaps:
    """A patient for whom the condition is unknown: for want of which findings, and the work-ups
    that would tell one of them. `died`: then none would; `no_failure`: the CAR-T has not failed so
    far, so what is asked of a failure may never come to be.
    """

    patient_id: str
    died: bool
    no_failure: bool
    lacking: tuple[str, ...]
    would_tell: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Matches:
    """`certain`: ids of patients for whom the condition holds; `not_judged`: patients without an
    answer, of whom nothing can be said.
    """

    condition: str
    certain: tuple[str, ...]
    perhaps: tuple[Perhaps, ...]
    no: int
    not_judged: tuple[str, ...]


def patients_where(store: StoreFolder, text: str, knowledge: Knowledge | None = None) -> Matches:
    """Who fulfils a condition in the language of the rules, such as `relapse_pattern_extraosseous
    AND time_to_failure_days <= 270`; findings are those of the dictionary, as of the last day with
    data.

    Raises InputError with a sentence for a condition that can't be read or names no finding of the
    dictionary.
    """
    import polars as pl

    known = knowledge or load()
    try:
        condition = parse_condition(text, known.catalogue)
    except ConditionRefused as error:
        raise InputError(str(error)) from None
    store.finished()
    scan = store.table(FINDINGS)
    there = scan.collect_schema().names()
    if absent := [name for name in condition.reads if name not in there]:
        raise InputError(
            f"The store knows no finding {', '.join(absent)}: it was built with another knowledge."
            " Build it anew."
        )
    columns = [
        name + end
        for name in condition.reads
        for end in ("", *_ENDS, _POSSIBLE)
        if name + end in there
    ]
    frame = scan.select("patient_id", *columns).collect().sort("patient_id")
    answers = Compiled([condition]).evaluate(to_evaluate(frame.drop("patient_id")))[:, 0]
    ids = frame["patient_id"]
    open_rows = frame.filter(pl.Series(answers == -1))
    patients = store.table("patients").select("patient_id", "error", "died", "status").collect()
    failed = patients.filter(pl.col("error").is_not_null())["patient_id"].sort().to_list()
    states = {row[0]: (bool(row[2]), row[3]) for row in patients.iter_rows()}
    return Matches(
        condition=text,
        certain=tuple(ids.filter(pl.Series(answers == 1)).to_list()),
        perhaps=tuple(_perhaps(open_rows, condition, known.catalogue, states)),
        no=int((answers == 0).sum()),
        not_judged=tuple(failed),
    )


def _perhaps(
    frame: pl.DataFrame,
    condition: RuleCondition,
    catalogue: Catalogue,
    states: Mapping[str, tuple[bool, str | None]],
) -> Iterator[Perhaps]:
    for row in frame.iter_rows(named=True):
        values = {name: row[name] for name in condition.reads}
        lacking = unknown_findings(condition, values, _bounds(row, condition.reads))
        died, status = states[row["patient_id"]]
        would_tell = () if died else tuple(dict.fromkeys(_work_ups(lacking, catalogue)))
        yield Perhaps(
            patient_id=row["patient_id"],
            died=died,
            no_failure=status in _NO_FAILURE,
            lacking=lacking,
            would_tell=would_tell,
        )


def _bounds(row: Mapping[str, Any], names: Iterable[str]) -> dict[str, Bound]:
    found: dict[str, Bound] = {}
    for name in names:
        if row.get(name + "__low") is not None:
            found[name] = Interval(*(row[name + end] for end in _ENDS))
        elif row.get(name + _POSSIBLE):
            found[name] = tuple(row[name + _POSSIBLE])
    return found


def _work_ups(findings: Iterable[str], catalogue: Catalogue) -> Iterator[str]:
    """The work-ups that supply findings, or what these are derived from."""
    for name in findings:
        entry = catalogue[name]
        yield from entry.asks
        if not entry.asks:
            yield from _work_ups((x for x in entry.from_ if x != name), catalogue)
