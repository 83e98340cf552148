"""What must hold of the findings of any record: the axis may be shifted, taking a row away adds no
knowledge, later rows are not read.
"""

from __future__ import annotations

from dataclasses import fields, replace
from datetime import date, timedelta
from typing import Any

from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from rearm.findings import DERIVED, Found, derive, find
from rearm.interval import Interval
from rearm.knowledge.catalogue import load_catalogue
from rearm.outcome.failure import Failure
from rearm.outcome.failures import failures
from rearm.record import (
    Condition,
    Fact,
    Imaging,
    Infusion,
    Lab,
    Record,
    RefractorinessStatement,
    ResponseStatement,
    Source,
    Therapy,
    Toxicity,
    Variant,
    When,
)

CATALOGUE = load_catalogue()
AS_OF = 220
LIMIT = settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
EVENTS = (
    "labs",
    "set_aside",
    "therapies",
    "infusions",
    "refractoriness",
    "variants",
    "imaging",
    "toxicities",
    "conditions",
    "facts",
)

NUMBERS = (
    "serum_m_protein", "lymphocytes", "neutrophils", "platelets", "hemoglobin", "creatinine",
    "calcium_corrected", "ferritin", "crp", "ldh", "soluble_bcma",
    "car_copies_per_ug_dna", "car_t_cells_flow", "igg", "circulating_plasma_cells", "marrow_blasts",
    "weight", "cd4_t_cells", "car_t_tim3",
)  # fmt: skip
WORDS = (
    ("hbsag", ("positive", "negative")),
    ("anti_car_antibody", ("positive", "negative")),
    ("csf_plasma_cells", ("positive", "negative")),
    ("iss", ("I", "II", "III")),
)
CONDITIONS = (
    "active_infection",
    "plasma_cell_leukaemia",
    "cns_myeloma",
    "heart_failure",
    "keratopathy",
    "mds_aml",
    "hypercalcaemia",
    "thrombosis",
    "pregnancy",
)
AGENTS = (
    ("talquetamab",),
    ("teclistamab",),
    ("bendamustine", "prednisone"),
    ("carfilzomib", "dexamethasone"),
    ("daratumumab", "lenalidomide"),
    ("melphalan",),
)


def quantities() -> st.SearchStrategy[Interval]:
    value = st.sampled_from((0.0, 0.1, 0.4, 0.9, 2.0, 5.0, 12.0, 40.0, 96.0, 2500.0))
    return st.one_of(
        value.map(Interval.of), value.filter(bool).map(lambda v: Interval(0.0, v, high_open=True))
    )


def days(first: int = -200, last: int = 260) -> st.SearchStrategy[When]:
    return st.integers(first, last).map(When.on)


