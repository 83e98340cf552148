"""How often somebody may ask: a measure that fills again with time."""

from __future__ import annotations

import math
import time
from threading import Lock

__all__ = ["Rate"]

_MOST_KNOWN = (
    10_000  # who asks and is remembered; beyond it those who could ask again are forgotten
)


class Rate:
    """`at_once` requests in a row, then `per_minute`, for each key."""

    def __init__(self, *, per_minute: float, at_once: int) -> None:
        self.per_minute, self.at_once = per_minute, at_once
        self._lock = Lock()
        self._left: dict[str, tuple[float, float]] = {}

    def wait(self, key: str) -> int:
        """0 where the request may go on, which is counted; else the seconds until one may."""
        moment = time.monotonic()
        with self._lock:
            left, seen = self._left.get(key, (float(self.at_once), moment))
            left = min(self.at_once, left + (moment - seen) * self.per_minute / 60)
            if left < 1:
                self._left[key] = (left, moment)
                return math.ceil((1 - left) * 60 / self.per_minute)
            if len(self._left) >= _MOST_KNOWN:
                self._forget(moment)
            self._left[key] = (left - 1, moment)
            return 0

    def _forget(self, moment: float) -> None:
        full = 60 * self.at_once / self.per_minute
        self._left = {k: x for k, x in self._left.items() if moment - x[1] < full}
        if len(self._left) >= _MOST_KNOWN:
            self._left.clear()
