"""The sentences of a failure, made from its codes and from what was read."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from rearm.knowledge.lab_tests import load_tests
from rearm.outcome.best_response import BestResponse, Lack
from rearm.outcome.comparison import compared, last_evaluable_before
from rearm.outcome.infusion_case import InfusionCase
from rearm.outcome.infusion_response import NoResponse
from rearm.outcome.statements import stated_day
from rearm.outcome.unread_results import DISEASE_TESTS, TEAM_RESPONSES, UnreadResults
from rearm.record import Imaging, Lab, When
from rearm.response.course import Suspicion
from rearm.response.sentences import reason_words

if TYPE_CHECKING:
    from rearm.outcome.failure import Failure, JudgedReason

__all__ = [
    "VAGUE_DAYS",
    "data_after_contact_words",
    "death_day_unknown_words",
    "difference_words",
    "failure_reason",
    "new_therapy_words",
    "no_response_words",
    "response_differs_words",
    "response_words",
]

VAGUE_DAYS = (
    "some results are dated only by month, year or order: the course was judged in each order "
    "that their days allow, and is shown with each on its first possible day"
)
_MARKERS = {"serum": "serum", "flc": "light chains", "marrow": "marrow"}
_LACKS: dict[Lack, str] = {
    "urine": "urine",
    "immunofixation": "immunofixation",
    "marrow": "marrow",
    "imaging": "imaging",
    "flc_ratio": "the light-chain ratio",
    "kappa_flc": "kappa",
    "lambda_flc": "lambda",
}
_NAMED_EACH = 4  # results; of more the number and the days
_NEEDS_NO_REPEAT = frozenset(("marrow", "new_lesion", "lesion_growth"))


def failure_reason(failure: Failure) -> str:
    """Why the failure has its status."""
    because, case = failure.because, failure.case
    if because == "perhaps_not_infused":
        return (
            "Whether this product was infused is not recorded: it has no day, and nobody says so."
        )
    if because == "infusion_undated" or case is None:
        return "The day of this infusion is unknown, so nothing can be dated after it."
    text = _reason(because, failure, case)
    death_is_told = because in ("death_of_myeloma", "death")
    if case.death is not None and not death_is_told:
        text += f" Died ({case.death.when}) {_cause(case)}."
    return text


def _reason(because: JudgedReason, failure: Failure, case: InfusionCase) -> str:
    match because:
        case "progression":
            return _progression(failure, case)
        case "team_progression":
            return (
                f"The team recorded progressive disease {_on(case.team_when)};"
                f" {_why_not_computed(case)}."
            )
        case "death_of_myeloma":
            when = case.death.when if case.death is not None else When()
            return f"Died of myeloma ({when}) without a recorded progression."
        case "new_therapy":
            when = case.new_therapy[0] if case.new_therapy is not None else When()
            return (
                f"New anti-myeloma therapy ({when}) without progression counts as failure by "
                "the chosen setting."
            )
        case "no_response":
            late = case.no_response
            assert late is not None  # it is what decided
            text = no_response_words(late)
            return f"{text[0].upper()}{text[1:]}, which counts as failure by the chosen setting."
        case "suspicion":
            suspicion = case.course.suspicion
            assert suspicion is not None  # it is what decided
            return _suspected(failure, case, suspicion)
        case "death":
            return _died(failure, case)
        case "open_signals":
            return _open_signals(failure, case)
        case "unread_results":
            return _unjudged(case.unread, case.last_assessed) + _remark(case.unread)
        case "not_evaluable":
            return _not_evaluable(case)
        case "no_progression":
            return _no_progression(failure, case)
        case "vague_days":
            return _depends_on(
                failure,
                "results dated only by month, year or order; their exact days would settle it",
            )
        case "vague_results":
            return _depends_on(
                failure,
                "inexact results (a bound instead of a value, a lesion without a name, an "
                "examination without a result); exact results would settle it",
            )


def _progression(failure: Failure, case: InfusionCase) -> str:
    course, when = case.course, failure.when
    if any(flag.id == "progression_by_death" for flag in course.flags):
        how = "confirmed by death of myeloma"
    elif not _NEEDS_NO_REPEAT.isdisjoint(course.progression_criteria):
        how = "needs no repeat"
    else:
        how = "confirmed at the next assessment"
    return (
        f"Progressive disease {_on(when)} ({how}):"
        f" {course.progression_reason}.{_unconfirmed(case, when)}"
    )


def _suspected(failure: Failure, case: InfusionCase, suspicion: Suspicion) -> str:
    need = (
        "too early after the infusion to tell: repeat or biopsy"
        if suspicion.certainty == "provisional"
        else "not yet repeated"
    )
    return (
        f"A criterion of progression is met {_on(failure.when)} ({suspicion.text}),"
        f" {need}.{_unconfirmed(case, failure.when)}"
    )


def _depends_on(failure: Failure, what_is_vague: str) -> str:
    """Readings of the record lead to different answers."""
    of_readings = {x.status for x in failure.readings}
    what = "it is progression" if of_readings & {"failed", "suspected"} else "it can be judged"
    return f"Whether {what} depends on {what_is_vague}."


def _died(failure: Failure, case: InfusionCase) -> str:
    when = case.death.when if case.death is not None else When()
    signals = f"; signals: {', '.join(s.id for s in failure.signals)}" if failure.signals else ""
    return (
        f"Died ({when}) {_cause(case)} without"
        f" progression{signals}.{_unusable_at_end(case)}{_unread_beside(case)}"
    )


def _open_signals(failure: Failure, case: InfusionCase) -> str:
    text = "; ".join(
        f"{s.id.replace('_', ' ')}{f' (day {s.day})' if s.day is not None else ''}: {s.text}"
        for s in failure.signals
        if s.open
    )
    return f"No progression is recorded, but {text}.{_unusable_at_end(case)}{_unread_beside(case)}"


def _not_evaluable(case: InfusionCase) -> str:
    course = case.course
    why = course.not_evaluable
    if why is None and course.undecided:
        why = reason_words(("measurability", course.undecided))
    why = why or "no assessment of the disease after this infusion can be evaluated"
    return f"{why[0].upper()}{why[1:]}.{_unusable_at_end(case)}{_remark(case.unread)}"


def _no_progression(failure: Failure, case: InfusionCase) -> str:
    repeat = next((f"; {f.text}" for f in failure.flags if f.id == "reappearance_to_repeat"), "")
    return (
        f"{_followed(case)}{repeat}.{_unconfirmed(case, None)}"
        f"{_unusable_at_end(case)}{_remark(case.unread)}"
    )


def _followed(case: InfusionCase) -> str:
    """Up to which day; where the disease was long not assessed before the last contact, no more is
    claimed than was seen.
    """
    last, to = case.last_assessed, case.followed_to
    if last is None:
        words = ", ".join(dict.fromkeys(s.response for s in case.seen_by_order))
        return f"No progression is on record; the team recorded {words} on an unknown day"
    if case.unread.unknown:
        return f"No progression up to day {last}; later examinations could not be read"
    if to is None:
        return f"No progression up to day {last}, the last assessment"
    if to - last > case.criteria.assessment_gap:
        return f"No progression up to day {last}; not assessed since (last contact day {to})"
    return f"No progression to day {to}, last assessed on day {last}"


def _on(when: When) -> str:
    """`on day 310`, `between day 1 and day 400`, `on or after day 1`, `on an unknown day`."""
    if when.day is not None:
        return f"on day {when.day}"
    if when.first is not None and when.last is not None:
        return f"on a day between {when.first} and {when.last}"
    if when.first is not None:
        return f"on or after day {when.first}"
    return "on an unknown day"


def _cause(case: InfusionCase) -> str:
    death = case.death
    if death is None or death.of_myeloma is None:
        return "of unknown cause"
    return f"of {' and '.join(death.causes)}"


def _unconfirmed(case: InfusionCase, before: When | None) -> str:
    visit = case.response.unconfirmed(before)
    if visit is None:
        return ""
    return f" Unconfirmed {visit.response} on day {visit.day}: no second assessment confirmed it."


def _unusable_at_end(case: InfusionCase) -> str:
    """What the last assessment has and could not be used."""
    last = case.course.visits[-1] if case.course.visits else None
    if last is None or not last.unusable:
        return ""
    return f" {'; '.join(last.unusable)}."


def no_response_words(late: NoResponse) -> str:
    return f"no partial response by day {late.day}"


def new_therapy_words(when: When) -> str:
    return f"new anti-myeloma therapy ({when}) without progression before it"


def data_after_contact_words(seen: int | None, later: int) -> str:
    return (
        f"last contact is entered as day {seen}, but there are data on day {later}; the later "
        "day is used"
    )


def death_day_unknown_words(when: When) -> str:
    return f"the patient died {_on(when)}, so endpoints that death ends are not censored as alive"


def response_words(best: BestResponse) -> str | None:
    """The response by results with what is missing to it, and the team's beside it; None where
    there is neither.
    """
    team = best.team
    if best.computed is None and best.at_least is None:
        day = ", on an unknown day" if "day" in best.lacks else ""
        return None if team is None else f"{team} by the team{day}{_not_on_record(best)}"
    if best.because == "not_denied":
        return f"{team} by the team; {best.computed} by the results{_not_on_record(best)}"
    if best.at_least is None:
        text = f"{best.computed}{_by_marker(best)}"
    elif best.computed is None:
        text = f"at least {best.at_least}{_by_marker(best)}, one visit"
    else:
        text = f"{best.computed}, {best.at_least}{_by_marker(best)} at one visit"
    if best.possible is not None:
        least = "" if best.computed is None else "at least "
        text = f"{least}{text}, {best.possible} possible within the bounds"
    if "urine" in best.lacks:
        text += ", urine not on record"
    return text if team is None else f"{text}; team: {team}{_which_is_used(best)}"


def _not_on_record(best: BestResponse) -> str:
    names = [_LACKS[x] for x in best.lacks if x in _LACKS]
    if not names:
        return ""
    named = names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
    return f"; {named} {'is' if len(names) == 1 else 'are'} not on record"


def _which_is_used(best: BestResponse) -> str:
    """Where the two differ: which of them counts, and why."""
    if best.because == "one_assessment":
        return ", which is used because the result was not repeated"
    if best.because == "borne_out":
        return ", which is used because one visit supports it"
    if best.denied is not None:
        day, because = best.denied
        return f" (the results are used: {reason_words(because)}, on day {day})"
    if best.because == "two_assessments":
        return " (the results are used: two assessments)"
    return ""


def _by_marker(best: BestResponse) -> str:
    marker = _MARKERS.get(best.marker or "")
    return f" by {marker}" if marker is not None and "urine" in best.lacks else ""


def response_differs_words(best: BestResponse) -> str:
    """Where results and team part: both, and which is used for what reason."""
    return f"best response {response_words(best)}"


# ---- team and laboratory ----------------


def difference_words(case: InfusionCase) -> str | None:
    """How the team's progression and the computed one part; None where they do not."""
    comparison, computed = compared(case), case.course.progression_day
    match comparison:
        case None:
            return None
        case "team_only":
            return f"Only the team dates this relapse ({_on(case.team_when)}): {_no_results(case)}."
        case "unrepeated":
            when, why = _on(case.team_when), _why_not_computed(case)
            return f"team: progression {when}; the results show it too, but {why}"
    if computed is None:
        when, why = _on(case.team_when), _why_not_computed(case)
        return f"team: progression {when}; computed: none, {why}"
    if case.team_progression is None:
        return f"computed: progression on day {computed}; team: {_last_of_team(case, computed)}"
    if case.team_day is None:
        return f"computed: progression on day {computed}; team: {_on(case.team_when)}"
    return (
        f"computed: progression on day {computed}; team: day {case.team_day};"
        f" {_likely_reason(case, computed, case.team_day)}"
    )


