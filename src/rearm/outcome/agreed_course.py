"""The course that all readings of vague days allow: a response that only some of them give is not
one.
"""

from __future__ import annotations

import copy
from collections.abc import Iterable, Sequence
from dataclasses import replace

from rearm.outcome.best_response import RESPONSE_DEPTH
from rearm.outcome.readings import agreed
from rearm.response.course import ResponseCourse
from rearm.response.score import Visit

__all__ = ["agreed_course"]


def agreed_course(base: ResponseCourse, read: Sequence[ResponseCourse]) -> ResponseCourse:
    """`base` with the responses that all of `read` give, visit by visit, and the best of those that
    all of them reach; a visit that is judged otherwise in one of them cannot be evaluated.

    Visits are the same where they are of the same exact day. One on a vague day stays as it was
    read: where it stands among the others is what the readings differ in.
    """
    visits = tuple(_agreed_visit(v, [_same_visit(v, x) for x in read]) for v in base.visits)
    best = _shallowest(x.best_confirmed for x in read)
    same = all(x.best_confirmed == best for x in (base, *read))
    days = [x.best_confirmed_day for x in read if x.best_confirmed == best]
    return replace(
        base,
        visits=visits,
        best_confirmed=best,
        best_confirmed_day=base.best_confirmed_day if same else agreed(days),
    )


def _same_visit(visit: Visit, course: ResponseCourse) -> Visit | None:
    if visit.when.day is None:
        return visit
    return next((v for v in course.visits if v.day == visit.day and v.when.day is not None), None)


def _agreed_visit(visit: Visit, others: Sequence[Visit | None]) -> Visit:
    """The visit itself where all agree; one that a reading joins to a vague result is not told."""
    every = [visit, *(x for x in others if x is not None)]
    responses = list(dict.fromkeys(x.response for x in every))
    confirmed = list(dict.fromkeys(x.confirmed for x in every))
    if len(responses) == len(confirmed) == 1:
        return visit
    told = copy.copy(visit)
    if len(responses) > 1:
        told.response, told.rule, told.pd = "NE", "ne-vague-days", ()
        told.because = ("vague-days", tuple(responses))
    if len(confirmed) > 1:
        told.confirmed = "NE" if "PD" in confirmed else _shallowest(confirmed)
    return told


def _shallowest(responses: Iterable[str]) -> str:
    """What all of them reach; `NE` where one is no response category of its own."""
    return min(responses, key=lambda response: RESPONSE_DEPTH.get(response, -1))
