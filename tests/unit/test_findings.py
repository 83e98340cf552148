"""The register of findings, intervals, logic with unknown, and what the result of `find` promises."""

import math

import pytest
from tests.support.loops import some

from rearm.findings import DERIVED, FUNCTIONS, Found, derive, find
from rearm.findings.base import all3, any3, finding, measured, not3
from rearm.findings.chart import PatientChart
from rearm.findings.microenvironment import divided
from rearm.interval import Interval
from rearm.knowledge.catalogue import load_catalogue
from rearm.outcome.failure import failures
from rearm.record import Condition, Infusion, Lab, Record, Source, Toxicity, When

S = Source("t", "row 1")
CATALOGUE = load_catalogue()


def record(**parts: object) -> Record:
    return Record(patient_id="P", source=S, **parts)  # type: ignore[arg-type]


def found(r: Record, as_of: int = 100) -> dict[str, Found]:
    cut = r.known_at(as_of)
    return find(cut, failures(cut), CATALOGUE, as_of=as_of)


def test_catalogue_and_functions_are_the_same_set() -> None:
    assert set(CATALOGUE) == set(FUNCTIONS) | set(DERIVED)
    assert not set(FUNCTIONS) & set(DERIVED)


def test_derived_findings_are_those_with_parts_in_the_catalogue() -> None:
    assert set(DERIVED) == {name for name, entry in CATALOGUE.items() if entry.from_}


def test_a_derived_finding_reads_no_more_than_the_catalogue_says() -> None:
    class Spy(dict):  # type: ignore[type-arg]
        read: set[str]

        def get(self, key: str, default: object = None) -> object:
            self.read.add(key)
            return super().get(key, default)

    for name, function in some(DERIVED.items()):
        spy = Spy(failure_status="failed", sex="F", age=Interval.of(40.0))
        spy.read = set()
        function(spy)
        assert spy.read <= set(CATALOGUE[name].from_), name


def test_derived_findings_stand_after_their_parts() -> None:
    order = list(DERIVED)
    for name in some(order):
        assert all(
            order.index(p) < order.index(name) for p in CATALOGUE[name].from_ if p in DERIVED
        )


def test_a_name_has_one_function() -> None:
    with pytest.raises(ValueError, match="two functions"):
        finding("bcma_flow_percent")(lambda chart: Found(None))


def test_an_empty_record_knows_nothing() -> None:
    values = {
        n: x for n, x in found(record()).items() if x.value is not None or x.quantity is not None
    }
    assert values == {}
    assert list(found(record())) == list(CATALOGUE)


def test_an_infusion_without_a_day() -> None:
    got = found(record(infusions=(Infusion(source=S, product="ide-cel", targets=("BCMA",)),)))
    assert got["car_target_bcma"].value is True
    assert got["days_since_infusion"].value is None
    assert got["alc_peak_15"].value is None


def test_what_was_only_collected_is_no_infusion() -> None:
    got = found(
        record(
            infusions=(
                Infusion(
                    source=S, product="ide-cel", targets=("BCMA",), infused=False, when=When.on(0)
                ),
            )
        )
    )
    assert got["infusions_given"].value == 0
    assert got["car_target_bcma"].value is None


def test_every_known_value_names_its_rows_and_says_what_was_seen() -> None:
    lab = Lab(
        test="neutrophils",
        when=When.on(95),
        source=Source("labs.csv", "row 12"),
        quantity=Interval.of(1.9),
        unit="10*9/L",
        specimen="blood",
    )
    got = found(record(labs=(lab,)))["neutrophils"]
    assert (got.value, got.sources) == (1.9, (Source("labs.csv", "row 12"),))
    assert got.text == "neutrophils in blood 1.9 10*9/L, blood, day 95"


