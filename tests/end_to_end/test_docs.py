"""The documentation does what it says: generated pages are up to date, links lead somewhere,
examples run, the ten-minute path works.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from scripts import compile_units, write_docs
from tests.support.loops import some

import rearm
from rearm.assessment.check import check
from rearm.assessment.diff import diff
from rearm.findings import FUNCTIONS, Found
from rearm.findings.base import finding
from rearm.findings.chart import PatientChart
from rearm.intake.dictionary import load_tables
from rearm.knowledge import load
from rearm.knowledge.rulesets import SharedRule
from rearm.report.knowledge import diff_text

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
DATA = ROOT / "src" / "rearm" / "knowledge" / "data"


def blocks(page: str, language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", (DOCS / page).read_text("utf-8"), re.S)


# ---------------------------------------------------------------- the dictionary


def test_the_dictionary_is_up_to_date() -> None:
    stale = write_docs.stale_pages()
    assert not stale, f"run `make docs`: {', '.join(sorted(stale))}"


def test_a_stale_page_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copytree(write_docs.FOLDER, tmp_path / "dictionary")
    monkeypatch.setattr(write_docs, "FOLDER", tmp_path / "dictionary")
    page = tmp_path / "dictionary" / "options.md"
    page.write_text(page.read_text("utf-8") + "edited\n", "utf-8")
    (tmp_path / "dictionary" / "old.md").write_text("no longer made", "utf-8")
    assert write_docs.stale_pages().keys() == {"options.md", "old.md"}


def test_every_entry_stands_in_the_dictionary() -> None:
    known = load()
    page = {p.name: p.read_text("utf-8") for p in write_docs.FOLDER.glob("*.md")}
    shared = [s.id for s in known.shared if isinstance(s, SharedRule)]
    expected: list[tuple[str, Iterator[str] | list[str]]] = [
        ("findings.md", [f"| `{name}` |" for name in known.catalogue]),
        ("tests.md", [f"| `{name}` |" for name in known.lab_tests]),
        ("factors.md", [f"`{i.id}`" for f in known.factors.values() for i in f.indicators]),
        ("options.md", [f'<a id="{name}"></a>' for name in known.options]),
        (
            "options.md",
            [f"`{r.id}`" for o in known.options.values() for r in o.rules if "@" not in r.id],
        ),
        ("shared-rules.md", [f"`{name}`" for name in shared]),
        ("studies.md", [f"### {s.id}\n" for s in known.studies]),
        ("sources.md", [f'<a id="{name}"></a>' for name in {*known.statements, *known.sources}]),
        ("alerts-and-workups.md", [f'<a id="{name}"></a>' for name in known.workups]),
        ("criteria.md", [f"| A{n} |" for n in range(1, 22)]),
        ("tables.md", [f"## {name}\n" for name in load_tables()]),
        ("examples.md", [f"## SYN-{n:02d}" for n in range(1, 12)]),
    ]
    missing = [(name, text) for name, texts in expected for text in texts if text not in page[name]]
    assert not missing


def test_every_rule_is_shown_with_both_examples() -> None:
    for name in ("options.md", "shared-rules.md", "factors.md"):
        rows = [
            line
            for line in (write_docs.FOLDER / name).read_text("utf-8").splitlines()
            if "<br>not true: " in line
        ]
        assert rows
        assert not [row for row in rows if "true: none" in row]


def anchors(path: Path) -> set[str]:
    text = path.read_text("utf-8")
    made = {
        re.sub(r"[^\w\- ]", "", h.lower()).replace(" ", "-")
        for h in re.findall(r"^#+ (.*)$", text, re.M)
    }
    return made | set(re.findall(r'<a id="([^"]+)"', text))


def test_links_lead_somewhere() -> None:
    of_the_root = (ROOT / "CHANGELOG.md", ROOT / "CONTRIBUTING.md", ROOT / "README.md")
    found = {path: anchors(path) for path in (*DOCS.rglob("*.md"), *of_the_root)}
    broken = []
    for path in found:
        for target in re.findall(
            r"\]\(([^)\s]+)\)", re.sub(r"```.*?```", "", path.read_text("utf-8"), flags=re.S)
        ):
            if target.startswith(("http:", "https:")):
                continue
            file, _, anchor = target.partition("#")
            there = (path.parent / file).resolve() if file else path
            if there.suffix == ".png" and there.is_file():
                continue
            if path in of_the_root and there.is_file() and there.suffix != ".md":
                continue
            if there not in found or (anchor and anchor not in found[there]):
                broken.append(f"{path.name}: {target}")
    assert not broken


def test_rows_of_a_table_have_the_columns_of_its_head() -> None:
    for path in some(write_docs.FOLDER.glob("*.md")):
        columns = 0
        for line in path.read_text("utf-8").splitlines():
            width = len(re.findall(r"(?<!\\)\|", line)) if line.startswith("|") else 0
            assert not columns or not width or width == columns, f"{path.name}: {line[:200]}"
            columns = width


# ---------------------------------------------------------------- examples that run


def test_the_python_page_runs(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(ROOT)
    names: dict[str, Any] = {}
    for block in blocks("python.md", "python"):
        exec(compile(block, "docs/python.md", "exec"), names)
    assert "Talquetamab" in capsys.readouterr().out


def test_the_mapping_example_reads_as_the_page_says(tmp_path: Path) -> None:
    files = re.findall(
        r"`(\w+\.csv)`\n\n```csv\n(.*?)```", (DOCS / "mapping.md").read_text("utf-8"), re.S
    )
    assert len(files) == 2
    for name, content in files:
        (tmp_path / name).write_text(content, "utf-8")
    (tmp_path / "centre.toml").write_text(blocks("mapping.md", "toml")[0], "utf-8")
    reading = rearm.read(tmp_path, tmp_path / "centre.toml")
    issues = reading.all_issues()
    assert [issue.done for issue in issues] == ["used"]
    assert "n.d." in issues[0].message
    first, second = (rearm.assess(record) for record in reading.records)
    assert (first.failures[-1].status, first.failures[-1].day, first.failures[-1].certainty) == (
        "failed",
        196,
        "recorded_by_team",
    )
    assert (second.failures[-1].status, second.failures[-1].followed_to_day) == ("not_failed", 91)
    assert [len(r.labs) for r in reading.records] == [14, 10]
    assert [[t.line for t in r.therapies] for r in reading.records] == [[1, 2], [1, 2]]


@pytest.fixture
def extended(tmp_path: Path) -> Path:
    """The knowledge with what docs/adding-knowledge.md adds, placed as the page says."""
    folder = tmp_path / "my-knowledge"
    shutil.copytree(DATA, folder)
    study, rule, *_ = blocks("adding-knowledge.md", "toml")
    (folder / "studies" / "example-2031.toml").write_text(study, "utf-8")
    with (folder / "options" / "talquetamab.toml").open("a", encoding="utf-8") as file:
        file.write(rule)
    return folder


@pytest.mark.slow
def test_a_study_and_a_rule_are_added_as_the_page_says(
    extended: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    command = [sys.executable, "-m", "rearm.cli", "knowledge", "check", str(extended)]
    told = subprocess.run(command, capture_output=True, text=True, cwd=ROOT)
    assert (told.returncode, told.stdout.strip()) == (0, "The knowledge is sound.")
    found = diff_text(diff(load(), load(extended)))
    assert "added    study example-2031" in found
    assert "talquetamab-emd-few-responses" in found
    monkeypatch.chdir(ROOT)
    block, _ = blocks("adding-knowledge.md", "python")
    exec(
        compile(
            block.replace('"my-knowledge"', repr(str(extended))), "docs/adding-knowledge.md", "exec"
        ),
        {},
    )
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines if "4 of 11 patients" in line] == [
        "SYN-05"
    ]  # the one with an extramedullary relapse


def test_a_statement_and_an_indicator_are_added_as_the_page_says(extended: Path) -> None:
    _, _, statement, source, indicator, *_ = blocks("adding-knowledge.md", "toml")
    for name, text in (("statements.toml", statement), ("sources.toml", source)):
        with (extended / name).open("a", encoding="utf-8") as file:
            file.write(f"\n{text}")
    factors = extended / "factors" / "t-cell.toml"
    first, heading, rest = factors.read_text("utf-8").partition('id = "poor_cart_expansion"')
    mine, following, others = rest.partition("\n[[factor]]")
    factors.write_text(f"{first}{heading}{mine}\n{indicator}{following}{others}", "utf-8")
    assert [str(p) for p in check(extended)] == []
    assert (
        load(extended).factors["poor_cart_expansion"].indicators[-1].id
        == "example_lymphocytes_stay_low"
    )


def test_the_placement_of_the_page_is_read_and_sound(extended: Path) -> None:
    (placement,) = [b for b in blocks("adding-knowledge.md", "toml") if "[[place]]" in b]
    with (extended / "places" / "t-cell-redirection.toml").open("a", encoding="utf-8") as out:
        out.write(f"\n{placement}")
    assert [str(p) for p in check(extended)] == []
    place = load(extended).places["example-gprc5d-engager-neuropathy"]
    assert (place.at_most, place.of) == ("alternative", ("bispecific-gprc5d",))


def test_the_practicality_of_the_page_is_read_and_sound(extended: Path) -> None:
    (practice,) = [b for b in blocks("adding-knowledge.md", "toml") if "[[practice]]" in b]
    file = extended / "practicalities" / "talquetamab.toml"
    with file.open("a", encoding="utf-8") as out:
        out.write(f"\n{practice}")
    assert [str(p) for p in check(extended)] == []
    row = load(extended).practicalities["example-talquetamab-infections"]
    assert (row.agents, row.field) == (("talquetamab",), "infections")


def test_the_new_study_counts_in_the_pooled_figure(extended: Path) -> None:
    from rearm.report.evidence.page import choose_evidence

    before, after = (
        choose_evidence(["talquetamab"], knowledge=k)[0].evidence.response
        for k in (load(), load(extended))
    )
    assert before is not None and after is not None
    assert after.patients == before.patients + 40
    assert "example-2031" in after.studies


def test_the_mistake_on_the_page_is_told_as_the_page_says(extended: Path) -> None:
    file = extended / "options" / "talquetamab.toml"
    file.write_text(
        file.read_text("utf-8").replace("4 of 11 patients", "5 of 11 patients"), "utf-8"
    )
    assert [str(p) for p in check(extended)] == blocks("adding-knowledge.md", "text")[
        0
    ].splitlines()


@pytest.mark.parametrize(
    ("file", "written", "instead", "told"),
    [
        (
            "options/talquetamab.toml",
            'when = "emd_at_failure"',
            'when = "emd_at_failur"',
            "no finding named emd_at_failur",
        ),
        ("options/talquetamab.toml", '["example-2031"]', '["exampel-2031"]', "cites exampel-2031"),
        (
            "options/talquetamab.toml",
            "emd_at_failure = true",
            "emd_at_failure = false",
            "makes the condition false",
        ),
        ("studies/example-2031.toml", "bispecific-gprc5d", "gprc5d-bispecific", "Use one of"),
        ("studies/example-2031.toml", "events = 26", "events = 27", "27 of 40 is 67.5 %"),
        ("studies/example-2031.toml", "doi = ", "# doi = ", "doi is not given"),
        ("studies/example-2031.toml", "[[arm]]", "[[arms]]", "unknown key arms"),
        ("studies/example-2031.toml", "percent = 65,", "percent = 65", "not valid TOML"),
        (
            "studies/example-2031.toml",
            "percent = 65,",
            "percent = 65 %,",
            "without the per cent sign",
        ),
        (
            "studies/example-2031.toml",
            "median = 6.1",
            "median = 6,1",
            "a decimal point, not a comma",
        ),
        ("studies/example-2031.toml", "median = 6.1", "median = 6.1 months", "without a unit"),
        ("studies/example-2031.toml", "year = 2031\n", "year = “2031”\n", "not curly ones"),
        (
            "studies/example-2031.toml",
            '"One centre"',
            '"One centre',
            "close it with a quotation mark",
        ),
        (
            "studies/example-2031.toml",
            '["talquetamab"]',
            '["talquetimab"]',
            "Did you mean talquetamab?",
        ),
        ("studies/example-2031.toml", '["GPRC5D"]', '["GPRC5d"]', "Did you mean GPRC5D?"),
        ("studies/example-2031.toml", "n_treated = 40", "n_treatd = 40", "Did you mean n_treated?"),
        (
            "studies/example-2031.toml",
            'id = "example-2031"',
            'id = "sample-2031"',
            "Name the file sample-2031.toml",
        ),
        (
            "options/talquetamab.toml",
            '["example-2031"]',
            '["exampel-2031"]',
            "Did you mean example-2031?",
        ),
        (
            "options/talquetamab.toml",
            'when = "emd_at_failure"',
            'when = "emd_at_failur"',
            "Did you mean emd_at_failure?",
        ),
        (
            "options/talquetamab.toml",
            '"single-engager"',
            '"singel-engager"',
            "no shared rule acts on the tag singel-engager",
        ),
        ("options/talquetamab.toml", "[[rule]]", "[[rules]]", "Write rule, once for each entry"),
        (
            "options/talquetamab.toml",
            "[[rule]]",
            "[rule]",
            "options/talquetamab.toml can't be read as TOML",
        ),
        (
            "options/talquetamab.toml",
            'region = "EU"',
            'region = "Europe"',
            "Write two capital letters",
        ),
    ],
)
def test_mistakes_of_a_beginner_are_told(
    extended: Path, file: str, written: str, instead: str, told: str
) -> None:
    path = extended / file
    text = path.read_text("utf-8")
    assert written in text
    path.write_text(text.replace(written, instead), "utf-8")
    assert any(told in str(problem) for problem in check(extended))


def test_the_laboratory_test_and_the_finding_of_the_page_are_read(tmp_path: Path) -> None:
    """The entries as the page has them, the factors as the script writes them, and the function."""
    *_, lab_test, factors, entry = blocks("adding-knowledge.md", "toml")
    folder = tmp_path / "my-knowledge"
    shutil.copytree(DATA, folder)
    for name, block in (("tests.toml", lab_test), ("findings.toml", entry)):
        with (folder / name).open("a", encoding="utf-8") as file:
            file.write("\n" + block)
    (folder / "units.toml").write_text(factors, "utf-8")
    workups = folder / "workups.toml"
    text = workups.read_text("utf-8")
    panel = re.search(r'also_tells = \["severe_cytopenia", [^\]]*\]', text)
    assert panel is not None
    told = panel[0]
    assert text.count(told) == 1
    named = re.search(
        r"`(also_tells = \[.*?\])`", (DOCS / "adding-knowledge.md").read_text("utf-8")
    )
    assert named is not None
    assert named[1] == f'{told[:-1]}, "phosphate"]', "the page adds one name to those of the file"
    workups.write_text(text.replace(told, named[1]), "utf-8")
    names: dict[str, Any] = {"finding": finding, "PatientChart": PatientChart, "Found": Found}
    _, function = blocks("adding-knowledge.md", "python")
    try:
        exec(compile("from __future__ import annotations\n" + function, "page", "exec"), names)
        assert [str(p) for p in check(folder)] == []
    finally:
        FUNCTIONS.pop("phosphate", None)
    compiled = compile_units.factors(tomllib.loads((folder / "tests.toml").read_text("utf-8")))
    assert compiled["phosphate"] == pytest.approx(tomllib.loads(factors)["factors"]["phosphate"])


def test_the_places_that_the_guide_for_contributors_names_exist() -> None:
    guide = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
    rows = [line for line in guide.splitlines() if line.startswith("| a")]
    assert len(rows) == 15
    named = {x for row in rows for x in re.findall(r"`([\w/]+(?:\.\w+)+)`", row)}
    places = (ROOT, ROOT / "src" / "rearm", DATA, ROOT / "src/rearm/report/templates/assessment")
    files = {x for x in named if x.endswith((".py", ".toml", ".md", ".j2")) and "NAME" not in x}
    assert len(files) >= 25
    assert [x for x in sorted(files) if not any((place / x).is_file() for place in places)] == []


def test_the_guide_for_contributors_names_every_room_of_the_floors() -> None:
    guide = " ".join((ROOT / "CONTRIBUTING.md").read_text("utf-8").split())
    floors, *_ = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"][
        "importlinter"
    ]["contracts"]
    rooms = [room.strip().removeprefix("rearm.") for x in floors["layers"] for room in x.split("|")]
    assert len(rooms) >= 20
    places = [guide.index(f"`{room}`") for room in rooms]
    assert places == sorted(places)
    readme = (ROOT / "README.md").read_text("utf-8")
    parts = readme.partition("## The parts")[2]
    absent = [x for x in rooms if f"`{x}/`" not in parts and f"`{x}`" not in parts]
    assert absent == ["version"]
