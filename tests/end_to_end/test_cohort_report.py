"""The report of a store as a user makes it: a real command, a real page, real files."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from tests.support.browser import CHROMIUM, chromium
from tests.support.command_line import run
from tests.support.generated_patients import write_patients

from rearm.cohort.store.build import Wanted, build
from rearm.report.cohort.figures import READINGS

pytestmark = pytest.mark.slow

needs_browser = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine")


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store of 150 generated patients, one of them with a name that would be a script."""
    folder = tmp_path_factory.mktemp("cohort")
    data = write_patients(150, folder / "data", 3)
    infusions = data / "infusions.csv"
    text = infusions.read_text(encoding="utf-8")
    hostile = "<script>alert(1)</script>"
    infusions.write_text(text.replace("ide-cel", hostile), encoding="utf-8")
    build(data, folder / "store", Wanted(jobs=1))
    return folder / "store"


@pytest.fixture(scope="module")
def written(store: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("out")
    result = run("cohort", "report", store, "--html", out, "--tables", out / "tables", "--xlsx")
    assert result.returncode == 0, result.stderr
    assert "report.html written" in result.stdout + result.stderr
    return out


@pytest.fixture(scope="module")
def as_json(store: Path, written: Path) -> dict[str, Any]:
    assert written.is_dir()  # the same report again: nothing new in the ledger
    result = run("cohort", "report", store, "--as-json")
    assert result.returncode == 0, result.stderr
    return json.loads(result.stdout)  # type: ignore[no-any-return]


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with chromium() as opened:
        yield opened


def test_no_small_count_is_in_any_file(written: Path, as_json: dict[str, Any]) -> None:
    assert as_json["min_cell"] == 5 and as_json["rounded_to"] == 3
    counted = re.compile(r"^\d+$")
    for file in (written / "tables").glob("*.csv"):
        if file.stem in ("states", "adjusted"):
            continue
        head, *rows = csv.reader(file.open(encoding="utf-8"))
        shares = {i for i, name in enumerate(head) if "share" in name or "followed" in name}
        for row in rows:
            for i, cell in enumerate(row):
                if i and i not in shares and counted.match(cell):
                    assert int(cell) == 0 or int(cell) >= 5, (file.name, row)
                    assert int(cell) % 3 == 0, (file.name, row)


def test_page_tables_and_workbook_say_the_same(written: Path, as_json: dict[str, Any]) -> None:
    book = openpyxl.load_workbook(written / "tables" / "tables.xlsx")
    for name, table in as_json["tables"].items():
        if name.startswith(("os_landmark_", READINGS)):
            continue  # rows of one table together
        rows = [*csv.reader((written / "tables" / f"{name}.csv").open(encoding="utf-8"))]
        assert rows[0][1:] == table["columns"]
        sheet = [*book[name].iter_rows(min_row=3, values_only=True)]
        for line, row, cells in zip(table["rows"], rows[1:], sheet, strict=False):
            assert row[1:] == [str(x) for x in line["cells"]]
            own = ["" if x is None else str(x) for x in cells[1 : 1 + len(line["cells"])]]
            assert own == row[1:]
    page = (written / "report.html").read_text(encoding="utf-8")
    assert "<script" not in page and "http-equiv" in page


@needs_browser
@pytest.mark.browser
@pytest.mark.parametrize("width", [1200, 400])
def test_the_page_opens_from_disk_and_asks_for_nothing(
    browser: Any, written: Path, as_json: dict[str, Any], width: int
) -> None:
    view = browser.new_page(viewport={"width": width, "height": 900})
    requests: list[str] = []
    troubles: list[str] = []
    view.on("request", lambda r: requests.append(r.url))
    view.on("console", lambda m: troubles.append(m.text))
    view.on("pageerror", lambda e: troubles.append(str(e)))
    view.goto((written / "report.html").as_uri())
    assert troubles == [] and len(requests) == 1
    assert view.evaluate("document.documentElement.scrollWidth") <= width
    links = view.eval_on_selector_all(
        "a[href^='#']", "nodes => nodes.map(n => n.getAttribute('href').slice(1))"
    )
    assert links and all(view.query_selector(f'[id="{x}"]') for x in links)
    assert len(view.query_selector_all("svg")) >= 5
    for svg in view.query_selector_all("svg[role=img]"):
        assert svg.get_attribute("aria-label")
    for name in ("funnel", "who", "responses"):
        shown = view.eval_on_selector_all(
            f"h3[id={name}] + .scroll tbody tr",
            "rows => rows.map(r => [...r.querySelectorAll('td')].map(c => c.textContent))",
        )
        lines = as_json["tables"][name]["rows"]
        assert len(shown) == len(lines)
        for cells, line in zip(shown, lines, strict=True):
            numbers = [re.sub(r"[,%]| \(.*", "", x).strip() for x in cells]
            assert numbers == [re.sub("%", "", str(x)).strip() for x in line["cells"]]


def test_an_update_by_one_patient_is_refused_with_a_sentence(
    store: Path, written: Path, tmp_path: Path
) -> None:
    assert written.is_dir()
    data = write_patients(151, tmp_path / "data", 3)
    text = (data / "infusions.csv").read_text(encoding="utf-8")
    hostile = text.replace("ide-cel", "<script>alert(1)</script>")
    (data / "infusions.csv").write_text(hostile, encoding="utf-8")
    build(data, tmp_path / "store", Wanted(jobs=1))
    book = store / "reports"
    refused = run("cohort", "report", tmp_path / "store", "--as-json", "--ledger", book)
    assert refused.returncode == 2 and refused.stdout == ""
    assert "fewer than 5 patients differ" in refused.stderr
    in_house = run("cohort", "report", tmp_path / "store", "--as-json", "--min-cell", "1")
    assert json.loads(in_house.stdout)["patients"] == 151
    assert not (tmp_path / "store" / "reports").exists()


def test_what_cannot_be_reported_is_said(tmp_path: Path, store: Path) -> None:
    for arguments, words in (
        ((tmp_path, "--as-json"), "is no store"),
        ((store,), "Name what to write"),
        ((store, "--as-json", "--min-cell", "2"), "hides nothing"),
        ((store, "--as-json", "--xlsx"), "Name their folder"),
        ((store, "--as-json", "--min-cell", "1", "--adjust", "aeg"), "Did you mean age"),
    ):
        result = run("cohort", "report", *arguments)
        assert result.returncode == 2 and words in result.stderr, result.stderr
        assert "Traceback" not in result.stderr


def test_evidence_stands_beside_a_store_and_is_not_changed_by_it(store: Path) -> None:
    alone = json.loads(run("evidence", "bispecific-bcma", "--json").stdout)
    result = run("evidence", "bispecific-bcma", "--with-store", store, "--json", "--min-cell", "1")
    (beside,) = json.loads(result.stdout)
    assert " of " in beside.pop("store")["response"]
    assert [beside] == alone
    text = run("evidence", "bispecific-bcma", "--with-store", store, "--min-cell", "1").stdout
    assert "In the store, beside it" in text and "not among the studies" in text


def test_a_model_names_its_covariates_and_says_what_it_is_not(store: Path) -> None:
    result = run(
        "cohort", "report", store, "--as-json", "--min-cell", "1", "--adjust", "lines-before"
    )
    assert result.returncode == 0, result.stderr
    notes = " ".join(json.loads(result.stdout)["tables"]["adjusted"]["notes"])
    assert "earlier lines" in notes and "no effect of the therapy" in notes
