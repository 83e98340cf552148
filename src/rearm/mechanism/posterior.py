"""Which mechanism fits one patient's course."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from rearm.mechanism.bands import bands_of
from rearm.mechanism.classes import classes_of
from rearm.mechanism.data import CHANNELS, CourseEvidence, collect
from rearm.mechanism.next_measurement import entropy_bits, next_measurements
from rearm.mechanism.parameters import MechanismError, Mechanisms, load
from rearm.mechanism.population import generator
from rearm.mechanism.recorded import RecordedFact, no_imaging, why_withheld
from rearm.mechanism.result import Candidate, MechanismClass, MechanismResult, QuantileBand, Status
from rearm.mechanism.sampling import Stages, ess, normalised
from rearm.mechanism.simulated import Calendar, SimulatedCourses, label_of
from rearm.record import Record

__all__ = ["posterior", "posterior_of", "withheld_because"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
TELL = 0.7  # a class is named when it reaches this
ENOUGH, LEAST = 300.0, 40.0  # effective draws aimed at; below the second no answer is given
FEWEST_DRAWS = 9 * 200
MOST_STAGES = 10
# with more courses of drugs fewer patients are drawn, so that the answer still comes within about
# ten seconds
MANY_DRUGS = 5
LESION = "sanctuary"  # the mechanism that only imaging shows
# a lesion that has this chance and that nobody looked for keeps the answer back (a convention)
LESION_OPEN = 0.2


def posterior(
    record: Record, *, infusion: int | None = None, draws: int = 60_000, seed: int = 20_260_101
) -> MechanismResult:
    """Posterior over mechanisms for the infusion of this record (number from 1; None: the first).

    `draws` is about the number of virtual patients; up to twice as many are simulated where few of
    them fit. With nothing measured after the infusion the prior is returned, marked so. Where the
    record holds what speaks of the mechanism and is not read (the antigen tested at or after the
    failure, imaging of no exact day), or nobody looked for a lesion that may be the reason, the
    answer is withheld. Raises `MechanismError` where there is nothing to explain (no infusion, no
    day, contradictory days) or numba is missing. `record`: the patient; `infusion`: its number;
    `seed`: of the random numbers, the same seed gives the same answer. What was not measured is
    integrated over.

    >>> import rearm
    >>> from rearm.mechanism import posterior
    >>> record = rearm.read("examples/tables").records[2]
    >>> posterior(record, draws=2000).status
    'withheld'
    """
    m = load()
    ev = collect(m, record, infusion)
    if ev.unread:
        before = replace(ev, bare="The record holds what is not read")
        result = posterior_of(m, before, draws=draws, seed=seed, look_ahead=False)
        return replace(_withheld(result, ev.unread), bands=(), notes=ev.notes)
    result = posterior_of(m, ev, draws=draws, seed=seed)
    return _withheld(result, (no_imaging(),)) if _nobody_looked(ev, result) else result


def withheld_because(record: Record, infusion: int | None = None) -> str | None:
    """Before anything is simulated: the sentence for which `posterior` will name no mechanism; None
    where that is not known yet. Raises `MechanismError` as `posterior` does. `record`: the patient;
    `infusion`: its number from 1, by default the first.

    >>> import rearm
    >>> from rearm.mechanism import withheld_because
    >>> record = rearm.read("examples/tables").records[2]
    >>> withheld_because(record)[:40]
    'BCMA was found on 94 % of the tumour cel'
    """
    unread = collect(load(), record, infusion).unread
    return why_withheld(unread) if unread else None


def _withheld(result: MechanismResult, facts: tuple[RecordedFact, ...]) -> MechanismResult:
    """The result without what it says of the mechanisms; the shares before the data stay."""
    return replace(
        result,
        status="withheld",
        reason=why_withheld(facts),
        probabilities={},
        errors={},
        classes=(),
        facts=facts,
    )


def _nobody_looked(ev: CourseEvidence, result: MechanismResult) -> bool:
    """Whether a lesion may be the reason of a progression at which nobody looked for one."""
    if ev.lesion is not None or ev.progression is None:
        return False
    return result.status in ("told", "cannot_tell") and result.probabilities[LESION] >= LESION_OPEN


def posterior_of(
    m: Mechanisms,
    ev: CourseEvidence,
    *,
    draws: int = 60_000,
    seed: int = 20_260_101,
    look_ahead: bool = True,
) -> MechanismResult:
    """The same from evidence that was collected already.

    `look_ahead`: also name the measurement that would tell most.
    """
    if draws < FEWEST_DRAWS:
        raise MechanismError(f"{draws} draws are too few; at least {FEWEST_DRAWS} are needed")
    if seed < 0:
        raise MechanismError(f"the seed must not be negative ({seed})")
    affordable = _affordable(draws, ev)
    calendar = Calendar.of(m, ev, look_ahead=look_ahead)
    stages = Stages(m, ev.product, seed)
    simulated = SimulatedCourses(m=m, ev=ev, calendar=calendar, seed=seed)
    prior = _simulate_stages(stages, simulated, affordable)
    logw = stages.log_weights()
    w = normalised(logw)
    size = ess(w) if np.isfinite(logw).any() else 0.0
    label = label_of(stages.mechanism, np.concatenate(simulated.pd_day))
    probability, error = _shares(w, label, len(m.names))
    if ev.bare:
        probability, error = prior.copy(), np.zeros(len(m.names))
    refused = not ev.bare and size < LEAST
    classes = () if refused else classes_of(m, probability, prior, w, label)
    status, reason = _status(ev, classes, size, len(w))
    pick = _resample(w, 3000, seed)
    picked = simulated.picked(pick)
    bands = bands_of(m, ev, picked, seed)
    following: tuple[Candidate, ...] = ()
    if look_ahead and status not in ("refused", "prior_only"):
        following = next_measurements(m, ev, picked, calendar.ahead, label[pick], seed)
    names = () if refused else m.names
    return MechanismResult(
        patient_id=ev.patient_id,
        product=ev.named_product or ev.product,
        infusion_day=ev.infusion_day,
        horizon=calendar.horizon,
        status=status,
        reason=reason,
        titles=dict(m.titles),
        probabilities=dict(zip(names, probability.tolist(), strict=False)),
        errors=dict(zip(names, error.tolist(), strict=False)),
        prior=dict(zip(m.names, prior.tolist(), strict=True)),
        classes=classes,
        effective_draws=size,
        draws=len(w),
        stages=len(stages.draws),
        entropy_bits=entropy_bits(probability),
        bands=bands,
        next_measurements=following,
        progression=ev.progression,
        followed_to=ev.followed_to,
        measurements={c: ev.count(c) for c in CHANNELS},
        notes=(
            *ev.notes,
            *_notes_on_speed(ev, affordable < draws),
            *_notes_on_dormancy(ev, status, probability),
            *_notes_on_fit(bands),
        ),
        seed=seed,
    )


def _affordable(draws: int, ev: CourseEvidence) -> int:
    """The number of draws that is simulated: fewer where many courses of drugs slow each down."""
    crowd = len(ev.drugs) / MANY_DRUGS
    return draws if crowd <= 1.0 else max(FEWEST_DRAWS, int(draws / crowd**2))


def _simulate_stages(stages: Stages, simulated: SimulatedCourses, draws: int) -> Floats:
    """Simulate until enough draws count; the shares of the labels before any data."""
    stages.from_prior(max(200, int(0.4 * draws) // len(stages.m.names)), simulated.evaluate)
    prior = simulated.prior(stages)
    while (
        not simulated.ev.bare
        and len(stages.draws) < MOST_STAGES
        and ess(normalised(stages.log_weights())) < ENOUGH
    ):
        stages.adapt(max(FEWEST_DRAWS, int(0.2 * draws)), simulated.evaluate)
    return prior


def _shares(w: Floats, label: Ints, n: int) -> tuple[Floats, Floats]:
    """(probability, Monte-Carlo standard error) of each of n labels."""
    probability = np.array([w[label == c].sum() for c in range(n)])
    error = [
        math.sqrt(float((w**2 * ((label == c) - probability[c]) ** 2).sum())) for c in range(n)
    ]
    return probability, np.array(error)


def _status(
    ev: CourseEvidence, classes: Sequence[MechanismClass], size: float, draws: int
) -> tuple[Status, str]:
    """(status, why) of the answer; `size`: effective draws."""
    if ev.bare:
        return "prior_only", f"{ev.bare}: these are the shares before any data."
    if size < LEAST:
        return "refused", (
            f"Only {size:.0f} of {draws} virtual patients fit these measurements together: the"
            " model does not describe this course, and no probability is given. Check the values"
            " and units that lie far from the bands."
        )
    if max(c.probability for c in classes) < TELL:
        return "cannot_tell", f"No class of mechanisms reaches {TELL:.0%}: these data cannot tell."
    return "told", ""


def _resample(w: Floats, count: int, seed: int) -> Ints:
    """Systematic resampling: indices of `count` equally weighted draws."""
    points = (generator(seed, 4).uniform() + np.arange(count)) / count
    return np.minimum(np.searchsorted(np.cumsum(w), points), len(w) - 1)


def _notes_on_speed(ev: CourseEvidence, fewer: bool) -> list[str]:
    if not fewer:
        return []
    return [
        f"{len(ev.drugs)} courses of drugs slow each virtual patient down, so fewer were"
        " simulated; the errors say what that costs"
    ]


def _notes_on_dormancy(ev: CourseEvidence, status: Status, probability: Floats) -> list[str]:
    answered = status in ("told", "cannot_tell")
    relapse_expected = ev.progression is None and probability[0] < 0.5
    if not (answered and relapse_expected and _steady(ev)):
        return []
    return [
        "the model holds no dormant clone: a low, steady M-protein is read as myeloma that the"
        " CAR-T cells no longer reach and that will grow; some patients stay like this for"
        " years"
    ]


def _notes_on_fit(bands: Sequence[QuantileBand]) -> list[str]:
    return [
        f"{band.outside} of {len(band.points)} values of {band.channel} lie outside what"
        " the fitted model expects"
        for band in bands
        if band.outside
    ]


def _steady(ev: CourseEvidence) -> bool:
    """Whether the last three values of M-protein or light chain after the infusion stay level."""
    for channel in ("m_protein", "flc"):
        last = [
            x.value for x in ev.measurements if x.channel == channel and x.day > 0 and x.kind == 0
        ][-3:]
        if len(last) == 3 and min(last) > 0 and max(last) <= 1.25 * min(last):
            return True
    return False
