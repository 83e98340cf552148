"""Outcomes of a store over time: which patients count, from which day, in which group."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rearm.cohort.outcomes.opened import AnyStore
    from rearm.cohort.outcomes.question import EndpointAsked, Landmark, ProgressionBy
    from rearm.cohort.outcomes.result import Outcomes
    from rearm.cohort.survival import Limits
    from rearm.outcome.endpoints import InfusionOrigin

__all__ = ["outcomes"]


def outcomes(
    store: AnyStore,
    endpoint: EndpointAsked = "PFS",
    origin: InfusionOrigin = "infusion",
    by: str | None = None,
    *,
    entry: bool = True,
    infusion: int = 1,
    landmark: Landmark = None,
    limits: Limits = "log-log",
    criteria: str | None = None,
    progression: ProgressionBy = "agreed",
) -> Outcomes:
    """An endpoint of every patient of a store, as curves by group. `store`: its folder, or what
    `rearm.cohort.open` gives.

    `endpoint`: PFS, TTP, DOR, TTNT, OS or PFS2 as the dictionary of endpoints defines them, or
    `progression`: that of PFS, with death before it as a competing event. `origin`: the day that is
    counted from. `infusion`: the index infusion, the first by default; a later one is an event
    after it and starts nothing anew. `by`: a group known on the day of origin (`GROUPINGS`).

    `landmark`: for a group that is known only later. A number: groups as they are so many days
    after the origin, among patients who are then under observation without the event, counted from
    there. `first_dose`: counted from the origin, and a patient enters the group of his salvage on
    its first day.

    `progression`: the agreed one (the results, and the team's where they are silent), or that of
    the `results` or of the `team` alone; for PFS and progression from the infusion.

    `entry`: whether a patient enters when he was first seen (left truncation): who had the event
    before is not in the data. False counts the days before as survived. The result says which, and
    of how many it matters.

    Raises InputError where a group is not known on the day of origin, and for a name that is none.
    `limits`: the kind of the limits of a curve. `criteria`: the version of the response criteria;
    None: that of the store.

    >>> import tempfile
    >>> import rearm.cohort
    >>> folder = tempfile.mkdtemp() + "/store"
    >>> built = rearm.cohort.build("examples/tables", folder)
    >>> found = rearm.cohort.outcomes(folder, endpoint="OS")
    >>> found.summary((180,)).select("n", "events").row(0)
    (11, 0)
    """
    from rearm.cohort.outcomes.estimate import estimated
    from rearm.cohort.outcomes.question import Question

    question = Question(
        endpoint=endpoint,
        origin=origin,
        by=by,
        entry=entry,
        infusion=infusion,
        landmark=landmark,
        criteria=criteria,
        progression=progression,
    )
    return estimated(store, question, limits=limits)
