"""The licence of each package that an installation brings: `python -m scripts.licences`.

`scripts/licences.toml` lists each package with its licence and the reason that it is there. What a
package declares is compared with it, so a new package or another licence is a fault until somebody
has looked. The core is permissive; a package under copyleft may come with the extras that are
listed for it, and with no other.
"""

from __future__ import annotations

import sys
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from importlib.metadata import Distribution, distributions
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

LISTED = Path(__file__).with_name("licences.toml")
PYPROJECT = Path(__file__).parents[1] / "pyproject.toml"
TOOLS = ("test", "bench")  # extras of contributors: nothing of them reaches a user
NOT_LOOKED_AT = ("bench",)  # other programs that speeds are compared with
PERMISSIVE = frozenset({
    "0BSD", "Apache-2.0", "Apache-2.0 WITH LLVM-exception", "BSD-2-Clause", "BSD-3-Clause",
    "CC0-1.0", "ISC", "MIT", "MIT-0", "MIT-CMU", "PSF-2.0", "Zlib",
})  # fmt: skip
# what classifiers and the older field `License` call them
_CALLED = {
    "Apache Software License": "Apache-2.0",
    "BSD License": "BSD-3-Clause",
    "GNU General Public License v2 or later (GPLv2+)": "GPL-2.0-or-later",
    "GNU Lesser General Public License v2 or later (LGPLv2+)": "LGPL-2.0-or-later",
    "ISC License (ISCL)": "ISC",
    "MIT License": "MIT",
    "Mozilla Public License 1.1 (MPL 1.1)": "MPL-1.1",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
    "Python Software Foundation License": "PSF-2.0",
}
NOTHING = "none declared"


@dataclass(frozen=True, kw_only=True)
class Listed:
    """An entry of the list. `read`: the licence that its files state, where the package declares
    none; `extras`: those that may bring it, of a package under copyleft.
    """

    licence: str
    why: str
    read: str = ""
    extras: tuple[str, ...] = ()

    @property
    def is_permissive(self) -> bool:
        """Whether every part of it, or one of the licences to choose from, is permissive."""
        stated = self.read or self.licence
        return any(
            all(part.strip(" ()") in PERMISSIVE for part in choice.split(" AND "))
            for choice in stated.split(" OR ")
        )


def listed_packages(file: Path = LISTED) -> dict[str, Listed]:
    """The list, by the canonical name of the package."""
    rows = tomllib.loads(file.read_text(encoding="utf-8"))["package"]
    return {
        name: Listed(**{**row, "extras": tuple(row.get("extras", ()))})
        for name, row in rows.items()
    }


def installed(paths: list[str] | None = None) -> dict[str, Distribution]:
    """What is installed, by canonical name; `paths`: elsewhere than here."""
    found = distributions() if paths is None else distributions(path=paths)
    return {canonicalize_name(one.metadata["Name"]): one for one in found}


def declared(package: Distribution) -> str:
    """The licence that a package declares, as SPDX writes it."""
    metadata = package.metadata
    if expressions := metadata.get_all("License-Expression"):
        return str(expressions[0])
    classifiers = metadata.get_all("Classifier") or ()
    named = [x.rpartition(" :: ")[2] for x in classifiers if x.startswith("License :: ")]
    named = [x for x in named if x != "OSI Approved"]
    if not named:
        line = str((metadata.get_all("License") or [""])[0]).strip().split("\n")[0]
        return _CALLED.get(line, line) or NOTHING
    return " OR ".join(_CALLED.get(x, x) for x in named)


def wanted(file: Path = PYPROJECT) -> dict[str, tuple[str, ...]]:
    """What Rearm needs, and what each extra needs, by the extra (`""`: the core)."""
    project = tomllib.loads(file.read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"]
    return {"": tuple(project["dependencies"])} | {
        extra: tuple(needs) for extra, needs in extras.items() if extra not in NOT_LOOKED_AT
    }


def brought_by(needs: Iterable[str], there: Mapping[str, Distribution]) -> frozenset[str]:
    """The packages that come with these requirements, as far as they are installed."""
    found: set[tuple[str, str]] = set()
    waiting = [(text, "") for text in needs]
    while waiting:
        text, of_extra = waiting.pop()
        requirement = Requirement(text)
        marker = requirement.marker
        if marker is not None and not marker.evaluate({"extra": of_extra}):
            continue
        name = canonicalize_name(requirement.name)
        for extra in ("", *requirement.extras):
            if name in there and (name, extra) not in found:
                found.add((name, extra))
                waiting += [(more, extra) for more in there[name].requires or ()]
    return frozenset(name for name, _ in found)


def faults(
    there: Mapping[str, Distribution],
    known: Mapping[str, Listed],
    needs: Mapping[str, tuple[str, ...]],
) -> Iterator[str]:
    """What is not as it is listed, each a sentence."""
    for name, extras in brought(there, needs).items():
        entry, licence = known.get(name), declared(there[name])
        if entry is None:
            yield f"{name} ({licence}) is new. Read its licence and list it with its reason."
            continue
        if licence != entry.licence:
            yield f"{name} is under {licence} now, listed is {entry.licence}. Read it again."
        if entry.is_permissive:
            continue
        if "" in extras:
            yield f"{name} ({licence}) is no permissive licence, and every installation brings it."
        elif more := [x for x in extras if x not in (*entry.extras, *TOOLS)]:
            yield f"{name} ({licence}) now comes with {', '.join(more)}, too."


def brought(
    there: Mapping[str, Distribution], needs: Mapping[str, tuple[str, ...]]
) -> dict[str, tuple[str, ...]]:
    """Each package by name with the extras that bring it; only `""` where the core does."""
    by_extra = {extra: brought_by(texts, there) for extra, texts in needs.items()}
    return {
        name: ("",) if name in by_extra[""] else tuple(x for x in by_extra if name in by_extra[x])
        for name in sorted(frozenset().union(*by_extra.values()))
    }


def table(
    there: Mapping[str, Distribution],
    known: Mapping[str, Listed],
    needs: Mapping[str, tuple[str, ...]],
) -> Iterator[str]:
    """The packages of an installation as a table: with what each comes, and why."""
    yield "| package | version | licence | comes with | why |"
    yield "|---|---|---|---|---|"
    for name, extras in brought(there, needs).items():
        entry = known.get(name, Listed(licence=declared(there[name]), why=""))
        licence = f"{entry.read} (none declared)" if entry.read else entry.licence
        shown = [x for x in extras if x not in TOOLS] or ["tests"]
        by = "core" if extras == ("",) else ", ".join(shown)
        yield f"| {name} | {there[name].version} | {licence} | {by} | {entry.why} |"


def main() -> int:
    """Prints the table and what is not as listed; 1 where there is such a thing."""
    there, known, needs = installed(), listed_packages(), wanted()
    every, wrong = brought(there, needs), list(faults(there, known, needs))
    print("\n".join(table(there, known, needs)))
    core = [name for name, extras in every.items() if extras == ("",)]
    other = sorted(x for x in every if x in known and not known[x].is_permissive)
    absent = {
        name
        for texts in needs.values()
        for name in (canonicalize_name(Requirement(text).name) for text in texts)
        if name not in there
    }
    print(f"\n{len(every)} packages are looked at; the core brings {len(core)} of them.")
    print(f"Not permissive, so in extras or tests only: {', '.join(other)}.")
    if absent:
        print(f"Not installed here, so not looked at: {', '.join(sorted(absent))}.")
    print("\n".join(f"- {fault}" for fault in wrong) or "Each is as it is listed.")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
