"""Statements on exposure and refractoriness that the rows of treatment contradict."""

from __future__ import annotations

from collections.abc import Iterator

from rearm.intake.issues import issue_at
from rearm.intake.rows import CellProblem
from rearm.knowledge.lexicon import Lexicon
from rearm.record import Issue, Record, RefractorinessStatement, Therapy

__all__ = ["flag_denied_treatments"]

# Drugs given for another reason than the myeloma expose it to nothing.
_NOT_AGAINST_MYELOMA = frozenset({"supportive", "toxicity_management", "lymphodepletion"})


def flag_denied_treatments(record: Record, lexicon: Lexicon) -> Iterator[Issue]:
    """An issue for each statement that denies a treatment, or a progression on it, which a row
    tells. A statement surely made before speaks of neither.
    """
    rows = [x for x in record.therapies if x.purpose not in _NOT_AGAINST_MYELOMA]
    for statement in record.refractoriness:
        status = _words(statement)
        agents = _agents(statement, lexicon)
        own = [row for row in rows if agents.intersection(row.agents)]
        if status == "not exposed":
            given = [row for row in own if statement.when.before(row.start) is not True]
            if given:
                shown = f"was given ({given[0].source}, {given[0].start})"
                yield _issue(record, statement, shown)
        elif status == "exposed":
            failed = [row for row in own if _failed_by(statement, row)]
            if failed:
                shown = f"failed on progression ({failed[0].source}, {failed[0].start})"
                yield _issue(record, statement, shown)


def _agents(statement: RefractorinessStatement, lexicon: Lexicon) -> frozenset[str]:
    agent = lexicon.find_agent(statement.agent_or_class)
    if agent is not None:
        return frozenset((agent.id,))
    name = lexicon.find_class(statement.agent_or_class)
    return frozenset() if name is None else frozenset(lexicon.agents_of_class(name))


def _failed_by(statement: RefractorinessStatement, row: Therapy) -> bool:
    """Whether the row tells a progression that the statement may have known."""
    progressed = row.progression_on is True or row.best_response == "PD"
    made_before = statement.when.before(row.start) or statement.when.before(row.end)
    return progressed and made_before is not True


def _words(statement: RefractorinessStatement) -> str:
    return statement.status.strip().casefold().replace("_", " ").replace("-", " ")


def _issue(record: Record, statement: RefractorinessStatement, shown: str) -> Issue:
    sentence = (
        f"{statement.agent_or_class} is stated as {_words(statement)} ({statement.when}), but it "
        f"{shown}. Whether the disease is refractory to it stays unknown; correct one of the two."
    )
    problem = CellProblem("warning", "statement_contradicted", sentence, "used")
    return issue_at(statement.source, problem, record.patient_id)
