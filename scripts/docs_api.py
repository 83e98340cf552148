"""The pages of the public names, made from their docstrings, and what a docstring lacks."""

from __future__ import annotations

import inspect
import io
import re
import tokenize
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from itertools import groupby
from textwrap import dedent
from typing import Any, ForwardRef, get_args, is_typeddict

from scripts.docs_markdown import Lines, cell, code, table

__all__ = ["MODULES", "PublicName", "lacks", "module_pages", "public_names"]

MODULES: Mapping[str, str] = {
    "rearm": "What most programs need: read, assess, explain.",
    "rearm.errors": "The errors that a program has to catch.",
    "rearm.intake": "From files to records.",
    "rearm.record": "What is known of one patient: events with their days and places.",
    "rearm.interval": "Numbers known within bounds.",
    "rearm.knowledge": "Tests, agents, findings, rules, studies.",
    "rearm.assessment": "The answer for one patient or many.",
    "rearm.response": "The IMWG response, visit by visit.",
    "rearm.outcome.failures": "Whether each CAR-T failed, and when.",
    "rearm.outcome.endpoints": "PFS, TTP, DOR, TTNT, OS and PFS2 of one patient.",
    "rearm.evidence": "The published studies, pooled by strategy.",
    "rearm.cohort": "A store of many patients.",
    "rearm.cohort.survival": "Outcomes over time: estimators on whole days.",
    "rearm.mechanism": "The mechanistic model (extra `mechanism`); no recommendation uses it.",
}
_COUNTED = re.compile(r"\b(int|float|Interval)\b")
_UNITS = re.compile(
    r"\b(days?|months?|years?|mm|cm|g/dL|mg/L|mg/dL|per cent|shares?|unit|units|0 to 1|number of"
    r"|how many|count(s|ed)?|times|processes|patients|grades?|infusion|seed|probabilit\w+)\b|%",
    re.I,
)
_UNKNOWN = re.compile(r"\b(unknown|not known|None|null|nothing is|absent|empty|missing)\b", re.I)
_DATA = "data"


@dataclass(frozen=True, slots=True)
class PublicName:
    """A name of the first public module that lists it. `kind`: function, class or data."""

    module: str
    name: str
    kind: str
    value: Any

    @property
    def path(self) -> str:
        return f"{self.module}.{self.name}"

    @property
    def doc(self) -> str:
        return "" if self.kind == _DATA else inspect.getdoc(self.value) or ""

    @property
    def examples(self) -> str:
        """The docstring, or that of a member of the class, that shows it in use; empty without."""
        own = [self.doc]
        if self.kind == "class":
            own += [inspect.getdoc(member) or "" for _, member in _members(self.value)]
        return next((doc for doc in own if ">>>" in doc), "")


@cache
def public_names() -> tuple[PublicName, ...]:
    """Every public name once: of the module that lists it first in `MODULES`."""
    found: dict[int, PublicName] = {}
    for module in MODULES:
        loaded = import_module(module)
        for name in loaded.__all__:
            value = getattr(loaded, name)
            one = PublicName(module, name, _kind(value), value)
            found.setdefault(id(value) if one.kind != _DATA else id(one), one)
    return tuple(found.values())


def _kind(value: Any) -> str:
    if inspect.isclass(value):
        return "class"
    return "function" if inspect.isfunction(inspect.unwrap(value)) else _DATA


def lacks(one: PublicName) -> tuple[str, ...]:
    """What the docstring of a public name does not tell, by kind; empty for data, whose value and
    comment say all.
    """
    if one.kind == _DATA:
        return ()
    wanted = {
        "meaning": bool(one.doc),
        "parameters": one.kind == "class" or not _unnamed(one),
        "fields": one.kind == "function" or not _unexplained(one),
        "units": not _COUNTED.search(_annotations(one)) or bool(_UNITS.search(_told(one))),
        "unknowns": bool(_UNKNOWN.search(_told(one))) or one.path.endswith("Error"),
        "errors": one.kind == "class" or "Raises" in one.doc,
        "example": bool(one.examples) or is_typeddict(one.value),
    }
    return tuple(word for word, told in wanted.items() if not told)


