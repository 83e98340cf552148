"""Whether resources are FHIR R4 (4.0.1): the published JSON schema, cut down to what is written
here, and what that schema does not say: obligatory elements, codes, invariants, references.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cache
from typing import Any

import jsonschema
from tests.support.places import DATA

__all__ = ["faults_of_bundle"]

# obligatory elements and the codes of their required bindings (R4 StructureDefinitions); the
# published JSON schema leaves out that a primitive element must be there
_REQUEST_STATUS = {"draft", "active", "on-hold", "revoked", "completed", "entered-in-error",
                   "unknown"}  # fmt: skip
_INTENT = {"proposal", "plan", "directive", "order", "original-order", "reflex-order",
           "filler-order", "instance-order", "option"}  # fmt: skip
_CODES: dict[str, dict[str, set[str]]] = {
    "CarePlan": {
        "status": _REQUEST_STATUS,
        "intent": {"proposal", "plan", "order", "option"},
    },
    "RequestGroup": {"status": _REQUEST_STATUS, "intent": _INTENT},
    "ServiceRequest": {"status": _REQUEST_STATUS, "intent": _INTENT},
    "GuidanceResponse": {
        "status": {"success", "data-requested", "data-required", "in-progress", "failure",
                   "entered-in-error"},
    },
    "OperationOutcome": {},
    "Provenance": {},
    "Bundle": {"type": {"collection"}},
}  # fmt: skip
_NEEDED = {
    "CarePlan": ("subject",),
    "RequestGroup": (),
    "ServiceRequest": ("subject",),
    "GuidanceResponse": ("moduleUri",),
    "OperationOutcome": ("issue",),
    "Provenance": ("target", "recorded", "agent"),
    "Bundle": (),
}
_ACTION_CODES = {
    "groupingBehavior": {"visual-group", "logical-group", "sentence-group"},
    "selectionBehavior": {"any", "all", "all-or-none", "exactly-one", "at-most-one",
                          "one-or-more"},
    "priority": {"routine", "urgent", "asap", "stat"},
}  # fmt: skip
_ISSUE_CODES = {"informational", "value", "invalid", "incomplete"}


@cache
def _validator(kind: str) -> Any:
    schema = json.loads((DATA / "fhir_r4.schema.json").read_text("utf-8"))
    part = {"$ref": f"#/definitions/{kind}", "definitions": schema["definitions"]}
    return jsonschema.Draft6Validator(part)


def faults_of_bundle(bundle: dict[str, Any]) -> list[str]:
    """What is wrong with a Bundle, each with its place; empty where nothing is."""
    return [*_of_schema(bundle), *_beyond(bundle)]


def _of_schema(bundle: dict[str, Any]) -> Iterator[str]:
    for place, resource in [("Bundle", bundle), *_resources(bundle)]:
        kind = resource.get("resourceType")
        if kind not in _CODES:
            yield f"{place}: no resource that is written here: {kind}"
            continue
        shown = {**resource, "entry": []} if kind == "Bundle" else resource
        for error in _validator(kind).iter_errors(shown):
            yield f"{place}/{'/'.join(map(str, error.path))}: {error.message[:200]}"


def _resources(bundle: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    return [(f"entry[{i}]", e["resource"]) for i, e in enumerate(bundle.get("entry", []))]


def _beyond(bundle: dict[str, Any]) -> Iterator[str]:
    urls = [entry["fullUrl"] for entry in bundle.get("entry", [])]
    if len(urls) != len(set(urls)):
        yield "bdl-7: a fullUrl stands twice"
    for entry in bundle.get("entry", []):
        if entry["fullUrl"] != f"urn:uuid:{entry['resource']['id']}":
            yield "a fullUrl is not that of its resource"
    yield from _empty(bundle, "Bundle")
    for place, resource in [("Bundle", bundle), *_resources(bundle)]:
        kind = resource["resourceType"]
        for name in (*_NEEDED[kind], *_CODES[kind]):
            if name not in resource:
                yield f"{place}: {kind} has no {name}"
        for name, codes in _CODES[kind].items():
            if resource.get(name) not in codes:
                yield f"{place}: {name} is {resource.get(name)!r}"
        yield from _references(resource, set(urls), place)
    for place, resource in _resources(bundle):
        if resource["resourceType"] == "RequestGroup":
            for action in resource.get("action", []):
                yield from _action(action, place)
        if resource["resourceType"] == "OperationOutcome":
            for issue in resource["issue"]:
                if issue["code"] not in _ISSUE_CODES:
                    yield f"{place}: code {issue['code']}"
        for activity in resource.get("activity", []):
            if ("detail" in activity) == ("reference" in activity):
                yield f"{place}: cpl-3"
            if "detail" in activity and "status" not in activity["detail"]:
                yield f"{place}: an activity has no status"
        for needed in resource.get("dataRequirement", []):
            if "type" not in needed:
                yield f"{place}: a dataRequirement has no type"
            for one in needed.get("codeFilter", []):
                if ("path" in one) == ("searchParam" in one):
                    yield f"{place}: drq-1"


def _action(action: dict[str, Any], place: str) -> Iterator[str]:
    if ("resource" in action) == ("action" in action):
        yield f"{place}: rqg-1 at {action.get('title')!r}"
    for name, codes in _ACTION_CODES.items():
        if name in action and action[name] not in codes:
            yield f"{place}: {name} is {action[name]}"
    for document in action.get("documentation", []):
        if document.get("type") != "citation":
            yield f"{place}: a document has the type {document.get('type')}"
    for part in action.get("action", []):
        yield from _action(part, place)


def _references(part: Any, urls: set[str], place: str) -> Iterator[str]:
    if isinstance(part, dict):
        target = part.get("reference")
        if isinstance(target, str) and target.startswith("urn:uuid:") and target not in urls:
            yield f"{place}: {target} leads nowhere"
        for value in part.values():
            yield from _references(value, urls, place)
    elif isinstance(part, list):
        for value in part:
            yield from _references(value, urls, place)


def _empty(part: Any, place: str) -> Iterator[str]:
    """FHIR has no null, no empty text, list or object."""
    if part is None or part in ("", [], {}):
        yield f"{place} is empty"
    elif isinstance(part, dict):
        for name, value in part.items():
            yield from _empty(value, f"{place}.{name}")
    elif isinstance(part, list):
        for value in part:
            yield from _empty(value, place)
