"""Commands on patients: assess, check, explain."""

from __future__ import annotations

import sys
from datetime import date
from pathlib import Path
from typing import Annotated, Literal

import typer

from rearm.cli.shared import (
    AsOf,
    Input,
    Json,
    KnowledgeFolder,
    MappingFile,
    Patients,
    RedcapDictionary,
    Region,
    Unusable,
    app,
    chosen_patients,
    chosen_region,
    console,
    day_of,
    known,
    left_out,
    named,
    print_json,
    read_input,
    say,
    spoken,
    tell,
    tell_unread,
)

Order = Literal["severity", "count", "patients", "code", "file"]


@app.command()
@spoken
def assess(
    path: Input,
    mapping: MappingFile = None,
    redcap: RedcapDictionary = None,
    patient: Patients = None,
    as_of: AsOf = None,
    region: Region = None,
    knowledge: KnowledgeFolder = None,
    html: Annotated[
        Path | None,
        typer.Option(
            "--html",
            parser=named,
            metavar="PATH",
            help="Write a page for each patient, and an index, into this folder.",
        ),
    ] = None,
    sheets: Annotated[
        Path | None,
        typer.Option(
            "--sheet",
            parser=named,
            metavar="PATH",
            help="Write the sheet for the board, one page per patient, into this folder.",
        ),
    ] = None,
    pdf: Annotated[bool, typer.Option("--pdf", help="Write each sheet as a PDF, too.")] = False,
    json_to: Annotated[
        Path | None,
        typer.Option(
            "--json",
            parser=named,
            metavar="PATH",
            help="Write the result of each patient as JSON into this folder; - prints JSON lines.",
        ),
    ] = None,
    quiet: Annotated[
        bool, typer.Option("--quiet", help="Print only where the files are, not the report.")
    ] = False,
    full: Annotated[
        bool, typer.Option("--full", help="Print what stands behind the sheet, too.")
    ] = False,
    jobs: Annotated[
        int,
        typer.Option(
            "--jobs", min=1, help=("Number of processes that assess patients in parallel.")
        ),
    ] = 1,
    resume: Annotated[
        bool,
        typer.Option(
            "--resume",
            help=(
                "Continue an interrupted run, or repeat only what changed: patients whose files "
                "in the folder would stay the same are skipped."
            ),
        ),
    ] = False,
) -> None:
    """Assess patients: failure, causes, options and next tests, each with its basis.

    Exit 0: everything was read. Exit 1: a file or patient of the input could not be
    read; the rest is assessed. Exit 2: the input can't be used. Exit 3: an internal error
    occurred for a patient.
    """
    from rearm.cli.assess_files import Wanted, assess_to_files

    if pdf:
        _check_pdf(sheets)
    bundle = known(knowledge)
    reading = read_input(path, mapping, bundle, redcap)
    records = chosen_patients(reading, patient)
    to_stdout = json_to is not None and str(json_to) == "-"
    if resume and html is None and sheets is None and (json_to is None or to_stdout):
        raise Unusable(
            "--resume needs the folder of an earlier run. Name it with --html or --json."
        )
    on_terminal = not (quiet or to_stdout)
    wanted = Wanted(
        as_of=day_of(as_of),
        region=chosen_region(region, bundle),
        knowledge=knowledge,
        html=html,
        sheets=sheets,
        pdf=pdf,
        json_folder=None if to_stdout else json_to,
        json_lines=to_stdout,
        results=on_terminal,
        full=full,
    )
    summary = assess_to_files(
        records,
        wanted,
        jobs=jobs,
        resume=resume,
        console=console() if on_terminal else None,
        json_lines=sys.stdout if to_stdout else None,
        left_out=left_out(reading),
    )
    if not (summary.assessed or summary.unchanged or summary.refused or summary.failed):
        raise Unusable(
            f"{path} contains no patient. `rearm check {path}` lists what was found instead."
        )
    unread = tell_unread(reading)
    for line in summary.words():
        say(line)
    if summary.failed:
        raise typer.Exit(3)
    if summary.refused:
        raise typer.Exit(2)
    if unread:
        raise typer.Exit(1)


def _check_pdf(sheets: Path | None) -> None:
    """Before anybody is assessed: whether a PDF was asked for that can be made."""
    from rearm.report.sheet.pdf import check_pdf_can_be_made

    if sheets is None:
        raise Unusable("--pdf makes a PDF of each sheet: name a folder for them with --sheet.")
    check_pdf_can_be_made()