def _no_results(case: InfusionCase) -> str:
    """Why the results do not speak of it."""
    if case.course.not_evaluable:
        return case.course.not_evaluable
    day, last = last_evaluable_before(case), case.team_when.last
    if day is None or last is None:
        return "there is no laboratory series to compute it from"
    if last - day > 0:
        days = f"{last - day} day{'s' if last - day != 1 else ''}"
        return f"the last results before it are of day {day}, {days} earlier"
    return "this type may not show in blood or urine"


def _last_of_team(case: InfusionCase, computed: int) -> str:
    """What the team recorded instead, on that day or later."""
    later = [
        (day, s.response)
        for s in case.stated
        if s.response not in ("PD", "NE") and (day := stated_day(s)) is not None and day >= computed
    ]
    day, response = later[-1]
    return f"{response} on day {day}"


def _likely_reason(case: InfusionCase, computed: int, team: int) -> str:
    at, visits = case.visit_of(computed), case.course.visits
    if at + 1 < len(visits) and visits[at + 1].day == team:
        return "the team's day is that of the confirming sample"
    stated = case.team_progression
    if stated is not None and stated.day is None and stated.nominal_day is not None:
        return "the team's day is that of a planned visit"
    if team < computed:
        return "team and laboratory may have used other results"
    return "the team may have waited for clinical signs"


