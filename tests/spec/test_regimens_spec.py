"""What a regimen text says, as a table a haematologist can check.

Columns: text | parts (agents : purpose, parts separated by /) | unread | ambiguous. Agents by
their usual letters: V bortezomib, K carfilzomib, I ixazomib, R lenalidomide, P pomalidomide, T
thalidomide, D daratumumab, Isa, Elo, Sel, C cyclophosphamide, M melphalan, B bendamustine, d
dexamethasone, p prednisone, A doxorubicin, E etoposide, Cis cisplatin.
"""

import pytest

from rearm.intake.regimen.read import parse

LETTERS = {
    "V": "bortezomib",
    "K": "carfilzomib",
    "I": "ixazomib",
    "R": "lenalidomide",
    "P": "pomalidomide",
    "T": "thalidomide",
    "D": "daratumumab",
    "Isa": "isatuximab",
    "Elo": "elotuzumab",
    "Sel": "selinexor",
    "C": "cyclophosphamide",
    "M": "melphalan",
    "B": "bendamustine",
    "Flu": "fludarabine",
    "d": "dexamethasone",
    "p": "prednisone",
    "A": "doxorubicin",
    "E": "etoposide",
    "Cis": "cisplatin",
    "Pano": "panobinostat",
    "Mez": "mezigdomide",
    "Tal": "talquetamab",
    "Tec": "teclistamab",
}

TABLE = """
VCD                                      | V C d                                  |  |
VRd                                      | V R d                                  |  |
KRd                                      | K R d                                  |  |
DRd                                      | D R d                                  |  |
DPd                                      | D P d                                  |  |
IsaKd                                    | Isa K d                                |  |
IsaPd                                    | Isa P d                                |  |
EloPd                                    | Elo P d                                |  |
DVd                                      | D V d                                  |  |
Kd                                       | K d                                    |  |
Pd                                       | P d                                    |  |
FVd                                      | Pano V d                               |  |
BPV                                      | B p V                                  |  |
SVd                                      | Sel V d                                |  |
DCEP                                     | d C E Cis                              |  |
PACE                                     | Cis A C E                              |  |
D-PACE                                   | d Cis A C E                            |  |
DT-PACE                                  | d T Cis A C E                          |  |
VTD-PACE                                 | V T d Cis A C E                        |  |
KCd (Carfilzomib, Cyclo, Dexa)           | K C d                                  |  |
KCd: Carfilzomib, Cyclo, Dexa            | K C d                                  |  |
Carfilzomib, Cyclo, Dexa (KCd)           | K C d                                  |  |
VRd (Lenalidomid 15 mg)                  | V R d                                  |  |
VRd (Bortezomib, Dexa)                   | V d                                    |  |
DRD (Dara, Carfilzomib, Dexa)            | D K d                                  |  |
DRD                                      | -                                      |  | DRD
BPD                                      | -                                      |  | BPD
VMP                                      | -                                      |  | VMP
VMP (Velcade, Melphalan, Prednison)      | V M p                                  |  |
Dara-VMP                                 | D                                      |  | Dara-VMP
Dara oder Isa                            |                                        |  | Dara oder Isa
KRd, PD                                  | K R d / -                              |  | PD
KRd bis PD                               | K R d                                  |  |
PD                                       | P d                                    |  |
IxazomibRd                               | I R d                                  |  |
Ixazomib-RD                              | I R d                                  |  |
DaraPD                                   | D P d                                  |  |
EloPCd                                   | Elo P C d                              |  |
EloPomDex                                | Elo P d                                |  |
KMezD                                    | K Mez d                                |  |
Isa-VRd                                  | Isa V R d                              |  |
Dara + Vd                                | D V d                                  |  |
Bortezomib und Dexamethason              | V d                                    |  |
VRd (1 Zykl.), Vd (1 Zykl.)              | V R d / V d                            |  |
Mel200 + ASCT, dann Lenalidomid-Erhaltung | M : transplant / R : maintenance       |  |
HD Melphalan + ASCT + Bortezomib Erhaltung | M : transplant / V : maintenance       |  |
HD Cyclo + Melphalan + ASCT              | C : mobilisation / M : transplant      |  |
Melphalan 200 mg/m2 + ASCT               | M : transplant                         |  |
ASCT mit Melphalan 140 mg/m²             | M : transplant                         |  |
high-dose melphalan followed by autologous transplant | M : transplant                         |  |
VCD + ASCT                               | V C d / - : transplant                 |  |
allogene Stammzelltransplantation        | - : transplant                         |  |
VRd induction, ASCT, VRd consolidation, R maintenance | V R d : induction / \
- : transplant / V R d : consolidation / R : maintenance |  |
Erhaltung mit Lenalidomid                | R : maintenance                        |  |
Lenalidomid (Erhaltung)                  | R : maintenance                        |  |
VCD + Lenalidomid Erhaltung              | V C d / R : maintenance                |  |
maintenance: lenalidomide                | R : maintenance                        |  |
Radiatio LWK 3, 30 Gy                    | - : radiotherapy                       |  |
Bridging mit Pd                          | P d : bridging                         |  |
Flu/Cy                                   | Flu C : lymphodepletion                |  |
CAR-T                                    |                                        |  |
CAR-T-Zellen (Carvykti)                  |                                        |  |
Exanthem -> VCD 01/20                    | V C d                                  |  |
Lenalidomid bis 04/23                    | R                                      |  |
KRd wegen Progress, dann Pd              | K R d / P d                            |  |
VRd ohne Dexa                            | V R                                    |  |
ASCT geplant                             |                                        | ASCT geplant |
Pomalidomid, Neumab, Dexa                | P d                                    | Neumab |
Neumab -> VRd                            | V R d                                  | Neumab |
Chemotherapie                            |                                        | Chemotherapie |
Talquetamab + Teclistamab                | Tal Tec                                |  |
"""


