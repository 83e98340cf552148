"""The description of the API (OpenAPI 3.1), made from what is declared of each address."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from functools import cache
from typing import Any

import msgspec

from rearm.board.api.contexts import Problem
from rearm.board.api.declare import API_ROOT, ApiAddress
from rearm.version import __version__

__all__ = ["description"]

_PROBLEM = "application/problem+json"
_PART = re.compile(r"\{(\w+)\}")
_PARTS: dict[str, dict[str, Any]] = {
    "case": {"type": "string", "pattern": "^[0-9a-f]{16}$"},
    "number": {"type": "integer", "minimum": 1, "maximum": 999_999_999},
}
_WAIT = {"Retry-After": {"required": True, "schema": {"type": "integer", "minimum": 1}}}
_REALM = {"WWW-Authenticate": {"required": True, "schema": {"type": "string"}}}
_HEADERS: dict[int, dict[str, Any]] = {401: _REALM, 403: _REALM, 429: _WAIT, 503: _WAIT}
_ALWAYS = {
    400: "The request does not match what the address takes.",
    421: "The request was sent to another host.",
    429: "Too many requests.",
    500: "A fault of the program.",
    503: "Busy, or a process came down; nothing was half done. Try again.",
}
_BY_TOKEN = {401: "A token is needed.", 403: "The token may not do that."}
_BY_BODY = {
    413: "The body is too large.",
    415: "The content is of another kind.",
}
_BY_PART = {404: "There is nothing at this address."}


@cache
def description(addresses: tuple[ApiAddress, ...]) -> bytes:
    """The document as JSON."""
    return json.dumps(_document(addresses), ensure_ascii=False).encode("utf-8")


def _document(addresses: tuple[ApiAddress, ...]) -> dict[str, Any]:
    types = (*dict.fromkeys(_types(addresses)), Problem)
    schemas, components = msgspec.json.schema_components(
        types, ref_template="#/components/schemas/{name}"
    )
    by_type = dict(zip(types, schemas, strict=True))
    paths: dict[str, dict[str, Any]] = {}
    for address in addresses:
        paths.setdefault(address.path, {})[address.method.lower()] = _operation(address, by_type)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Rearm at the board",
            "version": __version__,
            "summary": "Myeloma after CAR-T: assess, draw, keep, decide.",
            "description": "Research and decision support for professionals; not a cleared medical "
            "device, not for emergencies.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": API_ROOT}],
        "paths": paths,
        "components": {
            "schemas": components,
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
    }


def _types(addresses: Iterable[ApiAddress]) -> Iterator[Any]:
    for address in addresses:
        if address.takes is not None:
            yield address.takes
        if address.gives.type is not None:
            yield address.gives.type


def _operation(address: ApiAddress, by_type: dict[Any, dict[str, Any]]) -> dict[str, Any]:
    by_token = address.needs != "nothing"
    parameters = [_part(name) for name in _PART.findall(address.path)]
    parameters += [_asked(name, limits) for name, limits in address.query.items()]
    name = re.sub(r"\W+", "_", f"{address.method.lower()}{address.path}").strip("_")
    return {
        "operationId": name,
        "summary": address.summary,
        **({"security": [{"token": []}]} if by_token else {"security": []}),
        **({"parameters": parameters} if parameters else {}),
        **({"requestBody": _body(by_type[address.takes])} if address.takes is not None else {}),
        "responses": _answers(address, by_type),
    }


def _answers(address: ApiAddress, by_type: dict[Any, dict[str, Any]]) -> dict[str, Any]:
    gives = address.gives
    refused = {
        **_ALWAYS,
        **(_BY_TOKEN if address.needs != "nothing" else {}),
        **(_BY_BODY if address.takes is not None else {}),
        **(_BY_PART if "{" in address.path else {}),
        **address.refuses,
    }
    if gives.type is not None:
        content: dict[str, Any] = {"application/json": {"schema": by_type[gives.type]}}
    else:
        content = {kind: {"schema": {"type": "string"}} for kind in gives.kinds}
    problem = {_PROBLEM: {"schema": by_type[Problem]}}
    answers: dict[int, dict[str, Any]] = {
        gives.status: {"description": gives.says, "content": content}
    }
    for status, says in refused.items():
        headers = {"headers": _HEADERS[status]} if status in _HEADERS else {}
        answers[status] = {"description": says, **headers, "content": problem}
    return {str(status): answers[status] for status in sorted(answers)}


def _part(name: str) -> dict[str, Any]:
    return {"name": name, "in": "path", "required": True, "schema": _PARTS[name]}


def _asked(name: str, limits: tuple[int, int, int]) -> dict[str, Any]:
    least, most, usual = limits
    schema = {"type": "integer", "minimum": least, "maximum": most, "default": usual}
    return {"name": name, "in": "query", "required": False, "schema": schema}


def _body(schema: dict[str, Any]) -> dict[str, Any]:
    return {"required": True, "content": {"application/json": {"schema": schema}}}
