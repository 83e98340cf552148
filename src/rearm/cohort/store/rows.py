"""The rows of every table of a store that some patients give."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from rearm.assessment.patient import Patient
from rearm.assessment.table import AssessedPart
from rearm.cohort.store.given_strategy import given_strategies
from rearm.cohort.store.tables import TABLES, schema_of
from rearm.knowledge.bundle import Knowledge
from rearm.outcome.endpoint_definitions import EndpointName
from rearm.outcome.endpoint_facts import next_therapy_day
from rearm.outcome.endpoints import Endpoint, InfusionOrigin, endpoints
from rearm.outcome.failure import Failure
from rearm.outcome.failures import failures
from rearm.outcome.infusions import infused_products
from rearm.outcome.later_lines import LineOutcome
from rearm.outcome.relapse import present_relapse
from rearm.record import UNKNOWN_WHEN, Issue, Record, last_apheresis
from rearm.response.criteria import Criteria
from rearm.therapy.lines import Line, lines
from rearm.version import __version__

if TYPE_CHECKING:
    import polars as pl

__all__ = ["COUNTED", "Made", "error_row", "evaluable", "frames_of", "issue_row", "rows_of"]

Row = Mapping[str, Any]

# what a registry asks for, by what it is counted from
COUNTED: Mapping[InfusionOrigin, tuple[EndpointName, ...]] = {
    "infusion": ("PFS", "TTP", "DOR", "TTNT", "OS", "PFS2"),
    "apheresis": ("PFS", "OS"),
    "failure": ("TTNT", "OS"),
    "salvage": ("PFS", "TTP", "DOR", "TTNT", "OS"),
}
_MAY_BE_TWO = "the rows under this id may be of two patients: settle whose they are"
_RELAPSED = ("failed", "suspected")
_MEASURED = ("labs", "imaging", "responses", "variants")


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """Patients with the answer of now and, of those with a salvage, that of the day before it.

    `criteria`: the first is that of the answers; the courses are kept by the others, too.
    """

    now: AssessedPart
    before_salvage: Sequence[AssessedPart]
    hashes: Mapping[str, str]
    knowledge: Knowledge
    criteria: Sequence[Criteria]

    @property
    def version(self) -> str:
        """The version of the criteria that the answers rest on."""
        return self.criteria[0].version


def frames_of(rows: Mapping[str, Sequence[Row]]) -> dict[str, pl.DataFrame]:
    """Rows as frames with the columns of their table."""
    import polars as pl

    return {
        name: pl.DataFrame(rows.get(name, ()), schema=schema_of(table), orient="row")
        for name, table in TABLES.items()
    }


def rows_of(made: Made) -> dict[str, list[Row]]:
    """The rows of every table but `findings`. A patient with whom something fails has a row with
    the reason in `error`.
    """
    answers = {row["patient_id"]: row for row in made.now.table.iter_rows(named=True)}
    before = {
        row["patient_id"]: row
        for part in made.before_salvage
        for row in part.table.iter_rows(named=True)
    }
    patients = {p.record.patient_id: p for p in made.now.patients}
    found: dict[str, list[Row]] = {name: [] for name in TABLES}
    for record in made.now.records:
        patient, answer = patients.get(record.patient_id), answers[record.patient_id]
        own: dict[str, list[Row]] = {}
        if patient is not None and patient.may_be_two:
            patient, answer = None, {"error": _MAY_BE_TWO}
        elif patient is not None:
            try:
                own = _of_patient(patient, answer, before.get(record.patient_id), made)
            except Exception as error:  # a fault in one patient does not cost the others their rows
                fault = f"internal error ({type(error).__name__}: {error})"
                patient, answer = None, {"error": fault}
        for name, rows in own.items():
            found[name] += rows
        found["patients"].append(_patient(record, patient, answer, made))
        found["issues"] += (
            {"patient_id": record.patient_id, **issue_row(issue)} for issue in record.issues
        )
    return found


def error_row(patient_id: str, error: str, made: Made) -> Row:
    """The row of a patient whose record could not even be made."""
    columns = (column.name for column in TABLES["patients"].columns)
    return {
        **dict.fromkeys(columns),
        "patient_id": patient_id,
        "error": error,
        **_versions(patient_id, made),
    }


def _of_patient(
    patient: Patient, answer: Row, before_salvage: Row | None, made: Made
) -> dict[str, list[Row]]:
    patient_id = patient.record.patient_id
    found: dict[str, list[Row]] = {}
    number = {"patient_id": patient_id, "criteria": made.version}
    for name, rows in _of_answer(answer, made.knowledge).items():
        found[name] = [{**number, **row} for row in rows]
    if before_salvage is not None:
        tiers = _tiers(before_salvage, "before_salvage")
        found["tiers"] += [{**number, **row} for row in tiers]
    for place, criteria in enumerate(made.criteria):
        own = patient if place == 0 else _judged_by(patient, criteria)
        number = {"patient_id": patient_id, "criteria": criteria.version}
        for name, rows in _of_course(own, criteria, made.knowledge).items():
            found.setdefault(name, []).extend({**number, **row} for row in rows)
    return found


def _judged_by(patient: Patient, criteria: Criteria) -> Patient:
    """The same patient with the course by other criteria."""
    judged = tuple(failures(patient.record, criteria))
    disease = present_relapse(patient.record, judged, criteria)
    return replace(patient, failures=judged, disease=disease)


# ---------------------------------------------------------------- the patient


def _patient(record: Record, patient: Patient | None, answer: Row, made: Made) -> Row:
    columns = [column.name for column in TABLES["patients"].columns]
    row = {name: answer.get(name) for name in columns}
    severities = Counter(issue.severity for issue in record.issues)
    row |= {
        "patient_id": record.patient_id,
        **_versions(record.patient_id, made),
        "sex": record.sex,
        "heavy_chain": list(record.heavy_chain),
        "light_chain": record.light_chain,
        "diagnosis_low": record.diagnosis.first,
        "diagnosis_high": record.diagnosis.last,
        "first_measured": first_measured(record),
        "last_seen": record.last_contact(),
        "errors": severities["error"],
        "warnings": severities["warning"],
        "notes": severities["note"],
        **_death(record),
        **_at_infusion(record, patient),
    }
    return row


def _versions(patient_id: str, made: Made) -> Row:
    return {
        "source_hash": made.hashes.get(patient_id),
        "software": __version__,
        "knowledge": made.knowledge.version,
        "criteria": made.version,
    }


def first_measured(record: Record) -> int | None:
    """The first day on which the patient was certainly measured or judged; None: none has a day."""
    days = (e.when.last for name in _MEASURED for e in getattr(record, name))
    return min((day for day in days if day is not None), default=None)


def _death(record: Record) -> Row:
    if not record.deaths:
        return {"died": None, "death_low": None, "death_high": None, "death_cause": None}
    death = record.deaths[0]
    return {
        "died": True,
        "death_low": death.when.first,
        "death_high": death.when.last,
        "death_cause": death.cause,
    }


def _at_infusion(record: Record, patient: Patient | None) -> Row:
    """Age and calendar year at the last infusion; of a year of birth alone the middle of the two
    ages that it allows.
    """
    day = patient.failures[-1].infusion_day if patient is not None and patient.failures else None
    if day is None or record.day_zero is None:
        return {"age": None, "infusion_year": None}
    try:
        on = record.day_zero.fromordinal(record.day_zero.toordinal() + day)
    except (OverflowError, ValueError):
        return {"age": None, "infusion_year": None}
    if record.birth_date is not None:
        age: float | None = (on - record.birth_date).days / 365.25
    else:
        age = None if record.birth_year is None else on.year - record.birth_year - 0.5
    return {"age": age if age is None or 0 <= age <= 120 else None, "infusion_year": on.year}


# ---------------------------------------------------------------- the course


def _of_course(patient: Patient, criteria: Criteria, knowledge: Knowledge) -> dict[str, list[Row]]:
    record, judged = patient.record, patient.failures
    every = lines(record)
    return {
        "infusions": [_infusion(record, failure, criteria) for failure in judged],
        "lines": _lines(patient, every, knowledge),
        "responses": [row for failure in judged for row in _visits(failure)],
        "relapses": _relapses(patient),
        "outcomes": _outcomes(record, judged),
    }


def _infusion(record: Record, failure: Failure, criteria: Criteria) -> Row:
    products = infused_products(record, criteria)
    doses = products[failure.number - 1].doses[:1] if failure.number <= len(products) else ()
    collected = last_apheresis(doses, failure.infusion_day) or UNKNOWN_WHEN
    return {
        "infusion": failure.number,
        "day": failure.infusion_day,
        "product": failure.product,
        "targets": list(failure.targets),
        "apheresis_low": collected.first,
        "apheresis_high": collected.last,
        "status": failure.status,
        "because": failure.because,
        "certainty": failure.certainty,
        "kind": failure.kind,
        "timing": failure.timing,
        "failed_low": failure.when.first if failure.status in _RELAPSED else None,
        "failed_high": failure.when.last if failure.status in _RELAPSED else None,
        "computed_day": failure.computed_day,
        "team_day": failure.team_day,
        "pattern": list(failure.pattern),
        "responded": failure.responded,
        "evaluable": evaluable(failure),
        "best_response": failure.best.response,
        "best_response_by": failure.best.by,
        "best_response_computed": failure.best.computed,
        "best_response_team": failure.best.team,
        "followed_to": failure.followed_to_day,
        "last_assessed": failure.last_assessed_day,
        "next_therapy": _next_therapy(record, failure),
    }


def evaluable(failure: Failure) -> bool:
    """Whether a response or a progression is known, by the results or by the team."""
    best = failure.best
    told = {best.response, best.computed, best.team} - {None, "NE"}
    progressed = failure.computed_day is not None or failure.team_day is not None
    # of a day that is not known, too; a death of the myeloma tells of no assessment
    judged = failure.status == "failed" and failure.kind != "death_of_myeloma"
    return bool(told) or progressed or judged


def _next_therapy(record: Record, failure: Failure) -> int | None:
    return None if failure.course is None else next_therapy_day(record, failure.course)


def _lines(patient: Patient, every: Sequence[Line], knowledge: Knowledge) -> list[Row]:
    later = {x.line.number: (place, x) for place, x in enumerate(patient.disease.lines, 1)}
    given = given_strategies(every, knowledge)
    infused = 0
    rows: list[Row] = []
    for line, strategy in zip(every, given, strict=True):
        infused += line.infusion is not None
        place, outcome = later.get(line.number, (None, None))
        rows.append(
            {
                "line": line.number,
                "after_infusion": infused - (line.infusion is not None),
                "salvage": place,
                "start_low": line.start.first,
                "start_high": line.start.last,
                "end_low": line.end.first,
                "end_high": line.end.last,
                "agents": _given(line),
                "purposes": sorted({r.purpose for r in line.rows if r.purpose is not None}),
                "strategy": strategy.strategy,
                "option": strategy.option,
                "exact": strategy.exact,
                **_line_outcome(outcome),
            }
        )
    return rows


def _given(line: Line) -> list[str]:
    if line.infusion is not None:
        return [line.infusion.product or "CAR-T"]
    return list(line.agents)


def _line_outcome(outcome: LineOutcome | None) -> Row:
    failure = None if outcome is None else outcome.failure
    when = failure.when if failure is not None and failure.status in _RELAPSED else UNKNOWN_WHEN
    return {
        "status": None if failure is None else failure.status,
        "progressed_low": when.first,
        "progressed_high": when.last,
        "best_response": None if failure is None else failure.best.response,
        "responded": None if failure is None else failure.responded,
        "evaluable": None if failure is None else evaluable(failure),
        "refractory": None if outcome is None else outcome.refractory,
    }


def _visits(failure: Failure) -> Iterable[Row]:
    if failure.course is None:
        return
    for visit in failure.course.visits:
        yield {
            "infusion": failure.number,
            "day_low": visit.when.first,
            "day_high": visit.when.last,
            "response": visit.response,
            "confirmed": visit.confirmed,
            "rule": visit.rule,
        }


def _relapses(patient: Patient) -> list[Row]:
    present = patient.disease.relapse
    found = [("CAR-T", None, failure) for failure in patient.failures] + [
        (" + ".join(x.agents), x.line.number, x.failure) for x in patient.disease.lines
    ]
    return [
        {
            "after": after,
            "line": number,
            "infusion": failure.number if number is None else None,
            "status": failure.status,
            "certainty": failure.certainty,
            "kind": failure.kind,
            "day_low": failure.when.first,
            "day_high": failure.when.last,
            "pattern": list(failure.pattern),
            "present": present is not None and present.failure is failure,
        }
        for after, number, failure in found
        if failure.status in _RELAPSED
    ]


def _outcomes(record: Record, judged: Sequence[Failure]) -> list[Row]:
    first = first_measured(record)
    rows: list[Row] = []
    for origin, wanted in COUNTED.items():
        # the time before the first CAR-T is no follow-up; a second one is salvage from apheresis on
        counted = [x for x in judged if x.number > 1] if origin == "apheresis" else judged
        for number, found in endpoints(record, counted, origin=origin).items():
            rows += [_outcome(number, found[name], first) for name in wanted]
    return rows


def _outcome(number: int, endpoint: Endpoint, first: int | None) -> Row:
    start, between = endpoint.origin_day, endpoint.between
    return {
        "infusion": number,
        "origin": endpoint.origin,
        "origin_day": start,
        "endpoint": endpoint.name,
        "status": endpoint.status,
        "event": endpoint.event,
        "days": endpoint.days,
        "days_low": _since(start, endpoint.day if between is None else between.first),
        "days_high": _since(start, endpoint.day if between is None else between.last),
        "censored_by": endpoint.censored_by,
        "competing": endpoint.competing,
        "obstacle": endpoint.obstacle,
        "entry": None if start is None or first is None else max(0, first - start),
    }


def _since(start: int | None, day: int | None) -> int | None:
    return None if start is None or day is None else day - start


# ---------------------------------------------------------------- the answer


def _of_answer(answer: Row, knowledge: Knowledge) -> dict[str, list[Row]]:
    return {
        "tiers": list(_tiers(answer, "now")),
        "causes": [
            {"factor": factor.id, "group": factor.group, "grade": grade}
            for factor in knowledge.factors.values()
            if (grade := answer.get(f"factor_{factor.id}")) is not None
        ],
        "tests": [
            {"rank": rank, "test": test, "mandatory": test in (answer["mandatory_tests"] or ())}
            for rank, test in enumerate(answer["tests"] or (), 1)
        ],
    }


def _tiers(answer: Row, decision: str) -> Iterable[Row]:
    for name, tier in answer.items():
        if name.startswith("tier_") and tier is not None:
            yield {
                "decision": decision,
                "as_of": answer["as_of"],
                "strategy": name.removeprefix("tier_"),
                "tier": tier,
            }


def issue_row(issue: Issue) -> dict[str, Any]:
    """An issue as it is kept, of a patient or of nobody."""
    return {
        "severity": issue.severity,
        "code": issue.code,
        "file": issue.source.file,
        "place": issue.source.place,
        "column": issue.column,
        "value": issue.value,
        "done": issue.done,
        "count": max(1, len(issue.places)),
        "message": issue.message,
    }