def rows() -> list[tuple[str, str, str, str]]:
    return [tuple(c.strip() for c in line.split("|")) for line in TABLE.strip().splitlines()]  # type: ignore[misc]


@pytest.mark.parametrize(("text", "parts", "unread", "ambiguous"), rows())
def test_reading(text: str, parts: str, unread: str, ambiguous: str) -> None:
    reading = parse(text)
    expected = []
    for part in filter(None, parts.split("/")):
        agents, _, purpose = part.partition(":")
        expected.append(
            (
                frozenset(LETTERS[a] for a in agents.replace("-", " ").split()),
                purpose.strip() or None,
            )
        )
    assert [(frozenset(p.agents), p.purpose) for p in reading.parts] == expected
    assert "; ".join(reading.unread) == unread
    assert "; ".join(a.text for a in reading.ambiguities) == ambiguous


@pytest.mark.parametrize(
    "text", ["HD Melphalan + ASCT 2x", "2x ASCT", "Tandem-ASCT", "tandem autologous transplant"]
)
def test_tandem(text: str) -> None:
    assert [p.times for p in parse(text).parts] == [2]


@pytest.mark.parametrize("text", ["HD Melphalan + ASCT (3.)", "Melphalan + 2. ASCT"])
def test_an_ordinal_is_no_count(text: str) -> None:
    assert [p.times for p in parse(text).parts] == [1]


def test_contradiction_between_name_and_list_is_a_note_and_the_list_wins() -> None:
    reading = parse("KCd (Carfilzomib, Lenalidomid, Dexa)")
    assert reading.agents == ("carfilzomib", "lenalidomide", "dexamethasone")
    assert len(reading.notes) == 1 and "KCd" in reading.notes[0]
    assert not parse("KCd (Carfilzomib, Cyclo, Dexa)").notes


def test_candidates_of_an_ambiguous_name() -> None:
    (ambiguity,) = parse("VMP").ambiguities
    assert {frozenset(c) for c in ambiguity.candidates} == {
        frozenset({"bortezomib", "melphalan", "prednisone"}),
        frozenset({"bortezomib", "melphalan", "dexamethasone"}),
    }


def test_a_centre_may_define_its_own_names() -> None:
    reading = parse(
        "VMP + ABC", {"VMP": ("bortezomib", "melphalan", "dexamethasone"), "ABC": ("selinexor",)}
    )
    assert reading.agents == ("bortezomib", "melphalan", "dexamethasone", "selinexor")
    assert not reading.left_open
    with pytest.raises(ValueError, match="generic names"):
        parse("VMP", {"VMP": ("Velcade",)})


def test_a_definition_that_differs_from_the_usual_meaning_is_noted() -> None:
    assert parse("Kd", {"Kd": ("carfilzomib", "daratumumab")}).notes
    assert not parse("Kd", {"Kd": ("carfilzomib", "dexamethasone")}).notes


def test_car_t_is_a_mention_and_no_agent() -> None:
    reading = parse("CAR-T (Abecma)")
    assert (
        reading.infusions == ("CAR-T", "Abecma")
        and reading.products == ("ide-cel",)
        and not reading.agents
    )


@pytest.mark.parametrize(
    ("text", "remarks"),
    [
        ("Lenalidomid bis 04/23", ("bis 04/23",)),
        ("Exanthem -> VCD 01/20", ("Exanthem", "01/20")),
        ("Kd x 6 Zyklen", ("x 6 Zyklen",)),
    ],
)
def test_remarks_are_reported(text: str, remarks: tuple[str, ...]) -> None:
    assert parse(text).remarks == remarks


@pytest.mark.parametrize("text", ["DRD", "Neumab", "Erhaltung", "Chemotherapie", "Dara oder Isa"])
def test_what_is_open_is_said(text: str) -> None:
    assert parse(text).left_open


@pytest.mark.parametrize("text", ["ASCT", "VRd", "Radiatio", "CAR-T", "Dara + Vd"])
def test_what_is_read_leaves_nothing_open(text: str) -> None:
    assert not parse(text).left_open
