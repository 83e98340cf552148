"""The centre's own names of regimens: compared with the whole text first, then within it."""

from __future__ import annotations

import pytest

from rearm.intake.regimen.read import parse

OWN = {
    "Foo + Bar": ("bortezomib",),
    "Foo (x)": ("carfilzomib", "dexamethasone"),
    "Foo, Bar": ("ixazomib",),
    "VTD + autogreffe Mel200, Revlimid": ("bortezomib", "thalidomide"),
    "Essai 3?": ("iberdomide",),
    "BPV": ("bendamustine", "prednisone", "bortezomib"),
}

WHOLE = [
    ("Foo + Bar", "Foo + Bar"),
    ("foo+bar", "Foo + Bar"),
    (" Foo  (X) ", "Foo (x)"),
    ("Foo, Bar", "Foo, Bar"),
    ("VTD + autogreffe Mel200, Revlimid", "VTD + autogreffe Mel200, Revlimid"),
    ("Essai 3?", "Essai 3?"),
]


@pytest.mark.parametrize(("text", "name"), WHOLE)
def test_a_whole_text_is_compared_first(text: str, name: str) -> None:
    reading = parse(text, OWN)
    assert (reading.agents, reading.unread, reading.ambiguities) == (OWN[name], (), ())
    assert len(reading.parts) == 1
    (token,) = reading.tokens
    assert text[token.start : token.end] == text.strip()


def test_other_signs_are_another_text() -> None:
    """`BPV?` is marked as uncertain, and is not the name that was defined."""
    assert parse("BPV", OWN).agents == OWN["BPV"]
    assert parse("BPV?", OWN).unread == ("BPV?",)
    assert parse("Foo Bar", OWN).agents == (), "the letters of two names that differ"
    assert parse("B-P-V", OWN).agents == OWN["BPV"]


def test_a_name_within_a_text() -> None:
    assert parse("BPV, dann Revlimid", OWN).agents == (*OWN["BPV"], "lenalidomide")
