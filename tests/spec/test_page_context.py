"""What the page of a patient is given is what `docs/page-context.md` says, no more and no less."""

from __future__ import annotations

import types
import typing
from collections.abc import Iterator, Mapping
from dataclasses import fields
from typing import Any, get_args, get_origin, get_type_hints

import pytest
from jinja2 import meta, nodes
from scripts import page_context as docs
from tests.support.loops import some
from tests.support.results import examples

from rearm.assessment import Assessment
from rearm.report.assessment import context
from rearm.report.assessment.context import PageContext, page_context
from rearm.report.assessment.index import IndexRow
from rearm.report.assessment.page import template_of
from rearm.report.sheet.contents import SheetContents

ENGINE = template_of("page").environment  # with the filters of this page
TEMPLATES = sorted(n for n in ENGINE.list_templates() if n.startswith("assessment/"))
BOARD = sorted(n for n in ENGINE.list_templates() if n.startswith("board/"))
FIELDS = tuple(field.name for field in fields(PageContext))


def parsed(name: str) -> nodes.Template:
    loader = ENGINE.loader
    assert loader is not None
    return ENGINE.parse(loader.get_source(ENGINE, name)[0])


def test_the_documented_page_is_up_to_date() -> None:
    assert docs.PAGE.read_text("utf-8") == docs.text(), "run make docs"


def test_every_field_is_documented_and_nothing_else() -> None:
    assert tuple(docs.documented()) == FIELDS
    page = docs.PAGE.read_text("utf-8")
    for name in some(FIELDS + tuple(docs.methods()) + IndexRow._fields):
        assert f"`{name}" in page


def test_the_templates_are_those_that_were_looked_at() -> None:
    assert [n.removeprefix("assessment/").removesuffix(".html.j2") for n in TEMPLATES] == [
        "actions",
        "alterations",
        "basis",
        "causes",
        "failure",
        "findings",
        "incomplete",
        "index",
        "issues",
        "macros",
        "option",
        "page",
        "practicalities",
        "print",
        "reasons",
        "references",
        "risks",
        "sections",
        "strategies",
        "tests",
        "therapies",
        "timeline",
        "unlikely",
        "visits",
    ]
    assert [n.removeprefix("board/").removesuffix(".html.j2") for n in BOARD] == [
        "actions",
        "alerts",
        "before",
        "case",
        "checklist",
        "choice",
        "decision",
        "not_now",
        "overruled",
        "unread",
    ]


def test_each_part_of_the_sheet_is_on_the_page() -> None:
    included = {
        node.template.value
        for node in parsed("assessment/page.html.j2").find_all(nodes.Include)
        if isinstance(node.template, nodes.Const)
    }
    assert set(BOARD) <= included


@pytest.mark.parametrize("name", [*TEMPLATES, *BOARD])
def test_a_template_can_be_read(name: str) -> None:
    assert ENGINE.loader is not None
    lines = ENGINE.loader.get_source(ENGINE, name)[0].splitlines()
    assert max(map(len, lines)) <= 120
    assert len(lines) <= 130
    assert lines[0].startswith("{#- ")


@pytest.mark.parametrize("name", BOARD)
def test_a_part_of_the_sheet_sees_its_contents_only(name: str) -> None:
    assert meta.find_undeclared_variables(parsed(name)) <= {"sheet", "linked"}
    assert set(attributes_of(name, "sheet")) <= {f.name for f in fields(SheetContents)}


def imported(name: str) -> set[str]:
    return {i.target for i in parsed(name).find_all(nodes.Import)}


_GIVEN = {
    "index.html.j2": {"css", "rows", "unread"},
    "print.html.j2": {"page", "css", "stamp"},
}


@pytest.mark.parametrize("name", TEMPLATES)
def test_a_template_sees_the_context_only(name: str) -> None:
    given = _GIVEN.get(name.removeprefix("assessment/"), {"page"})
    tree = parsed(name)
    own = {node.name for node in tree.find_all(nodes.Name) if node.ctx == "store"}
    assert meta.find_undeclared_variables(tree) - own == given


