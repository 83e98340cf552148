"""Texts that a page, a spreadsheet, a template or a database would obey, and what shows that one of
them got through: in a page, in JSON, in a table, in a PDF.
"""

from __future__ import annotations

import csv
import io
import os
import re
from collections.abc import Iterator
from typing import Any
from xml.etree.ElementTree import Element

from pypdf import PdfReader
from tests.support.sent_forms import parsed

from rearm.characters import first_harmful

__all__ = ["HOSTILE", "Pack", "faults", "faults_of_pdf", "kept_texts", "packs"]

_FACTORS = (7919, 7907)
_COMPUTED = str(_FACTORS[0] * _FACTORS[1])  # what a template would make of the product

_TAGS = ("script>alert(1)</script", "img src=x onerror=alert(1)", "svg onload=alert(1)",
         "iframe src=javascript:alert(1)", "a href='javascript:alert(1)'", "style>@import 'http://x'",
         "link rel=attachment href=file:///etc/passwd", "object data=file:///etc/passwd",
         "base href=http://x/", "meta http-equiv=refresh content=0")  # fmt: skip
_FORMS = ("<{}>", '"><{}>', "'/><{}>", "</td><{}>", "</style><{}>", "&lt;{}&gt;", "<<{}>>",
          "<{}\t>", "--><{}>", "]]><{}>", "\u202e<{}>", "</textarea></title><{}>")  # fmt: skip
_CELLS = ("={}", "+{}", "-{}", "@{}", "\t={}", "\r={}", " ={}", "=cmd|'/c {}'!A1",
          '=HYPERLINK("http://x?{}")', "%0A={}", ";={}", ",={}")  # fmt: skip
_INNER = ("1+1", "SUM(A1:A9)", "calc", "IMPORTXML(1)", "DDE(1)", "9^9", "A1")
_OTHERS = (
    f"{{{{ {_FACTORS[0]}*{_FACTORS[1]} }}}}",
    f"${{{_FACTORS[0]}*{_FACTORS[1]}}}",
    "{% include '/etc/passwd' %}",
    "javascript:alert(1)",
    "'; DROP TABLE cases; --",
    "[x](javascript:alert(1))",
    "![x](http://x/p.png)",
    "' onfocus=alert(1) autofocus='",
    '" onmouseover="alert(1)" x="',
    "%s%n{0}",
)

HOSTILE: tuple[str, ...] = (
    *(cell.format(word) for cell in _CELLS for word in _INNER),
    *(form.format(tag) for tag in _TAGS for form in _FORMS),
    *_OTHERS,
)

Pack = tuple[str, ...]
"""Texts that are sent together, one after the other in one field; two of them are formulas, which
begin the fields in turn, since a spreadsheet program computes what begins a cell.
"""

_BEGINNING = len(_CELLS) * len(_INNER)


def packs() -> list[Pack]:
    """All texts where `REARM_HOSTILE` is `all`, otherwise twelve of different kinds."""
    begin, more = HOSTILE[:_BEGINNING], HOSTILE[_BEGINNING:]
    if os.environ.get("REARM_HOSTILE") != "all":
        tags = [more[i] for i in (0, 13, 17, 27, 35, 48)]
        return [(begin[0], begin[57], *tags, _OTHERS[0], _OTHERS[4], _OTHERS[7], _OTHERS[8])]
    count = len(begin) // 2
    return [(begin[i], begin[i + count], *more[i::count]) for i in range(count)]


def kept_texts(pack: Pack) -> Pack:
    """Those without a character that a form refuses."""
    return tuple(text for text in pack if first_harmful(text) is None)


# ---------------------------------------------------------------- what got through


_NEVER = {"iframe", "frame", "frameset", "object", "embed", "applet", "base", "marquee"}
_ADDRESSES = {"href", "src", "action", "formaction", "data", "xlink:href", "poster", "srcset"}
_BAD_ADDRESS = re.compile(r"\s*(?:javascript|vbscript|file|data:text/html|https?://x\b)", re.I)
_CELL = re.compile(r"[=+@\t\r]|-(?![0-9.]*$)")
_ACTIVE = re.compile(rb"/(?:JavaScript|JS|Launch|EmbeddedFile|GoToR)\b")


def faults(answer: Any) -> list[str]:
    """What is wrong with an answer of a board: something in it would run, or a head of it holds a
    text of a user.
    """
    kind = answer.headers.get("content-type", "").partition(";")[0]
    found = [*_faults_of_heads(answer)]
    if answer.status_code >= 500 and answer.status_code != 503:
        found.append(f"status {answer.status_code}")
    if kind == "application/pdf":
        return [*found, *faults_of_pdf(answer.content)]
    if _COMPUTED in answer.text:
        found.append("a template was obeyed")
    if kind == "text/html":
        found += _faults_of_page(answer)
    elif kind.endswith("json") and first_harmful(answer.text) is not None:
        found.append(f"JSON with {first_harmful(answer.text)!r}")
    elif kind == "text/csv":
        found += _faults_of_table(answer.content.decode("utf-8-sig"))
    return found


def _faults_of_heads(answer: Any) -> Iterator[str]:
    for name, value in answer.headers.items():
        if re.search(r"[<>]|alert\(|\r|\n", value):
            yield f"{name}: {value}"
    if answer.content and answer.headers.get("x-content-type-options") != "nosniff":
        yield "the kind of the content may be guessed"


def _faults_of_page(answer: Any) -> list[str]:
    rules = answer.headers.get("content-security-policy", "")
    found = [] if "script-src" in rules or "default-src 'none'" in rules else ["no CSP"]
    if re.search(r"script-src[^;]*'unsafe-(?:inline|eval)'", rules):
        found.append("a script within the page may run")
    elements = parsed(answer.text).iter()
    return [*found, *(told for element in elements for told in _faults_of_element(element))]


def _faults_of_element(element: Element) -> Iterator[str]:
    tag, text = str(element.tag), element.text or ""
    rule = element.get("http-equiv", "content-security-policy").lower()
    if tag in _NEVER or rule != "content-security-policy":
        yield f"<{tag}>"
    if tag in ("script", "style") and re.search(r"alert\(|@import", text):
        yield f"<{tag}>{text[:40]}"
    for name, value in element.attrib.items():
        plain = str(name).lower()
        if plain.startswith("on") or (plain in _ADDRESSES and _BAD_ADDRESS.match(value)):
            yield f"<{tag} {name}={value[:40]!r}>"
        if tag == "img" and plain == "src" and value == "x":
            yield "<img src=x>"


def _faults_of_table(text: str) -> Iterator[str]:
    for row in csv.reader(io.StringIO(text, newline="")):
        yield from (f"cell {cell[:40]!r}" for cell in row if _CELL.match(cell))


def faults_of_pdf(data: bytes) -> list[str]:
    """Actions, scripts, files, and addresses that no sheet has."""
    reader = PdfReader(io.BytesIO(data))
    found = [str(x) for x in _ACTIVE.findall(data)]
    if reader.attachments or "/OpenAction" in reader.root_object:
        found.append("a file or an action")
    for page in reader.pages:
        for note in page.get("/Annots") or ():
            address = str(note.get_object().get("/A", {}).get("/URI", "https://"))
            if not re.match(r"https?://(?!x\b)", address):
                found.append(address)
    return found
