"""What treats myeloma: a stated purpose, then the class of the agents; what neither tells stays
open.
"""

from __future__ import annotations

import pytest

from rearm.knowledge.bundle import bundled
from rearm.record import Source, Therapy
from rearm.therapy.anti_myeloma import stop_reason, treats_myeloma

# agents | unread | purpose | line | progression on it -> treats myeloma
ROWS = {
    "bortezomib": (("bortezomib",), (), None, None, None, True),
    "tocilizumab": (("tocilizumab",), (), None, None, None, False),
    "tocilizumab, purpose treatment": (("tocilizumab",), (), "treatment", None, None, False),
    "ruxolitinib, stated as salvage": (("ruxolitinib",), (), "salvage", None, None, True),
    "carfilzomib, stated as support": (("carfilzomib",), (), "supportive", None, None, False),
    "tocilizumab beside an unread name": (("tocilizumab",), ("XYZ",), None, None, None, None),
    "dexamethasone": (("dexamethasone",), (), None, None, None, None),
    "dexamethasone, purpose bridging": (("dexamethasone",), (), "bridging", None, None, True),
    "dexamethasone with a line number": (("dexamethasone",), (), None, 2, None, True),
    "dexamethasone, progression on it": (("dexamethasone",), (), None, None, True, True),
    "dexamethasone and bortezomib": (("dexamethasone", "bortezomib"), (), None, None, None, True),
    "siltuximab": (("siltuximab",), (), None, None, None, None),
    "unread": ((), ("XYZ",), None, None, None, None),
    "unread, stated as treatment of toxicity": (
        (), ("XYZ",), "toxicity_management", None, None, False,
    ),
    "unread, with a line number": ((), ("XYZ",), None, 3, None, True),
    "nothing named": ((), (), None, None, None, None),
}  # fmt: skip


@pytest.mark.parametrize("name", ROWS)
def test_what_treats_myeloma(name: str) -> None:
    agents, unread, purpose, line, progression_on, expected = ROWS[name]
    row = Therapy(
        source=Source("t", ""),
        agents=agents,
        unread=unread,
        purpose=purpose,
        line=line,
        progression_on=progression_on,
    )
    assert treats_myeloma(row) is expected


def test_each_class_of_the_lexicon_says_whether_it_treats_myeloma() -> None:
    lexicon = bundled().lexicon
    no = {a.id for a in lexicon.agents.values() if lexicon.treats_myeloma(a.id) is False}
    open_ = {a.id for a in lexicon.agents.values() if lexicon.treats_myeloma(a.id) is None}
    assert {"tocilizumab", "anakinra", "immunoglobulin", "g-csf", "zoledronic acid"} <= no
    assert open_ == {
        "dexamethasone", "prednisone", "prednisolone", "methylprednisolone", "siltuximab",
    }  # fmt: skip
    assert not any(lexicon.is_other_medication(name) for name in lexicon.agents)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("toxicity (PNP)", "toxicity"),
        ("Unverträglichkeit", "toxicity"),
        ("kein Ansprechen", "no_response"),
        ("Progress unter Therapie", "progression"),
        ("completed, no toxicity", None),
        ("planned end", None),
        (None, None),
    ],
)
def test_why_a_treatment_was_stopped(text: str | None, expected: str | None) -> None:
    assert stop_reason(Therapy(source=Source("t", ""), stop_reason=text)) == expected