def _why_not_computed(case: InfusionCase) -> str:
    course = case.course
    if course.not_evaluable:
        return course.not_evaluable
    has_series = any(
        v.serum or v.dflc or "urine_m_protein_24h" in v.values or v.pd for v in course.visits
    )
    if not has_series:
        return _no_series(case)
    if course.suspicion is not None:
        return f"by the laboratory it is {course.suspicion.certainty} ({course.suspicion.text})"
    return "the laboratory values alone do not meet a criterion twice"


def _no_series(case: InfusionCase) -> str:
    """What was given and could not be read is not called missing."""
    unread = [lab for lab in case.disease_aside if lab.test not in TEAM_RESPONSES]
    if not unread:
        return "there is no laboratory series to compute it from"
    n = len(unread)
    undated = all(lab.when == When() for lab in unread)
    what = ("its date" if n == 1 else "their dates") if undated else ("it" if n == 1 else "them")
    results = "1 result" if n == 1 else f"{n} results"
    return f"{results} of the disease could not be read: correct {what} first to compute it"


# ---- what could not be read ----------------


def _unread_beside(case: InfusionCase) -> str:
    """What could not be read, for a status that it does not change."""
    unjudged = _unjudged(case.unread, case.last_assessed)
    return f"{f' {unjudged}' if unjudged else ''}{_remark(case.unread)}"


