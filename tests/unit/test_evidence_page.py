"""Evidence on the page, the terminal and in pictures: what is shown is what was pooled, and what
was not says why.
"""

from __future__ import annotations

import json
import re
from dataclasses import replace
from functools import partial
from html.parser import HTMLParser
from io import StringIO
from itertools import combinations
from pathlib import Path
from xml.etree import ElementTree

import pytest
from rich.console import Console
from tests.support.loops import some

from rearm.evidence import MEASURES, Measure, evidence_for, forest_rows, listed_rows, separated
from rearm.evidence.pool import Estimate
from rearm.evidence.table import ForestRow
from rearm.knowledge import KnowledgeError, load
from rearm.report.draw import svg
from rearm.report.evidence.forest import HasLimits, estimate_words, forest_lines, forest_spec
from rearm.report.evidence.page import (
    choose_evidence,
    evidence_object,
    evidence_overview,
    evidence_page,
    evidence_text,
    write_evidence_svgs,
)

SUMMARY = partial(ForestRow, directness="direct", setting="after BCMA CAR-T", n=40)
ARM = SUMMARY(
    kind="arm", label="Drug", study="a", events=30, estimate=0.75, low=0.6, high=0.86, weight=1.0
)
ROWS = [
    ARM,
    SUMMARY(kind="pooled", label="Average centre", estimate=0.74, low=0.55, high=0.87),
    SUMMARY(kind="new centre", label="Range for a new centre", estimate=None, low=0.4, high=0.95),
]


def printed(thing: object) -> str:
    out = StringIO()
    Console(file=out, width=160, highlight=False).print(thing)
    return out.getvalue()


@pytest.mark.parametrize(
    ("row", "measure", "words"),
    [
        (ROWS[0], "response", "75 % (60 to 86)"),
        (ROWS[2], "response", "40 to 95 %"),
        (Estimate(7.46, 3.54, 13.98), "pfs", "7.5 months (3.5 to 14.0)"),
        (replace(ROWS[2], low=2.56, high=19.1), "pfs", "2.6 to 19.1 months"),
    ],
)
def test_figures_in_words(row: HasLimits, measure: Measure, words: str) -> None:
    assert estimate_words(row, measure) == words


def test_a_line_of_text_for_each_row_puts_the_marks_where_they_belong() -> None:
    arm, pooled, new = forest_lines(ROWS, width=101)  # one column a percent
    assert (arm.index("├"), arm.index("■"), arm.index("┤")) == (60, 75, 86)
    assert (pooled.index("╞"), pooled.index("◆"), pooled.index("╡")) == (55, 74, 87)
    assert (new.index("╎"), new.rindex("╎")) == (40, 95)
    assert forest_lines([]) == []


def test_the_specification_has_each_row_once_and_is_drawn() -> None:
    spec = forest_spec(ROWS, names={"a": "Author 2031"})
    values = spec["data"]["values"]
    assert [v["kind"] for v in values] == ["heading", "arm", "pooled", "new centre"]
    assert values[0]["label"] == "After BCMA CAR-T (direct)"
    assert (values[1]["label"], values[1]["counts"], values[1]["figure"], values[1]["weight"]) == (
        "Author 2031: Drug", "30/40", "75 % (60 to 86)", "100 %",
    )  # fmt: skip
    picture = svg(spec, label='Forest "plot" <of> Drug')
    root = ElementTree.fromstring(picture)
    assert root.get("aria-label") == 'Forest "plot" <of> Drug'
    text = "".join(root.itertext())
    assert "Average centre" in text and "undefined" not in text and "1e+2" not in text
    assert svg(spec, label='Forest "plot" <of> Drug') == picture
    with pytest.raises(ValueError, match="Nothing was pooled"):
        forest_spec([])


def test_months_stand_on_a_logarithmic_axis_that_holds_every_interval() -> None:
    rows = forest_rows(evidence_for("imid-combination"), "pfs")
    spec = forest_spec(rows, measure="pfs")
    scale = next(
        view
        for view in spec["hconcat"]
        if "layer" in view and view["layer"][0]["mark"]["type"] == "rule"
    )["layer"][0]["encoding"]["x"]["scale"]
    assert scale["type"] == "log"
    assert (
        scale["domain"][0] < min(r.low for r in rows)
        and max(r.high for r in rows) < scale["domain"][1]
    )


