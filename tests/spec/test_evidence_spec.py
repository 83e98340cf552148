"""Which arms make a figure, and how direct it is called. Each table can be checked by hand; the studies are invented.

Columns of an arm: setting, kind of figure, responders/patients, overlap group, agents.
"""

from __future__ import annotations

import time
from typing import Any

import pytest

from rearm.evidence import compare, evidence_for, forest_rows, listed_rows, overview_rows, separated
from rearm.evidence.pool import BORROWING_CAP
from rearm.knowledge.studies import STRATEGIES, Study, load_studies, parse_study

CART, ANY, NAIVE = "post-bcma-cart", "post-bcma-any", "tcell-redirecting-naive"


def study(name: str, *arms: dict[str, Any], design: str = "retrospective", year: int = 2024) -> Study:
    head = {
        "id": name,
        "authors": name,
        "title": "Invented",
        "journal": "None",
        "year": year,
        "doi": "10.0/0",
        "url": "https://example.org",
    }
    return parse_study({**head, "read_from": "abstract", "design": design, "arm": list(arms)}, f"{name}.toml")


def arm(name: str, setting: str, counts: str | None, figure: str = "patient-level", **more: Any) -> dict[str, Any]:
    base: dict[str, Any] = {
        "id": name,
        "strategy": "bispecific-gprc5d",
        "agents": ["talquetamab"],
        "targets": ["GPRC5D"],
        "setting": setting,
        "population": name,
        "figure": figure,
    }
    if counts and "/" in counts:
        events, n = map(int, counts.split("/"))
        base |= {"n_treated": n, "response": {"events": events}}
    elif counts:
        base |= {"response": {"percent": float(counts)}}
    return base | more


def figure_of(*studies: Study, strategy: str = "bispecific-gprc5d", **filters: Any) -> Any:
    return evidence_for(strategy, studies=studies, **filters)


DIRECTNESS = """
settings of the arms                                 | label
-----------------------------------------------------|--------------
post-bcma-cart                                       | direct
post-gprc5d-cart                                     | direct
post-bcma-any                                        | near
post-tcell-redirecting-any                           | near
mixed                                                | indirect only
triple-class-refractory                              | indirect only
tcell-redirecting-naive                              | indirect only
mixed, post-bcma-any                                 | near
mixed, post-bcma-any, post-bcma-cart                 | direct
none                                                 | none read
"""


@pytest.mark.parametrize("line", DIRECTNESS.strip().splitlines()[2:])
def test_directness_follows_from_the_setting(line: str) -> None:
    settings, label = (part.strip() for part in line.split("|"))
    names = [] if settings == "none" else settings.split(", ")
    evidence = figure_of(*(study(f"s{i}", arm(f"s{i}-a", name, "10/20")) for i, name in enumerate(names)))
    assert evidence.directness == label
    assert (evidence.response is not None) == (label == "direct")


NEVER_POOLED = """
figure        | counts | reason
--------------|--------|-----------------------------------------
per-line      | 10/20  | rate per line
ever          | 10/20  | counts a response in any later line
subset        | 10/20  | subset
meta-analysis | 10/20  | meta-analysis
percent-only  | 64     | percentage without counts
"""


@pytest.mark.parametrize("line", NEVER_POOLED.strip().splitlines()[2:])
def test_what_is_shown_but_never_pooled(line: str) -> None:
    figure, counts, reason = (part.strip() for part in line.split("|"))
    evidence = figure_of(study("s", arm("s-a", CART, counts, figure)))
    assert evidence.response is None
    assert evidence.directness == "direct"
    assert [(row.arm.id, row.not_pooled) for row in evidence.listed] == [("s-a", reason)]


def test_a_case_report_is_shown_and_makes_nothing_direct() -> None:
    evidence = figure_of(study("case", arm("case-a", CART, "1/1"), design="case-report"))
    assert (evidence.directness, evidence.response, evidence.arms_shown) == ("none read", None, ("case-a",))


OVERLAP = """
arms (setting counts group)                                       | pooled after CAR-T
------------------------------------------------------------------|-------------------
post-bcma-cart 10/20 g; post-bcma-cart 30/50 g                    | b
post-bcma-cart 10/20 g; post-bcma-cart 30/50 h                    | a, b
post-bcma-cart 10/20 g; post-bcma-any 300/500 g                   | a
post-bcma-cart 10/20 g; post-bcma-cart 5/20 g                     | a
"""


@pytest.mark.parametrize("line", OVERLAP.strip().splitlines()[2:])
def test_one_arm_of_an_overlap_group(line: str) -> None:
    """The more direct arm stands, then the larger, then the later id."""
    text, wanted = (part.strip() for part in line.split("|"))
    rows = []
    for name, row in zip("ab", text.split(";"), strict=True):
        setting, counts, group = row.split()
        rows.append(study(f"s{name}", arm(name, setting, counts, overlap=[group])))
    evidence = figure_of(*rows)
    assert evidence.response is not None
    assert ", ".join(row.arm.id for row in evidence.response.arms) == wanted
    if wanted == "b":
        assert {row.arm.id: row.not_pooled for row in evidence.listed}["a"] == "shares patients with b"


