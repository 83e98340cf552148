"""What would move if something was so: made in the child process from stored rows, never kept."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import structs
from sqlalchemy.orm import Session

from rearm.assessment import Assessment
from rearm.assessment.overruling import StatedFact
from rearm.board.child.answering import Kept
from rearm.board.child.worker import Worker
from rearm.board.facts.contexts import Fact, FactGroup, FactTyped
from rearm.board.facts.facts import fact_groups, read_typed, stated, told_of
from rearm.board.facts.supposed import MadeBy, supposed
from rearm.board.refusals import NotThere, NotUsable
from rearm.board.store.cases import assessment_of, case_of, latest_result
from rearm.board.web.forms import Form
from rearm.board.what_if.contexts import WhatIf

__all__ = ["MOST", "chosen_of", "first_page", "supposed_page"]

MOST = 12
"""Facts that are assumed together."""


def first_page(session: Session, case_id: str) -> WhatIf:
    """The page before anything is assumed. Raises NotThere where there is no answer."""
    case = case_of(session, case_id)
    stored = latest_result(session, case_id)
    if stored is None:
        raise NotThere("There is no answer for this patient yet.")
    result = assessment_of(stored)
    groups = _groups(result)
    told = told_of(result)
    return WhatIf(
        case=case.id,
        patient=case.patient_id,
        answer=stored.number,
        chosen=(),
        told_by_tests=tuple(x for group in groups for x in group.facts if x.what in told),
        others=groups,
    )


def _groups(result: Assessment) -> tuple[FactGroup, ...]:
    """A cause moves nothing but itself, so none is assumed."""
    return fact_groups(result, with_causes=False)


def chosen_of(page: WhatIf, form: Form) -> tuple[Fact, ...]:
    """The facts of the form with what was typed: those chosen before and the one that is added,
    without the one that is removed.
    """
    added, removed = form.text("add"), form.text("remove")
    return tuple(
        structs.replace(fact, typed=read_typed(form, fact))
        for group in page.others
        for fact in group.facts
        if fact.id != removed and (fact.id == added or form.text(f"chosen:{fact.id}"))
    )


def supposed_page(
    page: WhatIf, kept: Kept, worker: Worker, chosen: Sequence[Fact], made_by: MadeBy
) -> WhatIf:
    """The page with what would move. Facts of which nothing was typed yet are only shown. Raises
    NotUsable with a sentence.
    """
    assumed = tuple(_assumed(chosen))
    if not assumed:
        return structs.replace(page, chosen=tuple(chosen))
    found = supposed(worker, structs.replace(kept, new=assumed), made_by)
    return structs.replace(
        page,
        chosen=tuple(chosen),
        assumed=found.assumed,
        moves=found.moves,
        groups=found.groups,
        state=found.state,
        first=found.first,
        other_version=found.other_version,
    )


def _assumed(chosen: Sequence[Fact]) -> list[StatedFact]:
    if len(chosen) > MOST:
        raise NotUsable(f"At most {MOST} facts are assumed together. Remove some.")
    return [stated(fact, fact.typed) for fact in chosen if fact.typed != FactTyped()]
