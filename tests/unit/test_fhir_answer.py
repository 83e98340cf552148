"""Answers and decisions as FHIR R4."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest
from tests.support.answered import answered
from tests.support.fhir_r4 import faults_of_bundle
from tests.support.loops import some
from typer.testing import CliRunner

from rearm.assessment import Assessment
from rearm.cli import app
from rearm.export.fhir_answer import BoardDecision, answer_bundle, guidance_status

MADE = datetime(2026, 11, 30, 8, 15, tzinfo=UTC)


def _decision(number: int, **changed: Any) -> BoardDecision:
    told = {
        "strategy": "bispecific-gprc5d", "chosen": "bispecific antibody against GPRC5D",
        "tier": "first", "participants": "Dr A\n\nDr B", "reason": "as discussed",
        "deviation": "", "at": MADE, "who": "somebody", **changed,
    }  # fmt: skip
    return BoardDecision(number=number, **told)


def _of(bundle: dict[str, Any], kind: str) -> list[dict[str, Any]]:
    found = [e["resource"] for e in bundle["entry"]]
    return [x for x in found if x["resourceType"] == kind]


def _actions(group: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for action in group.get("action", []):
        yield action
        yield from _actions(action)


def _coded(actions: Iterator[dict[str, Any]], kind: str) -> list[str]:
    codes = [c for x in actions for concept in x.get("code", []) for c in concept["coding"]]
    return [c["code"] for c in codes if c["system"] == f"urn:rearm:{kind}"]


def test_every_answer_is_a_bundle_of_r4() -> None:
    for number, (name, result) in enumerate(some(answered().items())):
        made = MADE if number % 2 else None
        bundle = answer_bundle(result, made=made, decisions=[_decision(1), _decision(2)])
        assert faults_of_bundle(bundle) == [], name


@pytest.mark.parametrize(
    ("kind", "change", "said"),
    [
        ("CarePlan", lambda x: x.update(status="done"), "status is 'done'"),
        ("CarePlan", lambda x: x.pop("subject"), "subject"),
        ("CarePlan", lambda x: x.update(titel="x"), "titel"),
        ("CarePlan", lambda x: x["supportingInfo"][0].update(reference="urn:uuid:x"), "nowhere"),
        ("GuidanceResponse", lambda x: x.pop("moduleUri"), "moduleUri"),
        ("GuidanceResponse", lambda x: x.update(status="fine"), "fine"),
        ("GuidanceResponse", lambda x: x.update(note=[]), "empty"),
        ("RequestGroup", lambda x: x["action"][0].pop("action"), "rqg-1"),
        ("RequestGroup", lambda x: x["action"][0].update(selectionBehavior="one"), "is one"),
        ("Provenance", lambda x: x.update(recorded="today"), "recorded"),
    ],
)
def test_a_fault_of_a_bundle_would_be_seen(kind: str, change: Any, said: str) -> None:
    bundle = copy.deepcopy(answer_bundle(answered()["SYN-01"], made=MADE))
    change(_of(bundle, kind)[0])
    assert said in " ".join(faults_of_bundle(bundle))


def test_tiers_are_groups_strategies_and_options_stand_below_them() -> None:
    for name, result in some(answered().items()):
        groups = _of(answer_bundle(result), "RequestGroup")
        tiers = [x for x in result.answer.tiers if x.tier not in ("avoid", "not_possible")]
        told = [*_actions(groups[0])] if groups else []
        assert _coded(iter(told), "tier") == [x.tier for x in tiers if x.strategies], name
        lines = [line for tier in tiers for line in tier.strategies]
        assert _coded(iter(told), "strategy") == [line.strategy for line in lines], name
        options = _coded(iter(told), "option")
        assert {line.option for line in lines} <= set(options), name
        assert _coded(iter(told), "action") == [x.id for x in result.actions], name
        # what is advised against is proposed nowhere
        against = {
            option
            for tier in result.answer.tiers
            if tier.tier in ("avoid", "not_possible")
            for line in tier.strategies
            for option in line.options
        }
        assert not against & set(options), name


def test_what_is_advised_against_stands_in_a_note() -> None:
    result = answered()["SYN-01"]
    (plan,) = _of(answer_bundle(result), "CarePlan")
    notes = " ".join(x["text"] for x in plan["note"])
    assert "Not possible now: bispecific antibody against BCMA. The relapsed clone" in notes
    assert plan["status"] == "draft" and plan["intent"] == "proposal"


def test_citations_stand_with_what_they_speak_for() -> None:
    result = answered()["SYN-01"]
    (group,) = _of(answer_bundle(result), "RequestGroup")
    first = next(x for x in _actions(group) if _coded(iter([x]), "strategy"))
    line = result.answer.tiers[0].strategies[0]
    cited = [c for key in line.because for c in result.reasons[key].citations]
    assert len(first["documentation"]) == len(set(cited)) > 1
    assert any(x.get("url", "").startswith("https://doi.org/10.") for x in first["documentation"])
    assert result.reasons[line.because[0]].text in first["textEquivalent"]


def test_what_to_ask_for_is_a_data_requirement() -> None:
    for name, result in some(answered().items()):
        (guidance,) = _of(answer_bundle(result), "GuidanceResponse")
        asked = [
            tuple(c["code"] for c in x["codeFilter"][0]["code"])
            for x in guidance.get("dataRequirement", [])
        ]
        assert asked == [x.ids for x in result.next_tests], name


def test_the_status_says_whether_the_plan_waits() -> None:
    found = {guidance_status(x) for x in answered().values()}
    assert found == {"success", "data-requested", "data-required"}
    for name, result in some(answered().items()):
        status = guidance_status(result)
        if result.answer.state in ("confirm_first", "cannot_judge"):
            assert status == "data-required", name
        if status == "success":
            assert not result.tests, name


def test_issues_are_the_evaluation_message() -> None:
    with_issues = [x for x in answered().values() if x.issues]
    for result in some(with_issues):
        bundle = answer_bundle(result)
        (outcome,) = _of(bundle, "OperationOutcome")
        (guidance,) = _of(bundle, "GuidanceResponse")
        assert guidance["evaluationMessage"] == [{"reference": f"urn:uuid:{outcome['id']}"}]
        told = [x["details"]["coding"][0]["code"] for x in outcome["issue"]]
        assert told == [x.code for x in (*result.issues, *result.unread)]


def test_a_decision_is_a_plan_of_its_own_and_changes_nothing_of_the_answer() -> None:
    result = answered()["SYN-01"]
    without = answer_bundle(result, made=MADE)
    other = _decision(2, deviation="the patient wants it", strategy="observe", chosen="waiting")
    bundle = answer_bundle(result, made=MADE, decisions=[other, _decision(1)])
    assert bundle["entry"][: len(without["entry"])] == without["entry"]
    (guidance,) = _of(bundle, "GuidanceResponse")
    _, former, last = _of(bundle, "CarePlan")
    for plan in (former, last):
        assert plan["intent"] == "plan"
        assert plan["supportingInfo"] == [{"reference": f"urn:uuid:{guidance['id']}"}]
        assert [x["display"] for x in plan["contributor"]] == ["Dr A", "Dr B"]
        assert plan["author"]["display"] == "somebody"
    assert (former["status"], last["status"]) == ("revoked", "active")
    assert last["replaces"] == [{"reference": f"urn:uuid:{former['id']}"}]
    assert "the patient wants it" in last["note"][0]["text"]
    assert last["activity"][0]["detail"]["code"]["text"] == "waiting"
    none = _decision(1, strategy="", chosen="none of the answer", tier="")
    (_, plan) = _of(answer_bundle(result, decisions=[none]), "CarePlan")
    assert "activity" not in plan and plan["description"].startswith("none of the answer: ")


def test_the_same_result_gives_the_same_bytes_and_another_other_ids() -> None:
    result = answered()["SYN-01"]
    first, again = (json.dumps(answer_bundle(result, made=MADE)) for _ in range(2))
    stored = Assessment.from_json(result.to_json())
    assert first == again == json.dumps(answer_bundle(stored, made=MADE))
    other = msgspec.structs.replace(result, as_of_date="2026-01-01")
    ids = {e["fullUrl"] for e in answer_bundle(result)["entry"]}
    assert not ids & {e["fullUrl"] for e in answer_bundle(other)["entry"]}


@pytest.mark.parametrize("text", ["\u202eabc", "\x00\x1b[2J", "<script>alert(1)</script>", " \n"])
def test_texts_of_people_stay_texts(text: str) -> None:
    result = msgspec.structs.replace(answered()["SYN-01"], patient_id=f"P{text}")
    decision = _decision(1, participants=text, reason=text, deviation=text, who=text, chosen=text)
    bundle = answer_bundle(result, made=MADE, decisions=[decision])
    assert faults_of_bundle(bundle) == []
    decided = bundle["entry"][-1]["resource"]
    assert decided["subject"]["identifier"]["value"] == f"P{text}"  # an id is never altered
    told = json.dumps({key: value for key, value in decided.items() if key != "subject"})
    assert "\\u202e" not in told and "\\u001b" not in told


def test_the_command_writes_a_bundle_for_each_stored_result(tmp_path: Path) -> None:
    stored = tmp_path / "stored"
    stored.mkdir()
    for name in ("SYN-01", "SYN-08"):
        (stored / f"{name}.json").write_text(answered()[name].to_json(), encoding="utf-8")
    done = CliRunner().invoke(app, ["render", str(stored), "--fhir", str(tmp_path / "out")])
    assert (done.exit_code, done.stdout) == (0, "")
    for name in ("SYN-01", "SYN-08"):
        written = json.loads((tmp_path / "out" / f"{name}.json").read_text("utf-8"))
        assert written == answer_bundle(answered()[name])
    one = tmp_path / "one.json"
    done = CliRunner().invoke(app, ["render", str(stored), "--fhir", str(one)])
    assert done.exit_code == 2 and "can hold only one Bundle" in done.stderr
    assert json.loads(one.read_text("utf-8")) == answer_bundle(answered()["SYN-01"])
