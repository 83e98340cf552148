"""Results after the last assessment that are there but could not be read: what they say is unknown,
and no result takes their place.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from rearm.knowledge.lab_tests import load_tests
from rearm.record import Imaging, Lab, Record, ResponseStatement, Source, When
from rearm.response.lesions import measured_by_another
from rearm.response.score import Visit
from rearm.response.visits import BLOOD, MARROW

__all__ = ["DISEASE_TESTS", "TEAM_RESPONSES", "UnreadResults", "unread_after"]

# By these a relapse can be seen; "team response" and "imaging" are statements whose word could not
# be read.
TEAM_RESPONSES = frozenset(("team response",))
DISEASE_TESTS = BLOOD | MARROW | TEAM_RESPONSES | {"mrd", "pet", "imaging"}


@dataclass(frozen=True, slots=True, kw_only=True)
class UnreadResults:
    """What is there after the last assessment and could not be read.

    `disease`: results of the disease; `unknown`: of a test that is not known; `without_day`: of the
    disease, on a day that could not be read. `progressions`: recorded by the team, without a day.
    `imaging`: examinations without a readable result, and lesions of unknown size or day.
    `bounds`: bounds that leave open whether the disease progressed.
    """

    disease: tuple[Lab, ...] = ()
    unknown: tuple[Lab, ...] = ()
    without_day: tuple[Lab, ...] = ()
    progressions: tuple[ResponseStatement, ...] = ()
    imaging: tuple[Imaging, ...] = ()
    bounds: tuple[Lab, ...] = ()

    @property
    def hides_disease(self) -> bool:
        """Whether failure cannot be judged for what is unread."""
        return bool(self.disease or self.progressions or self.imaging or self.bounds)

    @property
    def sources(self) -> tuple[Source, ...]:
        """Rows for which failure cannot be judged."""
        sources = [
            *(x.source for x in self.disease),
            *(x.source for x in self.progressions),
            *(x.source for x in self.imaging),
            *(x.source for x in self.bounds),
        ]
        return tuple(dict.fromkeys(sources))


def unread_after(
    record: Record,
    last: int | None,
    inside: Callable[[int | None], bool],
    serum_test: str,
    visits: Sequence[Visit],
    *,
    newest: bool,
    perhaps_stated: Sequence[ResponseStatement],
    open_tests: Mapping[int, tuple[str, ...]],
) -> UnreadResults:
    """What was set aside after the last assessment `last` (None: there was none) of the course that
    `inside` tells.

    What could not be read within the last assessment itself belongs to it. What has no day at all
    counts for the `newest` infusion. `perhaps_stated`: statements that may be of this infusion.
    `open_tests`: by day of the visit, as in `ResponseCourse.open_visits`.
    """
    own = _results_of_last(visits, last)
    later = [x for x in record.set_aside if _follows(x.when, last, inside) and x not in own]
    disease = [x for x in later if _of_disease(x.test, serum_test)]
    unjudged = [x for x in record.imaging if _unjudged(x)]
    imaging = [x for x in unjudged if not measured_by_another(x, record.imaging)]
    imaging = [x for x in imaging if _may_follow(x.when, last, inside)]
    examined = _rows_of_last(visits, last) if imaging else frozenset()
    return UnreadResults(
        disease=tuple(disease),
        unknown=_of_unknown_tests(later, disease),
        without_day=_disease_without_day(record, serum_test) if newest else (),
        progressions=tuple(
            s for s in perhaps_stated if s.response == "PD" and (newest or s.when.first is not None)
        ),
        imaging=tuple(x for x in imaging if x not in examined),
        bounds=tuple(
            lab
            for v in visits
            if v.day in open_tests and (last is None or v.day > last)
            for test in open_tests[v.day]
            if (lab := v.results.labs.get(test)) is not None
        ),
    )


def _of_unknown_tests(later: Sequence[Lab], disease: Sequence[Lab]) -> tuple[Lab, ...]:
    known = load_tests()
    return tuple(x for x in later if x not in disease and x.test not in known)


def _disease_without_day(record: Record, serum_test: str) -> tuple[Lab, ...]:
    undated = [x for x in record.set_aside if x.when == When()]
    return tuple(x for x in undated if _of_disease(x.test, serum_test))


def _follows(when: When, last: int | None, inside: Callable[[int | None], bool]) -> bool:
    """Whether it lies in the course after the last assessment, by the first day it may be."""
    return when.first is not None and inside(when.first) and (last is None or when.first > last)


def _unjudged(row: Imaging) -> bool:
    """No readable result, a day that is not whole, or a lesion whose size nobody states."""
    if row.result not in ("positive", "negative"):
        return True
    sizes = (row.length_mm, row.width_mm, row.short_axis_mm, row.spd_mm2)
    return row.result == "positive" and (row.when.day is None or all(x is None for x in sizes))


def _may_follow(when: When, last: int | None, inside: Callable[[int | None], bool]) -> bool:
    """Whether it may lie in the course after the last assessment; what has no day at all is not
    placed.
    """
    days = [d for d in (when.first, when.last) if d is not None]
    return any(inside(d) and (last is None or d > last) for d in days)


def _of_disease(name: str, serum_test: str) -> bool:
    """Also where a name stands for two tests of the disease and the specimen that would tell is
    missing.
    """
    return not {name, *(t.id for t in load_tests().find(name))}.isdisjoint(
        DISEASE_TESTS | {serum_test}
    )


def _results_of_last(visits: Sequence[Visit], last: int | None) -> Sequence[Lab]:
    """Results set aside that were gathered into the last judged assessment, of tests that are not a
    repetition within it.
    """
    visit = next((v for v in reversed(visits) if v.day == last), None)
    return [] if visit is None else visit.results.aside


def _rows_of_last(visits: Sequence[Visit], last: int | None) -> frozenset[Imaging]:
    """Imaging that was read at the last judged assessment."""
    exams = [exam for v in visits if v.day == last for exam in v.results.exams]
    return frozenset(row for exam in exams for row in exam.rows)
