"""ADaM datasets of response courses: ADRS (responses) and ADTTE (times to event), as frames,
Parquet and XPT.

Names and values follow CDISC ADaM as pharmaverse uses it for IMWG criteria (admiralonco, "Creating
ADRS with IMWG Criteria"). Here the responses are computed from laboratory results, so PARCAT1 says
so, and COVR is our confirmed response. A study day counts the day of the start as 1 and has no 0; a
duration counts both of its ends. Without a calendar date for day 0, ADT is missing and ADY still
holds.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import polars as pl

from rearm.files import write_whole
from rearm.outcome.endpoint_definitions import ENDPOINTS
from rearm.outcome.endpoints import Endpoint
from rearm.outcome.patient_course import PatientCourse, counting_words

__all__ = [
    "ADRS_SCHEMA",
    "ADTTE_SCHEMA",
    "AVAL",
    "Datasets",
    "TimePoint",
    "course_datasets",
    "response_parameters",
    "write_adam",
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
    "STUDYID": pl.String, "USUBJID": pl.String, "PARAM": pl.String, "PARAMCD": pl.String, "PARCAT1": pl.String, "PARCAT2": pl.String,
    "ADT": pl.Date, "ADTF": pl.String, "ADY": pl.Int32, "AVISIT": pl.String, "AVAL": pl.Float64, "AVALC": pl.String,
    "ANL01FL": pl.String, "ANL02FL": pl.String, "ANL03FL": pl.String, "RSSEQ": pl.Int32,
}  # fmt: skip
ADTTE_SCHEMA: dict[str, Any] = {
    "STUDYID": pl.String, "USUBJID": pl.String, "ASEQ": pl.Int32, "PARAMCD": pl.String, "PARAM": pl.String, "AVAL": pl.Float64,
    "AVALU": pl.String, "STARTDT": pl.Date, "ADT": pl.Date, "ADY": pl.Int32, "CNSR": pl.Int32, "EVNTDESC": pl.String,
    "CNSDTDSC": pl.String, "SRCDOM": pl.String, "SRCVAR": pl.String, "SRCSEQ": pl.Int32,
}  # fmt: skip
_LABELS = {
    "STUDYID": "Study Identifier", "USUBJID": "Unique Subject Identifier", "PARAM": "Parameter", "PARAMCD": "Parameter Code",
    "PARCAT1": "Parameter Category 1", "PARCAT2": "Parameter Category 2", "ADT": "Analysis Date", "ADTF": "Analysis Date Imputation Flag",
    "ADY": "Analysis Relative Day", "AVISIT": "Analysis Visit", "AVAL": "Analysis Value", "AVALC": "Analysis Value (C)",
    "AVALU": "Analysis Value Unit", "ANL01FL": "Analysis Flag 01: One per Date", "ANL02FL": "Analysis Flag 02: Before New Therapy",
    "ANL03FL": "Analysis Flag 03: Up to First PD", "RSSEQ": "Sequence Number", "ASEQ": "Analysis Sequence Number",
    "STARTDT": "Time to Event Origin Date", "CNSR": "Censor", "EVNTDESC": "Event or Censoring Description",
    "CNSDTDSC": "Censor Date Description", "SRCDOM": "Source Domain", "SRCVAR": "Source Variable", "SRCSEQ": "Source Sequence Number",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Datasets:
    """ADRS and ADTTE, and what has no row: (subject, parameter, why)."""

    adrs: pl.DataFrame
    adtte: pl.DataFrame
    left_out: tuple[tuple[str, str, str], ...] = ()

    def left_out_words(self) -> list[str]:
        """One sentence for each reason, with the number of endpoints."""
        counts: dict[str, int] = {}
        for _, _, reason in self.left_out:
            counts[reason] = counts.get(reason, 0) + 1
        return [
            f"ADTTE has no row for {n} endpoint{'s' if n > 1 else ''}: {reason}."
            for reason, n in sorted(counts.items())
        ]


@dataclass(frozen=True, slots=True)
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


def course_datasets(courses: Sequence[PatientCourse], *, study: str = "") -> Datasets:
    """ADRS and ADTTE of computed courses. `study` is STUDYID. A patient without a course has
    parameters N, MISSING and no time to event.
    """
    adrs: list[dict[str, Any]] = []
    adtte: list[dict[str, Any]] = []
    left_out: list[tuple[str, str, str]] = []
    for found in courses:
        points = _points(found)
        subject = {
            "STUDYID": study,
            "USUBJID": found.record.patient_id,
            "PARCAT1": "Computed from results",
            "PARCAT2": "IMWG",
        }
        start = found.start or 0
        dated = _dates(found.record.day_zero)
        progression = found.course.progression_day if found.course is not None else None
        adrs += response_parameters(
            points, subject, start=start, dated=dated, progression_day=progression
        )
        sequence = 0
        for name, endpoint in found.endpoints.items():
            row = _time_to_event(
                endpoint,
                counting_words(found),
                {p.day: p.sequence for p in points},
                dated,
                start,
            )
            if row is None:
                left_out.append((found.record.patient_id, ENDPOINTS[name].paramcd, endpoint.reason))
                continue
            sequence += 1
            adtte.append(
                {"STUDYID": study, "USUBJID": found.record.patient_id, "ASEQ": sequence, **row}
            )
        if found.course is None:
            left_out.append((found.record.patient_id, "all", found.start_reason))
    return Datasets(
        pl.DataFrame(adrs, schema=ADRS_SCHEMA),
        pl.DataFrame(adtte, schema=ADTTE_SCHEMA),
        tuple(left_out),
    )


def _points(found: PatientCourse) -> list[TimePoint]:
    course = found.course
    if course is None:
        return []
    first_pd = next((v.day for v in course.visits if v.confirmed == "PD"), None)
    new = course.new_therapy_day
    return [
        TimePoint(
            v.day,
            f"Day {_study_day(v.day, course.start)}",
            n,
            v.response,
            "NE" if v.confirmed == "BL" else v.confirmed,
            # a sample of the day on which new therapy starts was taken before it, as the course
            # itself counts it
            before_new_therapy=new is None or v.day <= new,
            up_to_pd=first_pd is None or v.day <= first_pd,
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
    counting: str,
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
        "PARAM": ENDPOINTS[e.name].param + counting,
        "AVAL": float(e.days + 1),
        "AVALU": "DAYS",
        "STARTDT": dated(e.origin_day),
        "ADT": dated(e.day),
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


def write_adam(datasets: Datasets, folder: Path) -> tuple[tuple[Path, ...], tuple[str, ...]]:
    """Writes adrs and adtte; see `write_frames`."""
    return write_frames({"adrs": datasets.adrs, "adtte": datasets.adtte}, folder)


def write_frames(
    frames: Mapping[str, pl.DataFrame], folder: Path
) -> tuple[tuple[Path, ...], tuple[str, ...]]:
    """Writes each dataset as Parquet and as XPT version 5, the form that agencies take. Returns
    (files, what could not be written).

    XPT needs pyreadstat; where it is missing the Parquet files are written and a sentence says how
    to get it. Whatever XPT cannot hold (text beyond 200 bytes) is refused with the variable named.
    """
    written: list[Path] = []
    notes: list[str] = []
    for name, frame in frames.items():
        written.append(write_whole(folder / f"{name}.parquet", frame.write_parquet))
        try:
            written.append(_write_xpt(frame, folder / f"{name}.xpt", name.upper()))
        except ImportError:
            notes.append(
                f"{name}.xpt was not written: it needs pyreadstat (pip install 'rearm[adam]'). The"
                " Parquet file holds the same rows."
            )
        except ValueError as problem:
            notes.append(
                f"{name}.xpt was not written: {problem} The Parquet file holds the same rows."
            )
    return tuple(written), tuple(notes)


def _write_xpt(frame: pl.DataFrame, path: Path, table: str) -> Path:
    import pyreadstat

    for column, kind in frame.schema.items():
        if kind == pl.String and (frame[column].str.len_bytes().max() or 0) > 200:  # type: ignore[operator]
            raise ValueError(
                f"{column} holds text of more than 200 bytes, which XPT version 5 cannot hold."
            )
    # SAS knows no missing text, only the empty one
    ready = frame.with_columns(pl.col(pl.String).fill_null(""), pl.col(pl.Int32).cast(pl.Float64))
    dates = {c: "DATE9." for c, kind in frame.schema.items() if kind == pl.Date}
    return write_whole(
        path,
        lambda part: pyreadstat.write_xport(
            ready, str(part), file_label=f"{table} of Rearm", column_labels={c: _LABELS[c] for c in frame.columns},
            table_name=table, file_format_version=5, variable_format=dates,
        ),
    )  # fmt: skip
