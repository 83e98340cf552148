"""What a build changed: patients, their answers, issues that came or went; each with the reason."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Literal

import msgspec

if TYPE_CHECKING:
    import polars as pl

    from rearm.cohort.store.folder import Settings

__all__ = ["ANSWERS", "Change", "Why", "changes_between", "why_anew"]

Why = Literal["rows", "software", "knowledge", "criteria", "settings"]
Kind = Literal["new", "removed", "changed"]

# the columns of `patients` that are an answer; `first` and `causes` come from other tables
ANSWERS = (
    "error",
    "status",
    "day_low",
    "day_high",
    "best_response",
    "relapse_status",
    "relapse_after",
    "relapse_day_low",
    "answer_state",
)
_SHOWN = ("established", "likely")
_ISSUE = ("severity", "code", "file", "column", "value", "message")


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one patient. `why` lists what differs from the last build. `answers`: before
    and after, by name; `came`, `went`: issues by code.
    """

    patient_id: str
    kind: Kind
    why: tuple[Why, ...] = ()
    answers: dict[str, tuple[Any, Any]] = {}
    came: dict[str, int] = {}
    went: dict[str, int] = {}

    @property
    def told(self) -> bool:
        """Whether anything of it is worth telling."""
        return self.kind != "changed" or bool(self.answers or self.came or self.went)


def why_anew(before: Settings, after: Settings) -> tuple[Why, ...]:
    """What of a build differs, apart from the input."""
    differ: dict[Why, bool] = {
        "software": before.software != after.software,
        "knowledge": before.knowledge_hash != after.knowledge_hash,
        "criteria": before.criteria != after.criteria,
        "settings": (before.as_of, before.region, before.mapping)
        != (after.as_of, after.region, after.mapping),
    }
    return tuple(why for why, changed in differ.items() if changed)


def changes_between(
    before: Mapping[str, pl.DataFrame],
    after: Mapping[str, pl.DataFrame],
    rows_changed: Collection[str],
    why: tuple[Why, ...],
) -> list[Change]:
    """Every patient of a bucket of whom anything is to be told; frames are those of its tables.

    `rows_changed`: whose rows in the input differ; `why`: what else does.
    """
    old, new = _answers(before), _answers(after)
    old_issues, new_issues = _issues(before), _issues(after)
    found = [Change(patient_id=p, kind="removed") for p in sorted(old.keys() - new.keys())]
    found += [Change(patient_id=p, kind="new") for p in sorted(new.keys() - old.keys())]
    for patient in sorted(old.keys() & new.keys()):
        mine = Counter(new_issues.get(patient, {}))
        theirs = Counter(old_issues.get(patient, {}))
        one = Change(
            patient_id=patient,
            kind="changed",
            why=("rows", *why) if patient in rows_changed else why,
            answers=dict(_differences(old[patient], new[patient])),
            came=_by_code(mine - theirs),
            went=_by_code(theirs - mine),
        )
        if one.told:
            found.append(one)
    return found


def _differences(
    before: Mapping[str, Any], after: Mapping[str, Any]
) -> Iterator[tuple[str, tuple[Any, Any]]]:
    for name, value in after.items():
        if before.get(name) != value:
            yield name, (before.get(name), value)


def _answers(frames: Mapping[str, pl.DataFrame]) -> dict[str, dict[str, Any]]:
    import polars as pl

    patients = frames["patients"]
    if not patients.height:
        return {}
    tiers, causes = frames["tiers"], frames["causes"]
    first = _listed(
        tiers.filter((pl.col("decision") == "now") & (pl.col("tier") == "first")), "strategy"
    )
    shown = _listed(causes.filter(pl.col("grade").is_in(_SHOWN)), "factor")
    return {
        row["patient_id"]: {
            **{name: row[name] for name in ANSWERS},
            "first": first.get(row["patient_id"], []),
            "causes": shown.get(row["patient_id"], []),
        }
        for row in patients.select("patient_id", *ANSWERS).iter_rows(named=True)
    }


def _listed(frame: pl.DataFrame, column: str) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for patient, value in frame.select("patient_id", column).iter_rows():
        found.setdefault(patient, []).append(value)
    return {patient: sorted(values) for patient, values in found.items()}


def _issues(frames: Mapping[str, pl.DataFrame]) -> dict[str, Counter[tuple[Any, ...]]]:
    """The issues of each patient, without their places: a row that only moved brings none."""
    found: dict[str, Counter[tuple[Any, ...]]] = {}
    for patient, *issue in frames["issues"].select("patient_id", *_ISSUE).iter_rows():
        found.setdefault(patient, Counter())[tuple(issue)] += 1
    return found


def _by_code(issues: Counter[tuple[Any, ...]]) -> dict[str, int]:
    by_code: Counter[str] = Counter()
    for issue, number in issues.items():
        by_code[issue[1]] += number
    return dict(sorted(by_code.items()))
