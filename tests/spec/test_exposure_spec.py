"""Exposure and refractoriness as tables. yes, no, and `?` for unknown; stated stands beside
computed.
"""

import math
from dataclasses import replace
from typing import Any

import pytest

from rearm.interval import Interval
from rearm.record import (
    Fact,
    Infusion,
    Record,
    RefractorinessStatement,
    ResponseStatement,
    Source,
    Therapy,
    When,
)
from rearm.therapy.exposure import exposure

WORD = {True: "yes", False: "no", None: "?"}


def row(
    n: int,
    agents: str,
    purpose: str = "treatment",
    start: int | None = None,
    end: int | None = None,
    **more: object,
) -> Therapy:
    return Therapy(
        source=Source("therapies", f"row {n}"),
        agents=tuple(a for a in agents.split(";") if a),
        purpose=purpose,
        start=When() if start is None else When.on(start),
        end=When() if end is None else When.on(end),
        **more,  # type: ignore[arg-type]
    )


def record(
    *rows: Therapy,
    infused: tuple[Infusion, ...] = (),
    stated: dict[str, str] | None = None,
    pd: tuple[int, ...] = (),
) -> Record:
    words = (stated or {}).items()
    statements = tuple(
        RefractorinessStatement(agent_or_class=k, status=v, source=Source("refractoriness", k))
        for k, v in words
    )
    responses = tuple(
        ResponseStatement(response="PD", when=When.on(d), source=Source("assessments", f"day {d}"))
        for d in pd
    )
    return Record(
        patient_id="X",
        source=Source("t", ""),
        therapies=rows,
        infusions=infused,
        refractoriness=statements,
        responses=responses,
    )


VRD = row(1, "bortezomib;lenalidomide;dexamethasone", "induction", -900, -800, line=1)
ASCT = row(2, "melphalan", "transplant", -780, -780, line=1, graft="autologous")
MAINTENANCE = row(3, "lenalidomide", "maintenance", -700, -300, line=1, progression_on=True)
DPD = row(
    4,
    "daratumumab;pomalidomide;dexamethasone",
    "treatment",
    -290,
    -100,
    line=2,
    progression_on=True,
)
FLUCY = row(5, "fludarabine;cyclophosphamide", "lymphodepletion", -5, -3)
IDE_CEL = Infusion(source=Source("infusions", "row 1"), when=When.on(0), product="ide-cel")
FULL = record(VRD, ASCT, MAINTENANCE, DPD, FLUCY, infused=(IDE_CEL,))


@pytest.mark.parametrize(
    ("agent", "exposed", "refractory"),
    [
        ("bortezomib", "yes", "no"),  # the line went on: no progression on induction
        ("lenalidomide", "yes", "yes"),
        ("pomalidomide", "yes", "yes"),
        ("daratumumab", "yes", "yes"),
        ("carfilzomib", "no", "no"),
        ("cyclophosphamide", "no", "no"),  # lymphodepletion is not against myeloma
        ("ide-cel", "yes", "?"),  # CAR-T has a time to progression
        ("cilta-cel", "no", "?"),
    ],
)
def test_agents_of_a_full_history(agent: str, exposed: str, refractory: str) -> None:
    e = exposure(FULL)
    assert WORD[e.agent(agent).value] == exposed
    assert WORD[e.refractory_agent(agent).value] == refractory


@pytest.mark.parametrize(
    ("target", "kind", "exposed"),
    [
        ("BCMA", None, "yes"),
        ("BCMA", "car-t", "yes"),
        ("BCMA", "bispecific", "no"),
        ("BCMA", "adc", "no"),
        ("GPRC5D", None, "no"),
        ("CD38", "antibody", "yes"),
    ],
)
def test_targets(target: str, kind: str | None, exposed: str) -> None:
    assert WORD[exposure(FULL).target(target, kind).value] == exposed


def test_groups_of_classes() -> None:
    e = exposure(FULL)
    assert e.cls("anti-BCMA").value is True
    assert e.triple_class_exposed().value is True
    assert e.triple_class_refractory().value is False  # bortezomib is not refractory
    assert e.penta_exposed().value is False  # no carfilzomib
    assert e.penta_refractory().value is False


def test_without_prior_lines_nothing_is_called_not_given() -> None:
    for r in (
        record(),
        record(FLUCY, infused=(IDE_CEL,)),
        record(row(1, "bortezomib", "bridging", -30, -10), infused=(IDE_CEL,)),
    ):
        assert exposure(r).agent("carfilzomib").value is None
        assert exposure(r).refractory_cls("IMiD").value is None


def test_salvage_alone_is_no_history_of_prior_lines() -> None:
    r = record(row(1, "talquetamab", "salvage", 200, 260), infused=(IDE_CEL,))
    assert exposure(r).agent("talquetamab").value is True
    assert exposure(r).agent("lenalidomide").value is None


