"""The command that draws stored results: the page or the terminal report, without the input."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rearm.cli.shared import Unusable, app, console, named, say, spoken
from rearm.version import __version__

if TYPE_CHECKING:
    from rearm.assessment import Assessment
    from rearm.report.assessment.index import IndexRow

_STDIN = Path("-")


@app.command()
@spoken
def render(
    results: Annotated[
        list[Path],
        typer.Argument(
            metavar="RESULT...",
            help="Results written by `rearm assess --json`: files, folders, or - for standard "
            "input.",
        ),
    ],
    html: Annotated[
        Path | None,
        typer.Option(
            "--html",
            parser=named,
            metavar="PATH",
            help="Write the page of a single result to this file (.html), or a page per result "
            "and an index into this folder.",
        ),
    ] = None,
    fhir: Annotated[
        Path | None,
        typer.Option(
            "--fhir",
            parser=named,
            metavar="PATH",
            help="Write each result as a FHIR R4 Bundle (GuidanceResponse, CarePlan, RequestGroup):"
            " a single one to this file (.json), or one a patient into this folder.",
        ),
    ] = None,
    terminal: Annotated[
        bool,
        typer.Option("--terminal", help="Print the sheet (default without --html and --fhir)."),
    ] = False,
    full: Annotated[
        bool, typer.Option("--full", help="Print what stands behind the sheet, too.")
    ] = False,
) -> None:
    """Draw stored results as `rearm assess` drew them."""
    from rearm.report.assessment.terminal import print_assessment

    drawing = _Pages(html) if html is not None else None
    bundles = _Bundles(fhir) if fhir is not None else None
    screen = console() if terminal or (html is None and fhir is None) else None
    unused, drawn = 0, 0
    for place, text in _texts(results):
        try:
            result = _result(place, text)
            if drawing is not None:
                drawing.add(place, result)
            if bundles is not None:
                bundles.add(place, result)
        except Unusable as error:
            say(f"rearm: {error}")
            unused += 1
            continue
        drawn += 1
        if screen is not None:
            print_assessment(screen, result, full=full)
    if drawing is not None:
        drawing.end()
    if unused:
        raise typer.Exit(2)
    if not drawn:
        raise Unusable(f"There is no result in {', '.join(map(str, results))}.")


def _result(place: str, text: str | Unusable) -> Assessment:
    """The result that was stored as this text. Raises Unusable with the place."""
    from rearm.assessment import Assessment
    from rearm.assessment.result import ResultError

    if isinstance(text, Unusable):
        raise text
    try:
        result = Assessment.from_json(text)
    except ResultError as error:
        raise Unusable(f"{place}: {error}") from None
    if result.versions.software != __version__:
        say(
            f"rearm: {place}: Rearm {result.versions.software} made this result and "
            f"{__version__} draws it. The facts are those of the result; wording and layout may "
            "differ."
        )
    return result


def _texts(paths: list[Path]) -> Iterator[tuple[str, str | Unusable]]:
    """The text of each result with its place, one at a time; a sentence in place of what can't be
    read.
    """
    for path in paths:
        if path != _STDIN and not path.exists():
            yield str(path), Unusable(f"There is no file or folder {path}.")
            continue
        for file in _files(path):
            try:
                data = sys.stdin.buffer.read() if file == _STDIN else file.read_bytes()
                text = data.decode("utf-8-sig")
            except UnicodeDecodeError:
                yield str(file), Unusable(f"{file} is not UTF-8 text, so it is not a result.")
            except OSError as error:
                yield str(file), Unusable(f"{file} can't be read ({error.strerror}).")
            else:
                yield from _split("Standard input" if file == _STDIN else str(file), text)


def _files(path: Path) -> list[Path]:
    """The file, or the results of a folder: those of its last run where `rearm assess` wrote it,
    since files of patients who have left the input stay there.
    """
    if not path.is_dir():
        return [path]
    from rearm.cohort.progress import NAME, Progress

    files = sorted(path.glob("*.json"))
    if not (path / NAME).is_file():
        return files
    names = {f"{done.name}.json" for done in Progress(path).before.values()}
    left_out = [file.stem for file in files if file.name not in names]
    if left_out:
        say(
            f"rearm: {path} contains {len(left_out)} more that its last run did not write. They "
            f"are left out: {', '.join(left_out[:12])}. Name a file to draw it."
        )
    return [file for file in files if file.name in names]


def _split(place: str, text: str) -> Iterator[tuple[str, str]]:
    """The one result of a text, or one a line."""
    lines = [(n, line.strip()) for n, line in enumerate(text.split("\n"), 1) if line.strip()]
    whole_line = bool(lines) and lines[0][1].startswith("{") and lines[0][1].endswith("}")
    if not whole_line or len(lines) == 1:
        yield place, text
        return
    for number, line in lines:
        yield f"{place}, line {number}", line


class _Bundles:
    """Writes one FHIR Bundle, or a folder with one a patient."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._one_file = path.suffix.lower() == ".json" and not path.is_dir()
        self._written_from: dict[str, str] = {}
        if not self._one_file:
            path.mkdir(parents=True, exist_ok=True)

    def add(self, place: str, result: Assessment) -> None:
        """Writes the Bundle. Raises Unusable where it would take the place of another."""
        import json

        from rearm.characters import escaped
        from rearm.export.fhir_answer import answer_bundle
        from rearm.files import file_name, write_text

        name = "" if self._one_file else file_name(result.patient_id)
        taken = self._written_from.get(name.casefold())
        if taken is not None:
            if self._one_file:
                raise Unusable(
                    f"{place}: {self._path} can hold only one Bundle. Name a folder with --fhir "
                    "for several."
                )
            raise Unusable(
                f"{place}: {name}.json was just written from {taken}, so this result is left out."
            )
        self._written_from[name.casefold()] = place
        file = self._path if self._one_file else self._path / f"{name}.json"
        bundle = json.dumps(answer_bundle(result), ensure_ascii=False, indent=1)
        write_text(file, escaped(bundle) + "\n")


