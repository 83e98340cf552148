"""Did a CAR-T infusion fail, and when: computed progression beside what the team recorded, one
answer per infusion (DESIGN 5).
"""

from __future__ import annotations

from dataclasses import dataclass

from rearm.outcome.infusions import InfusedProduct, course_of, infused_products
from rearm.outcome.pattern import pattern_at
from rearm.outcome.statements import (
    data_days,
    pd_sources,
    stated_day,
    surely_before,
    team_progression,
    unpaired,
)
from rearm.outcome.unread_results import unread_after
from rearm.record import Record, Source, When
from rearm.response.course import ResponseCourse, new_therapy, planned
from rearm.response.criteria import RESPONSES, Criteria, load_criteria
from rearm.response.signals import Signal
from rearm.response.visits import Flag

__all__ = ["Failure", "failures"]

_LEVEL = {name: n for n, name in enumerate(RESPONSES)} | {
    "nCR": RESPONSES.index("VGPR")
}  # nCR is kept as stated and counts as VGPR


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """What became of one infusion. Days are on the patient's axis, `timing` counts from the
    infusion.

    `day`: of failure, or of the suspicion; None where there is neither. `kind`, `timing`, `pattern`
    of one hold if it is progression. `computed_day` and `team_day` are kept side by side,
    `difference` says where they part and the likely reason. `followed_to_day`: last contact or
    later data; `last_assessed_day`: last day on which the disease could be judged.
    """

    infusion_day: int | None
    product: str | None
    targets: tuple[str, ...]
    status: str  # failed | suspected | not_failed | died_without_progression | cannot_be_judged
    certainty: str | None  # confirmed | recorded_by_team; unconfirmed | provisional | signal
    day: int | None
    kind: str | None
    timing: str | None
    pattern: tuple[str, ...]
    signals: tuple[Signal, ...]
    followed_to_day: int | None
    last_assessed_day: int | None
    reason: str
    basis: tuple[Source, ...]
    best_response: str | None
    best_response_by: str | None  # computed | team
    computed_day: int | None
    team_day: int | None
    difference: str | None
    flags: tuple[Flag, ...]
    number: int  # from 1, in the order of time
    course: ResponseCourse | None


def failures(record: Record, criteria: Criteria | None = None) -> tuple[Failure, ...]:
    """One `Failure` for each infusion, in the order of time; empty where nothing was infused. Never
    raises on what a record holds.
    """
    c = criteria or load_criteria()
    groups = infused_products(record, c)
    return tuple(
        _judge(record, c, group, groups[i - 1] if i else None, i + 1)
        for i, group in enumerate(groups)
    )


def _judge(
    record: Record, c: Criteria, group: InfusedProduct, before: InfusedProduct | None, number: int
) -> Failure:
    product, targets = group.doses[0].product, group.doses[0].targets
    if group.day is None:
        return Failure(
            infusion_day=None,
            product=product,
            targets=targets,
            status="cannot_be_judged",
            certainty=None,
            day=None,
            kind=None,
            timing=None,
            pattern=(),
            signals=(),
            followed_to_day=None,
            last_assessed_day=None,
            reason="The day of this infusion is not known, so nothing can be placed after it.",
            basis=tuple(d.source for d in group.doses),
            best_response=None,
            best_response_by=None,
            computed_day=None,
            team_day=None,
            difference=None,
            flags=(),
            number=number,
            course=None,
        )
    course = course_of(record, c, group, before)
    return _Judge(record, c, group, course, number).failure()


