"""The page for the board: one self-contained HTML file, in the order in which a board reads.

Everything on it comes from the result object. Text of the input is escaped by the template engine;
nothing of it becomes markup.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

from jinja2 import Template

from rearm.assessment import Assessment
from rearm.report.assessment.context import page_context
from rearm.report.assessment.index import IndexRow
from rearm.report.assessment.sentences import (
    alert_title,
    day_range,
    difference_text,
    no_figure_text,
    reason_text,
    subject,
)
from rearm.report.sheet.contents import DecisionTold
from rearm.report.style import css, environment
from rearm.report.words import finding_words

__all__ = ["index_page", "page", "template_of"]


def page(
    assessment: Assessment,
    *,
    with_picture: bool = True,
    decided: DecisionTold | None = None,
    back: str = "",
) -> str:
    """The HTML text. Without the extra `pictures` the page is whole but for the timeline, and says
    so. `decided`: what the board decided; `back`: the address to which the page leads back.
    """
    context = page_context(assessment, with_picture=with_picture, decided=decided, back=back)
    return template_of("page").render(page=context)


def index_page(rows: Sequence[IndexRow], unread: Sequence[str] = ()) -> str:
    """The table of patients, each with a link to its page. `unread`: a sentence for each file of
    the input of which nothing could be read.
    """
    return template_of("index").render(css=css(), rows=rows, unread=unread)


@cache
def template_of(name: str) -> Template:
    """A template of a whole page of patients, with the words that its parts use."""
    engine = environment().overlay()
    engine.filters = {
        **engine.filters,
        "alert_title": alert_title,
        "difference": difference_text,
        "finding": finding_words,
        "no_figure": no_figure_text,
        "sentence": reason_text,
        "subject": subject,
        "range": day_range,
    }
    return engine.get_template(f"assessment/{name}.html.j2")
