"""Speed of single parts: the findings of one patient, the pooled evidence, reading the knowledge.

python -m benchmarks.parts
"""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace

from rearm.evidence import evidence_for
from rearm.findings import find
from rearm.interval import Interval
from rearm.knowledge import load
from rearm.knowledge.bundle import DATA, read_bundle
from rearm.knowledge.catalogue import load_catalogue
from rearm.knowledge.study_files import load_studies
from rearm.outcome.failures import failures
from rearm.record import Infusion, Lab, Record, Source, When

TESTS = ("serum_m_protein", "kappa_flc", "neutrophils", "lymphocytes", "creatinine", "ferritin")


def best_of(repeats: int, work: Callable[[], object]) -> float:
    """Least CPU time in milliseconds."""
    spans = []
    for _ in range(repeats):
        start = time.process_time()
        work()
        spans.append(time.process_time() - start)
    return 1000 * min(spans)


def record_of(results: int) -> Record:
    labs = tuple(
        Lab(
            test=TESTS[i % len(TESTS)],
            when=When.on(i // 2 - 20),
            source=Source("labs", f"row {i}"),
            quantity=Interval.of(1.0 + i % 7),
            unit="u",
        )
        for i in range(results)
    )
    row = Source("infusions", "row 1")
    given = Infusion(source=row, when=When.on(0), product="ide-cel", targets=("BCMA",))
    return Record(patient_id="B", source=row, labs=labs, infusions=(given,)).known_at(180)


def main() -> None:
    record, catalogue, studies = record_of(400), load_catalogue(), load_studies()
    judged = (replace(failures(record)[-1], status="failed", certainty="confirmed", day=150),)
    span = best_of(20, lambda: find(record, judged, catalogue, as_of=180))
    print(f"findings of a patient with 400 results: {span:.1f} ms")
    span = best_of(1, lambda: [evidence_for(s, studies=studies) for s in load().words.strategies])
    print(f"all {len(load().words.strategies)} strategies pooled: {span:.0f} ms")
    with tempfile.TemporaryDirectory() as folder:
        os.environ["XDG_CACHE_HOME"] = folder
        print(f"knowledge, parsed: {best_of(1, lambda: read_bundle(DATA)):.0f} ms")
        print(f"knowledge, from the cache: {best_of(5, lambda: read_bundle(DATA)):.0f} ms")


if __name__ == "__main__":
    main()
