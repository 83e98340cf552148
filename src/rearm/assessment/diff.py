"""What changed between two bundles of knowledge, and in the results of given patients."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, fields
from typing import Any, Literal

from rearm.assessment.moves import grades, tiers, verdicts
from rearm.assessment.pipeline import assess_all
from rearm.assessment.result import Assessment
from rearm.knowledge.bundle import Knowledge
from rearm.record import Record

__all__ = ["EntryChange", "KnowledgeDiff", "ResultChange", "diff"]


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryChange:
    """One entry that was added, removed or changed.

    `fields` names what of it changed, `parts` which rules, indicators or arms.
    """

    kind: str
    id: str
    change: Literal["added", "removed", "changed"]
    fields: tuple[str, ...] = ()
    parts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ResultChange:
    """One verdict, tier or grade of a patient that is different.

    `before` or `after` is None where the option, strategy or factor is not in that bundle.
    """

    patient_id: str
    kind: Literal["option", "strategy", "factor"]
    what: str
    before: str | None
    after: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class KnowledgeDiff:
    before: tuple[str, str]  # version and hash
    after: tuple[str, str]
    entries: tuple[EntryChange, ...]
    results: tuple[ResultChange, ...]


def diff(before: Knowledge, after: Knowledge, records: Iterable[Record] = ()) -> KnowledgeDiff:
    """The changes from one bundle to another, in the entries and in the results.

    `records` are assessed with both, at their last day.
    """
    kept = list(records)
    results: list[ResultChange] = []
    for old, new in zip(
        assess_all(kept, knowledge=before), assess_all(kept, knowledge=after), strict=True
    ):
        results += _results(old, new)
    return KnowledgeDiff(
        before=(before.version, before.hash),
        after=(after.version, after.hash),
        entries=tuple(_entries(before, after)),
        results=tuple(results),
    )


def _entries(before: Knowledge, after: Knowledge) -> Iterator[EntryChange]:
    earlier, later = _tables(before), _tables(after)
    for kind, old in earlier.items():
        new = later[kind]
        for name in dict.fromkeys([*old, *new]):
            if name not in new:
                yield EntryChange(kind=kind, id=name, change="removed")
            elif name not in old:
                yield EntryChange(kind=kind, id=name, change="added")
            elif old[name] != new[name]:
                yield _changed(kind, name, old[name], new[name])


def _tables(knowledge: Knowledge) -> dict[str, Mapping[str, Any]]:
    """Every kind of entry by what it is called, with its entries by id."""
    return {
        "finding": knowledge.catalogue,
        "factor": knowledge.factors,
        "option": knowledge.options,
        "statement": knowledge.statements,
        "source": knowledge.sources,
        "workup": knowledge.workups,
        "alert": knowledge.alerts,
        "action": knowledge.actions,
        "place": knowledge.places,
        "practice": knowledge.practicalities,
        "review": knowledge.reviews,
        "study": {study.id: study for study in knowledge.studies},
        "score": {score.id: score for score in knowledge.scores.computed},
        "alteration": {alteration.id: alteration for alteration in knowledge.alterations},
        "test": knowledge.lab_tests,
        "agent": knowledge.lexicon.agents,
        "product": knowledge.lexicon.products,
        "regimen": knowledge.lexicon.regimens,
        "strategy": knowledge.words.strategies,
    }


def _changed(kind: str, name: str, old: Any, new: Any) -> EntryChange:
    names = [f.name for f in fields(old) if getattr(old, f.name) != getattr(new, f.name)]
    return EntryChange(
        kind=kind,
        id=name,
        change="changed",
        fields=tuple(n.rstrip("_") for n in names),
        parts=tuple(_differing_parts(old, new, names)),
    )


def _differing_parts(old: Any, new: Any, names: Iterable[str]) -> Iterator[str]:
    """The ids of the rules, indicators or arms inside these fields that differ."""
    for name in names:
        before, after = getattr(old, name), getattr(new, name)
        ids = dict.fromkeys(
            i.id
            for rows in (before, after)
            if isinstance(rows, tuple)
            for i in rows
            if hasattr(i, "id")
        )
        yield from (i for i in ids if _by_id(before, i) != _by_id(after, i))


def _by_id(rows: Iterable[Any], name: str) -> Any:
    return next((row for row in rows if row.id == name), None)


def _results(old: Assessment, new: Assessment) -> Iterator[ResultChange]:
    kinds = Literal["option", "strategy", "factor"]
    pairs: tuple[tuple[kinds, dict[str, str], dict[str, str]], ...] = (
        ("option", verdicts(old), verdicts(new)),
        ("strategy", tiers(old), tiers(new)),
        ("factor", grades(old), grades(new)),
    )
    for kind, before, after in pairs:
        for what in dict.fromkeys([*before, *after]):
            if before.get(what) != after.get(what):
                yield ResultChange(
                    patient_id=new.patient_id,
                    kind=kind,
                    what=what,
                    before=before.get(what),
                    after=after.get(what),
                )
