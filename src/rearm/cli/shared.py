"""What all commands share: the program and its options, how input is read, how a fault of the input
is said.
"""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from datetime import date
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ParamSpec, TypeVar

import typer

from rearm.characters import escaped, inert
from rearm.errors import RearmError

if TYPE_CHECKING:
    from rich.console import Console

    from rearm.intake import Reading
    from rearm.knowledge import Knowledge
    from rearm.record import Record

__all__ = [
    "AsOf",
    "Input",
    "Json",
    "KnowledgeFolder",
    "MappingFile",
    "Patients",
    "RedcapDictionary",
    "Region",
    "Unusable",
    "app",
    "bundle_folder",
    "chosen_patients",
    "console",
    "day_of",
    "json_text",
    "knowledge_app",
    "known",
    "left_out",
    "named",
    "print_json",
    "read_input",
    "say",
    "spoken",
    "tell",
    "tell_unread",
]

# issues of patients, or of rows that may be of one, of whom nothing is read
_UNREAD = frozenset({
    "patient_id_line_break", "patient_id_missing", "patient_in_two_files", "patient_unreadable",
})  # fmt: skip
P = ParamSpec("P")
T = TypeVar("T")

app = typer.Typer(
    help=(
        "After CAR-T in multiple myeloma: did it fail, why, what can be given now, and which test"
        " would change the answer."
    ),
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)
knowledge_app = typer.Typer(
    help="The knowledge: check it, compare two bundles, show an entry.", no_args_is_help=True
)
app.add_typer(knowledge_app, name="knowledge")

