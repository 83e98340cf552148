"""Whether this installation still gives the known answers: `rearm self-test`."""

from __future__ import annotations

import typer

from rearm.cli.shared import Json, KnowledgeFolder, app, known, print_json, spoken, tell

__all__ = ["self_test"]


@app.command("self-test")
@spoken
def self_test(knowledge: KnowledgeFolder = None, as_json: Json = False) -> None:
    """Assess ten invented patients whose answers are known, and compare.

    Exit 0: all are the same, or --knowledge names your own rules: then each line tells what they
    change. Exit 1: this installation answers otherwise than it should; don't use it.
    """
    from rearm.self_test import compare_known

    own = None if knowledge is None else known(knowledge)
    lines = compare_known(own)
    if as_json:
        import msgspec

        print_json(msgspec.to_builtins(lines))
    else:
        word = "FAILED" if own is None else "other"
        for line in lines:
            end = "".join(f"; {text}" for text in line.differences)
            tell(f"{'ok' if line.same else word:8}{line.id:22}{line.title}{end}")
    if own is None and not all(line.same for line in lines):
        raise typer.Exit(1)
