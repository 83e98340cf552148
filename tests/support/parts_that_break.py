"""Readers of parts with one patient whose rows break something: for tests of what that costs."""

from __future__ import annotations

import os
import signal
from collections.abc import Collection, Iterator
from datetime import date
from pathlib import Path

from rearm.intake.result import Reading
from rearm.intake.tidy.parts import TidyParts
from rearm.knowledge.bundle import Knowledge
from rearm.record import Record

__all__ = ["ENDS", "RAISES", "BreakingParts"]

RAISES, ENDS = "G00003", "G00007"


class BreakingParts(TidyParts):
    """Raises at the record of one patient, and ends the process at that of another if `kills`."""

    def __init__(self, *, kills: bool) -> None:
        self.kills = kills

    def read(
        self,
        part: Path,
        knowledge: Knowledge,
        today: date | None,
        patients: Collection[str] | None = None,
    ) -> Reading:
        whole = super().read(part, knowledge, today, patients)
        return Reading(lambda: self._breaking(whole), whole.issues, whole.files)

    def _breaking(self, reading: Reading) -> Iterator[Record]:
        for record in reading.stream():
            if record.patient_id == RAISES:
                raise ValueError("a fault of the program")
            if record.patient_id == ENDS and self.kills:
                os.kill(os.getpid(), signal.SIGKILL)
            yield record
