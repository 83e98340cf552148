"""Signs that a server held something back: a further page, a total that is larger, an error, a
resource given in part.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rearm.characters import printable
from rearm.intake.fhir.element import Element

__all__ = ["matches", "missing_parts", "notices"]

_PROBLEMS = ("fatal", "error", "warning")
_SHOWN = 3  # places in a sentence


def missing_parts(
    top: Element, resources: Sequence[tuple[str, Element]]
) -> Iterator[tuple[str, str]]:
    """Every sign, with its place, in words. `resources` are those of the bundle with their
    places.
    """
    if any(link.text("relation") == "next" for link in top.children("link")):
        yield (
            "Bundle.link",
            "The Bundle is one page of a search (it links to a next page), so results may be "
            "missing. Join all pages into one Bundle.",
        )
    total, found = top.number("total"), matches(top.data)
    if total is not None and total > found:
        yield (
            "Bundle.total",
            f"The server reports {total:g} resources but only {found} are here, so results may "
            "be missing. Join all pages into one Bundle.",
        )
    yield from _failed(top)
    for place, resource in resources:
        if resource.text("resourceType") == "OperationOutcome":
            yield from ((place, sentence) for sentence in notices(resource))
    yield from _subsets(top, resources)


def matches(bundle: Mapping[str, Any]) -> int:
    """The entries that the total of a search counts: no include and no notice."""
    entries = bundle.get("entry")
    found = (
        (Element(x) for x in entries if isinstance(x, dict)) if isinstance(entries, list) else ()
    )
    return sum(_is_match(entry) for entry in found)


def _is_match(entry: Element) -> bool:
    mode = entry.child("search").text("mode")
    kind = entry.child("resource").text("resourceType")
    return entry.has("resource") and mode in (None, "match") and kind != "OperationOutcome"


def _failed(top: Element) -> Iterator[tuple[str, str]]:
    """Requests of a batch that the server answered with an error."""
    entries = top.children("entry")
    status = [entry.child("response").text("status") or "" for entry in entries]
    failed = [n for n, text in enumerate(status, 1) if text[:1] in ("4", "5")]
    if failed:
        yield (
            "Bundle.entry",
            f"{len(failed)} of {len(entries)} requests to the server failed (the first is entry "
            f"{failed[0]}), so results may be missing. Send them again.",
        )


def notices(outcome: Element) -> Iterator[str]:
    """What the server says went wrong; a mere information is not repeated."""
    for notice in outcome.children("issue"):
        if notice.text("severity") in _PROBLEMS:
            said = notice.text("diagnostics") or notice.child("details").text("text")
            why = f" ({printable(said)[:120]})" if said else ""
            yield f"The server reports a problem{why}, so results may be missing."


def _subsets(top: Element, resources: Sequence[tuple[str, Element]]) -> Iterator[tuple[str, str]]:
    """Resources that the server marks as given in part."""
    parts = [place for place, resource in [("Bundle", top), *resources] if _is_subset(resource)]
    if parts:
        more = f" and {len(parts) - _SHOWN} more" if len(parts) > _SHOWN else ""
        are = "is" if len(parts) == 1 else "are"
        yield (
            parts[0],
            f"{', '.join(parts[:_SHOWN])}{more} {are} marked as incomplete (SUBSETTED), so some "
            "of their content is missing. Export the complete resources.",
        )


def _is_subset(element: Element) -> bool:
    tags = element.child("meta").children("tag")
    return any(tag.text("code") == "SUBSETTED" for tag in tags)
