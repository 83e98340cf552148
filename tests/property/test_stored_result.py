"""A stored result is the result: it is read back equal, and draws the same page and report."""

from __future__ import annotations

import copy
import json
import random
import shutil
from pathlib import Path
from typing import Any

import pytest
from tests.support.loops import some
from tests.support.places import ROOT
from tests.support.results import examples, generated, terminal_text

from rearm import assess, read
from rearm.assessment import Assessment
from rearm.assessment.result import ResultError
from rearm.report import page

EXAMPLES = [f"SYN-{n:02d}" for n in range(1, 12)]
SCRIPT = "<script>alert(1)</script>"
BAD: list[Any] = [
    None, True, False, 0, -1, 10**17, -(10**17), 10**40, 1e300, 5e-324, "", "x", SCRIPT, "\u2028",
    "\x00\x1b[31m", [], {}, [1], ["x"], {"low": 1, "high": 0},
    {"low": None, "high": None, "low_open": True, "high_open": True},
]  # fmt: skip


def stored(assessment: Assessment) -> Assessment:
    return Assessment.from_json(assessment.to_json())


@pytest.mark.parametrize("patient", EXAMPLES)
def test_a_stored_example_draws_the_same(patient: str) -> None:
    fresh = examples()[patient]
    assert stored(fresh) == fresh
    assert page(stored(fresh)) == page(fresh)
    assert terminal_text(stored(fresh)) == terminal_text(fresh)


@pytest.mark.slow
def test_a_hundred_generated_results_draw_the_same() -> None:
    fresh = generated(100)
    assert len(fresh) == 100
    assert len({a.about.code for a in fresh}) >= 4
    for n, assessment in enumerate(some(fresh)):
        again = stored(assessment)
        assert again == assessment
        assert again.to_json() == assessment.to_json()
        with_picture = n % 10 == 0
        assert page(again, with_picture=with_picture) == page(assessment, with_picture=with_picture)
        assert terminal_text(again) == terminal_text(assessment)


