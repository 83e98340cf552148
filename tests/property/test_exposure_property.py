"""Exposure and lines on generated histories: the future is not read, more rows never take an
exposure back, days may be shifted.
"""

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from rearm.knowledge.bundle import bundled
from rearm.record import Infusion, Record, ResponseStatement, Source, Therapy, When
from rearm.therapy.exposure import exposure
from rearm.therapy.lines import lines, rows_outside_lines

AGENTS = [
    "bortezomib",
    "carfilzomib",
    "lenalidomide",
    "daratumumab",
    "teclistamab",
    "melphalan",
    "dexamethasone",
]
PURPOSES = [
    "induction",
    "treatment",
    "transplant",
    "maintenance",
    "bridging",
    "lymphodepletion",
    "salvage",
    "supportive",
    "radiotherapy",
]


@st.composite
def therapy(draw: st.DrawFn) -> Therapy:
    start = draw(st.one_of(st.none(), st.integers(-900, 400)))
    end = None if start is None else draw(st.one_of(st.none(), st.integers(start, start + 200)))
    return Therapy(
        source=Source("t", f"row {draw(st.integers(1, 10**6))}"),
        start=When() if start is None else When.on(start),
        end=When() if end is None else When.on(end),
        line=draw(st.one_of(st.none(), st.integers(1, 5))),
        agents=tuple(draw(st.lists(st.sampled_from(AGENTS), max_size=3, unique=True))),
        purpose=draw(st.sampled_from(PURPOSES)),
        progression_on=draw(st.sampled_from([None, True, False])),
        unread=draw(st.sampled_from([(), (), (), ("DRD",), ("Neumab",)])),
        after_infusion=draw(st.sampled_from([None, None, 0, 1])),
    )


@st.composite
def record(draw: st.DrawFn) -> Record:
    days = draw(st.lists(st.integers(-50, 300), max_size=2, unique=True))
    pd = draw(st.lists(st.integers(-900, 500), max_size=2))
    return Record(
        patient_id="X",
        source=Source("t", ""),
        therapies=tuple(draw(st.lists(therapy(), max_size=6))),
        infusions=tuple(
            Infusion(source=Source("i", str(d)), when=When.on(d), product="ide-cel") for d in days
        ),
        responses=tuple(
            ResponseStatement(response="PD", when=When.on(d), source=Source("a", str(d)))
            for d in pd
        ),
    )


def answers(r: Record, until: int | None = None) -> dict[str, tuple[bool | None, bool | None]]:
    e = exposure(r, until=until)
    return {a: (e.agent(a).value, e.refractory_agent(a).value) for a in AGENTS}


@settings(max_examples=150, deadline=None)
@given(record(), therapy())
def test_one_more_row_takes_no_exposure_and_no_refractoriness_back(
    r: Record, more: Therapy
) -> None:
    given_more = replace(r, therapies=(*r.therapies, replace(more, start=When(), end=When())))
    for agent, (exposed, _) in answers(r).items():
        assert not exposed or answers(given_more)[agent][0] is True


@settings(max_examples=150, deadline=None)
@given(record(), st.integers(-900, 500))
def test_nothing_after_until_is_read(r: Record, until: int) -> None:
    dated = replace(r, therapies=tuple(t for t in r.therapies if t.start.day is not None))
    assert answers(dated, until) == answers(dated.known_at(until))


@settings(max_examples=150, deadline=None)
@given(record(), st.integers(-500, 500))
def test_shifting_all_days_changes_nothing(r: Record, by: int) -> None:
    def moved(when: When) -> When:
        return When() if when.day is None else When.on(when.day + by)

    shifted = replace(
        r,
        therapies=tuple(replace(t, start=moved(t.start), end=moved(t.end)) for t in r.therapies),
        infusions=tuple(replace(x, when=moved(x.when)) for x in r.infusions),
        responses=tuple(replace(x, when=moved(x.when)) for x in r.responses),
    )
    assert answers(r) == answers(shifted)
    assert [[t.source for t in x.rows] for x in lines(r)] == [
        [t.source for t in x.rows] for x in lines(shifted)
    ]


@settings(max_examples=150, deadline=None)
@given(record())
def test_every_row_is_in_one_line_or_outside_and_not_exposed_is_not_refractory(r: Record) -> None:
    inside = [t for x in lines(r) for t in x.rows]
    assert len(inside) + len(rows_outside_lines(r)) == len(r.therapies)
    e = exposure(r)
    for agent in bundled().lexicon.agents:
        if e.agent(agent).value is False:
            assert e.refractory_agent(agent).value is False
