"""The base of every part of the result, and what several parts hold."""

from __future__ import annotations

from typing import TypeAlias

import msgspec

__all__ = ["BriefPart", "DayRange", "Part", "Plain"]

Plain: TypeAlias = bool | int | float | str | None


class Part(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    gc=False,  # no part refers to what holds it
    forbid_unknown_fields=True,
    rename={"for_": "for", "from_": "from"},
):
    """One part of the result."""


class BriefPart(Part, frozen=True, kw_only=True, omit_defaults=True):
    """A part of which there are hundreds: what is empty is left out of the JSON."""


class DayRange(Part, frozen=True, kw_only=True):
    """A day known within bounds, both ends included; None: no bound on that side."""

    low: int | None
    high: int | None
