"""What a page of one patient is given: a typed context, made of the result and of nothing else."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from markupsafe import Markup, escape

from rearm.assessment.result import (
    Action,
    Alert,
    Assessment,
    Cause,
    CauseGroup,
    Change,
    FailureResult,
    NextTest,
    Note,
    OptionResult,
    Reason,
    RiskScore,
    SupportLine,
    Turn,
)
from rearm.report.assessment.answer_words import here_words, tier_words
from rearm.report.assessment.change_words import conditions_in_words
from rearm.report.assessment.disease import disease_sentence
from rearm.report.assessment.known import KnownFindings, known_findings
from rearm.report.assessment.places import places_text
from rearm.report.assessment.practicalities_words import (
    HowGiven,
    how_given,
)
from rearm.report.assessment.reason_list import ReasonList, reason_list
from rearm.report.assessment.sentences import (
    actions_by_urgency,
    asked_for,
    availability_brief,
    availability_text,
    behind_action,
    doubt_text,
    seen_texts,
    undecided_text,
)
from rearm.report.assessment.strategies import (
    FoldedTier,
    StrategyPart,
    folded_tiers,
    not_known,
    open_strategies,
)
from rearm.report.assessment.timeline import picture_of, words_below
from rearm.report.citations import References
from rearm.report.draw import NO_PICTURES, can_draw
from rearm.report.sheet.contents import DecisionTold, SheetContents, sheet_contents
from rearm.report.style import css
from rearm.report.words import capital, words

__all__ = ["PageContext", "page_context"]

_FEW = 2  # names of options that a change lists


@dataclass(frozen=True, slots=True, kw_only=True)
class PageContext:
    """The one variable of the template, `page`. The page `docs/page-context.md` is made of it.

    - `result`: the result that is drawn.
    - `sheet`: the first part of the page: what stands on the sheet for the board.
    - `references`: the citations of the result, numbered in the order in which the page names them.
    - `css`: the style of all pages.
    - `picture`: the timeline as SVG; None without one.
    - `words_below`: what the picture shows over several days, and what it leaves out.
    - `no_picture`: why there is none where there could be one, else None.
    - `open_strategies`: the strategies of the table of the sheet, the best first.
    - `how_given`: how the options of these are given, by id.
    - `folded_tiers`: all other strategies, by tier.
    - `reasons`: the reasons that options refer to, each once.
    - `said`: the ids of the citations whose words stand with the reference.
    - `known`: what is known of the patient.
    - `support_lines`: the lines of supportive care, by id, numbered in the order of the page.
    - `support_first`: by its lines, the first option on the page with this supportive care.
    - `evidence_first`: by its id, the first option on the page with this evidence.
    - `notes`: the remarks that have a text, by id.
    - `back`: the address from which the page was opened; empty where it stands by itself.
    """

    result: Assessment
    sheet: SheetContents
    references: References
    css: str
    picture: str | None
    words_below: str
    no_picture: str | None
    open_strategies: tuple[StrategyPart, ...]
    how_given: Mapping[str, HowGiven]
    folded_tiers: tuple[FoldedTier, ...]
    reasons: ReasonList
    said: frozenset[str]
    known: KnownFindings
    support_lines: Mapping[str, int]
    support_first: Mapping[tuple[str, ...], OptionResult]
    evidence_first: Mapping[str, OptionResult]
    notes: tuple[tuple[str, Note], ...]
    back: str

    def reason(self, key: str) -> Reason:
        """The reason of this id."""
        return self.result.reasons[key]

    def support(self, key: str) -> SupportLine:
        """The line of supportive care of this id."""
        return self.result.support[key]

    def alike_in_support(self, option: OptionResult) -> OptionResult | None:
        """The first option on the page with the same supportive care; None where it is this one."""
        first = self.support_first[option.support]
        return None if first.id == option.id else first

    def alike_in_evidence(self, option: OptionResult) -> OptionResult | None:
        """The first option on the page with the same figures; None where it is this one."""
        first = self.evidence_first[option.evidence]
        return None if first.id == option.id else first

    def support_number(self, key: str) -> int:
        """The place of a line in the list of supportive care, from 1."""
        return self.support_lines[key]

    def support_numbers(self, lines: Iterable[str]) -> Markup:
        """The numbers of lines of supportive care, rising, each a link to the line."""
        return _links("s", map(self.support_number, lines))

    def support_of(self, option: OptionResult) -> tuple[str, ...]:
        """The lines that stand in words with this option, the first of the table that needs them;
        none with an option that is not the first of its strategy there.
        """
        told: set[str] = set()
        for part in self.open_strategies:
            first = part.options[0]
            if first.id == option.id:
                return tuple(key for key in option.support if key not in told)
            told.update(first.support)
        return ()

    def support_elsewhere(self) -> tuple[str, ...]:
        """The lines of other options of the open strategies that stand with none of the table.
        Those of folded strategies stand in the result only.
        """
        told = {key for part in self.open_strategies for key in part.options[0].support}
        named = {x for part in self.open_strategies for o in part.options for x in o.support}
        return tuple(key for key in self.support_lines if key in named and key not in told)

    def told_above(self, option: OptionResult, part: StrategyPart) -> tuple[str, ...]:
        """The reasons against the option that its strategy has just said."""
        return tuple(k for k in option.against if self.result.reasons[k].text == part.sentence)

    def seen(self, part: Reason | Alert) -> tuple[str, ...]:
        """What was seen of the findings that it rests on, each text once, but for those for want of
        which it is unknown.
        """
        missing = self.result.missing(part) if isinstance(part, Reason) else ()
        return seen_texts(self.result, (name for name in part.findings if name not in missing))

    def strongest(self, reasons: Sequence[str]) -> str:
        """The first of the reasons that is known to hold, else the first."""
        return next((key for key in reasons if self.result.reasons[key].truth), reasons[0])

    def actions(self) -> tuple[tuple[str, tuple[Action, ...]], ...]:
        """How soon, each with the actions that are due then or open."""
        return actions_by_urgency(self.result)

    def behind(self, action: Action) -> str:
        """How the sentence of an action goes on: what it rests on, and what is not on record."""
        return behind_action(self.result, action)

    def first_known(self, option: OptionResult) -> tuple[str, ...]:
        """The reasons that would stop or discourage the option, and of which it must be known first
        whether they hold.
        """
        return self.result.must_be_known_first(option)

    def asked_for(self, reasons: Iterable[str]) -> tuple[tuple[str, str], ...]:
        """What is to be found out to know whether these reasons hold, each with one of them."""
        return tuple(asked_for(self.result, reasons).items())

    def number(self, key: str) -> int:
        """The place of a reason in the list of those that options refer to, from 1."""
        return self.reasons.numbers[key]

    def stands_with(self, key: str, option: OptionResult) -> bool:
        """Whether the reason stands whole with this option, and nowhere else."""
        return self.reasons.homes.get(key) == option.id

    def numbers(self, keys: Iterable[str]) -> Markup:
        """The places of reasons in their list, rising, each a link to the reason."""
        return _links("r", map(self.number, keys))

    def doubt(self, failure: FailureResult) -> str:
        """A sentence where the judgement rests on values that may be slips, else nothing."""
        return doubt_text(self.result, failure)

    def disease(self) -> str:
        """The relapse to decide on, or what is watched, in a sentence; else nothing."""
        return disease_sentence(self.result)

    def places(self, rows: Iterable[int]) -> str:
        """Where rows of the input stand, by their numbers: `labs.csv: rows 3, 4`."""
        return places_text(self.result.rows[row] for row in rows)

    def rows_of(self, findings: Iterable[str]) -> str:
        """Where the rows stand on which these findings rest."""
        return places_text(self.result.rows_of(findings))

    def holding(self, keys: Iterable[str]) -> tuple[str, ...]:
        """Those of the reasons that are known to hold, or that the last result points to."""
        return tuple(key for key in keys if self.result.reasons[key].speaks)

    def not_known(self, option: OptionResult) -> tuple[str, ...]:
        """The reasons against the option, and cautions, of which nobody knows whether they hold."""
        return not_known(self.result, option)

    def strategies(self, names: Iterable[str]) -> list[str]:
        """Titles of strategies."""
        return [self.result.titles.strategies[name] for name in names]

    def availability(self, option: OptionResult) -> str:
        """Whether the option can be had."""
        return availability_text(self.result, option)

    def access(self, option: OptionResult) -> str:
        """The same in a few words, with whether the centre has it."""
        return "; ".join(filter(None, (availability_brief(option), here_words(option))))

    def undecided(self, group: CauseGroup) -> str:
        """What is on record of a group and decides none of its factors."""
        return undecided_text(self.result, group)

    def unlikely(self) -> tuple[Cause, ...]:
        """The factors that the record speaks against."""
        factors = (factor for group in self.result.causes.groups for factor in group.factors)
        return tuple(x for x in factors if x.grade in ("unlikely", "excluded"))

    def not_assessed(self) -> tuple[str, ...]:
        """The groups of which nothing on record speaks for or against any factor."""
        return tuple(
            group.group
            for group in self.result.causes.groups
            if not group.undecided and all(x.grade == "not_assessed" for x in group.factors)
        )

    def missing_of(self, reasons: Iterable[str]) -> str:
        """What is to be found out to know whether these reasons hold, in words."""
        return ", ".join(asked_for(self.result, reasons))

    def points(self, score: RiskScore) -> str:
        """The points of a score, where they say more than that nothing is known."""
        low, high = score.points["low"], score.points["high"]
        if high != low and (high is None or len(score.missing) != 1):
            return ""
        return f"{low:g}" if high == low else f"{low:g} to {high:g}"

    def changes(self, test: NextTest) -> Markup:
        """What each result would change: the choice, the failure, options; where none of these, the
        causes. Results that change the same are told together.
        """
        by_turn: dict[Markup, list[Change]] = {}
        chosen = _of_the_choice(test.changes)
        for change in test.changes:
            turns = [turn for turn in change.turns if turn.kind in chosen]
            if turns:
                by_turn.setdefault(self._turned(turns), []).append(change)
        lines = [
            Markup("<li>{}: {}</li>").format(self._if(test, changes), turned)
            for turned, changes in by_turn.items()
        ]
        return Markup("<ul>{}</ul>").format(Markup("").join(lines)) if lines else Markup("")

    def _if(self, test: NextTest, changes: Sequence[Change]) -> str:
        told = conditions_in_words(self.result, test, changes)
        return capital(" or ".join(dict.fromkeys(told)))

    def _turned(self, turns: Iterable[Turn]) -> Markup:
        by_turn: dict[str, list[str]] = {}
        for turn in turns:
            turned = f"{_turn_words(turn, turn.from_)} to {_turn_words(turn, turn.to)}"
            names = by_turn.setdefault(turned, [])
            names += [self._name(turn.kind, what) for what in turn.what]
        return Markup("; ").join(
            Markup("{} ({})").format(_few(names), turned) for turned, names in by_turn.items()
        )

    def _name(self, kind: str, what: str) -> str:
        if kind == "option":
            return self.result.option(what).name
        if kind == "factor":
            return self.result.titles.factors[what]
        if kind == "strategy":
            return self.result.titles.strategies[what]
        return "Failure" if kind == "failure" else words(what)


def page_context(
    assessment: Assessment,
    *,
    with_picture: bool,
    decided: DecisionTold | None = None,
    back: str = "",
) -> PageContext:
    """The context of the page of this result."""
    picture = picture_of(assessment) if with_picture and can_draw() else None
    opened, folded = open_strategies(assessment), folded_tiers(assessment)
    parts = (*opened, *(part for tier in folded for part in tier.parts))
    support_first: dict[tuple[str, ...], OptionResult] = {}
    evidence_first: dict[str, OptionResult] = {}
    for option in (option for part in parts for option in part.options):
        support_first.setdefault(option.support, option)
        evidence_first.setdefault(option.evidence, option)
    return PageContext(
        result=assessment,
        sheet=sheet_contents(assessment, decided),
        references=References.of_result(assessment),
        css=css(),
        picture=picture or None,
        words_below=words_below(assessment),
        no_picture=NO_PICTURES if with_picture and not can_draw() else None,
        open_strategies=opened,
        how_given={x.option_id: x for x in how_given(assessment)},
        folded_tiers=folded,
        reasons=reason_list(assessment, parts),
        said=frozenset(_said(assessment, opened)),
        known=known_findings(assessment),
        support_lines={key: n for n, key in enumerate(_support(assessment, opened), 1)},
        support_first=support_first,
        evidence_first=evidence_first,
        notes=_notes(assessment, parts),
        back=back,
    )


def _notes(result: Assessment, parts: Iterable[StrategyPart]) -> tuple[tuple[str, Note], ...]:
    """The remarks of the options that are not to be avoided."""
    named: dict[str, None] = {}
    for part in (part for part in parts if not part.to_avoid):
        for option in part.options:
            named |= dict.fromkeys(option.disagreements if part.leads(option) else ())
            named |= dict.fromkeys((option.later_t_cells.note,) if option.later_t_cells else ())
    return tuple((key, result.notes[key]) for key in named if result.notes[key].text)


def _support(result: Assessment, opened: Iterable[StrategyPart]) -> dict[str, None]:
    """The lines of supportive care, those of the table first."""
    first = (key for part in opened for key in part.options[0].support)
    return dict.fromkeys((*first, *result.support))


def _said(result: Assessment, opened: Iterable[StrategyPart]) -> Iterator[str]:
    """The citations that the choice, the actions, the tests and the causes rest on."""
    for part in opened:
        option = part.options[0]
        cautions = (key for key in option.cautions if result.reasons[key].speaks)
        for key in (*part.line.because, *option.against, *option.for_, *cautions):
            yield from result.reasons[key].citations
    for action in result.actions:
        yield from action.sources
    for test in result.tests:
        yield from test.citations
    for factor in (x for group in result.causes.groups for x in group.factors):
        if factor.grade in ("established", "likely", "possible"):
            for key in factor.for_:
                yield from result.reasons[key].citations


def _turn_words(turn: Turn, code: str) -> str:
    return tier_words(code) if turn.kind == "strategy" else words(code)


def _of_the_choice(changes: Iterable[Change]) -> frozenset[str]:
    """The kinds of turns that are told: of the first choice where there are any, else of options,
    else of causes.
    """
    kinds = frozenset(turn.kind for change in changes for turn in change.turns)
    return kinds & {"strategy", "failure"} or kinds & {"option"} or kinds


def _links(kind: str, numbers: Iterable[int]) -> Markup:
    """`2, 5 to 9`, the ends as links: three or more in a row are told by their ends."""
    # only whole numbers of our own: nothing to escape
    told = []
    for low, high in _runs(sorted(set(numbers))):
        ends = [low] if low == high else [low, high]
        links = [f'<a href="#{kind}{n}">{n}</a>' for n in ends]
        told.append((" to " if high - low > 1 else ", ").join(links))
    return Markup(", ".join(told))


def _runs(rising: Sequence[int]) -> Iterator[tuple[int, int]]:
    """First and last of each run of numbers without a gap."""
    starts = [i for i, n in enumerate(rising) if i == 0 or n != rising[i - 1] + 1]
    for start, end in zip(starts, [*starts[1:], len(rising)], strict=True):
        yield rising[start], rising[end - 1]


def _few(names: list[str]) -> Markup:
    listed = ", ".join(names[:_FEW])
    return escape(listed if len(names) <= _FEW else f"{listed} and {len(names) - _FEW} more")
