"""What the page holds on which a patient is opened in an emergency."""

from __future__ import annotations

from typing import ClassVar

from rearm.board.web.contexts import Context, Part

__all__ = ["Centre", "EmergencyPage"]


class Centre(Part, frozen=True, kw_only=True):
    """A tenant that can be chosen."""

    id: str
    name: str


class EmergencyPage(Context, frozen=True, kw_only=True):
    """The form to open one patient. `minutes`: for how long. `tenant`, `patient` and `reason`: what
    was typed; `refusal`: why it did not open.
    """

    template: ClassVar[str] = "emergency"
    window: ClassVar[str] = "Emergency"

    centres: tuple[Centre, ...]
    minutes: int
    longest: int
    tenant: str = ""
    patient: str = ""
    reason: str = ""
    refusal: str = ""
