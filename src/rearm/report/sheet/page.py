"""The sheet as one self-contained HTML file, laid out for one A4 page."""

from __future__ import annotations

from functools import cache
from importlib import resources

from rearm.assessment import Assessment
from rearm.report.sheet.contents import sheet_contents
from rearm.report.sheet.fonts import font_faces
from rearm.report.stamp import Stamp
from rearm.report.style import environment

__all__ = ["sheet"]


def sheet(assessment: Assessment, stamp: Stamp | None = None, *, named: bool = True) -> str:
    """The HTML text of the sheet; a patient with nothing to decide has a shorter one. `stamp`: what
    the print says of itself. With it, or where not `named`, the title names no patient, since a
    browser keeps titles.
    """
    template = environment().get_template("sheet.html.j2")
    return template.render(sheet=sheet_contents(assessment), css=_css(), stamp=stamp, named=named)


@cache
def _css() -> str:
    file = resources.files("rearm.report").joinpath("templates", "sheet.css")
    return font_faces() + file.read_text(encoding="utf-8")