def attributes_of(name: str, *variables: str) -> Iterator[str]:
    """Names that the template reads of a variable."""
    for node in parsed(name).find_all(nodes.Getattr):
        if isinstance(node.node, nodes.Name) and node.node.name in variables:
            yield node.attr
    for item in parsed(name).find_all(nodes.Getitem):
        if isinstance(item.node, nodes.Name) and item.node.name in variables:
            yield f"[{item.arg}]"


def test_of_the_page_only_documented_names_are_read() -> None:
    read = {x for name in TEMPLATES for x in attributes_of(name, "page")}
    assert read <= {*FIELDS, *docs.methods()}
    # what is documented is read by a template; these by way of methods
    assert {*FIELDS, *docs.methods()} - read == {"support_lines", "support_first", "evidence_first"}
    assert set(attributes_of("assessment/index.html.j2", "row")) == set(IndexRow._fields)


def test_of_the_result_only_names_of_the_schema_are_read() -> None:
    read = {x for name in TEMPLATES for x in attributes_of(name, "a")}
    for name in TEMPLATES:
        for node in parsed(name).find_all(nodes.Getattr):
            inner = node.node
            if (
                isinstance(inner, nodes.Getattr)
                and inner.attr == "result"
                and isinstance(inner.node, nodes.Name)
            ):
                read.add(node.attr)
    assert len(read) > 15
    methods = {"next_tests"}
    assert read <= {*Assessment.__struct_fields__} | methods


def test_an_undocumented_name_is_seen() -> None:
    tree = ENGINE.parse("{{ page.secret }}{{ page['other'] }}")
    assert [n.attr for n in tree.find_all(nodes.Getattr)] == ["secret"]
    assert len(list(tree.find_all(nodes.Getitem))) == 1


def fits(value: Any, hint: Any) -> bool:
    """Whether the value is of the annotated type, all the way down."""
    origin, inner = get_origin(hint), get_args(hint)
    if origin in (typing.Union, types.UnionType):
        return any(fits(value, choice) for choice in inner)
    if origin is tuple:
        if len(inner) == 2 and inner[1] is Ellipsis:
            return isinstance(value, tuple) and all(fits(v, inner[0]) for v in value)
        whole = isinstance(value, tuple) and len(value) == len(inner)
        return whole and all(fits(v, h) for v, h in zip(value, inner, strict=True))
    if origin is frozenset:
        return isinstance(value, frozenset) and all(fits(v, inner[0]) for v in value)
    if origin is Mapping:
        whole = isinstance(value, Mapping)
        return whole and all(fits(k, inner[0]) and fits(v, inner[1]) for k, v in value.items())
    return type(value) is hint


@pytest.mark.parametrize("with_picture", [True, False])
@pytest.mark.parametrize("patient", ["SYN-01", "SYN-02", "SYN-11"])
def test_each_value_is_of_its_type(patient: str, with_picture: bool) -> None:
    made = page_context(examples()[patient], with_picture=with_picture)
    hints = get_type_hints(PageContext, vars(context) | {"Mapping": Mapping})
    assert tuple(hints) == FIELDS
    for name, hint in some(hints.items()):
        assert fits(getattr(made, name), hint), name
    assert (made.picture is not None) == (with_picture and made.no_picture is None)


@pytest.mark.parametrize(
    ("value", "hint"),
    [
        (1, str),
        (True, int),
        (None, str),
        (("a", 1), tuple[str, ...]),
        (("a",), tuple[str, str]),
        ({"a": "b"}, Mapping[str, int]),
        ([], tuple[str, ...]),
    ],
)
def test_a_value_of_another_type_is_seen(value: object, hint: Any) -> None:
    assert not fits(value, hint)


def test_no_number_stands_beside_a_value_of_zero() -> None:
    """On a logarithmic axis zero is drawn at a floor; a tick there would read as a measurement."""
    from rearm.report.assessment.timeline import PANELS, _panel

    title, unit, series = PANELS[0]

    def ticks(*values: float) -> list[float]:
        rows = [
            {"day": d, "end": d, "exact": True, "value": v, "bound": "measured"}
            for d, v in enumerate(values)
        ]
        panel = _panel(rows, unit, title, series, {})
        found: list[float] = panel["layer"][0]["encoding"]["y"]["axis"]["values"]
        return found

    assert ticks(0.0, 0.0) == []
    assert ticks(2.0, 0.2, 0.0) == [1.0]
    assert ticks(200.0, 11.0) == [10.0, 100.0]
