"""Lines of therapy as tables: rows of treatment in, lines out.

columns: line number in the input | start | end | agents | purpose | progression on it | after
infusion
"""

import pytest

from rearm.record import Infusion, Record, ResponseStatement, Source, Therapy, When
from rearm.therapy.lines import lines, prior_lines, rows_outside_lines


def record(
    table: str, infused: tuple[int, ...] = (), pd: tuple[int, ...] = (), never: bool = False
) -> Record:
    therapies = []
    for n, text in enumerate(table.strip().splitlines(), start=1):
        line, start, end, agents, purpose, progression, after = (c.strip() for c in text.split("|"))
        therapies.append(
            Therapy(
                source=Source("therapies", f"row {n}"),
                line=int(line) if line else None,
                start=When.on(int(start)) if start else When(),
                end=When.on(int(end)) if end else When(),
                agents=tuple(agents.split()),
                purpose=purpose,
                progression_on={"yes": True, "no": False, "": None}[progression],
                after_infusion=int(after) if after else None,
            )
        )
    given = [
        Infusion(source=Source("infusions", f"day {d}"), when=When.on(d), product="ide-cel")
        for d in infused
    ]
    if never:
        given.append(Infusion(source=Source("infusions", "never"), infused=False))
    responses = tuple(
        ResponseStatement(response="PD", when=When.on(d), source=Source("assessments", f"day {d}"))
        for d in pd
    )
    return Record(
        patient_id="X",
        source=Source("t", ""),
        therapies=tuple(therapies),
        infusions=tuple(given),
        responses=responses,
    )


def shape(r: Record) -> list[str]:
    """`rows 1 2` per line; CAR-T with its attached rows."""
    found = []
    for line in lines(r):
        rows = " ".join(x.source.place.removeprefix("row ") for x in line.rows)
        found.append(f"CAR-T {rows}".strip() if line.infusion else rows)
    return found


CASES = {
    "induction, transplant, consolidation and maintenance are one line": (
        """| -900 | -800 | bortezomib lenalidomide dexamethasone | induction | |
           | -780 | -780 | melphalan | transplant | |
           | -700 | -640 | bortezomib lenalidomide dexamethasone | consolidation | |
           | -600 | -200 | lenalidomide | maintenance | yes |""",
        {},
        ["1 2 3 4"],
    ),
    "other agents after progression are a new line": (
        """| -600 | -200 | lenalidomide | maintenance | yes |
           | -190 | -100 | daratumumab pomalidomide dexamethasone | treatment | |""",
        {},
        ["1", "2"],
    ),
    "the same agents again after a holiday without progression are the same line": (
        """| -600 | -400 | lenalidomide dexamethasone | treatment | no |
           | -200 | -100 | lenalidomide dexamethasone | treatment | |""",
        {},
        ["1 2"],
    ),
    "the same agents again after recorded progression are a new line": (
        """| -600 | -400 | lenalidomide dexamethasone | treatment | |
           | -200 | -100 | lenalidomide dexamethasone | treatment | |""",
        {"pd": (-210,)},
        ["1", "2"],
    ),
    "an agent left out makes no new line": (
        """| -600 | -400 | bortezomib lenalidomide dexamethasone | treatment | |
           | -400 | -100 | lenalidomide dexamethasone | treatment | |""",
        {},
        ["1 2"],
    ),
    "a second transplant after progression is a new line": (
        """| -900 | -900 | melphalan | transplant | yes |
           | -100 | -100 | melphalan | transplant | |""",
        {},
        ["1", "2"],
    ),
    "bridging and lymphodepletion stay with their infusion": (
        """| -600 | -400 | carfilzomib dexamethasone | treatment | yes |
           | -40 | -20 | bortezomib dexamethasone | bridging | |
           | -5 | -3 | fludarabine cyclophosphamide | lymphodepletion | |
           | 200 | 260 | talquetamab | salvage | |""",
        {"infused": (0,)},
        ["1", "CAR-T 2 3", "4"],
    ),
    "planned maintenance after CAR-T stays with it": (
        """| -600 | -400 | carfilzomib dexamethasone | treatment | yes |
           | 60 | 300 | lenalidomide | maintenance | |""",
        {"infused": (0,)},
        ["1", "CAR-T 2"],
    ),
    "maintenance begun after a progression on CAR-T is a new line": (
        """| -600 | -400 | carfilzomib dexamethasone | treatment | yes |
           | 60 | 300 | lenalidomide | maintenance | |""",
        {"infused": (0,), "pd": (50,)},
        ["1", "CAR-T", "2"],
    ),
    "the agents of before CAR-T again after it are a new line": (
        """| -600 | -400 | carfilzomib dexamethasone | treatment | no |
           | 60 | 300 | carfilzomib dexamethasone | treatment | |""",
        {"infused": (0,)},
        ["1", "CAR-T", "2"],
    ),
    "bridging towards a product that was never given is a line": (
        """| -600 | -400 | carfilzomib dexamethasone | treatment | yes |
           | -40 | -20 | bortezomib dexamethasone | bridging | |""",
        {"never": True},
        ["1", "2"],
    ),
    "numbers in the input win": (
        """1 | | | bortezomib | induction | |
           1 | | | melphalan | transplant | |
           2 | | | daratumumab | treatment | |""",
        {},
        ["1 2", "3"],
    ),
    "without days the order of the infusion counts": (
        """1 | | | bortezomib | induction | | 0
           2 | | | daratumumab | treatment | | 0
           3 | | | teclistamab | salvage | | 1""",
        {"infused": (0,)},
        ["1", "2", "CAR-T", "3"],
    ),
    "support is in no line": (
        """| -600 | -400 | carfilzomib dexamethasone | treatment | |
           | -300 | -300 | immunoglobulin | supportive | |""",
        {},
        ["1"],
    ),
}


def normalised(table: str) -> str:
    rows = []
    for text in table.strip().splitlines():
        cells = [c.strip() for c in text.strip().split("|")]
        rows.append(" | ".join((cells + [""] * 7)[:7]))
    return "\n".join(rows)


@pytest.mark.parametrize("name", CASES)
def test_lines(name: str) -> None:
    table, more, expected = CASES[name]
    r = record(normalised(table), **more)  # type: ignore[arg-type]
    assert shape(r) == expected
    assert [x.number for x in lines(r)] == list(range(1, len(expected) + 1))
    assert all(x.rule and (x.sources or x.infusion) for x in lines(r))


def test_no_rows_no_lines_and_no_count() -> None:
    r = record("| 1 | 2 | immunoglobulin | supportive | |")
    assert lines(r) == () and prior_lines(r, 0).count is None
    assert len(rows_outside_lines(r)) == 1


def test_prior_lines_count_car_t_and_lines_placed_by_order() -> None:
    table = normalised(CASES["without days the order of the infusion counts"][0])
    r = record(table, infused=(0,))
    assert prior_lines(r, 0).count == 2
    assert (
        prior_lines(r, 100).count is None
    )  # the salvage has no day: it may be before day 100 or after it
    assert [x.number for x in prior_lines(r, 100).certain] == [1, 2, 3]
    assert [x.number for x in prior_lines(r, 100).uncertain] == [4]
