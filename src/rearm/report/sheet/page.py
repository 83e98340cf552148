"""The sheet as one self-contained HTML file, laid out for one A4 page."""

from __future__ import annotations

from functools import cache
from importlib import resources

from rearm.assessment import Assessment
from rearm.report.sheet.contents import DecisionTold, sheet_contents
from rearm.report.sheet.fonts import font_faces
from rearm.report.stamp import Stamp
from rearm.report.style import environment

__all__ = ["sheet"]


def sheet(
    assessment: Assessment,
    stamp: Stamp | None = None,
    *,
    named: bool = True,
    decided: DecisionTold | None = None,
) -> str:
    """The HTML text of the sheet; a patient with nothing to decide has a shorter one. `stamp`: what
    the print says of itself. With it, or where not `named`, the title names no patient, since a
    browser keeps titles. `decided`: what the board decided.
    """
    template = environment().get_template("sheet.html.j2")
    contents = sheet_contents(assessment, decided)
    return template.render(sheet=contents, css=_css(), stamp=stamp, named=named)


@cache
def _css() -> str:
    file = resources.files("rearm.report").joinpath("templates", "sheet.css")
    return font_faces() + file.read_text(encoding="utf-8")
