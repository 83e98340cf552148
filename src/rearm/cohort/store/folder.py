"""The folder of a store: Parquet files by table and bucket, with a marker for each bucket.

A marker is written last, names the files of its bucket, and is what makes them count: files of a
run that was killed are never read.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
from msgspec import structs

from rearm.cohort.store.changes import Change
from rearm.cohort.store.tables import TABLES, schema_of
from rearm.errors import InputError
from rearm.files import write_frame, write_text

if TYPE_CHECKING:
    import polars as pl

__all__ = ["FINDINGS", "FORMAT", "Bucket", "Manifest", "Settings", "StoreFolder", "names_of"]

FORMAT = 1
FINDINGS = "findings"
_MANIFEST = "store.json"
_BUCKETS = "buckets"
_CHANGES = "changes"


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """What every row of a store rests on, apart from the input. `key` is a hash of all of it,
    `mapping` one of the mapping file.
    """

    key: str
    software: str
    knowledge: str
    knowledge_hash: str
    criteria: tuple[str, ...]
    as_of: str | None = None
    region: str | None = None
    mapping: str | None = None


class Bucket(msgspec.Struct, frozen=True, kw_only=True):
    """One bucket whose files are whole. `patients`: the hash of each one's rows in the input,
    `nobody`: of the rows without an id; `files`: the name of the file of each table, `sizes`: its
    bytes; `errors`: patients without an answer.
    """

    key: str
    settings: Settings
    patients: dict[str, str]
    nobody: str
    files: dict[str, str]
    sizes: dict[str, int] = {}
    sums: dict[str, int] = {}
    errors: dict[str, str] = {}
    issues: tuple[dict[str, Any], ...] = ()


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of a store as a whole. `finished`: the last run went to its end."""

    format: int
    buckets: int
    settings: Settings
    files: tuple[str, ...] = ()
    issues: tuple[dict[str, Any], ...] = ()
    finished: bool = False


