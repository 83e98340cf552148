"""Kappa and lambda that look swapped: flagged, never corrected."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence

from rearm.intake.issues import issue_at
from rearm.intake.rows import CellProblem
from rearm.record import Issue, Lab

__all__ = ["flag_swapped_chains"]

# Serum free light chains, mg/L, upper limits of normal, and the ratio: Katzmann 2002 (0.26 to
# 1.65); up to 3.1 with impaired kidneys (Hutchison 2008).
_UPPER_NORMAL = {"kappa": 19.4, "lambda": 26.3}
_RATIO_LOW, _RATIO_HIGH = 0.26, 3.1
_RATIO_MISMATCH = 0.25  # a stated ratio this far (relative) from kappa/lambda is not rounding
_TESTS = frozenset({"kappa_flc", "lambda_flc", "flc_ratio"})


def flag_swapped_chains(
    labs: Sequence[Lab], involved: str | None, patient_id: str
) -> Iterator[Issue]:
    """An issue where the chain that is not involved is clonally raised, or where the stated ratio
    is lambda over kappa.
    """
    samples: dict[tuple[object, ...], dict[str, Lab]] = defaultdict(dict)
    for lab in labs:
        if lab.test in _TESTS and lab.day is not None and _exact(lab):
            samples[(lab.day, lab.time, lab.sample_id)].setdefault(lab.test, lab)
    for sample in samples.values():
        if "kappa_flc" in sample and "lambda_flc" in sample:
            yield from _of_sample(sample, involved, patient_id)


def _of_sample(sample: dict[str, Lab], involved: str | None, patient_id: str) -> Iterator[Issue]:
    kappa, light_lambda, ratio = (
        sample["kappa_flc"],
        sample["lambda_flc"],
        sample.get("flc_ratio"),
    )
    computed = _exact(kappa) / _exact(light_lambda)
    lambda_raised = computed < _RATIO_LOW and _exact(light_lambda) > _UPPER_NORMAL["lambda"]
    kappa_raised = computed > _RATIO_HIGH and _exact(kappa) > _UPPER_NORMAL["kappa"]
    if (involved == "kappa" and lambda_raised) or (involved == "lambda" and kappa_raised):
        raised = "lambda" if involved == "kappa" else "kappa"
        sentence = (
            f"The involved light chain is {involved}, but on day {kappa.day} {raised} is the "
            f"raised chain (kappa {kappa.as_given}, lambda {light_lambda.as_given}). The two "
            "may be swapped. Both are used as entered; check them."
        )
        yield _issue(kappa, sentence, patient_id)
    if ratio is None or not _apart(_exact(ratio), computed):
        return
    if not _apart(_exact(ratio), 1 / computed):
        sentence = (
            f"The ratio {ratio.as_given} on day {kappa.day} is lambda over kappa, or the two "
            f"chains are swapped: kappa {kappa.as_given} over lambda {light_lambda.as_given} is "
            f"{computed:.3g}. Both are used as entered; check them."
        )
        yield _issue(ratio, sentence, patient_id)


def _issue(lab: Lab, sentence: str, patient_id: str) -> Issue:
    problem = CellProblem("warning", "light_chains_swapped", sentence, "used")
    return issue_at(lab.source, problem, patient_id)


def _apart(a: float, b: float) -> bool:
    return abs(a - b) > _RATIO_MISMATCH * max(a, b)


def _exact(lab: Lab) -> float:
    """The value where it is known exactly and is not 0, else 0."""
    return (lab.quantity.exact if lab.quantity is not None else None) or 0.0
