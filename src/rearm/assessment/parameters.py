"""The limits that assessment uses, in one place, each with its basis. Criteria of response and
findings have their own tables.
"""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["PARAMETERS", "Parameters"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameters:
    """What may be set differently without touching a rule."""

    # Upper 95 % limit of the pooled direct response under which an option is discouraged. A choice
    # of this project: under 0.30 even the favourable end is what single agents reached in late
    # lines before T-cell redirection.
    poor_response_upper: float = 0.30
    # Most scenarios that one work-up may be varied in. Above it, its findings are varied one by one
    # and all together at their ends.
    scenarios_per_workup: int = 64
    # Pairs are tried only where no single test changes anything, and among this many work-ups at
    # most.
    workups_in_pairs: int = 8
    # Days without an assessment of the disease after which "has not failed" is old news and markers
    # are asked for. A choice of this project: monthly to three-monthly visits are usual after
    # CAR-T, so that one was missed.
    markers_old_after_days: int = 120
    # What a change counts when tests are put in order. Choices of this project: what bars or opens
    # an option before what grades a cause.
    weight_option: float = 2.0
    weight_group: float = 2.0
    weight_factor: float = 1.0
    weight_status: float = 10.0


PARAMETERS = Parameters()
