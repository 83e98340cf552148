"""What a print says of itself: when it was made, from which answer, and where the audit stood."""

from __future__ import annotations

import re
from dataclasses import dataclass

__all__ = ["Stamp"]

_NOT_PLAIN = re.compile(r"[^A-Za-z0-9 .:,]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Stamp:
    """A line that stands on each page. `printed`: when, in words; `answer`: the version of the
    answer; `head`: the hash of the last entry of the audit then.
    """

    printed: str
    answer: int
    head: str

    @property
    def line(self) -> str:
        return f"Printed {self.printed}, answer {self.answer}, audit head {self.head}"

    @property
    def css(self) -> str:
        """The line as a string of CSS, in which nothing can end the string."""
        told = _NOT_PLAIN.sub(lambda match: f"\\{ord(match[0]):06x}", self.line)
        return f'"{told}"'
