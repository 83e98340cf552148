"""What the page holds on which a patient is opened by break-glass."""

from __future__ import annotations

from typing import ClassVar

from rearm.board.web.contexts import Context, Part

__all__ = ["BreakGlassPage", "Centre"]


class Centre(Part, frozen=True, kw_only=True):
    """A tenant that can be chosen."""

    id: str
    name: str


class BreakGlassPage(Context, frozen=True, kw_only=True):
    """The form to open one patient. `minutes`: for how long. `tenant`, `patient` and `reason`: what
    was typed; `refusal`: why it did not open.
    """

    template: ClassVar[str] = "break_glass"
    window: ClassVar[str] = "Patient of another centre"

    centres: tuple[Centre, ...]
    minutes: int
    longest: int
    tenant: str = ""
    patient: str = ""
    reason: str = ""
    refusal: str = ""
