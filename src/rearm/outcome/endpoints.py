"""Time-to-event endpoints of a course and of each infusion: PFS, TTP, DOR, DFS, TTNT, OS, PFS2 and
the failure times (section 8).

`default` counts confirmed progression and death before any new therapy and is censored at the last
adequate assessment. `fda` is censored before new therapy and before two or more missed assessments,
which needs a schedule. `ema` counts progression and death whenever they occur. The two styles are
never mixed.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from rearm.outcome.failure import Failure
from rearm.outcome.infusions import course_of, given
from rearm.outcome.statements import data_days, stated_day, surely_before, team_progression
from rearm.record import Death, Record, ResponseStatement
from rearm.response.course import ResponseCourse, new_therapy, response_course
from rearm.response.criteria import Criteria

__all__ = [
    "FAILURE_VARIANTS",
    "NAMES",
    "ORIGINS",
    "STYLES",
    "Endpoint",
    "course_endpoint",
    "endpoints",
]

NAMES = ("PFS", "TTP", "DOR", "DFS", "TTNT", "OS", "PFS2")
ORIGINS = ("infusion", "apheresis", "failure", "salvage")
STYLES = ("default", "fda", "ema")
FAILURE_VARIANTS = {
    "failure-a": "progression",
    "failure-b": "progression, unplanned therapy or death of myeloma",
    "failure-c": "as b, or relapse from CR",
    "failure-d": "as b, or loss of MRD negativity",
}
LAST_ASSESSMENT = "last adequate assessment"
NO_ASSESSMENT = "no adequate assessment after the start"
_DEEP = ("CR", "sCR")
_RESPONSE = ("PR", "VGPR", "CR", "sCR")


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One endpoint: `status` event, censored or not_computable; `event` PD, death, new therapy ...
    where it is one.

    `day` on the patient's axis, `days` since the origin. `competing`: an event that makes the
    endpoint impossible (death before it); such an endpoint is censored there, and competing-risk
    methods read the mark.
    """

    name: str
    origin: str
    origin_day: int | None
    style: str
    status: str
    event: str | None
    day: int | None
    reason: str
    competing: bool = False

    @property
    def days(self) -> int | None:
        return None if self.day is None or self.origin_day is None else self.day - self.origin_day


@dataclass(frozen=True, slots=True)
class _Facts:
    """What endpoints of one course are made of."""

    start: int
    pd: int | None
    death: Death | None
    new_therapy: int | None
    new_therapy_undated: bool
    last_assessed: int
    assessed: tuple[int, ...]
    last_contact: int
    response: int | None
    complete: int | None
    relapse_from_cr: int | None
    mrd_lost: int | None

    @property
    def death_day(self) -> int | None:
        return self.death.when.day if self.death is not None else None

    @property
    def why_last(self) -> str:
        """Why follow-up ends at `last_assessed`."""
        return LAST_ASSESSMENT if self.last_assessed > self.start else NO_ASSESSMENT

    @property
    def no_myeloma_death(self) -> str:
        """The words for a death that is not stated as one of myeloma: an unknown cause is not
        another cause.
        """
        known = self.death is not None and self.death.cause not in (None, "", "unknown")
        return "death of another cause" if known else "death, cause not known"

    @property
    def myeloma_death(self) -> int | None:
        return self.death_day if self.death is not None and self.death.cause == "myeloma" else None


def course_endpoint(
    record: Record,
    course: ResponseCourse,
    name: str,
    *,
    style: str = "default",
    schedule: Sequence[int] = (),
) -> Endpoint:
    """One of NAMES or a failure variant of a course, counted from its start. No CAR-T is needed.
    Raises ValueError for another name.
    """
    if name not in (*NAMES, *FAILURE_VARIANTS):
        raise ValueError(
            f"There is no endpoint {name!r}; there are {', '.join((*NAMES, *FAILURE_VARIANTS))}."
        )
    facts = _facts(record, course, None)
    if name == "PFS2":
        return _pfs2(record, course.criteria, "start", course.start, style, facts)
    return _endpoint(name, "start", course.start, style, facts, tuple(schedule))


