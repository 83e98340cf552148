"""Writes `docs/page-context.md`: what the template of a patient's page is given, from the classes
themselves.

    python -m scripts.page_context            # writes the page
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from types import FunctionType

from scripts.docs_markdown import cell, code, table

from rearm.report.assessment.context import PageContext
from rearm.report.assessment.index import IndexRow

PAGE = Path(__file__).parents[1] / "docs" / "page-context.md"
NOTE = "<!-- Written by scripts/page_context.py from the class PageContext; run `make docs`. -->"


def documented() -> dict[str, str]:
    """What each field holds, in the words of the class."""
    listed = re.findall(r"^- `(\w+)`: (.+?)$", inspect.getdoc(PageContext) or "", re.MULTILINE)
    return {name: f"{text[0].upper()}{text[1:]}" for name, text in listed}


def methods() -> dict[str, FunctionType]:
    """The public methods, by name."""
    found = vars(PageContext).items()
    return {n: f for n, f in found if isinstance(f, FunctionType) and not n.startswith("_")}


def lines() -> Iterator[str]:
    """The page, line by line."""
    yield from (NOTE, "", "# What the page of a patient is given", "")
    yield "The templates of `src/rearm/report/templates/assessment` see one variable, `page`, and"
    yield "nothing else. It is made from the result alone, so that a stored result gives the same"
    yield "page. What the result holds (`page.result`) stands in the published schema,"
    yield "`src/rearm/assessment/schema.json`."
    yield from ("", "## Fields")
    texts = documented()
    rows = [(code(f.name), code(_type(f.type)), cell(texts[f.name])) for f in fields(PageContext)]
    yield from table(("field", "type", "what it holds"), rows)
    yield from ("## Methods",)
    called = [
        (code(f"{name}{_signature(function)}"), cell(_first_sentence(function)))
        for name, function in methods().items()
    ]
    yield from table(("method", "what it gives"), called)
    yield from ("## The index of a folder of pages", "")
    yield "`index.html.j2` is given `css`, `unread` (a sentence for each file of the input of which"
    yield "nothing could be read) and `rows`, one for each patient, each with the texts"
    yield f"{', '.join(code(name) for name in IndexRow._fields)}."


def _type(annotation: object) -> str:
    return annotation if isinstance(annotation, str) else str(annotation)


def _signature(function: FunctionType) -> str:
    signature = inspect.signature(function)
    rest = list(signature.parameters.values())[1:]
    return str(signature.replace(parameters=rest)).replace("'", "")


def _first_sentence(function: FunctionType) -> str:
    return " ".join((inspect.getdoc(function) or "").split())


def text() -> str:
    """The whole page."""
    return "\n".join(lines()) + "\n"


if __name__ == "__main__":
    PAGE.write_text(text(), encoding="utf-8")