class Outline(HTMLParser):
    """Tags that are opened and closed in order, and every address that is named."""

    void = frozenset({"meta", "br", "img", "link", "input", "hr"})

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.loaded: list[str] = []
        self.ids: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in self.void:
            self.open.append(tag)
        self.loaded += [
            v or ""
            for k, v in attrs
            if k == "src" or (k == "href" and tag in ("link", "use", "image"))
        ]
        self.ids += [v or "" for k, v in attrs if k == "id"]

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


@pytest.fixture(scope="module")
def whole() -> str:
    return evidence_page()


def test_the_page_is_whole_and_loads_nothing(whole: str) -> None:
    outline = Outline()
    outline.feed(whole)
    assert not outline.open and not outline.loaded
    assert "<script" not in whole
    assert set(load().words.strategies) <= set(outline.ids)
    assert (
        "undefined" not in whole and "None</td>" not in whole and not re.search(r"\bnan\b", whole)
    )


def test_every_arm_that_was_read_stands_on_the_page_with_its_fate(whole: str) -> None:
    for strategy in some(load().words.strategies):
        section = whole.split(f'<section id="{strategy}">')[1].split("</section>")[0]
        for arm in listed_rows(evidence_for(strategy)):
            assert arm.url.replace("&", "&amp;").replace("'", "&#39;") in section, arm.arm
            assert arm.pooled or arm.not_pooled, arm.arm
        for measure in MEASURES:
            for figure in forest_rows(evidence_for(strategy), measure):
                assert f'<td class="num">{estimate_words(figure, measure)}</td>' in section


def test_without_a_direct_arm_no_figure_is_called_direct(whole: str) -> None:
    """No strategy without a direct arm that can be pooled shows a figure after CAR-T."""
    for strategy in some(load().words.strategies):
        for one in evidence_object(choose_evidence([strategy])):
            for row in one["expected"]:
                arms = {arm.id: arm for study in load().studies for arm in study.arms}
                settings = {
                    arms[r["arm"]].setting
                    for r in one["forest"][row["measure"]]
                    if r["arm"] and r["directness"] == row["directness"]
                }
                after_cart = {"post-bcma-cart", "post-gprc5d-cart"}
                assert settings and (
                    settings <= after_cart
                    if row["directness"] == "direct"
                    else not settings & after_cart
                ), strategy


def test_nothing_is_ranked_and_no_pair_is_called_apart_by_itself(whole: str) -> None:
    assert "They do not rank the strategies." in whole
    figures = [e for s in load().words.strategies if (e := evidence_for(s)).by_setting]
    pairs = list(combinations(figures, 2))
    apart = sum(separated(first, second) for first, second in pairs)
    said = re.search(
        r"Of (\d+) pairs of strategies with figures, (none|\d+) (is separated|is apart|are apart)",
        whole,
    )
    assert said is not None and said.group(1, 2) == (
        str(len(pairs)),
        str(apart) if apart else "none",
    )


def test_an_option_shows_only_the_arms_that_fit_it() -> None:
    page = evidence_page(["elranatamab"])
    arms = {row.arm for row in listed_rows(choose_evidence(["elranatamab"])[0].evidence)}
    assert arms and arms < {row.arm for row in listed_rows(evidence_for("bispecific-bcma"))}
    assert 'id="overview"' not in page
    assert "Elranatamab" in page


def test_an_unknown_name_is_answered_with_the_nearest() -> None:
    with pytest.raises(
        KnowledgeError,
        match=r"There is no strategy or option bispecific-gprc5\. Did you mean bispecific-gprc5d",
    ):
        choose_evidence(["bispecific-gprc5"])


def test_the_terminal_shows_plot_figures_and_reasons() -> None:
    (one,) = choose_evidence(["bispecific-gprc5d"])
    text = printed(evidence_text(one))
    assert "■" in text and "◆" in text and "Average centre" in text
    assert "Response not pooled: subset." in text
    overview = printed(evidence_overview(choose_evidence()))
    assert all(strategy in overview for strategy in load().words.strategies)
    assert "none read" in overview and "do not rank the strategies" in overview


