"""Which figure is shown for a patient: that of people who had had what this patient had. The
figures are the bundled ones; a haematologist can look each up in the evidence by strategy.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.support.loops import some

import rearm
from rearm.assessment.evidence import pooled_for
from rearm.assessment.figures import Sequel, figures_for, sequel_of
from rearm.assessment.planner import plan_of
from rearm.assessment.result import EvidenceResult, Figure
from rearm.knowledge import KnowledgeError, load
from rearm.knowledge.study_files import parse_study
from rearm.report.figures import NOTHING_READ, figure_line, in_whom, is_pivotal
from rearm.report.sheet import sheet

ROOT = Path(__file__).parents[1]
WORD = {"yes": True, "no": False, "?": None}

SHOWN = """
option                 | bispecific | extramedullary | what is shown
-----------------------|------------|----------------|--------------
talquetamab            | no         | no             | response 73 % of 64 in 2 arms, after CAR-T, bispecific not separated; PFS 7.7 months, after CAR-T or bispecific
talquetamab            | BCMA       | no             | response 44 % of 18, after a bispecific, some with CAR-T; PFS 7.7 months, after CAR-T or bispecific
talquetamab            | GPRC5D     | no             | response 44 % of 18, after a bispecific, some with CAR-T (against BCMA); PFS 7.7 months, after CAR-T or bispecific
talquetamab            | ?          | no             | response 44 % of 18, after a bispecific, some with CAR-T; PFS 7.7 months, after CAR-T or bispecific
talquetamab            | no         | ?              | response 73 % of 64 in 2 arms, after CAR-T, bispecific not separated; PFS 7.7 months, after CAR-T or bispecific; if extramedullary 44 % (11 of 25 to 33 of 75)
talquetamab            | BCMA       | ?              | response 44 % of 18, after a bispecific, some with CAR-T; PFS 7.7 months, after CAR-T or bispecific
talquetamab            | no         | yes            | extramedullary: response 44 % (11 of 25 to 33 of 75), after CAR-T or bispecific; PFS 4.0 months, not after CAR-T
talquetamab            | BCMA       | yes            | response 44 % of 18, after a bispecific, some with CAR-T; extramedullary: PFS 4.0 months, not after CAR-T
teclistamab            | no         | no             | response 64 % (14 of 22 to 18 of 28), after CAR-T, bispecific not separated; PFS 4.7 months, after BCMA therapy of any kind
teclistamab            | BCMA       | no             | response 52 % of 317 in 3 arms, after BCMA therapy of any kind; PFS 4.7 months
teclistamab            | no         | yes            | extramedullary: response 36 % of 28, not after CAR-T; PFS 2.6 months
elranatamab            | no         | no             | response 39 % of 76 in 2 arms, after BCMA therapy of any kind; PFS 13.4 months, not after CAR-T
gprc5d-car-t           | no         | no             | response 5 of 5, class figure, after CAR-T
belantamab-single-agent | no        | no             | response 0 % (number not read), after CAR-T, bispecific not separated; PFS 1.0 months
selinexor-dexamethasone | no        | no             | response 28 % of 204 in 2 arms, not after CAR-T; PFS 3.7 months
talquetamab-teclistamab | no        | no             | extramedullary: response 79 % of 90, BCMA therapy before allowed, CAR-T not separated; PFS 15.4 months
daratumumab-bortezomib-dexamethasone | no | no       | response 30 % of 43, class figure, after CAR-T
linvoseltamab          | no         | no             | response 60 % (number not read), class figure, after CAR-T; PFS 3.6 months
isatuximab-carfilzomib-dexamethasone | no | no       | response 30 % of 43, class figure, after CAR-T
daratumumab-pomalidomide-dexamethasone | no | no     | response 30 % of 43, class figure, after CAR-T
melphalan-prednisone   | no         | no             | no figure read
dcep                   | no         | no             | no figure read
melflufen-dexamethasone | no        | no             | pivotal trial, before CAR-T: response 33 % of 246, PFS 6.8 months
belantamab-bortezomib-dexamethasone | no | no        | pivotal trial, before CAR-T: response 83 % of 243, PFS 36.6 months
second-cart-ide-cel    | no         | no             | response 75 % (number not read), class figure, after CAR-T; PFS 8.3 months
second-cart-eque-cel   | no         | no             | response 79 % of 16 in 2 arms, after CAR-T, bispecific not separated
"""  # noqa: E501


def _sequel(bispecific: str, extramedullary: str) -> Sequel:
    against = frozenset(() if bispecific in WORD else (bispecific,))
    return Sequel(
        bispecific=True if against else WORD[bispecific],
        targets=against,
        extramedullary=WORD[extramedullary],
    )


def _shown(option: str, sequel: Sequel) -> EvidenceResult:
    plan = plan_of(load())
    key = next(o.evidence_key for o in plan.options if o.option.id == option)
    planned = plan.evidence[key]
    return figures_for(planned.result, planned.candidates, planned.targets, sequel)


@pytest.mark.parametrize("line", SHOWN.strip().splitlines()[2:])
def test_the_figure_is_that_of_the_patients_own_sequence(line: str) -> None:
    option, bispecific, extramedullary, shown = (part.strip() for part in line.split("|"))
    evidence = _shown(option, _sequel(bispecific, extramedullary))
    assert figure_line(evidence) == shown


def test_what_was_seen_in_extramedullary_disease_alone_says_so_before_its_number() -> None:
    seen = 0
    for option in some(load().options):
        for extramedullary in ("yes", "no", "?"):
            evidence = _shown(option, _sequel("no", extramedullary))
            line = figure_line(evidence)
            for figure in evidence.expected:
                words = {"response": "response", "pfs": "PFS"}.get(figure.measure)
                if figure.disease is None or words is None:
                    continue
                assert line.index("extramedullary: ") < line.index(words), line
                seen += 1
    assert seen >= 4


def test_a_figure_of_the_class_after_car_t_stands_only_before_a_pivotal_trial() -> None:
    seen = 0
    for option in some(load().options.values()):
        evidence = pooled_for(option, load())
        of_class = [x for x in evidence.settings if x.of_class]
        own = [x for x in evidence.settings if not x.of_class and x.measure in ("response", "pfs")]
        if of_class:
            assert own and all(x.nearness == "pivotal" for x in own), option.id
            assert all(x.nearness == "after_cart" and x.pooled is None for x in of_class)
            assert evidence.counted == "none read", option.id
            assert not {a.id for x in of_class for a in x.arms} & set(evidence.arms_used)
            shown = _shown(option.id, _sequel("no", "no")).expected
            assert not any(is_pivotal(x) for x in shown if x.measure in ("response", "pfs"))
            seen += 1
    assert seen >= 5


def _claims(figure: Figure) -> float:
    return figure.estimate if figure.measure in ("response", "pfs") else -figure.estimate


@pytest.mark.parametrize("extramedullary", ["yes", "no", "?"])
def test_an_unknown_bispecific_never_chooses_the_more_flattering_figure(
    extramedullary: str,
) -> None:
    differ = 0
    for option in some(load().options):
        unknown, given, not_given = (
            {
                x.measure: _claims(x)
                for x in _shown(option, _sequel(bispecific, extramedullary)).expected
            }
            for bispecific in ("?", "yes", "no")
        )
        assert unknown.keys() == given.keys() == not_given.keys()
        for measure, claim in unknown.items():
            assert claim == min(given[measure], not_given[measure]), (option, measure)
            differ += given[measure] != not_given[measure]
    assert differ >= 3


def test_what_extramedullary_disease_would_lower_is_told_where_nobody_knows_of_it() -> None:
    lower = 0
    for option in some(load().options):
        for bispecific in ("yes", "no"):
            unknown = _shown(option, _sequel(bispecific, "?"))
            known = _shown(option, _sequel(bispecific, "yes"))
            would_be = [x for x in known.expected if x.measure == "response"]
            shown = [x for x in unknown.expected if x.measure == "response"]
            told = [round(100 * x.estimate) for x in (*shown, *unknown.others)]
            for figure in would_be:
                assert min(told) <= round(100 * figure.estimate), option
                lower += min(told) < told[0]
    assert lower


FINDINGS = """
BCMA bispecific | talquetamab | engager since | extraosseous | bispecific | against | extramedullary
----------------|-------------|---------------|--------------|------------|---------|---------------
no              | no          | no            | no           | no         | -       | no
yes             | no          | yes           | ?            | yes        | BCMA    | ?
no              | yes         | no            | yes          | yes        | GPRC5D  | yes
no              | no          | yes           | no           | yes        | -       | no
?               | no          | no            | no           | ?          | -       | no
?               | ?           | yes           | ?            | yes        | -       | ?
"""


@pytest.mark.parametrize("line", FINDINGS.strip().splitlines()[2:])
def test_the_findings_of_the_present_relapse_choose(line: str) -> None:
    bcma, gprc5d, since, lesion, bispecific, against, extramedullary = (
        part.strip() for part in line.split("|")
    )
    found = sequel_of(
        {
            "exposed_bcma_bispecific": WORD[bcma],
            "exposed_talquetamab": WORD[gprc5d],
            "exposed_tce_after_infusion": WORD[since],
            "relapse_pattern_extraosseous": WORD[lesion],
        }
    )
    assert found == Sequel(
        bispecific=WORD[bispecific],
        targets=frozenset(() if against == "-" else (against,)),
        extramedullary=WORD[extramedullary],
    )


def test_a_patient_after_car_t_and_a_bispecific_is_not_shown_the_figure_after_car_t_alone() -> None:
    """Patient C had ide-cel, then a bispecific against BCMA."""
    records = rearm.read(ROOT / "data" / "review" / "patients" / "1-first-entry").records
    text = sheet(rearm.assess(next(r for r in records if r.patient_id == "C")))
    assert "response 44 % of 18, after a bispecific, some with CAR-T" in text
    assert "73 %" not in text


# ---------------------------------------------------------------- pivotal trials


def test_a_pivotal_trial_is_in_no_pool_and_orders_nothing() -> None:
    known = load()
    pivotal = {a.id for s in known.studies for a in s.arms if a.figure == "pivotal"}
    assert len(pivotal) >= 20
    for option in some(known.options.values()):
        evidence = pooled_for(option, known)
        assert not pivotal & set(evidence.arms_used), option.id
        for outcome in evidence.outcomes.values():
            lent = outcome.pooled.borrowed_arms if outcome.pooled else ()
            assert not pivotal & set(lent)
        nearer = [x for x in evidence.settings if x.nearness != "pivotal"]
        if not nearer:
            assert evidence.counted == "none read", option.id


def test_a_pivotal_trial_stands_only_where_nothing_nearer_was_read() -> None:
    greys = 0
    for option in some(load().options):
        evidence = pooled_for(load().options[option], load())
        for bispecific in ("yes", "no", "?"):
            for figure in _shown(option, _sequel(bispecific, "no")).expected:
                nearer = [
                    x
                    for x in evidence.settings
                    if x.measure == figure.measure and x.nearness != "pivotal" and x.patients
                ]
                assert not (is_pivotal(figure) and nearer), option
                greys += is_pivotal(figure)
                assert not is_pivotal(figure) or "before CAR-T" in in_whom(figure)
    assert greys


NOT_READ = frozenset(
    (
        "carfilzomib-cyclophosphamide-dexamethasone",
        "carfilzomib-pomalidomide-dexamethasone",
        "cyclophosphamide-dexamethasone-holding",
        "dcep",
        "dexamethasone-holding",
        "high-dose-cyclophosphamide",
        "iberdomide-daratumumab-dexamethasone",
        "lenalidomide-after-car-t",
        "melphalan-prednisone",
        "allogeneic-transplant",
        "cart-reinfusion",
        "cevostamab",
        "dual-target-car-t",
        "gamma-secretase-inhibitor",
        "trispecific-bcma-gprc5d",
        "bcma-cd19-car-t",
        "bcma-engager-imid",
        "iberdomide-dexamethasone",
        "mezigdomide-carfilzomib-dexamethasone",
        "selinexor-carfilzomib-dexamethasone",
        "selinexor-pomalidomide-dexamethasone",
        "sonrotoclax-dexamethasone",
        "talquetamab-pomalidomide",
    )
)
"""Treatments of which no figure of response or PFS was found; each was looked for."""


def test_a_treatment_without_a_figure_is_one_of_which_none_was_found() -> None:
    """What is no treatment of the myeloma as a whole has no response of its own."""
    known = load()
    of_another_kind = {"procedure", "watch", "supportive"}
    without = {
        option.id
        for option in known.options.values()
        if option.role in ("definitive", "bridge")
        and not of_another_kind & set(option.tags)
        and figure_line(_shown(option.id, _sequel("no", "no"))) == NOTHING_READ
    }
    assert without <= NOT_READ | {"clinical-trial", "cns-directed", "radiotherapy"}


# ---------------------------------------------------------------- reading


def _study(**arm: object) -> dict[str, object]:
    return {
        "id": "invented-2031", "authors": "Example et al.", "title": "An invented study",
        "journal": "Journal", "year": 2031, "doi": "10.0/x", "url": "https://example.org",
        "read_from": "abstract", "design": "phase-3",
        "arm": [
            {
                "id": "invented-2031-a", "strategy": "bispecific-bcma", "agents": ["teclistamab"],
                "setting": "mixed", "population": "Invented", "figure": "patient-level",
                "n_treated": 37, **arm,
            }
        ],
    }  # fmt: skip


def test_a_percentage_that_fits_several_numbers_is_counted_in_the_fewest() -> None:
    study = parse_study(_study(response={"percent": 64, "evaluable": [22, 25, 28]}), "x.toml")
    response = study.arms[0].response
    assert response is not None
    assert (response.events, response.n, response.evaluable) == (14, 22, (22, 25, 28))


@pytest.mark.parametrize(
    ("arm", "message"),
    [
        ({"response": {"percent": 64, "evaluable": [22, 24]}}, "no whole number of 24"),
        ({"response": {"percent": 64, "evaluable": [22, 50]}}, "no whole number of 50"),
        ({"response": {"percent": 64, "n": 22, "evaluable": [22]}}, "goes with percent alone"),
        ({"response": {"percent": 64, "evaluable": [28, 22]}}, "the smallest first"),
        ({"figure": "pivotal", "setting": "post-bcma-cart"}, "one from before CAR-T"),
        ({"figure": "pivotal", "setting": "post-bispecific"}, "one from before CAR-T"),
    ],
)
def test_what_cannot_be_is_refused_with_what_to_do(arm: dict[str, object], message: str) -> None:
    with pytest.raises(KnowledgeError) as refused:
        parse_study(_study(**arm), "x.toml")
    assert message in str(refused.value)
