"""The card: when there is one, what it says, and that nothing in it is markup of others."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from tests.support.record_system import bundle_of

from rearm.board.child.carding import CardAlert, CardFacts, card_facts, card_of_nobody, read_bundle
from rearm.board.child.reading import ReadFile
from rearm.board.exchange.cards import LONGEST_SUMMARY, card_of

NUMBER = "11111111-2222-3333-4444-555555555555"
RELAPSED = CardFacts(
    car_t=True, judged=True, state="The patient has relapsed.", relapse="after CAR-T, day 402"
)
LINK = {"label": "Open", "url": "https://board.example/launch", "type": "smart", "appContext": "x"}


def _card(facts: CardFacts, *, lacking: tuple[str, ...] = (), why: str = "") -> Any:
    told = (why,) if why else ()
    return card_of(facts, number=NUMBER, lacking=lacking, incomplete=told, links=(LINK,))


def _alert(title: str = "cord compression", text: str = "Image the spine today.") -> CardAlert:
    return CardAlert(title=title, text=text, certain=True)


def _with(**more: Any) -> CardFacts:
    return msgspec.structs.replace(RELAPSED, **more)


@pytest.mark.parametrize(
    ("facts", "indicator", "summary"),
    [
        (RELAPSED, "info", "Relapse after CAR-T: the sheet for the board is ready"),
        (_with(suspected=True), "info", "Relapse suspected after CAR-T: the sheet for the board is "
         "ready"),
        (_with(alerts=(_alert(),)), "warning", "After CAR-T: cord compression"),
        (_with(alerts=(_alert(), _alert("infection"))), "warning",
         "After CAR-T: cord compression; infection"),
        (_with(alerts=(_alert(),), emergency=True), "critical", "After CAR-T: cord compression"),
        (_with(alerts=(_alert(),), relapse=""), "warning", "After CAR-T: cord compression"),
    ],
)  # fmt: skip
def test_what_the_card_says(facts: CardFacts, indicator: str, summary: str) -> None:
    card = _card(facts)
    assert (card["indicator"], card["summary"], card["uuid"]) == (indicator, summary, NUMBER)
    assert card["source"]["label"] and card["links"] == [LINK]


@pytest.mark.parametrize(
    "facts",
    [
        CardFacts(car_t=False, judged=False),
        CardFacts(car_t=True, judged=False),
        CardFacts(car_t=True, judged=False, may_be_judged=True),
        _with(relapse=""),
    ],
    ids=["no CAR-T", "another disease", "not judged", "controlled"],
)
def test_where_there_is_nothing_to_say_there_is_no_card(facts: CardFacts) -> None:
    assert _card(facts) is None


@pytest.mark.parametrize(
    ("facts", "lacking", "summary"),
    [
        (RELAPSED, ("labs",), "Relapse after CAR-T: the sheet for the board is ready (incomplete "
         "data)"),
        (_with(relapse=""), ("labs",),
         "After CAR-T: no relapse in the data that were sent (incomplete data)"),
        (_with(judged=False, may_be_judged=True), ("labs",),
         "Incomplete data: what became of CAR-T can't be told"),
        (CardFacts(car_t=False, judged=False), ("procedures",),
         "Incomplete data: whether CAR-T was given can't be told"),
    ],
)  # fmt: skip
def test_incomplete_data_are_told(facts: CardFacts, lacking: tuple[str, ...], summary: str) -> None:
    card = _card(facts, lacking=lacking, why="Laboratory results: only the first page was sent.")
    assert card["summary"] == summary
    assert "**Incomplete data.** Laboratory results: only the first page" in card["detail"]


def test_who_has_no_car_t_gets_no_card_because_of_missing_results() -> None:
    facts = CardFacts(car_t=False, judged=False)
    assert _card(facts, lacking=("labs",), why="Laboratory results: not sent.") is None
    died = CardFacts(car_t=True, judged=False)
    assert _card(died, lacking=("labs",), why="Laboratory results: not sent.") is None


@pytest.mark.parametrize("length", [1, 100, 138, 139, 140, 5000])
def test_the_summary_is_short_in_characters(length: int) -> None:
    card = _card(_with(alerts=(_alert("ü" * length),)), lacking=("labs",), why="Why.")
    assert len(card["summary"]) <= LONGEST_SUMMARY < 140
    assert card["summary"].endswith(" (incomplete data)")


def test_many_alerts_do_not_make_a_book() -> None:
    card = _card(_with(alerts=tuple(_alert(f"alert {n}", "x" * 9000) for n in range(50))))
    assert len(card["detail"].split("\n")) <= 13 and len(card["detail"]) < 6000
    assert "silence is no all-clear" in card["detail"]


@pytest.mark.parametrize(
    "text",
    ["[click](http://evil.example)", "<img src=x onerror=alert(1)>", "![x](http://evil.example/p)",
     "http://evil.example", "www.evil.example", "a@evil.example", "`code`", "# heading",
     "| a | b |", "**bold**", "line\n# heading", "~~gone~~", "&lt;script&gt;", "\\[x](y)"],
)  # fmt: skip
def test_text_of_others_is_no_markup(text: str) -> None:
    detail = _card(_with(alerts=(_alert(text, text),), relapse=text))["detail"]
    detail = detail.replace("**", "")  # ours
    for sign in "`*_[]<>~&|@":
        assert detail.count(sign) == detail.count("\\" + sign), (sign, detail)
    assert "\n#" not in detail and "http:" not in detail and "www." not in detail


# ---------------------------------------------------------------- what is computed


def _facts(bundle: Any) -> CardFacts:
    return msgspec.json.decode(card_facts(msgspec.json.encode(bundle)), type=CardFacts)


def test_the_facts_are_those_of_the_answer() -> None:
    facts = _facts(bundle_of("SYN-01"))
    assert facts.car_t and facts.judged and not facts.suspected
    assert facts.relapse.startswith("after CAR-T, day 402") and facts.missing


def test_a_patient_without_car_t_has_none() -> None:
    whole = bundle_of("SYN-01")
    kinds = ("Procedure", "MedicationAdministration")
    whole["entry"] = [x for x in whole["entry"] if x["resource"]["resourceType"] not in kinds
                      and "infusions" not in str(x)]  # fmt: skip
    assert not _facts(whole).car_t


def test_a_bundle_of_which_a_page_is_missing_is_told() -> None:
    whole = {**bundle_of("SYN-01"), "link": [{"relation": "next", "url": "https://x.example"}]}
    (told,) = _facts(whole).incomplete
    assert "next page" in told


def test_what_starts_a_process_is_a_patient_with_a_relapse() -> None:
    facts = msgspec.json.decode(card_of_nobody(0), type=CardFacts)
    assert facts.judged and facts.relapse.startswith("after CAR-T, day 2")


def test_a_bundle_can_be_kept_as_a_file_is() -> None:
    read = msgspec.json.decode(read_bundle(msgspec.json.encode(bundle_of("SYN-01"))), type=ReadFile)
    (patient,) = read.patients
    assert patient.patient_id == "SYN-01" and patient.result and patient.rows