def test_the_later_report_of_the_same_patients_stands() -> None:
    early = study("early", arm("z", CART, "10/20", overlap=["g"]), year=2021)
    late = study("late", arm("a", CART, "11/20", overlap=["g"]), year=2023)
    evidence = figure_of(early, late)
    assert evidence.arms_used == ("a",)


OPTIONS = """
option agents            | arm agents                           | counts for the option
-------------------------|--------------------------------------|----------------------
talquetamab              | talquetamab                          | yes
talquetamab              | teclistamab                          | no
talquetamab daratumumab  | talquetamab daratumumab pomalidomide | yes
talquetamab daratumumab  | talquetamab teclistamab              | no
venetoclax dexamethasone | venetoclax                           | yes
talquetamab              | -                                    | listed, not pooled
-                        | talquetamab                          | yes
"""


@pytest.mark.parametrize("line", OPTIONS.strip().splitlines()[2:])
def test_an_option_takes_the_arms_of_its_agents(line: str) -> None:
    option, agents, wanted = (part.strip() for part in line.split("|"))
    given = [] if agents == "-" else agents.split()
    evidence = figure_of(study("s", arm("s-a", CART, "10/20", agents=given)), agents=None if option == "-" else frozenset(option.split()))
    got = "yes" if evidence.response else ("listed, not pooled" if evidence.listed else "no")
    assert got == wanted


MARKER = """
marker of the arm | pooled for venetoclax
------------------|----------------------
t(11;14)          | yes
no t(11;14)       | no
-                 | no
"""


@pytest.mark.parametrize("line", MARKER.strip().splitlines()[2:])
def test_a_strategy_given_by_a_marker_pools_only_arms_selected_by_it(line: str) -> None:
    marker, wanted = (part.strip() for part in line.split("|"))
    more = {} if marker == "-" else {"biomarker": marker}
    row = arm("s-a", "mixed", "10/20", strategy="bcl2-inhibitor", agents=["venetoclax"], targets=["BCL2"], **more)
    evidence = figure_of(study("s", row), strategy="bcl2-inhibitor")
    assert bool(evidence.expected) == (wanted == "yes")
    assert evidence.arms_shown == ("s-a",)


def test_less_direct_data_lend_strength_but_never_make_a_figure_after_cart() -> None:
    direct, near = study("d", arm("d-a", CART, "22/28")), study("n", arm("n-a", ANY, "52/78"))
    alone, together, without = figure_of(direct), figure_of(direct, near), figure_of(near)
    assert together.response.borrowed_share > 0
    assert together.response.high - together.response.low < alone.response.high - alone.response.low
    assert [row.arm.id for row in together.response.arms] == ["d-a"]
    assert (together.response.patients, together.response.borrowed_patients) == (28, 78)
    assert without.response is None
    assert without.expected[0].directness == "near"
    assert without.expected[0].population == "after earlier BCMA therapy of any kind"


def test_better_results_in_a_less_direct_setting_pull_less_than_worse_ones() -> None:
    """The prior of the offset is open downwards: results after CAR-T may well be worse than those without."""
    direct = study("d", arm("d-a", CART, "10/20"))
    alone = figure_of(direct).response.estimate
    higher = figure_of(direct, study("n", arm("n-a", NAIVE, "90/100"))).response.estimate
    lower = figure_of(direct, study("n", arm("n-a", NAIVE, "10/100"))).response.estimate
    assert 0 < higher - alone < alone - lower


def test_the_borrowed_share_is_capped() -> None:
    direct = study("d", arm("d-a", CART, "3/4"))
    near = [study(f"n{i}", arm(f"n{i}-a", ANY, "120/200")) for i in range(8)]
    figure = figure_of(direct, *near).response
    assert figure.borrowed_share <= BORROWING_CAP + 1e-9
    assert figure.power < 1


SEPARATED = """
first           | second          | separated
----------------|-----------------|----------
95/100 92/100   | 10/100 12/100   | yes
95/100          | 10/100 12/100   | no
9/10 9/10       | 10/100 12/100   | no
60/100 55/100   | 50/100 52/100   | no
"""


@pytest.mark.parametrize("line", SEPARATED.strip().splitlines()[2:])
def test_two_options_are_separated_only_by_enough_evidence(line: str) -> None:
    first, second, wanted = (part.strip() for part in line.split("|"))

    def option(strategy: str, counts: str) -> Any:
        rows = [study(f"{strategy}-{i}", arm(f"{strategy}-{i}-a", CART, c, strategy=strategy)) for i, c in enumerate(counts.split())]
        return figure_of(*rows, strategy=strategy)

    a, b = option("bispecific-gprc5d", first), option("bispecific-bcma", second)
    assert separated(a, b) == separated(b, a) == (wanted == "yes")
    assert compare(a, b).words == ("unadjusted, different patients" if wanted == "yes" else "not separated")
    if wanted == "yes":
        assert (compare(a, b).better, compare(b, a).better) == ("first", "second")