@pytest.mark.parametrize("width", [80, 120])
def test_the_terminal_stays_readable_at_this_width(width: int) -> None:
    """Each plot with its figure in one line, nothing cut or broken inside a word."""
    chosen = choose_evidence(
        ["bispecific-bcma", "bispecific-combination", "second-cart-same-target"]
    )
    for one in some(chosen):
        out = StringIO()
        Console(file=out, width=width, highlight=False).print(evidence_text(one))
        lines = out.getvalue().splitlines()
        assert max(map(len, lines)) <= width and "…" not in out.getvalue()
        for measure in MEASURES:
            for row, plot in zip(
                rows := forest_rows(one.evidence, measure),
                forest_lines(rows, measure=measure, width=33),
                strict=True,
            ):
                assert any(
                    plot.strip() in line and estimate_words(row, measure) in line for line in lines
                )
                if row.kind == "arm":
                    assert not row.weak or "(weak source)" in out.getvalue()
    out = StringIO()
    Console(file=out, width=width, highlight=False).print(evidence_overview(choose_evidence()))
    assert all(
        re.search(rf"^{strategy}\s", out.getvalue(), re.M) for strategy in load().words.strategies
    )
    assert "direct" in out.getvalue() and "indirect" in out.getvalue()


def test_the_terminal_says_how_weights_were_set_and_what_stands_without_an_arm() -> None:
    (one,) = choose_evidence(["imid-combination"])
    text = " ".join(printed(evidence_text(one)).split())
    for row in some(forest_rows(one.evidence, "pfs")):
        assert row.note is None or row.note in text
        if row.without is not None:
            assert f"without it {row.without.estimate:.1f} months" in text


def test_every_arm_read_stands_on_the_terminal_survival_included() -> None:
    (one,) = choose_evidence(["bispecific-gprc5d"])
    text = " ".join(printed(evidence_text(one)).split())
    for row in some(listed_rows(one.evidence)):
        assert row.population in text
        assert row.os is None or f"OS {row.os}" in text


def test_a_weak_source_looks_weak_in_the_picture() -> None:
    long = "Drug " * 30
    values = forest_spec(
        [replace(ROWS[0], weak=True, label=long), *ROWS[1:]], names={"a": "Author 2031"}
    )["data"]["values"]
    assert values[1]["label"].endswith("… (weak source)") and values[1]["weak"] is True
    assert len(values[1]["label"]) <= 70
    assert "weak" not in forest_spec(ROWS)["data"]["values"][1]["label"]


def test_what_was_borrowed_stands_in_the_picture() -> None:
    rows = forest_rows(evidence_for("bispecific-gprc5d"))
    share = next(r for r in rows if r.kind == "pooled").borrowed_share
    assert share is not None
    labels = [v["label"] for v in forest_spec(rows)["data"]["values"]]
    assert [label for label in labels if "borrowed" in label] == [
        f"Average centre, {100 * (share or 0):.0f} % borrowed"
    ]


def test_plain_data_is_json(tmp_path: Path) -> None:
    text = json.dumps(evidence_object(choose_evidence()), allow_nan=False)
    assert {one["id"] for one in json.loads(text)} == set(load().words.strategies)
    written = write_evidence_svgs(choose_evidence(["bispecific-gprc5d"]), tmp_path / "pictures")
    assert [p.name for p in written] == [
        f"bispecific-gprc5d-{m}.svg" for m in ("response", "pfs", "severe-infection", "crs")
    ]
    assert all(ElementTree.parse(p).getroot().tag.endswith("svg") for p in written)


def test_text_of_a_study_never_becomes_markup() -> None:
    known = load()
    study = next(s for s in known.studies if s.id == "merz-2024")
    arms = tuple(
        replace(a, population=f"<b>{a.population}</b>", caveats=("<script>alert(1)</script>",))
        for a in study.arms
    )
    altered = replace(known)
    altered.__dict__["studies"] = tuple(
        replace(s, arms=arms) if s is study else s for s in known.studies
    )
    page = evidence_page(["bispecific-gprc5d"], knowledge=altered)
    assert "&lt;script&gt;alert(1)" in page
    assert "<script" not in page and "<b>Talquetamab" not in page
