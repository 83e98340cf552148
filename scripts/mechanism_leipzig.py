"""Runs the mechanism wing over a cohort that is read in place, and prints numbers only: how many
run, progressions, lasting responses.

    python -m scripts.mechanism_leipzig WORKBOOK.xlsx [--mapping examples/mappings/leipzig.toml]

Nothing of the cohort is written anywhere.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import rearm
from rearm.mechanism.data import collect
from rearm.mechanism.parameters import load
from rearm.mechanism.posterior import posterior_of
from rearm.outcome.failures import failures
from rearm.record import Record


def lasting_response(record: Record) -> bool:
    """The team's CR at every visit from day 30 to at least day 180, and no progression."""
    visits = [
        r
        for r in record.responses
        if r.when.first is not None and r.when.first >= 15 and r.response != "NE"
    ]
    if (
        not visits
        or any(r.response not in ("CR", "sCR") for r in visits)
        or any(r.response == "PD" for r in record.responses)
    ):
        return False
    return max(r.when.last or 0 for r in visits) >= 180


def main() -> None:
    ask = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    ask.add_argument("cohort", type=Path)
    ask.add_argument("--mapping", type=Path, default=Path("examples/mappings/leipzig.toml"))
    a = ask.parse_args()
    m = load()
    records = rearm.read(a.cohort, mapping=a.mapping).records
    ran, told, lasting, above, seconds = 0, 0, 0, 0, []
    for record in records:
        ev = collect(m, record)
        if not ev.count("car") and not ev.count("sbcma"):
            continue
        began = time.perf_counter()
        result = posterior_of(m, ev)
        seconds.append(time.perf_counter() - began)
        ran += result.status != "refused"
        told += result.status == "told"
        if lasting_response(record):
            lasting += 1
            worst = max(
                (p for n, p in result.probabilities.items() if n != "no_failure"), default=0.0
            )
            above += worst > 0.5
        failed = next(
            (f for f in failures(record) if f.status == "failed" and f.day is not None), None
        )
        if failed is not None:
            best, pattern = failed.best_response, "/".join(failed.pattern) or "-"
            top = ", ".join(
                f"{'/'.join(c.members)} {c.probability:.2f}" for c in result.classes[:3]
            )
            facts = ", ".join(f"{ev.count(c)} {c}" for c in ("sbcma", "car") if ev.count(c))
            print(
                f"progression {failed.timing}, best response {best}, pattern {pattern}; read"
                f" {facts}"
            )
            print(f"    {result.status}: {top}; effective draws {result.effective_draws:.0f}")
    print(
        f"{ran} of {len(seconds)} patients with CAR copies or soluble BCMA run; a class is named"
        f" for {told}; longest {max(seconds):.1f} s"
    )
    print(
        f"{lasting} patients with the team's CR from day 30 to day 180 or later; a failure"
        f" mechanism above 0.5 in {above} of them"
    )


if __name__ == "__main__":
    main()