def places_of(part: Any, place: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    inner: Any = ()
    if isinstance(part, dict):
        inner = part.items()
    elif isinstance(part, list):
        inner = enumerate(part[:3])
    return [place, *(p for key, value in inner for p in places_of(value, (*place, key)))]


def by_kind(plain: dict[str, Any]) -> list[list[tuple[str | int, ...]]]:
    """Places in groups of one kind of field, so that each kind is hit alike."""
    keyed = ("reasons", "findings", "citations", "publications", "series", "evidence", "notes")
    kinds: dict[tuple[str | int, ...], list[tuple[str | int, ...]]] = {}
    for place in places_of(plain)[1:]:
        kind = tuple(
            "*" if isinstance(key, int) or (n == 1 and place[0] in keyed) else key
            for n, key in enumerate(place)
        )
        kinds.setdefault(kind, []).append(place)
    return list(kinds.values())


def spoiled(plain: dict[str, Any], rng: random.Random) -> dict[str, Any]:
    """The result with one part replaced, taken away, or added."""
    changed = copy.deepcopy(plain)
    place = rng.choice(rng.choice(by_kind(plain)))
    part: Any = changed
    for key in place[:-1]:
        part = part[key]
    what, key = rng.random(), place[-1]
    if what < 0.75:
        part[key] = copy.deepcopy(rng.choice(BAD))
    elif what < 0.9:
        del part[key]
    elif isinstance(part, dict):
        part[f"{key}x"] = 1
    return changed


@pytest.mark.slow
def test_a_spoiled_result_is_refused_with_a_sentence_or_drawn_without_harm() -> None:
    rng = random.Random(20261129)
    plain = [examples()[patient].to_dict() for patient in ("SYN-01", "SYN-08")]
    drawn, refused = 0, 0
    for n in range(150):
        changed = spoiled(plain[n % 2], rng)
        try:
            result = Assessment.from_json(json.dumps(changed))
        except ResultError as error:
            refused += 1
            assert str(error).endswith(".") and len(str(error)) < 400
            continue
        drawn += 1
        assert SCRIPT not in page(result, with_picture=n % 5 == 0)
        assert "\x1b" not in terminal_text(result)
        assert stored(result) == result
    assert drawn > 10 and refused > 50


def test_a_script_in_every_free_text_stays_text() -> None:
    plain = examples()["SYN-01"].to_dict()
    plain["patient_id"] = plain["as_of_date"] = plain["region"] = SCRIPT
    plain["case"]["heavy_chain"] = [SCRIPT]
    plain["rows"] = [SCRIPT + row for row in plain["rows"]]
    for name in ("reasons", "findings", "citations", "support", "notes"):
        for part in plain[name].values():
            part["text"] = SCRIPT
    for publication in plain["publications"].values():
        publication |= {"line": SCRIPT, "title": SCRIPT, "doi": '"><script>alert(1)</script>'}
    for therapy in plain["therapies"]:
        therapy["regimen"] = SCRIPT
    result = Assessment.from_json(json.dumps(plain))
    assert "<script" not in page(result)
    # one that was made in Python, past the door: no picture ends the process, no screen obeys
    for part in plain["reasons"].values():
        part["text"] = "\x1b[31m"
    plain["therapies"][-1]["regimen"] = "Flu\ufffe\x01Cy"
    made = Assessment.from_dict(plain)
    assert "<script" not in page(made)
    assert "\x1b" not in terminal_text(made)


@pytest.mark.parametrize("odd", ["\x00", "\x0b", "\x1b", "\x7f", "\x9b", "\ufdd0", "\ufffe"])
def test_a_character_that_intake_lets_through_nowhere_is_refused(odd: str) -> None:
    for place in ("patient_id", f"x{odd}"):
        plain = examples()["SYN-08"].to_dict()
        plain[place] = f"SYN{odd}08"
        with pytest.raises(ResultError, match="a character that is no text"):
            Assessment.from_json(json.dumps(plain))


def test_half_a_character_is_refused() -> None:
    text = changed(examples()["SYN-08"].to_json(), "SYN-08", "SYN\\ud80008")
    with pytest.raises(ResultError, match="half of a surrogate pair"):
        Assessment.from_json(text)


@pytest.mark.parametrize(
    ("mark", "taken"),
    [
        ("\u200e", "\ufffd"),
        ("\u202e", "\ufffd"),
        ("\u2066", "\ufffd"),
        ("\u2028", " "),
        ("\r", "\r"),
        ("\u00a0", "\u00a0"),
        ("\ufffd", "\ufffd"),
    ],
)
def test_a_record_that_intake_took_is_drawn_from_its_result(
    mark: str, taken: str, tmp_path: Path
) -> None:
    """What a name of a registry may hold (here a mark of direction) never locks a result up."""
    shutil.copytree(ROOT / "examples" / "tables", tmp_path / "given")
    table = tmp_path / "given" / "therapies.csv"
    rows = table.read_text("utf-8")
    table.write_text(changed(rows, "VRd", f'"V{mark}Rd"'), "utf-8", newline="")
    record = next(r for r in read(tmp_path / "given").records if r.patient_id == "SYN-01")
    fresh = assess(record)
    assert any(taken in (therapy.regimen or "") for therapy in fresh.therapies)
    assert stored(fresh) == fresh


@pytest.mark.parametrize("usual", ["a\nb", "a\tb", "\\u001b", "é ü 中", "\\bfr"])
def test_a_usual_character_is_read(usual: str) -> None:
    plain = examples()["SYN-08"].to_dict()
    plain["patient_id"] = usual
    assert Assessment.from_json(json.dumps(plain)).patient_id == usual


def test_a_link_of_a_publication_is_a_web_address_or_none() -> None:
    plain = examples()["SYN-01"].to_dict()
    for publication in plain["publications"].values():
        publication.pop("doi", None)
        publication["url"] = "javascript:alert(1)"
    drawn = page(Assessment.from_json(json.dumps(plain)), with_picture=False)
    assert "javascript:" not in drawn


def changed(text: str, old: str, new: str) -> str:
    assert old in text
    return text.replace(old, new, 1)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('"as_of":', '"as_of":NaN,"x":', "contains NaN, which is not a number"),
        ('"as_of":', '"as_of":1,"as_of":', "the name 'as_of' appears twice"),
        ('"as_of":', '"as_of":1e999,"x":', "too large or too long"),
        ('"as_of":', '"as_of":' + "9" * 5000 + ',"x":', "too large or too long"),
        ('"as_of":', '"as_of":-1' + "0" * 18 + ',"x":', "a number that is too large: -1e+18"),
        ('"as_of":', '"unheard_of":1,"as_of":', "unknown field `unheard_of`"),
        ('"as_of":', '"as_of":"1","x":', "`$.as_of`"),
        ('"schema":"2-draft"', '"schema":"3"', "no result of schema 2-draft"),
        ('"schema":"2-draft"', '"schema":1', "schema 1, of Rearm 0.1.0"),
    ],
)
def test_a_result_that_is_not_well_formed_is_refused(old: str, new: str, words: str) -> None:
    text = changed(examples()["SYN-01"].to_json(), old, new)
    with pytest.raises(ResultError) as error:
        Assessment.from_json(text)
    assert words in str(error.value)


