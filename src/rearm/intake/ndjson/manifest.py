"""The manifest of a bulk export: which files belong to it, and what the server says it left out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from rearm.characters import printable
from rearm.errors import InputError
from rearm.intake.issues import issue_at
from rearm.intake.rows import CellProblem
from rearm.record import Issue, Source
from rearm.strict_json import load_json

__all__ = ["Manifest", "manifests_in"]

_MAX_BYTES = 16 * 1024 * 1024
_LISTS = ("output", "deleted", "error")


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """A manifest, with the names of its files as they may be called in the folder, and the number
    of resources that it counts in each of them, where it does.
    """

    file: str
    output: Mapping[str, tuple[str, int | None]]  # type and count, by name
    deleted: frozenset[str] = frozenset()
    errors: frozenset[str] = frozenset()
    _names: frozenset[str] = field(default=frozenset())

    def names(self, file: str) -> bool:
        """Whether a file of the folder is one of the manifest."""
        return any(name in self._names for name in _called(file))

    def is_deletions(self, file: str) -> bool:
        """Whether a file lists what was deleted."""
        return any(name in self.deleted for name in _called(file))

    def count_of(self, file: str) -> int | None:
        """How many resources the manifest counts in a file; None where it does not say."""
        return next((self.output[n][1] for n in _called(file) if n in self.output), None)

    def differences(self, files: Sequence[str], types: Iterable[str]) -> Iterator[Issue]:
        """What the manifest names and the folder does not hold, and the other way round. `types`
        are those whose absence may change an answer.
        """
        here = {name for file in files for name in _called(file)}
        missing = [name for name in self.output if name not in here]
        if self.output and len(missing) == len(self.output):
            yield self._issue(
                "warning",
                "manifest_other_names",
                f"None of the {len(missing)} files that the manifest names is in the folder under "
                "its name, so it is unknown whether all are here. Check their number.",
            )
            return
        wanted = frozenset(types)
        for name in missing:
            matters = self.output[name][0] in wanted
            yield issue_at(
                Source(name, ""),
                CellProblem(
                    "error" if matters else "note",
                    "file_missing",
                    f"{self.file} names {printable(name)}, but the folder does not hold it. Add "
                    "it.",
                ),
            )
        for file in files:
            if not self.names(file):
                sentence = (
                    f"{self.file} does not name {file}. It is read with the others. Remove it if "
                    "it is from another export."
                )
                problem = CellProblem("warning", "file_not_in_manifest", sentence, "used")
                yield issue_at(Source(file, ""), problem)
        for name in sorted(n for n in self.deleted | self.errors if n not in here):
            sentence = f"{self.file} names {printable(name)}, but the folder does not hold it. "
            what = (
                "What it says was deleted is still read. Add it."
                if name in self.deleted
                else "What the server could not export is unknown. Add it."
            )
            problem = CellProblem("warning", "file_of_manifest_missing", sentence + what)
            yield issue_at(Source(name, ""), problem)

    def _issue(self, severity: Any, code: str, sentence: str) -> Issue:
        return issue_at(Source(self.file, ""), CellProblem(severity, code, sentence))


def manifests_in(folder: Path) -> list[Manifest]:
    """The manifests among the .json files of a folder, by name."""
    files = sorted(p for p in folder.iterdir() if p.suffix.lower() == ".json" and p.is_file())
    return [found for file in files if (found := _manifest(file)) is not None]


def _manifest(file: Path) -> Manifest | None:
    """The manifest in a file; None where it holds something else."""
    try:
        content = load_json(file, max_bytes=_MAX_BYTES)
    except InputError:
        return None
    if not isinstance(content, dict) or not isinstance(content.get("output"), list):
        return None
    if "transactionTime" not in content:
        return None
    named = {key: dict(_entries(content.get(key))) for key in _LISTS}
    return Manifest(
        file=file.name,
        output=named["output"],
        deleted=frozenset(named["deleted"]),
        errors=frozenset(named["error"]),
        _names=frozenset(name for entries in named.values() for name in entries),
    )


def _entries(listed: Any) -> Iterator[tuple[str, tuple[str, int | None]]]:
    """The files of a list: their names, types and counts."""
    for entry in listed if isinstance(listed, list) else ():
        url = entry.get("url") if isinstance(entry, dict) else None
        if not isinstance(url, str):
            continue
        try:
            name = unquote(urlsplit(url).path).rsplit("/", 1)[-1]
        except ValueError:
            continue
        kind, count = entry.get("type"), entry.get("count")
        whole = count if isinstance(count, int) and not isinstance(count, bool) else None
        yield name, (kind if isinstance(kind, str) else "", whole)


def _called(file: str) -> Iterator[str]:
    """The names by which a manifest may call a file: servers leave the suffixes out, and who saves
    a file may compress it.
    """
    yield file
    for suffix in (".gz", ".ndjson"):
        if file.lower().endswith(suffix):
            file = file[: -len(suffix)]
            yield file