@app.command()
@spoken
def check(
    path: Input,
    mapping: MappingFile = None,
    redcap: RedcapDictionary = None,
    knowledge: KnowledgeFolder = None,
    as_of: AsOf = None,
    sort: Annotated[
        Order, typer.Option("--sort", help="Order in which the causes of issues are printed.")
    ] = "severity",
    each: Annotated[
        bool,
        typer.Option("--each", help=("List every issue instead of the causes with their counts.")),
    ] = False,
    csv: Annotated[
        Path | None,
        typer.Option(
            "--csv",
            parser=named,
            metavar="PATH",
            help="Write the work list into this folder as CSV files.",
        ),
    ] = None,
    xlsx: Annotated[
        Path | None,
        typer.Option(
            "--xlsx",
            parser=named,
            metavar="PATH",
            help="Write the work list into this workbook (.xlsx).",
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """Print the work list of an input: problems by cause, what can be placed in time,
    and what is missing from the record.

    Exit 0: nothing changes an answer. Exit 1: something may. Exit 2: the input can't be used.
    """
    from rearm.cli.check_files import worklist_of
    from rearm.report.worklist.contents import may_change_an_answer
    from rearm.report.worklist.spreadsheets import write_csv_files, write_xlsx
    from rearm.report.worklist.terminal import print_worklist

    if xlsx is not None and xlsx.suffix.lower() != ".xlsx":
        raise Unusable(f"--xlsx {xlsx} does not end in .xlsx. Choose a name that does.")
    bundle = known(knowledge)
    worklist = worklist_of(
        read_input(path, mapping, bundle, redcap), knowledge=bundle, as_of=day_of(as_of), order=sort
    )
    if as_json:
        print_json(worklist.plain())
    else:
        print_worklist(console(), worklist, each=each)
    if csv is not None:
        for written in write_csv_files(csv, worklist.tables()):
            say(f"{written} written.")
    if xlsx is not None:
        say(f"{write_xlsx(xlsx, worklist.tables())} written.")
    if not worklist.coverage.patients:
        raise Unusable(f"{path} contains no readable patient.")
    if worklist.coverage.nothing_read or any(map(may_change_an_answer, worklist.issues)):
        raise typer.Exit(1)


@app.command()
@spoken
def explain(
    path: Input,
    mapping: MappingFile = None,
    redcap: RedcapDictionary = None,
    patient: Patients = None,
    strategy: Annotated[
        list[str] | None,
        typer.Option("--strategy", help="Id of a strategy (a line of the sheet); may be repeated."),
    ] = None,
    option: Annotated[
        list[str] | None, typer.Option("--option", help="Id of an option; may be repeated.")
    ] = None,
    factor: Annotated[
        list[str] | None,
        typer.Option("--factor", help="Id of a factor (a cause); may be repeated."),
    ] = None,
    every: Annotated[
        bool, typer.Option("--all", help="Show also the rules that change nothing here.")
    ] = False,
    as_of: AsOf = None,
    region: Region = None,
    knowledge: KnowledgeFolder = None,
    as_json: Json = False,
) -> None:
    """Show why a strategy stands where it stands and what would move it, or each rule of an option
    or a factor: its clauses, the findings read, their source rows, true, false or unknown.
    """
    from rearm.cli.decision_day import why_no_decision
    from rearm.cli.explained import Asked

    if not (strategy or option or factor):
        raise Unusable(
            "Say what to explain: --strategy ID, --option ID or --factor ID. `rearm knowledge list`"
            " names them."
        )
    bundle = known(knowledge)
    asked = Asked(
        strategies=tuple(strategy or ()),
        options_and_factors=(*(option or ()), *(factor or ())),
        knowledge=bundle,
        as_of=day_of(as_of),
        region=chosen_region(region, bundle),
    )
    records = chosen_patients(read_input(path, mapping, bundle, redcap), patient)
    found = []
    for record in records:
        if (why := why_no_decision(record, asked.as_of, date.today())) is not None:
            raise Unusable(why)
        found += asked.of(record)
    if as_json:
        print_json([one.plain() for one in found])
    else:
        tell("\n\n".join(one.text(every=every) for one in found))
