"""Forms as a page holds them, read from the page, so that a field that is new is not forgotten."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from xml.etree.ElementTree import Element

import tinyhtml5

__all__ = ["PageForm", "forms_of", "links_of", "parsed", "pieces"]

_LONGEST = 4000
_TYPED = {"text", "search", "password", "email", "url", "tel", "number"}
_OURS = {"form_token", "version", "seen", "mark", "answer"}
"""Hidden fields that say what was seen: with another value nothing else of the form is read."""


@dataclass(slots=True, kw_only=True)
class PageForm:
    """`plain`: what a browser sends where nobody touched anything; `texts`: the fields into which
    anything can be typed, with the longest text; `closed`: those in which one of several words is
    chosen, also a day; `files`: those for files; `checks`: where htmx sends it while it is typed.
    """

    method: str
    action: str
    plain: dict[str, str] = field(default_factory=dict)
    texts: dict[str, int] = field(default_factory=dict)
    closed: set[str] = field(default_factory=set)
    files: set[str] = field(default_factory=set)
    checks: str = ""


@lru_cache(maxsize=64)
def parsed(html: str) -> Element:
    """A page as a browser reads it."""
    root: Element = tinyhtml5.parse(html, namespace_html_elements=False)
    return root


def forms_of(html: str) -> list[PageForm]:
    """Every form of a page, in its order."""
    return [_form(element) for element in parsed(html).iter("form")]


def links_of(html: str) -> list[str]:
    """Where the links of a page lead."""
    return [x for element in parsed(html).iter("a") if (x := element.get("href"))]


def _form(element: Element) -> PageForm:
    form = PageForm(
        method=element.get("method", "get").lower(),
        action=element.get("action", ""),
        checks=element.get("hx-post", ""),
    )
    for part in element.iter():
        name = part.get("name", "")
        if name and part.tag == "textarea":
            form.plain[name] = "".join(part.itertext())
            form.texts[name] = int(part.get("maxlength", _LONGEST))
        elif name and part.tag == "select":
            form.closed.add(name)
            form.plain[name] = _chosen([*part.iter("option")])
        elif name and part.tag == "input":
            _input(form, name, part)
    return form


def _input(form: PageForm, name: str, part: Element) -> None:
    kind, value = part.get("type", "text").lower(), part.get("value", "")
    if kind == "file":
        form.files.add(name)
    elif kind in _TYPED:
        form.texts[name] = int(part.get("maxlength", _LONGEST))
        form.plain[name] = value
    elif kind in ("radio", "checkbox"):
        form.closed.add(name)
        if part.get("checked") is not None or (kind == "radio" and name not in form.plain):
            form.plain[name] = value
    else:  # hidden, a day
        form.plain[name] = value
        if name not in _OURS:
            form.closed.add(name)


def _chosen(options: list[Element]) -> str:
    """The option that is chosen, or else the first that says something."""
    chosen = [x for x in options if x.get("selected") is not None]
    named = [x for x in options if x.get("value", "x")]
    for option in (*chosen, *named, *options):
        return option.get("value", "".join(option.itertext()))
    return ""


def pieces(pack: tuple[str, ...], longest: int) -> Iterator[str]:
    """The texts in as few pieces as fit into a field; one that fits into none is cut."""
    piece = ""
    for text in pack:
        joined = f"{piece} {text}" if piece else text
        if piece and len(joined) > longest:
            yield piece
            joined = text
        piece = joined[:longest]
    yield piece
