"""Damaged example bundles: only InputError is ever raised, another subject is refused, what is
withdrawn adds nothing.
"""

from __future__ import annotations

import copy
import json
from dataclasses import replace
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rearm.intake import InputError
from rearm.intake.fhir.read import read_fhir
from rearm.record import EVENT_FIELDS, Record, Source

Json = dict[str, Any]
EXAMPLES = sorted((Path(__file__).parents[2] / "examples" / "fhir").glob("*.json"))
QUICK = settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


@cache
def small() -> str:
    """An example with the kinds of resources that there are, few of each."""
    content = json.loads(EXAMPLES[0].read_text("utf-8"))
    kept: list[Json] = []
    counts: dict[str, int] = {}
    for path in EXAMPLES:
        for entry in json.loads(path.read_text("utf-8"))["entry"]:
            resource = entry["resource"]
            kind = (
                f"{resource['resourceType']}"
                f" {resource.get('code', {}).get('coding', [{}])[-1].get('code')}"
            )
            counts[kind] = counts.get(kind, 0) + 1
            if (
                counts[kind] <= 2
                and (resource["resourceType"] != "Patient" or path == EXAMPLES[0])
                and len(kept) < 90
            ):
                for key in ("subject", "patient"):
                    if key in resource:
                        resource[key] = {
                            "reference": f"Patient/{content['entry'][0]['resource']['id']}"
                        }
                if "id" in resource and resource["resourceType"] != "Patient":
                    resource["id"] = entry["resource"]["id"] = f"r{len(kept)}"
                    entry["fullUrl"] = (
                        f"https://example.org/{resource['resourceType']}/r{len(kept)}"
                    )
                kept.append(entry)
    content["entry"] = kept
    return json.dumps(content)


def content() -> Json:
    found: Json = json.loads(small())
    return found


def read(bundle: Any) -> Record:
    (record,) = read_fhir(json.dumps(bundle).encode()).records
    return record


def paths(node: Any, here: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every place in a JSON value below its top."""
    found = [here] if here else []
    items = (
        node.items()
        if isinstance(node, dict)
        else enumerate(node)
        if isinstance(node, list)
        else ()
    )
    for key, value in items:
        found.extend(paths(value, (*here, key)))
    return found


PATHS = paths(content())
JUNK = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**30), 10**30),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=8),
    st.sampled_from(
        [
            "",
            "2024-99-99",
            "24-01-01",
            "0000-01-01",
            "9999-12-31",
            "#",
            "#x",
            "Patient/",
            "urn:uuid:",
            "a/_history/",
            "\x00",
            "<b>",
            "NaN",
        ]
    ),
    st.just([]),
    st.just({}),
    st.just([[]]),
    st.just([{"coding": "x"}]),
    st.just({"coding": [{"system": 1, "code": []}], "value": "x", "reference": "Observation/r1"}),
)


@given(
    st.lists(
        st.tuples(
            st.sampled_from(PATHS), st.sampled_from(["put", "remove", "rename", "twice"]), JUNK
        ),
        min_size=1,
        max_size=6,
    )
)
@QUICK
def test_damaged_bundles_are_read_or_refused_with_a_sentence(
    changes: list[tuple[tuple[Any, ...], str, Any]],
) -> None:
    bundle = content()
    for path, how, value in changes:
        node = bundle
        try:
            for step in path[:-1]:
                node = node[step]
            if how == "remove":
                del node[path[-1]]
            elif how == "twice" and isinstance(node, list):
                node.append(copy.deepcopy(node[path[-1]]))
            elif how == "rename" and isinstance(node, dict):
                node[str(value)] = node.pop(path[-1])
            else:
                node[path[-1]] = value
        except (KeyError, IndexError, TypeError):
            continue  # an earlier change took the place away
    try:
        reading = read_fhir(json.dumps(bundle).encode(), name="damaged.json")
    except InputError as error:
        assert "damaged.json" in str(error)
        assert "\n" not in str(error)
        return
    for issue in reading.all_issues():
        assert issue.message.isprintable()
        assert issue.source.file == "damaged.json"


@given(st.data())
@QUICK
def test_cut_or_overwritten_bytes(data: st.DataObject) -> None:
    raw = bytearray(small().encode())
    place = data.draw(st.integers(0, len(raw) - 1))
    if data.draw(st.booleans()):
        raw = raw[:place]
    else:
        raw[place : place + data.draw(st.integers(0, 4))] = data.draw(st.binary(max_size=4))
    try:
        reading = read_fhir(bytes(raw))
    except InputError as error:
        assert "\n" not in str(error)
        return
    assert all(issue.message.isprintable() for issue in reading.all_issues())


SUBJECTS = [i for i, e in enumerate(content()["entry"]) if "subject" in e["resource"]]


@pytest.mark.parametrize("place", SUBJECTS)
def test_any_resource_of_another_subject_refuses_the_bundle(place: int) -> None:
    bundle = content()
    bundle["entry"][place]["resource"]["subject"] = {"reference": "Patient/somebody-else"}
    with pytest.raises(InputError, match="somebody-else"):
        read(bundle)


def events(record: Record) -> set[str]:
    return {repr(e) for name in EVENT_FIELDS for e in getattr(record, name)}


WITHDRAWABLE = [
    i
    for i in SUBJECTS
    if content()["entry"][i]["resource"]["resourceType"] not in ("AdverseEvent", "Specimen")
]


@given(st.sampled_from(WITHDRAWABLE))
@settings(max_examples=25, deadline=None)
def test_a_resource_entered_in_error_adds_nothing(place: int) -> None:
    """The record is the one without the resource, apart from issues."""
    bundle = content()
    resource = bundle["entry"][place]["resource"]
    if resource["resourceType"] == "Condition":
        system = "http://terminology.hl7.org/CodeSystem/condition-ver-status"
        resource["verificationStatus"] = {
            "coding": [{"system": system, "code": "entered-in-error"}]
        }
    else:
        resource["status"] = "entered-in-error"
    withdrawn = read(bundle)
    del bundle["entry"][place]
    assert events(withdrawn) == events(read(bundle))
    assert "entered_in_error" in {i.code for i in withdrawn.issues}


@pytest.mark.parametrize("seed", range(5))
def test_the_order_of_the_entries_does_not_change_what_is_read(seed: int) -> None:
    """Apart from the order of agents in a regimen, and the place that a regimen of several
    statements points to.
    """

    def said(record: Record) -> set[str]:
        kept = [
            replace(t, source=Source("", ""), agents=tuple(sorted(t.agents)))
            for t in record.therapies
        ]
        return events(replace(record, therapies=tuple(kept)))

    bundle = content()
    before = said(read(bundle))
    Random(seed).shuffle(bundle["entry"])
    assert said(read(bundle)) == before
