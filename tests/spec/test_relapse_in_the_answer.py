"""What options, causes and pages read after a later line: the present relapse, not the first.

The patient is invented: ide-cel with a slow biochemical relapse, then seventeen months of
teclistamab, and a relapse that doubles within weeks while BCMA can no longer be found.
"""

from __future__ import annotations

from typing import Any

from tests.support.course_builder import lab, lesion, record, serum, team
from tests.support.loops import some
from tests.support.results import example_records, examples, generated, terminal_text

import rearm
from rearm.assessment import Assessment
from rearm.export.response_json import response_object, response_schema
from rearm.outcome.failures import failures
from rearm.outcome.patient_course import patient_course
from rearm.outcome.relapse import present_relapse
from rearm.record import Source, Therapy, When
from rearm.report import page
from rearm.report.assessment.answer_words import state_words
from rearm.report.assessment.disease import disease_sentence
from rearm.report.assessment.index import index_row

FIRST = {-20: 2.8, 60: 0.5, 91: 0.5, 300: 1.0, 360: 1.1}
SECOND = {470: 0.2, 650: 0.2, 890: 0.9, 918: 1.5}


def stain(day: int, percent: float, target: str = "bcma") -> Any:
    return lab(
        f"{target}_positive_plasma_cells", day, percent,
        unit="%", specimen="marrow", method="flow_cytometry",
    )  # fmt: skip


def teclistamab(**rest: Any) -> Therapy:
    return Therapy(
        source=Source("therapies", "row 9"), start=When.on(380), line=5, purpose="salvage",
        regimen="teclistamab", agents=("teclistamab",), **rest,
    )  # fmt: skip


def prior() -> list[Therapy]:
    lines = (("bortezomib", "lenalidomide"), ("daratumumab", "pomalidomide"), ("carfilzomib",))
    return [
        Therapy(
            source=Source("therapies", f"row {n}"), start=When.on(-1000 + 200 * n), line=n,
            purpose="treatment", agents=(*agents, "dexamethasone"), progression_on=True,
        )
        for n, agents in enumerate(lines, start=1)
    ]  # fmt: skip


def assessed(*more_labs: Any, later: bool = True, **rest: Any) -> Assessment:
    series = FIRST | SECOND if later else FIRST
    therapies = [*prior(), *([teclistamab()] if later else [])]
    return rearm.assess(
        record(
            labs=[*serum(series), *more_labs],
            therapies=therapies,
            responses=[team(91, "VGPR")],
            **rest,
        )
    )


def value(a: Assessment, name: str) -> Any:
    finding = a.findings.get(name)
    return None if finding is None else finding.value


def grade(a: Assessment, factor: str) -> str:
    return next(x.grade for group in a.causes.groups for x in group.factors if x.id == factor)


def test_tempo_is_that_of_the_present_relapse() -> None:
    first, second = assessed(later=False), assessed()
    assert first.relapse is not None
    assert second.relapse is not None
    assert first.relapse.after == "CAR-T"
    assert value(first, "relapse_doubling_days") > 180
    assert (second.relapse.after, second.relapse.tempo) == ("teclistamab", "rapid")
    assert value(second, "relapse_doubling_days") == 38.0
    assert second.option("observe").verdict in ("discouraged", "excluded")
    assert second.failures[-1].day == 300  # the history stays


def test_a_treatment_begun_since_leaves_the_tempo_open() -> None:
    first = assessed(later=False)
    treated = rearm.assess(
        record(labs=serum(FIRST), therapies=[*prior(), teclistamab()], responses=[team(91, "VGPR")])
    )
    assert value(first, "relapse_doubling_days") is not None
    assert treated.relapse is not None
    assert (treated.relapse.after, treated.relapse.tempo) == ("CAR-T", None)
    assert value(treated, "relapse_doubling_days") is None


def test_progression_that_results_show_makes_refractory() -> None:
    assert value(assessed(), "refractory_bcma_bispecific") is True
    assert value(assessed(later=False), "refractory_bcma_bispecific") is not True


def test_an_antigen_of_today_does_not_speak_for_the_car_t_failure() -> None:
    """Teclistamab came between, so that BCMA may have been lost under it."""
    today = assessed(stain(920, 0))
    assert value(today, "bcma_status") == "not_detected_unconfirmed"
    assert value(today, "cart_bcma_status") is None
    assert grade(today, "bcma_biallelic_loss") == "not_assessed"
    # without another line the same stain speaks for both
    then = assessed(stain(362, 0), later=False)
    assert value(then, "bcma_status") == "not_detected_unconfirmed"
    assert grade(then, "bcma_biallelic_loss") == "possible"


def test_each_relapse_has_its_own_antigen() -> None:
    both = assessed(stain(370, 95), stain(920, 0))
    assert value(both, "cart_bcma_status") == "retained"
    assert value(both, "bcma_status") == "not_detected_unconfirmed"
    assert grade(both, "bcma_biallelic_loss") == "unlikely"


def test_another_target_between_leaves_the_antigen_to_both() -> None:
    gprc5d = assessed(stain(920, 90, "gprc5d"))
    assert value(gprc5d, "gprc5d_status") == "retained"
    assert value(gprc5d, "cart_gprc5d_status") == "retained"


def asked(a: Assessment) -> set[str]:
    return {name for test in a.next_tests for name in test.ids}


PET_NOW = [lesion(900, None, method="PET-CT", result="negative")]
MARROW_NOW = lab("marrow_plasma_cells", 905, 30, unit="%", specimen="marrow")


