"""The codes of many patients as one table, one row a patient, without any prose: for registries.

The columns are those of `table_schema`; the codes are the words of the result object. A column that
does not apply to a patient (no failure to explain) is null there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from operator import attrgetter
from typing import TYPE_CHECKING, Any

from rearm.assessment.actions import due_actions
from rearm.assessment.alerts import raised
from rearm.assessment.assembly import about_code, is_decided, is_judged, placed_strategies
from rearm.assessment.judging import Codings
from rearm.assessment.logic import (
    EXCLUDED,
    GRADES,
    GROUPS,
    LIKELY,
    NEEDS_INFORMATION,
    NO_VERDICT,
    NOT_APPLICABLE,
    NOT_ASSESSED,
    VERDICTS,
    Judged,
)
from rearm.assessment.next_tests import before_deciding
from rearm.assessment.patient import AssessmentError, Patient, patient_at
from rearm.assessment.pipeline import ROWS, Batch, batches
from rearm.assessment.plan import TIERS, Plan
from rearm.assessment.planner import plan_of
from rearm.assessment.regions import region_of, regions_of
from rearm.assessment.result import NextTest
from rearm.assessment.state import state_of
from rearm.garbage import no_collection
from rearm.knowledge.bundle import Knowledge, load
from rearm.outcome.failure import Failure
from rearm.outcome.relapse import DiseaseNow, PresentRelapse
from rearm.record import Record

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import polars as pl

__all__ = ["AssessedPart", "assess_parts", "assess_table", "assess_tables", "table_schema"]

_GRADE_WORDS: dict[int, str | None] = {
    NOT_APPLICABLE: "not_applicable",
    NOT_ASSESSED: "not_assessed",
    **dict(enumerate(GRADES)),
}
_VERDICT_WORDS: dict[int, str | None] = {NO_VERDICT: None, **dict(enumerate(VERDICTS))}


def assess_table(
    records: Iterable[Record],
    *,
    knowledge: Knowledge | None = None,
    as_of: int | date | None = None,
    region: str | None = None,
    tests: bool = False,
) -> pl.DataFrame:
    """The codes of every one of `records`, one row a patient in their order; columns as in
    `table_schema`. Days are days of the patient's axis.

    `tests` True adds the work-ups to ask for, which costs as much again. `knowledge`, `as_of` and
    `region` as in `assess`. What is not known is null. A patient who cannot be assessed is a row
    with a sentence in `error` and nothing else. Raises AssessmentError for an unknown region.

    >>> import rearm
    >>> table = rearm.assess_table(rearm.read("examples/tables").records)
    >>> table.select("patient_id", "status", "day").row(0)
    ('SYN-01', 'failed', 402)
    """
    import polars as pl

    known = knowledge or load()
    parts = list(assess_tables(records, knowledge=known, as_of=as_of, region=region, tests=tests))
    return pl.concat(parts) if parts else pl.DataFrame(schema=table_schema(known, tests=tests))


def assess_tables(
    records: Iterable[Record],
    *,
    knowledge: Knowledge | None = None,
    as_of: int | date | None = None,
    region: str | None = None,
    tests: bool = False,
) -> Iterator[pl.DataFrame]:
    """`assess_table` in parts of some hundred patients, for cohorts that do not fit into memory.

    `records` may be a stream; `knowledge`, `as_of`, `region` and `tests` as in `assess_table`. What
    is not known is null. Raises AssessmentError for an unknown region.

    >>> import rearm
    >>> from rearm.assessment import assess_tables
    >>> parts = assess_tables(rearm.read("examples/tables").stream())
    >>> [part.height for part in parts]
    [11]
    """
    for part in assess_parts(
        records, knowledge=knowledge, as_of=as_of, region=region, tests=tests, read_only=True
    ):
        yield part.table


@dataclass(frozen=True, slots=True, kw_only=True)
class AssessedPart:
    """Some hundred patients: their records, the patients at the day of the decision, and the rows
    of `assess_table`. A patient who could not be assessed has a row and is not among `patients`.
    """

    records: Sequence[Record]
    patients: Sequence[Patient]
    table: pl.DataFrame


def assess_parts(
    records: Iterable[Record],
    *,
    knowledge: Knowledge | None = None,
    as_of: int | date | Callable[[Record], int | None] | None = None,
    region: str | None = None,
    tests: bool = False,
    read_only: bool = False,
) -> Iterator[AssessedPart]:
    """`assess_tables` with the patients that the rows were made of. `as_of` may give each patient a
    day of his own; `read_only`: only with the findings that some rule reads.
    """
    import polars as pl

    known = knowledge or load()
    plan = plan_of(known)
    where = region_of(region, regions_of(known))
    schema = table_schema(known, tests=tests)
    for batch in batches(records, ROWS):
        with no_collection():
            patients, errors = _ready(batch, as_of, plan, read_only=read_only)
            columns = _columns(Batch.of(plan, patients, where), tests=tests)
        part = pl.DataFrame(columns, schema=schema)
        table = _with_errors(part, [record.patient_id for record in batch], errors)
        yield AssessedPart(records=batch, patients=patients, table=table)


def _ready(
    batch: Sequence[Record],
    as_of: int | date | Callable[[Record], int | None] | None,
    plan: Plan,
    *,
    read_only: bool,
) -> tuple[list[Patient], dict[int, str]]:
    """The patients that can be assessed, and for the others, by place, why not."""
    patients, errors = [], {}
    for place, record in enumerate(batch):
        try:
            day = as_of(record) if callable(as_of) else as_of
            patients.append(patient_at(record, day, plan, read_only=read_only))
        except AssessmentError as error:
            errors[place] = str(error).removeprefix(f"{record.patient_id}: ")
        except Exception as error:  # a fault in one patient does not cost the others their row
            errors[place] = f"internal error ({type(error).__name__}: {error})"
    return patients, errors


def _with_errors(
    part: pl.DataFrame, patient_ids: Sequence[str], errors: Mapping[int, str]
) -> pl.DataFrame:
    """The rows in the order of the patients, with a row for each who could not be assessed."""
    import polars as pl

    if not errors:
        return part
    failed = pl.DataFrame(
        {
            "patient_id": [patient_ids[place] for place in errors],
            "error": list(errors.values()),
        }
    )
    both = pl.concat([part, failed], how="diagonal")
    places = [place for place in range(len(patient_ids)) if place not in errors] + [*errors]
    order = sorted(range(len(places)), key=places.__getitem__)
    return both[order]


def table_schema(knowledge: Knowledge | None = None, *, tests: bool = False) -> dict[str, Any]:
    """Every column of `assess_table` with its type, in order: first the patient and the last
    infusion, then `group_<id>`, `factor_<id>` (grades), `tier_<id>` (strategies) and
    `verdict_<id>`, `if_clear_<id>`, `afterwards_<id>` (options).

    `knowledge`: whose groups, factors and options; by default the bundled one. `tests`: with the
    column of the work-ups. A value that is not known is null. Raises nothing.

    >>> from rearm.assessment import table_schema
    >>> list(table_schema())[0], "tier_bispecific-bcma" in table_schema()
    ('patient_id', True)
    """
    import polars as pl

    plan = plan_of(knowledge or load())
    many = pl.List(pl.String)
    schema: dict[str, Any] = {
        "patient_id": pl.String,
        "error": pl.String,
        "as_of": pl.Int64,
        "as_of_date": pl.String,
        "about": pl.String,
        "infusions": pl.Int64,
        "infusion_day": pl.Int64,
        "product": pl.String,
        "status": pl.String,
        "certainty": pl.String,
        "day": pl.Int64,
        "day_low": pl.Int64,
        "day_high": pl.Int64,
        "kind": pl.String,
        "timing": pl.String,
        "responded": pl.Boolean,
        "pattern": many,
        "signals": many,
        "best_response": pl.String,
        "best_response_by": pl.String,
        "best_response_computed": pl.String,
        "best_response_team": pl.String,
        "best_response_at_least": pl.String,
        "best_response_lacks": many,
        "followed_to_day": pl.Int64,
        "computed_day": pl.Int64,
        "team_day": pl.Int64,
        "relapse_after": pl.String,
        "relapse_line": pl.Int64,
        "relapse_status": pl.String,
        "relapse_certainty": pl.String,
        "relapse_day_low": pl.Int64,
        "relapse_day_high": pl.Int64,
        "relapse_pattern": many,
        "relapse_tempo": pl.String,
        "relapse_since": pl.Int64,
        "watched": pl.String,
        "watched_after": pl.String,
        "alerts": many,
        "open_alerts": many,
        "actions": many,
        "open_actions": many,
        "answer_state": pl.String,
        "then": many,
        "undetermined": pl.Boolean,
    }
    schema |= {f"group_{group}": pl.String for group in GROUPS}
    schema |= {f"factor_{f.factor.id}": pl.String for f in plan.factors}
    schema |= {f"tier_{strategy.strategy}": pl.String for strategy in plan.strategies}
    for option in plan.options:
        for kind in ("verdict", "if_clear", "afterwards"):
            schema[f"{kind}_{option.option.id}"] = pl.String
    if tests:
        schema |= {"tests": many, "mandatory_tests": many}
    return schema


def _columns(batch: Batch, *, tests: bool) -> dict[str, Sequence[Any]]:
    """The columns of one batch, in the order of `table_schema`."""
    judged = [is_judged(patient) for patient in batch.patients]
    columns = _of_patients(batch.patients)
    alerts = _alerts(batch)
    columns |= alerts
    columns |= _actions(batch)
    answers = _answers(batch, alerts["alerts"])
    columns |= {name: answers[name] for name in ("answer_state", "then")}
    columns |= _grades(batch.plan, batch.own.codes, judged)
    columns |= answers
    decided = [is_decided(patient) for patient in batch.patients]
    columns |= _verdicts(batch.plan, batch.own.codes.judged, decided)
    if tests:
        asked = [
            _as_shown(batch.plan, patient, own)
            for patient, own in zip(batch.patients, batch.next_tests(), strict=True)
        ]
        columns["tests"] = [["+".join(test.ids) for test in own] for own in asked]
        columns["mandatory_tests"] = [
            ["+".join(test.ids) for test in own if test.mandatory] for own in asked
        ]
    return columns


def _as_shown(plan: Plan, patient: Patient, tests: Sequence[NextTest]) -> Sequence[NextTest]:
    """In the order of the result: what is to be settled before deciding stands first."""
    shown = before_deciding(plan, patient, tests)
    return (*shown, *(test for test in tests if test not in shown))


def _of_patients(patients: Sequence[Patient]) -> dict[str, Sequence[Any]]:
    lasts = [patient.failures[-1] if patient.failures else None for patient in patients]
    columns: dict[str, Sequence[Any]] = {
        "patient_id": [p.record.patient_id for p in patients],
        "error": [None] * len(patients),
        "as_of": [p.as_of for p in patients],
        "as_of_date": [None if p.day is None else p.day.isoformat() for p in patients],
        "about": [about_code(p) for p in patients],
        "infusions": [len(p.failures) for p in patients],
    }
    for name, read in _OF_FAILURE.items():
        columns[name] = [None if last is None else read(last) for last in lasts]
    columns["best_response_lacks"] = [
        None if last is None else list(last.best.lacks) for last in lasts
    ]
    columns["pattern"] = [None if last is None else list(last.pattern) for last in lasts]
    columns["signals"] = [None if last is None else [s.id for s in last.signals] for last in lasts]
    return columns | _of_relapses([patient.disease for patient in patients])


def _of_relapses(diseases: Sequence[DiseaseNow]) -> dict[str, Sequence[Any]]:
    relapses, watched = [x.relapse for x in diseases], [x.watching for x in diseases]
    columns: dict[str, Sequence[Any]] = {
        name: [None if relapse is None else read(relapse) for relapse in relapses]
        for name, read in _OF_RELAPSE.items()
    }
    columns["relapse_pattern"] = [None if x is None else list(x.pattern) for x in relapses]
    columns["watched"] = [None if x is None else x.code for x in watched]
    columns["watched_after"] = [None if x is None else x.after for x in watched]
    return columns


_OF_RELAPSE: dict[str, Callable[[PresentRelapse], Any]] = {
    "relapse_after": attrgetter("after"),
    "relapse_line": attrgetter("line"),
    "relapse_status": attrgetter("status"),
    "relapse_certainty": attrgetter("certainty"),
    "relapse_day_low": attrgetter("when.first"),
    "relapse_day_high": attrgetter("when.last"),
    "relapse_tempo": attrgetter("tempo"),
    "relapse_since": attrgetter("since"),
}


_OF_FAILURE: dict[str, Callable[[Failure], Any]] = {
    "infusion_day": attrgetter("infusion_day"),
    "product": attrgetter("product"),
    "status": attrgetter("status"),
    "certainty": attrgetter("certainty"),
    "day": attrgetter("day"),
    "day_low": attrgetter("when.first"),
    "day_high": attrgetter("when.last"),
    "kind": attrgetter("kind"),
    "timing": attrgetter("timing"),
    "responded": attrgetter("responded"),
    "best_response": attrgetter("best.response"),
    "best_response_by": attrgetter("best.by"),
    "best_response_computed": attrgetter("best.computed"),
    "best_response_team": attrgetter("best.team"),
    "best_response_at_least": attrgetter("best.at_least"),
    "followed_to_day": attrgetter("followed_to_day"),
    "computed_day": attrgetter("computed_day"),
    "team_day": attrgetter("team_day"),
}


def _alerts(batch: Batch) -> dict[str, Sequence[Any]]:
    own = [
        raised(batch.plan, patient, answers)
        for patient, answers in zip(batch.patients, batch.own.answers.tolist(), strict=True)
    ]
    columns = {"alerts": "certain", "open_alerts": "open"}
    return {
        column: [[x.alert.id for x, status in alerts if status == wanted] for alerts in own]
        for column, wanted in columns.items()
    }


def _actions(batch: Batch) -> dict[str, Sequence[Any]]:
    own = [
        due_actions(batch.plan, patient, answers)
        for patient, answers in zip(batch.patients, batch.own.answers.tolist(), strict=True)
    ]
    columns = {"actions": "due", "open_actions": "open"}
    return {
        column: [[x.id for x in actions if x.status == wanted] for actions in own]
        for column, wanted in columns.items()
    }


def _answers(batch: Batch, alerts: Sequence[Sequence[str]]) -> dict[str, Sequence[Any]]:
    """The state of each decision, what follows, and the tier of every strategy; `alerts`: ids of
    those that hold.
    """
    plan, codes = batch.plan, batch.own.codes
    placed = [
        placed_strategies(plan, codes, row) if is_decided(patient) else None
        for row, patient in enumerate(batch.patients)
    ]
    found = [
        state_of(patient, about_code(patient), certain, own)
        for patient, certain, own in zip(batch.patients, alerts, placed, strict=True)
    ]
    shown = [own if state.has_tiers else None for own, state in zip(placed, found, strict=True)]
    columns: dict[str, Sequence[Any]] = {
        "answer_state": [state.state for state in found],
        "then": [list(state.then) for state in found],
    }
    for number, strategy in enumerate(plan.strategies):
        columns[f"tier_{strategy.strategy}"] = [
            None if own is None else TIERS[own.tiers[number]] for own in shown
        ]
    return columns


def _grades(plan: Plan, codes: Codings, judged: Sequence[bool]) -> dict[str, Sequence[Any]]:
    columns: dict[str, Sequence[Any]] = {}
    causes = [i for i, group in enumerate(GROUPS) if group != "safety"]
    likely: Any = (codes.groups[:, causes] >= LIKELY).any(axis=1)
    columns["undetermined"] = [
        not found if asked else None for found, asked in zip(likely.tolist(), judged, strict=True)
    ]
    for i, group in enumerate(GROUPS):
        columns[f"group_{group}"] = _words(codes.groups[:, i], _GRADE_WORDS, judged)
    for i, factor in enumerate(plan.factors):
        columns[f"factor_{factor.factor.id}"] = _words(codes.factors[:, i], _GRADE_WORDS, judged)
    return columns


def _verdicts(plan: Plan, codes: Judged, judged: Sequence[bool]) -> dict[str, Sequence[Any]]:
    """`if_clear` and `afterwards` only where they say more than the verdict."""
    import numpy as np

    waits = codes.verdict == NEEDS_INFORMATION
    ends = (codes.verdict == EXCLUDED) & (codes.afterwards != EXCLUDED)
    if_clear = np.where(waits, codes.clear, NO_VERDICT)
    afterwards = np.where(ends, codes.afterwards, NO_VERDICT)
    columns: dict[str, Sequence[Any]] = {}
    for i, option in enumerate(plan.options):
        kinds = (("verdict", codes.verdict), ("if_clear", if_clear), ("afterwards", afterwards))
        for kind, verdicts in kinds:
            name = f"{kind}_{option.option.id}"
            columns[name] = _words(verdicts[:, i], _VERDICT_WORDS, judged)
    return columns


def _words(
    codes: npt.NDArray[np.int8], words: Mapping[int, str | None], judged: Sequence[bool]
) -> list[str | None]:
    return [
        words[code] if asked else None for code, asked in zip(codes.tolist(), judged, strict=True)
    ]
