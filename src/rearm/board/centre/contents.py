"""The page of the centre, and what its form sends."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from sqlalchemy.orm import Session

from rearm.assessment.regions import regions_of
from rearm.board.centre.contexts import CentrePage, CentreVersion, OptionGroup, OptionRow
from rearm.board.store.centres import (
    CentreList,
    Contact,
    OptionHere,
    TrialOpen,
    centre_list,
    centres,
)
from rearm.board.store.utc import moment_words
from rearm.board.web.forms import Form
from rearm.characters import first_harmful
from rearm.knowledge.bundle import bundled

__all__ = ["centre_page", "sent", "wanting"]

LONGEST = 500
"""Characters of a text."""

_MOST_TRIALS, _MOST_CONTACTS = 20, 10
_SPARE = 2  # empty rows below those that are filled
_HERE = ("available", "on_request", "not_here")
_TRIAL = ("name", "number", "target", "slots", "contact", "note")
_CONTACT = ("role", "name", "reach")


def centre_page(
    session: Session,
    tenant: str,
    typed: CentreList | None = None,
    wanting: Iterable[str] = (),
    *,
    changed: bool = False,
) -> CentrePage:
    """The newest version, or what was typed; beside it what somebody else kept, where `changed`."""
    kept = centres(session, tenant)
    newest = centre_list(kept[0]) if kept else CentreList()
    content = newest if typed is None else typed
    return CentrePage(
        seen=kept[0].number if kept else 0,
        content=content,
        regions=regions_of(bundled()),
        groups=tuple(_groups(content)),
        trial_rows=min(len(content.trials) + _SPARE, _MOST_TRIALS),
        contact_rows=min(len(content.contacts) + _SPARE, _MOST_CONTACTS),
        versions=tuple(
            CentreVersion(number=row.number, at=moment_words(row.at), who=row.who) for row in kept
        ),
        wanting=tuple(wanting),
        meanwhile=newest if changed else None,
    )


def sent(form: Form) -> CentreList:
    """What the form says; rows without their first field are empty and left out."""
    trials = (_row(form, "trial", i, _TRIAL) for i in range(_MOST_TRIALS))
    contacts = (_row(form, "contact", i, _CONTACT) for i in range(_MOST_CONTACTS))
    return CentreList(
        name=form.text("name").strip(),
        region=form.text("region").strip(),
        options=dict(_options(form)),
        trials=tuple(TrialOpen(**row) for row in trials if any(row.values())),
        contacts=tuple(Contact(**row) for row in contacts if any(row.values())),
    )


def wanting(content: CentreList) -> list[str]:
    """What keeps the list from being kept, each a sentence; empty where nothing does."""
    found = []
    if content.region and content.region not in regions_of(bundled()):
        found.append("Choose a region of the list.")
    if any(not trial.name for trial in content.trials):
        found.append("Give each trial a name.")
    if any(not contact.role for contact in content.contacts):
        found.append("Say of each contact what it is for.")
    for text in _texts(content):
        if len(text) > LONGEST:
            found.append(f"A text is longer than {LONGEST} characters. Shorten it.")
        if first_harmful(text) is not None:
            found.append("A text contains a character that is no text. Type it again.")
    return list(dict.fromkeys(found))


def _options(form: Form) -> Iterator[tuple[str, OptionHere]]:
    for name in bundled().options:
        here, note = form.text(f"here-{name}"), form.text(f"note-{name}").strip()
        for known in _HERE:
            if here == known:
                yield name, OptionHere(here=known, note=note)  # type: ignore[arg-type]


def _row(form: Form, kind: str, number: int, names: Iterable[str]) -> dict[str, str]:
    return {name: form.text(f"{kind}-{number}-{name}").strip() for name in names}


def _texts(content: CentreList) -> Iterator[str]:
    yield content.name
    yield from (x.note for x in content.options.values())
    for trial in content.trials:
        yield from (getattr(trial, name) for name in _TRIAL)
    for contact in content.contacts:
        yield from (getattr(contact, name) for name in _CONTACT)


def _groups(content: CentreList) -> Iterator[OptionGroup]:
    known = bundled()
    by_strategy: dict[str, list[OptionRow]] = {}
    for option in known.options.values():
        told = content.options.get(option.id)
        row = OptionRow(
            option=option.id,
            name=option.name,
            here="" if told is None else told.here,
            note="" if told is None else told.note,
        )
        by_strategy.setdefault(option.strategy, []).append(row)
    for strategy in sorted(by_strategy, key=known.words.of_strategy):
        rows = by_strategy[strategy]
        yield OptionGroup(
            title=known.words.of_strategy(strategy),
            told=sum(bool(row.here) for row in rows),
            options=tuple(rows),
        )