def test_intervals() -> None:
    below = Interval(0, 0.5, high_open=True)
    assert measured(below, "x") == Found(None, (), "x", interval=below)
    assert measured(Interval(-math.inf, math.inf), "x") == Found(None, (), "x")
    assert measured(Interval(3, math.inf), "x").quantity == Interval(3, math.inf)
    assert measured(Interval.of(3.0), "x", whole=True).value == 3
    assert Found(True).quantity is None
    assert Found("PR").quantity is None
    assert Found(2).quantity == Interval.of(2.0)
    with pytest.raises(ValueError, match="NaN"):
        measured(Interval.of(math.nan), "x")


@pytest.mark.parametrize(
    ("values", "either", "both"),
    [
        ((True, None), True, None),
        ((False, None), None, False),
        ((True, False), True, False),
        ((False, False), False, False),
        ((True, True), True, True),
        ((), None, None),
    ],
)
def test_logic_with_unknown(
    values: tuple[bool | None, ...], either: bool | None, both: bool | None
) -> None:
    assert (any3(values), all3(values)) == (either, both)


def test_not_with_unknown() -> None:
    assert [not3(v) for v in (True, False, None)] == [False, True, None]


def test_quotients_and_hulls_of_intervals() -> None:
    assert divided(Interval.of(6.0), Interval.of(2.0)) == Interval(3.0, 3.0)
    assert divided(Interval.of(6.0), Interval(0.0, 2.0, high_open=True)) == Interval(
        3.0, math.inf, True, False
    )
    assert divided(Interval.of(0.0), Interval.of(0.0)) == Interval(0.0, math.inf)
    assert Interval.hull([Interval(1, 2), Interval(0, 1.5, low_open=True)]) == Interval(
        0, 2, True, False
    )


def test_a_wrong_type_is_a_fault_of_the_program(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(FUNCTIONS, "best_response", lambda chart: Found("remission"))
    with pytest.raises(ValueError, match="best_response"):
        found(record())
    monkeypatch.setitem(FUNCTIONS, "best_response", lambda chart: Found(True))
    with pytest.raises(ValueError, match="best_response"):
        found(record())


def test_derive_takes_hypothetical_values_and_keeps_the_rest() -> None:
    values = {
        "exposed_pi": True,
        "exposed_imid": True,
        "exposed_anti_cd38": None,
        "triple_class_exposed": True,
        "age": 50,
    }
    got = derive(values)
    assert got["triple_class_exposed"] is None
    assert derive({**values, "exposed_anti_cd38": True})["triple_class_exposed"] is True
    assert got["age"] == 50
    assert values["triple_class_exposed"] is True  # the argument is left as it was


def state(*rows: Condition, as_of: int = 100) -> bool | None:
    r = record(conditions=rows)
    return PatientChart(r.known_at(as_of), (), as_of).condition("diabetes").present


def present(
    first: int | None, last: int | None, status: str = "present", end: When | None = None
) -> Condition:
    return Condition(
        condition="diabetes", status=status, source=S, when=When(first, last), end=end or When()
    )


def test_the_latest_statement_on_a_condition_decides() -> None:
    assert state(present(10, 10), present(20, 20, "absent")) is False
    assert state(present(20, 20), present(10, 10, "absent")) is True
    assert state(present(20, 20), present(20, 20)) is True
    assert (
        state(present(None, None), present(10, 10, "absent")) is None
    )  # without a day there is no order
    assert state(present(5, 15), present(10, 10, "absent")) is None  # overlapping days
    assert state(present(5, 9), present(10, 10, "absent")) is False
    assert state(present(10, 10, end=When.on(40))) is False
    assert state(present(10, 10, end=When(40, None))) is None  # ended at some time from day 40 on
    assert state(present(10, 10, end=When.on(140))) is True  # what lies after as_of is not known


def test_a_toxicity_without_an_end_speaks_for_a_time_only() -> None:
    def lasting(as_of: int, lasts: int | None) -> bool | None:
        row = Toxicity(toxicity="crs", source=S, when=When.on(3), grade=2)
        return (
            PatientChart(record(toxicities=(row,)), (), as_of).toxicity("crs", lasts=lasts).present
        )

    assert (lasting(10, 30), lasting(100, 30), lasting(100, None)) == (True, None, True)
