"""The evidence of every option on the pages of the examples: figure with interval, in whom, how
direct, and a citation to follow. Options with the same figures name the one that shows them.
"""

import re
from html import unescape
from pathlib import Path
from typing import Any

import pytest

import rearm
from rearm.report import page
from rearm.report.assessment.sentences import no_figure_text
from rearm.report.figures import figure_line, in_whom

ROOT = Path(__file__).parents[2]
RECORDS = list(rearm.read(ROOT / "examples" / "tables").records)
ROW = re.compile(
    r'<tr(?: class="grey")?><td class="num">(.*?)</td>\s*<td>(.*?)</td>\s*'
    r'<td class="num">(.*?)</td></tr>',
    re.DOTALL,
)
SAME = re.compile(r'What to expect:</b> as for <a href="#option-([a-z0-9-]+)">')


@pytest.mark.parametrize("record", RECORDS, ids=lambda r: r.patient_id)
def test_each_figure_of_each_option_can_be_followed(record: Any) -> None:
    assessment = rearm.assess(record)
    html = page(assessment)
    references = dict(re.findall(r'<li id="(ref-\d+)"[^>]*>(.*?)</li>', html, re.DOTALL))
    blocks = dict(
        re.findall(
            r'<details id="option-([a-z0-9-]+)"(.*?)(?=<details id="option-|</section>|</div>)',
            html,
            re.DOTALL,
        )
    )
    assert set(blocks) == {option.id for option in assessment.options}
    lines = [x for tier in assessment.answer.tiers for x in tier.strategies]
    open_ones = {x.option for x in lines if x.open}
    shown = set()
    for option in assessment.options:
        evidence = assessment.evidence[option.evidence]
        block = blocks[option.id]
        avoided = assessment.answer.tier_of(option.strategy) in ("avoid", "not_possible")
        if avoided and not evidence.expected:
            assert "What to expect" not in block
            continue
        if not evidence.expected and "What to expect</h4>" not in block:
            assert f"What to expect:</b> {no_figure_text(evidence)}" in block
            continue
        if option.id not in open_ones and all(x.of_class for x in evidence.expected):
            assert f"What to expect:</b> {figure_line(evidence)}" in unescape(block)
            shown.add(option.evidence)
            continue
        if (same := SAME.search(block)) is not None:
            assert assessment.option(same[1]).evidence == option.evidence
            assert SAME.search(blocks[same[1]]) is None
            continue
        shown.add(option.evidence)
        expect = block.split("What to expect</h4>")[1]
        if option.id in open_ones:
            assert evidence.note in unescape(expect)  # says what was read, or that nothing was
        rows = ROW.findall(expect)
        told = (*evidence.expected, *evidence.others)
        assert len(rows) == len(told)
        for (figure, whom, number), row in zip(rows, told, strict=True):
            numbers = [float(x) for x in re.findall(r"\d+(?:\.\d+)?", figure)]
            scale = 1 if row.unit == "months" else 100
            read = [x for x in (row.estimate, row.low, row.high) if x is not None]
            assert len(read) in (1, 3)
            assert numbers[-len(read) :] == pytest.approx(
                [scale * x for x in read], abs=0.51 if scale == 100 else 0.06
            )
            assert unescape(re.sub(r"<sup>.*", "", whom)) == in_whom(row)
            numbers = [int(x) for x in re.findall(r"\d+", number)]
            counted = [row.arms] if row.arms > 1 else []
            counted += [x for x in (row.patients, row.most_patients) if x is not None]
            assert numbers == counted or (row.patients is None and number == "number not read")
            cited = re.findall(r'href="#(ref-\d+)"', whom)
            assert len(cited) == len(row.studies) > 0
            assert all(
                "<cite" in references[c]
                and ('href="http' in references[c] or "no public page" in references[c])
                for c in cited
            )
            # what the class did after CAR-T is no evidence of the therapy itself
            assert evidence.directness == "direct" or row.nearness != "after_cart" or row.of_class
    assert shown >= {name for name, x in assessment.evidence.items() if x.expected}