@pytest.mark.parametrize(
    ("unread", "agent", "exposed"),
    [
        ("Neumab", "carfilzomib", "?"),  # may be anything
        ("DRD", "carfilzomib", "?"),  # daratumumab with lenalidomide or carfilzomib
        ("DRD", "daratumumab", "yes"),  # in both readings
        ("DRD", "elotuzumab", "no"),  # in neither
        ("PD", "pomalidomide", "?"),  # or progressive disease
        ("PD", "carfilzomib", "no"),
    ],
)
def test_an_unread_regimen_leaves_open_what_it_may_hold(
    unread: str, agent: str, exposed: str
) -> None:
    r = record(
        row(1, "bortezomib;dexamethasone", line=1),
        row(2, "", line=2, unread=(unread,), regimen=unread),
    )
    assert WORD[exposure(r).agent(agent).value] == exposed


def test_a_history_said_to_be_incomplete_or_with_a_line_missing_denies_nothing() -> None:
    no = replace(
        FULL,
        facts=(
            Fact(finding="therapy_history_complete", value="no", source=Source("facts", "row 1")),
        ),
    )
    assert exposure(no).agent("carfilzomib").value is None
    assert exposure(no).agent("bortezomib").value is True
    gap = record(row(1, "bortezomib", line=1), row(2, "daratumumab", line=4))
    assert exposure(gap).agent("carfilzomib").value is None


def test_a_transplant_without_conditioning_leaves_the_alkylator_open() -> None:
    r = record(VRD, row(2, "", "transplant", -700, -700, regimen="ASCT"))
    assert exposure(r).agent("melphalan").value is None
    assert exposure(r).agent("carfilzomib").value is False


def test_bridging_counts_as_exposure() -> None:
    r = record(VRD, row(2, "carfilzomib;dexamethasone", "bridging", -40, -20), infused=(IDE_CEL,))
    assert exposure(r).agent("carfilzomib").value is True


def test_a_product_never_infused_exposes_to_nothing() -> None:
    r = record(VRD, infused=(replace(IDE_CEL, infused=False, when=When()),))
    assert exposure(r).target("BCMA").value is False


def test_stated_not_exposed_against_a_row_is_kept_and_flagged() -> None:
    answer = exposure(record(VRD, stated={"bortezomib": "not exposed"})).agent("bortezomib")
    assert (answer.value, answer.stated, answer.computed) == (True, "not_exposed", True)
    assert "stated" in answer.note


@pytest.mark.parametrize(
    ("stated", "asked", "used", "computed"),
    [
        (
            {"lenalidomide": "exposed"},
            "lenalidomide",
            "?",
            "yes",
        ),  # no statement makes a recorded progression undone
        ({"lenalidomide": "not_exposed"}, "lenalidomide", "?", "yes"),
        ({"IMiD": "not_exposed"}, "IMiD", "?", "yes"),
        ({"bortezomib": "refractory"}, "bortezomib", "yes", "no"),
        (
            {"bortezomib": "refractory"},
            "proteasome inhibitor",
            "yes",
            "no",
        ),  # an agent speaks for its class
        ({"IMiD": "refractory"}, "IMiD", "yes", "yes"),
        (
            {"anti-CD38": "refractory"},
            "daratumumab",
            "yes",
            "yes",
        ),  # the only one of its class that was given
        ({"IMiD": "exposed"}, "pomalidomide", "?", "yes"),
        ({}, "IMiD", "yes", "yes"),
    ],
)
def test_stated_and_computed_refractoriness(
    stated: dict[str, str], asked: str, used: str, computed: str
) -> None:
    e = exposure(replace(FULL, refractoriness=record(stated=stated).refractoriness))
    answer = (
        e.refractory_cls(asked)
        if asked in ("IMiD", "proteasome inhibitor")
        else e.refractory_agent(asked)
    )
    assert (WORD[answer.value], WORD[answer.computed]) == (used, computed)


@pytest.mark.parametrize(
    ("end", "pd", "next_start", "refractory"),
    [
        (100, 90, None, "yes"),  # on it
        (100, 160, None, "yes"),  # 60 days after the last dose
        (100, 161, None, "?"),  # 61 days: not shown, and not excluded
        (100, 150, 120, "?"),  # another treatment began before the progression
        (100, 110, 120, "yes"),
    ],
)
def test_sixty_days(end: int, pd: int, next_start: int | None, refractory: str) -> None:
    rows = [row(1, "carfilzomib;dexamethasone", start=0, end=end)]
    if next_start is not None:
        rows.append(row(2, "selinexor", start=next_start, end=next_start + 200))
    assert (
        WORD[exposure(record(*rows, pd=(pd,))).refractory_agent("carfilzomib").computed]
        == refractory
    )


def test_progression_after_the_infusion_is_not_held_against_bridging() -> None:
    r = record(VRD, row(2, "carfilzomib", "bridging", -40, -20), infused=(IDE_CEL,), pd=(30,))
    assert exposure(r).refractory_agent("carfilzomib").computed is None


