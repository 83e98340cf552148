"""Compatibility mode: confirmed responses from the investigator's visit responses, by the rules of
admiralonco's IMWG article.

Nothing is computed from results here. It is for those who must reproduce a trial's ADRS, and to see
where our computed course differs. Input is SDTM RS (with what SUPPRS adds) or the responses that a
record holds. The rules (admiralonco, "Creating ADRS with IMWG Criteria"):

- NE is left out when the next response is looked for, and stays NE by itself;
- a response from MR to sCR is confirmed by a next one that is as good or better; a next one that is
  worse gives the worse one;
  PD, nothing, or a next one after the start of new therapy gives SD; SD needs no confirmation;
- PD by imaging, or with death of progression, stands at once; PD by serum or urine needs PD at the
  next visit, else it counts as NE;
- a confirming visit more than 84 days later is used all the same, with a warning;
- the status at a visit is the best so far, and PD once it is confirmed;
- parameters read assessments before new therapy and up to the first PD.
"""

from __future__ import annotations

import calendar
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

import polars as pl

from rearm.errors import RearmError
from rearm.export.adam import ADRS_SCHEMA, AVAL, TimePoint, response_parameters
from rearm.record import Record, ResponseStatement

__all__ = [
    "CONFIRMATION_DAYS",
    "Compatible",
    "RsError",
    "Stated",
    "confirm_stated",
    "read_rs",
    "rs_adrs",
    "rs_of_record",
    "stated_adrs",
]

CONFIRMATION_DAYS = 84
_RESPONSES = frozenset(AVAL)
_RESPONSE = frozenset(("sCR", "CR", "VGPR", "PR", "MR"))
_RANK = {"NE": 1, "SD": 2, "MR": 3, "PR": 4, "VGPR": 5, "CR": 6, "sCR": 7, "PD": 8}
_BY_RANK = {rank: name for name, rank in _RANK.items()}
_SEEN_BY_IMAGING = frozenset(
    ("marrow", "paraskeletal", "extraosseous", "cns")
)  # patterns of relapse that need no repeat
_IMAGING_WORDS = ("imag", "lesion", "plasmacytoma", "extramedullary", "pet", "marrow")
_SAME_VISIT = 7
_NEEDED = ("USUBJID", "RSTESTCD", "RSSTRESC", "RSDTC")
_SUPPLEMENT = ("PDIFL", "PDOFL", "DTHPDFL", "NACTDT")


