"""ADaM datasets of response courses: ADRS (responses) and ADTTE (times to event), as frames,
Parquet and XPT.

Names and values follow CDISC ADaM as pharmaverse uses it for IMWG criteria (admiralonco, "Creating
ADRS with IMWG Criteria"). Here the responses are computed from laboratory results, so PARCAT1 says
so, and COVR is our confirmed response. A study day counts the day of the start as 1 and has no 0; a
duration counts both of its ends. Without a calendar date for day 0, ADT is missing and ADY still
holds.
"""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import polars as pl

from rearm.files import write_frame, write_whole
from rearm.outcome.course_words import counting_words
from rearm.outcome.endpoint_definitions import ENDPOINTS
from rearm.outcome.endpoints import Endpoint
from rearm.outcome.patient_course import PatientCourse

__all__ = [
    "ADRS_SCHEMA",
    "ADTTE_SCHEMA",
    "AVAL",
    "AdamFolder",
    "CourseRows",
    "Datasets",
    "LeftOut",
    "TimePoint",
    "course_rows",
    "left_out_words",
    "response_datasets",
    "response_parameters",
    "write_frames",
]

AVAL = {"PD": 1, "SD": 2, "MR": 3, "PR": 4, "VGPR": 5, "CR": 6, "sCR": 7, "NE": 8}
CLINICAL_BENEFIT_DAYS = 42  # SD counts as benefit from here on (admiralonco's default)
_BEST = ("sCR", "CR", "VGPR", "PR", "MR", "SD", "PD", "NE")
_LEVELS = {
    "RSP": ("sCR", "CR", "VGPR", "PR"),
    "CRRSP": ("sCR", "CR"),
    "VGPRRSP": ("sCR", "CR", "VGPR"),
}
_PARAMS = {
    "OVR": "Overall Response at Time Point",
    "COVR": "Confirmed Response at Time Point",
    "PD": "Disease Progression",
    "RSP": "IMWG Response",
    "CB": "IMWG Clinical Benefit",
    "CRRSP": "IMWG Complete Response",
    "VGPRRSP": "IMWG VGPR or Better Response",
    "CBOR": "IMWG Best Confirmed Overall Response",
}
ADRS_SCHEMA: dict[str, Any] = {
    "STUDYID": pl.String,
    "USUBJID": pl.String,
    "PARAM": pl.String,
    "PARAMCD": pl.String,
    "PARCAT1": pl.String,
    "PARCAT2": pl.String,
    "ADT": pl.Date,
    "ADTF": pl.String,
    "ADY": pl.Int32,
    "AVISIT": pl.String,
    "AVAL": pl.Float64,
    "AVALC": pl.String,
    "ANL01FL": pl.String,
    "ANL02FL": pl.String,
    "ANL03FL": pl.String,
    "RSSEQ": pl.Int32,
}
ADTTE_SCHEMA: dict[str, Any] = {
    "STUDYID": pl.String,
    "USUBJID": pl.String,
    "ASEQ": pl.Int32,
    "PARAMCD": pl.String,
    "PARAM": pl.String,
    "AVAL": pl.Float64,
    "AVALU": pl.String,
    "STARTDT": pl.Date,
    "ADT": pl.Date,
    "ADTF": pl.String,
    "ADY": pl.Int32,
    "CNSR": pl.Int32,
    "EVNTDESC": pl.String,
    "CNSDTDSC": pl.String,
    "SRCDOM": pl.String,
    "SRCVAR": pl.String,
    "SRCSEQ": pl.Int32,
}
_LABELS = {
    "STUDYID": "Study Identifier",
    "USUBJID": "Unique Subject Identifier",
    "PARAM": "Parameter",
    "PARAMCD": "Parameter Code",
    "PARCAT1": "Parameter Category 1",
    "PARCAT2": "Parameter Category 2",
    "ADT": "Analysis Date",
    "ADTF": "Analysis Date Imputation Flag",
    "ADY": "Analysis Relative Day",
    "AVISIT": "Analysis Visit",
    "AVAL": "Analysis Value",
    "AVALC": "Analysis Value (C)",
    "AVALU": "Analysis Value Unit",
    "ANL01FL": "Analysis Flag 01: One per Date",
    "ANL02FL": "Analysis Flag 02: Before New Therapy",
    "ANL03FL": "Analysis Flag 03: Up to First PD",
    "RSSEQ": "Sequence Number",
    "ASEQ": "Analysis Sequence Number",
    "STARTDT": "Time to Event Origin Date",
    "CNSR": "Censor",
    "EVNTDESC": "Event or Censoring Description",
    "CNSDTDSC": "Censor Date Description",
    "SRCDOM": "Source Domain",
    "SRCVAR": "Source Variable",
    "SRCSEQ": "Source Sequence Number",
}
_PATIENTS_IN_MEMORY = 200  # rows of so many patients are held before they are written


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftOut:
    """An endpoint without a row of ADTTE, and why; `parameter` all: the patient has no course."""

    subject: str
    parameter: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CourseRows:
    """The rows of one course, and what has none."""

    adrs: list[dict[str, Any]]
    adtte: list[dict[str, Any]]
    left_out: list[LeftOut]


