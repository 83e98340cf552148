"""The fields of every patient and period as a table of all and a list of what is open: CSV files
and a workbook.
"""

from __future__ import annotations

import csv
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from datetime import date, timedelta
from pathlib import Path
from typing import IO, Any

from rearm.characters import formula_free, replaced
from rearm.export.cibmtr import answers_course, answers_tests
from rearm.export.cibmtr.answer import Answer
from rearm.export.cibmtr.case import PeriodCase
from rearm.export.cibmtr.fields import Field, Form, load_form
from rearm.export.cibmtr.periods import Period, periods_of
from rearm.knowledge import Knowledge, load
from rearm.record import Record
from rearm.response.criteria import Criteria, load_criteria
from rearm.workbook import Workbook, put, write_workbook

__all__ = ["ANSWERED_BY", "COLUMNS", "MOST_IN_WORKBOOK", "CibmtrFolder", "cibmtr_rows"]

Answering = Callable[[PeriodCase, Field], Answer]
ANSWERED_BY: Mapping[str, Answering] = {
    name: getattr(module, name)
    for module in (answers_course, answers_tests)
    for name in module.__all__
}
COLUMNS = (
    "patient_id",
    "infusion",
    "product",
    "period",
    "period_over",
    "revision",
    "form",
    "question",
    "field",
    "asks",
    "answer",
    "day",
    "date",
    "from",
    "why_open",
)
MOST_IN_WORKBOOK = 200_000  # rows; a workbook is made in memory
_SHEETS = {"fields": "fields.csv", "open": "open.csv"}
Row = dict[str, Any]


def cibmtr_rows(
    record: Record, form: Form, knowledge: Knowledge, *, revision: str = ""
) -> Iterator[Row]:
    """A row for each field of each period; see `COLUMNS`. A record without a dated infusion has
    none. `revision`: of the forms that the centre reports by.
    """
    criteria = load_criteria()
    before: PeriodCase | None = None
    for period in periods_of(record, criteria, form.periods):
        case = _case(record, period, criteria, knowledge, before)
        for field in form.fields:
            answer = ANSWERED_BY[field.by](case, field)
            yield _row(record, period, field, answer, revision)
        before = case


def _case(
    record: Record,
    period: Period,
    criteria: Criteria,
    knowledge: Knowledge,
    before: PeriodCase | None,
) -> PeriodCase:
    same = before is not None and before.period.number == period.number
    return PeriodCase(record, period, criteria, knowledge, before if same else None)


def _row(record: Record, period: Period, field: Field, answer: Answer, revision: str) -> Row:
    on = _date(record, answer.day)
    value = answer.value
    if answer.is_date:
        value = on or f"day {answer.day}"
    return {
        "patient_id": record.patient_id,
        "infusion": period.number,
        "product": period.product.doses[0].product or "",
        "period": period.name,
        "period_over": "yes" if period.over else "no",
        "revision": revision,
        "form": field.form,
        "question": field.question,
        "field": field.id,
        "asks": field.asks,
        "answer": value or "",
        "day": answer.day,
        "date": on,
        "from": "; ".join(map(str, answer.sources)),
        "why_open": answer.why_open,
    }


def _date(record: Record, day: int | None) -> str:
    """The calendar date of a day; nothing where day 0 has none."""
    zero: date | None = record.day_zero
    if day is None or zero is None:
        return ""
    return (zero + timedelta(days=day)).isoformat()


class CibmtrFolder:
    """Writes patient by patient; the files appear whole when `finish` is called. Used as a context
    it removes what is not finished, whatever happens.
    """

    def __init__(self, folder: Path, *, knowledge: Knowledge | None = None, revision: str = ""):
        self.folder, self.revision = folder, revision
        self.knowledge = knowledge or load()
        self.form = load_form(self.knowledge)
        self.patients = 0
        self.without_infusion: list[str] = []
        self.fields = 0
        self.open: Counter[str] = Counter()  # by field
        self._work = tempfile.TemporaryDirectory(dir=folder, prefix=".rearm-")
        self._files: dict[str, IO[str]] = {}
        self._writers: dict[str, Any] = {}

    def __enter__(self) -> CibmtrFolder:
        for name, file in _SHEETS.items():
            path = Path(self._work.name) / file
            self._files[name] = path.open("w", encoding="utf-8", newline="")
            self._writers[name] = csv.writer(self._files[name], lineterminator="\n")
            self._writers[name].writerow(COLUMNS)
        return self

    def __exit__(self, *_: object) -> None:
        for file in self._files.values():
            file.close()
        self._work.cleanup()

    def add(self, record: Record) -> None:
        # all rows are made before one is written: a patient is there whole or not at all
        rows = list(cibmtr_rows(record, self.form, self.knowledge, revision=self.revision))
        self.patients += 1
        if not rows:
            self.without_infusion.append(record.patient_id)
        for row in rows:
            cells = [_cell(row[column]) for column in COLUMNS]
            self._writers["fields"].writerow(cells)
            self.fields += 1
            if row["why_open"]:
                self._writers["open"].writerow(cells)
                self.open[row["field"]] += 1

    def finish(self) -> tuple[Path, ...]:
        """The CSV files in their place, and a workbook of both where it is not too long."""
        for opened in self._files.values():
            opened.close()
        written = []
        if self.fields <= MOST_IN_WORKBOOK:
            book = self.folder / "cibmtr.xlsx"
            written.append(write_workbook(book, self._sheets))
        for file in _SHEETS.values():
            path = Path(self._work.name) / file
            written.append(path.replace(self.folder / file))
        return tuple(written)

    def _sheets(self, book: Workbook) -> None:
        header = book.add_format({"bold": True})
        text = book.add_format({"quote_prefix": True})
        for name, file in _SHEETS.items():
            sheet = book.add_worksheet(name)
            sheet.freeze_panes(1, 0)
            with (Path(self._work.name) / file).open(encoding="utf-8", newline="") as rows:
                last = 0
                for number, row in enumerate(csv.reader(rows)):
                    for column, cell in enumerate(row):
                        put(sheet, number, column, cell, text if number else header)
                    last = number
            sheet.autofilter(0, 0, last, len(COLUMNS) - 1)


def _cell(value: str | int | None) -> str | int:
    """A cell in which nothing is computed."""
    if value is None:
        return ""
    return formula_free(replaced(value)) if isinstance(value, str) else value
