"""Peak memory of runs over many patients, beside the same run over a hundred.

    python -m benchmarks.memory [--patients 10000] [--pages 10000] [--jobs 1]

`--pages` is the number of patients of the run that draws pages, which takes ten times as long as
the others.

Each run is a process of its own; what the tables themselves take is measured by reading them and
making every record once, without keeping any. Wanted: no more than 150 MB above that difference.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.support.generated_patients import write_patients

ROOT = Path(__file__).parents[1]
LIMIT = 150.0

READ = """
import rearm.intake, sys
for record in rearm.intake.read_each(sys.argv[1]):
    pass
"""
TABLE = """
import sys
import rearm.intake
from rearm.assessment import assess_tables
rows = 0
for part in assess_tables(rearm.intake.read_each(sys.argv[1])):
    rows += part.height
"""
WHOLE_TABLE = """
import sys
import rearm, rearm.intake
rearm.assess_table(rearm.intake.read_each(sys.argv[1]))
"""
# the peak of this process and of its children, each by itself
PEAK = """
import atexit, resource, sys
def told():
    own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    sys.stderr.write(f"\\npeak {own / 1024:.1f}\\n")
atexit.register(told)
"""
COMMAND = (
    PEAK
    + """
from rearm.cli import main
main()
"""
)


def peak(program: str, *arguments: str) -> float:
    """Peak resident memory of a program in MB."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join((str(ROOT / "src"), str(ROOT)))}
    command = [sys.executable, "-c", program, *arguments]
    made = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    return float(made.stderr.split("peak ")[-1].split()[0])


def main() -> int:
    options = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    options.add_argument("--patients", type=int, default=10_000)
    options.add_argument("--pages", type=int)
    options.add_argument("--jobs", default="1")
    given = options.parse_args()
    held = True
    with tempfile.TemporaryDirectory() as folder:
        few = str(write_patients(100, Path(folder) / "few"))
        many = str(write_patients(given.patients, Path(folder) / "many"))
        number = given.pages or given.patients
        drawn = (
            many
            if number == given.patients
            else str(write_patients(number, Path(folder) / "drawn"))
        )
        to = str(Path(folder) / "out")
        assess = ("assess", "--quiet", "--html", to, "--json", to, "--jobs", given.jobs)
        runs = {
            "rearm assess --html --json": (COMMAND, assess),
            "rearm response --json": (COMMAND, ("response", "--quiet", "--json", to)),
            "assess_table, in parts": (PEAK + TABLE, ()),
            "assess_table, whole": (PEAK + WHOLE_TABLE, ()),
        }
        read = {source: peak(PEAK + READ, source) for source in {few, many, drawn}}
        for name, (program, arguments) in runs.items():
            source = drawn if "html" in name else many
            small, large = (peak(program, *arguments, place) for place in (few, source))
            above = large - small - (read[source] - read[few])
            held = held and above <= LIMIT
            print(
                f"{name:28} {number if 'html' in name else given.patients:6} patients: peak"
                f" {small:4.0f} (of 100) and {large:4.0f} MB, {above:+5.0f} MB above the input"
                f" (wanted at most {LIMIT:.0f})",
                flush=True,
            )
    return 0 if held else 1


if __name__ == "__main__":
    sys.exit(main())