def test_until_reads_nothing_later() -> None:
    r = record(
        VRD,
        DPD,
        row(6, "talquetamab", "salvage", 200, 260, progression_on=True),
        infused=(IDE_CEL,),
    )
    assert exposure(r).agent("talquetamab").value is True
    assert exposure(r, until=100).agent("talquetamab").value is False
    assert exposure(r, until=-950).agent("bortezomib").value is None


def test_first_transplant_to_progression() -> None:
    found = exposure(FULL).first_transplant_to_progression()
    assert found.days == Interval.of(480)  # to the end of maintenance with progression on it
    assert exposure(record(VRD)).first_transplant_to_progression().days is None


# months of the transplants, months (or None) of the PDs as days; days from transplant to PD
BY_MONTHS = [
    ([When(-1000, -970)], [When(-500, -470)], Interval(470, 530)),
    ([When.on(-980)], [When(-500, -470)], Interval(480, 510)),
    ([When(-1000, -970)], [When(-980, -950)], None),  # it may have come before
    ([When(-1000, -970)], [When(-980, -950), When(-500, -470)], Interval(0, 530)),
    ([When(-1000, -970)], [When(1, None)], Interval(971, math.inf)),
    ([When(-1000, -970), When(-900, -870)], [When(-500, -470)], Interval(470, 530)),
    ([When(-1000, -970), When()], [When(-500, -470)], None),  # which was the first is open
    ([When(-1000, -970)], [When()], None),
]


@pytest.mark.parametrize(("transplants", "progressions", "days"), BY_MONTHS)
def test_transplant_and_progression_by_months(
    transplants: list[When], progressions: list[When], days: Interval | None
) -> None:
    rows = [replace(ASCT, start=when, end=when) for when in transplants]
    stated = [
        ResponseStatement(response="PD", when=when, source=Source("assessments", f"row {n}"))
        for n, when in enumerate(progressions)
    ]
    patient = replace(record(*rows), responses=tuple(stated))
    assert exposure(patient).first_transplant_to_progression().days == days


# maintenance from day -900, in the line of the transplant of day -980; then another line with a
# dated progression on day -500: what the row of maintenance says, and the days that follow
OF_MAINTENANCE = [
    ({"end": When.on(-800), "progression_on": True}, Interval.of(180)),
    ({"progression_on": True}, Interval(80, 480)),  # on a day that nobody gives
    ({"end": When.on(-800)}, Interval(80, 480)),  # nobody says why the next line began
    ({"end": When.on(-800), "progression_on": False}, Interval.of(480)),
]


@pytest.mark.parametrize(("says", "days"), OF_MAINTENANCE)
def test_a_progression_that_nobody_dates_bounds_the_days(
    says: dict[str, Any], days: Interval
) -> None:
    rows = [
        replace(ASCT, start=When.on(-980), end=When.on(-980), line=1),
        replace(row(8, "lenalidomide", "maintenance", -900, line=1), **says),
        row(9, "carfilzomib;dexamethasone", "treatment", -700, -500, line=2, progression_on=True),
    ]
    assert exposure(record(*rows)).first_transplant_to_progression().days == days


@pytest.mark.parametrize("name", ["Velcade", "", "nothing"])
def test_what_is_no_id_is_refused(name: str) -> None:
    with pytest.raises(KeyError):
        exposure(FULL).agent(name)


LINE_1 = row(1, "bortezomib;dexamethasone", "treatment", -900, -700, line=1)


@pytest.mark.parametrize(
    ("what", "rows", "infusion", "lenalidomide"),
    [
        (
            "line 2 is missing and the CAR-T came after line 3",
            (LINE_1, row(3, "pomalidomide", "treatment", -400, -200, line=3)),
            0,
            "?",
        ),
        (
            "line 2 is the CAR-T itself",
            (LINE_1, row(3, "pomalidomide", "treatment", 200, 300, line=3)),
            0,
            "no",
        ),
        (
            "line 1 is missing and the CAR-T came after line 2",
            (row(2, "pomalidomide", "treatment", -400, -200, line=2),),
            0,
            "?",
        ),
        (
            "one CAR-T can't be two lines",
            (LINE_1, row(4, "pomalidomide", "treatment", 200, 300, line=4)),
            0,
            "?",
        ),
        (
            "without days only the number of infusions counts",
            (row(1, "bortezomib", line=1), row(3, "pomalidomide", line=3)),
            None,
            "no",
        ),
    ],
)
def test_a_missing_line_is_an_infusion_only_in_its_place(
    what: str, rows: tuple[Therapy, ...], infusion: int | None, lenalidomide: str
) -> None:
    when = When() if infusion is None else When.on(infusion)
    given = Infusion(source=Source("infusions", "row 1"), when=when, product="ide-cel")
    assert (
        WORD[exposure(record(*rows, infused=(given,))).agent("lenalidomide").value] == lenalidomide
    ), what
