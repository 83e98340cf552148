"""Ten known answers: whether this installation still says what it said when it was released.

Invented patients travel with the program, each with the codes of its answer. They are read from
their files and assessed as any patient is, so a rule that was changed, a file that was cut off or a
library that computes otherwise is seen before somebody relies on it. `rearm self-test` prints them;
`rearm serve` and the processes that answer for it do not start where one differs.
"""

from __future__ import annotations

from rearm.self_test.answers import Codes, KnownPatient, codes_of, known_patients
from rearm.self_test.installed import Installed, installed_files
from rearm.self_test.running import Compared, SelfTestFailed, compare_known, require_self_test

__all__ = [
    "Codes",
    "Compared",
    "Installed",
    "KnownPatient",
    "SelfTestFailed",
    "codes_of",
    "compare_known",
    "installed_files",
    "known_patients",
    "require_self_test",
]
