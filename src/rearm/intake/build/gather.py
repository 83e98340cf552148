"""Rows brought together by patient. Nothing is read of them here but whose they are."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from rearm.intake.build.checks.ids import flag_ids_alike
from rearm.intake.issues import issue_at, place_at
from rearm.intake.rows import Cell, CellProblem, DecimalMark, Row
from rearm.intake.values import shown
from rearm.record import Issue, Source

__all__ = ["Gathered", "RowRun", "gather"]

_REASONS = 3  # that a sentence names

_NoPatient = Literal["patient_id_missing", "patient_id_line_break"]


class RowRun(Protocol):
    """Rows of one table and patient that follow each other, as columns. Rows are made when they are
    asked for.
    """

    @property
    def table(self) -> str: ...

    @property
    def patient_id(self) -> str: ...

    @property
    def names(self) -> Collection[str]:
        """The columns that there are."""

    def column(self, name: str) -> Sequence[Cell]:
        """The cells of a column, one for each row."""

    @property
    def decimal(self) -> DecimalMark | None:
        """The decimal mark of the table."""

    def source_of(self, index: int) -> Source:
        """The place of the event that a row becomes."""

    def row(self, index: int) -> Row:
        """One of the rows."""

    def rows(self) -> Iterable[Row]:
        """All of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Gathered:
    """The rows and the notes of each patient, in the order of the patients (those of the table
    `patients` first); and the issues that belong to no patient.
    """

    runs: Mapping[str, list[RowRun]]
    notes: Mapping[str, list[Issue]]
    issues: tuple[Issue, ...]

    def rows_of(self, patient_id: str) -> Iterator[Row]:
        """The rows of one patient; none where nobody has this id."""
        for run in self.runs.get(patient_id, ()):
            yield from run.rows()

    def why_nobody(self) -> str:
        """Where there is no patient: the first errors, as sentences; empty where there are none."""
        errors = [issue for issue in self.issues if issue.severity == "error"]
        left = len(errors) - _REASONS
        reasons = [f"{issue.source}: {issue.message}" for issue in errors[:_REASONS]]
        return " ".join([*reasons, f"{left} more."] if left > 0 else reasons)


def gather(
    runs: Iterable[RowRun], notes: Iterable[Issue] = (), *, has_patient_table: bool = True
) -> Gathered:
    """Rows by patient. `notes` are issues found before; those with a patient go to that patient."""
    patients: dict[str, list[RowRun]] = {}
    others: dict[str, list[RowRun]] = {}
    issues: list[Issue] = []
    strays: dict[tuple[str, _NoPatient], list[Row]] = {}  # by table and why they are of no patient
    for run in runs:
        patient_id = run.patient_id
        if (code := _no_patient(patient_id)) is not None:
            rows = list(run.rows())
            if rows:
                strays.setdefault((run.table, code), []).extend(rows)
        elif run.table == "patients":
            patients.setdefault(patient_id, []).append(run)
        else:
            others.setdefault(patient_id, []).append(run)
    issues.extend(_strays(table, code, rows) for (table, code), rows in strays.items())
    of_patient: dict[str, list[Issue]] = defaultdict(list)
    for note in notes:
        (issues if note.patient_id is None else of_patient[note.patient_id]).append(note)
    for patient_id, own in others.items():
        if patient_id not in patients and has_patient_table:
            of_patient[patient_id].append(_no_patient_row(patient_id, own))
        patients.setdefault(patient_id, []).extend(own)
    issues.extend(flag_ids_alike(patients, lambda patient_id: _place(patients[patient_id])))
    for patient_id, left in of_patient.items():
        if patient_id not in patients:
            issues.extend(left)
    return Gathered(runs=patients, notes=of_patient, issues=tuple(issues))


def _place(runs: list[RowRun]) -> Source:
    """Where a patient's id stands first."""
    return runs[0].row(0).at("patient_id")


def _no_patient(patient_id: str) -> _NoPatient | None:
    """Why rows with this id can't be of a patient, else None."""
    if not patient_id:
        return "patient_id_missing"
    return "patient_id_line_break" if "\n" in patient_id or "\r" in patient_id else None


def _strays(table: str, code: _NoPatient, rows: Sequence[Row]) -> Issue:
    """One issue for all rows of a table that are of no patient, at the first of them."""
    first, count = rows[0], len(rows)
    if code == "patient_id_missing":
        sentence = (
            f"The row of {table} has no patient id. It is not read."
            if count == 1
            else f"{count} rows of {table} have no patient id. They are not read; this is the "
            "first."
        )
    else:
        them = f"the row of {table} is" if count == 1 else f"{count} rows of {table} are"
        others = "" if count == 1 else " (this is the first such row)"
        sentence = (
            f"The id {shown(first.patient_id)} runs over several lines{others}, so {them} not "
            "read, nor any lines hidden inside it. Look there for an unmatched quotation mark."
        )
    return issue_at(
        first.at("patient_id"),
        CellProblem("error", code, sentence, "refused"),
        column="patient_id",
        places=[
            place_at(row.at("patient_id"), None, "patient_id", row.given("patient_id"))
            for row in rows
        ],
    )


def _no_patient_row(patient_id: str, runs: list[RowRun]) -> Issue:
    sentence = (
        f"The patient {shown(patient_id)} has no row in patients; only the other tables are "
        "used. Check the spelling of the id."
    )
    return issue_at(
        _place(runs),
        CellProblem("warning", "no_patient_row", sentence, "used"),
        patient_id,
        column="patient_id",
        value=patient_id,
    )
