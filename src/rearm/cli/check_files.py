"""The work list of an input, patient by patient: only what is listed is kept of each."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from rearm.assessment import Assessment, AssessmentError, assess_all
from rearm.intake import Reading
from rearm.knowledge import Knowledge, KnowledgeError
from rearm.record import Issue, Record
from rearm.report.worklist.contents import Coverage, NotOnRecord, Order, Worklist, not_on_record

__all__ = ["worklist_of"]

_BATCH = 64


def worklist_of(
    reading: Reading,
    *,
    knowledge: Knowledge | None = None,
    as_of: int | date | None = None,
    order: Order = "severity",
) -> Worklist:
    """Everything that is to be mended or found, for all patients of an input.

    What is missing is told by the assessment itself: the work-ups that it asks for, with what each
    could change. A patient who cannot be assessed costs the others nothing: a sentence says so.
    """
    issues: list[Issue] = [*reading.issues]
    coverage, missing = Coverage(), list[NotOnRecord]()
    complete, unassessed = list[str](), list[str]()
    for batch in _batches(reading.stream()):
        for record in batch:
            issues.extend(record.issues)
            coverage.add(record)
        for found in _assessed(batch, knowledge, as_of):
            if isinstance(found, str):
                unassessed.append(found)
            elif rows := not_on_record(found):
                missing.extend(rows)
            else:
                complete.append(found.patient_id)
    return Worklist(
        issues=issues,
        coverage=coverage,
        missing=missing,
        complete=complete,
        unassessed=unassessed,
        order=order,
        headers=reading.headers,
    )


def _batches(records: Iterator[Record]) -> Iterator[list[Record]]:
    batch: list[Record] = []
    for record in records:
        batch.append(record)
        if len(batch) == _BATCH:
            yield batch
            batch = []
    if batch:
        yield batch


def _assessed(
    batch: list[Record], knowledge: Knowledge | None, as_of: int | date | None
) -> list[Assessment | str]:
    """The result of each patient, or why there is none."""
    try:
        return [*assess_all(batch, knowledge=knowledge, as_of=as_of)]
    except KnowledgeError:
        raise  # it holds for every patient
    except Exception as error:
        if len(batch) > 1:
            return [one for record in batch for one in _assessed([record], knowledge, as_of)]
        if isinstance(error, AssessmentError):
            return [str(error)]
        who = batch[0].patient_id
        return [
            (f"{who} could not be assessed because of an internal error ({type(error).__name__}).")
        ]
