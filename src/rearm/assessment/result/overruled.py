"""What the team states over the computed facts, beside what was computed."""

from __future__ import annotations

from typing import Literal

from rearm.assessment.result.parts import BriefPart, DayRange, Part, Plain
from rearm.interval import IntervalDict

__all__ = ["ComputedCourse", "ComputedFinding", "FactKind", "Overruled", "OverruledStatus"]

FactKind = Literal["finding", "failure", "failure_day", "relapse", "relapse_day", "cause"]
# Whether it is applied, or no longer fits this record and is only shown.
OverruledStatus = Literal["applied", "stale"]


class ComputedFinding(BriefPart, frozen=True, kw_only=True):
    """What the record tells of a finding that is stated or assumed otherwise; all absent: it is not
    known. `text`: what was seen; `rows`: places in `rows`.
    """

    value: Plain = None
    interval: IntervalDict | None = None
    possible: tuple[str, ...] | None = None
    text: str = ""
    rows: tuple[int, ...] = ()


class ComputedCourse(Part, frozen=True, kw_only=True):
    """What the record tells of a progression that the team states otherwise."""

    status: str
    certainty: str | None
    day: DayRange


class Overruled(BriefPart, frozen=True, kw_only=True):
    """A fact that the team states over the computed one.

    `what`: the id of the finding or of the factor, empty for the failure of the last CAR-T and for
    the relapse to decide on; `name`: the fact in words. `stated`, `computed`, and `was` (what was
    computed when it was overruled; empty: the same as now) are the values in words. `changed`: the
    computed value is another than then; `agrees`: it is what the team states. `status` `stale`: it
    is not applied, for the reason `why`. `id`, `by`, `at`, `reason`: of the overrule; empty for
    what is assumed in a hypothetical answer.
    """

    kind: FactKind
    what: str = ""
    name: str
    stated: str
    computed: str
    was: str = ""
    changed: bool = False
    agrees: bool = False
    status: OverruledStatus = "applied"
    why: str = ""
    id: str = ""
    by: str = ""
    at: str = ""
    reason: str = ""
