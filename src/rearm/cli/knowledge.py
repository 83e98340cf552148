"""Commands on what is known: the evidence of options, and the knowledge itself."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rearm.cli.shared import (
    Json,
    KnowledgeFolder,
    app,
    bundle_folder,
    console,
    knowledge_app,
    known,
    named,
    print_json,
    say,
    spoken,
    tell,
)

if TYPE_CHECKING:
    from rearm.record import Record
    from rearm.report.cohort.beside import StoreFigures


@app.command()
@spoken
def evidence(
    names: Annotated[
        list[str] | None,
        typer.Argument(help="Strategies or ids of options; if none is given, an overview of all."),
    ] = None,
    html: Annotated[
        Path | None,
        typer.Option(
            "--html",
            parser=named,
            metavar="PATH",
            help="Write one page with tables and forest plots to this file.",
        ),
    ] = None,
    svg: Annotated[
        Path | None,
        typer.Option(
            "--svg",
            parser=named,
            metavar="PATH",
            help="Write the forest plots as SVG files into this folder.",
        ),
    ] = None,
    with_store: Annotated[
        Path | None,
        typer.Option(
            "--with-store",
            metavar="STORE",
            help="Show the outcomes of a store beside the evidence. They are never pooled.",
        ),
    ] = None,
    min_cell: Annotated[
        int, typer.Option("--min-cell", help="With --with-store: the smallest count that is shown.")
    ] = 5,
    knowledge: KnowledgeFolder = None,
    as_json: Json = False,
) -> None:
    """Show the studies behind an option: each arm, the pooled figure, how direct it is, and what is
    shown but not pooled.
    """
    from rearm.files import write_text
    from rearm.report.evidence.page import (
        choose_evidence,
        evidence_object,
        evidence_overview,
        evidence_page,
        evidence_text,
        write_evidence_svgs,
    )

    bundle = known(knowledge)
    chosen = choose_evidence(names or (), knowledge=bundle)
    store = None if with_store is None else _store_figures(with_store, min_cell)
    if html is not None:
        html.parent.mkdir(parents=True, exist_ok=True)
        write_text(html, evidence_page(names or (), knowledge=bundle, store=store))
        say(f"{html} written.")
    if svg is not None:
        for path in write_evidence_svgs(chosen, svg, knowledge=bundle):
            say(f"{path} written.")
    if as_json:
        print_json(evidence_object(chosen, knowledge=bundle, store=store))
    elif html is None and svg is None:
        wide = console()
        for part in (
            [evidence_text(one, knowledge=bundle, store=store) for one in chosen]
            if names
            else [evidence_overview(chosen, store=store)]
        ):
            wide.print(part)


def _store_figures(store: Path, min_cell: int) -> Mapping[str, StoreFigures]:
    from rearm.report.cohort.beside import beside_evidence
    from rearm.report.cohort.contents import cohort_report

    return beside_evidence(cohort_report(store, min_cell=min_cell))


@knowledge_app.command("check")
@spoken
def knowledge_check(
    folder: Annotated[
        Path | None,
        typer.Argument(help="A folder of knowledge files; by default the bundled knowledge."),
    ] = None,
    as_json: Json = False,
) -> None:
    """List every problem: schema, sources, numbers, conditions, examples. Exit 1 if there
    is one.
    """
    from rearm.assessment.check import check as checked

    problems = checked(folder if folder is None else bundle_folder(folder))
    if as_json:
        print_json([{"where": p.where, "text": p.text} for p in problems])
    else:
        for problem in problems:
            tell(str(problem))
        print(
            f"{len(problems)} problem{'s' if len(problems) != 1 else ''} found."
            if problems
            else "The knowledge is sound."
        )
    if problems:
        raise typer.Exit(1)


@knowledge_app.command("show")
@spoken
def knowledge_show(
    name: Annotated[
        str,
        typer.Argument(
            help="Id of a strategy, option, factor, statement, study, source, finding or test."
        ),
    ],
    as_json: Json = False,
) -> None:
    """Show one entry with its rules and sources."""
    from rearm.report.knowledge import entry_object, entry_text

    if as_json:
        print_json(entry_object(name))
    else:
        tell(entry_text(name))


@knowledge_app.command("diff")
@spoken
def knowledge_diff(
    before: Annotated[Path, typer.Argument(help="A folder of knowledge files.")],
    after: Annotated[Path, typer.Argument(help="A second folder, to compare the first with.")],
    as_json: Json = False,
) -> None:
    """Show what changed between two bundles, and which verdicts of the bundled example
    patients changed with it.
    """
    from rearm.assessment.diff import diff
    from rearm.knowledge import load
    from rearm.report.knowledge import diff_object, diff_text

    found = diff(load(bundle_folder(before)), load(bundle_folder(after)), _examples())
    if as_json:
        print_json(diff_object(found))
    else:
        tell(diff_text(found))


def _examples() -> list[Record]:
    """The invented patients: inside an installed package, or beside the source."""
    from rearm.intake import read

    places = (
        Path(__file__).parents[1] / "_examples",
        Path(__file__).parents[3] / "examples" / "tables",
    )
    return next((list(read(p).records) for p in places if p.is_dir()), [])


@knowledge_app.command("list")
@spoken
def knowledge_list(as_json: Json = False) -> None:
    """List every strategy, option and factor."""
    from rearm.knowledge import load

    known = load()
    rows = [
        *(("strategy", s.id, s.title) for s in known.words.strategies.values()),
        *(("option", o.id, o.name) for o in known.options.values()),
        *(("factor", f.id, f.name) for f in known.factors.values()),
    ]
    if as_json:
        print_json([{"kind": kind, "id": name, "name": text} for kind, name, text in rows])
    else:
        for kind, name, text in rows:
            print(f"{kind:8} {name:45} {text}")
