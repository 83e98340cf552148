"""For any text: no error, nothing lost, nothing invented."""

from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as st

from rearm.intake.regimen.read import parse
from rearm.knowledge.bundle import bundled

NAMES = sorted(
    {n for a in bundled().lexicon.agents.values() for n in a.names()}
    | {n for r in bundled().lexicon.regimens.values() for n in r.names}
)
WORDS = [
    "Erhaltung",
    "ASCT",
    "dann",
    "->",
    "+",
    ",",
    "(",
    ")",
    "/",
    "-",
    ":",
    "bis",
    "04/23",
    "2x",
    "ohne",
    "oder",
    "?",
    "PD",
    "CAR-T",
    "xyzzy",
    "geplant",
    "wegen",
    "RTx",
    "3.",
    "Chemotherapie",
    "und",
    "maintenance",
]
JOINTS = [" + ", ", ", " / ", " und ", " and "]
ANY = st.one_of(
    st.text(max_size=60),
    st.lists(st.sampled_from(NAMES + WORDS), max_size=9).map(" ".join),
    st.lists(st.sampled_from(NAMES + WORDS), max_size=9).map("".join),
)


@settings(max_examples=400, deadline=None)
@given(ANY)
@example("²")
@example("ſ İ ß")
@example("((((VRd)")
def test_every_letter_and_digit_has_a_role(text: str) -> None:
    reading = parse(text)
    covered = {i for t in reading.tokens for i in range(t.start, t.end)}
    assert [c for i, c in enumerate(text) if c.isalnum() and i not in covered] == []
    for token in reading.tokens:
        assert text[token.start : token.end] == token.text
    assert all(a.end <= b.start for a, b in zip(reading.tokens, reading.tokens[1:], strict=False))


@settings(max_examples=300, deadline=None)
@given(ANY)
def test_unread_tokens_are_all_reported(text: str) -> None:
    reading = parse(text)
    lost = [
        t.text
        for t in reading.tokens
        if t.role == "unread" and not any(t.text in u for u in reading.unread)
    ]
    assert not lost
    assert all(
        any(t.text in a.text for a in reading.ambiguities)
        for t in reading.tokens
        if t.role == "ambiguous"
    )
    assert set(reading.agents) <= set(bundled().lexicon.agents)
    assert reading == parse(text)


@settings(max_examples=200, deadline=None)
@given(
    st.lists(
        st.sampled_from(sorted(bundled().lexicon.agents)), min_size=1, max_size=5, unique=True
    ),
    st.sampled_from(JOINTS),
)
def test_agents_listed_one_by_one_are_all_read(agents: list[str], joint: str) -> None:
    reading = parse(joint.join(agents))
    assert set(reading.agents) == set(agents)
    assert not reading.left_open


@settings(max_examples=100, deadline=None)
@given(
    st.sampled_from(
        [r for r in bundled().lexicon.regimens.values() if r.agents and not r.id.endswith("-upper")]
    )
)
def test_every_listed_name_reads_to_its_agents(regimen: Any) -> None:
    for name in regimen.names:
        assert set(parse(name).agents) == set(regimen.agents), name
