"""What is known of the patient, as a reader looks it up."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from rearm.assessment.result import Assessment, FindingResult
from rearm.report.words import finding_words, words

__all__ = ["KnownFinding", "KnownFindings", "known_findings"]


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownFinding:
    """One finding, or several of the same text: what they are, what was seen, and the places in
    `rows`.
    """

    name: str
    seen: str
    rows: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownFindings:
    """`measured`: values as they were seen. `present`: what is so, with its word where it has one.
    `absent`: the names of what is known not to be so.
    """

    measured: tuple[KnownFinding, ...]
    present: tuple[KnownFinding, ...]
    absent: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.measured) + len(self.present) + len(self.absent)


def known_findings(result: Assessment) -> KnownFindings:
    """The known findings; what was seen stands once, with the first that rests on it."""
    known = {name: finding for name, finding in result.findings.items() if finding.known}
    told: set[str] = set()
    measured = [
        KnownFinding(name="", seen=seen, rows=finding.rows)
        for finding in known.values()
        if _is_number(finding) and (seen := _new(finding.text, told))
    ]
    present = [
        _present(name, finding, told)
        for name, finding in known.items()
        if not _is_number(finding) and finding.value is not False
    ]
    absent = (finding_words(name) for name, finding in known.items() if finding.value is False)
    return KnownFindings(
        measured=tuple(measured), present=tuple(present), absent=tuple(dict.fromkeys(absent))
    )


def _present(name: str, finding: FindingResult, told: set[str]) -> KnownFinding:
    """A finding that is so. The rows stand with what was seen in them."""
    named = _named(name, finding)
    seen = _new(finding.text, told)
    seen = "" if seen in named or str(finding.value).replace("_", " ") == seen else seen
    return KnownFinding(name=named, seen=seen, rows=finding.rows if seen else ())


def _is_number(finding: FindingResult) -> bool:
    value = finding.value
    return value is None or (isinstance(value, int | float) and not isinstance(value, bool))


def _named(name: str, finding: FindingResult) -> str:
    label = finding_words(name)
    return label if finding.value is True else f"{label}: {words(str(finding.value))}"


def _new(text: str, told: set[str]) -> str:
    """The parts of the text that no finding before has shown."""
    parts = [part for part in dict.fromkeys(_parts(text)) if part not in told]
    told.update(parts)
    return "; ".join(parts)


def _parts(text: str) -> Iterable[str]:
    return (part for part in text.split("; ") if part)
