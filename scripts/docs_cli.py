"""The page of all commands, made from what each says of itself with `--help`."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from typing import Any

import typer
from scripts.docs_markdown import Lines, cell, code, table

from rearm.cli import app

__all__ = ["command_names", "commands_page"]


def commands_page() -> Lines:
    yield "# Commands"
    yield ""
    yield (
        "What each command says with `--help`. Exit codes: 0 done; 1 what was looked for was found,"
        " or a part of the input could not be used; 2 the input can't be used; 3 a fault of the"
        " program. A command with a code of its own says so below."
    )
    tree = list(_commands(typer.main.get_command(app), "rearm"))
    yield from table(
        ("command", "what it does"),
        ((f"[{name}](#{_anchor(name)})", cell(_first(own))) for name, own in tree if _acts(own)),
    )
    for name, own in tree:
        if _acts(own) or own.params:
            yield from _command(name, own)


def command_names() -> frozenset[str]:
    """`rearm assess`, `rearm cohort build` ...: every command that can be given."""
    return frozenset(n for n, own in _commands(typer.main.get_command(app), "rearm") if _acts(own))


def _commands(own: Any, name: str) -> Iterator[tuple[str, Any]]:
    yield name, own
    for word, below in getattr(own, "commands", {}).items():
        if not below.hidden:
            yield from _commands(below, f"{name} {word}")


def _acts(own: Any) -> bool:
    """Whether the command does something by itself, and does not only hold others."""
    return not hasattr(own, "commands") or (own.invoke_without_command and own.name == "serve")


def _command(name: str, own: Any) -> Lines:
    context = own.make_context(name, [], resilient_parsing=True)
    yield f"## {name}"
    yield ""
    for paragraph in _paragraphs(own):
        yield cell(paragraph)
        yield ""
    usage = " ".join((name, *own.collect_usage_pieces(context)))
    yield from ("```text", usage, "```")
    given = [(p, context) for p in own.params if p.name != "help" and not p.hidden]
    yield from table(
        ("argument", "meaning"),
        (_row(p, c) for p, c in given if p.param_type_name == "argument"),
    )
    yield from table(
        ("option", "meaning"),
        (_row(p, c) for p, c in given if p.param_type_name == "option"),
    )


def _row(parameter: Any, context: Any) -> tuple[str, str]:
    takes = "" if getattr(parameter, "is_flag", False) else parameter.make_metavar(context)
    if parameter.param_type_name == "argument":
        name = takes
    else:
        both = (*parameter.opts, *parameter.secondary_opts)
        name = f"{', '.join(both)} {takes}".strip()
    words = cell(parameter.help or "")
    if parameter.required and parameter.param_type_name == "option":
        words += " Required."
    if parameter.multiple and "repeated" not in words:
        words += " May be repeated."
    default = parameter.default
    if default not in (None, False, True, (), "") and not callable(default):
        words += f" Default: {code(str(getattr(default, 'value', default)))}."
    return code(name), words.strip()


def _paragraphs(own: Any) -> list[str]:
    text = inspect.cleandoc(own.help or "")
    return [" ".join(part.split()) for part in text.split("\n\n") if part.strip()]


def _first(own: Any) -> str:
    return next(iter(_paragraphs(own)), "")


def _anchor(name: str) -> str:
    return name.replace(" ", "-")
