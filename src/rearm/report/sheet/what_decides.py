"""What decides the case beside disease and treatment: antigens, burden, organs, infections, earlier
toxicity, wishes. One line; what is not on record is left out.
"""

from __future__ import annotations

from collections.abc import Iterator

from rearm.assessment.result import Assessment
from rearm.report.words import words

__all__ = ["what_decides"]

_ANTIGENS = (("BCMA", "bcma_status"), ("GPRC5D", "gprc5d_status"))
_STATUS = {
    "retained": "kept",
    "reduced": "reduced",
    "lost": "lost",
    "subclonal_loss": "lost in a part of the clone",
    "not_detected_unconfirmed": "not found by one method",
}
_BURDEN = (("marrow plasma cells", "marrow_plasma_cells", "%"), ("LDH", "ldh", "U/L"))
_PRESENT = (
    ("dialysis", "dialysis"),
    ("severe heart failure", "heart_failure_severe"),
    ("HBsAg positive", "hbsag"),
    ("HBV DNA detected", "hbv_dna_detected"),
    ("active infection", "active_infection"),
    ("severe infections again and again", "recurrent_severe_infections"),
    ("CNS disease", "cns_disease"),
    ("MDS or AML", "mds_aml"),
    ("another solid tumour", "second_solid_tumour"),
    ("BRAF V600E", "braf_v600e"),
    ("parkinsonism", "parkinsonism"),
    ("weight loss or oral toxicity", "oral_or_weight_toxicity"),
)
# findings that are a grade, told from the grade on
_GRADES = (
    ("earlier CRS grade", "crs_grade_past", 3),
    ("earlier ICANS grade", "icans_grade_past", 3),
    ("neuropathy grade", "neuropathy_grade", 2),
)
_SAID = ("declined", "trials_open")  # findings that a statement tells in its own words


def what_decides(result: Assessment) -> str:
    """The line; empty where nothing of it is on record."""
    told = list(_told(result))
    return f"{'; '.join(told)}." if told else ""


def _told(result: Assessment) -> Iterator[str]:
    value = {name: finding.value for name, finding in result.findings.items()}
    status = {name: str(value[key]) for name, key in _ANTIGENS if value.get(key)}
    antigens = [f"{name} {_STATUS.get(known, words(known))}" for name, known in status.items()]
    if antigens:
        yield ", ".join(antigens)
    for name, test, unit in _BURDEN:
        # what was seen before the infusion says nothing of this relapse
        points = [(x.day, x.value) for x in result.series.get(test, ()) if (x.day or 0) > 0]
        if points and points[-1][1] is not None:
            yield f"{name} {points[-1][1]:g} {unit} on day {points[-1][0]}"
    yield from (name for name, key in _PRESENT if value.get(key) is True)
    for name, key, least in _GRADES:
        grade = value.get(key)
        if isinstance(grade, int) and grade >= least:
            yield f"{name} {grade}"
    if value.get("goals_of_care"):
        yield f"goal: {words(str(value['goals_of_care']))}"
    yield from (result.findings[key].text for key in _SAID if value.get(key) is True)