@st.composite
def records(draw: st.DrawFn) -> Record:
    """A record of a patient with BCMA CAR-T on day 0 and whatever else."""
    count = iter(range(10_000))

    def src() -> Source:
        return Source("t", f"row {next(count)}")

    def number() -> Lab:
        return Lab(
            test=draw(st.sampled_from(NUMBERS)),
            when=draw(days()),
            source=src(),
            quantity=draw(quantities()),
            unit="u",
            ref_high=draw(st.sampled_from((None, 5.0))),
        )

    def word() -> Lab:
        test, words = draw(st.sampled_from(WORDS))
        return Lab(test=test, when=draw(days()), source=src(), word=draw(st.sampled_from(words)))

    def stain() -> Lab:
        test = draw(st.sampled_from(("bcma_positive_plasma_cells", "gprc5d_positive_plasma_cells")))
        method = draw(st.sampled_from(("flow_cytometry", "immunohistochemistry", None)))
        return Lab(
            test=test,
            when=draw(days(100)),
            source=src(),
            quantity=draw(quantities()),
            unit="%",
            method=method,
            specimen=draw(st.sampled_from(("marrow", "lesion_biopsy"))),
        )

    def mutation() -> Variant:
        gene, change, kind = draw(
            st.sampled_from(
                (
                    ("TNFRSF17", "deletion of one allele", "deletion"),
                    ("TNFRSF17", "p.Trp12Ter", "snv"),
                    ("TNFRSF17", "p.Arg27Pro", "snv"),
                    ("GPRC5D", "homozygous deletion", "deletion"),
                    ("t(11;14)", None, "translocation"),
                    ("17p13", None, "deletion"),
                    ("TP53", "p.Arg175His", "snv"),
                )
            )
        )
        share = draw(st.sampled_from((None, 0.3, 0.9)))
        return Variant(
            gene=gene,
            change=change,
            kind=kind,
            result=draw(st.sampled_from(("present", "absent"))),
            source=src(),
            when=draw(days(150, 230)),
            clonal_fraction=share,
            assay="WGS",
            site="marrow",
        )

    def lesion() -> Imaging:
        kind = draw(st.sampled_from(("extramedullary", "paraskeletal", "plasmacytoma", "bone")))
        return Imaging(
            source=src(),
            when=draw(days()),
            method=draw(st.sampled_from(("PET-CT", "MRI"))),
            result=draw(st.sampled_from(("positive", "negative"))),
            kind=kind,
            lesion=draw(st.sampled_from(("L1", "L2"))),
        )

    def illness() -> Condition:
        return Condition(
            condition=draw(st.sampled_from(CONDITIONS)),
                status=draw(st.sampled_from(("present", "resolved", "absent"))), source=src(),
                    when=draw(st.one_of(days(), st.just(When()))),
            grade=draw(st.sampled_from((None, 1, 3))),
        )  # fmt: skip

    def harm() -> Toxicity:
        end = draw(st.one_of(st.just(When()), days(0)))
        return Toxicity(
            toxicity=draw(st.sampled_from(("crs", "icans", "weight_loss", "infection", "icaht"))),
            source=src(),
            when=draw(days(0)),
            grade=draw(st.sampled_from((None, 0, 2, 3))),
            end=end,
        )

    def treatment() -> Therapy:
        start = draw(st.one_of(st.integers(-200, 250), st.none()))
        when = When() if start is None else When.on(start)
        end = When() if start is None or draw(st.booleans()) else When.on(start + 20)
        return Therapy(
            source=src(),
            start=when,
            end=end,
            agents=draw(st.sampled_from(AGENTS)),
            purpose=draw(st.sampled_from(("treatment", "bridging"))),
            line=draw(st.sampled_from((None, 1, 2))),
        )

    def statement() -> RefractorinessStatement:
        name = draw(st.sampled_from(("anti-GPRC5D", "anti-CD38", "carfilzomib")))
        return RefractorinessStatement(
            agent_or_class=name,
            status=draw(st.sampled_from(("refractory", "exposed", "not_exposed"))),
            source=src(),
            when=draw(days()),
        )

    def said() -> Fact:
        finding, value = draw(
            st.sampled_from(
                (
                    ("stored_cd34", "yes"),
                    ("stored_cd34", "no"),
                    ("lesion_histology", "L1=t_cell_neoplasm"),
                    ("lesion_histology", "L1=plasma_cells"),
                    ("nyha_class", "III"),
                )
            )
        )
        return Fact(finding=finding, value=value, source=src(), when=draw(days()), by="clinician")

    def some(make: Any, most: int) -> tuple[Any, ...]:
        return tuple(make() for _ in range(draw(st.integers(0, most))))

    aside = tuple(
        replace(x, quantity=None, word=None, why_set_aside="no unit") for x in some(number, 2)
    )
    return Record(
        patient_id="P", source=src(), sex=draw(st.sampled_from(("F", "M", None))),
            birth_date=date(1970, 5, 1), day_zero=date(2024, 1, 1), heavy_chain=("IgG",),
                light_chain="kappa",
        labs=(*some(number, 12), *some(word, 3), *some(stain, 3)), set_aside=aside,
            therapies=some(treatment, 3),
        infusions=(Infusion(source=src(), when=When.on(0), product="cilta-cel", targets=("BCMA",),
            apheresis=(When.on(-50),), in_specification=True),),
        responses=(
            ResponseStatement(response="PR", when=When.on(30), source=src(), by="team"),
            ResponseStatement(response="PD", when=When.on(200), source=src(), by="team"),
        ),
        refractoriness=some(statement, 2), variants=some(mutation, 3), imaging=some(lesion, 3),
            toxicities=some(harm, 3), conditions=some(illness, 4), facts=some(said, 3),
    )  # fmt: skip


def read(
    record: Record, judged: tuple[Failure, ...] | None = None, as_of: int = AS_OF
) -> dict[str, Found]:
    cut = record.known_at(as_of)
    return find(cut, failures(cut) if judged is None else judged, CATALOGUE, as_of=as_of)


def shift(record: Record, by: int) -> Record:
    def moved(value: Any) -> Any:
        if isinstance(value, When):
            return When(
                None if value.first is None else value.first + by,
                None if value.last is None else value.last + by,
            )
        return value

    def event(e: Any) -> Any:
        changes = {f.name: moved(getattr(e, f.name)) for f in fields(e)}
        if isinstance(e, Infusion):
            changes["apheresis"] = tuple(moved(when) for when in e.apheresis)
        return type(e)(**changes)

    parts: dict[str, Any] = {
        name: tuple(event(e) for e in getattr(record, name)) for name in (*EVENTS, "responses")
    }
    assert record.day_zero is not None
    return replace(record, day_zero=record.day_zero - timedelta(days=by), **parts)


