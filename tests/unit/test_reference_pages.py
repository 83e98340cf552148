"""The pages made from the code are up to date and complete, and every public docstring tells what
a reader needs; its examples run.
"""

from __future__ import annotations

import doctest
import re
import shutil
import tomllib
from importlib import import_module
from pathlib import Path

import pytest
from scripts import docs_validation, write_reference
from scripts.docs_api import MODULES, PublicName, lacks, public_names
from scripts.docs_cli import command_names
from scripts.gate import GATES
from scripts.site_pages import staged

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"


def test_the_reference_is_up_to_date() -> None:
    stale = write_reference.stale_pages()
    assert not stale, f"run `make docs`: {', '.join(sorted(stale))}"


def test_a_stale_page_of_the_reference_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(DOCS / "reference", tmp_path / "reference")
    monkeypatch.setattr(write_reference, "DOCS", tmp_path)
    monkeypatch.setattr(write_reference, "FOLDER", tmp_path / "reference")
    page = tmp_path / "reference" / "cli.md"
    page.write_text(page.read_text("utf-8") + "edited\n", "utf-8")
    (tmp_path / "reference" / "old.md").write_text("no longer made", "utf-8")
    assert write_reference.stale_pages().keys() == {
        "reference/cli.md",
        "reference/old.md",
        "validation/README.md",
    }


# ---------------------------------------------------------------- public names


def test_every_public_name_stands_in_the_reference() -> None:
    """On the page of its module: as a heading, or as one that is told of elsewhere."""
    pages = {p.stem: p.read_text("utf-8") for p in (DOCS / "reference" / "api").glob("*.md")}
    wanted = [(module, name) for module in MODULES for name in import_module(module).__all__]
    assert len(wanted) > 150
    absent = []
    for module, name in wanted:
        page = pages[module.removeprefix("rearm.").replace(".", "-")]
        also = re.search(r"^Also here: .*$", page, re.M)
        told = f"\n## `{name}`\n" in page or (also is not None and f"`{name}`" in also[0])
        absent += [] if told else [f"{module}.{name}"]
    assert not absent


def test_every_name_of_the_package_itself_is_public() -> None:
    """A name that `import rearm` gives without being listed would be used and not documented."""
    import rearm

    assert set(rearm._HOMES) | {"__version__"} == set(rearm.__all__)


def test_every_public_docstring_is_complete() -> None:
    incomplete = {one.path: missing for one in public_names() if (missing := lacks(one))}
    assert not incomplete


def test_what_a_docstring_lacks_is_seen() -> None:
    def bare(days: int) -> int:
        """Something."""
        return days

    def told(days: int) -> int:
        """The same number of `days`; nothing is unknown. Raises nothing.

        >>> 1
        1
        """
        return days

    assert lacks(PublicName("m", "bare", "function", bare)) == (
        "parameters",
        "units",
        "unknowns",
        "errors",
        "example",
    )
    assert lacks(PublicName("m", "told", "function", told)) == ()


# The model is compiled on its first call.
_WITH_EXAMPLES = [
    pytest.param(x, id=x.path, marks=[pytest.mark.slow] if x.module == "rearm.mechanism" else [])
    for x in public_names()
    if x.examples
]


@pytest.mark.parametrize("one", _WITH_EXAMPLES)
def test_the_example_of_a_docstring_runs(one: PublicName, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    parsed = doctest.DocTestParser().get_doctest(one.examples, {}, one.path, None, 0)
    assert any(example.want for example in parsed.examples), "an example shows what it gives"
    runner = doctest.DocTestRunner(
        optionflags=doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE, verbose=False
    )
    told: list[str] = []
    runner.run(parsed, out=told.append)
    assert runner.failures == 0, "".join(told)


# ---------------------------------------------------------------- commands, checks, the site


def test_every_command_stands_in_the_reference() -> None:
    page = (DOCS / "reference" / "cli.md").read_text("utf-8")
    shown = set(re.findall(r"^## (rearm .*)$", page, re.M))
    assert shown == command_names()
    assert len(shown) > 35


def test_every_check_names_the_command_that_runs_it_again() -> None:
    found = docs_validation.checks()
    assert len(found) > 15
    assert [check.command for check in found if not _runs(check.command)] == []


def _runs(command: str) -> bool:
    """Whether there is such a target of make, or such a module."""
    first, name, *rest = command.split()
    if first != "make":
        return (ROOT / f"{rest[0].replace('.', '/')}.py").is_file()
    if name.startswith("gate-"):
        return name.removeprefix("gate-") in {*GATES, "board"}
    return f"\n{name}:" in (ROOT / "Makefile").read_text("utf-8")


def _nav(node: object) -> list[str]:
    if isinstance(node, str):
        return [node]
    below = node.values() if isinstance(node, dict) else node
    return [page for x in below for page in _nav(x)]  # type: ignore[attr-defined]


def test_every_page_can_be_reached_from_the_navigation() -> None:
    nav = _nav(tomllib.loads((ROOT / "zensical.toml").read_text("utf-8"))["project"]["nav"])
    assert len(nav) == len(set(nav))
    pages = {p.relative_to(DOCS).as_posix() for p in DOCS.rglob("*.md")}
    of_the_root = {"changelog.md", "contributing.md"}
    assert set(nav) - pages == of_the_root
    kept = {p for p in pages if p.startswith("validation/")}  # all of them on one page
    assert pages - set(nav) - kept == set()


@pytest.mark.parametrize(
    ("page", "link", "there"),
    [
        ("docs/versions.md", "../CHANGELOG.md", "changelog.md"),
        ("docs/how-to/contributor.md", "../../CONTRIBUTING.md#x", "../contributing.md#x"),
        ("docs/how-to/contributor.md", "../board.md", "../board.md"),
        ("CONTRIBUTING.md", "docs/glossary.md", "glossary.md"),
        ("CHANGELOG.md", "CONTRIBUTING.md", "contributing.md"),
        ("docs/tour.md", "https://example.org/docs/", "https://example.org/docs/"),
    ],
)
def test_links_of_a_page_are_moved_with_it(page: str, link: str, there: str) -> None:
    from pathlib import PurePosixPath

    assert staged(PurePosixPath(page), f"[words]({link})") == f"[words]({there})"


def test_the_version_to_cite_is_this_one() -> None:
    import rearm

    citation = (ROOT / "CITATION.cff").read_text("utf-8")
    assert f"\nversion: {rearm.__version__}\n" in citation
    assert rearm.__version__ in (DOCS / "citing.md").read_text("utf-8")
