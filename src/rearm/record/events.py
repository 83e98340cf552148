"""What happened to a patient: one typed event for each row of the input."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from rearm.interval import Interval
from rearm.record.issues import Source
from rearm.record.when import UNKNOWN_WHEN, When

__all__ = [
    "Condition",
    "Death",
    "Fact",
    "Graft",
    "Imaging",
    "Infusion",
    "Lab",
    "RefractorinessStatement",
    "ResponseStatement",
    "Therapy",
    "Toxicity",
    "Variant",
]

Graft = Literal["autologous", "allogeneic", "unknown"]

# Grades of CTCAE that an episode can have.
_LEAST_GRADE, _WORST_GRADE = 1.0, 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Lab:
    """One result. Exactly one of `quantity` (in `unit`, the canonical one of the test) and `word`
    is set; both are None only in `Record.set_aside`. What the input does not say is None.

    >>> import rearm
    >>> record = rearm.read("examples/tables").records[0]
    >>> [(x.day, str(x.quantity), x.unit) for x in record.of_test("serum_m_protein")][-1]
    (416, '1.3', 'g/dL')
    """

    test: str  # id of the dictionary of tests
    when: When  # the day of the sample
    source: Source  # the place in the input
    quantity: Interval | None = None  # a number, as an interval: `<0.1` is a bound
    word: str | None = None  # a word of the test, such as positive
    as_given: str = ""  # value and unit as they stand in the input, for display
    unit: str | None = None  # canonical unit
    time: str | None = None  # of the day, as entered
    specimen: str | None = None  # serum, urine, marrow ...
    method: str | None = None  # flow_cytometry, NGS ...
    status: str | None = None  # as the laboratory states it: preliminary, final ...
    ref_low: float | None = None  # reference range, in `unit`
    ref_high: float | None = None  # reference range, in `unit`
    sample_id: str | None = None  # results of one sample share it
    nominal_day: int | None = None  # the planned day of the visit
    reported_day: int | None = None  # when it was known
    sensitivity: float | None = None  # of an MRD assay: 1e-5 is one cell in 100,000
    cells_counted: int | None = None  # number of cells of an MRD assay
    isotype: tuple[str, ...] = ()  # heavy and light chains of a band
    why_set_aside: str | None = None  # a sentence, where it could not be used

    @property
    def day(self) -> int | None:
        return self.when.day


@dataclass(frozen=True, slots=True, kw_only=True)
class Therapy:
    """A stretch of treatment. `agents` are ids of the lexicon of agents; `unread` are the parts of
    the text that could not be read. What the input does not say is None, unknown or empty.

    `after_infusion` is the number (from 1) of the infusion it is known to follow where only the
    order is known; 0: before the first. `graft`: whose stem cells, of a transplant.

    >>> import rearm
    >>> record = rearm.read("examples/tables").records[0]
    >>> record.therapies[0].regimen, record.therapies[0].agents
    ('VRd', ('bortezomib', 'lenalidomide', 'dexamethasone'))
    """

    source: Source  # the place in the input
    start: When = UNKNOWN_WHEN  # the first day
    end: When = UNKNOWN_WHEN  # the last day
    line: int | None = None  # the number of the line, as stated
    regimen: str | None = None  # as entered
    agents: tuple[str, ...] = ()
    purpose: str | None = None  # induction, maintenance, transplant, bridging, lymphodepletion ...
    best_response: str | None = None  # as stated
    progression_on: bool | None = None  # whether the disease progressed under it
    stop_reason: str | None = None  # as stated
    unread: tuple[str, ...] = ()
    after_infusion: int | None = None
    graft: Graft | None = None

    @property
    def when(self) -> When:
        return self.start

    @property
    def autologous(self) -> bool | None:
        """Whether it is a transplant of the patient's own stem cells; None for a transplant of
        which it is not known whose they were.
        """
        if self.purpose != "transplant" or self.graft == "allogeneic":
            return False
        return True if self.graft == "autologous" else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Infusion:
    """A CAR-T product, infused or only collected (`infused` False; None: nobody says, see
    `perhaps_given`). `product` is an id of the lexicon where known, else the text.

    >>> import rearm
    >>> record = rearm.read("examples/tables").records[0]
    >>> record.infusions[0].product, record.infusions[0].targets, record.infusions[0].day
    ('cilta-cel', ('BCMA',), 0)
    """

    source: Source  # the place in the input
    when: When = UNKNOWN_WHEN  # the day of the infusion
    product: str | None = None
    targets: tuple[str, ...] = ()  # the antigens
    dose_cells: float | None = None  # number of CAR-positive cells given
    apheresis: tuple[When, ...] = ()  # the days of collection
    # whether the product met its release criteria; None: unknown
    in_specification: bool | None = None
    infused: bool | None = None
    reason: str | None = None  # why it was not given
    construct: str | None = None  # binding domain of the CAR

    @property
    def day(self) -> int | None:
        return self.when.day

    @property
    def perhaps_given(self) -> bool:
        """Whether nothing says that it was infused: no day, no word of order, and no yes."""
        return self.infused is None and self.when == UNKNOWN_WHEN

    @property
    def apheresis_days(self) -> tuple[int, ...]:
        """The days of the leukaphereses that are exact."""
        return tuple(when.day for when in self.apheresis if when.day is not None)


@dataclass(frozen=True, slots=True, kw_only=True)
class ResponseStatement:
    """A response that somebody recorded (`by`: team or committee), kept as stated.
    `after_infusion`: as of `Therapy`. What is not stated is None.

    >>> from rearm.intake import read_tables
    >>> row = {"patient_id": "P-1", "day": 28, "response": "PR", "by": "team"}
    >>> read_tables({"assessments": [row]}).records[0].responses[0].response
    'PR'
    """

    response: str  # sCR, CR, nCR, VGPR, PR, MR, SD, PD, NE
    when: When  # the day of the assessment
    source: Source  # the place in the input
    by: str | None = None
    basis: str | None = None  # what it rests on, as stated
    nominal_day: int | None = None  # the planned day of the visit
    pattern: str | None = None  # of a progression, as stated
    after_infusion: int | None = None

    @property
    def day(self) -> int | None:
        return self.when.day


@dataclass(frozen=True, slots=True, kw_only=True)
class RefractorinessStatement:
    """What the centre states of one agent or class: refractory, exposed or not_exposed. An agent of
    which nothing is stated is unknown here, and told by the treatments.

    >>> from rearm.intake import read_tables
    >>> row = {"patient_id": "P-1", "agent_or_class": "lenalidomide", "status": "refractory"}
    >>> read_tables({"refractoriness": [row]}).records[0].refractoriness[0].status
    'refractory'
    """

    agent_or_class: str  # an id of the lexicon
    status: str  # refractory | exposed | not_exposed
    source: Source  # the place in the input
    when: When = UNKNOWN_WHEN  # the day of the statement
    by: str | None = None  # who states it


@dataclass(frozen=True, slots=True, kw_only=True)
class Variant:
    """A genomic finding; `result` present or absent. `gene` may hold a locus (17p13) or a
    translocation (`t(11;14)`). What is not stated is None: a gene without a row was not tested.

    >>> import rearm
    >>> record = rearm.read("examples/tables").records[0]
    >>> one = record.variants[0]
    >>> one.gene, one.result, one.copies, one.clonal_fraction
    ('TNFRSF17', 'present', 0.0, 0.92)
    """

    gene: str
    result: str
    source: Source  # the place in the input
    when: When = UNKNOWN_WHEN  # the day of the sample
    change: str | None = None  # as entered
    kind: str | None = None  # snv, indel, deletion, gain, translocation ...
    copies: float | None = None  # number of copies
    vaf: float | None = None  # variant allele fraction, 0 to 1
    clonal_fraction: float | None = None  # share of the clone, 0 to 1
    specimen: str | None = None  # as entered
    site: str | None = None  # marrow, or the lesion
    assay: str | None = None  # WGS, WES, NGS panel, FISH ...
    reported_day: int | None = None  # when it was known

    @property
    def day(self) -> int | None:
        return self.when.day


@dataclass(frozen=True, slots=True, kw_only=True)
class Imaging:
    """One lesion on one examination, or an examination without lesions (`result` negative). What is
    not stated is None; no row means that nobody is known to have looked.

    >>> import rearm
    >>> record = rearm.read("examples/tables").records[4]
    >>> record.patient_id, record.imaging[0].method
    ('SYN-05', 'PET-CT')
    """

    source: Source  # the place in the input
    when: When = UNKNOWN_WHEN  # the day of the examination
    method: str | None = None  # PET-CT, CT, MRI ...
    result: str | None = None  # positive | negative
    lesion: str | None = None  # the name that it bears on each examination
    kind: str | None = None  # bone, paraskeletal, extramedullary, plasmacytoma
    site: str | None = None  # where it is
    contiguous_with_bone: bool | None = None  # whether it grows out of a bone
    length_mm: float | None = None  # longest diameter
    width_mm: float | None = None  # the diameter across it
    short_axis_mm: float | None = None  # of a node
    spd_mm2: float | None = None  # sum of the products of the diameters
    n_lesions: int | None = None  # number of lesions that the row stands for
    suv: float | None = None  # highest standardised uptake
    new: bool | None = None  # whether it was not there before
    reported_day: int | None = None  # when it was known

    @property
    def day(self) -> int | None:
        return self.when.day


@dataclass(frozen=True, slots=True, kw_only=True)
class Toxicity:
    """An episode. `grade_at_least`: the lowest possible grade where only a bound is known (severe:
    3); then `grade` is None.

    >>> from rearm.intake import read_tables
    >>> row = {"patient_id": "P-1", "toxicity": "crs", "day": 3, "grade": 2}
    >>> str(read_tables({"toxicities": [row]}).records[0].toxicities[0].grades)
    '2'
    """

    toxicity: str  # an id: crs, icans, infection ...
    source: Source  # the place in the input
    when: When = UNKNOWN_WHEN  # the first day
    grade: int | None = None  # ASTCT of CRS and ICANS, else CTCAE
    end: When = UNKNOWN_WHEN  # the last day
    grade_at_least: int | None = None

    @property
    def day(self) -> int | None:
        return self.when.day

    @property
    def grades(self) -> Interval:
        """The grades that it may have; an episode of which none is stated has at least 1."""
        if self.grade is not None:
            return Interval.of(float(self.grade))
        least = _LEAST_GRADE if self.grade_at_least is None else float(self.grade_at_least)
        return Interval(least, _WORST_GRADE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """A condition beside the myeloma, or a symptom of it, as the input states it.

    >>> from rearm.intake import read_tables
    >>> row = {"patient_id": "P-1", "condition": "arrhythmia", "status": "present", "grade": 2}
    >>> one = read_tables({"conditions": [row]}).records[0].conditions[0]
    >>> one.status, str(one.grades)
    ('present', '2')
    """

    condition: str  # an id of the list of conditions
    # present | resolved | absent; unclear: the input says something of it that could not be read,
    # was only suspected or contradicts itself, so that what was known before no longer holds and
    # what holds now is unknown
    status: str
    source: Source  # the place in the input
    when: When = UNKNOWN_WHEN  # the first day
    grade: int | None = None  # 1 to 5; None: not stated
    end: When = UNKNOWN_WHEN  # the last day
    attributed_to_myeloma: bool | None = None  # None: nobody says

    @property
    def day(self) -> int | None:
        return self.when.day

    @property
    def grades(self) -> Interval:
        """The grades that it may have where it is present; 1 to 5 where none is stated."""
        every = Interval(_LEAST_GRADE, _WORST_GRADE)
        return every if self.grade is None else Interval.of(float(self.grade))


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """A statement of a clinician: goals of care, trials open, stored cells, lesion histology ...
    What nobody states is unknown.

    >>> from rearm.intake import read_tables
    >>> row = {"patient_id": "P-1", "finding": "goals_of_care", "value": "comfort_only"}
    >>> read_tables({"facts": [row]}).records[0].facts[0].value
    'comfort_only'
    """

    finding: str  # the finding that it states
    value: str  # as the dictionary of findings writes it
    source: Source  # the place in the input
    when: When = UNKNOWN_WHEN  # the day of the statement
    by: str | None = None  # who states it

    @property
    def day(self) -> int | None:
        return self.when.day


@dataclass(frozen=True, slots=True, kw_only=True)
class Death:
    """The death of the patient. A record without one tells nothing of life: see
    `Record.last_contact`.

    >>> from rearm.intake import read_tables
    >>> row = {"patient_id": "P-1", "day": 300, "cause": "myeloma"}
    >>> one = read_tables({"deaths": [row]}).records[0].deaths[0]
    >>> one.day, one.of_myeloma
    (300, True)
    """

    when: When  # the day, or the days between which it lies
    # myeloma | toxicity | infection | other | unknown; several, as stated, joined by "; "
    cause: str
    source: Source  # the place in the input

    @property
    def causes(self) -> tuple[str, ...]:
        """The causes one by one."""
        return tuple(self.cause.split("; "))

    @property
    def of_myeloma(self) -> bool | None:
        """Whether myeloma is among the causes; None where a cause that is not known may be it."""
        if "myeloma" in self.causes:
            return True
        return None if not self.cause or "unknown" in self.causes else False

    @property
    def day(self) -> int | None:
        return self.when.day
