"""Rows of the tidy tables to records: one patient's rows are brought together, placed on one day
axis and checked against each other.

Every way in (tidy tables, a mapping, FHIR) ends here, so that all give the same record for the same
facts.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from datetime import date
from typing import Any

from rearm.intake import values
from rearm.intake.build.axis import INFUSION, Axis, choose_day_zero, infusion_off_day_zero
from rearm.intake.build.checks.ids import flag_ids_alike
from rearm.intake.build.checks.infusion_days import flag_infusion_days
from rearm.intake.build.checks.isolated_day import flag_lonely_day
from rearm.intake.build.checks.light_chains import flag_swapped_chains
from rearm.intake.build.conditions import settle_conditions
from rearm.intake.build.context import Context
from rearm.intake.build.events import EVENT_READERS, read_therapy
from rearm.intake.build.labs import read_lab
from rearm.intake.build.results import settle_results
from rearm.intake.dictionary import load_tables
from rearm.intake.rows import Row
from rearm.intake.values import Refused, shown
from rearm.record import Infusion, Issue, Record, Severity, Source, When

__all__ = ["Reading", "build_records"]

_EVENT_ORDER = (
    "deaths",
    "infusions",
    "assessments",
    "refractoriness",
    "variants",
    "imaging",
    "toxicities",
    "conditions",
    "facts",
)


@dataclass(frozen=True, slots=True)
class Reading:
    """What was read: one record a patient, the issues that belong to no patient, and the names of
    the files.
    """

    records: tuple[Record, ...]
    issues: tuple[Issue, ...] = ()
    files: tuple[str, ...] = ()

    def all_issues(self) -> tuple[Issue, ...]:
        """Issues of the files, then of each patient."""
        return (*self.issues, *(issue for record in self.records for issue in record.issues))


def build_records(
    rows: Iterable[Row],
    *,
    definitions: Mapping[str, Sequence[str]] | None = None,
    has_patient_table: bool = True,
    notes: Iterable[Issue] = (),
    today: date | None = None,
) -> tuple[tuple[Record, ...], tuple[Issue, ...]]:
    """Records in the order in which their patients appear (those of the table `patients` first),
    and issues that belong to no patient.

    `definitions` are the centre's own regimen names. `notes` are issues found before; those with a
    patient go into that record. `today` is only used to refuse dates that lie in the future of a
    record that otherwise does not.
    """
    by_patient: dict[str, list[Row]] = {}
    loose: list[Issue] = []
    waiting: dict[str, list[Row]] = {}
    for row in rows:
        patient_id = values.text(row.values.get("patient_id"))
        if not patient_id:
            loose.append(
                Issue(
                    "error",
                    "patient_id_missing",
                    row.at("patient_id"),
                    f"The row of {row.table} names no patient; it is not read.",
                    "refused",
                )
            )
        elif "\n" in patient_id or "\r" in patient_id:
            message = (
                f"The id {shown(patient_id)} runs over several lines, so the row of {row.table} is"
                " not read, nor the lines that it may have swallowed. Look for a quotation mark"
                " without its pair there."
            )
            loose.append(
                Issue("error", "patient_id_line_break", row.at("patient_id"), message, "refused")
            )
        elif row.table == "patients":
            by_patient.setdefault(patient_id, []).append(row)
        else:
            waiting.setdefault(patient_id, []).append(row)
    found: dict[str, list[Issue]] = defaultdict(list)
    for issue in notes:
        (loose if issue.patient_id is None else found[issue.patient_id]).append(issue)
    for patient_id, events in waiting.items():
        if patient_id not in by_patient and has_patient_table:
            message = (
                f"The patient {shown(patient_id)} has no row in patients; the record holds only"
                " what the other tables say. Check the spelling of the id."
            )
            found[patient_id].append(
                Issue(
                    "warning",
                    "no_patient_row",
                    events[0].at("patient_id"),
                    message,
                    "used",
                    patient_id,
                )
            )
        by_patient.setdefault(patient_id, []).extend(events)
    loose.extend(
        flag_ids_alike(
            {patient_id: own[0].at("patient_id") for patient_id, own in by_patient.items()}
        )
    )
    for patient_id in found.keys() - by_patient.keys():
        loose.extend(found[patient_id])
    ordinal = (today or date.today()).toordinal()
    records = tuple(
        _Builder(patient_id, own, ordinal, definitions).record(found.get(patient_id, ()))
        for patient_id, own in by_patient.items()
    )
    return records, tuple(loose)


@dataclass(slots=True)
class _Person:
    sex: str | None = None
    birth_date: date | None = None
    birth_year: int | None = None
    day_zero: date | None = None
    heavy_chain: tuple[str, ...] = ()
    light_chain: str | None = None
    source: Source | None = None
    rows: list[Row] = field(default_factory=list)


class _Builder:
    """One patient's record from that patient's rows."""

    def __init__(
        self,
        patient_id: str,
        rows: Sequence[Row],
        today: int,
        definitions: Mapping[str, Sequence[str]] | None,
    ) -> None:
        self.patient_id = patient_id
        self.definitions = definitions
        self.tables: dict[str, list[Row]] = defaultdict(list)
        for row in rows:
            self.tables[row.table].append(row)
        self.rows = rows
        self.context = Context(patient_id, Axis(zero=None, today=today))

    def record(self, notes: Iterable[Issue]) -> Record:
        context = self.context
        context.issues.extend(notes)
        person = self._person()
        self._set_axis(person)
        events: dict[str, tuple[Any, ...]] = {}
        for table in _EVENT_ORDER:
            name, reader = EVENT_READERS[table]
            complete = [row for row in self.tables[table] if self._complete(row)]
            events[name] = self._distinct(
                [(e, row) for row in complete for e in reader(row, context)]
            )
            if table in ("deaths", "infusions"):
                self._anchor(table, events[name])
        self._undated_infusions(events["infusions"])
        context.infused = bool(events["infusions"])
        events["conditions"] = settle_conditions(events["conditions"], context)
        lab_rows = [
            item for row in self.tables["labs"] if (item := read_lab(row, context)) is not None
        ]
        labs, set_aside = settle_results(lab_rows, context)
        therapies = self._distinct(
            [
                (t, row)
                for row in self.tables["therapies"]
                for t in read_therapy(row, context, self.definitions)
            ]
        )
        diagnosis, last_seen = (
            self._person_day(person, "diagnosis_day"),
            self._person_day(person, "last_seen_day"),
        )
        record = Record(
            patient_id=self.patient_id,
            source=person.source or self.rows[0].source,
            sex=person.sex,
            birth_date=person.birth_date,
            birth_year=person.birth_year,
            day_zero=person.day_zero,
            diagnosis_day=diagnosis,
            heavy_chain=person.heavy_chain,
            light_chain=person.light_chain,
            last_seen_day=last_seen,
            labs=labs,
            set_aside=(*set_aside, *context.set_aside),
            therapies=therapies,
            **events,
        )
        context.issues.extend(flag_infusion_days(record))
        context.issues.extend(flag_lonely_day(record))
        record = self._until_last_contact(record)
        swapped = flag_swapped_chains(labs, person.light_chain, self.patient_id)
        return replace(record, issues=(*context.issues, *swapped, *context.notes_on_not_done()))

    # ------------------------------------------------------------ the person

    def _person(self) -> _Person:
        rows = self.tables["patients"]
        person = _Person(rows=rows)
        if not rows:
            return person
        person.source = rows[0].source
        if len(rows) > 1 and all(r.values == rows[0].values for r in rows[1:]):
            self.context.issue(
                rows[1],
                None,
                "note",
                "duplicate_row",
                "The patient's row stands twice with the same content; one is used.",
                "used",
            )
            rows = person.rows = rows[:1]
        for row in rows:
            sex, light = self.context.word(row, "sex"), self.context.word(row, "light_chain")
            person.sex = self._agree(row, "sex", person.sex, sex)
            person.light_chain = self._agree(row, "light_chain", person.light_chain, light)
            person.heavy_chain = (
                self._agree(
                    row, "heavy_chain", person.heavy_chain, self.context.words(row, "heavy_chain")
                )
                or ()
            )
            person.birth_date = self._agree(
                row, "birth_date", person.birth_date, self._date(row, "birth_date")
            )
            person.birth_year = self._agree(row, "birth_year", person.birth_year, self._year(row))
            person.day_zero = self._agree(
                row, "day_zero", person.day_zero, self._date(row, "day_zero")
            )
        if (
            person.birth_date is not None
            and person.birth_year is not None
            and person.birth_date.year != person.birth_year
        ):
            self.context.issue(
                rows[0],
                "birth_year",
                "error",
                "birth_contradiction",
                f"The year of birth {person.birth_year} contradicts the date of birth"
                f" {person.birth_date}; neither is used.",
                "set_aside",
            )
            person.birth_date = person.birth_year = None
        return person

    def _agree(self, row: Row, column: str, before: Any, now: Any) -> Any:
        """The value that all of the patient's rows agree on; None, with an issue, where they
        contradict each other.
        """
        if before in (None, ()) or now in (None, ()) or before == now:
            return now if before in (None, ()) else before
        self.context.issue(
            row,
            column,
            "error",
            "patient_contradiction",
            f"The patient's rows give {column} as {before} and as {now}; it is not used.",
            "set_aside",
        )
        return None

    def _date(self, row: Row, column: str) -> date | None:
        value = row.values.get(column)
        if value is None or values.not_done(value):
            return None
        try:
            moment = values.parse_moment(value)
        except Refused as refusal:
            self.context.issue(
                row,
                column,
                "error",
                refusal.code,
                f"{column}: {refusal} It is not used.",
                "set_aside",
            )
            return None
        if not moment.dated or moment.first is None or moment.first != moment.last:
            self.context.issue(
                row,
                column,
                "error",
                "date_needed",
                f"{column} is {shown(value)}; a whole calendar date (YYYY-MM-DD) is needed. It is"
                " not used.",
                "set_aside",
            )
            return None
        return date.fromordinal(moment.first)

    def _year(self, row: Row) -> int | None:
        year = self.context.integer(row, "birth_year")
        if year is not None and not 1880 <= year <= date.fromordinal(self.context.axis.today).year:
            self.context.issue(
                row,
                "birth_year",
                "error",
                "value_impossible",
                f"The year of birth {year} is not possible; write four digits. It is not used.",
                "set_aside",
            )
            return None
        return year

    def _person_day(self, person: _Person, column: str) -> int | None:
        day: int | None = None
        for row in person.rows:
            when, _ = self.context.day(row, column)
            if when.day is None and when != When():
                self.context.issue(
                    row,
                    column,
                    "note",
                    "day_not_exact",
                    f"{column} is {shown(row.values.get(column))}, which is no exact day; it is not"
                    " used.",
                    "set_aside",
                )
            day = self._agree(row, column, day, when.day)
        return day

    # ------------------------------------------------------------ the axis

    def _set_axis(self, person: _Person) -> None:
        axis = self.context.axis
        if (
            person.day_zero is not None
            and (infused := infusion_off_day_zero(self.rows, person.day_zero.toordinal()))
            is not None
        ):
            message = (
                f"Day 0 is stated as {person.day_zero}, the infusion as"
                f" {date.fromordinal(infused)}, and other rows are day numbers: if these count from"
                " the infusion, every timing is wrong. All are used as stated; correct one of the"
                " two dates."
            )
            self.context.issues.append(
                Issue(
                    "error",
                    "day_zero_off_infusion",
                    person.source or self.rows[0].source,
                    message,
                    "used",
                    self.patient_id,
                )
            )
        if person.day_zero is None and (choice := choose_day_zero(self.rows)) is not None:
            zero, what = choice
            person.day_zero = date.fromordinal(zero)
            severity, meaning = self._meaning_of_day_zero(what)
            message = (
                f"Dates are given without day 0; day 0 is {person.day_zero}, the date of"
                f" {what}.{meaning}"
            )
            self.context.issues.append(
                Issue(
                    severity,
                    "day_zero_chosen",
                    person.source or self.rows[0].source,
                    message,
                    "used",
                    self.patient_id,
                )
            )
        if person.day_zero is not None:
            axis.zero = person.day_zero.toordinal()
            if axis.zero > axis.today:
                message = (
                    f"Day 0 ({person.day_zero}) lies in the future; the dates are taken as shifted"
                    " for de-identification."
                )
                self.context.issues.append(
                    Issue(
                        "warning",
                        "dates_shifted",
                        person.source or self.rows[0].source,
                        message,
                        "used",
                        self.patient_id,
                    )
                )
        if person.birth_date is not None:
            axis.birth = person.birth_date.toordinal()
        elif person.birth_year is not None:
            axis.birth = date(person.birth_year, 1, 1).toordinal()
        if axis.birth is not None and axis.zero is not None and axis.birth > axis.zero:
            self.context.issue(
                person.rows[0],
                "birth_year",
                "error",
                "before_birth",
                "Day 0 lies before the patient's birth; the birth is not used.",
                "set_aside",
            )
            person.birth_date = person.birth_year = axis.birth = None
        for row in self.tables["therapies"]:
            purpose = values.text(row.values.get("purpose")).casefold()
            if purpose in ("bridging", "lymphodepletion"):
                name = f"{purpose}_day"
                day = self._quiet_day(row, "start_day")
                earlier = getattr(axis, name)
                if day is not None and (earlier is None or day < earlier):
                    setattr(axis, name, day)
        axis.diagnosis_day = min(
            (d for row in person.rows if (d := self._quiet_day(row, "diagnosis_day")) is not None),
            default=None,
        )

    def _meaning_of_day_zero(self, what: str) -> tuple[Severity, str]:
        """How much hangs on the day chosen: all timing is meant from the infusion."""
        if what == INFUSION:
            return "note", ""
        timing = "so days, and whatever is judged by days, are not counted from an infusion"
        if any(_may_be_given(row) for row in self.tables["infusions"]):
            return (
                "error",
                (
                    " CAR-T infusions stand in the record, but none has a date that can be read,"
                    f" {timing}. Give their dates."
                ),
            )
        return (
            "warning",
            f" No CAR-T infusion was read, {timing}. If there was one, map or give its date.",
        )

    def _undated_infusions(self, infusions: tuple[Infusion, ...]) -> None:
        for infusion in infusions:
            if infusion.infused is not False and infusion.when == When():
                message = (
                    f"The infusion{f' of {infusion.product}' if infusion.product else ''} has no"
                    " day: nothing can be placed after it and its failure cannot be judged. Give"
                    " its day, or infused = no where it was never given."
                )
                self.context.issues.append(
                    Issue(
                        "error",
                        "infusion_without_day",
                        infusion.source,
                        message,
                        "used",
                        self.patient_id,
                    )
                )

    def _quiet_day(self, row: Row, column: str) -> int | None:
        """An exact day without issues: they are written when the row itself is read."""
        value = row.values.get(column)
        if value is None:
            return None
        try:
            moment = values.parse_moment(value)
            return None if moment.anchor is not None else self.context.axis.when(moment).day
        except Refused:
            return None

    def _anchor(self, table: str, events: tuple[Any, ...]) -> None:
        axis = self.context.axis
        days = [
            e.day
            for e in events
            if e.day is not None and (table == "deaths" or e.infused is not False)
        ]
        if table == "deaths":
            if len(set(days)) > 1:
                self.context.issue(
                    self.tables["deaths"][0],
                    "day",
                    "error",
                    "deaths_contradict",
                    f"Death is recorded on the days {', '.join(map(str, sorted(set(days))))}; the"
                    " last is taken as the bound for other rows.",
                    "used",
                )
            axis.death_day = max(days, default=None)
        else:
            axis.infusion_day = min(days, default=None)
            axis.apheresis_days = tuple(dict.fromkeys(d for e in events for d in e.apheresis_days))

    # ------------------------------------------------------------ events

    def _complete(self, row: Row) -> bool:
        missing = [
            c.name
            for c in load_tables()[row.table].columns.values()
            if c.required and row.values.get(c.name) is None
        ]
        if missing == ["status"] and row.table == "conditions":
            return True  # kept as unclear
        if missing:
            self.context.issue(
                row,
                missing[0],
                "warning",
                "row_incomplete",
                f"The row of {row.table} has no {', '.join(missing)}; it is not read.",
                "set_aside",
            )
        return not missing

    def _distinct(self, events: Iterable[tuple[Any, Row]]) -> tuple[Any, ...]:
        """Events without repetitions; a repetition becomes a note."""
        seen: dict[tuple[Any, ...], Source] = {}
        kept: list[Any] = []
        for event, row in events:
            key = tuple(getattr(event, f.name) for f in fields(event) if f.name != "source")
            first = seen.get(key)
            if first is not None and first != event.source:
                self.context.issue(
                    row,
                    None,
                    "note",
                    "duplicate_row",
                    f"The row of {row.table} repeats {first.place}; one is used.",
                    "used",
                )
                continue
            seen[key] = event.source
            kept.append(event)
        return tuple(kept)

    # ------------------------------------------------------------ last contact

    def _until_last_contact(self, record: Record) -> Record:
        """Last contact moved to later data with an issue; open intervals cut at it, because nothing
        was observed after it.
        """
        if record.last_seen_day is None:
            return record
        names = (
            "labs",
            "set_aside",
            "therapies",
            "infusions",
            "responses",
            "variants",
            "imaging",
            "toxicities",
            "conditions",
            "deaths",
        )
        latest, source = record.last_seen_day, None
        for name in names:
            for event in getattr(record, name):
                if event.when.first is not None and event.when.first > latest:
                    latest, source = _best_day(event), event.source
        if source is not None:
            message = (
                f"Last contact is stated as day {record.last_seen_day}, but there are data on day"
                f" {latest} ({source.place}); day {latest} counts as last contact."
            )
            row = self.tables["patients"][0]
            issue = Issue(
                "warning",
                "last_seen_before_data",
                row.at("last_seen_day"),
                message,
                "used",
                self.patient_id,
                day=latest,
            )
            self.context.issues.append(issue)
        changes: dict[str, Any] = {"last_seen_day": latest}
        for name in names:
            events = getattr(record, name)
            if any(_beyond(e.when, latest) for e in events):
                field_name = "start" if name == "therapies" else "when"
                changes[name] = tuple(
                    (
                        replace(e, **{field_name: When(e.when.first, latest)})
                        if _beyond(e.when, latest)
                        else e
                    )
                    for e in events
                )
        return replace(record, **changes)


def _may_be_given(row: Row) -> bool:
    try:
        return row.values.get("infused") is None or values.yes_no(row.values["infused"])
    except Refused:
        return True  # said when the row itself is read


def _best_day(event: Any) -> int:
    """The day of an event, or the planned day of a visit whose day is an interval; else its first
    possible day.
    """
    when: When = event.when
    first = when.first if when.first is not None else 0
    planned: int | None = getattr(event, "nominal_day", None)
    return (
        planned
        if planned is not None
        and first <= planned <= (when.last if when.last is not None else planned)
        else first
    )


def _beyond(when: When, latest: int) -> bool:
    return when.last is not None and when.first is not None and when.first <= latest < when.last