def _unnamed(one: PublicName) -> list[str]:
    return [p for p in inspect.signature(one.value).parameters if f"`{p}`" not in one.doc]


def _unexplained(one: PublicName) -> list[str]:
    """Fields without a meaning, unless the docstring names the page that has them all."""
    if "says what each is" in one.doc:
        return []
    return [name for name, _, meaning in _fields(one) if not meaning]


def _annotations(one: PublicName) -> str:
    """The types of a function's parameters and result, or of a class's fields."""
    if one.kind == "class":
        return " ".join(kind for _, kind, _ in _fields(one))
    return " ".join(str(x) for x in inspect.unwrap(one.value).__annotations__.values())


def _told(one: PublicName) -> str:
    """The docstring with the comments of the fields."""
    return " ".join((one.doc, *(meaning for _, _, meaning in _fields(one))))


def _fields(one: PublicName) -> list[tuple[str, str, str]]:
    """Name, type and meaning of each field that is declared in the class itself. The meaning is
    the comment beside or above it; of a field that the docstring names, "see above".
    """
    if one.kind != "class":
        return []
    try:
        source = inspect.getsource(one.value)
    except (OSError, TypeError):
        return []
    comments = _comments(source)
    return [
        (name, _type(kind), comments.get(name) or ("see above" if f"`{name}`" in one.doc else ""))
        for name, kind in inspect.get_annotations(one.value).items()
        if not name.startswith("_") and "ClassVar" not in str(kind)
    ]


def _comments(source: str) -> dict[str, str]:
    """The comment beside each field, or directly above it."""
    found: dict[str, str] = {}
    above: list[str] = []
    lines = inspect.cleandoc(source).split("\n") if source.startswith(" ") else source.split("\n")
    for line in lines:
        text = line.strip()
        field = re.match(r"(\w+): ", text)
        if text.startswith("#"):
            above.append(text.lstrip("# "))
            continue
        if field and line.startswith("    ") and not line.startswith("     "):
            beside = _beside(text)
            found[field[1]] = beside or " ".join(above)
        above = []
    return {name: words for name, words in found.items() if words}


def _beside(line: str) -> str:
    try:
        tokens = list(tokenize.generate_tokens(io.StringIO(line).readline))
    except (tokenize.TokenError, IndentationError):
        return ""
    words = [t.string.lstrip("# ") for t in tokens if t.type == tokenize.COMMENT]
    return "" if not words or words[0].startswith("type:") else words[0]


# ---------------------------------------------------------------- the pages


def module_pages() -> dict[str, Lines]:
    """The page of each public module by its file name, and the list of them."""
    made = {f"{_file(module)}.md": _module_page(module) for module in MODULES}
    return {"README.md": _list_page(), **made}


def _file(module: str) -> str:
    return module.removeprefix("rearm.").replace(".", "-")


def _list_page() -> Lines:
    yield "# Public names"
    yield ""
    yield (
        "What stays as it is until a version says otherwise ([versions](../../versions.md)). A name"
        " that is not here may change without a word. Every example runs in the tests, from the"
        " root of the repository, on invented patients."
    )
    yield from table(
        ("module", "what it holds", "names"),
        (
            (
                f"[`{module}`]({_file(module)}.md)",
                words,
                ", ".join(_link(x) for x in public_names() if x.module == module),
            )
            for module, words in MODULES.items()
        ),
    )


def _link(one: PublicName) -> str:
    return f"[`{one.name}`]({_file(one.module)}.md#{one.name.lower().strip('_')})"


def _module_page(module: str) -> Lines:
    yield f"# {module}"
    yield ""
    yield from _doc(inspect.getdoc(import_module(module)) or "")
    own = [x for x in public_names() if x.module == module]
    elsewhere = [
        (name, one)
        for name in import_module(module).__all__
        for one in public_names()
        if one.module != module and one.value is getattr(import_module(module), name)
    ]
    if elsewhere:
        words = (
            f"{_link(one)}" if name == one.name else f"`{name}`, which is {_link(one)}"
            for name, one in elsewhere
        )
        yield f"Also here: {', '.join(words)}."
        yield ""
    for one in own:
        yield f'<a id="{one.name.lower().strip("_")}"></a>'
        yield ""
        yield f"## `{one.name}`"
        yield ""
        yield from _SECTIONS[one.kind](one)


