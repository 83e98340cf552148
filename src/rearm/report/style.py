"""The template engine and the style that all pages share."""

from __future__ import annotations

from functools import cache
from importlib import resources
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined, Template

from rearm.characters import replaced
from rearm.report.figures import figure_line, figure_words, in_whom, number_words
from rearm.report.words import capital, days_words, measure_words, strategy_words, words

__all__ = ["css", "environment"]


@cache
def css() -> str:
    """The style of all pages, with the parts of the sheet."""
    templates = resources.files("rearm.report").joinpath("templates")
    return "".join(
        templates.joinpath(name).read_text(encoding="utf-8") for name in ("page.css", "board.css")
    )


class _Page(Template):
    """A template of which no page holds what a browser or a reader of its source could obey,
    wherever the text came from: the input, a stored result, a record made in Python.
    """

    def render(self, *args: Any, **kwargs: Any) -> str:
        return replaced(super().render(*args, **kwargs))


@cache
def environment() -> Environment:
    """The template engine, made once: everything is escaped, an unknown name is an error."""
    engine = Environment(
        loader=PackageLoader("rearm.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
    )
    engine.template_class = _Page
    filters: dict[str, Any] = {
        "capital": capital,
        "words": words,
        "measure": measure_words,
        "figure": figure_words,
        "figures": figure_line,
        "in_whom": in_whom,
        "number": number_words,
        "day": days_words,
        "strategy": strategy_words,
    }
    engine.filters.update(filters)
    return engine
