"""The commands of the documents: those of the how-tos run as they stand, in their order; every
other one exists, with every option that it is given.
"""

from __future__ import annotations

import contextlib
import io
import re
import shlex
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import typer
from scripts.docs_cli import command_names

from rearm.cli import app

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
TREE = typer.main.get_command(app)
# Pages of which every command in a block marked `sh` runs; those that go on until they are stopped
# are only read by the command line.
FOLLOWED = [
    "tour.md",
    "explanation/how-an-answer-comes-about.md",
    *(
        pytest.param(f"how-to/{name}.md", marks=pytest.mark.slow)
        for name in ("physician", "coordinator", "data-manager", "statistician", "administrator")
    ),
    pytest.param("how-to/modeller.md", marks=pytest.mark.slow),
    pytest.param("how-to/contributor.md", marks=pytest.mark.slow),
]
_ENDLESS = {("serve",)}


@dataclass(frozen=True, slots=True)
class Fence:
    """A block of a page. `kind`: what stands behind the fence, such as `sh`; `title`: of a file."""

    kind: str
    title: str
    text: str


def fences(page: str) -> Iterator[Fence]:
    kind, title, lines = None, "", [""]
    for line in page.splitlines():
        opened = re.fullmatch(r'```(\w*)(?: title="([^"]+)")?.*', line)
        if opened is None:
            lines.append(line)
        elif kind is None:
            kind, title, lines = opened[1], opened[2] or "", []
        else:
            yield Fence(kind, title, "\n".join([*lines, ""]))
            kind = None


@dataclass(frozen=True)
class Ended:
    code: int
    said: str


def given(words: list[str]) -> Ended:
    """The command line in this process, with its exit code and all it says."""
    said = io.StringIO()
    with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
        try:
            TREE.main(words, prog_name="rearm", standalone_mode=True)
            code = 0
        except SystemExit as end:
            code = end.code if isinstance(end.code, int) else 1
    return Ended(code, said.getvalue())


def of_block(text: str) -> Iterator[list[str]]:
    for line in text.splitlines():
        if words := shlex.split(line, comments=True):
            yield words


@pytest.mark.parametrize("page", FOLLOWED)
def test_the_page_can_be_followed(
    page: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    (tmp_path / "src").symlink_to(ROOT / "src")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "120")
    ran = 0
    for block in fences((DOCS / page).read_text("utf-8")):
        if block.kind == "sh":
            for words in of_block(block.text):
                follow(words, page)
                ran += 1
        elif block.title:
            (tmp_path / block.title).write_text(block.text, "utf-8")
        elif block.kind == "python":
            exec(compile(block.text, page, "exec"), {})
    assert ran >= 1


def follow(words: list[str], page: str) -> None:
    """Runs one line of a page. `check` may find something: 1 is what it then ends with."""
    if words[0] == "cp":
        assert words[1] == "-r" and len(words) == 4, words
        shutil.copytree(words[2], words[3])
        return
    assert words[0] == "rearm", f"{page}: {words}"
    if tuple(x for x in words[1:2] if len(words) == 2 or words[2].startswith("-")) in _ENDLESS:
        TREE.make_context("rearm", [*words[1:], "--help"], resilient_parsing=True)
        assert not wrong_of(words), f"{page}: {words}"
        return
    ended = given(words[1:])
    assert ended.code in ((0, 1) if words[1] == "check" else (0,)), (
        f"{page}: {shlex.join(words)}\n{ended.said[-2000:]}"
    )


# ---------------------------------------------------------------- what the explanation prints


