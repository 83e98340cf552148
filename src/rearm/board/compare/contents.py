"""Two strategies or options side by side, from the stored answer alone."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from sqlalchemy.orm import Session

from rearm.assessment import Assessment
from rearm.assessment.result import AnswerStrategy, Figure, OptionResult
from rearm.board.compare.contexts import (
    CompareLine,
    ComparePage,
    CompareRow,
    CompareTopic,
    SideShown,
    ToCompare,
)
from rearm.board.refusals import NotThere
from rearm.board.store.cases import assessment_of, case_of, latest_result
from rearm.report.assessment.answer_words import TIER_WORDS, ground_words, tier_words
from rearm.report.assessment.change_words import conditions_in_words
from rearm.report.assessment.practicalities_words import FIELD_TITLES, HowGiven, how_given
from rearm.report.assessment.sentences import (
    asked_as,
    asked_for,
    availability_text,
    no_figure_text,
    reason_text,
)
from rearm.report.figures import figure_words, in_whom, number_words
from rearm.report.words import capital, words

__all__ = ["compare_page"]

_NONE_READ = ("none read", "none read")
_NO_TEST = ("no test", "no test")
_NOT_READ = ("not read", "not read")
_STRATEGY, _OPTION = "strategy", "option"
_NOT_STORED = "not stored: the sheet does not show this option"


def compare_page(
    session: Session,
    case_id: str,
    a: str = "",
    b: str = "",
    *,
    refusal: str = "",
    typed: tuple[str, str] = ("", ""),
) -> ComparePage:
    """The comparison of the newest answer; without `a` and `b` the form to choose them, as it was
    `typed`. Raises NotThere where the answer has no such strategy or option.
    """
    case = case_of(session, case_id)
    stored = latest_result(session, case_id)
    if stored is None:
        raise NotThere("There is no answer for this patient yet.")
    result = assessment_of(stored)
    page = ComparePage(
        case=case.id,
        patient=case.patient_id,
        answer=stored.number,
        choices=tuple(_choices(result)),
        chosen=(a, b) if a and b else typed,
        refusal=refusal,
    )
    if not (a and b):
        return page
    sides = _side(result, a), _side(result, b)
    rows = [row for row in _rows(result, *sides) if row.a or row.b or row.both]
    return ComparePage(
        case=page.case,
        patient=page.patient,
        answer=page.answer,
        choices=page.choices,
        chosen=page.chosen,
        a=sides[0].shown,
        b=sides[1].shown,
        rows=tuple(row for row in rows if row.differs),
        equal=tuple(row for row in rows if not row.differs),
        refusal=refusal,
    )


# ---------------------------------------------------------------- what can be compared


def _choices(result: Assessment) -> Iterator[CompareTopic]:
    for tier in result.answer.tiers:
        members = tuple(
            ToCompare(
                id=f"{_STRATEGY}.{x.strategy}",
                name=result.titles.strategies[x.strategy],
                tier=tier.tier,
            )
            for x in tier.strategies
        )
        if members:
            yield CompareTopic(title=tier_words(tier.tier), members=members)
    options = tuple(
        ToCompare(id=f"{_OPTION}.{x.id}", name=x.name, tier=_tier_of(result, x))
        for x in result.options
    )
    if options:
        yield CompareTopic(title="single options", members=options)


def _tier_of(result: Assessment, option: OptionResult) -> str:
    return result.answer.tier_of(option.strategy) or ""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Side:
    """One of the two: its option, and its place where it is a strategy or leads one."""

    shown: SideShown
    option: OptionResult
    placed: AnswerStrategy | None
    of_strategy: bool


def _side(result: Assessment, name: str) -> _Side:
    kind, _, own = name.partition(".")
    placed = {x.strategy: x for tier in result.answer.tiers for x in tier.strategies}
    options = {x.id: x for x in result.options}
    if kind == _STRATEGY and own in placed:
        option = options[placed[own].option]
    elif kind == _OPTION and own in options:
        option = options[own]
    else:
        raise NotThere("The answer has no such strategy or option.")
    tier = _tier_of(result, option)
    titles = result.titles.strategies
    return _Side(
        shown=SideShown(
            id=name,
            name=capital(titles[own] if kind == _STRATEGY else option.name),
            option=option.name if kind == _STRATEGY else "",
            tier=tier,
            tier_words=tier_words(tier) if tier else "no tier",
        ),
        option=option,
        placed=placed.get(option.strategy),
        of_strategy=kind == _STRATEGY,
    )


# ---------------------------------------------------------------- the rows


def _rows(result: Assessment, a: _Side, b: _Side) -> Iterator[CompareRow]:
    """In the order in which a board asks."""
    yield _row("Where it stands", *(list(_place(result, x)) for x in (a, b)))
    reasons = (
        ("Why it stands there", [x.placed.because if x.placed else () for x in (a, b)]),
        ("For it", [x.option.for_ for x in (a, b)]),
        ("Against it", [x.option.against for x in (a, b)]),
        ("Not known, and would count against it", [x.option.unknown for x in (a, b)]),
        ("Cautions that hold", [_cautions(result, x, holding=True) for x in (a, b)]),
        ("To be settled before the start", [x.option.checklist for x in (a, b)]),
    )
    for title, ids in reasons:
        yield _row(title, *(list(_reasons(result, x)) for x in ids))
    yield _row(
        "Expected, with numbers", *(list(_figures(result, x)) for x in (a, b)), empty=_NONE_READ
    )
    yield _row("Access", *([CompareLine(text=availability_text(result, x.option))] for x in (a, b)))
    yield from _given(result, a, b)
    waits = [x.placed.waits_for if x.placed else () for x in (a, b)]
    yield _row("What it waits for", *(list(_reasons(result, x)) for x in waits))
    yield _row("What would move it", *(list(_turns(result, x)) for x in (a, b)), empty=_NO_TEST)
    yield _row("What it does to a later collection of T cells",
               *(list(_later(result, x)) for x in (a, b)), empty=_NOT_READ)  # fmt: skip
    yield _row("What may follow", *(list(_sequence(result, x)) for x in (a, b)), empty=_NOT_READ)
    unsure = [_cautions(result, x, holding=False) for x in (a, b)]
    yield _row("Cautions, not known to hold or not",
               *(list(_reasons(result, x)) for x in unsure))  # fmt: skip
    yield _row("Support", *(list(_support(result, x)) for x in (a, b)))


def _row(
    title: str,
    a: Iterable[CompareLine],
    b: Iterable[CompareLine],
    *,
    empty: tuple[str, str] = ("nothing", "nothing"),
) -> CompareRow:
    first, second = tuple(dict.fromkeys(a)), tuple(dict.fromkeys(b))
    return CompareRow(
        title=title,
        a=tuple(x for x in first if x not in second),
        b=tuple(x for x in second if x not in first),
        both=tuple(x for x in first if x in second),
        empty=empty,
    )


def _place(result: Assessment, side: _Side) -> Iterator[CompareLine]:
    if side.placed is None:
        yield CompareLine(text="no tier: nothing is to be chosen, or its strategy has none")
        return
    ground = ground_words(side.placed.ground)
    yield CompareLine(text=f"{capital(side.shown.tier_words)} ({ground})")
    if side.option.verdict is not None:
        until = f", until {words(side.option.until)}" if side.option.until else ""
        yield CompareLine(text=f"By the rules for the option: {words(side.option.verdict)}{until}")
    if not side.of_strategy and side.placed.option != side.option.id:
        leads = result.option(side.placed.option).name
        yield CompareLine(text=f"Of its strategy {leads} is meant first")


def _cautions(result: Assessment, side: _Side, *, holding: bool) -> tuple[str, ...]:
    names = side.option.cautions
    return tuple(x for x in names if (result.reasons[x].truth is True) == holding)


def _reasons(result: Assessment, ids: Iterable[str]) -> Iterator[CompareLine]:
    for name in ids:
        reason = result.reasons[name]
        sources = tuple(_source(result, x) for x in reason.citations)
        yield CompareLine(text=_reason(result, name), sources=sources)


def _reason(result: Assessment, name: str) -> str:
    """The reason; where part of what it speaks of is known, and may stand on the other side, with
    what of it is not.
    """
    reason = result.reasons[name]
    told = reason_text(reason)
    missing = result.missing(reason)
    if not missing or not set(reason.findings) - set(missing):
        return told
    return f"{told} Not known of it: {', '.join(asked_for(result, [name]))}."


def _source(result: Assessment, citation: str) -> str:
    publication = result.publications[result.citations[citation].source]
    named = publication.line.strip().isdigit() or not publication.line  # only a year
    return f"{publication.title}, {publication.line}".strip(", ") if named else publication.line


def _figures(result: Assessment, side: _Side) -> Iterator[CompareLine]:
    evidence = result.evidence[side.option.evidence]
    figures = (*evidence.expected, *evidence.others)
    for figure in figures:
        yield CompareLine(
            text=_figure(figure), sources=tuple(_source(result, x) for x in figure.studies)
        )
    if not figures:
        yield CompareLine(
            text=capital(no_figure_text(evidence))
            if evidence.told
            else "Figures are left out, because what they belong to is advised against."
        )


def _figure(figure: Figure) -> str:
    """`Response 44 % (22 to 69 %); n = 18; after CAR-T or bispecific (near)`."""
    nearness = "" if figure.directness == "direct" else f" ({figure.directness})"
    number = f"n = {number_words(figure)}"
    return f"{capital(figure_words(figure))}; {number}; {in_whom(figure)}{nearness}"


def _given(result: Assessment, a: _Side, b: _Side) -> Iterator[CompareRow]:
    """Field by field; of an option that the sheet does not show nothing is stored."""
    told = {x.option_id: x for x in how_given(result)}
    own = [told.get(x.option.id) for x in (a, b)]
    empty = tuple("not read" if x is not None else _NOT_STORED for x in own)
    for title in FIELD_TITLES.values():
        first, second = (list(_field(result, given, title)) for given in own)
        yield _row(f"How it is given: {title}", first, second, empty=(empty[0], empty[1]))


def _field(result: Assessment, given: HowGiven | None, title: str) -> Iterator[CompareLine]:
    for field in () if given is None else given.fields:
        if field.title == title:
            for text, citations in field.lines:
                sources = tuple(_source(result, x) for x in citations)
                yield CompareLine(text=text, sources=sources)


def _turns(result: Assessment, side: _Side) -> Iterator[CompareLine]:
    """What would lift it by a condition that is not known, and the tests that would move it."""
    if side.placed is not None and (would := side.placed.would_be) is not None:
        yield CompareLine(
            text=f"{capital(TIER_WORDS[would.tier])} if: {result.reasons[would.if_].text}"
        )
    for test in result.next_tests:
        for change in test.changes:
            for turn in change.turns:
                of_strategy = turn.kind == "strategy" and side.option.strategy in turn.what
                of_option = turn.kind == "option" and side.option.id in turn.what
                if not (of_strategy or of_option):
                    continue
                what = "it" if of_strategy else "the verdict on the option"
                when = " or ".join(conditions_in_words(result, test, [change]))
                from_, to = (tier_words(x) if of_strategy else words(x)
                             for x in (turn.from_, turn.to))  # fmt: skip
                text = f"{capital(test.name)}: {when}, {what} moves from {from_} to {to}"
                yield CompareLine(text=text)


def _later(result: Assessment, side: _Side) -> Iterator[CompareLine]:
    later = side.option.later_t_cells
    if later is not None:
        note = result.notes[later.note]
        sources = tuple(_source(result, x) for x in note.citations)
        text = f"{capital(words(later.effect))}. {note.text}".strip()
        yield CompareLine(text=text, sources=sources)


def _sequence(result: Assessment, side: _Side) -> Iterator[CompareLine]:
    for name in side.option.sequence:
        yield CompareLine(text=capital(result.titles.strategies[name]))


def _support(result: Assessment, side: _Side) -> Iterator[CompareLine]:
    for name in side.option.support:
        line = result.support[name]
        missing = ", ".join(asked_as(result, x) for x in line.missing)
        text = line.text if line.truth else f"{line.text} (if so; not known: {missing})"
        yield CompareLine(text=text, sources=tuple(_source(result, x) for x in line.citations))