def endpoints(
    record: Record,
    failed: Iterable[Failure],
    *,
    origin: str = "infusion",
    style: str = "default",
    schedule: Sequence[int] = (),
    criteria: Criteria | None = None,
) -> dict[int, dict[str, Endpoint]]:
    """All endpoints of every infusion: {number of the infusion: {name: Endpoint}}.

    `origin`: infusion, apheresis, failure (day of failure) or salvage (first unplanned therapy
    after the infusion; the response course is then that of the salvage). `schedule`: planned days
    of assessment, needed by `fda`. What cannot be computed says why.
    """
    if origin not in ORIGINS or style not in STYLES:
        raise ValueError(
            f"origin is one of {', '.join(ORIGINS)} and style one of {', '.join(STYLES)}, not"
            f" {origin!r} and {style!r}"
        )
    out: dict[int, dict[str, Endpoint]] = {}
    for failure in failed:
        out[failure.number] = _of_infusion(
            record, failure, origin, style, tuple(schedule), criteria
        )
    return out


def _of_infusion(
    record: Record,
    failure: Failure,
    origin: str,
    style: str,
    schedule: tuple[int, ...],
    criteria: Criteria | None,
) -> dict[str, Endpoint]:
    names = (*NAMES, *FAILURE_VARIANTS)
    course = failure.course
    if course is None:
        return {
            n: Endpoint(
                n,
                origin,
                None,
                style,
                "not_computable",
                None,
                None,
                "the day of the infusion is not known",
            )
            for n in names
        }
    c = criteria or course.criteria
    if (
        style == "ema"
    ):  # progression counts whenever it occurs: the course is read on through new therapy
        groups = given(record, c)
        group = groups[failure.number - 1]
        before = groups[failure.number - 2] if failure.number > 1 else None
        course = course_of(record, c, replace(group, ends=None), before, through_new_therapy=True)
    facts = _facts(record, course, failure)
    if origin == "infusion":
        day: int | None = course.start
    elif origin == "apheresis":
        dose = given(record, c)[failure.number - 1].doses[0]
        day = max((d for d in dose.apheresis_days if d <= course.start), default=None)
    elif origin == "failure":
        day = failure.day if failure.status == "failed" else None
    else:
        day = facts.new_therapy
    if day is None:
        why = {
            "apheresis": "the day of apheresis is not known",
            "failure": "the infusion did not fail",
            "salvage": "no salvage therapy with a day",
        }[origin]
        return {
            n: Endpoint(n, origin, None, style, "not_computable", None, None, why) for n in names
        }
    if origin == "salvage":
        salvage = response_course(record, start=day, criteria=c, infusion=False)
        facts = _facts(record, salvage, None)
    found = {n: _endpoint(n, origin, day, style, facts, schedule) for n in names if n != "PFS2"}
    found["PFS2"] = _pfs2(record, c, origin, day, style, facts)
    if origin == "failure":  # what ends at failure cannot be counted from it
        for name in ("PFS", "TTP", "DOR", "DFS", *FAILURE_VARIANTS):
            found[name] = Endpoint(
                name,
                origin,
                day,
                style,
                "not_computable",
                None,
                None,
                "ends at failure, so it is not counted from it",
            )
    return found


def _facts(record: Record, course: ResponseCourse, failure: Failure | None) -> _Facts:
    until = course.until
    death = record.death_since(course.start)
    pd = course.progression_day
    if pd is None and failure is not None and failure.team_day is not None:
        pd = failure.team_day
    contact = _last_contact(record, course.start)
    stated = [
        s
        for s in record.responses
        if (d := stated_day(s)) is not None and d > course.start and (until is None or d <= until)
    ]
    if pd is None and failure is None and (said := team_progression(stated)) is not None:
        pd = stated_day(said)
    # a visit known by its plan took place by the last contact
    told = {
        min(d, contact) for s in stated if s.response != "NE" and (d := stated_day(s)) is not None
    }
    assessed = sorted({v.day for v in course.visits if v.response != "NE"} | told)
    response = next((v.day for v in course.visits if v.confirmed in _RESPONSE), None)
    complete = next((v.day for v in course.visits if v.confirmed in _DEEP), None)
    if not any(v.response != "NE" for v in course.visits):
        response = _first_stated(stated, (*_RESPONSE, "nCR"), pd)
        complete = _first_stated(stated, _DEEP, pd)
    lost = next((s.day for s in course.signals if s.id == "mrd_conversion"), None)
    undated = failure is not None and any(
        s.id == "new_therapy_without_pd" and s.day is None for s in failure.signals
    )
    return _Facts(
        start=course.start,
        pd=pd,
        death=death,
        new_therapy=_next_therapy(record, course),
        new_therapy_undated=undated,
        last_assessed=max([d for d in assessed if pd is None or d <= pd], default=course.start),
        assessed=tuple(assessed),
        last_contact=contact,
        response=response,
        complete=complete,
        relapse_from_cr=course.relapse_from_cr_day,
        mrd_lost=lost,
    )