def test_imaging_and_marrow_of_the_present_relapse_are_not_asked_for_again() -> None:
    """The imaging that is missing at the CAR-T failure is of long ago."""
    bare, done = assessed(), assessed(MARROW_NOW, imaging=PET_NOW)
    assert asked(bare) >= {"whole_body_imaging", "marrow"}
    assert value(done, "emd_at_failure") is None
    assert not asked(done).intersection({"whole_body_imaging", "marrow"})
    # what was seen at the first failure does not do for the second
    old = [lesion(300, None, method="PET-CT", result="negative")]
    first = assessed(lab("marrow_plasma_cells", 305, 30, unit="%"), imaging=old)
    assert asked(first) >= {"whole_body_imaging", "marrow"}


def test_nothing_of_an_old_failure_is_asked_for() -> None:
    past = {"car_in_blood", "soluble_bcma"}
    assert past <= asked(assessed(later=False))
    later = assessed()
    assert "car_in_blood" not in asked(later)
    findings = {name for test in later.next_tests for name in test.findings}
    assert "bcma_flow_percent" in findings  # of the tumour now
    assert not findings & {"emd_at_failure", "soluble_bcma_fold_from_nadir", "treg_percent"}


def test_a_controlled_disease_has_nothing_to_choose() -> None:
    controlled = rearm.assess(
        record(
            labs=serum(FIRST | {470: 0.2, 650: 0.2}),
            therapies=[*prior(), teclistamab()],
        )
    )
    assert controlled.relapse is None
    assert controlled.watched is not None
    assert (controlled.watched.code, controlled.watched.after) == ("response", "teclistamab")
    assert controlled.options == ()
    assert controlled.causes.groups  # why the CAR-T failed is still told
    for text in (page(controlled), terminal_text(controlled)):
        assert "No myeloma relapse now" in text
        assert "Relapse to decide on" not in text


def test_page_and_terminal_name_the_relapse_to_decide_on() -> None:
    a = assessed()
    for text in (page(a), terminal_text(a)):
        assert "Relapse to decide on: after teclistamab (line 5)" in " ".join(text.split())


def test_the_course_tells_each_later_line() -> None:
    told = response_object(
        patient_course(record(labs=serum(FIRST | SECOND), therapies=[*prior(), teclistamab()]))
    )
    (line,) = told["later_lines"]
    assert (line["line"], line["agents"]) == (5, ["teclistamab"])
    assert line["best_response"]["response"] == "PR"  # 1.1 to 0.2 g/dL, a fall by 82 %
    assert line["nadir"]["serum"] == 0.2
    assert (line["progression"], line["refractory"]) == ([890, 890], True)
    assert set(line) == set(response_schema()["properties"]["later_lines"]["items"]["required"])


def test_without_a_later_line_the_relapse_is_the_failure_of_the_car_t() -> None:
    for a in some((*examples().values(), *generated(120))):
        if not a.failures or value(a, "lines_after_car_t"):
            continue
        last, relapse = a.failures[-1], a.relapse
        if last.status not in ("failed", "suspected"):
            assert relapse is None
            continue
        assert relapse is not None
        assert (relapse.after, relapse.status) == ("CAR-T", last.status)
        assert (relapse.certainty, relapse.day) == (last.certainty, last.when)
        assert relapse.pattern == last.pattern


def test_examples_have_what_their_record_says() -> None:
    for patient, found in some(example_records().items()):
        disease = present_relapse(found, failures(found))
        relapse = examples()[patient].relapse
        assert (disease.relapse and disease.relapse.after) == (relapse and relapse.after)


def talquetamab(**rest: Any) -> Therapy:
    return Therapy(
        source=Source("therapies", "row 10"), start=When.on(930), line=6, purpose="salvage",
        agents=("talquetamab",), **rest,
    )  # fmt: skip


def after_a_start(*more: Therapy, **labs: Any) -> Assessment:
    series = FIRST | SECOND | labs.get("serum", {})
    therapies = [*prior(), teclistamab(), *more]
    made = record(labs=serum(series), therapies=therapies, responses=[team(91, "VGPR")])
    return rearm.assess(made, as_of=1000)


def test_a_therapy_that_was_just_begun_is_judged_first() -> None:
    """A patient a week into talquetamab is not told `can be treated now`."""
    now = after_a_start(talquetamab())
    assert now.answer.state == "choose"
    assert now.relapse is not None
    treated = now.relapse.treated_by
    assert treated is not None
    assert (treated.agents, treated.line, treated.ended) == ("talquetamab", 6, False)
    assert state_words(now).startswith(
        "Talquetamab was begun on day 930, and the record does not tell whether it works. Judge the"
        " response first; what follows holds if it fails."
    )
    assert index_row("", now).first.startswith("judge talquetamab first; if it fails: ")
    assert "talquetamab (line 6) since, day 930" in disease_sentence(now)


def test_a_therapy_that_ended_untold_is_said_to_have() -> None:
    ended = after_a_start(talquetamab(end=When.on(980)))
    assert "does not tell whether it worked" in state_words(ended)
    assert not index_row("", ended).first.startswith("judge ")


def test_without_a_therapy_since_the_relapse_nothing_is_to_be_judged_first() -> None:
    now = after_a_start()
    assert now.relapse is not None
    assert now.relapse.treated_by is None
    assert state_words(now).startswith("The patient has relapsed and can be treated now.")