def test_what_the_explanation_shows_is_what_is_printed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The shortened output, line by line; the rows as the file has them."""
    monkeypatch.chdir(ROOT)
    monkeypatch.setenv("COLUMNS", "140")
    page = (DOCS / "explanation" / "how-an-answer-comes-about.md").read_text("utf-8")
    commands = [words for x in fences(page) if x.kind == "sh" for words in of_block(x.text)]
    said = " ".join(" ".join(given(words[1:]).said for words in commands).split())
    rows, *outputs = (x.text for x in fences(page) if x.kind == "text")
    lines = [" ".join(line.split()) for output in outputs for line in output.splitlines()]
    assert len(lines) > 15
    assert [line for line in lines if line not in said] == []
    for row in rows.splitlines():
        file, patient, day, test = re.split(r",? +", row.replace("day ", ""))[:4]
        table = (ROOT / "examples" / "tables" / file).read_text("utf-8")
        assert f"\n{patient},{day},{test}," in table


# ---------------------------------------------------------------- every command exists


def commands_of(text: str) -> Iterator[list[str]]:
    """Every command of Rearm that a page shows, in a block or between backticks."""
    blocks = (x.text for x in fences(text) if x.kind in ("", "sh"))
    inline = re.findall(r"(?<!`)`((?:\.venv/bin/)?rearm [^`]+)`", text)
    for line in (*(x for b in blocks for x in b.splitlines()), *inline):
        line = re.sub(r"^(\.venv/bin/)?(?=rearm )", "", line.strip())
        if line.startswith("rearm ") and not line.startswith("rearm ..."):
            try:
                yield shlex.split(line.replace("\n", " "), comments=True)
            except ValueError:
                yield ["rearm", f"(unreadable: {line})"]


def wrong_of(words: list[str]) -> str:
    """What of a command line does not exist; nothing where all does."""
    own, rest = TREE, words[1:]
    while rest and rest[0] in getattr(own, "commands", {}):
        own, rest = own.commands[rest[0]], rest[1:]  # type: ignore[attr-defined]
    name = " ".join(words[: len(words) - len(rest)])
    if own is TREE and rest and not rest[0].startswith("-"):
        return f"there is no command rearm {rest[0]}"
    known = {x for p in own.params for x in (*p.opts, *p.secondary_opts)} | {"--help"}
    unknown = [x for x in rest if re.match(r"--[a-z]", x) and x.partition("=")[0] not in known]
    return f"{name} has no {', '.join(unknown)}" if unknown else ""


PAGES = [
    ROOT / "README.md",
    ROOT / "CONTRIBUTING.md",
    *sorted(p for p in DOCS.rglob("*.md") if "reference" not in p.parts),
]


def test_every_command_of_the_documents_exists() -> None:
    found = [
        (path.relative_to(ROOT).as_posix(), words)
        for path in PAGES
        for words in commands_of(path.read_text("utf-8"))
    ]
    assert len(found) > 120
    wrong = [f"{page}: {said}" for page, words in found if (said := wrong_of(words))]
    assert not wrong


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("rearm asses x", "there is no command rearm asses"),
        ("rearm assess x --htm out", "rearm assess has no --htm"),
        ("rearm cohort build x --stor y", "rearm cohort build has no --stor"),
        ("rearm assess x --html=out", ""),
    ],
)
def test_a_command_that_is_not_there_is_seen(line: str, said: str) -> None:
    assert wrong_of(shlex.split(line)) == said


def test_every_command_is_shown_somewhere_outside_of_the_reference() -> None:
    shown = {
        name
        for path in PAGES
        for words in commands_of(path.read_text("utf-8"))
        for name in command_names()
        if " ".join(words).startswith(f"{name} ") or " ".join(words) == name
    }
    assert command_names() - shown == set()


def test_the_targets_of_make_that_the_documents_name_exist() -> None:
    makefile = (ROOT / "Makefile").read_text("utf-8")
    targets = set(re.findall(r"^([a-z-]+):", makefile, re.M))
    named = {
        (path.name, target)
        for path in PAGES
        for target in re.findall(r"`make ([a-z-]+)", path.read_text("utf-8"))
    }
    assert len(named) > 30
    assert [x for x in sorted(named) if x[1] not in targets and not x[1].startswith("gate-")] == []