@dataclass(frozen=True, slots=True)
class StoreFolder:
    """A store on disk."""

    path: Path

    def manifest(self) -> Manifest:
        """Raises InputError with a sentence where this is no store, or one of another version."""
        file = self.path / _MANIFEST
        if not file.is_file():
            makes = (
                "Name the folder of a store."
                if self.path.exists()
                else f"`rearm cohort build DATA --store {self.path}` makes one."
            )
            raise InputError(f"{self.path} is no store. {makes}")
        try:
            found = msgspec.json.decode(file.read_bytes())
            version = found["format"] if isinstance(found, dict) else None
            if version != FORMAT:
                raise InputError(
                    f"{self.path} is a store of version {version}, and this Rearm reads version "
                    f"{FORMAT}. Build a new one in another folder. Its reports need --ledger "
                    f"{self.path / 'reports'}, which notes what earlier ones have shown."
                )
            return msgspec.convert(found, Manifest)
        except (msgspec.MsgspecError, KeyError) as error:
            raise InputError(
                f"{file} is damaged ({str(error)[:80]}). Build the store anew."
            ) from None

    def finished(self) -> Manifest:
        """The manifest of a store of which the last run went to its end: what is handed on counts
        everybody. Raises InputError with a sentence where it did not, or a file is damaged.
        """
        manifest = self.manifest()
        if not manifest.finished:
            raise InputError(
                f"The last run on {self.path} did not end, so some patients may be missing. Run the"
                " same `rearm cohort build` again: it goes on where it stopped."
            )
        if damage := self.damage():
            raise damage
        return manifest

    def exists(self) -> bool:
        return (self.path / _MANIFEST).is_file()

    def write_manifest(self, manifest: Manifest) -> None:
        self.path.mkdir(parents=True, exist_ok=True)
        write_text(self.path / _MANIFEST, _text(manifest))

    def bucket(self, number: int) -> Bucket | None:
        """A bucket whose files are there and whole; None where it has to be made."""
        found = self._told(number)
        if found is None or not all(self._is_whole(found, table) for table in found.files):
            return None
        return found

    def sound(self, number: int) -> Bucket | None:
        """A bucket whose files are as they were written, byte for byte; None where it has to be
        made.
        """
        found = self.bucket(number)
        if found is None:
            return None
        files = {table: self.file(table, name) for table, name in found.files.items()}
        sums = {table: _sum(file) for table, file in files.items()}
        return found if all(sums[table] == total for table, total in found.sums.items()) else None

    def _told(self, number: int) -> Bucket | None:
        """What the marker says, whether or not its files are there."""
        try:
            return msgspec.json.decode(self._marker(number).read_bytes(), type=Bucket)
        except (OSError, msgspec.MsgspecError):
            return None

    def _is_whole(self, bucket: Bucket, table: str) -> bool:
        try:
            size = self.file(table, bucket.files[table]).stat().st_size
        except OSError:
            return False
        return size == bucket.sizes.get(table)

    def buckets(self) -> Iterator[tuple[int, Bucket]]:
        """The buckets that are there, by number. Raises InputError with a sentence where files of
        one are missing or damaged.
        """
        for number in range(self.manifest().buckets):
            if (found := self.bucket(number)) is not None:
                yield number, found
            elif self._marker(number).is_file():
                raise self._damage()

    def damage(self) -> InputError | None:
        """What is to be said where a file is not as it was written; None where all are."""
        told = (n for n in range(self.manifest().buckets) if self._marker(n).is_file())
        return self._damage() if any(self.sound(n) is None for n in told) else None

    def _damage(self) -> InputError:
        return InputError(
            f"Files of {self.path} are missing or damaged. Run the same `rearm cohort build` again:"
            " it makes them anew."
        )

    def file(self, table: str, name: str) -> Path:
        return self.path / table / name

    def write_bucket(self, number: int, frames: Mapping[str, pl.DataFrame], bucket: Bucket) -> None:
        """The files of a bucket, then its marker, then the older files are removed."""
        before = self.bucket(number)
        sizes, sums = {}, {}
        for table, frame in frames.items():
            file = self.file(table, bucket.files[table])
            file.parent.mkdir(parents=True, exist_ok=True)
            write_frame(file, frame, "zstd")
            sizes[table], sums[table] = file.stat().st_size, _sum(file)
        bucket = structs.replace(bucket, sizes=sizes, sums=sums)
        marker = self._marker(number)
        marker.parent.mkdir(parents=True, exist_ok=True)
        write_text(marker, _text(bucket))
        for table, name in () if before is None else before.files.items():
            if bucket.files.get(table) != name:
                self.file(table, name).unlink(missing_ok=True)

    def remove_bucket(self, number: int) -> None:
        """A bucket of which no patient is left."""
        before = self.bucket(number)
        self._marker(number).unlink(missing_ok=True)
        for table, name in () if before is None else before.files.items():
            self.file(table, name).unlink(missing_ok=True)

    def remove_strays(self) -> None:
        """Files of runs that were killed."""
        kept = {
            self.file(table, name)
            for _, found in self.buckets()
            for table, name in found.files.items()
        }
        for table in (*TABLES, FINDINGS):
            folder = self.path / table
            for file in folder.iterdir() if folder.is_dir() else ():
                if file not in kept:
                    file.unlink(missing_ok=True)

    def table(self, name: str) -> pl.LazyFrame:
        """All rows of a table, bucket by bucket, patients in the order of their ids within each."""
        import polars as pl

        files = [
            self.file(name, found.files[name]) for _, found in self.buckets() if name in found.files
        ]
        if name == FINDINGS:
            scans = [pl.scan_parquet(file, glob=False) for file in files]
            return pl.concat(scans, how="diagonal") if scans else pl.LazyFrame({"patient_id": []})
        if not files:
            return pl.LazyFrame(schema=schema_of(TABLES[name]))
        return pl.scan_parquet(files, glob=False)

    def write_changes(self, number: int, changes: Sequence[Change]) -> None:
        """What a run changed in a bucket."""
        file = self.path / _CHANGES / f"{number:05d}.json"
        file.parent.mkdir(parents=True, exist_ok=True)
        write_text(file, msgspec.json.encode(changes).decode("utf-8") + "\n")

    def changes(self) -> tuple[Change, ...]:
        """What the last run changed, by bucket."""
        files = sorted((self.path / _CHANGES).glob("*.json"))
        read = (msgspec.json.decode(f.read_bytes(), type=tuple[Change, ...]) for f in files)
        return tuple(change for found in read for change in found)

    def forget_changes(self) -> None:
        """Before a new run: what the one before it changed."""
        for file in (self.path / _CHANGES).glob("*.json"):
            file.unlink(missing_ok=True)

    def severities(self) -> dict[str, int]:
        """How many issues of each severity patients have."""
        import polars as pl

        issues = self.table("issues").group_by("severity").agg(pl.col("count").sum()).collect()
        return dict(sorted(issues.iter_rows()))

    def patients(self) -> dict[str, str]:
        """Every patient with the hash of his rows in the input, also where files are damaged."""
        every = map(self.patients_of, range(self.manifest().buckets))
        return {patient: mark for own in every for patient, mark in own.items()}

    def patients_of(self, number: int) -> dict[str, str]:
        """Those of one bucket."""
        found = self._told(number)
        return {} if found is None else found.patients

    def _marker(self, number: int) -> Path:
        return self.path / _BUCKETS / f"{number:05d}.json"


def _sum(file: Path) -> int:
    """A check sum of a file; it finds damage, not intent."""
    return zlib.crc32(file.read_bytes())


def _text(value: msgspec.Struct) -> str:
    plain = msgspec.to_builtins(value)
    return json.dumps(plain, ensure_ascii=False, sort_keys=True, separators=(",", ":")) + "\n"


def names_of(tables: Sequence[str], number: int, key: str) -> dict[str, str]:
    """The names of a bucket's files: the same content has the same names."""
    return dict.fromkeys(tables, f"bucket={number:05d}.{key[:12]}.parquet")
