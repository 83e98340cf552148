"""The command line. Exit codes: 0 done, 1 what `check` looks for was found, 2 input that can't be used, 3 a fault of the program."""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Callable, Sequence
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ParamSpec, TypeVar

import typer

if TYPE_CHECKING:
    from rearm.intake import Reading
    from rearm.record import Record

P = ParamSpec("P")
T = TypeVar("T")

app = typer.Typer(
    help="After CAR-T in multiple myeloma: did it fail, why, what can be given now, and which test would change the answer.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)
knowledge_app = typer.Typer(help="The knowledge: check it, compare two bundles, show an entry.", no_args_is_help=True)
app.add_typer(knowledge_app, name="knowledge")

Input = Annotated[
    Path, typer.Argument(help="A FHIR R4 bundle (.json), a folder or workbook of tidy tables, or with --mapping any other tables.")
]
MappingFile = Annotated[Path | None, typer.Option("--mapping", help="A mapping file (TOML) for tables in another layout.")]
Patients = Annotated[list[str] | None, typer.Option("--patient", help="Only this patient; may be repeated.")]
AsOf = Annotated[str | None, typer.Option("--as-of", help="Day of the patient's axis, or a date (YYYY-MM-DD). Nothing later is read.")]
Region = Annotated[str | None, typer.Option("--region", help="Where approvals are looked up: US, EU ... (default: anywhere).")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")]


class Unusable(Exception):
    """Ends the command with exit code 2 and this sentence."""


def _spoken(command: Callable[P, T]) -> Callable[P, T]:
    """Unusable input ends with a sentence and exit code 2."""

    @wraps(command)
    def run(*args: P.args, **kwargs: P.kwargs) -> T:
        from rearm.assess import AssessmentError
        from rearm.course import CriteriaError
        from rearm.intake import InputError
        from rearm.knowledge import KnowledgeError
        from rearm.knowledge.studies import StudyError
        from rearm.mechanism.parameters import MechanismError
        from rearm.report.compatibility import RsError

        try:
            return command(*args, **kwargs)
        except (Unusable, InputError, AssessmentError, CriteriaError, KnowledgeError, MechanismError, RsError, StudyError) as error:
            _say(f"rearm: {error}")
            raise typer.Exit(2) from None
        except BrokenPipeError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            raise typer.Exit(0) from None
        except OSError as error:
            where = error.filename if error.filename is not None else "The output"
            _say(f"rearm: {where} can't be read or written ({error.strerror}). Check the path, its permissions and the space on the disk.")
            raise typer.Exit(2) from None

    return run


def _say(text: str) -> None:
    print(text, file=sys.stderr)


def _console() -> Any:
    from rich.console import Console

    wide = {} if sys.stdout.isatty() or os.environ.get("COLUMNS") else {"width": 140}
    return Console(highlight=False, soft_wrap=False, **wide)  # type: ignore[arg-type]


def _print_json(value: Any) -> None:
    print(json.dumps(value, ensure_ascii=False, indent=1, allow_nan=False))


def _read(path: Path, mapping: Path | None) -> Reading:
    from datetime import date

    from rearm.intake import read

    return read(path, mapping, today=date.today())


def _chosen(reading: Reading, patients: Sequence[str] | None) -> list[Record]:
    if not patients:
        return list(reading.records)
    by_id = {record.patient_id: record for record in reading.records}
    missing = [p for p in patients if p not in by_id]
    if missing:
        known = ", ".join(sorted(by_id)[:12]) + (" ..." if len(by_id) > 12 else "")
        raise Unusable(f"There is no patient {', '.join(missing)} in the input. Patients there: {known or 'none'}.")
    return [by_id[p] for p in patients]


def _day(text: str | None) -> Any:
    from datetime import date

    if text is None:
        return None
    if re.fullmatch(r"[+-]?[0-9]{1,5}", text):
        return int(text)
    if re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text):
        try:
            return date.fromisoformat(text)
        except ValueError:
            pass
    raise Unusable(f"--as-of {text} is neither a day of the patient's axis (for example 210) nor a date (for example 2024-08-31).")


@app.command()
@_spoken
def assess(
    path: Input,
    mapping: MappingFile = None,
    patient: Patients = None,
    as_of: AsOf = None,
    region: Region = None,
    html: Annotated[Path | None, typer.Option("--html", help="Write a page for each patient, and an index, into this folder.")] = None,
    json_to: Annotated[
        Path | None, typer.Option("--json", help="Write the result of each patient as JSON into this folder; - prints JSON lines.")
    ] = None,
    quiet: Annotated[bool, typer.Option("--quiet", help="No report on the terminal, only where the files are.")] = False,
) -> None:
    """Assess patients: failure, causes, options and next tests, each with its basis."""
    from rearm.report.files import assess_to_files

    reading = _read(path, mapping)
    records = _chosen(reading, patient)
    if not records:
        raise Unusable(f"{path} holds no patient. `rearm check {path}` lists what was found instead.")
    to_stdout = json_to is not None and str(json_to) == "-"
    console = None if quiet or to_stdout else _console()
    done = assess_to_files(
        records, as_of=_day(as_of), region=region, html=html, json_folder=None if to_stdout else json_to, console=console,
        json_lines=sys.stdout if to_stdout else None,
    )  # fmt: skip
    for issue in reading.issues:
        if issue.severity != "note":
            _say(f"rearm: {issue.source}: {issue.message}")
    for line in done.words():
        _say(line)
    if done.failed:
        raise typer.Exit(3)


@app.command()
@_spoken
def check(path: Input, mapping: MappingFile = None, as_json: Json = False) -> None:
    """List what was wrong with the input and what was done about it. Exit 1 when a value was set aside or refused."""
    from dataclasses import asdict

    from rearm.report.terminal import issues_table

    reading = _read(path, mapping)
    issues = reading.all_issues()
    if as_json:
        _print_json([{**asdict(i), "source": str(i.source)} for i in issues])
    elif issues:
        _console().print(issues_table(issues))
    if not as_json:
        aside = sum(i.done != "used" for i in issues)
        print(f"{len(reading.records)} patients, {len(issues)} issues, {aside} of them set something aside or refused it.")
    if any(i.done != "used" for i in issues):
        raise typer.Exit(1)


@app.command()
@_spoken
def explain(
    path: Input,
    mapping: MappingFile = None,
    patient: Patients = None,
    option: Annotated[list[str] | None, typer.Option("--option", help="Id of an option; may be repeated.")] = None,
    factor: Annotated[list[str] | None, typer.Option("--factor", help="Id of a factor (a cause); may be repeated.")] = None,
    as_of: AsOf = None,
    as_json: Json = False,
) -> None:
    """Show the full trace: each rule, its clauses, the findings read, their source rows, true, false or unknown."""
    from rearm.assess import explain as traced
    from rearm.report.trace import trace_object, trace_text

    subjects = [*(option or []), *(factor or [])]
    if not subjects:
        raise Unusable("Say what to explain: --option ID or --factor ID. `rearm knowledge list` names them.")
    records = _chosen(_read(path, mapping), patient)
    found = [(r.patient_id, traced(r, subject, as_of=_day(as_of))) for r in records for subject in subjects]
    if as_json:
        _print_json([{"patient_id": who, **trace_object(trace)} for who, trace in found])
    else:
        print("\n\n".join(f"{who}: {trace_text(trace)}" for who, trace in found))


@app.command()
@_spoken
def evidence(
    names: Annotated[list[str] | None, typer.Argument(help="Strategies or ids of options; without any, an overview of all.")] = None,
    html: Annotated[Path | None, typer.Option("--html", help="Write one page with tables and forest plots to this file.")] = None,
    svg: Annotated[Path | None, typer.Option("--svg", help="Write the forest plots as SVG files into this folder.")] = None,
    as_json: Json = False,
) -> None:
    """Show the studies behind an option: each arm, the pooled figure, how direct it is, and what is shown but not pooled."""
    from rearm.report.evidence import choose_evidence, evidence_object, evidence_overview, evidence_page, evidence_text, write_evidence_svgs
    from rearm.report.files import write_text

    chosen = choose_evidence(names or ())
    if html is not None:
        html.parent.mkdir(parents=True, exist_ok=True)
        write_text(html, evidence_page(names or ()))
        _say(f"{html} written.")
    if svg is not None:
        for path in write_evidence_svgs(chosen, svg):
            _say(f"{path} written.")
    if as_json:
        _print_json(evidence_object(chosen))
    elif html is None and svg is None:
        console = _console()
        for part in [evidence_text(one) for one in chosen] if names else [evidence_overview(chosen)]:
            console.print(part)


@app.command()
@_spoken
def response(
    path: Input,
    mapping: MappingFile = None,
    patient: Patients = None,
    start: Annotated[
        int | None, typer.Option("--start", help="Day that every course is counted from (default: the last infusion).")
    ] = None,
    criteria: Annotated[str | None, typer.Option("--criteria", help="Version of the criteria (default: imwg-2016).")] = None,
    parameter: Annotated[
        list[str] | None, typer.Option("--set", help="A parameter of the criteria, for example A5=pd; repeatable.")
    ] = None,
    trace: Annotated[bool, typer.Option("--trace", help="Say why, visit by visit.")] = False,
    html: Annotated[Path | None, typer.Option("--html", help="Write a page for each patient, and one with all, into this folder.")] = None,
    json_to: Annotated[
        Path | None, typer.Option("--json", help="Write one JSON object a patient into this folder; - prints lines.")
    ] = None,
    adam: Annotated[Path | None, typer.Option("--adam", help="Write ADRS and ADTTE (Parquet, XPT) into this folder.")] = None,
    stated_rs: Annotated[
        bool, typer.Option("--stated-rs", help="PATH is an SDTM RS table of investigators' responses: confirm those, write ADRS to --adam.")
    ] = False,
    supplement: Annotated[Path | None, typer.Option("--supplement", help="The SUPPRS table beside an RS table.")] = None,
    study: Annotated[str, typer.Option("--study", help="STUDYID of the trial datasets.")] = "",
    fhir: Annotated[Path | None, typer.Option("--fhir", help="Write the responses as FHIR Observations into this folder.")] = None,
    quiet: Annotated[bool, typer.Option("--quiet", help="No course on the terminal.")] = False,
) -> None:
    """The confirmed IMWG response course from raw results: table, picture, JSON, trial datasets, FHIR. Needs no CAR-T."""
    from rearm.course import load_criteria
    from rearm.report.response_files import run_response

    if stated_rs:
        _stated_rs(path, supplement, adam, study)
        return
    given = dict(_setting(text) for text in parameter or ())
    chosen = load_criteria(**({"version": criteria} if criteria else {}), **given)
    records = _chosen(_read(path, mapping), patient)
    to_stdout = json_to is not None and str(json_to) == "-"
    done = run_response(
        records, console=None if quiet or to_stdout else _console(), trace=trace, html=html, json_folder=None if to_stdout else json_to,
        json_lines=sys.stdout if to_stdout else None, adam=adam, study=study, fhir=fhir, start=start, criteria=chosen,
    )  # fmt: skip
    for line in done.words():
        _say(line)
    if done.failed:
        raise typer.Exit(3)


def _setting(text: str) -> tuple[str, Any]:
    name, mark, value = text.partition("=")
    if not mark or not name:
        raise Unusable(f"--set {text} is not NAME=VALUE, for example A5=pd. docs/dictionary/criteria.md lists the parameters.")
    try:
        return name.strip(), float(value)
    except ValueError:
        return name.strip(), value.strip()


def _stated_rs(path: Path, supplement: Path | None, adam: Path | None, study: str) -> None:
    from rearm.report.adam import write_frames
    from rearm.report.compatibility import rs_adrs

    if adam is None:
        raise Unusable("--stated-rs writes trial datasets: say where, with --adam FOLDER.")
    found = rs_adrs(path, supplement, study=study)
    adam.mkdir(parents=True, exist_ok=True)
    written, notes = write_frames({"adrs": found.adrs}, adam)
    for line in (*(str(p) for p in written), *notes, *found.notes):
        _say(line)


@app.command()
@_spoken
def mechanism(
    path: Input,
    mapping: MappingFile = None,
    patient: Patients = None,
    infusion: Annotated[int | None, typer.Option("--infusion", help="Day of the infusion that is modelled (default: the last).")] = None,
    draws: Annotated[int, typer.Option("--draws", min=1000, help="Virtual patients that are simulated.")] = 60_000,
    seed: Annotated[int, typer.Option("--seed", help="The same seed gives the same result.")] = 20_260_101,
    html: Annotated[Path | None, typer.Option("--html", help="Write a page for each patient into this folder.")] = None,
    as_json: Json = False,
) -> None:
    """Which mechanism of failure fits this patient's course: a model's hypothesis, not a test. It feeds no cause and no option."""
    from rearm.mechanism import posterior
    from rearm.report.files import unique_names, write_text
    from rearm.report.mechanism import mechanism_page, mechanism_text

    records = _chosen(_read(path, mapping), patient)
    names = unique_names(records)
    found = []
    for record in records:
        result = posterior(record, infusion=infusion, draws=draws, seed=seed)
        if html is not None:
            html.mkdir(parents=True, exist_ok=True)
            write_text(html / f"{names[record.patient_id]}-mechanism.html", mechanism_page(result, record))
            _say(f"{html / names[record.patient_id]}-mechanism.html written.")
        found.append(result.to_dict())
        if not as_json:
            print(mechanism_text(result))
    if as_json:
        _print_json(found)


@app.command()
@_spoken
def trial(
    plan: Annotated[Path, typer.Argument(help="A plan (TOML): arms as sequences of therapies with decision rules.")],
    seed: Annotated[int | None, typer.Option("--seed", help="The same seed gives the same result (default: that of the plan).")] = None,
    html: Annotated[Path | None, typer.Option("--html", help="Write figure and table to this file.")] = None,
    as_json: Json = False,
) -> None:
    """A trial on virtual patients: arms of therapies, judged by the same response criteria as real ones. A model's hypothesis."""
    import tomllib

    from rearm.mechanism.trial import run_trial
    from rearm.report.files import write_text
    from rearm.report.mechanism import trial_page, trial_text

    try:
        read = tomllib.loads(plan.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise Unusable(f"{plan} is not a TOML file ({error}).") from None
    result = run_trial(read, seed=seed)
    if html is not None:
        html.parent.mkdir(parents=True, exist_ok=True)
        write_text(html, trial_page(result))
        _say(f"{html} written.")
    if as_json:
        _print_json(result.to_dict())
    else:
        print(trial_text(result))


@app.command()
@_spoken
def template(folder: Annotated[Path, typer.Argument(help="A folder to write to.")], as_json: Json = False) -> None:
    """Write empty tidy tables with a description of each column."""
    from rearm.intake.template import write_template

    written = [str(p) for p in write_template(folder)]
    if as_json:
        _print_json(written)
    else:
        print("\n".join(written))


@app.command()
@_spoken
def init(
    mapping: Annotated[Path, typer.Argument(help="The mapping file to write (TOML).")],
    source: Annotated[Path, typer.Option("--from", help="The workbook, folder or file whose headers are read.")],
    as_json: Json = False,
) -> None:
    """Draft a mapping file from the headers: every column listed, those not recognised as comments."""
    from rearm.intake.draft import write_draft

    written = write_draft(mapping, source)
    if as_json:
        _print_json(str(written))
    else:
        print(f"{written} written. Read it through, complete the commented columns, then: rearm check {source} --mapping {written}")


@knowledge_app.command("check")
@_spoken
def knowledge_check(
    folder: Annotated[Path | None, typer.Argument(help="A folder of knowledge files; by default the bundled knowledge.")] = None,
    as_json: Json = False,
) -> None:
    """List everything that falls short: schema, sources, numbers, conditions, examples. Exit 1 when there is something."""
    from rearm.assess.check import check as checked

    if folder is not None and not folder.is_dir():
        raise Unusable(f"There is no folder {folder}. Give a folder with the files of a knowledge bundle.")
    problems = checked(folder)
    if as_json:
        _print_json([{"where": p.where, "text": p.text} for p in problems])
    else:
        for problem in problems:
            print(problem)
        print(f"{len(problems)} problem{'s' if len(problems) != 1 else ''} found." if problems else "The knowledge is sound.")
    if problems:
        raise typer.Exit(1)


@knowledge_app.command("show")
@_spoken
def knowledge_show(
    name: Annotated[str, typer.Argument(help="Id of an option, factor, statement, study, source, finding or test.")], as_json: Json = False
) -> None:
    """Show one entry: what it says, its rules, its sources."""
    from rearm.report.knowledge_text import entry_object, entry_text

    if as_json:
        _print_json(entry_object(name))
    else:
        print(entry_text(name))


@knowledge_app.command("diff")
@_spoken
def knowledge_diff(
    before: Annotated[Path, typer.Argument(help="A folder of knowledge files.")],
    after: Annotated[Path, typer.Argument(help="Another one.")],
    as_json: Json = False,
) -> None:
    """Say what changed between two bundles, and which verdicts of the bundled example patients changed with it."""
    from rearm.assess.diff import diff
    from rearm.knowledge import load
    from rearm.report.knowledge_text import diff_object, diff_text

    for folder in (before, after):
        if not folder.is_dir():
            raise Unusable(f"There is no folder {folder}. Give two folders with the files of a knowledge bundle.")
    found = diff(load(before), load(after), _examples())
    if as_json:
        _print_json(diff_object(found))
    else:
        print(diff_text(found))


def _examples() -> list[Record]:
    """The invented patients: inside an installed package, or beside the source."""
    from rearm.intake import read

    places = (Path(__file__).parent / "_examples", Path(__file__).parents[2] / "examples" / "tables")
    return next((list(read(p).records) for p in places if p.is_dir()), [])


@knowledge_app.command("list")
@_spoken
def knowledge_list(as_json: Json = False) -> None:
    """Name every option and factor."""
    from rearm.knowledge import load

    known = load()
    rows = [("option", o.id, o.name) for o in known.options.values()] + [("factor", f.id, f.name) for f in known.factors.values()]
    if as_json:
        _print_json([{"kind": kind, "id": name, "name": text} for kind, name, text in rows])
    else:
        for kind, name, text in rows:
            print(f"{kind:7} {name:45} {text}")


def main() -> None:
    """Entry point of `rearm`. No traceback reaches a user: a fault of the program ends with a sentence and exit code 3."""
    try:
        app()
    except Exception as error:
        if os.environ.get("REARM_DEBUG"):
            raise
        _say(
            f"rearm: a fault of the program, not of your input ({type(error).__name__}: {error}). "
            "Nothing that was written before is lost. Please report it; REARM_DEBUG=1 shows where it happened."
        )
        sys.exit(3)


if __name__ == "__main__":
    main()