def test_the_same_patients_never_separate_two_options() -> None:
    rows = [study(f"s{i}", arm(f"s{i}-a", CART, c, overlap=["g"] if i in (0, 2) else [], strategy=s)) for i, (s, c) in enumerate(
        [("bispecific-gprc5d", "95/100"), ("bispecific-gprc5d", "95/100"), ("bispecific-bcma", "5/100"), ("bispecific-bcma", "5/100")]
    )]  # fmt: skip
    comparison = compare(figure_of(*rows), figure_of(*rows, strategy="bispecific-bcma"))
    assert comparison.better is None
    assert "share patients" in comparison.reason


MEDIANS = """
what is printed                              | how the weight was set
---------------------------------------------|-------------------------------------------------------------
median 5.0 (3.0-8.0), 60 patients            | -
median 5.0 (3.0-not reached), 60 patients    | weight from the lower limit; the upper was not reached
median 5.0, 60 patients                      | only a median is printed: weight set as if 60%
43 % at month 6 (33-55)                      | median from 43 % free of progression at month 6
median 5.0, no number                        | not pooled
"""


@pytest.mark.parametrize("line", MEDIANS.strip().splitlines()[2:])
def test_a_median_says_how_its_weight_was_set(line: str) -> None:
    text, wanted = (part.strip() for part in line.split("|"))
    pfs: dict[str, Any] = {"median": 5.0}
    if "(3.0" in text:
        pfs["low"] = 3.0
    if "8.0" in text:
        pfs["high"] = 8.0
    if text.startswith("43"):
        pfs = {"landmarks": [{"month": 6, "percent": 43, "low": 33, "high": 55}]}
    evidence = figure_of(study("s", arm("s-a", CART, None, pfs=pfs, **({"n_treated": 60} if "60 patients" in text else {}))))
    if wanted == "not pooled":
        assert evidence.pfs is None
        return
    note = evidence.pfs.arms[0].note
    assert note is None if wanted == "-" else note.startswith(wanted)


def test_survival_is_listed_never_pooled() -> None:
    evidence = figure_of(study("s", arm("s-a", CART, "10/20", os={"median": 18, "low": 13.2})))
    assert [row.os.median for row in evidence.os] == [18]
    assert all(row.measure != "os" for row in evidence.expected)


def test_tables_for_the_report() -> None:
    evidence = figure_of(study("d", arm("d-a", CART, "22/28"), arm("d-b", CART, "26/36")), study("n", arm("n-a", ANY, "52/78")))
    rows = forest_rows(evidence)
    assert [row["kind"] for row in rows] == ["arm", "arm", "pooled", "new centre", "arm", "pooled", "new centre"]
    assert [row["directness"] for row in rows[:4]] == ["direct"] * 4
    assert sum(row["weight"] for row in rows[:2]) == pytest.approx(1)
    assert "borrowed" in rows[2]["note"]
    assert listed_rows(evidence)[0]["response"] == "78.6 % (22/28)"
    assert [row["measure"] for row in overview_rows(evidence)] == ["response"]


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_bundled_evidence_never_shows_a_figure_after_cart_without_a_direct_arm(strategy: str) -> None:
    evidence = evidence_for(strategy)
    for row in evidence.expected:
        if row.directness == "direct":
            assert evidence.directness == "direct"
            assert all(a.arm.directness == "direct" for a in evidence.outcomes[row.measure].pooled.arms)  # type: ignore[union-attr]
        else:
            assert not row.population.startswith(("after BCMA CAR-T", "after GPRC5D CAR-T"))
        assert row.low <= row.estimate <= row.high
        assert row.studies
    used = [a.arm for outcome in evidence.outcomes.values() for f in (outcome.pooled, outcome.background) if f for a in f.arms]
    designs = {s.id: s.design for s in load_studies()}
    assert all(a.figure in ("patient-level", "percent-only") and designs[a.study] != "meta-analysis" for a in used)


def test_everything_is_pooled_within_two_seconds() -> None:
    studies = load_studies()
    start = time.perf_counter()
    for strategy in STRATEGIES:
        evidence_for(strategy, studies=studies)
    assert time.perf_counter() - start < 2


def test_bundled_figures_as_they_stand() -> None:
    """Reviewed by hand: which arms make the two figures after CAR-T, so that a change of the data is seen."""
    talquetamab = evidence_for("bispecific-gprc5d", agents=frozenset({"talquetamab"}), targets=frozenset({"GPRC5D"}))
    assert talquetamab.response is not None
    assert [(a.events, a.patients) for a in talquetamab.response.arms] == [(26, 36), (22, 28)]
    teclistamab = evidence_for("bispecific-bcma", agents=frozenset({"teclistamab"}), targets=frozenset({"BCMA"}))
    assert teclistamab.response is None
    assert teclistamab.directness == "direct"
    elranatamab = evidence_for("bispecific-bcma", agents=frozenset({"elranatamab"}), targets=frozenset({"BCMA"}))
    assert elranatamab.directness == "near"
    assert elranatamab.expected[0].patients == 76
