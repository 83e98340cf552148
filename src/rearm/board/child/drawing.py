"""Pages and PDFs of a stored result, drawn in the child process, since the engines of the pictures
and of the fonts can bring their process down.
"""

from __future__ import annotations

import base64
import hashlib
import re

import msgspec

from rearm.assessment import Assessment
from rearm.report.assessment.page import page
from rearm.report.assessment.printed import report_pdf
from rearm.report.evidence.page import evidence_page
from rearm.report.sheet.contents import DecisionTold
from rearm.report.sheet.page import sheet
from rearm.report.sheet.pdf import pdf_of, sheet_pdf
from rearm.report.stamp import Stamp

__all__ = [
    "Drawn",
    "ToDraw",
    "ToPrint",
    "draw",
    "draw_evidence",
    "draw_sheet",
    "print_report",
    "print_sheet",
    "print_sheet_plainly",
]

_TITLE = re.compile(r"<title>[^<]*</title>")
_STYLE = re.compile(r"<style>(.*?)</style>", re.DOTALL)


class Drawn(msgspec.Struct, frozen=True, kw_only=True):
    """The page, and the hash of its style by which the browser lets this style through, and no
    other.
    """

    html: str
    style_hash: str


class ToDraw(msgspec.Struct, frozen=True, kw_only=True):
    """A result as `Assessment.to_json` wrote it, with what the board decided, and the address to
    which its page leads back.
    """

    result: str
    decided: DecisionTold | None = None
    back: str = ""


def draw(wanted: ToDraw) -> Drawn:
    """The page of a result. Its title does not name the patient: a browser keeps titles. Raises
    ResultError with a sentence where it is none.
    """
    made = page(Assessment.from_json(wanted.result), decided=wanted.decided, back=wanted.back)
    html = _TITLE.sub("<title>Rearm: everything behind the sheet</title>", made, count=1)
    return _drawn(html)


def draw_evidence(name: str) -> Drawn:
    """The page of the evidence of a strategy or an option, with its forest plots. Raises
    KnowledgeError with a sentence where there is none of this name.
    """
    return _drawn(evidence_page((name,), back=f"/knowledge/entries/{name}"))


def _drawn(html: str) -> Drawn:
    style = _STYLE.search(html)
    told = "" if style is None else style[1]
    hashed = base64.b64encode(hashlib.sha256(told.encode("utf-8")).digest()).decode("ascii")
    return Drawn(html=html, style_hash=hashed)


class ToPrint(msgspec.Struct, frozen=True, kw_only=True):
    """A result as `Assessment.to_json` wrote it, with what the board decided and the stamp of its
    print.
    """

    result: str
    printed: str
    answer: int
    head: str
    decided: DecisionTold | None = None

    @property
    def stamp(self) -> Stamp:
        return Stamp(printed=self.printed, answer=self.answer, head=self.head)


def print_sheet(wanted: ToPrint) -> bytes:
    """The sheet as a PDF. Raises ResultError and PdfError with a sentence."""
    return sheet_pdf(Assessment.from_json(wanted.result), wanted.stamp, wanted.decided)


def print_report(wanted: ToPrint) -> bytes:
    """The whole report as a PDF. Raises ResultError and PdfError with a sentence."""
    return report_pdf(Assessment.from_json(wanted.result), wanted.stamp, wanted.decided)


def draw_sheet(result: str) -> str:
    """The sheet of a result that is not stored, as HTML; its title names no patient."""
    return sheet(Assessment.from_json(result), named=False)


def print_sheet_plainly(result: str) -> bytes:
    """The same as a PDF; it bears no stamp, since no audit tells of it."""
    return pdf_of(draw_sheet(result))
