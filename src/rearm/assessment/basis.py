"""What the elements of one result rest on: reasons, findings, citations and rows, each put down
once and referred to by its id.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from msgspec import structs

from rearm.assessment.centre import NO_CENTRE, Centre
from rearm.assessment.patient import Patient
from rearm.assessment.plan import PlacePlan, Plan, RulePlan, Wordings
from rearm.assessment.result import (
    Citation,
    ComputedFinding,
    FindingResult,
    Note,
    Publication,
    Reason,
    SupportLine,
)
from rearm.findings import Found
from rearm.findings.base import unknown
from rearm.findings.whose import TOLD_AS, later_lines_of
from rearm.knowledge.rulesets import Support
from rearm.record import Source
from rearm.rules import unknown_findings
from rearm.units import OF_CLONE

__all__ = ["Basis"]

_NOTHING = unknown()


class Basis:
    """Collects what one patient's result refers to. `answers` are the patient's own, by number of
    condition: 1 true, 0 false, -1 unknown; `by_last` those to what is unknown if what the last
    results point to still holds. `centre`: what the centre that asks has.
    """

    def __init__(
        self,
        plan: Plan,
        patient: Patient,
        answers: Sequence[int],
        by_last: Sequence[int],
        centre: Centre = NO_CENTRE,
    ) -> None:
        self.plan, self.patient, self.centre = plan, patient, centre
        self.answers, self.by_last = answers, by_last
        self.bounds = patient.bounds
        self.doubted = patient.record.doubted()
        self.reasons: dict[str, Reason] = {}
        self.support: dict[str, SupportLine] = {}
        self.findings: dict[str, FindingResult] = {}
        self.citations: dict[str, Citation] = {}
        self.publications: dict[str, Publication] = {}
        # short ids, as hundreds of places refer to them
        self._citation_ids: dict[str, str] = {}
        self._publication_ids: dict[str, str] = {}
        self.workups: dict[str, str] = {}
        self._rows: dict[Source, int] = {}
        self._row_numbers: dict[str, int] = {}
        self._missing: dict[int, tuple[str, ...]] = {}
        self._asks: dict[tuple[str, ...], tuple[str, ...]] = {}
        self.notes: dict[str, Note] = {}
        # where no line followed the CAR-T, its failure is the present relapse: told once
        self._told_as = {} if later_lines_of(patient.found) else TOLD_AS
        for name, found in patient.found.items():
            if name in self._told_as:
                continue
            told = found.known or found.last is not None
            read = told and (name in plan.relevant or found.value is not False)
            if read or found.computed is not None:
                self._put(name, found)

    # ------------------------------------------------------------ rows and citations

    @property
    def rows(self) -> tuple[str, ...]:
        """The rows that were referred to, in the order of first use."""
        return tuple(self._row_numbers)

    def rows_of(self, sources: Iterable[Source]) -> tuple[int, ...]:
        """The places of these rows in `rows`, each once."""
        return tuple(dict.fromkeys(self.row(source) for source in sources))

    def row(self, source: Source) -> int:
        """The place of this row in `rows`."""
        number = self._rows.get(source)
        if number is None:
            number = self._row_numbers.setdefault(str(source), len(self._row_numbers))
            self._rows[source] = number
        return number

    def cite(self, ids: Iterable[str]) -> tuple[str, ...]:
        """The ids in the result of what the knowledge calls so, each once, with their citations
        put down.
        """
        return tuple(dict.fromkeys(self._cited(name) for name in ids))

    def _cited(self, name: str) -> str:
        known = self._citation_ids.get(name)
        if known is not None:
            return known
        citation, publication = self.plan.citations[name]
        source = self._publication_ids.setdefault(
            citation.source, f"p{len(self._publication_ids) + 1}"
        )
        self.publications[source] = publication
        short = self._citation_ids[name] = f"c{len(self._citation_ids) + 1}"
        self.citations[short] = structs.replace(citation, source=source)
        return short

    def note(self, text: str, citations: Iterable[str]) -> str:
        """The id of a remark, put down on first use."""
        name = self.plan.note_ids[text, tuple(citations)]
        if name not in self.notes:
            self.notes[name] = Note(text=text, citations=self.cite(citations))
        return name

    # ------------------------------------------------------------ findings

    def finding(self, name: str) -> FindingResult:
        """The finding as it was read; put down where it is not known too."""
        name = self._told_as.get(name, name)
        finding = self.findings.get(name)
        if finding is None:
            finding = self._put(name, self.patient.found.get(name, _NOTHING))
        return finding

    def _put(self, name: str, found: Found) -> FindingResult:
        finding = self.findings[name] = FindingResult(
            value=found.value,
            interval=None if found.interval is None else found.interval.to_dict(),
            last=None if found.last is None else found.last.to_dict(),
            day=found.day,
            possible=found.possible,
            stated_by=found.stated_by,
            suspected=found.suspected,
            text=_text(found, name, self.plan),
            rows=self.rows_of(found.sources),
            doubtful=self.rows_of(x for x in found.sources if x.row in self.doubted),
            computed=None if found.computed is None else self._computed(name, found.computed),
        )
        return finding

    def _computed(self, name: str, found: Found) -> ComputedFinding:
        return ComputedFinding(
            value=found.value,
            interval=None if found.interval is None else found.interval.to_dict(),
            possible=found.possible,
            text=_text(found, name, self.plan),
            rows=self.rows_of(found.sources),
        )

    def read_by(self, number: int) -> tuple[str, ...]:
        """The findings that a condition reads, put down."""
        names = self._told(self.plan.conditions[number].reads)
        for name in names:
            if name not in self.findings:
                self._put(name, self.patient.found.get(name, _NOTHING))
        return names

    # ------------------------------------------------------------ conditions

    def truth(self, number: int) -> bool | None:
        """Whether the condition holds; None where that is unknown."""
        answer = self.answers[number]
        return None if answer == -1 else answer == 1

    def points_to(self, rule: RulePlan) -> bool:
        """Whether nobody knows that the rule acts, and the last result points to it."""
        stopping = 0 if rule.effect == "require" else 1
        return self.by_last[rule.number] == stopping

    def missing(self, number: int) -> tuple[str, ...]:
        """The findings for want of which the condition is unknown."""
        if self.answers[number] != -1:
            return ()
        missing = self._missing.get(number)
        if missing is None:
            missing = self._missing[number] = self._told(self._lacking(number))
        return missing

    def _told(self, names: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(dict.fromkeys(self._told_as.get(name, name) for name in names))

    def _lacking(self, number: int) -> tuple[str, ...]:
        condition, values = self.plan.conditions[number], self.patient.values
        bounds = self.bounds
        if all(values.get(name) is None and name not in bounds for name in condition.reads):
            return condition.reads  # nothing of it is known, so that everything is missing
        return unknown_findings(condition, values, bounds)

    def asks(self, missing: tuple[str, ...]) -> tuple[str, ...]:
        """Work-ups that would supply these findings, by themselves or by what they are derived
        from.
        """
        asked = self._asks.get(missing)
        if asked is None:
            asked = self._asks[missing] = self._asked(missing)
        return asked

    def _asked(self, missing: tuple[str, ...]) -> tuple[str, ...]:
        catalogue, workups = self.plan.knowledge.catalogue, self.plan.knowledge.workups
        ids: dict[str, None] = {}
        for name in missing:
            asked = catalogue[name].asks or tuple(
                workup
                for part in catalogue.sources_of(name)
                if self.patient.values.get(part) is None
                for workup in catalogue[part].asks
            )
            ids.update(dict.fromkeys(asked))
        known = tuple(i for i in ids if i in workups)
        for workup in known:
            self.workups[workup] = workups[workup].name
        return known

    # ------------------------------------------------------------ reasons

    def reason(self, plan: RulePlan) -> str:
        """The id of the rule's or indicator's reason, put down on first use."""
        if plan.key not in self.reasons:
            number, rule = plan.number, plan.rule
            missing = self.missing(number)
            findings = self.read_by(number)
            unknown_ones = tuple(name for name in findings if not self.findings[name].known)
            self.reasons[plan.key] = Reason(
                rule=None if plan.base == plan.key else plan.base,
                effect=plan.effect,
                text=self.said(rule.because, plan.wordings),
                truth=self.truth(number),
                pointed=self.points_to(plan),
                findings=findings,
                citations=self.cite(rule.sources),
                stage=plan.stage,
                weight=plan.weight,
                timing=plan.timing,
                until=plan.until,
                harm=plan.effect == "caution" and self._of_the_patient(number),
                missing=() if missing == unknown_ones else missing,
                asks=self.asks(missing),
            )
        return plan.key

    def _of_the_patient(self, number: int) -> bool:
        """Does the condition read what the patient has: an organ, an infection, counts?"""
        catalogue = self.plan.knowledge.catalogue
        reads = self.plan.conditions[number].reads
        return any(catalogue[name].group in ("patient", "safety") for name in reads)

    def place_reason(self, plan: PlacePlan) -> str:
        """The id of the reason of a placement, put down on first use."""
        if plan.key not in self.reasons:
            place, missing = plan.place, self.missing(plan.number) if plan.place.when else ()
            self.reasons[plan.key] = Reason(
                effect="cap" if plan.caps else "place",
                text=self.said(place.reason, plan.wordings),
                truth=True if place.when is None else self.truth(plan.number),
                findings=() if place.when is None else self.read_by(plan.number),
                citations=self.cite(place.sources),
                missing=missing,
                asks=self.asks(missing),
            )
        return plan.key

    def said(self, text: str, wordings: Wordings) -> str:
        """The first wording that holds, else the text."""
        return next((w.text for w, number in wordings if self.truth(number)), text)

    def support_line(self, name: str, line: Support, number: int | None) -> str:
        """The id of a line of supportive care, put down on first use."""
        if name not in self.support:
            missing = () if number is None else self.missing(number)
            self.support[name] = SupportLine(
                text=line.text,
                truth=True if number is None else self.truth(number),
                missing=missing,
                asks=self.asks(missing),
                citations=self.cite(line.sources),
            )
        return name


def _text(found: Found, name: str, plan: Plan) -> str:
    """What was seen, in words that never state what is not so: without a text of its own the
    meaning follows a yes, a no or the value. What is not known is named as it is asked for.
    """
    if found.text and (
        found.known or found.suspected or found.last is not None or found.computed is not None
    ):
        return found.text
    if not found.known:
        label = plan.labels[name]
        return f"{label} ({found.text})" if found.text else label
    entry, meaning = plan.knowledge.catalogue[name], plan.meanings[name]
    if isinstance(found.value, bool):
        # no colon: the meaning belongs to the same clause, so that nothing reads as stated
        return f"{'yes' if found.value else 'no'} – {meaning}"
    if found.possible is not None:
        return f"{' or '.join(found.possible)}: {meaning}"
    if entry.unit == OF_CLONE and isinstance(found.value, float):
        return f"{100 * found.value:g} % of the clone: {meaning}"
    unit = f" {entry.unit}" if entry.unit else ""
    return f"{found.value}{unit}: {meaning}" if found.value is not None else meaning