@pytest.mark.parametrize(
    ("path", "value", "words"),
    [
        (("options", 0, "against"), ["gone"], "the reason gone"),
        (("reasons", "bcma-lost", "findings"), ["gone"], "the finding gone"),
        (("options", 0, "evidence"), "gone", "the evidence gone"),
        (("options", 0, "support"), ["gone"], "the support gone"),
        (("options", 0, "disagreements"), ["gone"], "the note gone"),
        (("options", 0, "sequence"), ["gone"], "the strategy gone"),
        (("options", 0, "strategy"), "gone", "the strategy gone"),
        (("answer", "tiers", 0, "strategies", 0, "option"), "gone", "the option gone"),
        (("answer", "tiers", 0, "strategies", 0, "options"), ["gone"], "the option gone"),
        (("answer", "tiers", 0, "strategies", 0, "strategy"), "gone", "the strategy gone"),
        (("answer", "tiers", 0, "strategies", 0, "because"), ["gone"], "the reason gone"),
        (("answer", "tiers", 0, "strategies", 0, "waits_for"), ["gone"], "the reason gone"),
        (("answer", "tiers", 0, "strategies", 0, "figures"), ["gone"], "the evidence gone"),
        (("answer", "then"), ["gone"], "the strategy gone"),
        (("therapies", 0, "row"), 10_000, "the row 10000"),
        (("therapies", 0, "row"), -1, "the row -1"),
        (("tests", 0, "citations"), ["gone"], "the citation gone"),
        (("titles", "workups"), {}, "the work-up "),
        (("titles", "factors"), {}, "the factor "),
        (("publications",), {}, "the publication "),
    ],
)
def test_an_id_that_leads_nowhere_is_named(
    path: tuple[str | int, ...], value: object, words: str
) -> None:
    plain: Any = examples()["SYN-01"].to_dict()
    part = plain
    for key in path[:-1]:
        part = part[key]
    part[path[-1]] = value
    with pytest.raises(ResultError, match=f"refers to {words}"):
        Assessment.from_dict(plain)


@pytest.mark.parametrize(
    "text", ["", "[]", "null", "1", '{"schema"', "[" * 100_000, '{"a":' * 100_000, "\x00", "no"]
)
def test_what_is_no_result_gets_a_sentence(text: str) -> None:
    with pytest.raises(ResultError) as error:
        Assessment.from_json(text)
    assert str(error.value).startswith(("This is no result of schema", "The result "))


def test_a_cut_file_gets_a_sentence() -> None:
    text = examples()["SYN-08"].to_json()
    for end in some(range(1, len(text), len(text) // 40)):
        with pytest.raises(ResultError):
            Assessment.from_json(text[:end])
