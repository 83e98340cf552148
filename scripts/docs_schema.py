"""The pages of what programs read: the result of a patient, and the API of the board."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from scripts.docs_markdown import Lines, cell, table

from rearm.assessment.schema import json_schema
from rearm.board.api.addresses import ADDRESSES
from rearm.board.api.openapi import description

__all__ = ["board_api_page", "result_page"]


def result_page() -> Lines:
    schema = json_schema()
    defined: Mapping[str, Any] = schema["$defs"]
    yield "# The result as JSON"
    yield ""
    yield (
        f"What `Assessment.to_dict()`, `rearm assess --json` and the board give, schema"
        f" `{schema['version']}`. The whole is one object of"
        f" {_type({'$ref': schema['$ref']})}; `src/rearm/assessment/schema.json` is the JSON"
        " Schema (2020-12). Each reason, finding, citation and row of the input stands once and is"
        " named by its id elsewhere. `null` is not known or not asked, never no."
    )
    yield ""
    for name in sorted(defined, key=lambda x: (x != "Assessment", x)):
        yield from _object(name, defined[name])


def _object(name: str, schema: Mapping[str, Any]) -> Lines:
    yield f"## {name}"
    yield ""
    if text := schema.get("description"):
        yield cell(" ".join(text.split()))
        yield ""
    if "properties" not in schema:
        yield _type(schema)
        yield ""
        return
    required = frozenset(schema.get("required", ()))
    yield from table(
        ("field", "type", "always there"),
        (
            (f"`{field}`", _type(of), "yes" if field in required else "")
            for field, of in schema["properties"].items()
        ),
    )


def _type(schema: Mapping[str, Any]) -> str:
    """A type in words, with a link where it is an object of this page."""
    if ref := schema.get("$ref"):
        name = ref.rpartition("/")[2]
        return f"[{name}](#{name.lower()})"
    if "anyOf" in schema:
        return " or ".join(_type(x) for x in schema["anyOf"])
    if "enum" in schema:
        return ", ".join(f"`{x}`" for x in schema["enum"])
    if "const" in schema:
        return f"`{schema['const']}`"
    match schema.get("type"):
        case "array" if "prefixItems" in schema:
            return "list of " + ", ".join(_type(x) for x in schema["prefixItems"])
        case "array":
            return f"list of {_type(schema.get('items') or {})}"
        case "object":
            of = schema.get("additionalProperties")
            return f"object of {_type(of)} by name" if isinstance(of, Mapping) else "object"
        case list(types):
            return " or ".join(map(str, types))
        case None:
            return "anything"
        case one:
            return str(one)


def board_api_page() -> Lines:
    document = json.loads(description(ADDRESSES))
    yield "# API of the board"
    yield ""
    yield (
        f"What a program may ask of `rearm serve`, below `{document['servers'][0]['url']}`, with a"
        " token (`rearm serve token add`) as `Authorization: Bearer`. A running board gives the"
        " same as OpenAPI 3.1. Errors are `application/problem+json`."
    )
    yield from table(
        ("method", "address", "what it does"),
        (
            (method.upper(), f"[`{path}`](#{_anchor(method, path)})", cell(_summary(of)))
            for path, methods in document["paths"].items()
            for method, of in methods.items()
        ),
    )
    for path, methods in document["paths"].items():
        for method, of in methods.items():
            yield from _address(method, path, of)
    yield "# What is sent and given"
    yield ""
    for name, schema in sorted(document["components"]["schemas"].items()):
        yield from _object(name, schema)


def _address(method: str, path: str, of: Mapping[str, Any]) -> Lines:
    yield f'<a id="{_anchor(method, path)}"></a>'
    yield ""
    yield f"## {method.upper()} {path}"
    yield ""
    yield cell(_summary(of))
    yield ""
    if text := of.get("description"):
        yield from (cell(" ".join(text.split())), "")
    if "security" in of and not of["security"]:
        yield from ("No token is needed.", "")
    taken = [
        (f"`{p['name']}`", p["in"], cell(json.dumps(p.get("schema", {}), ensure_ascii=False)))
        for p in of.get("parameters", ())
    ]
    yield from table(("parameter", "in", "must be"), taken)
    if body := of.get("requestBody"):
        kinds = (f"`{kind}`: {_type(c.get('schema', {}))}" for kind, c in body["content"].items())
        yield from (f"Body: {'; '.join(kinds)}.", "")
    yield from table(
        ("status", "meaning", "gives"),
        (
            (status, cell(r.get("description", "")), _given(r.get("content", {})))
            for status, r in of["responses"].items()
        ),
    )


def _given(content: Mapping[str, Any]) -> str:
    return "; ".join(
        f"`{kind}` {_type(c.get('schema', {}))}".strip() for kind, c in content.items()
    )


def _summary(of: Mapping[str, Any]) -> str:
    return str(of.get("summary", ""))


def _anchor(method: str, path: str) -> str:
    return f"{method}-{path.strip('/').replace('/', '-').replace('{', '').replace('}', '')}"