def _last_contact(record: Record, start: int) -> int:
    """Last day on which the patient was surely seen: as stated, or a later day of data. The far end
    of an interval is no contact.
    """
    days = [start, *data_days(record), *(x.day for x in record.infused() if x.day is not None)]
    days += [d for t in record.therapies if (d := t.end.day) is not None]
    return max(days) if record.last_seen_day is None else max(*days, record.last_seen_day)


def _first_stated(
    stated: Iterable[ResponseStatement], responses: Iterable[str], pd: int | None
) -> int | None:
    """First day of one of `responses` as the team stated it, by the planned day where no other is
    known; never one that may follow `pd`.
    """
    wanted = set(responses)
    days = [
        d
        for s in stated
        if s.response in wanted
        and (pd is None or surely_before(s, pd))
        and (d := stated_day(s)) is not None
    ]
    return min(days, default=None)


def _next_therapy(record: Record, course: ResponseCourse) -> int | None:
    """First unplanned therapy or infusion after the start, also where the course itself was read on
    through it.
    """
    therapy = new_therapy(record, course.start)
    days = [therapy.start.day] if therapy is not None and therapy.start.day is not None else []
    days += [
        x.day
        for x in record.infused()
        if x.day is not None and x.day > course.start + course.criteria.split_infusion_days
    ]
    if course.new_therapy_day is not None:
        days.append(course.new_therapy_day)
    return min(days, default=None)


def _endpoint(
    name: str, origin: str, origin_day: int, style: str, f: _Facts, schedule: tuple[int, ...]
) -> Endpoint:
    def made(
        status: str,
        event: str | None,
        day: int | None,
        reason: str,
        *,
        competing: bool = False,
        start: int | None = origin_day,
    ) -> Endpoint:
        return Endpoint(name, origin, start, style, status, event, day, reason, competing)

    if name == "OS":
        if f.death_day is not None and f.death is not None:
            return made("event", "death", f.death_day, f"death, cause {f.death.cause}")
        return made("censored", None, f.last_contact, "last contact")
    if name == "TTNT":
        if f.new_therapy is not None:
            return made(
                "event", "new therapy", f.new_therapy, "start of the next anti-myeloma therapy"
            )
        if f.new_therapy_undated:
            return made("not_computable", None, None, "new therapy is known by its order only")
        if f.death_day is not None:
            return made("censored", None, f.death_day, "death before new therapy", competing=True)
        return made("censored", None, f.last_contact, "last contact")
    if name in FAILURE_VARIANTS:
        return _variant(name, f, made)
    start: int | None = origin_day
    progressed = [(f.pd, "PD")]
    if name == "DOR":
        start = f.response
    elif name == "DFS":
        start = f.complete
        progressed = [(f.relapse_from_cr, "relapse from CR"), (f.pd, "PD")]
    if start is None:
        return made(
            "not_computable",
            None,
            None,
            (
                "no confirmed response to start from"
                if name == "DOR"
                else "no confirmed CR to start from"
            ),
            start=None,
        )
    if style == "fda" and not schedule:
        return made(
            "not_computable",
            None,
            None,
            "FDA-style censoring needs the planned days of assessment",
            start=start,
        )
    candidates = [(day, what) for day, what in progressed if day is not None]
    if f.death_day is not None and (name != "TTP" or f.myeloma_death is not None):
        candidates.append((f.death_day, "death"))
    event = min(candidates, default=None, key=lambda x: x[0])
    limit, why = _censoring(style, f, schedule, event)
    if event is not None and (limit is None or event[0] <= limit):
        return made("event", event[1], event[0], event[1], start=start)
    if limit is not None and why is not None:
        adequate = max([d for d in f.assessed if d <= limit], default=f.start)
        return made("censored", None, adequate, why, start=start)
    if name == "TTP" and f.death_day is not None:
        return made("censored", None, f.death_day, f.no_myeloma_death, competing=True, start=start)
    return made("censored", None, f.last_assessed, f.why_last, start=start)


