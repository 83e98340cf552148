"""The register of findings, intervals, logic with unknown, and what `find` promises."""

import math
import pickle
from dataclasses import replace
from typing import Any

import pytest
from tests.support.loops import some

from rearm.findings import DERIVED, FUNCTIONS, Found, computable, derive, derived_from, find
from rearm.findings.base import FAMILIES, all3, any3, finding, measured, not3
from rearm.findings.chart import PatientChart
from rearm.findings.microenvironment import divided
from rearm.interval import Interval
from rearm.knowledge import Catalogue, KnowledgeError
from rearm.knowledge.bundle import bundled, load
from rearm.knowledge.catalogue import load_catalogue
from rearm.knowledge.lexicon import Lexicon
from rearm.outcome.failures import failures
from rearm.record import Condition, Infusion, Lab, Record, Source, Therapy, Toxicity, When

S = Source("t", "row 1")
CATALOGUE = load_catalogue()


def record(**parts: object) -> Record:
    return Record(patient_id="P", source=S, **parts)  # type: ignore[arg-type]


def found(r: Record, as_of: int = 100) -> dict[str, Found]:
    cut = r.known_at(as_of)
    return find(cut, failures(cut), CATALOGUE, as_of=as_of)


def of_families(r: Record, lexicon: Lexicon | None = None) -> dict[str, Found]:
    chart = PatientChart(r, (), 100, lexicon)
    return {name: x for family in FAMILIES for name, x in family.give(chart).items()}


def test_catalogue_and_functions_are_the_same_set() -> None:
    families = set(of_families(record()))
    assert set(CATALOGUE) == set(FUNCTIONS) | families | set(DERIVED)
    assert len(CATALOGUE) == len(FUNCTIONS) + len(families) + len(DERIVED)
    assert set(CATALOGUE) == computable(bundled().lexicon)


def test_findings_of_each_agent_are_yes_or_no() -> None:
    """They are not checked one by one for each patient."""
    rows = (
        Therapy(source=S, line=1, agents=("bortezomib", "lenalidomide"), progression_on=True),
        Therapy(source=S, line=2, agents=("melphalan",), stop_reason="toxicity"),
    )
    answers = of_families(record(therapies=rows))
    assert {type(x.value) for x in answers.values()} == {bool, type(None)}
    assert {CATALOGUE[name].type for name in answers} == {"bool"}


def test_agents_that_nothing_speaks_of_share_one_answer() -> None:
    rows = (Therapy(source=S, line=1, agents=("bortezomib",), purpose="treatment"),)
    chart = PatientChart(record(therapies=rows), (), 100)
    assert chart.exposure.spoken_of == {"bortezomib"}
    answers = [chart.exposure.agent(a) for a in chart.lexicon.agents if a != "bortezomib"]
    assert answers
    assert all(x is chart.exposure.silent for x in answers)


def test_an_agent_of_another_lexicon_counts() -> None:
    bundled = load().lexicon
    new = replace(bundled.agents["bortezomib"], id="newdrug", name="newdrug", rxnorm=None)
    lexicon = replace(bundled, agents={**bundled.agents, "newdrug": new})
    rows = (
        Therapy(source=S, line=1, agents=("newdrug",), purpose="treatment", progression_on=True),
    )
    r = record(therapies=rows)
    answers = of_families(r, lexicon)
    assert answers["exposed_newdrug"].value is True
    assert answers["refractory_newdrug"].value is True
    chart = PatientChart(r, (), 100, lexicon)
    assert FUNCTIONS["exposed_pi"](chart).value is True
    # the bundled lexicon does not know it: then it may be anything
    assert FUNCTIONS["exposed_pi"](PatientChart(r, (), 100)).value is None


def test_derived_findings_are_those_with_parts_in_the_catalogue() -> None:
    assert {name: x.parts for name, x in DERIVED.items()} == {
        name: entry.from_ for name, entry in CATALOGUE.items() if entry.from_
    }


