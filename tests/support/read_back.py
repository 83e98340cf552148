"""Numbers of a result, looked for in what was drawn of it by a program that did not draw it."""

from __future__ import annotations

import html
import re
from collections import Counter
from collections.abc import Iterator
from itertools import count

from tests.support.tagged_pdf import opened

from rearm.assessment import Assessment
from rearm.report.figures import figure_line

__all__ = ["numbers_to_tell", "otherwise_in_pdf", "untold_in_page", "untold_in_pdf"]

_NUMBER = re.compile(r"\d+(?:\.\d+)?")
_LIST = re.compile(r"<ol>.*?</ol>", re.DOTALL)


def numbers_to_tell(result: Assessment) -> Iterator[str]:
    """What the sheet must tell of the result: texts with numbers, as the result states them."""
    yield str(result.as_of)
    for alert in result.alerts:
        yield from _NUMBER.findall(alert.text)
    for action in result.actions:
        yield from _NUMBER.findall(action.text)
    if result.relapse is not None and result.relapse.day.low is not None:
        yield str(result.relapse.day.low)
    for tier in result.answer.tiers:
        for line in tier.strategies:
            if line.open:
                for name in line.figures:
                    yield from _NUMBER.findall(figure_line(result.evidence[name]))


def untold_in_page(result: Assessment, page: str) -> list[str]:
    """Numbers of the result that the page does not tell."""
    return _untold(result, _text_of_page(page))


def untold_in_pdf(result: Assessment, pdf: bytes) -> list[str]:
    """Numbers of the result that the PDF does not tell."""
    return _untold(result, _text_of_pdf(pdf))


def otherwise_in_pdf(page: str, pdf: bytes) -> list[str]:
    """Numbers that stand more or less often in the PDF than in the page that it was made of."""
    there = Counter(_NUMBER.findall(_text_of_page(page)))
    found = Counter(_NUMBER.findall(_text_of_pdf(pdf)))
    return sorted((there - found) + (found - there))


def _text_of_page(page: str) -> str:
    body = _LIST.sub(_numbered, page[page.index("<body") :])
    return html.unescape(re.sub(r"<[^>]*>", " ", body))


def _numbered(match: re.Match[str]) -> str:
    """A list with the numbers that a reader sees."""
    numbers = count(1)
    return re.sub("<li", lambda _: f" {next(numbers)}. <li", match[0])


def _text_of_pdf(pdf: bytes) -> str:
    return " ".join(page.extract_text() for page in opened(pdf).pages)


def _untold(result: Assessment, text: str) -> list[str]:
    told = set(_NUMBER.findall(text))
    return sorted({x for x in numbers_to_tell(result) if x not in told})
