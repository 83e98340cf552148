"""The lexicon: one name, one agent; no likeness; ids and classes that the rest of the product
relies on.
"""

import pytest
from tests.support.loops import some

from rearm.knowledge.bundle import bundled
from rearm.knowledge.lexicon import lookup_key

CLASSES = {
    "proteasome inhibitor": ["bortezomib", "carfilzomib", "ixazomib"],
    "IMiD": ["thalidomide", "lenalidomide", "pomalidomide"],
    "CELMoD": ["iberdomide", "mezigdomide"],
    "anti-CD38": ["daratumumab", "isatuximab"],
    "anti-SLAMF7": ["elotuzumab"],
    "anti-BCMA": ["teclistamab", "elranatamab", "linvoseltamab", "belantamab mafodotin"],
    "anti-GPRC5D": ["talquetamab"],
    "anti-FcRH5": ["cevostamab"],
    "XPO1": ["selinexor"],
    "BCL2": ["venetoclax"],
    "MAPK": [
        "dabrafenib",
        "trametinib",
        "vemurafenib",
        "cobimetinib",
        "encorafenib",
        "binimetinib",
    ],
    "alkylator": ["cyclophosphamide", "melphalan", "bendamustine"],
    "other chemotherapy": ["cisplatin", "doxorubicin", "etoposide", "fludarabine"],
    "steroid": ["dexamethasone", "prednisone"],
}


@pytest.mark.parametrize(("cls", "members"), CLASSES.items())
def test_classes_hold_their_agents(cls: str, members: list[str]) -> None:
    assert {bundled().lexicon.agents[m].cls for m in members} == {cls}


@pytest.mark.parametrize(
    ("text", "agent"),
    [
        ("Velcade", "bortezomib"),
        ("PS-341", "bortezomib"),
        ("Revlimid", "lenalidomide"),
        ("Lelidomid", "lenalidomide"),
        ("Daratumomab", "daratumumab"),
        ("Ventolcax", "venetoclax"),
        ("Belantamab-Mafodotin", "belantamab mafodotin"),
        ("DEXA", "dexamethasone"),
        ("Carfil", "carfilzomib"),
        ("JNJ-64007957", "teclistamab"),
        ("G-CSF", "g-csf"),
        ("Melflufen", "melphalan flufenamide"),
    ],
)
def test_names_brands_codes_and_listed_misspellings(text: str, agent: str) -> None:
    found = bundled().lexicon.find_agent(text)
    assert found is not None and found.id == agent


@pytest.mark.parametrize(
    "text", ["", "Lenalidomidum", "Bortezo mibs", "xyz", "K", "R", "Teclistamabx"]
)
def test_nothing_is_matched_by_likeness(text: str) -> None:
    assert bundled().lexicon.find_agent(text) is None


@pytest.mark.parametrize(
    ("text", "product", "target"),
    [
        ("Abecma", "ide-cel", "BCMA"),
        ("Carvykti", "cilta-cel", "BCMA"),
        ("CT103A", "eque-cel", "BCMA"),
        ("arlocabtagene autoleucel", "arlo-cel", "GPRC5D"),
        ("CART-ddBCMA", "anito-cel", "BCMA"),
        ("CT053", "zevor-cel", "BCMA"),
    ],
)
def test_products(text: str, product: str, target: str) -> None:
    found = bundled().lexicon.find_product(text)
    assert found is not None and found.id == product and found.targets == (target,)


def test_every_regimen_names_agents_of_the_lexicon_and_either_agents_or_candidates() -> None:
    for regimen in some(bundled().lexicon.regimens.values()):
        assert bool(regimen.agents) != bool(regimen.candidates), regimen.id
        assert len(regimen.candidates) != 1, regimen.id
        assert {*regimen.agents, *(a for c in regimen.candidates for a in c)} <= set(
            bundled().lexicon.agents
        ), regimen.id


def test_no_name_is_both_an_agent_or_product_and_a_regimen() -> None:
    names = {
        lookup_key(n)
        for names_of in (
            *(x.names for x in bundled().lexicon.agents.values()),
            *(x.names for x in bundled().lexicon.products.values()),
        )
        for n in names_of()
    }
    assert not names & {lookup_key(n) for r in bundled().lexicon.regimens.values() for n in r.names}


def test_case_decides_between_drd_and_DRD() -> None:
    assert [r.id for r in bundled().lexicon.find_regimens("DRd")] == ["drd"]
    assert len(bundled().lexicon.candidate_sets("DRD")) == 2
    assert len(bundled().lexicon.candidate_sets("drd")) == 2


@pytest.mark.parametrize(
    ("text", "cls"),
    [("PI", "proteasome inhibitor"), ("IMiDs", "IMiD"), ("CD38", "anti-CD38"), ("xyz", None)],
)
def test_class_names(text: str, cls: str | None) -> None:
    assert bundled().lexicon.find_class(text) == cls
