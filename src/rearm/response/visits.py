"""From single results to visits: which results belong together, what is the baseline, from where
the nadir counts.

Results need not share a day. Results of different tests within `visit_window` days make one visit;
a test that is repeated opens the next one. Marrow and imaging opens a visit too, because a new
lesion is progression whatever the blood says.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

import msgspec

from rearm.interval import Interval
from rearm.record import Imaging, Lab, Record, When
from rearm.response.criteria import Criteria
from rearm.response.lesions import Exam, read_exams, unread_soft
from rearm.response.sentences import Because, test_name

__all__ = [
    "BLOOD",
    "MARROW",
    "READ_IN_A_COURSE",
    "CollectedResults",
    "CourseFlag",
    "Stretch",
    "VisitResults",
    "collect",
]

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
_IMMUNOGLOBULINS = frozenset(("igg", "iga", "igm", "igd"))
_CRAB = frozenset(("calcium_corrected", "hemoglobin", "creatinine", "neutrophils", "platelets"))
_CHAINS = ("kappa_flc", "lambda_flc")
_RATIO = ("flc_ratio", *_CHAINS)
_WORSE_WORDS = frozenset(("positive", "not_shifted", "clonal"))

_Use = Literal["disease", "crab", "mrd", "pet", "immunoglobulin"]
_USES: dict[str, _Use] = {
    **dict.fromkeys(BLOOD | MARROW, "disease"),
    **dict.fromkeys(_CRAB, "crab"),
    **dict.fromkeys(_IMMUNOGLOBULINS, "immunoglobulin"),
    "mrd": "mrd",
    "pet": "pet",
}
READ_IN_A_COURSE = frozenset(_USES)


class CourseFlag(msgspec.Struct, frozen=True):
    """Something a reader of the course must know; `day` where it belongs to one. `day` is None
    where it belongs to none.

    >>> import rearm
    >>> record = rearm.read("examples/tables").records[8]
    >>> from rearm.response import response_course
    >>> course = response_course(record, start=0)
    >>> course.flags[0].id
    'light_chain_escape'
    """

    id: str  # a short stable name
    day: int | None
    text: str  # the sentence


class Stretch(msgspec.Struct, frozen=True, kw_only=True):
    """The days of one course, all settled. `end`, `earliest`: far away where nothing limits them.

    `baseline`: last day whose values may be the baseline for response (the day before bridging or
    lymphodepletion, or the start); `floor`: likewise for the nadir of progression; `earliest`: no
    value before it is baseline. `schedule`: planned days of assessment; one without results becomes
    a visit that was not done.
    """

    start: int
    end: int
    baseline: int
    floor: int
    earliest: int
    schedule: frozenset[int]


class VisitResults(msgspec.Struct, gc=False):  # dozens a course; none refers to its holder
    """Results that are read together. `values` holds numbers in canonical units (immunoglobulins in
    g/dL, as the M-protein), or words; `labs` the rows they come from.

    `first`: day of the first result, which opened the visit. `unusable`: test -> why its result was
    set aside; `aside`: rows that were set aside and repeat nothing of the visit. A test that was
    not done is missing from `values`.

    >>> import rearm
    >>> record = rearm.read("examples/tables").records[0]
    >>> from rearm.response import response_course
    >>> course = response_course(record, start=0)
    >>> results = course.visits[0].results
    >>> results.day, str(results.values["serum_m_protein"])
    (28, '1')
    """

    day: int  # of the last result
    first: int
    labs: dict[str, Lab] = msgspec.field(default_factory=dict)
    values: dict[str, Interval | str] = msgspec.field(default_factory=dict)
    exams: tuple[Exam, ...] = ()  # the imaging of the visit
    unusable: dict[str, Because] = msgspec.field(default_factory=dict)
    aside: tuple[Lab, ...] = ()

    @property
    def between(self) -> dict[str, When]:
        """Test -> the days that its result may be of, where it is known by its month or order only
        and `day` is one of them.
        """
        return {
            test: lab.when.stated for test, lab in self.labs.items() if lab.when.stated is not None
        }

    @property
    def when(self) -> When:
        """The days that the visit may have been on."""
        labs = [lab.when.stated for lab in self.labs.values()]
        exams = [exam.between for exam in self.exams]
        stated = [*labs, *exams]
        days = None if None in stated else next(iter(stated), None)
        return When.on(self.day) if days is None else days

    def day_of(self, test: str) -> int:
        """Day of this result where it is there, else the day of the visit."""
        lab = self.labs.get(test)
        day = None if lab is None else lab.when.first
        return self.day if day is None else day

    def number(self, test: str) -> Interval | None:
        """The value where it is a number."""
        value = self.values.get(test)
        return value if isinstance(value, Interval) else None

    def word(self, test: str) -> str | None:
        """The value where it is a word."""
        value = self.values.get(test)
        return value if isinstance(value, str) else None

    def drop(self, tests: Iterable[str], why: Because) -> None:
        """Take results out again: they are there, but cannot be used."""
        for test in tests:
            del self.values[test], self.labs[test]
            self.unusable[test] = why


class CollectedResults(msgspec.Struct, kw_only=True):
    """All results of one course. `floor`: the values from which the nadir counts.

    `serum_test`: serum_m_protein, or the immunoglobulin that stands for it. `unread_imaging`: for
    soft tissue, by day, from the baseline on.
    """

    start: int
    baseline: VisitResults
    floor: VisitResults
    visits: list[VisitResults]
    baseline_exams: list[Exam]
    floor_exams: list[Exam]
    mrd: list[Lab]
    pet: list[Lab]
    crab: dict[str, list[Lab]]
    serum_test: str
    unread_imaging: list[tuple[int, Imaging]]
    flags: list[CourseFlag]


@dataclass(slots=True)
class _Sorted:
    """Results by what they are used for; `undated` counts those of the disease without a day."""

    after: dict[int, list[Lab]] = field(default_factory=dict)  # of the disease, by day
    before: list[Lab] = field(default_factory=list)  # of the disease, up to the start
    mrd: list[Lab] = field(default_factory=list)
    pet: list[Lab] = field(default_factory=list)
    immunoglobulins: list[Lab] = field(default_factory=list)
    crab: dict[str, list[Lab]] = field(default_factory=dict)
    undated: int = 0

    def place(self, lab: Lab, day: int, start: int) -> None:
        """Put a result of the disease to its day."""
        if day <= start:
            self.before.append(lab)
        elif day in self.after:
            self.after[day].append(lab)
        else:
            self.after[day] = [lab]


def collect(record: Record, criteria: Criteria, days: Stretch) -> CollectedResults:
    """All results of a course, as visits with a baseline."""
    found = _sorted(record, days)
    serum_test = _serum_test(record, criteria, found, days.baseline)
    if serum_test != "serum_m_protein":
        for lab in found.immunoglobulins:
            if lab.test == serum_test and lab.when.first is not None:
                found.place(lab, lab.when.first, days.start)
    flags: list[CourseFlag] = []
    if found.undated:
        text = f"{found.undated} disease results have no exact day and are not placed in time"
        flags.append(CourseFlag("undated_results", None, text))
    exams = read_exams(record)
    visits, remarks = _Visits(record, criteria, days, serum_test).of(found.after, exams)
    flags += remarks
    baseline, floor, remarks = _baselines(found.before, criteria, days)
    flags += remarks
    _tell_set_aside(baseline, record, criteria, days)
    oldest = max(days.earliest, days.baseline - criteria.baseline_marrow_window)
    baseline_exams = [e for e in exams if oldest <= e.day <= days.baseline]
    floor_exams = [e for e in exams if days.baseline < e.day <= days.start]
    if not baseline_exams and floor_exams:
        baseline_exams, floor_exams = floor_exams, []
    return CollectedResults(
        start=days.start,
        baseline=baseline,
        floor=floor,
        visits=visits,
        baseline_exams=baseline_exams,
        floor_exams=floor_exams,
        mrd=found.mrd,
        pet=found.pet,
        crab=found.crab,
        serum_test=serum_test,
        unread_imaging=[(d, x) for d, x in unread_soft(record) if oldest <= d <= days.end],
        flags=flags,
    )


def _sorted(record: Record, days: Stretch) -> _Sorted:
    found = _Sorted()
    start, end = days.start, days.end
    after, use_of = found.after, _USES.get
    last_day, on_day = start, found.before  # results of one day mostly stand together
    for lab in record.labs:
        use = use_of(lab.test)
        if use is None:
            continue
        when = lab.when
        day = when.first
        if day is None or day != when.last:
            if use == "disease":
                found.undated += 1
        elif use == "disease":
            if day == last_day:
                on_day.append(lab)
            elif day <= start:
                found.before.append(lab)
            elif day <= end:
                last_day, on_day = day, after.setdefault(day, [])
                on_day.append(lab)
        elif day > end:
            continue
        elif use == "crab":
            found.crab.setdefault(lab.test, []).append(lab)
        elif use == "mrd":
            found.mrd.append(lab)
        elif use == "pet":
            found.pet.append(lab)
        else:
            found.immunoglobulins.append(lab)
    return found


def _serum_test(record: Record, criteria: Criteria, found: _Sorted, baseline_day: int) -> str:
    """Electrophoresis, or nephelometry of the patient's own immunoglobulin where the spike was not
    quantified: chosen at baseline and kept, they are not interchangeable.
    """
    chains = [c.lower() for c in record.heavy_chain if c.lower() in _IMMUNOGLOBULINS]
    if criteria.serum_marker == "spep" or len(chains) != 1:
        return "serum_m_protein"
    own = chains[0]
    if criteria.serum_marker == "quantitative_ig":
        return own
    oldest = baseline_day - criteria.baseline_window
    if own not in ("iga", "igd"):
        return "serum_m_protein"
    if any(_quantified(x) and _since(x, oldest) for x in found.before):
        return "serum_m_protein"
    own_days = (x.when.first for x in found.immunoglobulins if x.test == own)
    days = [day for day in own_days if day is not None]
    if any(oldest <= day <= baseline_day for day in days):
        return own
    followed = any(_quantified(x) for labs in found.after.values() for x in labs)
    return own if days and not followed else "serum_m_protein"


def _quantified(lab: Lab) -> bool:
    """Is it an electrophoresis that tells the size of the spike? One too small is not reliable."""
    x = lab.quantity
    return lab.test == "serum_m_protein" and x is not None and (x.low > 0 or x.exact is not None)


def _since(lab: Lab, day: int) -> bool:
    return lab.when.first is not None and lab.when.first >= day


class _Visits:
    """Groups the results after the start into visits."""

    def __init__(self, record: Record, criteria: Criteria, days: Stretch, serum_test: str) -> None:
        self.record, self.criteria, self.days = record, criteria, days
        self.blood = BLOOD | {serum_test}

    def of(
        self, labs: Mapping[int, Sequence[Lab]], exams: Iterable[Exam]
    ) -> tuple[list[VisitResults], list[CourseFlag]]:
        """The visits, oldest first, and what must be said of their results."""
        start, end = self.days.start, self.days.end
        exam_on = {e.day: e for e in exams if start < e.day <= end}
        aside_on = self._set_aside()
        planned = {d for d in self.days.schedule if start < d <= end}
        visits: list[VisitResults] = []
        flags: list[CourseFlag] = []
        window = self.criteria.visit_window
        now: VisitResults | None = None
        for day in sorted({*labs, *exam_on, *aside_on, *planned}):
            on_day = labs.get(day, ())
            exam = exam_on.get(day)
            if (
                now is None
                or day - now.first > window
                or self._opens(now, on_day, exam, day in planned)
            ):
                now = VisitResults(day=day, first=day)
                visits.append(now)
            elif self._blood_follows(now, on_day):
                now.day = day
            flags += _put_all(now, on_day, self.criteria)
            if exam is not None:
                now.exams = (*now.exams, exam)
            if day in aside_on:
                aside = aside_on[day]
                now.aside += tuple(x for t, x in aside.items() if t not in now.labs)
                now.unusable |= {t: ("set-aside", x.why_set_aside) for t, x in aside.items()}
        return visits, flags + _contradictions(visits, self.criteria)

    def _set_aside(self) -> dict[int, dict[str, Lab]]:
        """Results that could not be used, by day and test."""
        found: dict[int, dict[str, Lab]] = {}
        for lab in self.record.set_aside:
            day = lab.when.day
            if day is None or not self.days.start < day <= self.days.end:
                continue
            if lab.test in self.blood or lab.test in MARROW:
                found.setdefault(day, {})[lab.test] = lab
        return found

    def _opens(
        self, now: VisitResults, labs: Sequence[Lab], exam: Exam | None, planned: bool
    ) -> bool:
        """Do the results of a day within the window begin a visit of their own?"""
        if (planned and labs) or (exam is not None and now.exams):
            return True
        return any(x.test in now.labs for x in labs)

    def _blood_follows(self, now: VisitResults, labs: Sequence[Lab]) -> bool:
        """Blood and urine give a visit its day, not the marrow taken before."""
        has_blood = not self.blood.isdisjoint(now.labs)
        return not has_blood and any(x.test in self.blood for x in labs)


# ---- one result ----------------


def _put_all(
    visit: VisitResults,
    labs: Iterable[Lab],
    criteria: Criteria,
    *,
    baseline: bool = False,
) -> list[CourseFlag]:
    """Add results. Of two different words on a day, or two marrows, the worse stays; all between
    two numbers is possible (A20).
    """
    flags: list[CourseFlag] = []
    values, rows, unusable = visit.values, visit.labs, visit.unusable
    for lab in labs:
        test = lab.test
        quantity = lab.quantity
        value: Interval | str
        if quantity is None:
            if lab.word is None:
                continue
            value = lab.word
        elif not quantity.high > 0 and (quantity.high != 0 or quantity.high_open):
            flags.append(_negative(lab))  # below 0, or no number
            unusable[test] = ("negative",)
            continue
        else:  # mg/dL of immunoglobulin stand for g/dL of M-protein
            value = _per_thousand(quantity) if test in _IMMUNOGLOBULINS else quantity
        if test in values:
            flag = _settle(visit, lab, value, criteria, baseline=baseline)
            if flag is not None:
                flags.append(flag)
        elif not unusable or unusable.get(test) != ("two-results",):
            values[test] = value
            rows[test] = lab
    return flags


def _per_thousand(x: Interval) -> Interval:
    return Interval(x.low / 1000.0, x.high / 1000.0, x.low_open, x.high_open)


def _negative(lab: Lab) -> CourseFlag:
    given = lab.as_given or lab.quantity
    text = (
        f"{test_name(lab.test)} on day {lab.when.first} is {given}, an impossible value; not used"
    )
    return CourseFlag("negative_value", lab.when.first, text)


def _settle(
    visit: VisitResults, lab: Lab, value: Interval | str, criteria: Criteria, *, baseline: bool
) -> CourseFlag | None:
    """Two results of one test: what is used is said."""
    test = lab.test
    old, bands = visit.values[test], visit.labs[test].isotype
    if old == value and bands == lab.isotype:
        return None
    if criteria.A20 == "refuse":
        visit.drop((test,), ("two-results",))
        return None
    if isinstance(value, Interval) and isinstance(old, Interval):
        if baseline or test not in MARROW:
            return _keep_both(visit, lab, old, value, baseline=baseline)
        worse = _order(value) > _order(old)  # of two marrow samples the higher counts
    elif value != old:
        worse = value in _WORSE_WORDS and old not in _WORSE_WORDS
    elif lab.isotype and bands:
        # two positive results that name bands: all bands count
        worse = bool(set(lab.isotype) - set(bands))
        lab = replace(lab, isotype=tuple(dict.fromkeys((*bands, *lab.isotype))))
    else:
        # a positive result without named bands cannot be put down to another clone
        worse = not lab.isotype
    if worse:
        visit.values[test], visit.labs[test] = value, lab
    if old == value:
        return None
    text = f"two results of {test_name(test)} on day {lab.when.first}; the worse is used"
    return CourseFlag("same_day_conflict", lab.when.first, text)


def _keep_both(
    visit: VisitResults, lab: Lab, old: Interval, value: Interval, *, baseline: bool
) -> CourseFlag:
    """Two numbers of one test: which of them holds is not known, so all between them is possible.
    The row is that of the lower one, with both values.
    """
    test, earlier = lab.test, visit.labs[lab.test]
    visit.values[test] = both = Interval.hull((old, value))
    quantity = Interval.hull(x for x in (earlier.quantity, lab.quantity) if x is not None)
    visit.labs[test] = replace(
        lab if _order(value) < _order(old) else earlier,
        quantity=quantity,
        as_given=f"{quantity.low:g} or {quantity.high:g} {lab.unit or ''}".rstrip(),
    )
    counts = (
        "falls are counted from the lower, rises from the higher"
        if baseline
        else "only what both show is used"
    )
    text = (
        f"two results of {test_name(test)} on day {lab.when.first}, {both.low:g} and"
        f" {both.high:g}; {counts}"
    )
    return CourseFlag("same_day_conflict", lab.when.first, text)


def _order(x: Interval) -> tuple[float, bool, float, bool]:
    return x.low, x.low_open, x.high, not x.high_open


def _contradictions(visits: Iterable[VisitResults], criteria: Criteria) -> list[CourseFlag]:
    """Takes out light chains that contradict their own ratio."""
    flags = []
    for visit in visits:
        if "flc_ratio" in visit.values and (flag := _contradiction(visit, criteria)) is not None:
            visit.drop(_RATIO, ("ratio",))
            flags.append(flag)
    return flags


def _contradiction(visit: VisitResults, criteria: Criteria) -> CourseFlag | None:
    """A reported ratio that contradicts its own chains: none of the three can be trusted."""
    ratio, kappa, lam = (visit.number(test) for test in _RATIO)
    if ratio is None or kappa is None or lam is None:
        return None
    if len({visit.labs[t].when.first for t in _RATIO}) > 1 or lam.high <= 0:
        return None
    low = kappa.low / lam.high
    high = kappa.high / lam.low if lam.low > 0 else float("inf")
    share = criteria.ratio_tolerance
    # reported ratios are rounded to two digits, so very small ones may be off by half of the last
    # digit
    if ratio.high * (1 + share) + 0.006 >= low and ratio.low * (1 - share) - 0.006 <= high:
        return None
    inverse = 1 / low if low > 0 else 0.0
    swapped = inverse and abs(ratio.low - inverse) <= share * inverse
    text = (
        f"kappa {kappa.low:g} and lambda {lam.low:g} mg/L give a ratio of {low:.3g}, but "
        f"{ratio.low:g} is reported{'; the chains look swapped' if swapped else ''}; light "
        f"chains of day {visit.day} not used"
    )
    return CourseFlag("flc_contradiction", visit.day, text)


# ---- baseline ----------------


def _baselines(
    before: list[Lab], criteria: Criteria, days: Stretch
) -> tuple[VisitResults, VisitResults, list[CourseFlag]]:
    """Baseline for response, and floor of the nadir. Tests without a value before bridging or
    lymphodepletion take the next best before the infusion, and that is said.
    """
    baseline, flags = _last_values(before, criteria, days.baseline, days.earliest)
    if days.floor == days.baseline == days.start:
        return baseline, baseline, flags
    floor = late = baseline
    if days.floor != days.baseline:
        floor, _ = _last_values(before, criteria, days.floor, days.earliest)
    if max(days.baseline, days.floor) < days.start:
        late, _ = _last_values(before, criteria, days.start, days.earliest)
    # older than the window seen from lymphodepletion, still the last one
    _fill(floor, baseline)
    _fill(floor, late)
    for test in _fill(baseline, floor):
        day = baseline.labs[test].when.first
        text = (
            f"no {test_name(test)} up to day {days.baseline}; its baseline is the value of day"
            f" {day}"
        )
        flags.append(CourseFlag("late_baseline", day, text))
    return baseline, floor, flags


def _last_values(
    before: list[Lab],
    criteria: Criteria,
    limit: int,
    earliest: int,
) -> tuple[VisitResults, list[CourseFlag]]:
    """The last value of every test up to day `limit`, not older than the window; both light chains
    from one day.
    """
    oldest = max(earliest, limit - criteria.baseline_window)
    oldest_marrow = max(earliest, limit - criteria.baseline_marrow_window)
    latest: dict[str, int] = {}
    chains: dict[int, set[str]] = {}
    for lab in before:
        test, day = lab.test, lab.when.first
        if day is None or not (oldest_marrow if test in MARROW else oldest) <= day <= limit:
            continue
        if day >= latest.get(test, day):
            latest[test] = day
        if test in _CHAINS:
            chains.setdefault(day, set()).add(test)
    together = [day for day, tests in chains.items() if len(tests) == 2]
    if together:
        latest |= dict.fromkeys(_CHAINS, max(together))
    found = VisitResults(day=limit, first=limit)
    labs = (x for x in before if x.test in latest and latest[x.test] == x.when.first)
    flags = _put_all(found, labs, criteria, baseline=True)
    flags += _contradictions((found,), criteria)
    days = [d for x in found.labs.values() if (d := x.when.first) is not None]
    found.day = max(days, default=limit)
    return found, flags


def _tell_set_aside(
    baseline: VisitResults, record: Record, criteria: Criteria, days: Stretch
) -> None:
    """Results that could not be used and that may be of the baseline, where it has no other."""
    oldest = max(days.earliest, days.baseline - criteria.baseline_window)
    for lab in record.set_aside:
        test, day = lab.test, lab.when.day
        if test in baseline.values or not (test in BLOOD or test in MARROW):
            continue
        if day is not None and oldest <= day <= days.start:
            baseline.unusable[test] = ("set-aside", lab.why_set_aside)


def _fill(into: VisitResults, source: VisitResults) -> list[str]:
    """Give `into` the results of tests that it lacks; returns these tests."""
    lacking = [test for test in source.values if test not in into.values]
    for test in lacking:
        into.values[test], into.labs[test] = source.values[test], source.labs[test]
    return lacking
