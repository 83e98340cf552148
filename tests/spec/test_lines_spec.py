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
                purpose=purpose or None,
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
    "one row a drug: drugs begun within a few weeks are one regimen": (
        """| -860 | -420 | daratumumab | | |
           | -855 | -420 | pomalidomide | | |
           | -860 | -420 | dexamethasone | | |""",
        {},
        ["1 3 2"],
    ),
    "one row a drug, each with the progression that ended the regimen": (
        """| -860 | -420 | daratumumab | | yes |
           | -855 | -420 | pomalidomide | | yes |
           | -400 | -300 | carfilzomib | | |""",
        {},
        ["1 2", "3"],
    ),
    "drugs begun within a few weeks, with a progression between": (
        """| -860 | | lenalidomide | | |
           | -840 | | daratumumab | | |""",
        {"pd": (-850,)},
        ["1", "2"],
    ),
    "drugs begun within a few weeks, with cells between": (
        """| -10 | -3 | carfilzomib | | |
           | 10 | 60 | lenalidomide | | |""",
        {"infused": (0,)},
        ["1", "CAR-T", "2"],
    ),
    "dexamethasone without a purpose starts no line": (
        """| -860 | -420 | daratumumab | | |
           | -100 | -96 | dexamethasone | | |""",
        {},
        ["1"],
    ),
    "support is in no line, whatever its row says or leaves out": (
        """| -600 | -400 | carfilzomib | | |
           | -300 | -300 | immunoglobulin | | |
           | 2 | 2 | tocilizumab | | |
           | 3 | 3 | anakinra | treatment | |
           | 4 | 9 | dexamethasone | | |""",
        {"infused": (0,)},
        ["1", "CAR-T"],
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


def day(text: str) -> When:
    """`-60` or `-60 -31`, a month."""
    ends = [int(x) for x in text.split()]
    return When() if not ends else When(ends[0], ends[-1])


# rows without a number or a purpose: first day or days | last day | agents | why it was stopped
BOUNDS = {
    "begun in the same month: one regimen": (
        "-860 -831 | -420 | daratumumab |",
        "-860 -831 | -420 | pomalidomide |",
        (1, 1),
    ),
    "begun in neighbouring months: both counts": (
        "-860 -831 | -420 | daratumumab |",
        "-830 -801 | -420 | pomalidomide |",
        (1, 2),
    ),
    "begun years apart: two lines": (
        "-860 -831 | | daratumumab |",
        "-100 -70 | | pomalidomide |",
        (2, 2),
    ),
    "no days at all: also whether they came before": (
        "| | daratumumab |",
        "| | pomalidomide |",
        (0, 2),
    ),
    "taken in later and given side by side: both counts": (
        "-860 | -420 | lenalidomide |",
        "-700 | -420 | daratumumab |",
        (1, 2),
    ),
    "stopped for toxicity, and other agents within weeks: two lines": (
        "-860 | -850 | bortezomib | Toxizität",
        "-848 | -420 | daratumumab |",
        (2, 2),
    ),
    "stopped for lack of response, and other agents within weeks: two lines": (
        "-860 | -850 | bortezomib | no response",
        "-848 | -420 | daratumumab |",
        (2, 2),
    ),
    "one of two drugs stopped for toxicity later: one regimen": (
        "-860 | -700 | bortezomib | toxicity",
        "-855 | -420 | lenalidomide |",
        (1, 1),
    ),
    "the same agent after years without progression: both counts": (
        "-1860 | -1700 | lenalidomide |",
        "-855 | -420 | lenalidomide |",
        (1, 2),
    ),
    "a pulse of dexamethasone may be a line": (
        "-860 | -420 | daratumumab |",
        "-100 | -96 | dexamethasone |",
        (1, 2),
    ),
}


@pytest.mark.parametrize("name", BOUNDS)
def test_bounds_of_the_number_of_lines(name: str) -> None:
    rows = []
    for n, text in enumerate(BOUNDS[name][:2], start=1):
        start, end, agents, stop = (c.strip() for c in str(text).split("|"))
        rows.append(
            Therapy(
                source=Source("therapies", f"row {n}"),
                start=day(start),
                end=day(end),
                agents=tuple(agents.split()),
                stop_reason=stop or None,
            )
        )
    r = Record(patient_id="X", source=Source("t", ""), therapies=tuple(rows))
    found = prior_lines(r, 0)
    assert (found.fewest, found.most) == BOUNDS[name][2]
    assert found.count == (found.fewest if found.fewest == found.most else None)


def test_a_transplant_keeps_what_follows_it_open() -> None:
    table = """| -900 | -800 | bortezomib | | |
               | -780 | -780 | melphalan | transplant | |
               | -700 | -300 | lenalidomide | | |"""
    found = prior_lines(record(normalised(table)), 0)
    assert (found.fewest, found.most) == (1, 2)


def test_unread_medication_starts_no_line_and_may_be_one() -> None:
    unread = Therapy(source=Source("t", "row 2"), start=When.on(-50), unread=("Wundermittel",))
    r = record(normalised("| -600 | -400 | carfilzomib | | |"))
    r = Record(patient_id="X", source=r.source, therapies=(*r.therapies, unread))
    found = prior_lines(r, 0)
    assert (len(lines(r)), found.fewest, found.most) == (1, 1, 2)
