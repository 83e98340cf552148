"""Verdicts, grades and next tests on the small bundle, where each can be followed by hand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from tests.support.small_bundle import indicator, patient, rule, tables, workup, write

from rearm.assessment.evidence import ExpectedRow, OptionEvidence
from rearm.assessment.pipeline import assess_patients
from rearm.assessment.planner import plan_of
from rearm.assessment.result import Assessment
from rearm.interval import Interval
from rearm.knowledge import KnowledgeError, load
from rearm.report.assessment.sentences import availability_text, reason_text

DIRECT = OptionEvidence(directness="direct", note="")
NONE = OptionEvidence(directness="none read", note="No figure read.")


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


@pytest.fixture
def made(tmp_path: Path) -> Any:
    """A plan of the (changed) small bundle with the evidence that is given by option."""

    def make(change: Any = lambda t: None, **evidence: Any) -> Any:
        found = tables()
        change(found)
        plan = plan_of(load(write(tmp_path / "b", found)))
        known = {"new_target": DIRECT, "same_target": DIRECT} | evidence
        options = tuple(
            replace(o, evidence=known[o.option.id.replace("-", "_")]) for o in plan.options
        )
        return replace(plan, options=options)

    return make


def assessed(plan: Any, who: Any, region: str = "US") -> Any:
    (found,) = assess_patients(plan, [who], region)
    return found


def of(assessment: Any, option: Any) -> Any:
    return next(o for o in assessment.options if o.id == option)


CLEAR: dict[str, Any] = {"lost": False, "exposed": False, "infection": False, "anc": 2.0}


@pytest.mark.parametrize(
    ("values", "new_target", "same_target"),
    [
        # lost, exposed, infection, neutrophils; what favours an option does not lift its verdict
        (CLEAR, ("open", None, None), ("open", None, None)),
        (CLEAR | {"exposed": True}, ("open", None, None), ("discouraged", None, None)),
        (CLEAR | {"exposed": None}, ("open", None, None), ("open", None, None)),
        (CLEAR | {"lost": True}, ("open", None, None), ("excluded", None, None)),
        (
            CLEAR | {"lost": None},
            ("open", None, None),
            ("needs_information", "open", None),
        ),
        (
            CLEAR | {"lost": None, "exposed": True},
            ("open", None, None),
            ("discouraged", None, None),
        ),
        (
            CLEAR | {"infection": True},
            ("excluded", None, "the infection is cleared"),
            ("excluded", None, "the infection is cleared"),
        ),
        (
            CLEAR | {"infection": None, "anc": None},
            ("open", None, None),
            ("open", None, None),
        ),
        (
            CLEAR | {"infection": True, "lost": True, "anc": 0.2},
            ("excluded", None, "the infection is cleared; neutrophils are 0.5 or more"),
            ("excluded", None, "the infection is cleared; neutrophils are 0.5 or more"),
        ),
        (
            CLEAR | {"anc": Interval(0.0, 0.4)},
            ("excluded", None, "neutrophils are 0.5 or more"),
            ("excluded", None, "neutrophils are 0.5 or more"),
        ),
        (
            CLEAR | {"anc": Interval(0.0, 0.8)},
            ("open", None, None),
            ("open", None, None),
        ),
    ],
)
def test_the_first_verdict_that_holds(
    made: Any, values: Any, new_target: Any, same_target: Any
) -> None:
    # the label of the new target covers whom `exposed` says: let it cover everybody here
    plan = made(lambda t: t["options/new-target.toml"]["availability"][0].pop("when"))
    found = assessed(plan, patient(**values))
    for name, expected in (("new-target", new_target), ("same-target", same_target)):
        option = of(found, name)
        assert (option.verdict, option.if_clear, option.until) == expected


def test_a_temporary_stop_keeps_its_until_beside_a_permanent_one(made: Any) -> None:
    option = of(
        assessed(made(), patient(**CLEAR | {"infection": True, "lost": True})), "same-target"
    )
    assert (option.verdict, option.until, option.permanent) == (
        "excluded",
        "the infection is cleared",
        True,
    )
    assert (
        of(assessed(made(), patient(**CLEAR | {"infection": True})), "same-target").permanent
        is False
    )


@pytest.mark.parametrize(
    ("values", "verdict", "afterwards"),
    [
        (CLEAR | {"infection": True}, "excluded", "open"),
        (CLEAR | {"infection": True, "exposed": True}, "excluded", "discouraged"),
        (CLEAR | {"infection": True, "lost": None}, "excluded", "needs_information"),
        (CLEAR | {"infection": True, "lost": True}, "excluded", None),  # for good
        (CLEAR, "open", None),
    ],
)
def test_what_remains_when_a_temporary_stop_has_ended(
    made: Any, values: Any, verdict: Any, afterwards: Any
) -> None:
    option = of(assessed(made(), patient(**values)), "same-target")
    assert (option.verdict, option.afterwards) == (verdict, afterwards)


def test_what_may_follow_leaves_out_what_is_excluded_for_good(made: Any) -> None:
    def change(t: Any) -> None:
        t["options/new-target.toml"].update(sequence=["bispecific-bcma"])
        t["options/same-target.toml"]["rule"][1] = rule(
            "seen-before", "exclude", "exposed", until="it was long ago"
        )

    plan = made(change)
    for values, follows in (
        (CLEAR, True),
        (CLEAR | {"exposed": True}, True),
        (CLEAR | {"lost": True}, False),
        (CLEAR | {"infection": True}, False),  # what is stopped itself leads to nothing
    ):
        assert of(assessed(plan, patient(**values)), "new-target").sequence == (
            ("bispecific-bcma",) if follows else ()
        )


def test_what_is_unknown_names_its_test(made: Any) -> None:
    found = assessed(made(), patient(exposed=False))
    option = of(found, "same-target")
    assert "counts" in option.checklist
    line = found.reasons["counts"]
    assert (found.missing(line), line.asks) == (("anc",), ("counts",))
    assert "target-lost" in option.unknown
    reason = found.reasons["target-lost"]
    assert (reason.truth, found.missing(reason), reason.asks, reason.stage) == (
        None,
        ("lost",),
        ("antigen",),
        "choose",
    )
    assert reason.text == "Because of target-lost."
    assert reason_text(reason) == "Unknown; would apply if so – Because of target-lost."
    (support,) = option.support
    line = found.support[support]
    assert (line.truth, line.missing, line.asks) == (None, ("anc",), ("counts",))
    assert found.titles.workups == {"antigen": "Antigen", "counts": "Counts", "peak": "Peak"}


def test_the_basis_leads_to_the_cell(made: Any) -> None:
    found = assessed(made(), patient(**CLEAR | {"lost": True}))
    (against,) = of(found, "same-target").against
    assert against == "target-lost"
    (cited,) = found.reasons[against].citations
    assert found.to_dict()["reasons"][against] == {
        "text": "Because of target-lost.",
        "effect": "exclude",
        "truth": True,
        "findings": ["lost"],
        "citations": [cited],
        "stage": "choose",
    }
    row = found.rows.index("f.csv: lost")
    assert found.to_dict()["findings"]["lost"] == {
        "value": True,
        "text": "lost True",
        "rows": [row],
    }
    assert found.rows_of(found.reasons[against].findings) == ("f.csv: lost",)
    assert found.citations[cited].text and found.citations[cited].source in found.publications


@pytest.mark.parametrize(
    ("requirement", "verdict"),
    [(True, "open"), (False, "excluded"), (None, "needs_information")],
)
def test_a_requirement_excludes_when_it_is_not_met(
    made: Any, requirement: Any, verdict: Any
) -> None:
    def change(t: Any) -> None:
        t["options/new-target.toml"]["availability"][0].pop("when")
        t["options/new-target.toml"]["rule"].append(
            rule("needs-gene", "require", "gene", stage="choose")
        )

    found = assessed(made(change), patient(**CLEAR, gene=requirement))
    option = of(found, "new-target")
    assert option.verdict == verdict
    if requirement is False:
        against = found.reasons_of(option.against)
        assert [reason_text(r) for r in against] == ["Because of needs-gene."]


@pytest.mark.parametrize(
    ("stage", "shown"),
    [("choose", "unknown"), ("caution", "cautions"), ("before-start", "checklist")],
)
def test_the_stage_says_what_unknown_does(made: Any, stage: Any, shown: Any) -> None:
    def change(t: Any) -> None:
        t["options/same-target.toml"]["rule"][0]["stage"] = stage

    option = of(assessed(made(change), patient(**CLEAR | {"lost": None})), "same-target")
    assert option.verdict == ("needs_information" if stage == "choose" else "open")
    assert "target-lost" in getattr(option, shown)
    stopped = of(assessed(made(change), patient(**CLEAR | {"lost": True})), "same-target")
    assert stopped.verdict == "excluded"  # a true stop acts whatever its stage


# ---------------------------------------------------------------- evidence and availability


def response(low: Any, high: Any) -> Any:
    row = ExpectedRow(
        measure="response", estimate=(low + high) / 2, low=low, high=high, unit="proportion",
            population="p", directness="direct",
        arms=2, patients=60, studies=("study",), of_class=False, borrowed_share=0.0,
            unborrowed=((low + high) / 2, low, high),
    )  # fmt: skip
    return OptionEvidence(directness="direct", note="", expected=(row,), response_upper=high)


@pytest.mark.parametrize(
    ("high", "verdict"), [(0.29, "discouraged"), (0.30, "open"), (0.80, "open")]
)
def test_poor_direct_results_discourage(made: Any, high: Any, verdict: Any) -> None:
    plan = made(same_target=response(0.05, high))
    plan = replace(
        plan,
        options=tuple(
            replace(o, poor=(o.evidence.response_upper or 1) < plan.parameters.poor_response_upper)
            for o in plan.options
        ),
    )
    found = assessed(plan, patient(**CLEAR))
    option = of(found, "same-target")
    assert option.verdict == verdict
    against = [reason.rule for reason in found.reasons_of(option.against)]
    assert ("poor-direct-results" in against) is (verdict == "discouraged")


@pytest.mark.parametrize(
    ("region", "day", "exposed", "status", "verdict"),
    [
        (
            "US",
            date(2025, 6, 1),
            True,
            "available",
            "open",
        ),
        ("US", date(2025, 6, 1), False, "outside_label", "open"),
        ("US", date(2025, 6, 1), None, "check", "open"),
        ("US", date(2023, 8, 8), False, "trial_only", "open"),
        ("EU", date(2025, 6, 1), False, "trial_only", "open"),
        (None, date(2025, 6, 1), True, "available", "open"),
        ("US", None, True, "check", "open"),
        ("US", None, False, "outside_label", "open"),
    ],
)
def test_availability_by_region_and_date(
    made: Any, region: Any, day: Any, exposed: Any, status: Any, verdict: Any
) -> None:
    option = of(
        assessed(made(), patient(day=day, **CLEAR | {"exposed": exposed}), region), "new-target"
    )
    assert (option.availability.status, option.verdict) == (status, verdict)


def test_off_label_use_is_told_and_bars_nothing(made: Any) -> None:
    def change(t: Any) -> None:
        placed(t)
        t["options/new-target.toml"]["availability"] = [
            {"region": "US", "from": date(2023, 8, 9), "off_label": True, "source": "s1"}
        ]

    found = assessed(made(change), patient(day=date(2025, 6, 1), **CLEAR), "US")
    option = of(found, "new-target")
    assert (option.availability.status, option.verdict) == ("off_label", "open")
    assert found.answer.tier_of("bispecific-gprc5d") == "first"
    assert line(found, "bispecific-gprc5d").access == "off_label"


@pytest.mark.parametrize(
    ("region", "day", "status", "words"),
    [
        ("EU", date(2025, 1, 1), "off_label", "recorded in EU; the drug is marketed"),
        ("EU", date(2024, 12, 31), "trial_only", "recorded in EU by 2024-12-31: in a trial only"),
        ("US", date(2025, 1, 1), "available", "the label covers this patient"),
        (None, date(2025, 1, 1), "available", "Approved (US since 2023-08-09)"),
    ],
)
def test_a_use_without_label_where_the_drugs_are_marketed_is_off_label(
    made: Any, region: Any, day: Any, status: Any, words: Any
) -> None:
    def change(t: Any) -> None:
        t["options/new-target.toml"]["availability"].append(
            {"region": "EU", "from": date(2025, 1, 1), "off_label": True, "source": "s1"}
        )

    found = assessed(made(change), patient(day=day, **CLEAR | {"exposed": True}), region)
    option = of(found, "new-target")
    assert option.availability.status == status
    assert words in availability_text(found, option)


@pytest.mark.parametrize(
    ("region", "day", "trials_open", "tier"),
    [
        ("US", date(2025, 6, 1), None, "first"),
        ("US", date(2023, 8, 8), None, "situational"),  # a day before the approval
        ("US", date(2023, 8, 8), False, "situational"),
        ("US", date(2023, 8, 8), True, "first"),
        ("EU", date(2025, 6, 1), None, "situational"),
        ("EU", date(2025, 6, 1), True, "first"),
        ("US", None, None, "first"),  # an unknown date bars nothing
    ],
)
def test_what_is_for_trials_only_waits_for_an_open_trial(
    made: Any, region: Any, day: Any, trials_open: Any, tier: Any
) -> None:
    def change(t: Any) -> None:
        placed(t)
        t["options/new-target.toml"]["availability"][0].pop("when")
        t["findings.toml"]["finding"]["trials_open"] = {
            "group": "g",
            "type": "bool",
            "meaning": "A trial is open.",
        }

    found = assessed(made(change), patient(day=day, **CLEAR, trials_open=trials_open), region)
    assert of(found, "new-target").verdict == "open"
    assert found.answer.tier_of("bispecific-gprc5d") == tier


def test_a_procedure_needs_no_approval(made: Any) -> None:
    def change(t: Any) -> None:
        t["options/new-target.toml"]["tags"].append("procedure")
        t["options/new-target.toml"].pop("availability")

    option = of(assessed(made(change), patient(**CLEAR)), "new-target")
    assert (option.availability.status, option.verdict) == ("not_needed", "open")


def study(name: str, responses: Mapping[str, int]) -> dict[str, Any]:
    """A study after CAR-T with 50 patients for each agent, and how many of them responded."""
    of_agent = {"talquetamab": "bispecific-gprc5d", "teclistamab": "bispecific-bcma"}
    arms = [
        {
            "id": f"{name}-{agent}",
            "strategy": of_agent[agent],
            "setting": "post-bcma-cart",
            "population": "After BCMA CAR-T",
            "figure": "patient-level",
            "agents": [agent],
            "targets": ["GPRC5D" if agent == "talquetamab" else "BCMA"],
            "n_treated": 50,
            "response": {"events": events},
        }
        for agent, events in responses.items()
    ]
    return {
        "id": name,
        "authors": "Invented",
        "title": "Invented",
        "journal": "Invented",
        "year": 2030,
        "doi": "10.0/invented",
        "url": "https://example.org",
        "read_from": "full text",
        "design": "retrospective",
        "arm": arms,
    }


def test_supportive_care_is_there_without_a_verdict(made: Any) -> None:
    def change(t: Any) -> None:
        t["options/new-target.toml"]["role"] = "supportive"

    found = assessed(made(change), patient(**CLEAR | {"lost": True, "infection": True}))
    assert (found.options[-1].id, found.options[-1].verdict) == ("new-target", None)


# ---------------------------------------------------------------- tiers


def place(name: str, strategy: str, **more: Any) -> dict[str, Any]:
    return {
        "id": name,
        "strategy": strategy,
        "reason": f"Placed by {name}.",
        "ground": "series",
        "sources": ["s1"],
        **more,
    }


def placed(t: Any) -> None:
    """The new target is first where nobody was exposed, the old one an alternative; a high peak
    makes both situational.
    """
    new, same = "bispecific-gprc5d", "bispecific-bcma"
    t["places/all.toml"] = {
        "place": [
            place("new-base", new, tier="alternative"),
            place("new-first", new, tier="first", when="NOT exposed"),
            place("new-capped", new, at_most="situational", when="peak > 1"),
            place("same-base", same, tier="alternative"),
            place("same-capped", same, at_most="situational", when="peak > 1"),
        ]
    }


def line(assessment: Any, strategy: Any) -> Any:
    return next(
        placed_
        for tier in assessment.answer.tiers
        for placed_ in tier.strategies
        if placed_.strategy == strategy
    )


@pytest.mark.parametrize(
    ("values", "new_target", "same_target"),
    [
        (CLEAR | {"peak": 0.4}, "first", "alternative"),
        # a condition that is not known neither lifts nor lowers
        (CLEAR, "first", "alternative"),
        (CLEAR | {"exposed": None}, "alternative", "alternative"),
        # a condition that is false does not lift, a cap that holds lowers
        (CLEAR | {"exposed": True}, "alternative", "avoid"),
        (CLEAR | {"peak": 1.5}, "situational", "situational"),
        # never above what the verdicts of its options allow
        (CLEAR | {"lost": True}, "first", "not_possible"),
        (CLEAR | {"infection": True}, "not_possible", "not_possible"),
        (CLEAR | {"infection": True, "peak": 1.5}, "not_possible", "not_possible"),
        # a stop of which nobody knows does not lower
        (CLEAR | {"lost": None}, "first", "alternative"),
        (CLEAR | {"infection": None, "anc": None}, "first", "alternative"),
    ],
)
def test_the_tier_of_a_strategy(made: Any, values: Any, new_target: Any, same_target: Any) -> None:
    found = assessed(made(placed), patient(**values))
    answer = found.answer
    assert answer.tier_of("bispecific-gprc5d") == new_target
    assert answer.tier_of("bispecific-bcma") == same_target


def test_a_line_says_why_it_stands_and_what_would_lift_it(made: Any) -> None:
    plan = made(placed)
    lifted = line(assessed(plan, patient(**CLEAR)), "bispecific-gprc5d")
    assert (lifted.because, lifted.would_be) == (("place-new-first",), None)
    unknown = assessed(plan, patient(**CLEAR | {"exposed": None}))
    waiting = line(unknown, "bispecific-gprc5d")
    assert waiting.because == ("place-new-base",)
    assert (waiting.would_be.tier, waiting.would_be.if_) == ("first", "place-new-first")
    capped = line(assessed(plan, patient(**CLEAR | {"peak": 1.5})), "bispecific-gprc5d")
    assert (capped.because, capped.would_be) == (("place-new-capped",), None)


def test_a_stop_of_which_nobody_knows_stands_on_the_line(made: Any) -> None:
    plan = made(placed)
    found = assessed(plan, patient(**CLEAR | {"lost": None, "infection": None}))
    waits = line(found, "bispecific-bcma").waits_for
    assert set(waits) == {"target-lost", "infected"}
    assert {found.reasons[name].truth for name in waits} == {None}
    stopped = assessed(plan, patient(**CLEAR | {"lost": True, "infection": None}))
    assert line(stopped, "bispecific-bcma").waits_for == ()
    assert line(stopped, "bispecific-bcma").because[0] == "target-lost"


# ---------------------------------------------------------------- causes


def grades(assessment: Any) -> Any:
    return {f.id: f.grade for g in assessment.causes.groups for f in g.factors}


BCMA: dict[str, Any] = {"car_target_bcma": True, "bcma_agent_between_failure_and_sample": False}


@pytest.mark.parametrize(
    ("values", "loss"),
    [
        (BCMA | {"gene": True, "lost": True}, "established"),
        (BCMA | {"gene": True}, "established"),
        (
            BCMA | {"gene": True, "lost": False},
            "established",
        ),  # a strong objection does not undo proof on the tumour itself
        (
            {"car_target_bcma": True, "gene": True, "bcma_agent_between_failure_and_sample": True},
            "likely",
        ),
        (
            {"car_target_bcma": True, "gene": True},
            "likely",
        ),  # whether another agent came between is not known
        (BCMA | {"lost": True}, "likely"),
        (BCMA | {"lost": True, "gene": False}, "likely"),
        (BCMA | {"lost": False}, "unlikely"),
        (BCMA | {"lost": False, "gene": False}, "unlikely"),
        (BCMA | {"gene": False}, "not_assessed"),
        (BCMA, "not_assessed"),
        (
            {"gene": True, "bcma_agent_between_failure_and_sample": False},
            "possible",
        ),  # the target of the CAR is not known
    ],
)
def test_grades_of_a_factor(made: Any, values: Any, loss: Any) -> None:
    assert grades(assessed(made(), patient(**values)))["loss"] == loss


def test_another_agent_before_the_sample_counts_where_a_rule_reads_it_too(made: Any) -> None:
    """One condition for the rule of an option and for what bars a proof of a factor."""

    def change(t: Any) -> None:
        t["options/same-target.toml"]["rule"][1] = rule(
            "treated-since", "discourage", "bcma_agent_between_failure_and_sample"
        )

    plan = made(change)
    for between, verdict, grade in (
        (True, "discouraged", "possible"),  # the stain that is kept objects
        (False, "open", "established"),
    ):
        who: dict[str, Any] = {
            "car_target_bcma": True,
            "gene": True,
            "bcma_agent_between_failure_and_sample": between,
        }
        found = assessed(plan, patient(**CLEAR, **who))
        assert of(found, "same-target").verdict == verdict
        assert grades(found)["loss"] == grade


def test_loss_of_another_target_does_not_explain(made: Any) -> None:
    found = assessed(
        made(),
        patient(
            car_target_bcma=False, gene=True, lost=True, bcma_agent_between_failure_and_sample=False
        ),
    )
    antigen = next(g for g in found.causes.groups if g.group == "antigen")
    assert (antigen.not_applicable, antigen.factors, antigen.rank) == (("loss",), (), None)
    assert found.causes.undetermined


@pytest.mark.parametrize(
    ("values", "grade"),
    [
        ({"peak": 0.5}, "likely"),
        ({"peak": 0.7}, "unlikely"),  # the only sign of it is known to be absent
        ({"peak": 1.5}, "excluded"),
        ({"peak": None}, "not_assessed"),
        ({"peak": Interval(0.0, 0.4)}, "likely"),
        ({"peak": Interval(0.0, 0.8)}, "not_assessed"),
    ],
)
def test_a_decisive_objection_excludes(made: Any, values: Any, grade: Any) -> None:
    assert grades(assessed(made(), patient(**values)))["expansion"] == grade


def test_facts_from_before_the_infusion_are_risk_factors_only(made: Any) -> None:
    found = assessed(made(), patient(risk=True))
    assert grades(found)["expansion"] == "not_assessed"
    assert [(r.id, r.grade, r.for_[0]) for r in found.causes.risk_factors] == [
        ("expansion", "possible", "risk-before")
    ]
    assert found.causes.undetermined
    assert "Facts from before the infusion" in found.causes.text
    assert "These tests could show it: Antigen; Peak." in found.causes.text


def test_groups_are_ranked_as_far_as_they_are_separated(made: Any) -> None:
    found = assessed(made(), patient(**BCMA, lost=True, peak=0.4))
    assert [(g.group, g.grade, g.rank) for g in found.causes.groups if g.rank] == [
        ("antigen", "likely", 1),
        ("t-cell", "likely", 1),
    ]
    assert "does not separate" in found.causes.text
    found = assessed(made(), patient(**BCMA, gene=True, peak=0.4))
    assert [(g.group, g.rank) for g in found.causes.groups if g.rank] == [
        ("antigen", 1),
        ("t-cell", 2),
    ]
    assert not found.causes.undetermined


def test_safety_stands_first_and_unranked(made: Any) -> None:
    found = assessed(made(), patient(**BCMA, gene=True, tumour=True))
    assert [(g.group, g.grade, g.rank) for g in found.causes.groups][:2] == [
        ("safety", "established", None),
        ("antigen", "established", 1),
    ]
    assert (
        assessed(made(), patient(**BCMA, gene=True, tumour=False)).causes.groups[0].group
        == "antigen"
    )
    assert assessed(
        made(), patient(tumour=True)
    ).causes.undetermined  # safety apart, nothing is told


def test_two_decisive_indicators_that_contradict_prove_nothing(made: Any) -> None:
    def change(t: Any) -> None:
        t["factors/antigen.toml"]["factor"][0]["indicator"].append(
            indicator("kept", "opposes", "decisive", "at_failure", "NOT lost")
        )

    assert (
        grades(assessed(made(change), patient(**BCMA, gene=True, lost=False)))["loss"] == "possible"
    )


# ---------------------------------------------------------------- about and next tests


@pytest.mark.parametrize(
    "status", ["not_failed", "died_without_progression", "cannot_be_judged", None]
)
def test_without_failure_causes_and_options_are_empty_with_the_reason(
    made: Any, status: Any
) -> None:
    found = assessed(made(), patient(status, lost=True))
    assert found.options == ()
    assert found.causes.groups == ()
    assert found.about.reason == found.causes.text
    assert (
        found.about.reason == "no CAR-T in this record"
        if status is None
        else "The day of this infusion is unknown" in found.about.reason
    )


def test_a_suspicion_holds_if_it_is_progression(made: Any) -> None:
    found = assessed(made(), patient("suspected", **CLEAR))
    assert found.about.if_progression
    assert found.options
    repeat, *_ = found.next_tests
    assert (repeat.ids, repeat.mandatory) == (("repeat",), True)
    turns = [turn for change in repeat.changes for turn in change.turns]
    assert [(t.kind, t.from_, t.to) for t in turns if t.kind == "failure"] == [
        ("failure", "suspected", "failed"),
        ("failure", "suspected", "not_failed"),
    ]


def changes(assessment: Any, test: Any) -> Any:
    found = next(t for t in assessment.next_tests if t.ids == (test,))
    return {
        (tuple(change.values.items()), what, turn.from_, turn.to)
        for change in found.changes
        for turn in change.turns
        for what in turn.what
    }


def test_what_a_test_would_change(made: Any) -> None:
    found = assessed(made(), patient(**BCMA, exposed=False, infection=False, anc=2.0))
    assert changes(found, "antigen") == {
        ((("lost", True), ("gene", True)), "same-target", "needs_information", "excluded"),
        ((("lost", True), ("gene", True)), "loss", "not_assessed", "established"),
        ((("lost", True), ("gene", True)), "antigen", "not_assessed", "established"),
        ((("lost", False), ("gene", False)), "same-target", "needs_information", "open"),
        ((("lost", False), ("gene", False)), "loss", "not_assessed", "unlikely"),
        ((("lost", False), ("gene", False)), "antigen", "not_assessed", "unlikely"),
    }
    assert ((("peak", 0.5),), "expansion", "not_assessed", "likely") in changes(found, "peak")
    # the minimum work-up is known, so that it is not asked for again
    assert [t.ids for t in found.next_tests] == [("antigen",), ("peak",)]


def test_two_unknown_stops_at_once(made: Any) -> None:
    """Each test by itself leaves the option waiting for the other; the other is assumed clear, so
    that both are asked for.
    """

    def change(t: Any) -> None:
        t["options/same-target.toml"]["rule"][1] = rule(
            "second-stop", "exclude", "exposed", stage="choose"
        )

    found = assessed(made(change), patient(infection=False, anc=2.0))
    assert of(found, "same-target").verdict == "needs_information"
    assert ((("exposed", False),), "same-target", "needs_information", "open") in changes(
        found, "history"
    )
    assert (
        (("lost", False), ("gene", False)),
        "same-target",
        "needs_information",
        "open",
    ) in changes(found, "antigen")


def test_pairs_are_tried_where_no_single_test_changes_anything(made: Any) -> None:
    def change(t: Any) -> None:
        t["options/same-target.toml"]["rule"] = [rule("both", "discourage", "lost AND exposed")]
        t["options/new-target.toml"]["rule"] = []
        for name in ("antigen", "t-cell", "safety"):
            t[f"factors/{name}.toml"]["factor"] = []
        t["option_rules.toml"]["shared"] = []

    found = assessed(made(change), patient(anc=2.0))
    (pair,) = found.next_tests
    assert pair.ids == ("antigen", "history")
    (shown,) = pair.changes
    (turn,) = shown.turns
    assert (shown.values["lost"], shown.values["exposed"]) == (True, True)
    assert (turn.what, turn.to) == (("same-target",), "discouraged")
    assert pair.why == "Only both together could change the verdict on Same target."


def test_the_minimum_work_up_is_asked_for_once(made: Any) -> None:
    unknown = assessed(made(), patient(**CLEAR | {"anc": None}))
    (counts,) = [t for t in unknown.next_tests if t.ids == ("counts",)]
    assert counts.mandatory
    assert counts.why.startswith(
        "Belongs to the minimum work-up. The result could change the verdict on"
    )
    assert unknown.next_tests[0] == counts
    assert {v for (((_, v),), *_) in changes(unknown, "counts")} == {
        0.45
    }  # below 0.5 only; 0.5, between and above 1.0 change nothing
    known = assessed(made(), patient(**CLEAR))
    assert ("counts",) not in [t.ids for t in known.next_tests]


def test_a_number_that_is_compared_with_no_literal_has_no_results_to_try(made: Any) -> None:
    def change(t: Any) -> None:
        t["findings.toml"]["finding"]["later_peak"] = {
            "group": "g",
            "type": "number",
            "meaning": "Peak after a second infusion.",
        }
        t["options/same-target.toml"]["rule"][1] = rule("rising", "discourage", "later_peak > peak")
        always = "failure_status = 'failed'"
        t["workups.toml"]["workup"].append(workup("second-peak", ["later_peak"], mandatory=always))

    found = assessed(made(change), patient(**CLEAR, peak=0.7))
    (asked,) = [t for t in found.next_tests if t.ids == ("second-peak",)]
    assert (asked.mandatory, asked.changes) == (True, ())
    assert asked.why == "Belongs to the minimum work-up."
    assert "rising" in of(found, "same-target").unknown


def test_alerts_hold_whatever_the_course(made: Any) -> None:
    assert [a.id for a in assessed(made(), patient("not_failed", infection=True)).alerts] == [
        "infection"
    ]
    assert assessed(made(), patient("failed")).alerts == ()


def test_patients_of_a_batch_do_not_touch_each_other(made: Any) -> None:
    plan = made()
    some = [
        patient(**CLEAR),
        patient(**BCMA, anc=Interval(0.0, 0.4)),
        patient(None),
        patient("suspected", day=None, **BCMA, gene=True),
        patient(anc=Interval(0.0, 0.8), infection=True),
    ]
    together = assess_patients(plan, some, "US")
    assert together == [assess_patients(plan, [p], "US")[0] for p in some]


def test_explain_traces_every_rule(monkeypatch: pytest.MonkeyPatch, made: Any) -> None:
    import rearm.assessment.explanation as module
    from rearm.assessment import explain

    plan = made()
    monkeypatch.setattr(
        module,
        "patient_at",
        lambda record, as_of, plan: patient(**CLEAR | {"anc": Interval(0.0, 0.8)}),
    )
    monkeypatch.setattr(module, "plan_of", lambda knowledge: plan)
    found = explain(patient().record, "same-target", knowledge=plan.knowledge)
    assert [(r.id, r.clause.text, r.clause.truth) for r in found.rules] == [
        ("target-lost", "lost", False),
        ("seen-before", "exposed", False),
        ("infected@same-target", "infection", False),
        ("counts@same-target", "anc < 0.5", None),
    ]
    assert found.rules[3].clause.values == {"anc": Interval(0.0, 0.8)}
    assert found.rules[0].sources == ("f.csv: lost",)
    assert [
        r.id for r in explain(patient().record, "expansion", knowledge=plan.knowledge).rules
    ] == ["low-peak", "high-peak", "risk-before"]
    with pytest.raises(
        ValueError, match=r"There is no option or factor x\. There are:\n.*new-target"
    ):
        explain(patient().record, "x", knowledge=plan.knowledge)


# ---------------------------------------------------------------- a folder that was not checked


def of_one_id(t: Any, *effects: str) -> None:
    """Rules of one id in one option, which the check would tell."""
    t["options/same-target.toml"]["rule"] = [
        rule("same-id", effect, "exposed", because=f"It speaks to {effect}.") for effect in effects
    ]


def test_two_rules_of_one_id_are_both_shown(made: Any) -> None:
    plan = made(lambda t: of_one_id(t, "discourage", "caution"))
    found = assessed(plan, patient(**CLEAR | {"exposed": True}))
    option = of(found, "same-target")
    assert (option.against, option.cautions) == (("same-id",), ("same-id@same-target",))
    assert found.reasons["same-id"].text == "It speaks to discourage."
    assert found.reasons["same-id@same-target"].text == "It speaks to caution."


def test_more_rules_of_one_id_cannot_be_told_apart(made: Any) -> None:
    with pytest.raises(KnowledgeError, match="same-target: several rules have the id same-id"):
        made(lambda t: of_one_id(t, "discourage", "caution", "favour"))


def test_an_option_with_the_name_of_a_strategy_of_other_figures(tmp_path: Path) -> None:
    found = tables()
    responses = {"talquetamab": 30, "teclistamab": 20}
    found["studies/one-2030.toml"] = study("one-2030", responses)
    third = found["options/same-target.toml"] | {
        "id": "bispecific-gprc5d",
        "agents": ["elranatamab"],
    }
    found["options/third.toml"] = third | {"rule": []}
    with pytest.raises(
        KnowledgeError,
        match=r"option bispecific-gprc5d has the name of a strategy\. Give it another",
    ):
        plan_of(load(write(tmp_path / "b", found)))


def test_a_statement_whose_source_is_not_there_is_weak(made: Any) -> None:
    plan = made(lambda t: t["statements.toml"]["statement"][0].update(source="gone-2020"))
    found = assessed(plan, patient(**CLEAR | {"lost": True}))
    (citation,) = (x for x in found.citations.values() if x.text.startswith("Seen in 12"))
    assert (citation.text, citation.weak) == ("Seen in 12 of 40 (30 %).", True)
    assert found.publications[citation.source].line == "gone-2020"


def test_a_result_without_remarks_on_later_t_cells_is_read_again(made: Any) -> None:
    found = assessed(made(), patient(**CLEAR))
    assert [option.later_t_cells for option in found.options] == [None, None]
    assert Assessment.from_json(found.to_json()) == found