class _Pages:
    """Writes one page, or a folder of pages with an index."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._one_file = path.suffix.lower() in (".html", ".htm") and not path.is_dir()
        self._rows: list[IndexRow] = []
        self._unread: dict[str, None] = {}
        self._drawn_from: dict[str, str] = {}
        if not self._one_file:
            path.mkdir(parents=True, exist_ok=True)

    def add(self, place: str, result: Assessment) -> None:
        """Writes the page. Raises Unusable where it would take the place of another."""
        from rearm.files import file_name, write_text
        from rearm.report.assessment.index import index_row
        from rearm.report.assessment.page import page
        from rearm.report.words import unread_file

        if self._one_file and self._drawn_from:
            raise Unusable(
                f"{place}: {self._path} can hold only one page. Name a folder with --html "
                "for several."
            )
        name = file_name(result.patient_id)
        taken = self._drawn_from.get(name.casefold())
        if taken is not None:
            raise Unusable(
                f"{place}: a page {name}.html was just drawn from {taken}, so this result is left"
                " out."
            )
        self._drawn_from[name.casefold()] = place
        if self._one_file:
            write_text(self._path, page(result))
            return
        write_text(self._path / f"{name}.html", page(result))
        self._rows.append(index_row(f"{name}.html", result))
        self._unread |= dict.fromkeys(
            unread_file(x.source, x.message, of="these patients") for x in result.unread
        )

    def end(self) -> None:
        """Writes the index and says where the pages are."""
        from rearm.files import write_text
        from rearm.report.assessment.page import index_page

        if self._one_file or not self._rows:
            return
        index = self._path / "index.html"
        write_text(index, index_page(self._rows, [*self._unread]))
        say(f"{len(self._rows)} page{'s' if len(self._rows) != 1 else ''}: {index}")
