"""Results after the last assessment that are there but could not be read: what they say is unknown,
and no result takes their place.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from rearm.knowledge.lab_tests import find_tests, load_tests
from rearm.outcome.statements import stated_day
from rearm.record import Imaging, Lab, Record, ResponseStatement, When
from rearm.response.score import Visit
from rearm.response.visits import BLOOD, MARROW

__all__ = ["Unread", "unread_after"]

# By these a relapse can be seen; "team response" and "imaging" are statements whose word could not
# be read.
_DISEASE = BLOOD | MARROW | {"mrd", "pet", "team response", "imaging"}


@dataclass(frozen=True, slots=True)
class Unread:
    """Set-aside results after the last assessment: those that bear on the disease, and those of a
    test that is not known; progressions that the team recorded, and results of the disease, without
    a day that could be read.
    """

    disease: tuple[Lab, ...]
    unknown: tuple[Lab, ...]
    undated: tuple[ResponseStatement, ...]
    lost: tuple[Lab, ...]
    imaging: tuple[
        Imaging, ...
    ] = ()  # examinations without a result that could be read, and lesions of unknown size

    def cannot_judge(self, after: int | None) -> str:
        """The sentence that says why failure cannot be judged; empty where nothing of the disease
        is unread.
        """
        if not self.disease and not self.undated and not self.imaging:
            return ""
        parts = [_counted(self.disease, "could not be read")] if self.disease else []
        parts += [_looked(x) for x in self.imaging]
        if self.undated:
            parts.append("the team recorded progressive disease on a day that is not known")
        start = "Cannot be judged" if after is None else f"Cannot be judged after day {after}"
        return f"{start}: {'; '.join(parts)}."

    def remark(self) -> str:
        """Sentences, each with a space before it, on results that may or may not bear on the time
        after the last assessment.
        """
        text = (
            f" {_counted(self.unknown, 'could not be read')}; whether they bear on the disease is"
            " not known."
            if self.unknown
            else ""
        )
        if self.lost:
            many = (
                "1 result of the disease has"
                if len(self.lost) == 1
                else f"{len(self.lost)} results of the disease have"
            )
            text += (
                f" {many} no day that could be read and {'is' if len(self.lost) == 1 else 'are'}"
                " not placed."
            )
        return text


def unread_after(
    record: Record,
    last: int | None,
    inside: Callable[[int | None], bool],
    serum_test: str,
    visits: Sequence[Visit],
    *,
    newest: bool,
) -> Unread:
    """What was set aside after the last assessment `last` (None: there was none) of the course that
    `inside` tells.

    What could not be read within the last assessment itself belongs to it. Statements without a day
    count for the `newest` infusion.
    """
    within = _within_last(visits, last)
    later = [
        x
        for x in record.set_aside
        if inside(x.when.first) and (last is None or (x.when.first or 0) > last) and x not in within
    ]
    disease = tuple(x for x in later if _of_disease(x.test, serum_test))
    unknown = tuple(x for x in later if x not in disease and x.test not in load_tests())
    lost = tuple(
        x
        for x in record.set_aside
        if newest and x.when == When() and _of_disease(x.test, serum_test)
    )
    undated = tuple(
        s for s in record.responses if newest and s.response == "PD" and stated_day(s) is None
    )
    seen = {
        row
        for v in visits
        if v.day == last and v.assessment is not None
        for exam in v.assessment.exams
        for row in exam.rows
    }
    imaging = tuple(
        x for x in record.imaging if x not in seen and _unjudged(x) and _after(x.when, last, inside)
    )
    return Unread(disease, unknown, undated, lost, imaging)


def _unjudged(row: Imaging) -> bool:
    """No readable result, a day that is not whole, or a lesion whose size nobody states."""
    if row.result not in ("positive", "negative"):
        return True
    sizes = (row.length_mm, row.width_mm, row.short_axis_mm, row.spd_mm2)
    return row.result == "positive" and (row.when.day is None or all(x is None for x in sizes))


def _after(when: When, last: int | None, inside: Callable[[int | None], bool]) -> bool:
    """Whether it may lie in the course after the last assessment; what has no day at all is not
    placed.
    """
    days = [d for d in (when.first, when.last) if d is not None]
    return any(inside(d) and (last is None or d > last) for d in days)


def _looked(row: Imaging) -> str:
    """`the PET-CT of day 300 (imaging.csv: row 4) has no result that could be read`."""
    what = (
        "has no result that could be read"
        if row.result not in ("positive", "negative")
        else (
            "shows a lesion on a day that is not whole"
            if row.when.day is None
            else "shows a lesion whose size is not stated"
        )
    )
    return f"the {row.method or 'imaging'} of {row.when} ({row.source}) {what}"


def _of_disease(name: str, serum_test: str) -> bool:
    """Also where a name stands for two tests of the disease and the specimen that would tell is
    missing.
    """
    return not {name, *(t.id for t in find_tests(name))}.isdisjoint(_DISEASE | {serum_test})


def _within_last(visits: Sequence[Visit], last: int | None) -> list[Lab]:
    """Results set aside that were gathered into the last judged assessment, of tests that are not a
    repetition within it.
    """
    visit = next((v for v in reversed(visits) if v.day == last), None)
    return [] if visit is None or visit.assessment is None else visit.assessment.aside


def _counted(labs: Iterable[Lab], what: str) -> str:
    """`3 results of days 300 to 314 could not be read (serum M-protein, 'XYZ')`."""
    labs = tuple(labs)
    days = sorted({d for x in labs for d in (x.when.first, x.when.last) if d is not None})
    names = dict.fromkeys(_named(x.test) for x in labs)
    when = f"day {days[0]}" if len(days) == 1 else f"days {days[0]} to {days[-1]}"
    return (
        f"{len(labs)} {'result' if len(labs) == 1 else 'results'} of {when} {what}"
        f" ({', '.join(names)})"
    )


def _named(test: str) -> str:
    known = load_tests().get(test)
    return known.name if known is not None else test if test in _DISEASE else repr(test)
