"""Rows of `therapies`: stated agents, or what the text of a regimen says."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from rearm.intake.build import typed
from rearm.intake.build.axis import Axis, placed
from rearm.intake.build.log import IssueLog
from rearm.intake.build.terms import Terms
from rearm.intake.regimen.read import RegimenReading
from rearm.intake.rows import Row
from rearm.intake.values import shown
from rearm.record import UNKNOWN_WHEN, Graft, Therapy, When

__all__ = ["read_therapy"]

# What only the end of a line tells: of a text that names several parts, the last has it.
_OF_THE_END = {"best_response": None, "progression_on": None, "stop_reason": None}


def read_therapy(
    row: Row, axis: Axis, log: IssueLog, terms: Terms, *, infused: bool
) -> Iterable[Therapy]:
    """One therapy, or one for each part of a regimen text that names several (transplant, then
    maintenance).

    The column `agents` counts where it is filled; else the regimen is read. A name that can't be
    read stays in `unread`. `infused`: infusions were read, so a regimen that only names a CAR-T is
    no loss.
    """
    start, end = _days(row, axis, log)
    regimen = typed.text(row, "regimen", log)
    stated = typed.text(row, "agents", log)
    agents, unread, support = _stated_agents(row, log, terms, stated)
    reading = terms.regimen(regimen) if regimen else None
    purpose = typed.word(row, "purpose", log)
    common: dict[str, Any] = {
        "source": row.source,
        "start": start,
        "end": end,
        "line": typed.whole(row, "line", log),
        "regimen": regimen,
        "best_response": typed.word(row, "best_response", log),
        "progression_on": typed.flag(row, "progression_on", log),
        "stop_reason": typed.text(row, "stop_reason", log),
        "after_infusion": typed.whole(row, "after_infusion", log),
    }
    if stated is None and reading is not None:
        _log_left_open(row, log, reading, terms)
        return _parts(row, log, reading, common | {"purpose": purpose}, infused=infused)
    if reading is not None and not unread:
        _compare(row, log, reading, agents)
    if support and not agents and not unread:
        purpose = purpose or "supportive"
    elif not agents and not unread and purpose != "radiotherapy":
        log.warning(
            row,
            None,
            "therapy_unnamed",
            (
                "The therapy has neither agents nor a regimen, so what was given is unknown. "
                "Enter one of them."
            ),
            "used",
        )
        unread = ("not named",)
    if purpose is None and reading is not None and len(reading.parts) == 1:
        purpose = reading.parts[0].purpose
    named = [] if reading is None else [part.graft for part in reading.parts]
    graft = _graft(purpose, named, reading)
    return [Therapy(agents=agents, unread=unread, purpose=purpose, graft=graft, **common)]


def _days(row: Row, axis: Axis, log: IssueLog) -> tuple[When, When]:
    start, _ = placed(row, "start_day", axis, log)
    end, _ = placed(row, "end_day", axis, log)
    begun = start.first if start.first is not None else start.last
    if start.last is None or end.last is None or begun is None or end.last >= begun:
        return start, end
    log.error(
        row,
        "end_day",
        "end_before_start",
        f"The therapy ends on day {end.last}, before it starts. The end is not used.",
    )
    return start, UNKNOWN_WHEN


def _stated_agents(
    row: Row, log: IssueLog, terms: Terms, stated: str | None
) -> tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]:
    """The ids of the agents stated, the names that can't be read, and those of drugs that treat no
    myeloma.
    """
    agents, unread, support = terms.agents(stated) if stated is not None else ((), (), ())
    for name in unread:
        log.error(
            row,
            "agents",
            "unknown_agent",
            f"{shown(name)} is not an agent in the lexicon (nearest: "
            f"{terms.nearest_names(name, terms.lexicon.agents)}). It is not read.",
        )
    return agents, unread, support


def _compare(row: Row, log: IssueLog, reading: RegimenReading, agents: tuple[str, ...]) -> None:
    """The stated agents beside those of the regimen, where that is read in full."""
    if reading.agents and not reading.left_open and set(reading.agents) != set(agents):
        log.warning(
            row,
            "agents",
            "regimen_contradicts_agents",
            f"The regimen {shown(reading.text)} means {', '.join(reading.agents)}, but the "
            f"agents are entered as {', '.join(agents)}. The agents as entered are used.",
            "used",
        )


def _log_left_open(row: Row, log: IssueLog, reading: RegimenReading, terms: Terms) -> None:
    for ambiguity in reading.ambiguities:
        candidates = "; ".join(", ".join(c) or "no regimen" for c in ambiguity.candidates)
        log.warning(
            row,
            "regimen",
            "regimen_ambiguous",
            f"{shown(ambiguity.text)} is used for several regimens ({candidates}). It is not "
            "read. Enter the agents.",
        )
    if reading.unread:
        log.warning(
            row,
            "regimen",
            "regimen_unread",
            f"These parts of the regimen {shown(reading.text)} could not be read: "
            f"{', '.join(map(shown, reading.unread))}. Enter the agents."
            f"{terms.meant_by(reading.unread)}",
        )
    for note in reading.notes:
        log.note(row, "regimen", "regimen_note", f"Regimen {shown(reading.text)}: {note}")


def _parts(
    row: Row, log: IssueLog, reading: RegimenReading, common: dict[str, Any], *, infused: bool
) -> list[Therapy]:
    """A therapy for each part of a regimen text that says what was given, or for which purpose."""
    parts = [p for p in reading.parts if p.agents or p.purpose is not None]
    left_open = reading.left_open
    if not parts and reading.infusions and not left_open:
        if not infused:
            log.warning(
                row,
                "regimen",
                "infusion_unread",
                f"{shown(reading.text)} includes a CAR-T, but no infusion was read. Enter it in "
                "infusions, with its day and product.",
            )
        return []  # an infusion stands in its own table
    if reading.only_support:
        return [Therapy(**common | {"purpose": common["purpose"] or "supportive"})]
    if not parts:
        graft = _graft(common["purpose"], [], reading)
        return [Therapy(unread=left_open or (reading.text,), graft=graft, **common)]
    therapies = []
    for place, part in enumerate(parts):
        stated = common["purpose"] if len(parts) == 1 else None
        purpose = stated or part.purpose or common["purpose"]
        own = {"purpose": purpose, "graft": _graft(purpose, [part.graft], reading)}
        is_last = place == len(parts) - 1
        therapies.append(
            Therapy(
                agents=part.agents,
                unread=left_open if place == 0 else (),
                **(common | own if is_last else common | own | _OF_THE_END),
            )
        )
    return therapies


def _graft(
    purpose: str | None, named: Iterable[Graft | None], reading: RegimenReading | None
) -> Graft | None:
    """Whose stem cells a transplant was made with, by what its text names; None of other
    treatment.
    """
    if purpose != "transplant":
        return None
    grafts = {graft for graft in named if graft is not None}
    if len(grafts) == 1:
        return grafts.pop()
    may_name_donor = reading is not None and bool(reading.unread)
    # as in the regimen reader: without any word of a donor they were the patient's own
    return "unknown" if grafts or may_name_donor else "autologous"