class RsError(RearmError):
    """An RS table that cannot be read; the message says what is missing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stated:
    """One response as the investigator stated it. `day` is a day number on any one axis of the
    subject; flags as in SUPPRS.

    `pd_by_imaging` PDIFL, `pd_by_laboratory` PDOFL, `death_of_progression` DTHPDFL;
    `new_therapy_day` NACTDT on the same axis.
    """

    day: int
    response: str
    visit: str = ""
    sequence: int = 0
    pd_by_imaging: bool = False
    pd_by_laboratory: bool = False
    death_of_progression: bool = False
    new_therapy_day: int | None = None
    imputed: str | None = None


@dataclass(frozen=True, slots=True)
class Compatible:
    """ADRS of the stated responses, and what was warned of or set aside, as sentences."""

    adrs: pl.DataFrame
    notes: tuple[str, ...]


def confirm_stated(
    stated: Sequence[Stated], *, subject: str = ""
) -> tuple[list[str | None], list[str]]:
    """Confirmed response at each visit in the order of days (None: none so far), and warnings."""
    visits = sorted(stated, key=lambda s: (s.day, s.sequence))
    evaluable = [i for i, v in enumerate(visits) if v.response != "NE"]
    following = {i: visits[j] for i, j in pairwise(evaluable)}
    notes: list[str] = []
    out: list[str | None] = []
    best = 0
    for i, v in enumerate(visits):
        nxt = following.get(i)
        if nxt is not None and nxt.day - v.day > CONFIRMATION_DAYS:
            notes.append(
                f"{subject}: {v.visit or f'day {v.day}'} is confirmed by a visit {nxt.day - v.day}"
                " days later."
            )
        status = _status(v, nxt)
        if status is None:
            notes.append(
                f"{subject}: PD at {v.visit or f'day {v.day}'} states neither imaging nor"
                " laboratory (PDIFL, PDOFL) and is not counted."
            )
        best = max(best, _RANK[status] if status is not None else 0)
        out.append(_BY_RANK.get(best))
    return out, notes


def _status(v: Stated, nxt: Stated | None) -> str | None:
    if v.response in _RESPONSE:
        in_time = nxt is not None and (v.new_therapy_day is None or nxt.day <= v.new_therapy_day)
        if nxt is None or not in_time or nxt.response == "PD":
            return "SD"
        return v.response if AVAL[nxt.response] >= AVAL[v.response] else nxt.response
    if v.response != "PD":
        return v.response
    if (
        v.pd_by_imaging
        or v.death_of_progression
        or (v.pd_by_laboratory and nxt is not None and nxt.response == "PD")
    ):
        return "PD"
    return "NE" if v.pd_by_laboratory else None


def stated_adrs(
    subjects: Mapping[str, Sequence[Stated]],
    *,
    study: str = "",
    by: str = "Investigator",
    start: Mapping[str, int] | None = None,
    dated: Mapping[str, date | None] | None = None,
) -> Compatible:
    """ADRS with the parameters OVR, COVR, PD, RSP, CB, CRRSP, VGPRRSP, CBOR of every subject.

    `start`: the day from which assessments count (randomisation or first dose), by default the
    first assessment. `dated`: the calendar date of day 0 of a subject's axis; without `dated` at
    all the days are ordinals of dates, as `read_rs` gives them.
    """
    rows: list[dict[str, Any]] = []
    notes: list[str] = []
    for subject, stated in subjects.items():
        visits = sorted(stated, key=lambda s: (s.day, s.sequence))
        confirmed, warned = confirm_stated(visits, subject=subject)
        notes += warned
        begin = (start or {}).get(subject, visits[0].day if visits else 0)
        points = _points(visits, confirmed, begin)
        anchor = dated.get(subject) if dated is not None else None
        offset = 0 if dated is None else None if anchor is None else anchor.toordinal()
        at = partial(_at, offset)
        head = {"STUDYID": study, "USUBJID": subject, "PARCAT1": by, "PARCAT2": "IMWG"}
        rows += response_parameters(points, head, start=begin, dated=at, suffix=f" by {by}")
    return Compatible(pl.DataFrame(rows, schema=ADRS_SCHEMA), tuple(notes))


def _at(offset: int | None, day: int | None) -> date | None:
    return None if offset is None or day is None else date.fromordinal(offset + day)


def _points(
    visits: Sequence[Stated], confirmed: Sequence[str | None], begin: int
) -> list[TimePoint]:
    pd_day = next((v.day for v, c in zip(visits, confirmed, strict=True) if c == "PD"), None)
    worst: dict[
        int, int
    ] = {}  # of two assessments of one date the worst confirmed counts (ANL01FL)
    for i, (v, c) in enumerate(zip(visits, confirmed, strict=True)):
        if c is not None and (
            v.day not in worst or AVAL[c] < AVAL[confirmed[worst[v.day]] or "NE"]
        ):
            worst[v.day] = i
    new_therapy = next((v.new_therapy_day for v in visits if v.new_therapy_day is not None), None)
    return [
        TimePoint(
            day=v.day,
            visit=v.visit or f"Assessment {i + 1}",
            sequence=v.sequence or i + 1,
            response=v.response,
            confirmed=c,
            one_of_date=v.day >= begin and worst.get(v.day) == i,
            before_new_therapy=new_therapy is None or v.day < new_therapy,
            up_to_pd=pd_day is None or v.day <= pd_day,
            imputed=v.imputed,
        )
        for i, (v, c) in enumerate(zip(visits, confirmed, strict=True))
    ]


# ---- input ----------------


def rs_of_record(record: Record) -> list[Stated]:
    """The team's responses of a record. nCR counts as VGPR; by what a PD was called is read from
    its pattern, the lesions and its basis.

    A PD stands at once where its pattern is one that imaging or marrow shows, where a new lesion
    was imaged within a week of it, or where its basis names imaging, a lesion or marrow; any other
    needs a second PD, as one by laboratory does.
    """
    died_of_myeloma = any(d.of_myeloma and d.day is not None for d in record.deaths)
    dated = sorted(
        ((s.day, n, s) for n, s in enumerate(record.responses) if s.day is not None and _known(s)),
        key=lambda x: x[:2],
    )
    last_pd = max((day for day, _, s in dated if s.response == "PD"), default=None)
    out: list[Stated] = []
    for number, (day, _, s) in enumerate(dated, start=1):
        progressed = s.response == "PD"
        by_imaging = progressed and _by_imaging(record, s, day)
        out.append(
            Stated(
                day=day,
                response="VGPR" if s.response == "nCR" else s.response,
                sequence=number,
                pd_by_imaging=by_imaging,
                pd_by_laboratory=progressed and not by_imaging,
                death_of_progression=progressed and day == last_pd and died_of_myeloma,
            )
        )
    return out


def _known(s: ResponseStatement) -> bool:
    return s.response in _RESPONSES or s.response == "nCR"


def _by_imaging(record: Record, pd: ResponseStatement, day: int) -> bool:
    patterns = {word.strip() for word in (pd.pattern or "").lower().replace(",", ";").split(";")}
    if patterns & _SEEN_BY_IMAGING:
        return True
    new_lesions = [x.when.day for x in record.imaging if x.new and x.result == "positive"]
    if any(at is not None and abs(at - day) <= _SAME_VISIT for at in new_lesions):
        return True
    return any(word in (pd.basis or "").lower() for word in _IMAGING_WORDS)


def read_rs(
    rs: pl.DataFrame, supplement: pl.DataFrame | None = None, *, evaluator: str = "INVESTIGATOR"
) -> tuple[dict[str, list[Stated]], list[str]]:
    """Overall responses of an SDTM RS table by subject, days as ordinals of dates; and what was set
    aside, as sentences.

    `supplement` is SUPPRS (IDVARVAL, QNAM, QVAL by RSSEQ); PDIFL, PDOFL, DTHPDFL and NACTDT may
    also be columns of `rs`. A date without its day is the last day of its month (ADTF D); one
    without its month is set aside. Raises RsError where a needed column is missing.
    """
    missing = [c for c in _NEEDED if c not in rs.columns]
    if missing:
        raise RsError(
            f"The RS table has no column {', '.join(missing)}. It must have "
            f"{', '.join(_NEEDED)}; RSEVAL, RSSEQ and VISIT are used if present."
        )
    added = _supplement(supplement) if supplement is not None else {}
    subjects: dict[str, list[Stated]] = {}
    notes = _other_criteria(rs)
    therapy: dict[str, int] = {}
    for row in rs.iter_rows(named=True):
        if not _overall_response(row, evaluator):
            continue
        subject, sequence = _text(row["USUBJID"]), _whole(row.get("RSSEQ"))
        own = {name: text for name in _SUPPLEMENT if (text := _text(row.get(name)))}
        flags = own | added.get((subject, sequence), {})
        where = f"{subject}, RSSEQ {sequence}" if sequence else f"{subject}, {_text(row['RSDTC'])}"
        stated, problem = _stated_of(row, sequence, flags)
        if stated is None:
            notes.append(f"{where}: {problem}")
            continue
        subjects.setdefault(subject, []).append(stated)
        if flags.get("NACTDT"):
            day, _ = _date(flags["NACTDT"])
            if day is None:
                notes.append(f"{where}: NACTDT {flags['NACTDT']} is not a date; not used.")
            else:
                therapy[subject] = min(day, therapy.get(subject, day))
    if not subjects:
        notes.append(_nothing_left(rs, evaluator))
    return {
        subject: [replace(v, new_therapy_day=therapy.get(subject)) for v in visits]
        for subject, visits in subjects.items()
    }, notes


def _overall_response(row: Mapping[str, Any], evaluator: str) -> bool:
    by = row.get("RSEVAL")
    return (
        _text(row["RSTESTCD"]) == "OVRLRESP"
        and (by is None or _text(by).upper() == evaluator)
        and _is_imwg(_text(row.get("RSCAT")))
    )


def _is_imwg(category: str) -> bool:
    """Whether the criteria named are those of the IMWG; without a name the table is taken at its
    word.
    """
    return not category or "IMWG" in category.upper() or "MYELOMA" in category.upper()


def _other_criteria(rs: pl.DataFrame) -> list[str]:
    """What is refused because it was judged by other criteria, counted by their name; or that
    nothing names the criteria.
    """
    overall = [r for r in rs.iter_rows(named=True) if _text(r["RSTESTCD"]) == "OVRLRESP"]
    names = Counter(_text(row.get("RSCAT")) for row in overall)
    notes = [
        f"{_rows(count)} of responses by {name}, not by IMWG: not used."
        for name, count in sorted(names.items())
        if not _is_imwg(name)
    ]
    if names[""]:
        notes.append(
            f"{_rows(names[''])} without criteria (RSCAT), read as responses by IMWG. Enter RSCAT."
        )
    return notes


def _rows(count: int) -> str:
    return "1 row" if count == 1 else f"{count} rows"


def _nothing_left(rs: pl.DataFrame, evaluator: str) -> str:
    """That no response is left, with what the table holds."""
    rows = list(rs.iter_rows(named=True))
    held = {
        column: ", ".join(sorted({_text(row.get(column)) or "blank" for row in rows}))
        for column in ("RSTESTCD", "RSEVAL", "RSCAT")
        if column in rs.columns
    }
    what = "; ".join(f"{column} {values}" for column, values in held.items())
    return (
        f"No response in {_rows(len(rows))} can be used: overall responses (OVRLRESP) by IMWG from "
        f"{evaluator} are needed. The table contains {what or 'no rows'}."
    )


def _stated_of(
    row: Mapping[str, Any], sequence: int, flags: Mapping[str, str]
) -> tuple[Stated | None, str]:
    """The response of a row, or None and why it is set aside."""
    response, date_text = _text(row["RSSTRESC"]), _text(row["RSDTC"])
    day, imputed = _date(date_text)
    if response not in _RESPONSES:
        known = ", ".join(AVAL)
        return None, f"response {response or 'empty'} is not one of {known}; not used."
    if day is None:
        return None, f"date {date_text or 'empty'} has no month or is not a date; not used."
    stated = Stated(
        day=day,
        response=response,
        visit=_text(row.get("VISIT")),
        sequence=sequence,
        pd_by_imaging=flags.get("PDIFL") == "Y",
        pd_by_laboratory=flags.get("PDOFL") == "Y",
        death_of_progression=flags.get("DTHPDFL") == "Y",
        imputed=imputed,
    )
    return stated, ""


def rs_adrs(path: Path, supplement: Path | None = None, *, study: str = "") -> Compatible:
    """ADRS from an RS file (CSV, Parquet or XPT) and, where there is one, its SUPPRS file. Raises
    RsError with a sentence.
    """
    subjects, notes = read_rs(_table(path), None if supplement is None else _table(supplement))
    made = stated_adrs(subjects, study=study)
    return Compatible(made.adrs, (*notes, *made.notes))


def _table(path: Path) -> pl.DataFrame:
    kind = path.suffix.lower()
    try:
        if kind == ".csv":
            return pl.read_csv(path, infer_schema=False)
        if kind == ".parquet":
            return pl.read_parquet(path)
        if kind == ".xpt":
            import pyreadstat

            frame, _ = pyreadstat.read_xport(str(path), output_format="polars")
            assert isinstance(frame, pl.DataFrame)
            return frame
    except ImportError:
        raise RsError(
            f"{path} can't be read: XPT needs pyreadstat (pip install 'rearm[adam]')."
        ) from None
    except FileNotFoundError:
        raise RsError(f"There is no file {path}. Check the path.") from None
    except Exception as problem:  # the readers' errors have no common class
        raise RsError(f"{path} can't be read: {problem}") from None
    raise RsError(f"{path} can't be used: an RS table must be a .csv, .parquet or .xpt file.")


def _supplement(frame: pl.DataFrame) -> dict[tuple[str, int], dict[str, str]]:
    missing = [c for c in ("USUBJID", "IDVARVAL", "QNAM", "QVAL") if c not in frame.columns]
    if missing:
        raise RsError(f"The SUPPRS table has no column {', '.join(missing)}.")
    out: dict[tuple[str, int], dict[str, str]] = {}
    for row in frame.iter_rows(named=True):
        out.setdefault((_text(row["USUBJID"]), _whole(row["IDVARVAL"])), {})[_text(row["QNAM"])] = (
            _text(row["QVAL"])
        )
    return out


def _text(value: Any) -> str:
    return (
        value.isoformat()
        if isinstance(value, date)
        else ""
        if value is None
        else str(value).strip()
    )


def _whole(value: Any) -> int:
    try:
        return int(float(value))
    except (TypeError, ValueError):
        return 0


def _date(text: str) -> tuple[int | None, str | None]:
    """(ordinal, D where the day was imputed); a time of day after T is left out."""
    parts: Iterable[str] = text.split("T")[0].split("-")
    numbers = [int(p) if p.isdigit() else None for p in parts]
    try:
        if len(numbers) == 3 and all(n is not None for n in numbers):
            return date(*(n for n in numbers if n is not None)).toordinal(), None
        year, month = (*numbers, None, None)[:2]
        if len(numbers) == 2 and year is not None and month is not None:
            return date(year, month, calendar.monthrange(year, month)[1]).toordinal(), "D"
    except ValueError:
        pass
    return None, None
