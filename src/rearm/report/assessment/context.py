"""What a page of one patient is given: a typed context, made of the result and of nothing else."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from markupsafe import Markup, escape

from rearm.assessment.result import (
    Action,
    Alert,
    Assessment,
    CauseGroup,
    FailureResult,
    FindingResult,
    NextTest,
    Note,
    OptionResult,
    Reason,
    RiskScore,
    SupportLine,
    Turn,
)
from rearm.report.assessment.answer_words import (
    AnswerLine,
    answer_lines,
    folded_lines,
    state_words,
)
from rearm.report.assessment.case import case_paragraph
from rearm.report.assessment.disease import disease_sentence
from rearm.report.assessment.practicalities_words import (
    HowGiven,
    ReviewWords,
    brief_words,
    how_given,
    review_words,
)
from rearm.report.assessment.sentences import (
    actions_by_urgency,
    asked_as,
    asked_for,
    availability_text,
    behind_action,
    doubt_text,
    seen_texts,
    told_words,
    undecided_text,
    unread_text,
)
from rearm.report.assessment.timeline import BEFORE, picture_of, words_below
from rearm.report.citations import References
from rearm.report.draw import NO_PICTURES, can_draw
from rearm.report.style import css
from rearm.report.words import VERDICT_ORDER, unread_file, words

__all__ = ["ROLE_ORDER", "PageContext", "by_role", "page_context"]

ROLE_ORDER = ("definitive", "bridge", "local", "enabling", "observe", "supportive")
_FEW = 6  # names of options that a change lists


@dataclass(frozen=True, slots=True, kw_only=True)
class PageContext:
    """The one variable of the template, `page`. The page `docs/page-context.md` is made of it.

    - `result`: the result that is drawn.
    - `references`: its citations, numbered in the order in which the page names them.
    - `css`: the style of all pages.
    - `case`: the case in one paragraph.
    - `picture`: the timeline as SVG; None without one.
    - `words_below`: what the picture shows over several days, and what it leaves out.
    - `no_picture`: why there is none where there could be one, else None.
    - `days_drawn_before`: how many days before the infusion the timeline shows.
    - `state`: the state of the decision in a sentence.
    - `answer_lines`: the strategies that the sheet shows, the best first.
    - `folded_lines`: all other strategies, each in its tier.
    - `how_given`: how each option of `answer_lines` is given.
    - `review`: the next review; None without one.
    - `on_the_sheet`: the ids of the options of `answer_lines`.
    - `roles`: the options by role, each role by verdict and name.
    - `known`: the findings that are known, by name.
    - `option_reasons`: the reasons that options refer to, by id, numbered from 1.
    - `support_lines`: the lines of supportive care, by id, numbered from 1.
    - `support_first`: by its lines, the first option on the page with this supportive care.
    - `notes`: the remarks that have a text, by id.
    """

    result: Assessment
    references: References
    css: str
    case: str
    picture: str | None
    words_below: str
    no_picture: str | None
    days_drawn_before: int
    state: str
    answer_lines: tuple[AnswerLine, ...]
    folded_lines: tuple[AnswerLine, ...]
    how_given: tuple[HowGiven, ...]
    review: ReviewWords | None
    on_the_sheet: frozenset[str]
    roles: tuple[tuple[str, tuple[OptionResult, ...]], ...]
    known: tuple[tuple[str, FindingResult], ...]
    option_reasons: Mapping[str, int]
    support_lines: Mapping[str, int]
    support_first: Mapping[tuple[str, ...], OptionResult]
    notes: tuple[tuple[str, Note], ...]

    def brief(self, option: str) -> str:
        """Start, stay and schedule of an option of the sheet, in few words."""
        told = brief_words(self.result, option)
        return "; ".join(f"{title} {words}" for title, words in told)

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

    def support_number(self, key: str) -> int:
        """The place of a line in the list of supportive care, from 1."""
        return self.support_lines[key]

    def support_numbers(self, option: OptionResult) -> Markup:
        """The places of an option's lines, rising, each a link to the line."""
        return _links("s", map(self.support_number, option.support))

    def seen(self, part: Reason | Alert) -> tuple[str, ...]:
        """What was seen of the findings that it rests on, each text once, but for those for want of
        which it is unknown.
        """
        missing = self.result.missing(part) if isinstance(part, Reason) else ()
        return seen_texts(self.result, (name for name in part.findings if name not in missing))

    def actions(self) -> tuple[tuple[str, tuple[Action, ...]], ...]:
        """How soon, each with the actions that are due then or open."""
        return actions_by_urgency(self.result)

    def behind(self, action: Action) -> str:
        """How the sentence of an action goes on: what it rests on, and what is not on record."""
        return behind_action(self.result, action)

    def unknown(self, reason: Reason) -> list[str]:
        """What the findings mean for want of which the reason is unknown."""
        return [self.result.findings[name].text for name in self.result.missing(reason)]

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
        return self.option_reasons[key]

    def numbers(self, keys: Iterable[str]) -> Markup:
        """The places of reasons in their list, rising, each a link to the reason."""
        return _links("r", map(self.number, keys))

    def doubt(self, failure: FailureResult) -> str:
        """A sentence where the judgement rests on values that may be slips, else nothing."""
        return doubt_text(self.result, failure)

    def disease(self) -> str:
        """The relapse to decide on, or what is watched, in a sentence; else nothing."""
        return disease_sentence(self.result)

    def unread_files(self) -> list[str]:
        """The files of the input of which nothing could be read, each with the reason."""
        return [unread_file(issue.source, issue.message) for issue in self.result.unread]

    def unread(self) -> str:
        """How many results are left out, with what to correct first; else nothing."""
        return unread_text(self.result)

    def places(self, rows: Iterable[int]) -> list[str]:
        """The rows of the input by their numbers."""
        return [self.result.rows[row] for row in rows]

    def holding(self, keys: Iterable[str]) -> tuple[str, ...]:
        """Those of the reasons that are known to hold."""
        return tuple(key for key in keys if self.result.reasons[key].truth is True)

    def not_holding(self, keys: Iterable[str]) -> tuple[str, ...]:
        """Those of the reasons that are not known to hold."""
        return tuple(key for key in keys if self.result.reasons[key].truth is not True)

    def workups(self, ids: Iterable[str]) -> list[str]:
        """Titles of work-ups."""
        return [self.result.titles.workups[name] for name in ids]

    def strategy(self, name: str) -> str:
        """Title of a strategy."""
        return self.result.titles.strategies[name]

    def strategies(self, names: Iterable[str]) -> list[str]:
        """Titles of strategies."""
        return [self.strategy(name) for name in names]

    def availability(self, option: OptionResult) -> str:
        """Whether the option can be had."""
        return availability_text(self.result, option)

    def undecided(self, group: CauseGroup) -> str:
        """What is on record of a group and decides none of its factors."""
        return undecided_text(self.result, group)

    def points(self, score: RiskScore) -> str:
        """The points of a score, where they say more than that nothing is known."""
        low, high = score.points["low"], score.points["high"]
        if high != low and (high is None or len(score.missing) != 1):
            return ""
        return f"{low:g}" if high == low else f"{low:g} to {high:g}"

    def changes(self, test: NextTest) -> Markup:
        """What each result would change; results that change the same are told together."""
        results_of: dict[Markup, list[str]] = {}
        for change in test.changes:
            seen = ", ".join(
                f"{asked_as(self.result, k)}: {told_words(self.result, k, v)}"
                for k, v in change.values.items()
            )
            results_of.setdefault(self._turned(change.turns), []).append(seen)
        lines = [
            Markup("<li>If {}: {}</li>").format("; or if ".join(results), turned)
            for turned, results in results_of.items()
        ]
        if not lines:
            return Markup("")
        return Markup(
            '<details class="meta"><summary>what each result would change</summary>'
            "<ul>{}</ul></details>"
        ).format(Markup("").join(lines))

    def _turned(self, turns: Iterable[Turn]) -> Markup:
        by_turn: dict[str, list[str]] = {}
        for turn in turns:
            turned = f"{words(turn.from_)} to {words(turn.to)}"
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
        return "Failure" if kind == "failure" else what


