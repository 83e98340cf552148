"""One patient's results among each other: repeated rows, corrected results, contradictions."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace

from rearm.intake.build.checks.slips import flag_slips
from rearm.intake.build.labs import CORRECTING, LabRow
from rearm.intake.build.log import IssueLog
from rearm.intake.build.m_protein_bands import set_bands_aside
from rearm.intake.build.moments import to_one_day
from rearm.intake.build.terms import Terms
from rearm.record import Lab

__all__ = ["settle_results"]

_NEVER_A_RESULT = {"entered_in_error": "entered in error", "cancelled": "cancelled"}


def settle_results(
    rows: Sequence[LabRow], log: IssueLog, terms: Terms
) -> tuple[tuple[Lab, ...], tuple[Lab, ...]]:
    """Usable results and those set aside, in the order of the input; what was decided becomes
    issues.
    """
    to_one_day(rows, log)
    samples = _Samples(log, terms, set())
    if any(item.lab.status in CORRECTING for item in rows):
        samples.replace_loosely(rows)
    for same in _of_one_sample(rows):
        samples.settle(same)
    kept = [item for item in rows if id(item) not in samples.dropped]
    set_bands_aside(kept, log, terms)
    usable = [item for item in kept if item.usable]
    flag_slips(usable, log, terms)
    return (
        tuple(item.lab for item in usable),
        tuple(item.lab for item in kept if not item.usable),
    )


def _of_one_sample(rows: Sequence[LabRow]) -> list[list[LabRow]]:
    """Results of one test and sample, where there are several or their status says something."""
    groups: dict[tuple[object, ...], list[LabRow]] = {}
    for item in rows:
        lab = item.lab
        when = lab.when
        # results of which no day is known are of one sample only where the sample has a name
        alone = lab.sample_id is None and (when.first is None or when.last is None)
        own = id(item) if alone else None
        key = (lab.test, when.first, when.last, *_sample(lab), lab.isotype, own)
        groups.setdefault(key, []).append(item)
    return [g for g in groups.values() if len(g) > 1 or g[0].lab.status is not None]


def _sample(lab: Lab) -> tuple[str | None, ...]:
    return (lab.time, lab.specimen, lab.method, lab.sample_id)


@dataclass(slots=True)
class _Samples:
    """Settles results of one sample; `dropped` are those that another stands for."""

    log: IssueLog
    terms: Terms
    dropped: set[int]

    def replace_loosely(self, rows: Sequence[LabRow]) -> None:
        """A correction replaces the result of the same test and day also where sample, specimen,
        method or time stand on one of them only.
        """
        by_day: dict[tuple[object, ...], list[LabRow]] = defaultdict(list)
        for item in rows:
            if item.lab.day is not None and item.lab.status not in _NEVER_A_RESULT:
                by_day[(item.lab.test, item.lab.when)].append(item)
        for group in by_day.values():
            corrections = [item.lab for item in group if item.lab.status in CORRECTING]
            for item in group if corrections else ():
                if item.lab.status not in CORRECTING:
                    self._replace_by(item, corrections)

    def _replace_by(self, item: LabRow, corrections: Sequence[Lab]) -> None:
        own = _sample(item.lab)
        if all(own == _sample(correction) for correction in corrections):
            return  # of one sample: settled with it
        if any(_may_be_one(own, _sample(correction)) for correction in corrections):
            self._superseded(item)
        else:
            self.log.warning(
                item.row,
                "sample_id",
                "correction_elsewhere",
                f"{self._named(item.lab)} is from the same day as a correction of another "
                "sample. Both are kept; check the sample ids.",
                "used",
            )

    def settle(self, group: Sequence[LabRow]) -> None:
        """Status and repetition among results of one sample."""
        for item in self._alive(group):
            if (state := _NEVER_A_RESULT.get(item.lab.status or "")) is not None:
                self._drop_never_a_result(item, state)
        self._versions(self._alive(group))
        usable = [item for item in self._once(self._alive(group)) if item.usable]
        if len(usable) > 1:
            self._differing(usable)

    def _alive(self, items: Sequence[LabRow]) -> list[LabRow]:
        return [item for item in items if id(item) not in self.dropped]

    def _versions(self, items: Sequence[LabRow]) -> None:
        """A correction stands for what it corrects, a final result for the preliminary one."""
        corrected = any(item.lab.status in CORRECTING for item in items)
        final = any(item.lab.status != "preliminary" for item in items)
        for item in items:
            is_preliminary = item.lab.status == "preliminary"
            if (corrected and item.lab.status not in CORRECTING) or (final and is_preliminary):
                self._superseded(item)
            elif is_preliminary and item.usable:
                why = (
                    f"The result {self._named(item.lab)} is preliminary. It is not used until "
                    "the final result is there."
                )
                self.log.warning(item.row, "status", "preliminary", why)
                _set_aside(item, why)

    def _drop_never_a_result(self, item: LabRow, state: str) -> None:
        self.dropped.add(id(item))
        self.log.note(
            item.row,
            "status",
            str(item.lab.status),
            f"The result {self._named(item.lab)} is marked as {state}. It is not read.",
            "refused",
        )

    def _superseded(self, item: LabRow) -> None:
        self.dropped.add(id(item))
        self.log.note(
            item.row,
            "value",
            "superseded",
            f"The result {self._named(item.lab)} was replaced by a later version, which is used.",
            "set_aside",
        )

    def _once(self, items: Sequence[LabRow]) -> list[LabRow]:
        """The results, each value once."""
        seen: dict[tuple[object, ...], LabRow] = {}
        for item in items:
            lab = item.lab
            first = seen.setdefault(
                (lab.quantity, lab.word, None if item.usable else lab.as_given), item
            )
            if first is not item:
                self.dropped.add(id(item))
                self.log.note(
                    item.row,
                    None,
                    "duplicate_row",
                    f"The result {self._named(lab)} is a duplicate (also at "
                    f"{first.lab.source.place}). One is used.",
                )
        return list(seen.values())

    def _differing(self, items: Sequence[LabRow]) -> None:
        """Several values of one sample: a contradiction where the sample has a name; else they may
        be of several samples, and all are kept.
        """
        lab = items[0].lab
        values = " and ".join(item.lab.as_given for item in items)
        elsewhere = ", ".join(item.lab.source.place for item in items[1:])
        name = self.terms.test_name(lab)
        if lab.sample_id is not None and lab.specimen != "lesion_biopsy":
            why = (
                f"{name} of sample {lab.sample_id} has the contradictory values {values}. None "
                "is used."
            )
            for item in items:
                _set_aside(item, why)
            where = f"{why} (Also at {elsewhere}.)"
            self.log.error(items[0].row, "value", "results_contradict", where)
        elif lab.day is not None:
            several = (
                f"{name} has several results on day {lab.day}: {values} (also at {elsewhere})."
            )
            if lab.quantity is not None and self._of_the_disease(lab):
                text = f"{several} Only what all of them show is used; check which is right."
                self.log.warning(items[0].row, "value", "several_results", text, "used")
            else:
                self.log.note(items[0].row, "value", "several_results", f"{several} All are kept.")

    def _of_the_disease(self, lab: Lab) -> bool:
        test = self.terms.lab_tests.get(lab.test)
        return test is not None and test.group == "monoclonal protein"

    def _named(self, lab: Lab) -> str:
        return f"{self.terms.test_name(lab)} {lab.as_given} ({lab.when})"


def _may_be_one(a: tuple[str | None, ...], b: tuple[str | None, ...]) -> bool:
    return all(x is None or y is None or x == y for x, y in zip(a, b, strict=True))


def _set_aside(item: LabRow, why: str) -> None:
    item.usable = False
    item.lab = replace(item.lab, quantity=None, word=None, why_set_aside=why)
