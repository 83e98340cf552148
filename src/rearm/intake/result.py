"""What was read: one record a patient, made when it is asked for, and the issues of the files."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING

from rearm.garbage import no_collection
from rearm.record import UNREAD_FILES, Issue, Record

if TYPE_CHECKING:
    from rearm.intake.rows import Row

__all__ = ["Headers", "Reading"]

Headers = Mapping[tuple[str, str | None], Mapping[str, str]]


class Reading:
    """One record a patient, the issues that belong to no patient, the names of the files, and the
    headers of tables: by file and sheet, by the letters of the column (in a sheet) or its name.

    `records` makes all records and keeps them; `stream` makes one after the other and keeps none,
    for cohorts that do not fit into memory as records. `unread`: the issues of files that may hold
    patients and of which nothing is read; each record carries them, as any of them may be theirs.
    `regimens`: the agents of the centre's own names of regimens.

    >>> import rearm
    >>> reading = rearm.read("examples/tables")
    >>> reading.records[0].patient_id, len(reading.files), reading.unread
    ('SYN-01', 9, ())
    """

    def __init__(
        self,
        records: Callable[[], Iterator[Record]],
        issues: Iterable[Issue] = (),
        files: Iterable[str] = (),
        headers: Headers | None = None,
        rows: Callable[[str], Iterable[Row]] | None = None,
        regimens: Mapping[str, Sequence[str]] | None = None,
    ) -> None:
        self._records = records
        self._rows = rows
        self.issues = tuple(issues)
        self.unread = tuple(
            x for x in self.issues if x.code in UNREAD_FILES and x.severity != "note"
        )
        self.files = tuple(files)
        self.headers: Headers = headers or {}
        self.regimens: Mapping[str, Sequence[str]] = regimens or {}

    @cached_property
    def records(self) -> tuple[Record, ...]:
        """All records, in the order in which their patients appear."""
        with no_collection():
            return tuple(self.stream())

    def stream(self) -> Iterator[Record]:
        """The records one by one, each made when it is asked for; nothing is kept."""
        if not self.unread:
            return self._records()
        return (replace(record, unread=self.unread) for record in self._records())

    def rows_of(self, patient_id: str) -> Iterator[Row]:
        """The rows of the tidy tables that the record of a patient is made of. Raises ValueError
        for a way in that does not keep them (exports that are read in parts).
        """
        if self._rows is None:
            raise ValueError("this reading does not keep its rows")
        return iter(self._rows(patient_id))

    def all_issues(self) -> tuple[Issue, ...]:
        """Issues of the files, then of each patient."""
        return (*self.issues, *(issue for record in self.records for issue in record.issues))
