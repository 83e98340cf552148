"""What the page of the centre holds."""

from __future__ import annotations

from typing import ClassVar

from rearm.board.store.centres import CentreList
from rearm.board.web.contexts import Context, Part

__all__ = ["CentrePage", "CentreVersion", "OptionGroup", "OptionRow"]


class OptionRow(Part, frozen=True, kw_only=True):
    """An option of the knowledge; `here` is empty where nobody said."""

    option: str
    name: str
    here: str
    note: str


class OptionGroup(Part, frozen=True, kw_only=True):
    """The options of one strategy. `told`: of how many somebody said whether they are here."""

    title: str
    told: int
    options: tuple[OptionRow, ...]


class CentreVersion(Part, frozen=True, kw_only=True):
    """One version that is kept."""

    number: int
    at: str
    who: str


class CentrePage(Context, frozen=True, kw_only=True):
    """What the centre has. `seen`: the number of the newest version, 0 before there is one.
    `meanwhile`: what somebody else kept after the form was opened, where that was refused.
    """

    template: ClassVar[str] = "centre"
    window: ClassVar[str] = "Centre"

    seen: int
    content: CentreList
    regions: tuple[str, ...]
    groups: tuple[OptionGroup, ...]
    trial_rows: int
    contact_rows: int
    versions: tuple[CentreVersion, ...]
    wanting: tuple[str, ...] = ()
    meanwhile: CentreList | None = None
