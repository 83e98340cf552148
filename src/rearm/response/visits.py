"""From single results to assessments: which results belong together, what is the baseline, from
where the nadir counts.

Results need not share a day. Results of different tests within `visit_window` days make one
assessment; a test that is repeated opens the next one. Marrow and imaging opens an assessment too,
because a new lesion is progression whatever the blood says.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from rearm.interval import Interval
from rearm.record import Imaging, Lab, Record
from rearm.response.criteria import Criteria
from rearm.response.lesions import Exam, read_exams, unread_soft

__all__ = ["Assessment", "Flag", "Gathered", "Span", "gather", "span", "span_words"]

Span = tuple[float, float]  # lowest and highest value that a result allows; equal where it is exact

# an open bound (<0.1) stays this far inside; larger than the tolerance of every comparison
_EDGE = 2e-8

BLOOD = frozenset(
    (
        "serum_m_protein",
        "urine_m_protein_24h",
        "kappa_flc",
        "lambda_flc",
        "flc_ratio",
        "serum_immunofixation",
        "urine_immunofixation",
        "dira",
        "circulating_plasma_cells",
    )
)
MARROW = frozenset(("marrow_plasma_cells", "marrow_clonality"))
_IG = frozenset(("igg", "iga", "igm", "igd"))
_CRAB = frozenset(("calcium_corrected", "hemoglobin", "creatinine", "neutrophils", "platelets"))
_WORSE_WORD = {
    "positive": 1,
    "negative": 0,
    "not_shifted": 1,
    "shifted": 0,
    "clonal": 1,
    "polyclonal": 0,
}


@dataclass(frozen=True, slots=True)
class Flag:
    """Something a reader of the course must know; `day` where it belongs to one."""

    id: str
    day: int | None
    text: str


@dataclass(slots=True)
class Assessment:
    """Results that are read together. `got` holds spans in canonical units, or words; `labs` the
    rows they come from.
    """

    day: int
    got: dict[str, Span | str] = field(default_factory=dict)
    labs: dict[str, Lab] = field(default_factory=dict)
    exams: list[Exam] = field(default_factory=list)
    unusable: dict[str, str] = field(default_factory=dict)  # test -> why its result was set aside
    first: int = 0
    aside: list[Lab] = field(
        default_factory=list
    )  # set-aside results that belong to it and repeat none of its own

    def day_of(self, *tests: str) -> int:
        """Day of the first of these results that is there, else the day of the assessment."""
        days = [d for t in tests if t in self.labs and (d := self.labs[t].when.first) is not None]
        return min(days, default=self.day)


@dataclass(slots=True)
class Gathered:
    start: int
    baseline: Assessment
    floor: Assessment  # values from which the nadir counts
    visits: list[Assessment]
    baseline_exams: list[Exam]
    floor_exams: list[Exam]
    mrd: list[Lab]
    pet: list[Lab]
    crab: dict[str, list[Lab]]
    serum_test: str  # serum_m_protein, or the immunoglobulin that stands for it
    flags: list[Flag]
    unread_imaging: list[tuple[int, Imaging]] = field(
        default_factory=list
    )  # for soft tissue, by day, from the baseline on


def span_words(value: Span) -> str:
    """`1.2`; `<=0.1` or `>=90` where the result is a bound."""
    if value[0] == value[1]:
        return f"{value[0]:g}"
    return f">={value[0]:g}" if value[1] == float("inf") else f"<={value[1]:g}"


def span(quantity: Interval) -> Span:
    """Lowest and highest value; an open bound is kept a hair inside so that `<100` is below 100."""
    low = quantity.low + _EDGE if quantity.low_open else quantity.low
    high = quantity.high - _EDGE if quantity.high_open else quantity.high
    return (low, high)


def gather(
    record: Record,
    criteria: Criteria,
    *,
    start: int,
    until: int | None,
    baseline_day: int,
    floor_day: int,
    baseline_from: int | None,
    schedule: tuple[int, ...],
) -> Gathered:
    """All results of a course that begins on `start`.

    `baseline_day`: last day whose values may be the baseline for response (the day before bridging
    or lymphodepletion, or the start); `floor_day`: likewise for the nadir of progression;
    `baseline_from`: no value before this day is baseline. `schedule`: planned days of assessment;
    one without results becomes an assessment that was not done.
    """
    flags: list[Flag] = []
    by_day: dict[int, list[Lab]] = {}
    before: list[Lab] = []
    ig: list[Lab] = []
    mrd: list[Lab] = []
    pet: list[Lab] = []
    crab: dict[str, list[Lab]] = {}
    undated = 0
    wanted = BLOOD | MARROW
    for lab in record.labs:
        test = lab.test
        day = lab.when.first
        if test in wanted:
            if day is None or day != lab.when.last:
                undated += 1
            elif day > start:
                if until is None or day <= until:
                    by_day.setdefault(day, []).append(lab)
            else:
                before.append(lab)
        elif day is None or day != lab.when.last or (until is not None and day > until):
            continue
        elif test in _CRAB:
            crab.setdefault(test, []).append(lab)
        elif test == "mrd":
            mrd.append(lab)
        elif test == "pet":
            pet.append(lab)
        elif test in _IG:
            ig.append(lab)
    if undated:
        flags.append(
            Flag(
                "undated_results",
                None,
                f"{undated} results of the disease have no exact day and are not placed",
            )
        )
    serum_test = _serum_test(record, criteria, before, ig, baseline_day)
    if serum_test != "serum_m_protein":
        for lab in ig:
            if lab.test == serum_test and lab.when.first is not None:
                if lab.when.first > start:
                    by_day.setdefault(lab.when.first, []).append(lab)
                else:
                    before.append(lab)
    exams = read_exams(record)
    visits = _assessments(
        record, criteria, start, until, by_day, exams, schedule, flags, serum_test
    )
    earliest = -(10**9) if baseline_from is None else baseline_from
    baseline = _last_values(before, criteria, baseline_day, earliest, flags, record.light_chain)
    floor = (
        _last_values(before, criteria, floor_day, earliest, [], record.light_chain)
        if floor_day != baseline_day
        else baseline
    )
    late = (
        _last_values(before, criteria, start, earliest, [], record.light_chain)
        if max(baseline_day, floor_day) < start
        else baseline
    )
    _fill(baseline, floor, late, flags, baseline_day)
    marrow_limit = criteria.baseline_marrow_window
    baseline_exams = [
        e
        for e in exams
        if e.day <= baseline_day and e.day >= max(earliest, baseline_day - marrow_limit)
    ]
    floor_exams = [e for e in exams if baseline_day < e.day <= start]
    if not baseline_exams and floor_exams:
        baseline_exams, floor_exams = floor_exams, []
    oldest = max(earliest, baseline_day - marrow_limit)
    unread = [
        (day, row)
        for day, row in unread_soft(record)
        if day >= oldest and (until is None or day <= until)
    ]
    return Gathered(
        start,
        baseline,
        floor,
        visits,
        baseline_exams,
        floor_exams,
        mrd,
        pet,
        crab,
        serum_test,
        flags,
        unread,
    )


def _serum_test(
    record: Record, criteria: Criteria, before: list[Lab], ig: list[Lab], baseline_day: int
) -> str:
    """Electrophoresis, or nephelometry of the patient's own immunoglobulin: chosen at baseline and
    kept, they are not interchangeable.
    """
    chains = [c.lower() for c in record.heavy_chain if c.lower() in _IG]
    if criteria.serum_marker == "spep" or len(chains) != 1:
        return "serum_m_protein"
    own = chains[0]
    if criteria.serum_marker == "quantitative_ig":
        return own
    oldest = baseline_day - criteria.baseline_window
    if own not in ("iga", "igd") or any(
        x.test == "serum_m_protein" and (x.when.first or 0) >= oldest for x in before
    ):
        return "serum_m_protein"
    return (
        own
        if any(x.test == own and oldest <= (x.when.first or 0) <= baseline_day for x in ig)
        else "serum_m_protein"
    )


def _assessments(
    record: Record,
    criteria: Criteria,
    start: int,
    until: int | None,
    by_day: dict[int, list[Lab]],
    exams: list[Exam],
    schedule: tuple[int, ...],
    flags: list[Flag],
    serum_test: str,
) -> list[Assessment]:
    end = 10**9 if until is None else until
    exam_days = {e.day: e for e in exams if start < e.day <= end}
    unusable: dict[int, dict[str, Lab]] = {}
    for lab in record.set_aside:
        day = lab.when.day
        if (
            day is not None
            and start < day <= end
            and (lab.test in BLOOD or lab.test in MARROW or lab.test == serum_test)
        ):
            unusable.setdefault(day, {})[lab.test] = lab
    planned = {d for d in schedule if start < d <= end}
    visits: list[Assessment] = []
    now: Assessment | None = None
    window = criteria.visit_window
    days = by_day.keys() | exam_days.keys() | unusable.keys() | planned
    for day in sorted(days):
        labs = by_day.get(day, ())
        if (
            now is None
            or day - now.first > window
            or (day in planned and labs)
            or any(x.test in now.labs for x in labs)
            or (day in exam_days and now.exams)
        ):
            now = Assessment(day, first=day)
            visits.append(now)
        elif (
            labs
            and not any(t in BLOOD or t == serum_test for t in now.labs)
            and any(x.test in BLOOD or x.test == serum_test for x in labs)
        ):
            now.day = day  # blood and urine give an assessment its day, not the marrow taken before
        for lab in labs:
            _put(now, lab, criteria, flags, record.light_chain)
        if day in exam_days:
            now.exams.append(exam_days[day])
        if day in unusable:
            now.aside += [x for test, x in unusable[day].items() if test not in now.labs]
            now.unusable.update(
                {test: x.why_set_aside or "could not be used" for test, x in unusable[day].items()}
            )
    for visit in visits:
        _check_ratio(visit, criteria, flags)
    return visits


def _put(
    visit: Assessment,
    lab: Lab,
    criteria: Criteria,
    flags: list[Flag],
    light_chain: str | None,
    *,
    lower: bool = False,
) -> None:
    """Add a result. Of two different ones on a day the worse stays (A20); at baseline (`lower`) the
    one which makes falls smaller.
    """
    test = lab.test
    if lab.quantity is not None:
        low, high = span(lab.quantity)
        if high < 0 or low != low:
            flags.append(
                Flag(
                    "negative_value",
                    lab.when.first,
                    f"{test} on day {lab.when.first} is {lab.as_given or lab.quantity}, not a"
                    " possible value; not read",
                )
            )
            visit.unusable[test] = "negative value"
            return
        # mg/dL of immunoglobulin stand for g/dL of M-protein
        value: Span | str = (low / 1000.0, high / 1000.0) if test in _IG else (low, high)
    elif lab.word is not None:
        value = lab.word
    else:
        return
    old = visit.got.get(test)
    if old is None:
        if test not in visit.unusable or visit.unusable[test] != "two results on one day":
            visit.got[test] = value
            visit.labs[test] = lab
        return
    if old == value and visit.labs[test].isotype == lab.isotype:
        return
    if criteria.A20 == "refuse":
        del visit.got[test], visit.labs[test]
        visit.unusable[test] = "two results on one day"
        return
    if old != value:
        flags.append(
            Flag(
                "same_day_conflict",
                lab.when.first,
                f"two results of {test} on day {lab.when.first}; the worse is used",
            )
        )
    if isinstance(value, str) or isinstance(old, str):
        worse = _WORSE_WORD.get(str(value), 0) > _WORSE_WORD.get(str(old), 0)
        if (
            value == old and lab.isotype and visit.labs[test].isotype
        ):  # two positive results that name bands: all bands count
            worse = bool(set(lab.isotype) - set(visit.labs[test].isotype))
        elif value == old:
            worse = (
                not lab.isotype
            )  # a positive result without named bands cannot be put down to another clone
    else:
        healthy = (test == "lambda_flc" and light_chain == "kappa") or (
            test == "kappa_flc" and light_chain == "lambda"
        )
        small = healthy or (test == "flc_ratio" and light_chain == "lambda")
        worse = (value < old) if small != lower else (value > old)
    if worse:
        visit.got[test] = value
        visit.labs[test] = lab


def _check_ratio(visit: Assessment, criteria: Criteria, flags: list[Flag]) -> None:
    """A reported ratio that contradicts its own chains: none of the three can be trusted, so all
    are set aside and said.
    """
    got = visit.got
    ratio, kappa, lam = got.get("flc_ratio"), got.get("kappa_flc"), got.get("lambda_flc")
    if not isinstance(ratio, tuple) or not isinstance(kappa, tuple) or not isinstance(lam, tuple):
        return
    days = {visit.labs[t].when.first for t in ("flc_ratio", "kappa_flc", "lambda_flc")}
    if len(days) > 1 or lam[1] <= 0:
        return
    low, high = kappa[0] / lam[1], (kappa[1] / lam[0] if lam[0] > 0 else float("inf"))
    share = criteria.ratio_tolerance
    # reported ratios are rounded to two digits, so very small ones may be off by half of the last
    # digit
    if ratio[1] * (1 + share) + 0.006 >= low and ratio[0] * (1 - share) - 0.006 <= high:
        return
    inverse = 1 / low if low > 0 else 0.0
    hint = (
        "; the chains look swapped"
        if inverse and abs(ratio[0] - inverse) <= share * inverse
        else ""
    )
    chains = f"kappa {kappa[0]:g} and lambda {lam[0]:g} mg/L give a ratio of {low:.3g}"
    text = (
        f"{chains}, but {ratio[0]:g} is reported{hint}; light chains of day {visit.day} set aside"
    )
    flags.append(Flag("flc_contradiction", visit.day, text))
    for test in ("flc_ratio", "kappa_flc", "lambda_flc"):
        visit.unusable[test] = "chains contradict the reported ratio"
        del got[test], visit.labs[test]


def _last_values(
    before: list[Lab],
    criteria: Criteria,
    limit: int,
    earliest: int,
    flags: list[Flag],
    light_chain: str | None,
) -> Assessment:
    """The last value of every test up to day `limit`, not older than the window; both light chains
    from one day.
    """
    latest: dict[str, int] = {}
    chains: dict[int, set[str]] = {}
    for lab in before:
        day = lab.when.first or 0
        oldest = limit - (
            criteria.baseline_marrow_window if lab.test in MARROW else criteria.baseline_window
        )
        if day > limit or day < oldest or day < earliest:
            continue
        if day > latest.get(lab.test, -(10**9)):
            latest[lab.test] = day
        if lab.test in ("kappa_flc", "lambda_flc"):
            chains.setdefault(day, set()).add(lab.test)
    together = [d for d, tests in chains.items() if len(tests) == 2]
    if together:
        latest["kappa_flc"] = latest["lambda_flc"] = max(together)
    values = Assessment(limit)
    for lab in before:
        if latest.get(lab.test) == lab.when.first:
            _put(values, lab, criteria, flags, light_chain, lower=True)
    _check_ratio(values, criteria, flags)
    values.day = max(
        (d for d in (x.when.first for x in values.labs.values()) if d is not None), default=limit
    )
    return values


def _fill(
    baseline: Assessment, floor: Assessment, late: Assessment, flags: list[Flag], baseline_day: int
) -> None:
    """Tests without a value before bridging or lymphodepletion take the next best before the
    infusion, and that is said.
    """
    for test, value in baseline.got.items():
        if (
            test not in floor.got
        ):  # older than the window seen from lymphodepletion, still the last one
            floor.got[test], floor.labs[test] = value, baseline.labs[test]
    for test, value in late.got.items():
        if test not in floor.got:
            floor.got[test], floor.labs[test] = value, late.labs[test]
    for test, value in floor.got.items():
        if test not in baseline.got:
            baseline.got[test], baseline.labs[test] = value, floor.labs[test]
            flags.append(
                Flag(
                    "late_baseline",
                    floor.labs[test].when.first,
                    f"no {test} up to day {baseline_day}; its baseline is the value of day"
                    f" {floor.labs[test].when.first}",
                )
            )
