"""The whole report for paper, and as PDF: nothing folded, its picture told in words, the stamp on
the foot of each page.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import cache
from importlib import resources

from markupsafe import escape

from rearm.assessment import Assessment
from rearm.assessment.result import Point
from rearm.report.assessment.context import page_context
from rearm.report.assessment.page import template_of
from rearm.report.assessment.timeline import PANELS
from rearm.report.sheet.contents import DecisionTold
from rearm.report.sheet.fonts import font_faces
from rearm.report.sheet.pdf import pdf_of
from rearm.report.stamp import Stamp
from rearm.report.style import css
from rearm.report.words import capital

__all__ = ["printed_page", "report_pdf", "timeline_words"]

_NAME_OF_PICTURE = re.compile(r' aria-label="[^"]*"([^>]*>)')
_H4 = re.compile(r"<(/?)h4>")
_FAMILY = re.compile(r'font-family="[^"]*"')


def report_pdf(assessment: Assessment, stamp: Stamp, decided: DecisionTold | None = None) -> bytes:
    """The whole report as a PDF by PDF/UA-1, with what the board decided; the same bytes for the
    same result, decision and stamp. Raises PdfError where none can be made here.
    """
    return pdf_of(printed_page(assessment, stamp, decided))


def printed_page(assessment: Assessment, stamp: Stamp, decided: DecisionTold | None = None) -> str:
    """The HTML text for paper. Its title names no patient."""
    context = page_context(assessment, with_picture=True, decided=decided)
    if context.picture:
        told = str(escape(timeline_words(assessment)))
        # WeasyPrint takes what stands for a picture from its title alone
        named = _NAME_OF_PICTURE.sub(
            lambda match: f"{match[1]}<title>{told}</title>", context.picture, count=1
        )
        # the fonts of the machine would make other bytes on another one
        context = replace(context, picture=_FAMILY.sub('font-family="Rearm Sheet"', named))
    html = template_of("print").render(page=context, stamp=stamp, css=_css(stamp))
    # the parts of an option are no headings here: they would stand below none where it is folded
    return _H4.sub(lambda match: "</p>" if match[1] else '<p class="h4">', html)


def timeline_words(assessment: Assessment) -> str:
    """What the timeline shows, for who can't see it: lines of therapy, responses, and of each
    marker the first, the lowest and the last value with their days.
    """
    return " ".join(_sentences(assessment))


def _sentences(assessment: Assessment) -> Iterator[str]:
    yield "Timeline by day since the infusion."
    lines: dict[int, list[str]] = {}
    for therapy in assessment.therapies:
        if therapy.line is not None and therapy.regimen:
            lines.setdefault(therapy.line, []).append(therapy.regimen)
    if lines:
        told = "; ".join(f"{n} {', '.join(dict.fromkeys(x))}" for n, x in sorted(lines.items()))
        yield f"Lines of therapy: {told}."
    if assessment.visits:
        told = ", ".join(f"day {visit.day} {visit.response}" for visit in assessment.visits)
        yield f"Computed response: {told}."
    for title, unit, series in PANELS:
        for test, name, _ in series:
            values = _values(assessment.series.get(test, ()))
            if values:
                shown = name if len(series) > 1 else title
                yield f"{capital(shown)} ({unit}): {_brief(values)}."


def _values(points: Sequence[Point]) -> list[tuple[int, float]]:
    """Values of a known day, in the order of their days."""
    return sorted((p.day, p.value) for p in points if p.day is not None and p.value is not None)


def _brief(values: Sequence[tuple[int, float]]) -> str:
    (first_day, first), (last_day, last) = values[0], values[-1]
    low_day, low = min(values, key=lambda pair: (pair[1], pair[0]))
    if len(values) == 1:
        return f"{first:g} on day {first_day}"
    return (
        f"{len(values)} values, first {first:g} on day {first_day}, lowest {low:g} on day "
        f"{low_day}, last {last:g} on day {last_day}"
    )


def _css(stamp: Stamp) -> str:
    foot = 'font: 7pt "Rearm Sheet"; color: #56656f; vertical-align: top; padding-top: 2mm;'
    return (
        f"{_style()}\n@page {{ size: A4; margin: 12mm 12mm 16mm;\n"
        f"@bottom-left {{ content: {stamp.css}; width: 85%; {foot} }}\n"
        f'@bottom-right {{ content: counter(page) " of " counter(pages); {foot} }} }}\n'
    )


@cache
def _style() -> str:
    own = resources.files("rearm.report").joinpath("templates", "print.css")
    return font_faces() + css() + own.read_text(encoding="utf-8")
