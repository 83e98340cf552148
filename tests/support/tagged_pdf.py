"""What a tagged PDF holds, read back by a program that did not write it."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from pypdf import PageObject, PdfReader
from pypdf.generic import ArrayObject, ContentStream, DictionaryObject, StreamObject

__all__ = ["Painted", "elements", "fonts", "numbers_in_structure", "opened", "painted"]

_PAINTS = {b"f", b"F", b"f*", b"B", b"B*", b"b", b"b*", b"S", b"s", b"Do", b"sh"}
_WRITES = {b"Tj", b"TJ", b"'", b'"'}


def opened(pdf: bytes) -> PdfReader:
    return PdfReader(io.BytesIO(pdf), strict=True)


def elements(reader: PdfReader) -> Iterator[Any]:
    """Each element of the structure in the order in which it is read out."""
    root: Any = reader.root_object["/StructTreeRoot"]
    yield from _below(root)


def _below(element: Any) -> Iterator[Any]:
    for kid in _kids(element):
        part = kid.get_object()
        if isinstance(part, DictionaryObject) and "/S" in part:  # a link names what it covers
            yield part
            yield from _below(part)


def _kids(element: Any) -> Any:
    kids = element.get("/K", ArrayObject())
    return kids if isinstance(kids, ArrayObject) else [kids]


def numbers_in_structure(reader: PdfReader) -> set[int]:
    """The numbers of marked content that an element of the structure holds."""
    return {int(kid) for x in elements(reader) for kid in _kids(x) if isinstance(kid, int)}


@dataclass(kw_only=True)
class Painted:
    """What a page paints. `lost`: what is neither of the structure nor an artifact, and text that
    is an artifact, since nobody would hear it; `numbers`: those of its marked content.
    """

    lost: list[bytes] = field(default_factory=list)
    numbers: set[int] = field(default_factory=set)


def painted(page: PageObject, reader: PdfReader) -> Painted:
    content = page.get_contents()
    assert content is not None
    found = Painted()
    within: list[str] = []
    operations: Any = ContentStream(content, reader).operations
    for operands, operator in operations:
        if operator in (b"BMC", b"BDC"):
            within.append(str(operands[0]))
            if operator == b"BDC" and "/MCID" in operands[1]:
                found.numbers.add(int(operands[1]["/MCID"]))
        elif operator == b"EMC":
            within.pop()
        elif operator in _PAINTS | _WRITES:
            decoration = "/Artifact" in within
            if not within or (decoration and operator in _WRITES):
                found.lost.append(operator)
    assert within == []
    return found


def fonts(page: PageObject) -> Iterator[tuple[str, bool, bool]]:
    """(name, whether its program is in the file, whether its letters can be read back)."""
    resources: Any = page["/Resources"]
    for reference in resources["/Font"].values():
        font = reference.get_object()
        (below,) = font["/DescendantFonts"]
        described = below.get_object()["/FontDescriptor"].get_object()
        inside = any(key in described for key in ("/FontFile2", "/FontFile3"))
        readable = "/ToUnicode" in font and isinstance(font["/ToUnicode"], StreamObject)
        yield str(font["/BaseFont"]), inside, readable
