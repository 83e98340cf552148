"""Kappa and lambda that look swapped: flagged, never corrected."""

from __future__ import annotations

from collections import defaultdict

from rearm.record import Issue, Lab

__all__ = ["flag_swapped_chains"]

# Serum free light chains, mg/L, upper limits of normal, and the ratio: Katzmann 2002 (0.26 to
# 1.65); up to 3.1 with impaired kidneys (Hutchison 2008).
_UPPER_NORMAL = {"kappa": 19.4, "lambda": 26.3}
_RATIO_LOW, _RATIO_HIGH = 0.26, 3.1
_RATIO_MISMATCH = 0.25  # a stated ratio this far (relative) from kappa/lambda is not rounding


def flag_swapped_chains(
    labs: tuple[Lab, ...], involved: str | None, patient_id: str
) -> list[Issue]:
    """An issue where the chain that is not involved is clonally raised, or where the stated ratio
    is lambda over kappa.
    """
    samples: dict[tuple[object, ...], dict[str, Lab]] = defaultdict(dict)
    for lab in labs:
        if (
            lab.test in ("kappa_flc", "lambda_flc", "flc_ratio")
            and lab.day is not None
            and lab.quantity is not None
            and lab.quantity.exact
        ):
            samples[(lab.day, lab.time, lab.sample_id)].setdefault(lab.test, lab)
    issues = []
    for sample in samples.values():
        kappa, light_lambda, ratio = (
            sample.get("kappa_flc"),
            sample.get("lambda_flc"),
            sample.get("flc_ratio"),
        )
        if kappa is None or light_lambda is None:
            continue
        computed = _exact(kappa) / _exact(light_lambda)
        if (
            involved == "kappa"
            and computed < _RATIO_LOW
            and _exact(light_lambda) > _UPPER_NORMAL["lambda"]
        ):
            issues.append(_swapped(kappa, light_lambda, "kappa", "lambda", patient_id))
        elif (
            involved == "lambda"
            and computed > _RATIO_HIGH
            and _exact(kappa) > _UPPER_NORMAL["kappa"]
        ):
            issues.append(_swapped(kappa, light_lambda, "lambda", "kappa", patient_id))
        if (
            ratio is not None
            and _apart(_exact(ratio), computed)
            and not _apart(_exact(ratio), 1 / computed)
        ):
            message = (
                f"The stated ratio {ratio.as_given} on day {kappa.day} is lambda over kappa, or the"
                f" two chains are swapped: kappa {kappa.as_given} over lambda"
                f" {light_lambda.as_given} is {computed:.3g}. Used as stated; check."
            )
            issues.append(
                Issue("warning", "light_chains_swapped", ratio.source, message, "used", patient_id)
            )
    return issues


def _swapped(kappa: Lab, light_lambda: Lab, involved: str, other: str, patient_id: str) -> Issue:
    message = (
        f"The involved light chain is {involved}, but on day {kappa.day} {other} is the raised one"
        f" (kappa {kappa.as_given}, lambda {light_lambda.as_given}): the two may be swapped. Used"
        " as stated; check."
    )
    return Issue("warning", "light_chains_swapped", kappa.source, message, "used", patient_id)


def _apart(a: float, b: float) -> bool:
    return abs(a - b) > _RATIO_MISMATCH * max(a, b)


def _exact(lab: Lab) -> float:
    return (lab.quantity.exact if lab.quantity is not None else None) or 1.0
