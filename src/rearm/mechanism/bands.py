"""What the fitted model expects of each channel, beside what was measured."""

from __future__ import annotations

import numpy as np

from rearm.mechanism.data import CHANNELS, UNITS, CourseEvidence
from rearm.mechanism.parameters import Mechanisms
from rearm.mechanism.population import generator
from rearm.mechanism.result import QuantileBand
from rearm.mechanism.simulated import PickedDraws

__all__ = ["bands_of"]


def bands_of(
    m: Mechanisms, ev: CourseEvidence, picked: PickedDraws, seed: int
) -> tuple[QuantileBand, ...]:
    days = picked.sim.days
    out = []
    for channel in CHANNELS:
        points = [x for x in ev.measurements if x.channel == channel]
        if not points:
            continue
        levels = np.array([picked.level(m, channel, d) for d in range(len(days))])
        low, middle, high = np.percentile(levels, [5, 50, 95], axis=1)
        s = m.scales[channel]
        noise = generator(seed, 5, CHANNELS.index(channel)).standard_normal(
            (len(points), len(picked.pc))
        )
        outside = 0
        for x, e in zip(points, noise, strict=True):
            level = levels[int(np.searchsorted(days, x.day))]
            reported = np.exp(np.log(level + s.offset) + s.noise * e) - s.offset
            lowest, highest = np.percentile(reported, [2.5, 97.5])
            too_low = x.kind <= 0 and lowest > x.value
            too_high = x.kind >= 0 and highest < x.value
            outside += int(too_low or too_high)
        out.append(
            QuantileBand(
                channel=channel,
                unit=UNITS[channel],
                offset=s.offset,
                days=tuple(days.tolist()),
                low=tuple(low.tolist()),
                middle=tuple(middle.tolist()),
                high=tuple(high.tolist()),
                points=tuple((x.day, x.value, x.kind) for x in points),
                outside=outside,
            )
        )
    return tuple(out)
