"""One patient's rows to the record: they are placed on one day axis and checked against each other.

Every way in (tidy tables, a mapping, FHIR) ends here, so that all give the same record for the same
facts.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterable, Iterator, Sequence
from dataclasses import fields, replace
from datetime import date
from functools import cache
from itertools import chain
from operator import attrgetter
from typing import Any, cast

from rearm.intake.build.axis import Axis
from rearm.intake.build.checks.bridging import flag_perhaps_bridging
from rearm.intake.build.checks.day_numbers import flag_numbers_beside_dates
from rearm.intake.build.checks.igg import flag_igg_below_m_protein
from rearm.intake.build.checks.infusion_days import flag_infusion_days
from rearm.intake.build.checks.infusion_month import flag_month_of_infusion
from rearm.intake.build.checks.isolated_day import flag_isolated_day
from rearm.intake.build.checks.laboratory_days import flag_early_laboratory
from rearm.intake.build.checks.light_chains import flag_swapped_chains
from rearm.intake.build.checks.line_numbers import flag_missing_line
from rearm.intake.build.checks.new_lesions import flag_new_without_size
from rearm.intake.build.checks.open_ends import flag_open_ends
from rearm.intake.build.checks.outliers import flag_outliers
from rearm.intake.build.checks.statements import flag_denied_treatments
from rearm.intake.build.checks.undated import flag_undated_rows, is_undated
from rearm.intake.build.conditions import settle_conditions
from rearm.intake.build.content import content_of
from rearm.intake.build.events import EVENT_READERS, read_best_response, read_prior_lines
from rearm.intake.build.gather import Gathered, RowRun
from rearm.intake.build.infusions import flag_undated
from rearm.intake.build.issue_cells import at_cell, at_its_day
from rearm.intake.build.labs import LabReader, LabRow
from rearm.intake.build.last_contact import until_last_contact
from rearm.intake.build.log import IssueLog
from rearm.intake.build.lymphodepletion import named_lymphodepletion
from rearm.intake.build.person import axis_of, read_person
from rearm.intake.build.results import settle_results
from rearm.intake.build.terms import Terms
from rearm.intake.build.therapies import read_therapy
from rearm.intake.rows import Row
from rearm.record import UNKNOWN_WHEN, Death, Infusion, Issue, Lab, Record, Source

__all__ = ["make_records"]


def make_records(
    gathered: Gathered, terms: Terms, *, today: date | None = None
) -> Iterator[Record]:
    """The records one by one. `today` is only used to refuse dates that lie in the future of a
    record that otherwise does not.
    """
    ordinal = (today or date.today()).toordinal()
    labs = LabReader(terms)
    for patient_id, runs in gathered.runs.items():
        yield _record(patient_id, runs, gathered.notes.get(patient_id, ()), ordinal, labs)


def _record(
    patient_id: str, runs: Sequence[RowRun], notes: Iterable[Issue], today: int, labs: LabReader
) -> Record:
    terms = labs.terms
    log = IssueLog(patient_id)
    log.extend(notes)
    tables: dict[str, list[Row]] = defaultdict(list)
    labs_runs = [run for run in runs if run.table == "labs"]  # they are read from their columns
    for run in runs:
        if run.table == "patients":
            tables["patients"].extend(run.rows())
        elif run.table != "labs":
            tables[run.table].extend(row for row in run.rows() if _is_event(row, log, terms))
    person = read_person(tables["patients"], runs[0].source_of(0), today, log)
    # the day of a row that is no event must not become day 0
    kept: list[RowRun] = [*chain.from_iterable(tables.values()), *labs_runs]
    entered = person.day_zero is not None
    axis = axis_of(person, kept, tables["therapies"], today, log)
    if person.day_zero is not None and not entered and axis.stated.counted:
        log.extend([flag_numbers_beside_dates(person.day_zero, kept, patient_id)])
    events, unread = _events(tables, axis, log, terms)
    lab_rows = list(labs.read(labs_runs, axis, log))
    _flag_undated_labs(lab_rows, log)
    results, set_aside = settle_results(lab_rows, log, terms)
    infused = bool(events["infusions"])
    therapies = [
        (therapy, row)
        for row in tables["therapies"]
        for therapy in read_therapy(row, axis, log, terms, infused=infused)
    ]
    last_seen = person.last_seen(axis)
    record = Record(
        patient_id=patient_id,
        source=person.source,
        sex=person.sex,
        birth_date=person.birth_date,
        birth_year=person.birth_year,
        day_zero=person.day_zero,
        day_zero_between=person.day_zero_between,
        heavy_chain=person.heavy_chain,
        light_chain=person.light_chain,
        disease=person.disease,
        labs=results,
        set_aside=(*set_aside, *unread),
        therapies=_distinct(therapies, log),
        diagnosis=person.diagnosis(axis),
        last_seen_day=last_seen.first,
        **events,
    )
    record, read_as = named_lymphodepletion(record)
    log.extend(read_as)
    of_days = [*flag_infusion_days(record), *flag_isolated_day(record)]
    log.extend(at_its_day(issue, kept, axis) for issue in of_days)
    log.extend(at_cell(issue, kept, "line") for issue in flag_missing_line(record))
    unmeasured = flag_new_without_size(record)
    log.extend(at_cell(issue, kept, "length_mm") for issue in unmeasured)
    perhaps = flag_perhaps_bridging(record, terms.lexicon)
    log.extend(at_cell(issue, kept, "purpose") for issue in perhaps)
    denied = flag_denied_treatments(record, terms.lexicon)
    log.extend(at_cell(issue, kept, "status") for issue in denied)
    record = until_last_contact(record, last_seen, person.rows, log)
    contradicted = [
        *flag_swapped_chains(results, person.light_chain, patient_id),
        *flag_igg_below_m_protein(results, person.heavy_chain, patient_id),
    ]
    log.extend(at_cell(issue, labs_runs, "value") for issue in contradicted)
    early = flag_early_laboratory(record, terms.lab_tests)
    log.extend(at_its_day(issue, kept, axis) for issue in early)
    open_months = flag_month_of_infusion(record, terms.lab_tests)
    log.extend(at_its_day(issue, kept, axis) for issue in open_months)
    log.extend(at_cell(issue, kept, "end_day") for issue in flag_open_ends(record))
    outliers = flag_outliers(replace(record, issues=tuple(log.issues)), terms.test_names())
    log.extend(at_cell(issue, labs_runs, "value") for issue in outliers)
    return replace(record, issues=(*log.issues, *log.not_done()))


def _events(
    tables: dict[str, list[Row]], axis: Axis, log: IssueLog, terms: Terms
) -> tuple[dict[str, tuple[Any, ...]], list[Lab]]:
    """The events of each field of the record; and the statements of the disease that could not be
    read.
    """
    events: dict[str, tuple[Any, ...]] = {}
    unread: list[Lab] = []
    infused: list[tuple[Infusion, Row]] = []
    for table, (name, read) in EVENT_READERS.items():
        found: list[tuple[Any, Row]] = []
        for row in tables[table]:
            for event in read(row, axis, log, terms):
                if isinstance(event, Lab):
                    unread.append(event)
                else:
                    found.append((event, row))
        undated = [r for e, r in found if e.when == UNKNOWN_WHEN and is_undated(r)]
        log.extend(flag_undated_rows(table, undated, (), log.patient_id))
        events[name] = _distinct(found, log)
        if table == "deaths":
            events["deaths"] = _told_once(events["deaths"])
            axis.death_day = _last_death(events["deaths"], tables["deaths"], log)
        if table == "infusions":
            axis.anchor_infusions(events["infusions"])
            infused = found
    flag_undated(((x, row) for x, row in infused if x in events["infusions"]), log)
    best = [
        (statement, row)
        for infusion, row in infused
        for statement in read_best_response(row, infusion, axis, log)
    ]
    events["responses"] = (*events["responses"], *_distinct(best, log))
    lines = [x for row in tables["patients"] for x in read_prior_lines(row, log)]
    events["facts"] = (*events["facts"], *lines)
    events["conditions"] = settle_conditions(events["conditions"], log)
    return events, unread


def _flag_undated_labs(results: Iterable[LabRow], log: IssueLog) -> None:
    undated = [
        (row, x.lab)
        for x in results
        if x.usable and x.lab.when == UNKNOWN_WHEN and is_undated(row := x.row)
    ]
    rows, tests = [row for row, _ in undated], [lab.test for _, lab in undated]
    log.extend(flag_undated_rows("labs", rows, tests, log.patient_id))


def _is_event(row: Row, log: IssueLog, terms: Terms) -> bool:
    """Whether the row becomes an event; what keeps it from being one is said."""
    content = content_of(row, terms.tidy.tables[row.table])
    match content.kind:
        case "event":
            return True
        case "incomplete":
            missing = ", ".join(content.columns)
            sentence = f"The row of {row.table} has no {missing}. It is not read."
            log.warning(row, content.columns[0], "row_incomplete", sentence)
        case "unreadable":
            for name in content.columns:
                problem = row.cell(name).problem
                assert problem is not None
                sentence = f"{problem.sentence} The row of {row.table} is not read."
                log.problem(row, name, problem._replace(sentence=sentence, done="refused"))
        case "not_done" | "blank":
            name = content.columns[0]
            columns = terms.tidy.tables[row.table].columns
            log.count_not_done(row, name, zero_denies=columns[name].zero_denies)
    return False


@cache
def _content(kind: Hashable) -> attrgetter[tuple[Any, ...]]:
    """What makes two events of a kind the same: all but their places."""
    names = (f.name for f in fields(cast(Any, kind)) if f.name != "source")
    return attrgetter(*names)


def _distinct(events: Sequence[tuple[Any, Row]], log: IssueLog) -> tuple[Any, ...]:
    """Events without repetitions; a repetition becomes a note."""
    if len(events) < 2:
        return tuple(event for event, _ in events)
    seen: dict[tuple[Any, ...], Source] = {}
    kept: list[Any] = []
    for event, row in events:
        content = _content(cast(Hashable, type(event)))(event)
        first = seen.get(content)
        if first is not None and first != event.source:
            log.note(
                row,
                None,
                "duplicate_row",
                f"The row of {row.table} is a duplicate of {first.place}. One is used.",
            )
            continue
        seen[content] = event.source
        kept.append(event)
    return tuple(kept)


def _told_once(deaths: Sequence[Death]) -> tuple[Death, ...]:
    """A death that one row dates and another also explains (the cause lies in a table of its own)
    is one.
    """
    explained = {death.when for death in deaths if death.cause != "unknown"}
    return tuple(d for d in deaths if d.cause != "unknown" or d.when not in explained)


def _last_death(deaths: Iterable[Death], rows: Sequence[Row], log: IssueLog) -> int | None:
    """The last day of death stated, after which nothing can have been observed."""
    days = sorted({death.day for death in deaths if death.day is not None})
    if len(days) > 1:
        log.error(
            rows[0],
            "day",
            "deaths_contradict",
            f"Death is recorded on several days ({', '.join(map(str, days))}). Other rows are "
            "checked against the last.",
            "used",
        )
    return max(days, default=None)
