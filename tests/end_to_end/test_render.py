"""`rearm render`: a stored result on the command line, drawn as `rearm assess` drew it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.support.command_line import run
from tests.support.loops import some
from tests.support.places import ROOT
from tests.support.results import examples, terminal_text

from rearm.report import page
from rearm.version import __version__

TABLES = ROOT / "examples" / "tables"


@pytest.fixture(scope="module")
def assessed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the pages (`h`) and the results (`j`) of all examples."""
    folder = tmp_path_factory.mktemp("assessed")
    done = run("assess", TABLES, "--html", folder / "h", "--json", folder / "j", "--quiet")
    assert done.returncode == 0, done.stderr
    return folder


def test_a_folder_of_results_gives_the_same_pages_and_index(assessed: Path, tmp_path: Path) -> None:
    done = run("render", assessed / "j", "--html", tmp_path / "h")
    assert (done.returncode, done.stdout) == (0, "")
    assert "11 pages:" in done.stderr
    written = sorted(file.name for file in (tmp_path / "h").iterdir())
    # beside the pages `assess` keeps what a later run goes on from
    assert written == sorted(file.name for file in (assessed / "h").glob("[!.]*"))
    assert len(written) == 12
    for name in some(written):
        assert (tmp_path / "h" / name).read_bytes() == (assessed / "h" / name).read_bytes(), name


def test_one_result_gives_one_page_or_the_report(assessed: Path, tmp_path: Path) -> None:
    result, target = assessed / "j" / "SYN-01.json", tmp_path / "board.html"
    done = run("render", result, "--html", target)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert target.read_bytes() == (assessed / "h" / "SYN-01.html").read_bytes()
    shown = run("render", result)
    assert (shown.returncode, shown.stderr) == (0, "")
    assert shown.stdout == terminal_text(examples()["SYN-01"])
    assert run("render", result, "--terminal", "--html", target).stdout == shown.stdout


def test_results_come_by_standard_input(assessed: Path) -> None:
    lines = "".join(examples()[p].to_json() + "\n" for p in ("SYN-02", "SYN-08"))
    done = run("render", "-", given=lines)
    assert done.returncode == 0
    assert done.stdout == "".join(terminal_text(examples()[p]) for p in ("SYN-02", "SYN-08"))
    indented = json.dumps(examples()["SYN-02"].to_dict(), indent=1, ensure_ascii=False)
    assert run("render", "-", given=indented).stdout == terminal_text(examples()["SYN-02"])


def test_a_result_of_another_version_is_drawn_with_a_note(tmp_path: Path) -> None:
    file = tmp_path / "r.json"
    text = examples()["SYN-08"].to_json().replace(f'"software":"{__version__}"', '"software":"9"')
    file.write_text(text, encoding="utf-8")
    done = run("render", file, "--html", tmp_path / "r.html")
    assert done.returncode == 0
    assert f"{file}: Rearm 9 made this result and {__version__} draws it" in done.stderr
    here = page(examples()["SYN-08"])
    assert (tmp_path / "r.html").read_text("utf-8") == here.replace(
        f"Rearm {__version__}, knowledge", "Rearm 9, knowledge"
    )


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("", "The result is empty"),
        ("[1]", "no result of schema 2-draft"),
        ('{"patient_id": "A", "versions": {"schema": 1}}', "schema 1, of Rearm 0.1.0"),
        ('{"schema": "2-draft"}', "does not match its schema"),
        ('{"schema": "2-draft", "schema": "2-draft"}', "appears twice"),
        ('{"schema": NaN}', "contains NaN, which is not a number"),
        ("[" * 100_000, "nested deeper than 64 levels"),
        (b"\xff\xfe", "not UTF-8 text"),
    ],
)
def test_what_is_no_result_ends_with_a_sentence(
    content: str | bytes, words: str, tmp_path: Path
) -> None:
    file = tmp_path / "bad.json"
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    done = run("render", file, "--html", tmp_path / "bad.html")
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    assert done.stderr.startswith(f"rearm: {file}") and words in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert not (tmp_path / "bad.html").exists()


def test_one_bad_result_does_not_stop_the_others(assessed: Path, tmp_path: Path) -> None:
    (tmp_path / "bad.json").write_text("no", encoding="utf-8")
    good = assessed / "j" / "SYN-08.json"
    done = run("render", tmp_path / "bad.json", tmp_path / "none", good, "--html", tmp_path / "h")
    assert done.returncode == 2
    assert f"{tmp_path / 'bad.json'}: The result is not JSON" in done.stderr
    assert f"There is no file or folder {tmp_path / 'none'}." in done.stderr
    assert {file.name for file in (tmp_path / "h").iterdir()} == {"SYN-08.html", "index.html"}


@pytest.mark.slow
def test_a_page_never_takes_the_place_of_another(assessed: Path, tmp_path: Path) -> None:
    good = assessed / "j" / "SYN-08.json"
    twice = run("render", good, good, "--html", tmp_path / "h")
    assert twice.returncode == 2
    assert f"a page SYN-08.html was just drawn from {good}" in twice.stderr
    other = assessed / "j" / "SYN-01.json"
    one_file = run("render", good, other, "--html", tmp_path / "one.html")
    assert one_file.returncode == 2
    assert "can hold only one page. Name a folder with --html for several." in one_file.stderr
    assert (tmp_path / "one.html").read_bytes() == (assessed / "h" / "SYN-08.html").read_bytes()


def test_a_line_of_many_is_named(tmp_path: Path) -> None:
    file = tmp_path / "all.json"
    file.write_text(examples()["SYN-08"].to_json() + "\n{}\n", encoding="utf-8")
    done = run("render", file)
    assert done.returncode == 2
    assert f"rearm: {file}, line 2: This is no result" in done.stderr
    assert done.stdout == terminal_text(examples()["SYN-08"])


def test_an_empty_folder_is_said(tmp_path: Path) -> None:
    done = run("render", tmp_path)
    assert done.returncode == 2
    assert done.stderr == f"rearm: There is no result in {tmp_path}.\n"
