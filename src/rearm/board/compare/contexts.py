"""What the comparison of two strategies or options holds."""

from __future__ import annotations

from typing import ClassVar

from rearm.board.web.contexts import Context, Part

__all__ = ["CompareLine", "ComparePage", "CompareRow", "CompareTopic", "SideShown", "ToCompare"]


class ToCompare(Part, frozen=True, kw_only=True):
    """A strategy or an option that can be compared; `id` names it in addresses."""

    id: str
    name: str
    tier: str


class CompareTopic(Part, frozen=True, kw_only=True):
    """Strategies or options that can be compared, under one heading."""

    title: str
    members: tuple[ToCompare, ...]


class SideShown(Part, frozen=True, kw_only=True):
    """One of the two. `option`: the option that is meant; `tier` is a code, empty for an option
    whose strategy has none.
    """

    id: str
    name: str
    option: str
    tier: str
    tier_words: str


class CompareLine(Part, frozen=True, kw_only=True):
    """One thing that is said of one or both, with its sources as printed lines."""

    text: str
    sources: tuple[str, ...] = ()


class CompareRow(Part, frozen=True, kw_only=True):
    """One respect in which the two are compared: what is said of the first alone, of the second
    alone, and of both. `empty`: what stands where nothing is said of a side, by side.
    """

    title: str
    a: tuple[CompareLine, ...]
    b: tuple[CompareLine, ...]
    both: tuple[CompareLine, ...]
    empty: tuple[str, str] = ("nothing", "nothing")

    @property
    def differs(self) -> bool:
        return bool(self.a or self.b)


class ComparePage(Context, frozen=True, kw_only=True):
    """Two strategies or options of one stored answer side by side. `a` and `b` are null before they
    are chosen; `chosen`: their ids in the form. `rows`: what differs, `equal`: in what they are
    alike.
    """

    template: ClassVar[str] = "compare"
    window: ClassVar[str] = "Comparison"

    case: str
    patient: str
    answer: int
    choices: tuple[CompareTopic, ...]
    chosen: tuple[str, str] = ("", "")
    a: SideShown | None = None
    b: SideShown | None = None
    rows: tuple[CompareRow, ...] = ()
    equal: tuple[CompareRow, ...] = ()
    refusal: str = ""