def _censoring(
    style: str, f: _Facts, schedule: tuple[int, ...], event: tuple[int, str] | None
) -> tuple[int | None, str | None]:
    """Last day on which an event counts, and why; (None, None) where nothing limits it."""
    limits: list[tuple[int, str]] = []
    if style != "ema" and f.new_therapy is not None:
        limits.append((f.new_therapy, "new therapy"))
    if style == "fda":
        end = event[0] if event is not None else f.last_assessed
        gap = _missed(schedule, f.assessed, f.start, end)
        if gap is not None:
            limits.append((gap, "two or more missed assessments"))
    return min(limits, default=(None, None), key=lambda x: x[0])


def _missed(
    schedule: tuple[int, ...], assessed: tuple[int, ...], start: int, end: int
) -> int | None:
    """Last assessment before the first two planned assessments in a row that were missed before
    `end`; None where there was no such gap.

    A planned day counts as done where an assessment lies nearer to it than to the planned days
    beside it.
    """
    planned = sorted(d for d in schedule if start < d <= end)
    done = set()
    for day in assessed:
        if planned:
            done.add(min(planned, key=lambda p: (abs(p - day), p)))
    run = 0
    for i, day in enumerate(planned):
        run = 0 if day in done else run + 1
        if run == 2:
            return max([d for d in assessed if d < planned[i - 1]], default=start)
    return None


def _variant(name: str, f: _Facts, made: object) -> Endpoint:
    events = [(f.pd, "PD")]
    if name != "failure-a":
        events += [(f.new_therapy, "new therapy"), (f.myeloma_death, "death of myeloma")]
    if name == "failure-c":
        events.append((f.relapse_from_cr, "relapse from CR"))
    if name == "failure-d":
        events.append((f.mrd_lost, "loss of MRD negativity"))
    dated = [(day, what) for day, what in events if day is not None]
    assert callable(made)
    answer: Endpoint
    if dated:
        day, what = min(dated, key=lambda x: x[0])
        answer = made("event", what, day, FAILURE_VARIANTS[name])
    elif f.death_day is not None:
        answer = made("censored", None, f.death_day, "death before failure", competing=True)
    else:
        answer = made("censored", None, f.last_assessed, f.why_last)
    return answer


def _pfs2(
    record: Record, c: Criteria, origin: str, origin_day: int, style: str, f: _Facts
) -> Endpoint:
    """Progression on the next therapy, or death from any cause (EMA's PFS2)."""

    def made(status: str, event: str | None, day: int | None, reason: str) -> Endpoint:
        return Endpoint("PFS2", origin, origin_day, style, status, event, day, reason)

    if f.new_therapy_undated and f.new_therapy is None:
        return made("not_computable", None, None, "new therapy is known by its order only")
    second: int | None = None
    seen = [
        f.start,
        *f.assessed,
    ]  # the first progression ends nothing here, so assessments after it count
    if f.new_therapy is not None:
        following = response_course(record, start=f.new_therapy, criteria=c)
        said = team_progression(s for s in record.responses if (stated_day(s) or 0) > f.new_therapy)
        days = (following.progression_day, stated_day(said) if said is not None else None)
        second = min((d for d in days if d is not None), default=None)
        seen += [f.new_therapy, following.last_assessed_day or f.new_therapy]
    if second is not None and (f.death_day is None or second <= f.death_day):
        return made("event", "PD", second, "progression on the next therapy")
    if f.death_day is not None:
        return made("event", "death", f.death_day, "death")
    return made(
        "censored", None, max(seen), f.why_last if max(seen) == f.start else LAST_ASSESSMENT
    )