def _function(one: PublicName) -> Lines:
    yield from ("```python", f"{one.name}{_signature(one.value)}", "```", "")
    yield from _doc(one.doc)


def _class(one: PublicName) -> Lines:
    yield from _doc(one.doc)
    yield from table(
        ("field", "type", "meaning"),
        ((f"`{name}`", code(kind), cell(meaning)) for name, kind, meaning in _fields(one)),
    )
    for name, member in _members(one.value):
        doc = inspect.getdoc(member) or ""
        if isinstance(member, property) or hasattr(member, "func"):
            yield f"**`{name}`**"
        else:
            function = getattr(member, "__func__", member)
            yield from ("```python", f"{name}{_signature(function)}", "```")
        yield ""
        yield from _doc(doc)


def _members(owner: type) -> Iterator[tuple[str, Any]]:
    """Public methods and properties that the class itself declares and that say what they are."""
    for name, member in owner.__dict__.items():
        shown = isinstance(member, (property, classmethod, staticmethod)) or callable(member)
        if not name.startswith("_") and (shown or hasattr(member, "func")):
            inner = getattr(member, "func", member)
            if inspect.getdoc(inner) and not inspect.isclass(member):
                yield name, inner if hasattr(member, "func") else member


def _data(one: PublicName) -> Lines:
    words = get_args(one.value)
    if words:
        yield f"One of {', '.join(f'`{x}`' for x in words)}."
    elif isinstance(one.value, (str, int, float, tuple, frozenset)):
        values = sorted(one.value) if isinstance(one.value, frozenset) else one.value
        many = values if isinstance(values, (tuple, list)) else (values,)
        yield ", ".join(f"`{x}`" for x in many) + "."
    elif isinstance(one.value, Mapping):
        yield ", ".join(f"`{x}`" for x in one.value) + "."
    else:
        yield f"`{type(one.value).__name__}`: {cell(str(one.value))}"
    yield ""


_SECTIONS = {"function": _function, "class": _class, _DATA: _data}


def _signature(function: Any) -> str:
    text = str(inspect.signature(function)).replace("'", "")
    if len(text) < 80:
        return text
    inside, _, result = text.rpartition(")")
    parts = _split(inside.removeprefix("("))
    return "(\n" + "".join(f"    {x},\n" for x in parts) + f"){result}"


def _split(text: str) -> list[str]:
    """Parameters, split at the commas outside of brackets."""
    parts, depth, start = [], 0, 0
    for i, letter in enumerate(text):
        depth += (letter in "([{") - (letter in ")]}")
        if letter == "," and not depth:
            parts.append(text[start:i].strip())
            start = i + 1
    return [*parts, text[start:].strip()]


def _type(kind: Any) -> str:
    """An annotation as it stands in the code."""
    if isinstance(kind, ForwardRef):
        return kind.__forward_arg__
    return kind if isinstance(kind, str) else getattr(kind, "__name__", str(kind))


def _doc(text: str) -> Lines:
    """A docstring as Markdown: sentences as they are, what is indented and examples as code."""
    for is_code, blocks in groupby(re.split(r"\n[ ]*\n", text.strip("\n")), key=_is_code):
        if is_code:
            lines = dedent("\n\n".join(blocks))
            yield from ("```pycon" if lines.startswith(">>>") else "```python", lines, "```", "")
        else:
            for block in filter(str.strip, blocks):
                yield from (_prose(" ".join(block.split())), "")


def _is_code(block: str) -> bool:
    return block.startswith(("    ", ">>>"))


def _prose(text: str) -> str:
    """Nothing outside of code is markup."""
    parts = re.split(r"(`[^`]*`)", text)
    return "".join(
        x if x.startswith("`") else x.replace("<", "&lt;").replace("*", "\\*") for x in parts
    )
