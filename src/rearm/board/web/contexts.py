"""What a page holds: its template and its JSON are functions of one context and nothing else.

In all contexts `case` is the id in the address, which says nothing of the patient, and `patient`
the id that the centre gave.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import msgspec

__all__ = ["Context", "Message", "Part"]


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """Something that stands on a page."""


class Context(Part, frozen=True, kw_only=True):
    """A page. `template`: the name of its template. `window`: the title of its window, which never
    names a patient, since browsers keep titles.
    """

    template: ClassVar[str]
    window: ClassVar[str]

    def for_template(self) -> Mapping[str, Any]:
        """What the template reads besides the context: functions of it, made when it is drawn."""
        return {}


class Message(Context, frozen=True, kw_only=True):
    """A page that says why something can't be done."""

    template: ClassVar[str] = "message"
    window: ClassVar[str] = "Message"

    status: int
    title: str
    sentences: tuple[str, ...]
