"""The whole page of a stored result, drawn in the child process, since the engine of the pictures
can bring its process down.
"""

from __future__ import annotations

import base64
import hashlib
import re

import msgspec

from rearm.assessment import Assessment
from rearm.report.assessment.page import page
from rearm.report.evidence.page import evidence_page

__all__ = ["Drawn", "draw", "draw_evidence"]

_TITLE = re.compile(r"<title>[^<]*</title>")
_STYLE = re.compile(r"<style>(.*?)</style>", re.DOTALL)


class Drawn(msgspec.Struct, frozen=True, kw_only=True):
    """The page, and the hash of its style by which the browser lets this style through, and no
    other.
    """

    html: str
    style_hash: str


def draw(result: str) -> Drawn:
    """The page of a result as `Assessment.to_json` wrote it. Its title does not name the patient: a
    browser keeps titles. Raises ResultError with a sentence where it is none.
    """
    html = _TITLE.sub("<title>Rearm: everything behind the sheet</title>",
                      page(Assessment.from_json(result)), count=1)  # fmt: skip
    return _drawn(html)


def draw_evidence(name: str) -> Drawn:
    """The page of the evidence of a strategy or an option, with its forest plots. Raises
    KnowledgeError with a sentence where there is none of this name.
    """
    return _drawn(evidence_page((name,)))


def _drawn(html: str) -> Drawn:
    style = _STYLE.search(html)
    told = "" if style is None else style[1]
    hashed = base64.b64encode(hashlib.sha256(told.encode("utf-8")).digest()).decode("ascii")
    return Drawn(html=html, style_hash=hashed)