def test_a_derived_finding_reads_no_more_than_its_parts() -> None:
    class Spy(dict):  # type: ignore[type-arg]
        read: set[str]

        def get(self, key: str, default: object = None) -> object:
            self.read.add(key)
            return super().get(key, default)

    for name, derivation in some(DERIVED.items()):
        spy = Spy(failure_status="failed", sex="F", age=Interval.of(40.0))
        spy.read = set()
        derivation.compute(spy)
        assert spy.read, name
        assert spy.read <= set(derivation.parts), name


def test_derived_findings_stand_after_their_parts() -> None:
    order = list(DERIVED)
    pairs = [(p, name) for name, x in DERIVED.items() for p in x.parts if p in DERIVED]
    assert pairs
    assert all(order.index(part) < order.index(name) for part, name in pairs)


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
    given = Infusion(source=S, product="ide-cel", targets=("BCMA",), infused=True)
    got = found(record(infusions=(given,)))
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


def test_an_entry_without_a_function_is_told_in_a_sentence() -> None:
    entry = replace(CATALOGUE["ecog"], name="phosphate")
    catalogue = Catalogue({**CATALOGUE.findings, "phosphate": entry}, CATALOGUE.groups)
    with pytest.raises(
        KnowledgeError, match="finding phosphate: no function computes it"
    ) as raised:
        find(record(), (), catalogue, as_of=100)
    again = pickle.loads(pickle.dumps(raised.value))
    assert (str(again), again.problems) == (str(raised.value), raised.value.problems)


def test_a_value_that_the_catalogue_does_not_allow_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(FUNCTIONS, "best_response", lambda chart: Found("remission"))
    with pytest.raises(KnowledgeError, match="best_response"):
        found(record())
    monkeypatch.setitem(FUNCTIONS, "best_response", lambda chart: Found(True))
    with pytest.raises(KnowledgeError, match="best_response"):
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
    def state(name: str, as_of: int) -> tuple[bool | None, bool]:
        row = Toxicity(toxicity=name, source=S, when=When.on(3), grade=2)
        presence = PatientChart(record(toxicities=(row,)), (), as_of).toxicity(name)
        return presence.present, presence.suspected

    assert state("crs", 10) == (True, False)
    assert state("crs", 60) == (None, True)  # nobody has recorded its end
    assert state("crs", 200) == (None, False)
    assert state("peripheral_neuropathy", 2000) == (True, False)  # chronic


def test_a_text_is_made_when_it_is_read_and_travels_as_words() -> None:
    made = []

    def text() -> str:
        made.append(1)
        return "seen"

    found = Found(True, (S,), text)
    assert (found.has_text, made) == (True, [])
    assert pickle.loads(pickle.dumps(found)) == found == Found(True, (S,), "seen")
    assert {found.text, found.text} == {"seen"}
    assert len(made) == 1
    assert found != Found(True, (S,), "not seen")
    assert found != Found(True, (S,), "seen", interval=Interval.of(1.0))


def test_what_rests_on_a_change_is_derived_anew_and_nothing_else() -> None:
    values: dict[str, Any] = {"exposed_pi": True, "exposed_imid": True, "bcma_status": "lost"}
    assert derived_from(values, {"exposed_anti_cd38": True}) == {"triple_class_exposed": True}
    assert derived_from(values, {"platelets": 30.0}) == {}
    urgent = derived_from(values, {"hypercalcaemia": True, "failure_status": "failed"})
    assert urgent == {"urgent": True, "relapse_status": "failed", "asymptomatic_relapse": False}
    # what is itself supposed is left alone, and what follows from it is derived from that
    supposed: dict[str, Any] = {"urgent": True, "failure_status": "failed"}
    expected = {"relapse_status": "failed", "asymptomatic_relapse": False}
    assert derived_from(values, supposed) == expected