@dataclass(frozen=True, slots=True, kw_only=True)
class Datasets:
    """ADRS and ADTTE in memory, and what has no row."""

    adrs: pl.DataFrame
    adtte: pl.DataFrame
    left_out: tuple[LeftOut, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class TimePoint:
    """One assessment of ADRS. `response` before, `confirmed` after confirmation (None: none so
    far); flags as in ANL01FL to ANL03FL.
    """

    day: int  # since any fixed origin of the subject
    visit: str
    sequence: int
    response: str
    confirmed: str | None
    one_of_date: bool = True
    before_new_therapy: bool = True
    up_to_pd: bool = True
    imputed: str | None = None  # ADTF: D where the day of the month was imputed

    @property
    def counts(self) -> bool:
        return self.one_of_date and self.before_new_therapy and self.up_to_pd


def course_rows(found: PatientCourse, *, study: str = "") -> CourseRows:
    """The rows of one computed course. `study` is STUDYID. A patient without a course has
    parameters N, MISSING and no time to event.
    """
    patient = found.record.patient_id
    points = _points(found)
    start = found.start if found.start is not None else 0
    dated = _dates(found.record.day_zero)
    subject = {
        "STUDYID": study,
        "USUBJID": patient,
        "PARCAT1": "Computed from results",
        "PARCAT2": "IMWG",
    }
    adrs = response_parameters(
        points,
        subject,
        start=start,
        dated=dated,
        progression_day=found.course.progression_day if found.course is not None else None,
    )
    adtte: list[dict[str, Any]] = []
    left_out: list[LeftOut] = []
    sequences = {point.day: point.sequence for point in points}
    for endpoint in found.endpoints.values():
        row = _time_to_event(endpoint, sequences, dated, start)
        if row is None:
            parameter = ENDPOINTS[endpoint.name].paramcd
            left_out.append(LeftOut(subject=patient, parameter=parameter, reason=endpoint.reason))
            continue
        adtte.append({"STUDYID": study, "USUBJID": patient, "ASEQ": len(adtte) + 1, **row})
    if found.course is None:
        left_out.append(LeftOut(subject=patient, parameter="all", reason=found.start_reason))
    return CourseRows(adrs=adrs, adtte=adtte, left_out=left_out)


def response_datasets(courses: Iterable[PatientCourse], *, study: str = "") -> Datasets:
    """ADRS and ADTTE of computed courses, in memory."""
    rows = [course_rows(found, study=study) for found in courses]
    return Datasets(
        adrs=pl.DataFrame([x for r in rows for x in r.adrs], schema=ADRS_SCHEMA),
        adtte=pl.DataFrame([x for r in rows for x in r.adtte], schema=ADTTE_SCHEMA),
        left_out=tuple(x for r in rows for x in r.left_out),
    )


def left_out_words(counts: Mapping[str, int]) -> list[str]:
    """One sentence for each reason, with the number of endpoints."""
    return [
        f"ADTTE has no row for {n} endpoint{'s' if n > 1 else ''}: {reason}."
        for reason, n in sorted(counts.items())
    ]


def _points(found: PatientCourse) -> list[TimePoint]:
    course = found.course
    if course is None:
        return []
    first_pd = next((v.day for v in course.visits if v.confirmed == "PD"), None)
    new = course.new_therapy_day
    return [
        TimePoint(
            day=v.day,
            visit=f"Day {_study_day(v.day, course.start)}",
            sequence=n,
            response=v.response,
            confirmed="NE" if v.confirmed == "BL" else v.confirmed,
            # a sample of the day on which new therapy starts was taken before it, as the course
            # itself counts it
            before_new_therapy=new is None or v.day <= new,
            up_to_pd=first_pd is None or v.day <= first_pd,
            imputed=None if v.when.day is not None else "D",
        )
        for n, v in enumerate(course.visits, start=1)
    ]


def response_parameters(
    points: Sequence[TimePoint],
    subject: dict[str, Any],
    *,
    start: int,
    dated: Callable[[int | None], date | None],
    progression_day: int | None = None,
    suffix: str = "",
) -> list[dict[str, Any]]:
    """All ADRS rows of one subject: OVR and COVR at each time point, then PD, RSP, CB, CRRSP,
    VGPRRSP and CBOR.

    The parameters read the confirmed responses that carry all three analysis flags.
    `progression_day`: where a criterion was met some days before the assessment that shows it, the
    date of PD; else that of the first confirmed PD.
    """

    def row(
        code: str, value: str, number: float | None, day: int | None, point: TimePoint | None
    ) -> dict[str, Any]:
        flags = (
            (point.one_of_date, point.before_new_therapy, point.up_to_pd)
            if point is not None and code in ("OVR", "COVR")
            else (True,) * 3
        )
        return {
            **subject,
            "PARAM": _PARAMS[code] + suffix,
            "PARAMCD": code,
            "ADT": dated(day),
            "ADTF": point.imputed if point is not None else None,
            "ADY": None if day is None else _study_day(day, start),
            "AVISIT": point.visit if point is not None else None,
            "AVAL": number,
            "AVALC": value,
            **{f"ANL0{i}FL": "Y" if flag else None for i, flag in enumerate(flags, start=1)},
            "RSSEQ": point.sequence if point is not None else None,
        }

    rows = [row("OVR", p.response, AVAL[p.response], p.day, p) for p in points]
    rows += [
        row("COVR", p.confirmed, AVAL[p.confirmed], p.day, p)
        for p in points
        if p.confirmed is not None
    ]
    used = [p for p in points if p.counts and p.confirmed is not None]

    def first(levels: Iterable[str], not_before: int | None = None) -> TimePoint | None:
        wanted = set(levels)
        return next(
            (
                p
                for p in used
                if p.confirmed in wanted and (not_before is None or p.day >= not_before)
            ),
            None,
        )

    def answered(code: str, point: TimePoint | None, day: int | None = None) -> None:
        yes = point is not None
        rows.append(
            row(
                code,
                "Y" if yes else "N",
                float(yes),
                day if yes and day is not None else point.day if point else None,
                point,
            )
        )

    answered("PD", first(("PD",)), progression_day)
    responded = first(_LEVELS["RSP"])
    answered("RSP", responded)
    benefit = [
        p
        for p in (
            responded,
            first(("sCR", "CR", "VGPR", "PR", "MR", "SD"), start + CLINICAL_BENEFIT_DAYS),
        )
        if p is not None
    ]
    answered("CB", min(benefit, default=None, key=lambda p: p.day))
    answered("CRRSP", first(_LEVELS["CRRSP"]))
    answered("VGPRRSP", first(_LEVELS["VGPRRSP"]))
    best = next((p for level in _BEST if (p := first((level,))) is not None), None)
    if best is None or best.confirmed is None:
        rows.append(row("CBOR", "MISSING", None, None, None))
    else:
        rows.append(row("CBOR", best.confirmed, AVAL[best.confirmed], best.day, best))
    return rows


def _time_to_event(
    e: Endpoint,
    sequences: dict[int, int],
    dated: Callable[[int | None], date | None],
    start: int,
) -> dict[str, Any] | None:
    """The row of one endpoint, None where it has no time. `CNSR` 0 is an event, 1 censored, 2
    censored by a competing event.
    """
    source, censored = e.adam, e.censored_by is not None
    if source is None or e.days is None:
        return None
    return {
        "PARAMCD": ENDPOINTS[e.name].paramcd,
        "PARAM": ENDPOINTS[e.name].param + counting_words(e),
        "AVAL": float(e.days + 1),
        "AVALU": "DAYS",
        "STARTDT": dated(e.origin_day),
        "ADT": dated(e.day),
        # only the month is known: the middle of what is left of it
        "ADTF": "D" if e.between is not None else None,
        "ADY": None if e.day is None else _study_day(e.day, start),
        "CNSR": 2 if e.competing else int(censored),
        "EVNTDESC": source.description or e.reason.capitalize(),
        "CNSDTDSC": e.reason.capitalize() if censored else None,
        "SRCDOM": source.domain,
        "SRCVAR": source.variable,
        "SRCSEQ": (sequences.get(e.day) if source.domain == "ADRS" and e.day is not None else None),
    }


def _study_day(day: int, start: int) -> int:
    """CDISC: the day of the start is 1, the day before it -1."""
    return day - start + 1 if day >= start else day - start


def _dates(zero: date | None) -> Callable[[int | None], date | None]:
    return lambda day: None if zero is None or day is None else zero + timedelta(days=day)


# ---- files ----------------


class AdamFolder:
    """Writes ADRS and ADTTE of many courses into a folder, a part at a time, so that memory does
    not grow with the number of patients. The datasets appear whole when `finish` is called; used
    as a context it removes its parts whatever happens.
    """

    def __init__(self, folder: Path, *, study: str = "") -> None:
        self.folder, self.study = folder, study
        self.left_out: Counter[str] = Counter()  # reason -> number of endpoints without a row
        self._parts = tempfile.TemporaryDirectory(dir=folder, prefix=".rearm-adam-")
        self._rows: list[CourseRows] = []
        self._number = 0

    def __enter__(self) -> AdamFolder:
        return self

    def __exit__(self, *_: object) -> None:
        self._parts.cleanup()

    def add(self, found: PatientCourse) -> None:
        rows = course_rows(found, study=self.study)
        self.left_out.update(x.reason for x in rows.left_out)
        self._rows.append(rows)
        if len(self._rows) == _PATIENTS_IN_MEMORY:
            self._write_part()

    def _write_part(self) -> None:
        part = f"{self._number:06d}.parquet"
        for name, schema in _SCHEMAS.items():
            folder = Path(self._parts.name) / name
            folder.mkdir(exist_ok=True)
            rows = [x for r in self._rows for x in (r.adrs if name == "adrs" else r.adtte)]
            write_frame(folder / part, pl.DataFrame(rows, schema=schema))
        self._number += 1
        self._rows = []

    def finish(self) -> tuple[tuple[Path, ...], tuple[str, ...]]:
        """Returns (files, what could not be written); see `write_frames`."""
        self._write_part()
        return write_frames(
            {
                name: pl.scan_parquet(Path(self._parts.name) / name / "*.parquet")
                for name in _SCHEMAS
            },
            self.folder,
        )


_SCHEMAS = {"adrs": ADRS_SCHEMA, "adtte": ADTTE_SCHEMA}


def write_frames(
    frames: Mapping[str, pl.LazyFrame], folder: Path
) -> tuple[tuple[Path, ...], tuple[str, ...]]:
    """Writes each dataset as Parquet and as XPT version 5, the form that agencies take. Returns
    (files, what could not be written).

    XPT needs pyreadstat; where it is missing the Parquet files are written and a sentence says how
    to get it. Whatever XPT cannot hold (text beyond 200 bytes) is refused with the variable named.
    A dataset is held in memory while its XPT is written.
    """
    written: list[Path] = []
    notes: list[str] = []
    for name, frame in frames.items():
        parquet = write_frame(folder / f"{name}.parquet", frame.collect())
        written.append(parquet)
        try:
            written.append(_write_xpt(parquet, folder / f"{name}.xpt", name.upper()))
        except (ImportError, ValueError) as problem:
            why = (
                "it needs pyreadstat (pip install 'rearm[adam]')."
                if isinstance(problem, ImportError)
                else problem
            )
            notes.append(f"{name}.xpt was not written: {why} The Parquet file has the same rows.")
    return tuple(written), tuple(notes)


def _write_xpt(parquet: Path, path: Path, table: str) -> Path:
    import pyreadstat

    frame = pl.read_parquet(parquet)
    for column, kind in frame.schema.items():
        if kind == pl.String and _longest(frame[column]) > 200:
            raise ValueError(
                f"{column} contains text of more than 200 bytes, which XPT version 5 cannot store."
            )
    # SAS knows no missing text, only the empty one
    ready = frame.with_columns(pl.col(pl.String).fill_null(""), pl.col(pl.Int32).cast(pl.Float64))
    return write_whole(
        path,
        lambda part: pyreadstat.write_xport(
            ready,
            str(part),
            file_label=f"{table} of Rearm",
            column_labels={c: _LABELS[c] for c in frame.columns},
            table_name=table,
            file_format_version=5,
            variable_format={c: "DATE9." for c, kind in frame.schema.items() if kind == pl.Date},
        ),
    )


def _longest(texts: pl.Series) -> int:
    longest = texts.str.len_bytes().max()
    return longest if isinstance(longest, int) else 0
