"""Compare the answers of another version of the program with those of this tree.

    python -m scripts.compare_versions [REF] [--patients N] [--data FOLDER] [--vignettes FILE ...]

REF is a commit or tag, by default version 0.1.0. It is checked out in a folder of its own and runs
in a process of its own with a cache of its own, over the same files as this tree: the examples (as
tables and as FHIR, of REF), generated patients, all vignettes, and the Leipzig cohort where it is
present (of which nothing but counts is printed). Compared is every value that a decision rests on,
and every sentence unless `--codes-only`. Ends with 1 where a difference is not explained by a
numbered reason: of `docs/validation/differences.toml` against version 0.1.0, of
`differences-REF.toml` beside it against another version.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import tomllib
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from itertools import zip_longest
from pathlib import Path
from typing import Any

import yaml
from scripts.vignettes import write_tables
from tests.support.generated_patients import write_patients

ROOT = Path(__file__).parents[1]
VALIDATION = ROOT / "docs" / "validation"
FIRST = "3cbca73"  # version 0.1.0
SHOWN = 10
ABSENT = "(absent)"
COHORT = "leipzig cohort"

_Key = tuple[str, str]  # set and patient
_Values = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Reason:
    """A difference that is wanted, or a fault of the other version: which places it explains, and
    of which values where `before` or `now` lists some.
    """

    number: int
    title: str
    places: tuple[str, ...]
    sets: tuple[str, ...]
    patients: tuple[str, ...]
    before: tuple[Any, ...]
    now: tuple[Any, ...]

    def explains(self, difference: Difference) -> bool:
        return (
            any(fnmatchcase(difference.place, place) for place in self.places)
            and (not self.sets or difference.set in self.sets)
            and (not self.patients or difference.patient in self.patients)
            and (not self.before or difference.before in self.before)
            and (not self.now or difference.now in self.now)
        )


@dataclass(frozen=True, kw_only=True)
class Difference:
    """One value that is not the same: `before` of the other version, `now` of this tree."""

    set: str
    patient: str
    place: str
    before: Any
    now: Any


@dataclass(kw_only=True)
class Comparison:
    """Values counted and differences found, by set and by kind of value."""

    patients: Counter[str] = field(default_factory=Counter)
    values: Counter[tuple[str, str]] = field(default_factory=Counter)
    differences: list[Difference] = field(default_factory=list)


def kind_of(place: str) -> str:
    return place.split(".")[0]


def reasons_against(ref: str) -> Path:
    """Where the reasons stand for what differs from the version `ref`."""
    return VALIDATION / ("differences.toml" if ref == FIRST else f"differences-{ref}.toml")


def reasons(file: Path) -> list[Reason]:
    """The numbered reasons; none where the file is absent."""
    if not file.exists():
        return []
    rows = tomllib.loads(file.read_text(encoding="utf-8")).get("reason", [])
    found = [
        Reason(
            number=row["number"],
            title=row["title"],
            places=tuple(row["places"]),
            sets=tuple(row.get("sets", ())),
            patients=tuple(row.get("patients", ())),
            before=tuple(row.get("before", ())),
            now=tuple(row.get("now", ())),
        )
        for row in rows
    ]
    numbers = [r.number for r in found]
    if len(set(numbers)) != len(numbers):
        raise SystemExit(f"{file.name}: a number stands twice.")
    return found


def compare(before: Path, now: Path) -> Comparison:
    """The two files of answers, patient by patient. In both the patients stand in one order as a
    rule, so few wait for their counterpart.
    """
    comparison = Comparison()
    waiting: tuple[dict[_Key, _Values], dict[_Key, _Values]] = ({}, {})
    for pair in zip_longest(_answers(before), _answers(now)):
        for own, other, answer in zip(waiting, reversed(waiting), pair, strict=True):
            if answer is None:
                continue
            own[answer[0]] = answer[1]
            if answer[0] in other:
                _compare_patient(comparison, answer[0], *(side.pop(answer[0]) for side in waiting))
    for key in (*waiting[0], *waiting[1]):
        _compare_patient(comparison, key, *({"patient": key in side} for side in waiting))
    return comparison


def _compare_patient(comparison: Comparison, key: _Key, before: _Values, now: _Values) -> None:
    set_, patient = key
    comparison.patients[set_] += not patient.startswith("[")
    for place in dict.fromkeys((*before, *now)):
        comparison.values[set_, kind_of(place)] += 1
        x, y = before.get(place, ABSENT), now.get(place, ABSENT)
        if x != y:
            comparison.differences.append(
                Difference(set=set_, patient=patient, place=place, before=x, now=y)
            )


def _answers(file: Path) -> Iterator[tuple[_Key, _Values]]:
    with file.open(encoding="utf-8") as lines:
        for line in lines:
            answer = json.loads(line)
            yield (answer["set"], answer["patient"]), answer["values"]


def table(comparison: Comparison, known: Sequence[Reason]) -> tuple[str, int]:
    """What was compared and what differs, as Markdown; how many differences nothing explains."""
    explained: dict[int, Counter[str]] = defaultdict(Counter)
    open_: list[Difference] = []
    for difference in comparison.differences:
        reason = next((r for r in known if r.explains(difference)), None)
        if reason is None:
            open_.append(difference)
        else:
            explained[reason.number][difference.set] += 1
    lines = [*_counts(comparison, open_), ""]
    lines += [
        f"Reason {r.number}, {r.title}: "
        + (", ".join(f"{n} in {s}" for s, n in sorted(explained[r.number].items())) or "unused")
        for r in known
    ]
    lines += list(_places(open_))
    return "\n".join(lines), len(open_)


def _counts(comparison: Comparison, open_: Sequence[Difference]) -> Iterator[str]:
    """A row for each kind of value, a column for each set: values compared, and how many differ."""
    sets = list(comparison.patients)
    differing = Counter((d.set, kind_of(d.place)) for d in comparison.differences)

    def cells(kinds: set[str]) -> Iterator[str]:
        for set_ in sets:
            count = sum(comparison.values[set_, kind] for kind in kinds)
            changed = sum(differing[set_, kind] for kind in kinds)
            yield f"{count}, {changed} differ" if changed else f"{count}"

    heads = (f"{set_} ({comparison.patients[set_]})" for set_ in sets)
    yield f"| values (patients) | {' | '.join(heads)} |"
    yield "|---|" + "---:|" * len(sets)
    kinds = sorted({kind for _, kind in comparison.values})
    for kind in kinds:
        yield f"| {kind} | {' | '.join(cells({kind}))} |"
    yield f"| all | {' | '.join(cells(set(kinds)))} |"
    yield ""
    yield (
        f"{sum(comparison.values.values())} values of {sum(comparison.patients.values())} patients"
        f" compared: {len(comparison.differences)} differ, {len(open_)} without a reason."
    )


def _places(differences: Sequence[Difference]) -> Iterator[str]:
    """The first differences with their place; of the cohort only how many by kind of value."""
    shown = [d for d in differences if d.set != COHORT][:SHOWN]
    for d in shown:
        yield f"- {d.set}, {d.patient}, {d.place}"
        for word, value in (("before", d.before), ("now", d.now)):
            yield f"    {word}: {json.dumps(value, ensure_ascii=False)[:600]}"
    hidden = Counter(kind_of(d.place) for d in differences if d.set == COHORT)
    if hidden:
        counts = ", ".join(f"{kind} {n}" for kind, n in sorted(hidden.items()))
        yield f"- {COHORT}: {counts} (not shown: the data are not ours)"


def readings(other: Path, folder: Path, arguments: argparse.Namespace) -> list[dict[str, Any]]:
    """What both versions read, in order."""
    found = [{"set": "examples, tables", "path": str(other / "examples" / "tables")}]
    found += [
        {"set": "examples, FHIR", "path": str(file)}
        for file in sorted((other / "examples" / "fhir").glob("*.json"))
    ]
    if arguments.patients:
        path = write_patients(arguments.patients, folder / "generated")
        found.append({"set": "generated", "path": str(path)})
    for file in arguments.vignettes:
        for vignette in yaml.safe_load(file.read_text(encoding="utf-8")):
            path = folder / file.stem / vignette["id"]
            path.mkdir(parents=True)
            write_tables(vignette["tables"], path)
            entry = {"set": file.stem, "path": str(path)}
            found.append(entry | {k: vignette.get(k) for k in ("as_of", "region")})
    if arguments.data.exists():
        mapping = other / "examples" / "mappings" / "leipzig.toml"
        found.append({"set": COHORT, "path": str(arguments.data), "mapping": str(mapping)})
    return [{"sentences": arguments.sentences} | entry for entry in found]


def start(root: Path, plan: list[dict[str, Any]], out: Path) -> subprocess.Popen[bytes]:
    """The worker under the version in `root`, with a cache of its own."""
    spec = out.with_suffix(".plan.json")
    spec.write_text(json.dumps({"root": str(root), "readings": plan}), encoding="utf-8")
    environment = os.environ | {
        "PYTHONPATH": str(root / "src"),
        "XDG_CACHE_HOME": str(out.with_suffix(".cache")),
    }
    worker = ROOT / "scripts" / "compare_versions_worker.py"
    command = [sys.executable, "-P", str(worker), str(spec), str(out)]
    return subprocess.Popen(command, env=environment)


def run(arguments: argparse.Namespace, folder: Path) -> Comparison:
    other = folder / "version"
    git = ["git", "-C", str(ROOT), "worktree"]
    subprocess.run([*git, "add", "--quiet", "--detach", str(other), arguments.ref], check=True)
    try:
        plan = readings(other, folder, arguments)
        files = {other: folder / "before.jsonl", ROOT: folder / "now.jsonl"}
        running = [start(root, plan, file) for root, file in files.items()]
        ended = [process.wait() for process in running]
        if any(ended):
            raise SystemExit("A version ended with an error; see above.")
        return compare(*files.values())
    finally:
        subprocess.run([*git, "remove", "--force", str(other)], check=True)


def parsed(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="compare_versions", description=(__doc__ or "").split("\n")[0]
    )
    parser.add_argument("ref", nargs="?", default=FIRST)
    parser.add_argument("--patients", type=int, default=2000, help="generated patients")
    parser.add_argument(
        "--vignettes",
        type=Path,
        nargs="*",
        default=sorted((ROOT / "tests" / "data").glob("**/vignettes*.yaml")),
    )
    shared = Path(os.environ.get("REARM_SHARED", ROOT.parent / "shared"))
    parser.add_argument("--data", type=Path, default=shared / "data" / "leipzig_cart")
    parser.add_argument("--codes-only", dest="sentences", action="store_false")
    parser.add_argument("--out", type=Path, help="write the table into this file too")
    return parser.parse_args(arguments)


def main(arguments: Sequence[str]) -> int:
    options = parsed(arguments)
    with tempfile.TemporaryDirectory() as folder:
        comparison = run(options, Path(folder))
    text, left = table(comparison, reasons(reasons_against(options.ref)))
    print(text)
    if options.out is not None:
        options.out.write_text(f"# This version against {options.ref}\n\n{text}\n", "utf-8")
    return 1 if left else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
