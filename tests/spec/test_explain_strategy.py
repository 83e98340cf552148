"""Why a strategy stands where it stands: the explanation agrees with the answer, what it says would
move the strategy does, and a reader finds first what matters.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from tests.support.places import ROOT
from tests.support.results import examples
from typer.testing import CliRunner

import rearm
from rearm.assessment import Standing, explain_strategy
from rearm.assessment.patient import patient_at
from rearm.assessment.pipeline import Batch
from rearm.assessment.placing import placements
from rearm.assessment.plan import TIERS
from rearm.assessment.planner import plan_of
from rearm.cli import app
from rearm.knowledge import load
from rearm.record import Record
from rearm.report.assessment.standing import standing_object, standing_text

TABLES = ROOT / "examples" / "tables"
STRATEGIES = [strategy.strategy for strategy in plan_of(load()).strategies]


@pytest.fixture(scope="module")
def records() -> dict[str, Record]:
    return {record.patient_id: record for record in rearm.read(TABLES).records}


def height(tier: str) -> int:
    return TIERS.index(tier)


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_it_agrees_with_the_answer(strategy: str, records: dict[str, Record]) -> None:
    for name in ("SYN-01", "SYN-05"):
        result = examples()[name]
        told = explain_strategy(records[name], strategy)
        assert told.tier is not None and told.tier == result.answer.tier_of(strategy)
        assert height(told.tier) == min(height(told.placed), height(told.allowed))
        lines = [s for t in result.answer.tiers for s in t.strategies]
        (line,) = (s for s in lines if s.strategy == strategy)
        assert tuple(limit.option for limit in told.options) == line.options
        assert max(height(limit.tier) for limit in told.options) == height(told.allowed)
        if line.would_be is not None:
            key = line.would_be.if_.removeprefix("place-")
            (placing,) = (x for x in told.placings if x.id == key)
            assert placing.truth is None and not placing.caps


@pytest.mark.parametrize("name", ["SYN-01", "SYN-02", "SYN-05", "SYN-07"])
def test_what_would_move_it_moves_it(name: str, records: dict[str, Record]) -> None:
    """The condition turned in the answers of the patient, and all strategies placed anew."""
    plan = plan_of(load())
    own = Batch.of(plan, [patient_at(records[name], None, plan)], None).own
    moved = 0
    for number, strategy in enumerate(plan.strategies):
        told = explain_strategy(records[name], strategy.strategy)
        for placing, place in zip(told.placings, strategy.places, strict=True):
            answers: Any = own.answers.copy()
            # only this row of the knowledge turns, also where another shares its condition
            shared = [x for x in strategy.places if x.number == place.number]
            if len(shared) > 1 or place.number == plan.always:
                continue
            answers[0, place.number] = 0 if placing.truth else 1
            tiers, _ = placements(plan, answers, own.codes.limits)
            assert TIERS[tiers[0, number]] == placing.turned, placing.id
            moved += placing.turned != told.tier
    assert moved > 5
    assert np.array_equal(placements(plan, own.answers, own.codes.limits)[0], own.codes.tiers)


def test_where_there_is_nothing_to_choose_it_says_so(records: dict[str, Record]) -> None:
    calm = next(x for x, r in examples().items() if r.answer.state == "controlled")
    told = explain_strategy(records[calm], "bispecific-bcma")
    assert (told.tier, told.options) == (None, ())
    text = standing_text(told)
    assert "nothing to choose (controlled)" in text and "What would move it" not in text


def headings(told: Standing, *, every: bool = False) -> list[str]:
    lines = standing_text(told, every=every).splitlines()
    return [line[3:] for line in lines if line.startswith("-- ")]


def test_a_reader_finds_first_what_matters(records: dict[str, Record]) -> None:
    told = explain_strategy(records["SYN-05"], "bispecific-gprc5d", region="US")
    text = standing_text(told)
    assert "Its tier: alternative." in text and told.region == "US"
    assert headings(told) == ["What holds", "What would move it", "Its options"]
    moving = text.partition("-- What would move it")[2]
    first = moving.strip().splitlines()[0]
    assert first == "TRUE     first if this no longer held: single-engager-in-extraosseous-relapse"
    assert "FALSE" not in text.partition("-- Its options")[0].replace("[false]", "")
    assert "placements do not act here; --all shows them." in text
    full = standing_text(told, every=True)
    assert headings(told, every=True)[-1] == "What does not hold" and "--all" not in full
    plain = standing_object(told)
    assert {row["truth"] for row in plain["placements"]} == {True, False, None}
    assert plain["tier"] == "alternative"


def run(*words: str) -> tuple[int, str]:
    result = CliRunner().invoke(app, ["explain", str(TABLES), "--patient", "SYN-05", *words])
    return result.exit_code, result.output


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--option", "tec"), ("Did you mean teclistamab or ",)),
        (("--option", "Tecvayli"), ("teclistamab",)),
        (("--option", "bispecific-bcma"), ("It is the id of a strategy.",)),
        (("--option", "bispecifc-bcma"), ("Did you mean the strategy bispecific-bcma?",)),
        (("--strategy", "bispecifc-bcma"), ("Did you mean bispecific-bcma?",)),
        (("--strategy", "talquetamab"), ("It is the id of an option.",)),
        (("--strategy", "aspirin"), ("strategies: ", "bispecific-bcma")),
        (("--option", "aspirin"), ("options of bispecific-bcma: elranatamab", "group antigen: ")),
        (("--option", "talquetamab", "--region", "XX"), ("XX", "US")),
    ],
    ids=lambda x: " ".join(x) if isinstance(x, tuple) else x,
)
def test_what_is_not_there_is_answered_with_what_was_meant(
    words: tuple[str, ...], told: tuple[str, ...]
) -> None:
    code, output = run(*words)
    assert code == 2
    assert all(part in output for part in told), output


def test_rules_that_act_stand_before_those_that_nobody_knows() -> None:
    code, output = run("--option", "teclistamab", "--region", "EU")
    heads = [line[:8].strip() for line in output.splitlines()[1:] if line[:1] in "TUF" and line]
    assert code == 0 and set(heads) == {"TRUE", "UNKNOWN"}
    assert heads == sorted(heads)
    assert "approval-EU" in output and "approval-US" not in output
    assert "rules do not act here; --all shows them." in output
    _, full = run("--option", "teclistamab", "--region", "EU", "--all")
    assert "\nFALSE" in full and "--all" not in full


def test_a_strategy_and_an_option_are_explained_together() -> None:
    code, output = run("--strategy", "bispecific-gprc5d", "--option", "talquetamab")
    assert code == 0
    assert output.count("SYN-05: ") == 2 and "Its tier: alternative." in output
