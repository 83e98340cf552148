"""Text for the terminal of which nothing reaches it as a command."""

from __future__ import annotations

from rich.text import Text

from rearm.characters import inert

__all__ = ["SafeText"]


class SafeText(Text):
    """Text that holds what the input, a plan or a stored result gave."""

    def __init__(self, text: str = "", style: str = "") -> None:
        super().__init__(inert(text), style)

    def append(self, text: Text | str, style: object = None) -> SafeText:
        """Appends the text without its control characters."""
        plain = inert(text) if isinstance(text, str) else text
        super().append(plain, style)  # type: ignore[arg-type]
        return self
