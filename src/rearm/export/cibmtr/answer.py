"""One answer of a form, or why there is none."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from rearm.record import Source

__all__ = ["NOT_APPLICABLE", "Answer", "answered", "dated", "depends_on", "open_because"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """`value`: what is answered, None where nobody can from this record: then `why_open` says what
    is missing. `day`: on the patient's axis, where the answer is a date or rests on a day. `date`:
    the answer is that day.
    """

    value: str | None = None
    day: int | None = None
    is_date: bool = False
    sources: tuple[Source, ...] = ()
    why_open: str = ""
    depends: bool = False  # open because another field is


def answered(value: str, day: int | None = None, sources: Iterable[Source] = ()) -> Answer:
    return Answer(value=value, day=day, sources=tuple(dict.fromkeys(sources)))


def dated(day: int, sources: Iterable[Source] = ()) -> Answer:
    """An answer that is a date."""
    return Answer(value="", day=day, is_date=True, sources=tuple(dict.fromkeys(sources)))


def open_because(why: str, sources: Iterable[Source] = ()) -> Answer:
    return Answer(why_open=why, sources=tuple(dict.fromkeys(sources)))


NOT_APPLICABLE = Answer(value="not applicable")


def depends_on(leading: Answer) -> Answer:
    """The answer of a field that is asked only after another: none where that one has none, not
    applicable where it is no.
    """
    if leading.value is not None:
        return NOT_APPLICABLE
    why = leading.why_open if leading.depends else f"An earlier field is open: {leading.why_open}"
    return Answer(why_open=why, sources=leading.sources, depends=True)