def _unjudged(unread: UnreadResults, after: int | None) -> str:
    """Why failure cannot be judged; empty where nothing of the disease is unread."""
    if not unread.hides_disease:
        return ""
    parts = [_counted(unread.disease)] if unread.disease else []
    parts += [_examined(row) for row in unread.imaging]
    parts += _left_open(unread.bounds)
    if unread.progressions:
        parts.append("the team recorded progressive disease on an unknown day")
    start = "Cannot be judged" if after is None else f"Cannot be judged after day {after}"
    return f"{start}: {'; '.join(parts)}."


def _left_open(bounds: Sequence[Lab]) -> list[str]:
    """Bounds, or exact values after bounds, that allow a progression: each, or their number where
    there are many.
    """
    if len(bounds) > _NAMED_EACH:
        days = sorted(day for x in bounds if (day := x.when.first) is not None)
        names = ", ".join(dict.fromkeys(_named(x.test) for x in bounds))
        return [
            f"{len(bounds)} results of days {days[0]} to {days[-1]} ({names}) leave open whether"
            " the disease progressed"
        ]
    return [
        f"{_named(x.test)} of {x.as_given} ({x.when}){_against(x)} leaves open whether the disease"
        " progressed"
        for x in bounds
    ]


def _against(lab: Lab) -> str:
    exact = lab.quantity is not None and lab.quantity.exact is not None
    return ", against values that are bounds," if exact else ""


def _remark(unread: UnreadResults) -> str:
    """Sentences, each with a space before it, on results that may or may not bear on the time after
    the last assessment.
    """
    text = ""
    if unread.unknown:
        text += f" {_counted(unread.unknown)}; they may or may not concern the disease."
    n = len(unread.without_day)
    if n == 1:
        text += " 1 disease result has no readable day and is not placed in time:"
        text += " correct its date first."
    elif n:
        text += f" {n} disease results have no readable day and are not placed in time:"
        text += " correct their dates first."
    return text


def _examined(row: Imaging) -> str:
    """`the PET-CT of day 300 (imaging.csv: row 4) has no result that could be read`."""
    exact = row.when.day is not None and row.when.stated is None
    when = f"{'' if exact else 'a day '}{row.when}"
    if row.result not in ("positive", "negative"):
        what = "has no readable result"
    else:
        what = "shows a lesion of unknown size"
    return f"the {row.method or 'imaging'} of {when} ({row.source}) {what}"


def _counted(labs: Iterable[Lab]) -> str:
    """`3 results of days 300 to 314 could not be read (serum M-protein, 'XYZ')`."""
    labs = tuple(labs)
    days = sorted({d for x in labs for d in (x.when.first, x.when.last) if d is not None})
    names = dict.fromkeys(_named(x.test) for x in labs)
    when = f"day {days[0]}" if len(days) == 1 else f"days {days[0]} to {days[-1]}"
    return (
        f"{len(labs)} {'result' if len(labs) == 1 else 'results'} of {when} could not be read"
        f" ({', '.join(names)})"
    )


def _named(test: str) -> str:
    known = load_tests().get(test)
    return known.name if known is not None else test if test in DISEASE_TESTS else repr(test)