@LIMIT
@given(records(), st.integers(-3000, 3000))
def test_shifting_all_days_changes_no_finding(record: Record, by: int) -> None:
    before, after = read(record), read(shift(record, by), as_of=AS_OF + by)
    assert {n: (x.value, x.quantity) for n, x in before.items()} == {
        n: (x.value, x.quantity) for n, x in after.items()
    }


@LIMIT
@given(records())
def test_nothing_after_as_of_is_read(record: Record) -> None:
    early: dict[str, Any] = {
        n: tuple(e for e in getattr(record, n) if (e.when.first or -1000) <= AS_OF) for n in EVENTS
    }
    assert read(record) == read(replace(record, **early))


@LIMIT
@given(records())
def test_values_fit_the_catalogue_and_known_ones_can_be_traced(record: Record) -> None:
    for name, x in read(record).items():
        entry = CATALOGUE[name]
        if entry.type == "word":
            assert x.value is None or x.value in entry.values
        assert x.value is None or x.interval is None, name
        assert x.interval is None or x.interval.low < x.interval.high, name
        if x.value is not None and not entry.from_ and x.value not in (False, 0):
            assert x.sources or name == "days_since_infusion", name
            assert x.text, name


@LIMIT
@given(records(), st.data())
def test_taking_a_row_away_adds_no_knowledge(record: Record, data: st.DataObject) -> None:
    """Except where the row contradicted another, and then it stands among the sources of what is
    not known. Treatments are another matter: in a complete history an agent that is named nowhere
    was not given.
    """
    filled = [
        n
        for n in EVENTS
        if n not in ("infusions", "refractoriness", "therapies") and getattr(record, n)
    ]
    assume(filled)
    table = data.draw(st.sampled_from(filled))
    rows = getattr(record, table)
    index = data.draw(st.integers(0, len(rows) - 1))
    gone = rows[index]
    judged = failures(record.known_at(AS_OF))
    before = read(record, judged)
    after = read(replace(record, **{table: rows[:index] + rows[index + 1 :]}), judged)
    for name, x in after.items():
        if name in DERIVED or before[name].value is not None or before[name].quantity is not None:
            continue
        if x.value is not None or x.quantity is not None:
            assert gone.source in before[name].sources, (name, before[name], x)


@LIMIT
@given(
    st.dictionaries(
        st.sampled_from(
            sorted(
                {
                    p
                    for n in DERIVED
                    for p in CATALOGUE[n].from_
                    if p not in DERIVED and CATALOGUE[p].type == "bool"
                }
            )
        ),
        st.booleans(),
    ),
    st.data(),
)
def test_derived_findings_never_change_when_an_unknown_becomes_known(
    values: dict[str, bool], data: st.DataObject
) -> None:
    """For the logical ones; an antigen's status also says what was done, and changes when more is
    done.
    """
    fixed: dict[str, Any] = {
        **values,
        "failure_status": "failed",
        "sex": "F",
        "age": 40,
        "time_to_failure_days": 100,
    }
    names = sorted(set(fixed) - {"failure_status", "sex", "age", "time_to_failure_days"})
    hidden = data.draw(st.sets(st.sampled_from(names))) if names else set()
    less = derive({n: v for n, v in fixed.items() if n not in hidden})
    more = derive(fixed)
    for name in DERIVED:
        if name not in ("bcma_status", "gprc5d_status") and less[name] is not None:
            assert more[name] == less[name], name


@LIMIT
@given(
    st.lists(st.one_of(st.none(), quantities()), min_size=3, max_size=3),
    st.one_of(st.none(), st.floats(0, 1)),
)
def test_loss_is_called_only_on_two_methods_or_on_the_gene(
    stains: list[Interval | None], fraction: float | None
) -> None:
    names = ("bcma_flow_percent", "bcma_ihc_percent", "bcma_rna_percent")
    values: dict[str, Any] = {
        **dict(zip(names, stains, strict=True)),
        "tnfrsf17_biallelic_fraction": fraction,
    }
    status = derive(values)["bcma_status"]
    negative = sum(q is not None and q.high <= 5 for q in stains)
    if status == "lost":
        share = fraction or 0.0
        assert negative >= 2 or (share > 0 and negative) or share >= 0.5
    if status == "retained":
        assert all(q is None or q.low >= 20 for q in stains) and any(q is not None for q in stains)
