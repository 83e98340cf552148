"""How many words the page of a patient has, seen at once and in all, for each example.

    python -m scripts.page_words

A word is a run of letters and digits. Seen at once: outside what is folded. The picture, the style
and the title of the window do not count.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path
from statistics import median

import rearm
from rearm.report import page

__all__ = ["PageWords", "page_words"]

EXAMPLES = Path(__file__).parents[1] / "examples" / "tables"
_SKIPPED = ("style", "script", "svg", "title")


@dataclass(frozen=True, slots=True, kw_only=True)
class PageWords:
    """Words outside of what is folded, and all of them."""

    seen: int
    total: int


class _Counter(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.skipped = 0
        self.folded: list[bool] = []  # of each open element of details, whether it is closed
        self.in_summary = 0
        self.seen = self.total = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.skipped += tag in _SKIPPED
        self.in_summary += tag == "summary"
        if tag == "details":
            self.folded.append("open" not in dict(attrs))

    def handle_endtag(self, tag: str) -> None:
        self.skipped -= tag in _SKIPPED
        self.in_summary -= tag == "summary"
        if tag == "details":
            self.folded.pop()

    def handle_data(self, data: str) -> None:
        if self.skipped:
            return
        number = len(re.findall(r"\w+", data))
        self.total += number
        # the summary of a folded part is seen, unless the part lies in another that is folded
        around = self.folded[:-1] if self.in_summary else self.folded
        self.seen += 0 if any(around) else number


def page_words(markup: str) -> PageWords:
    """The words of a page of HTML."""
    counter = _Counter()
    counter.feed(markup)
    return PageWords(seen=counter.seen, total=counter.total)


def main() -> None:
    counted = {
        result.patient_id: page_words(page(result, with_picture=False))
        for result in rearm.assess_all(rearm.read(EXAMPLES).records)
    }
    print("patient   seen at once   in all")
    for patient, words in counted.items():
        print(f"{patient:8} {words.seen:13,} {words.total:8,}")
    seen = median(words.seen for words in counted.values())
    total = median(words.total for words in counted.values())
    print(f"{'median':8} {seen:13,.0f} {total:8,.0f}")


if __name__ == "__main__":
    main()
