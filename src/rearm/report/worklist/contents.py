"""The work list of whoever keeps the data: what was wrong by cause, how much of the input can be
placed in time, and what the page will not know because it is not on record.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from rearm.assessment import Assessment
from rearm.intake.result import Headers
from rearm.record import EVENT_FIELDS, Issue, IssuePlace, Record, Severity

__all__ = [
    "Cause",
    "Coverage",
    "NotOnRecord",
    "Order",
    "Worklist",
    "causes",
    "may_change_an_answer",
    "not_on_record",
    "values_text",
]

Order = Literal["severity", "count", "patients", "code", "file"]
_SEVERITIES: tuple[Severity, ...] = ("error", "warning", "note")
# tables of the record whose rows stand at a time
_TIMED = {
    "results": "labs",
    "treatments": "therapies",
    "infusions": "infusions",
    "responses": "responses",
    "variants": "variants",
    "imaging": "imaging",
    "toxicities": "toxicities",
    "conditions": "conditions",
}
_UNUSED_COLUMNS = ("unknown_column", "columns_not_mapped", "column_without_header")
Cell = str | int | None


def may_change_an_answer(issue: Issue) -> bool:
    """Whether what is wrong may change an answer: all but notes, also where the value is used."""
    return issue.severity != "note"


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """Issues of one cause: the same code in the same column, with what was done about it.

    `patients` counts those who are named; `values`: what stands in these cells, the most frequent
    first, with the number of cells.
    """

    severity: Severity
    code: str
    column: str | None
    done: str
    count: int
    patients: int
    files: int
    values: tuple[tuple[str, int], ...]
    example: Issue


def causes(issues: Iterable[Issue], order: Order = "severity") -> list[Cause]:
    """The issues by their cause; by severity and number, unless another order is asked for."""
    groups: dict[tuple[Severity, str, str | None, str], list[Issue]] = {}
    for issue in issues:
        key = (issue.severity, issue.code, issue.column, issue.done)
        groups.setdefault(key, []).append(issue)
    found = [_cause(group) for group in groups.values()]
    keys: dict[Order, Any] = {
        "severity": lambda c: (_SEVERITIES.index(c.severity), -c.count),
        "count": lambda c: -c.count,
        "patients": lambda c: -c.patients,
        "code": lambda c: (c.code, c.column or ""),
        "file": lambda c: c.example.source,
    }
    return sorted(found, key=keys[order])


def _cause(group: Sequence[Issue]) -> Cause:
    first = group[0]
    return Cause(
        severity=first.severity,
        code=first.code,
        column=first.column,
        done=first.done,
        count=len(group),
        patients=len({i.patient_id for i in group if i.patient_id is not None}),
        files=len({i.source.file for i in group}),
        values=tuple(Counter(i.value for i in group if i.value is not None).most_common()),
        example=first,
    )


@dataclass(slots=True)
class Coverage:
    """How much was read and can be placed in time. `without_day` counts what has neither a day nor
    bounds of one; `no_infusion`, `no_results` and `nothing_read` (no event at all) name patients.
    """

    patients: int = 0
    read: Counter[str] = field(default_factory=Counter)
    without_day: Counter[str] = field(default_factory=Counter)
    set_aside: int = 0
    no_infusion: list[str] = field(default_factory=list)
    no_results: list[str] = field(default_factory=list)
    nothing_read: list[str] = field(default_factory=list)

    def add(self, record: Record) -> None:
        self.patients += 1
        if not any(getattr(record, name) for name in EVENT_FIELDS):
            self.nothing_read.append(record.patient_id)
        for name, table in _TIMED.items():
            rows = getattr(record, table)
            self.read[name] += len(rows)
            self.without_day[name] += sum(
                row.when.first is None and row.when.last is None for row in rows
            )
        self.set_aside += len(record.set_aside)
        if not record.infused():
            self.no_infusion.append(record.patient_id)
        if not record.labs:
            self.no_results.append(record.patient_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class NotOnRecord:
    """One work-up whose result is not on record for a patient, with what it could change.

    `findings` are what it would tell. `options` and `causes` count those whose verdict or grade a
    result could change; `failure`: whether it could change whether the CAR-T failed. `unread`:
    results of it that were given and could not be read.
    """

    patient_id: str
    workup: str
    findings: tuple[str, ...]
    minimum: bool
    failure: bool
    options: int
    causes: int
    why: str
    unread: int = 0


def not_on_record(assessment: Assessment) -> list[NotOnRecord]:
    """What the page of a patient will not know: first what was given and could not be read, then by
    what it could change: whether the CAR-T failed, options, causes.
    """
    found = []
    for test in assessment.next_tests:
        turns = [turn for change in test.changes for turn in change.turns]
        touched = {(turn.kind, what) for turn in turns for what in turn.what}
        kinds = Counter(kind for kind, _ in touched)
        seen = assessment.findings
        found.append(
            NotOnRecord(
                patient_id=assessment.patient_id,
                workup=test.name,
                findings=tuple(
                    seen[name].text if name in seen and not seen[name].known else name
                    for name in test.findings
                ),
                minimum=test.mandatory,
                failure=kinds["failure"] > 0,
                options=kinds["option"],
                causes=kinds["factor"],
                why=test.why,
                unread=test.unread,
            )
        )
    return sorted(
        found, key=lambda row: (not row.unread, not row.failure, -row.options, -row.causes)
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Worklist:
    """All of it. `complete`: patients for whom no further test is asked for; `unassessed`: for each
    of whom it is not known what is missing a sentence that says why.
    """

    issues: Sequence[Issue]
    coverage: Coverage
    missing: Sequence[NotOnRecord]
    complete: Sequence[str] = ()
    unassessed: Sequence[str] = ()
    order: Order = "severity"
    headers: Headers = field(default_factory=dict)

    @property
    def causes(self) -> list[Cause]:
        return causes(self.issues, self.order)

    @property
    def unused_columns(self) -> int:
        """How many issues tell of columns that are not read; a mapping has one for each sheet."""
        return sum(issue.code in _UNUSED_COLUMNS for issue in self.issues)

    def tables(self) -> dict[str, list[list[Cell]]]:
        """The tables for a spreadsheet by name, each with its header first."""
        return {
            "issues": [list(_ISSUE_COLUMNS), *self._issue_rows()],
            "causes": [list(_CAUSE_COLUMNS), *map(_cause_row, self.causes)],
            "not_on_record": [list(_MISSING_COLUMNS), *map(_missing_row, self.missing)],
            "coverage": [["what", "read", "without a day"], *self._coverage_rows()],
        }

    def plain(self) -> dict[str, Any]:
        """The same as plain values for JSON."""
        tables = {
            name: [dict(zip(rows[0], row, strict=True)) for row in rows[1:]]
            for name, rows in self.tables().items()
            if name != "coverage"
        }
        coverage = self.coverage
        return tables | {
            "coverage": {
                "patients": coverage.patients,
                "read": dict(coverage.read),
                "without_day": dict(coverage.without_day),
                "results_set_aside": coverage.set_aside,
                "issues_on_columns_not_read": self.unused_columns,
                "patients_without_infusion": coverage.no_infusion,
                "patients_without_results": coverage.no_results,
                "patients_without_any_event": coverage.nothing_read,
            },
            "no_further_test": list(self.complete),
            "unassessed": list(self.unassessed),
        }

    def _issue_rows(self) -> Iterator[list[Cell]]:
        """A row for each cell, row, sheet or file that an issue is about, the gravest first."""
        for issue in sorted(self.issues, key=lambda issue: _SEVERITIES.index(issue.severity)):
            own = IssuePlace(issue.source, issue.patient_id, issue.column, issue.value)
            for place in issue.places or (own,):
                yield _issue_row(issue, place, self.headers)

    def _coverage_rows(self) -> list[list[Cell]]:
        coverage = self.coverage
        rows: list[list[Cell]] = [["patients", coverage.patients, None]]
        rows += [[name, n, coverage.without_day[name]] for name, n in coverage.read.items()]
        return [
            *rows,
            ["results not used", coverage.set_aside, None],
            ["issues in columns that are not read", self.unused_columns, None],
            ["patients without an infusion", len(coverage.no_infusion), None],
            ["patients without a result", len(coverage.no_results), None],
            ["patients without any event", len(coverage.nothing_read), None],
        ]


_ISSUE_COLUMNS = (
    "severity", "code", "patient", "file", "sheet", "row", "column", "header", "value", "what",
    "done", "place", "field",
)  # fmt: skip


def _issue_row(issue: Issue, place: IssuePlace, headers: Headers) -> list[Cell]:
    """One place of an issue as a row of the table. `column` is what finds the cell: letters in a
    sheet, the header in a CSV file; `field` the column of the tidy table that it was read as.
    """
    source = place.source
    sheet, row, letters = source.cell
    known = headers.get((source.file, sheet), {})
    header = known.get(letters or source.header or "", source.header)
    return [
        issue.severity,
        issue.code,
        place.patient_id or issue.patient_id,
        source.file,
        sheet,
        row,
        letters or header,
        header,
        place.value,
        issue.message,
        issue.done,
        source.place,
        place.column,
    ]


_CAUSE_COLUMNS = (
    "severity", "code", "column", "done", "count", "patients", "files", "values", "example",
    "first_place",
)  # fmt: skip


def _cause_row(cause: Cause) -> list[Cell]:
    return [
        cause.severity,
        cause.code,
        cause.column,
        cause.done,
        cause.count,
        cause.patients,
        cause.files,
        values_text(cause, most=10),
        cause.example.message,
        str(cause.example.source),
    ]


def values_text(cause: Cause, *, most: int) -> str:
    """The values of the cells with the number of each, the most frequent first."""
    told = [f"{value} ({n})" if n > 1 else value for value, n in cause.values[:most]]
    more = len(cause.values) - most
    return ", ".join([*told, f"{more} more"] if more > 0 else told)


_MISSING_COLUMNS = (
    "patient", "not_on_record", "would_tell", "minimum_work_up", "failure", "options",
    "causes", "what_it_could_change", "given_unread",
)  # fmt: skip


def _missing_row(row: NotOnRecord) -> list[Cell]:
    return [
        row.patient_id,
        row.workup,
        "; ".join(row.findings),
        "yes" if row.minimum else "no",
        "yes" if row.failure else "no",
        row.options,
        row.causes,
        row.why,
        row.unread,
    ]