class _Judge:
    def __init__(
        self,
        record: Record,
        c: Criteria,
        group: InfusedProduct,
        course: ResponseCourse,
        number: int,
    ) -> None:
        self.record, self.c, self.group, self.course, self.number = record, c, group, course, number
        self.start = course.start
        self.end = group.ends
        self.stated = [s for s in record.responses if self._inside(stated_day(s))]
        self.flags = list(course.flags)
        self.death = next(
            (
                d
                for d in record.deaths
                if d.when.day is None or d.when.day == self.start or self._inside(d.when.day)
            ),
            None,
        )
        if self.end is not None and self.death is not None and self.death.when.day is None:
            self.death = None  # lived to the next infusion
        self.team_pd = team_progression(self.stated)
        self.team_day = stated_day(self.team_pd) if self.team_pd is not None else None
        self.unread = unread_after(
            record,
            self._last_assessed(),
            self._inside,
            course.serum_test,
            course.visits,
            newest=group.next is None,
        )

    def _inside(self, day: int | None) -> bool:
        return day is not None and day > self.start and (self.end is None or day <= self.end)

    # ---- the answer ----------------
    def failure(self) -> Failure:
        status, certainty, day, kind, reason, basis = self._decide()
        signals = self._signals(day if status == "failed" else None)
        if status == "open":
            status, certainty, day, kind, reason, basis = self._undecided(signals)
        if self.death is not None and "Died" not in reason:
            reason += f" Died ({self.death.when}) {self._cause()}."
            basis = tuple(dict.fromkeys((*basis, self.death.source)))
        best, best_by = self._best(day if status in ("failed", "suspected") else None)
        concerned = status in ("failed", "suspected")
        return Failure(
            infusion_day=self.start,
            product=self.group.doses[0].product,
            targets=self.group.doses[0].targets,
            status=status,
            certainty=certainty,
            day=day,
            kind=kind,
            timing=self._timing(day) if concerned else None,
            pattern=(
                pattern_at(self.record, self.course, day, self.team_pd)
                if concerned and day is not None
                else ()
            ),
            signals=signals,
            followed_to_day=self._judged_to(status),
            last_assessed_day=self._last_assessed(),
            reason=reason,
            basis=basis,
            best_response=best,
            best_response_by=best_by,
            computed_day=self.course.progression_day,
            team_day=self.team_day,
            difference=self._difference(),
            flags=tuple(dict.fromkeys(self.flags)),
            number=self.number,
            course=self.course,
        )

    def _decide(self) -> tuple[str, str | None, int | None, str | None, str, tuple[Source, ...]]:
        course, c = self.course, self.c
        if course.progression_day is not None:
            day = course.progression_day
            how = (
                "needs no repeat"
                if any(
                    p in ("marrow", "new_lesion", "lesion_growth")
                    for p in course.progression_criteria
                )
                else "confirmed at the next assessment"
            )
            if any(f.id == "progression_by_death" for f in course.flags):
                how = "confirmed by death of myeloma"
            return (
                "failed",
                "confirmed",
                day,
                self._kind(day),
                (
                    f"Progressive disease on day {day} ({how}):"
                    f" {course.progression_reason}.{self._unconfirmed(day)}"
                ),
                self._sources(day),
            )
        if self.team_pd is not None and self.team_day is not None:
            day = self.team_day
            text = (
                f"The team recorded progressive disease on day {day}; {self._why_not_computed()}."
            )
            return "failed", "recorded_by_team", day, self._kind(day), text, (self.team_pd.source,)
        if self.death is not None and self.death.cause == "myeloma":
            when = self.death.when.day
            return (
                "failed",
                "recorded_by_team",
                when,
                "death_of_myeloma",
                f"Died of myeloma ({self.death.when}) without a recorded progression.",
                (self.death.source,),
            )
        therapy = self._new_therapy()
        if c.new_therapy_is_failure and therapy is not None:
            day_or_none = therapy[0].day
            text = (
                f"New anti-myeloma therapy ({therapy[0]}) without progression counts as failure by"
                " the parameter chosen."
            )
            return (
                "failed",
                "recorded_by_team",
                day_or_none,
                "new_therapy_without_pd",
                text,
                (therapy[1],),
            )
        late = self._no_response()
        if c.no_response_is_failure and late is not None and late.open:
            return (
                "failed",
                "confirmed",
                late.day,
                "primary_refractory",
                f"{late.text}, which counts as failure by the parameter chosen.",
                self._last_sources(),
            )
        if course.suspicion is not None:
            s = course.suspicion
            need = (
                "too early after the infusion to tell: repeat or biopsy"
                if s.certainty == "provisional"
                else "not yet repeated"
            )
            return (
                "suspected",
                s.certainty,
                s.day,
                self._kind(s.day),
                (
                    f"A criterion of progression is met on day {s.day} ({s.text}),"
                    f" {need}.{self._unconfirmed(s.day)}"
                ),
                self._sources(s.day),
            )
        return "open", None, None, None, "", ()

    def _undecided(
        self, signals: tuple[Signal, ...]
    ) -> tuple[str, str | None, int | None, str | None, str, tuple[Source, ...]]:
        unusable = self._unusable_at_end()
        if self.death is not None:
            cause = self._cause()
            listed = f"; signals: {', '.join(s.id for s in signals)}" if signals else ""
            return (
                "died_without_progression",
                None,
                None,
                None,
                (
                    f"Died ({self.death.when}) {cause} without"
                    f" progression{listed}.{unusable}{self._unread_beside()}"
                ),
                (self.death.source,),
            )
        standing = [s for s in signals if s.open]
        if standing:
            days = [s.day for s in standing if s.day is not None]
            day = min(days, default=None)
            text = "; ".join(
                f"{s.id.replace('_', ' ')}{f' (day {s.day})' if s.day is not None else ''}:"
                f" {s.text}"
                for s in standing
            )
            return (
                "suspected",
                "signal",
                day,
                self._kind(day) if day is not None else None,
                f"No progression, but {text}.{unusable}{self._unread_beside()}",
                self._last_sources(),
            )
        last = self._last_assessed()
        if unjudged := self.unread.cannot_judge(last):
            return (
                "cannot_be_judged",
                None,
                None,
                None,
                unjudged + self.unread.remark(),
                self._unread_sources(),
            )
        if last is None:
            why = (
                self.course.not_evaluable
                or "no assessment of the disease after this infusion can be evaluated"
            )
            text = f"{why[0].upper()}{why[1:]}.{unusable}{self.unread.remark()}"
            return (
                "cannot_be_judged",
                None,
                None,
                None,
                text,
                tuple(d.source for d in self.group.doses),
            )
        repeat = next((f"; {f.text}" for f in self.flags if f.id == "reappearance_to_repeat"), "")
        return (
            "not_failed",
            None,
            None,
            None,
            f"{self._no_progression(last)}{repeat}.{self._unconfirmed(None)}{unusable}{self.unread.remark()}",
            self._last_sources(),
        )

    def _cause(self) -> str:
        cause = "unknown" if self.death is None else self.death.cause
        return "of a cause not stated" if cause == "unknown" else f"of {cause}"

    def _no_progression(self, last: int) -> str:
        """Up to which day; where the disease was long not assessed before the last contact, no more
        is claimed than was seen.
        """
        to = self._followed_to()
        if self.unread.unknown:
            return f"No progression up to day {last}; what was done after it could not be read"
        if to is not None and to - last > self.c.assessment_gap:
            return f"No progression up to day {last}; not assessed since (last contact day {to})"
        return f"No progression to day {to}, last assessed on day {last}"

    def _unread_beside(self) -> str:
        """What was set aside, for a status that it does not change."""
        unjudged = self.unread.cannot_judge(self._last_assessed())
        return f"{f' {unjudged}' if unjudged else ''}{self.unread.remark()}"

    def _unread_sources(self) -> tuple[Source, ...]:
        return tuple(
            dict.fromkeys(
                [
                    *(x.source for x in self.unread.disease),
                    *(s.source for s in self.unread.undated),
                    *(x.source for x in self.unread.imaging),
                ]
            )
        )

    def _unconfirmed(self, before: int | None) -> str:
        """The response at the last assessment (before `before`) where no second one confirmed it
        and it is deeper than what counts.
        """
        visits = [
            v
            for v in self.course.visits
            if v.response not in ("NE", "PD") and (before is None or v.day < before)
        ]
        if not visits or _LEVEL[visits[-1].response] < _LEVEL["MR"]:
            return ""
        last, (best, _) = visits[-1], self._best(before)
        if best is not None and _LEVEL[last.response] <= _LEVEL[best]:
            return ""
        return f" Unconfirmed {last.response} on day {last.day}: no second assessment confirmed it."

    def _kind(self, day: int) -> str:
        """By the deepest response before `day`: computed and confirmed, or stated by the team."""
        best, _ = self._best(day)
        if best is None or _LEVEL[best] < _LEVEL[self.c.response_depth]:
            return "primary_refractory"
        return "progression_from_cr" if best in ("CR", "sCR") else "progression_after_response"

    def _best(self, before: int | None) -> tuple[str | None, str | None]:
        """Best response before `before` (None: ever). Team statements speak where the course
        cannot, or for a response it left unpaired.
        """
        limit = before - 1 if before is not None else 10**9
        computed = self.course.best_by(limit)
        judged = [
            v for v in self.course.visits if v.day <= limit and v.response not in ("NE", "PD")
        ]
        stated = [
            s.response
            for s in self.stated
            if s.response in _LEVEL
            and s.response not in ("PD", "NE")
            and (before is None or surely_before(s, before))
        ]
        team = max(stated, key=lambda r: _LEVEL[r], default=None)
        if not judged or (
            team is not None
            and _LEVEL[computed] < _LEVEL["PR"] <= _LEVEL[team]
            and unpaired(judged)
        ):
            return (team, "team") if team is not None else (None, None)
        if team is not None and _LEVEL[team] != _LEVEL[computed]:
            self.flags.append(
                Flag(
                    "response_differs",
                    None,
                    f"best response computed {computed}, stated by the team {team}",
                )
            )
        return computed, "computed"

    def _timing(self, day: int | None) -> str | None:
        if day is None:
            return None
        since = day - self.start
        return (
            "early"
            if since <= self.c.early_until
            else "intermediate"
            if since <= self.c.intermediate_until
            else "late"
        )

    # ---- signals ----------------
    def _signals(self, failed_on: int | None) -> tuple[Signal, ...]:
        signals = list(self.course.signals)
        late = self._no_response()
        if late is not None and (failed_on is None or failed_on > (late.day or 0)):
            signals.append(late)
        therapy = self._new_therapy()
        if therapy is not None:
            day = therapy[0].day
            if failed_on is None or (day is not None and day < failed_on):
                signals.append(
                    Signal(
                        "new_therapy_without_pd",
                        day,
                        True,
                        f"new anti-myeloma therapy ({therapy[0]}) without progression before it",
                    )
                )
        return tuple(sorted(signals, key=lambda s: (10**9 if s.day is None else s.day, s.id)))

    def _new_therapy(self) -> tuple[When, Source] | None:
        """Next unplanned therapy or infusion: by its day, else one known by order alone to follow
        this infusion and no later one.
        """
        dated = new_therapy(self.record, self.start, until=self.end)
        if dated is not None:
            return dated.start, dated.source
        if self.group.next is not None and self.end is not None:
            return When.on(self.end), self.group.next.source
        for t in self.record.therapies:
            if t.start.day is None and t.after_infusion in self.group.numbers and not planned(t):
                return t.start, t.source
        return None

    def _no_response(self) -> Signal | None:
        """No partial response by day 90, seen by an assessment in the month before."""
        by = self.start + self.c.no_response_day
        window = by + self.c.visit_window
        # where nothing is measurable, or plasmacytomas were not measured, no response could be
        # called: that is no failure to respond
        called = [
            v
            for v in self.course.visits
            if v.rule != "sd-none" and not (v.rule == "sd-lesions" and v.missing)
        ]
        seen = [(v.day, v.response) for v in called] + [
            (d, s.response) for s in self.stated if (d := stated_day(s)) is not None
        ]
        levels = [(d, _LEVEL[r]) for d, r in seen if r in _LEVEL and r != "NE"]
        early = [(d, n) for d, n in levels if d <= window]
        if (
            not any(d >= by - self.c.no_response_seen_days for d, _ in early)
            or any(n >= _LEVEL["PR"] for _, n in early)
            or any(n == _LEVEL["PD"] for _, n in early)
        ):
            return None
        reached = any(n >= _LEVEL["PR"] for d, n in levels if d > window)
        return Signal("no_response_by_day_90", by, not reached, f"no partial response by day {by}")

    # ---- follow-up, sources, differences ----------------
    def _judged_to(self, status: str) -> int | None:
        """Day followed to; where what came after the last assessment could not be read, that
        assessment.
        """
        last = self._last_assessed()
        if (
            last is not None
            and status in ("not_failed", "cannot_be_judged")
            and (self.unread.unknown or self.unread.disease or self.unread.imaging)
        ):
            return last
        return self._followed_to()

    def _followed_to(self) -> int | None:
        if self.death is not None and self.death.when.day is not None:
            return self.death.when.day
        if self.end is not None:
            return self.end
        seen = self.record.last_seen_day
        later = max((d for d in data_days(self.record) if d >= self.start), default=None)
        if seen is not None and later is not None and later > seen >= self.start:
            self.flags.append(
                Flag(
                    "data_after_last_contact",
                    later,
                    f"last contact is stated as day {seen}, but there are data of day {later}; the"
                    " later day is used",
                )
            )
        return max((d for d in (seen, later) if d is not None and d >= self.start), default=None)

    def _last_assessed(self) -> int | None:
        days = [d for s in self.stated if s.response != "NE" and (d := stated_day(s)) is not None]
        days += [
            v.day
            for v in self.course.visits
            if v.response != "NE" or (v.rule == "ne-no-baseline" and v.assessed)
        ]
        last, contact = max(days, default=None), self._followed_to()
        # a planned visit known by its interval may have a nominal day after the last contact; the
        # visit itself was before it
        return contact if last is not None and contact is not None and contact < last else last

    def _unusable_at_end(self) -> str:
        last = self.course.visits[-1] if self.course.visits else None
        if last is None or last.assessment is None or not last.assessment.unusable:
            return ""
        return f" {'; '.join(m for m in last.missing if 'could not be used' in m)}."

    def _visit_of(self, day: int) -> int | None:
        return next(
            (i for i, v in enumerate(self.course.visits) if any(p.day == day for p in v.pd)), None
        )

    def _sources(self, day: int) -> tuple[Source, ...]:
        at = self._visit_of(day)
        if at is None:
            return self._last_sources()
        visits = self.course.visits[at : at + 2]
        return tuple(dict.fromkeys(s for v in visits for s in pd_sources(v)))

    def _last_sources(self) -> tuple[Source, ...]:
        for visit in reversed(self.course.visits):
            if visit.response != "NE" and visit.assessment is not None:
                return tuple(dict.fromkeys(lab.source for lab in visit.assessment.labs.values()))
        last = max(
            (s for s in self.stated if s.response != "NE"),
            key=lambda s: stated_day(s) or 0,
            default=None,
        )
        return (last.source,) if last is not None else tuple(d.source for d in self.group.doses)

    def _why_not_computed(self) -> str:
        if self.course.not_evaluable:
            return self.course.not_evaluable
        if not any(
            v.serum or v.dflc or "urine_m_protein_24h" in v.values or v.pd
            for v in self.course.visits
        ):
            return "there is no laboratory series to compute it from"
        if self.course.suspicion is not None:
            return (
                f"by the laboratory it is {self.course.suspicion.certainty}"
                f" ({self.course.suspicion.text})"
            )
        return "the laboratory values alone do not meet a criterion twice"

    def _difference(self) -> str | None:
        computed, team = self.course.progression_day, self.team_day
        last_after = [
            s
            for s in self.stated
            if computed is not None
            and s.response not in ("PD", "NE")
            and (stated_day(s) or 0) >= computed
        ]
        if computed is None and team is None:
            return None
        if computed is None:
            return f"team: progression on day {team}; computed: none, {self._why_not_computed()}"
        if team is None:
            stated = (
                f"team: {last_after[-1].response} on day {stated_day(last_after[-1])}"
                if last_after
                else "team: no progression recorded"
            )
            return f"computed: progression on day {computed}; {stated}" if self.stated else None
        if computed == team:
            return None
        second = self._visit_of(computed)
        following = (
            self.course.visits[second + 1].day
            if second is not None and second + 1 < len(self.course.visits)
            else None
        )
        if following == team:
            why = "the team's day is that of the confirming sample"
        elif self.team_pd is not None and self.team_pd.nominal_day is not None:
            why = "the team's day is that of a planned visit"
        else:
            why = (
                "team and laboratory may have used other results"
                if team < computed
                else "the team may have waited for clinical signs"
            )
        return f"computed: progression on day {computed}; team: day {team}; {why}"
