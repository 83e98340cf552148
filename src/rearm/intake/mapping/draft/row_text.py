"""One block of a drafted mapping as text."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

__all__ = ["RowText", "comment", "quoted"]


@dataclass(frozen=True, slots=True)
class RowText:
    """A `[[sheet.row]]`: its table, and by key what is written behind it. `conditions` are texts of
    conditions, all of which must hold.
    """

    table: str
    columns: Mapping[str, str]
    conditions: Sequence[str] = field(default=())

    def under(self, conditions: Sequence[str]) -> RowText:
        """The block under further conditions, which come first."""
        return replace(self, conditions=(*conditions, *self.conditions))

    def lines(self) -> Iterator[str]:
        yield ""
        yield "  [[sheet.row]]"
        yield f"  table = {quoted(self.table)}"
        if len(self.conditions) == 1:
            yield f"  when = {self.conditions[0]}"
        elif self.conditions:
            yield "  when = ["
            yield from (f"    {condition}," for condition in self.conditions)
            yield "  ]"
        yield from (f"  {name} = {text}" for name, text in self.columns.items())


def quoted(value: str) -> str:
    """A TOML basic string. Letters stand as they are: TOML knows no escapes in pairs."""
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def comment(value: str | None) -> str:
    """Text for a comment: nothing in it ends the line."""
    return re.sub(r"[\x00-\x1f\x7f]+", " ", value or "")
