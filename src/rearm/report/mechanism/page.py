"""The pages of the mechanism wing. One file of HTML each, nothing is fetched.

Text of the input is escaped by the template engine; pictures are drawn here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from markupsafe import Markup

from rearm.mechanism.result import NOTE
from rearm.report.draw import Spec, svg
from rearm.report.mechanism.plots import band_chart, curve_chart, mechanism_bars
from rearm.report.mechanism.words import (
    CHANNEL,
    SETTLED_TEXT,
    TEST,
    answer,
    basis,
    is_settled,
    names,
    with_interval,
)
from rearm.report.style import css, environment

if TYPE_CHECKING:
    from rearm.mechanism.result import MechanismResult
    from rearm.mechanism.trial import TrialResult

__all__ = ["mechanism_page", "picture", "render", "trial_page"]


def render(template: str, *, title: str, **context: Any) -> str:
    """A self-contained page with the warning on top."""
    return (
        environment().get_template(template).render(css=css(), title=title, warning=NOTE, **context)
    )


def picture(spec: Spec, label: str) -> Markup:
    """A drawn picture, as it goes into a template."""
    return Markup(svg(spec, label=label))


def mechanism_page(result: MechanismResult) -> str:
    """The page for one patient."""
    bars = None
    if result.classes:
        bars = picture(mechanism_bars(result), "Probability of each mechanism with its prior")
    return render(
        "mechanism.html.j2",
        title=f"Mechanism of failure: {result.patient_id}",
        answer=answer(result),
        product=result.product,
        infusion_day=result.infusion_day,
        used=[f"{n} x {CHANNEL[c]}" for c, n in result.measurements.items() if n],
        course=_course(result),
        bars=bars,
        classes=[(names(result, c.members), c) for c in result.classes],
        bands=[
            picture(band_chart(b, result), f"Fit of {CHANNEL[b.channel]}") for b in result.bands
        ],
        tests=[(TEST[c.test], c) for c in result.next_measurements],
        settled=SETTLED_TEXT if is_settled(result) else None,
        entropy_bits=result.entropy_bits,
        notes=[*result.notes, *basis(result)],
    )


def _course(result: MechanismResult) -> str:
    if result.progression is not None:
        return f"progression on day {result.progression:g}"
    if result.followed_to > 0:
        return f"without progression to day {result.followed_to:g}"
    return "no progression is confirmed, and no day is known until which it is excluded"


def trial_page(result: TrialResult) -> str:
    """The page of a virtual trial: curves, a table of every step, paired differences."""
    curves = curve_chart(
        [(a.name, a.whole.curve) for a in result.arms], title="free of last progression (%)"
    )
    return render(
        "trial.html.j2",
        title=f"Virtual trial: {result.title}",
        trial=result,
        curves=picture(curves, "Curves of all arms"),
        steps=[
            {
                "arm": arm.name,
                "name": step.name,
                "treated": step.treated,
                "response": with_interval(step.orr),
                "complete": with_interval(step.cr),
                "pfs": with_interval(step.pfs_median),
            }
            for arm in result.arms
            for step in arm.steps
        ],
        differences=[
            (arm, measure, with_interval((d, low, high)))
            for arm, measure, d, low, high in result.differences
        ],
        notes=[*result.notes, f"Seed {result.seed}."],
    )