def page_context(assessment: Assessment, *, with_picture: bool) -> PageContext:
    """The context of the page of this result."""
    reasons = [
        key
        for o in assessment.options
        for key in (*o.against, *o.for_, *o.unknown, *o.cautions, *o.checklist)
    ]
    picture = picture_of(assessment) if with_picture and can_draw() else None
    roles = by_role(assessment.options)
    support_first: dict[tuple[str, ...], OptionResult] = {}
    for _, options in roles:
        for option in options:
            support_first.setdefault(option.support, option)
    return PageContext(
        result=assessment,
        references=References.of_result(assessment),
        css=css(),
        case=case_paragraph(assessment),
        picture=picture or None,
        words_below=words_below(assessment),
        no_picture=NO_PICTURES if with_picture and not can_draw() else None,
        days_drawn_before=BEFORE,
        state=state_words(assessment),
        answer_lines=answer_lines(assessment),
        folded_lines=folded_lines(assessment),
        how_given=how_given(assessment),
        review=review_words(assessment),
        on_the_sheet=frozenset(line.option_id for line in answer_lines(assessment)),
        roles=roles,
        known=tuple((name, f) for name, f in assessment.findings.items() if f.known),
        option_reasons={key: n for n, key in enumerate(dict.fromkeys(reasons), 1)},
        support_lines={key: n for n, key in enumerate(assessment.support, 1)},
        support_first=support_first,
        notes=tuple((key, note) for key, note in assessment.notes.items() if note.text),
    )


def by_role(options: Iterable[OptionResult]) -> tuple[tuple[str, tuple[OptionResult, ...]], ...]:
    """Options by role in the order of a board, each role by verdict and name."""
    members: dict[str, list[OptionResult]] = {}
    for option in options:
        members.setdefault(option.role, []).append(option)
    order = [r for r in ROLE_ORDER if r in members] + [r for r in members if r not in ROLE_ORDER]
    return tuple((role, tuple(sorted(members[role], key=_place))) for role in order)


def _place(option: OptionResult) -> tuple[int, int, str]:
    verdict = VERDICT_ORDER.index(option.verdict) if option.verdict else -1
    clear = VERDICT_ORDER.index(option.if_clear) if option.if_clear else 0
    return verdict, clear, option.name


def _links(kind: str, numbers: Iterable[int]) -> Markup:
    # only whole numbers of our own: nothing to escape
    return Markup(", ".join(f'<a href="#{kind}{n}">{n}</a>' for n in sorted(numbers)))


def _few(names: list[str]) -> Markup:
    listed = ", ".join(names[:_FEW])
    return escape(listed if len(names) <= _FEW else f"{listed} and {len(names) - _FEW} more")
