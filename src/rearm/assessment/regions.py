"""The regions in which approvals are looked up, and which of them speaks for a country."""

from __future__ import annotations

from collections.abc import Sequence

from rearm.assessment.patient import AssessmentError
from rearm.knowledge.bundle import Knowledge

__all__ = ["region_of", "regions_of"]

# Central authorisations hold in all member states, and in Iceland, Liechtenstein and Norway by the
# agreement on the European Economic Area. Whether a drug is on the market and paid for differs
# between them and is not recorded. Switzerland and the United Kingdom have approvals of their own,
# so that they are not here.
_EU = frozenset(  # ISO 3166 codes
    {
        "AT", "BE", "BG", "CY", "CZ", "DE", "DK", "EE", "ES", "FI", "FR", "GR", "HR", "HU", "IE",
        "IS", "IT", "LI", "LT", "LU", "LV", "MT",
        "NL", "NO", "PL", "PT", "RO", "SE", "SI", "SK",
    }
)  # fmt: skip


def regions_of(knowledge: Knowledge) -> tuple[str, ...]:
    """Every region of which the knowledge has an approval."""
    options = knowledge.options.values()
    return tuple(sorted({row.region for option in options for row in option.availability}))


def region_of(asked: str | None, known: Sequence[str]) -> str | None:
    """The region as it is recorded, in whatever case it was written; None: any. Raises
    AssessmentError where there is no such region.
    """
    if asked is None:
        return None
    folded = {r.casefold(): r for r in known}
    if asked.casefold() in folded:
        return folded[asked.casefold()]
    hint = (
        " EU approvals apply to this country: give EU."
        if asked.upper() in _EU and "EU" in known
        else ""
    )
    raise AssessmentError(
        f"No approvals are recorded for the region {asked}; known are {', '.join(known)}.{hint}"
    )