Input = Annotated[
    Path,
    typer.Argument(
        help=(
            "A FHIR R4 bundle (.json) or a folder of them, FHIR bulk NDJSON (.ndjson,"
            " .ndjson.gz), a folder or DuckDB file of OMOP CDM tables, a filled form, or a folder"
            " or workbook of tidy tables; with --mapping any other tables."
        )
    ),
]
MappingFile = Annotated[
    str | None,
    typer.Option(
        "--mapping",
        help=(
            "A mapping file (TOML) for tables in another layout, or the name of one that Rearm "
            "brings: sdtm, cbioportal, synthea. A file of such a name is given with its folder or "
            "its ending (./sdtm, sdtm.toml)."
        ),
    ),
]
RedcapDictionary = Annotated[
    Path | None,
    typer.Option(
        "--redcap",
        help=(
            "The data dictionary (CSV) of the REDCap project of which the input is an export, raw "
            "or labels."
        ),
    ),
]
Patients = Annotated[
    list[str] | None, typer.Option("--patient", help="Only this patient; may be repeated.")
]
AsOf = Annotated[
    str | None,
    typer.Option(
        "--as-of",
        help=(
            "Day of the decision: a day of the patient's axis or a date (YYYY-MM-DD). Nothing "
            "later is read."
        ),
    ),
]
Region = Annotated[
    str | None,
    typer.Option("--region", help="Region whose approvals count: US, EU ... (default: any)."),
]
KnowledgeFolder = Annotated[
    Path | None,
    typer.Option(
        "--knowledge", help="A folder of knowledge files to use instead of the bundled knowledge."
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")]


def named(text: str) -> Path:
    """A file or folder to write. An empty name, as an unset variable gives, is none: it would be
    the current folder.
    """
    if not text.strip():
        raise typer.BadParameter("the name is empty; name a file or folder, or . for this folder")
    return Path(text)


class Unusable(RearmError):
    """Ends the command with exit code 2 and this sentence."""


def spoken(command: Callable[P, T]) -> Callable[P, T]:
    """Unusable input ends with a sentence and exit code 2."""

    @wraps(command)
    def run(*args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return command(*args, **kwargs)
        except RearmError as error:
            say(f"rearm: {error}")
            raise typer.Exit(2) from None
        except BrokenPipeError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            raise typer.Exit(0) from None
        except (FileExistsError, NotADirectoryError) as error:
            say(
                f"rearm: {error.filename} can't be written, because a file has the name of a "
                "folder that is needed. Choose another folder."
            )
            raise typer.Exit(2) from None
        except OSError as error:
            where = error.filename if error.filename is not None else "The output"
            say(
                f"rearm: {where} can't be read or written ({error.strerror}). Check the path, its"
                " permissions and the space on the disk."
            )
            raise typer.Exit(2) from None

    return run


def say(text: str) -> None:
    """To standard error, so that standard output holds results only."""
    print(inert(text), file=sys.stderr)


def tell(text: str) -> None:
    """To standard output, and nothing of it to the terminal as a command."""
    print(inert(text))


def console() -> Console:
    """As wide as the terminal; 140 columns where the output goes to a file."""
    from rich.console import Console

    wide = {} if sys.stdout.isatty() or os.environ.get("COLUMNS") else {"width": 140}
    return Console(highlight=False, soft_wrap=False, **wide)  # type: ignore[arg-type]


def print_json(value: Any) -> None:
    tell(json_text(value))


def json_text(value: Any) -> str:
    """The value as JSON in which a terminal finds nothing to obey: escaped, it stays the same."""
    return escaped(json.dumps(value, ensure_ascii=False, indent=1, allow_nan=False))


def read_input(
    path: Path,
    mapping: str | None,
    knowledge: Knowledge | None = None,
    redcap: Path | None = None,
) -> Reading:
    """The records of a file or folder, as of today, read with the tests, units, agents and regimens
    of `knowledge`.
    """
    from rearm.intake import read

    return read(path, mapping, redcap=redcap, knowledge=knowledge, today=date.today())


def tell_unread(reading: Reading) -> bool:
    """Says what was wrong with the files of an input. Whether a file, or a patient in one, could
    not be read: the command then ends with exit code 1.
    """
    for issue in reading.issues:
        if issue.severity != "note":
            say(f"rearm: {issue.source}: {issue.message}")
    return bool(reading.unread) or any(issue.code in _UNREAD for issue in reading.issues)


def left_out(reading: Reading) -> list[str]:
    """A sentence for each patient, or rows that may be of one, of whom nothing is read."""
    issues = (issue for issue in reading.issues if issue.code in _UNREAD)
    return [f"{issue.source}: {issue.message}" for issue in issues]


def bundle_folder(folder: Path) -> Path:
    """A folder that a user named for knowledge; it must exist."""
    if not folder.is_dir():
        raise Unusable(
            f"There is no folder {folder}. Name a folder with the files of a knowledge bundle."
        )
    return folder


def known(folder: Path | None) -> Knowledge | None:
    """The knowledge of a folder; None, which stands for the bundled one, without a folder."""
    if folder is None:
        return None
    from rearm.knowledge import load

    return load(bundle_folder(folder))


def chosen_patients(reading: Reading, patients: Sequence[str] | None) -> Iterator[Record]:
    """The patients that were asked for, all without `--patient`, each made when it is asked for."""
    if not patients:
        return reading.stream()
    seen: dict[str, Record | None] = {}
    for record in reading.stream():
        seen[record.patient_id] = record if record.patient_id in patients else None
    missing = [p for p in patients if seen.get(p) is None]
    if missing:
        known = ", ".join(sorted(seen)[:12]) + (" ..." if len(seen) > 12 else "")
        raise Unusable(
            f"The input contains no patient {', '.join(missing)}. It contains: {known or 'none'}."
        )
    chosen = (seen[patient] for patient in patients)
    return (record for record in chosen if record is not None)


def chosen_region(region: str | None, knowledge: Knowledge | None) -> str | None:
    """The region as the knowledge writes it. Raises AssessmentError where there is none."""
    if region is None:
        return None
    from rearm.assessment.regions import region_of, regions_of
    from rearm.knowledge import load

    return region_of(region, regions_of(knowledge or load()))


def day_of(text: str | None) -> int | date | None:
    """`--as-of` as a day of the axis or a date."""
    if text is None:
        return None
    if re.fullmatch(r"[+-]?[0-9]{1,5}", text):
        return int(text)
    if re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text):
        try:
            return date.fromisoformat(text)
        except ValueError:
            pass
    raise Unusable(
        f"--as-of {text} is neither a day of the patient's axis (for example 210) nor a date (for"
        " example 2024-08-31)."
    )
