"""How an address of the API is declared: what it takes, what it gives, what its token must allow.

The description of the API is made from the same declarations, so that it says what is so.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from rearm.board.board import Board
from rearm.board.people.tokens import Program, program_of
from rearm.board.refusals import (
    Busy,
    Died,
    NotAllowed,
    NotSignedIn,
    NotThere,
    Refusal,
    TooLarge,
)
from rearm.board.web.declare import Address, BoardRoute, Needed, check_tenant
from rearm.board.web.pages import refused
from rearm.characters import escaped
from rearm.errors import InputError
from rearm.strict_json import parse_json

__all__ = ["API_ROOT", "ApiAddress", "ApiAsked", "ApiRoute", "Given", "as_answer"]

API_ROOT = "/api/v1"
JSON = "application/json"
_REALM = 'Bearer realm="rearm"'
# what a validator may say, so that nothing of the body is told; its places name fields of ours
_SAYS = re.compile(
    r"Expected `[a-z |]+`(?:, got `[a-z]+`| (?:of length )?[<>]=? -?[0-9]+)?"
    r"|Object missing required field `\w+`"
)
_PLACE = re.compile(r" - at `(\$[\w.\[\]]*)`$")


class NotUnderstood(Refusal):
    """The request does not match what the address takes."""

    status = 400


class OtherContent(Refusal):
    """The content is of another kind than the address takes."""

    status = 415


class TooMany(Refusal):
    """Too many requests. `wait`: the seconds until one may be sent."""

    status = 429

    def __init__(self, wait: int) -> None:
        super().__init__("Too many requests. Wait as long as the header Retry-After says.")
        self.wait = wait


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """What an address gives: its status, the type of its JSON or the kinds of its content."""

    status: int
    says: str
    type: Any = None
    kinds: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiAsked:
    """One request, once it is known who asks and that they may. `body` is of the declared type."""

    board: Board
    program: Program
    parts: Mapping[str, str]
    query: Mapping[str, int]
    body: Any = None

    @property
    def who(self) -> str:
        return self.program.who

    def number(self) -> int:
        """The version of an answer in the address. Raises NotThere where it is none."""
        given = self.parts["number"]
        if not (given.isascii() and given.isdigit() and len(given) < 10):
            raise NotThere("There is no such version of the answer.")
        return int(given)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)  # known by itself
class ApiAddress:
    """One address and method of the API. `takes`: the type of its body, of at most `most_bytes`;
    `query`: the whole numbers that may stand in its query, each with the least, the greatest and
    the one that is meant without; `refuses`: what it refuses beside what every address does.
    """

    path: str
    method: str
    handler: Callable[[ApiAsked], Response]
    needs: Needed
    summary: str
    gives: Given
    takes: Any = None
    most_bytes: int = 0
    query: Mapping[str, tuple[int, int, int]] = field(default_factory=dict)
    refuses: Mapping[int, str] = field(default_factory=dict)


def as_answer(value: Any, *, status: int = 200) -> Response:
    """A value of a declared type as JSON."""
    text = escaped(msgspec.json.encode(value).decode("utf-8"))
    return Response(text, status_code=status, media_type=JSON)


class ApiRoute(BoardRoute):
    """An address of the API, joined to a board."""

    def __init__(self, address: ApiAddress, board: Board) -> None:
        self.api = address
        whole = API_ROOT + address.path
        declared = Address(
            path=whole, method=address.method, handler=_never, needs=address.needs
        )  # fmt: skip
        super().__init__(declared, board, endpoint=_endpoint(address, board))


def _never(asked: object) -> Response:
    raise NotImplementedError("an address of the API is asked by its own way")


def _endpoint(address: ApiAddress, board: Board) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(request: Request) -> Response:
        try:
            program = await _program(address, board, request)
            if program.key:
                await run_in_threadpool(
                    check_tenant, board, program.tenant, program.who, request.path_params
                )
            asked = ApiAsked(
                board=board,
                program=program,
                parts=request.path_params,
                query=_query(address, request),
                body=await _body(address, request),
            )
            return await run_in_threadpool(address.handler, asked)
        except Refusal as refusal:
            return _refused(request, refusal)

    return endpoint


async def _program(address: ApiAddress, board: Board, request: Request) -> Program:
    """Who asks. Raises NotSignedIn, NotAllowed, TooMany."""
    peer = request.client.host if request.client else ""
    if address.needs == "nothing":
        _check_rate(board, f"peer {peer}")
        return Program(who="", tenant="", permissions=frozenset(), key="")
    raw = _token(request)
    found = await run_in_threadpool(program_of, board.database, raw) if raw else None
    if found is None:
        _check_rate(board, f"peer {peer}")  # who guesses is slowed down
        raise NotSignedIn("A token is needed: Authorization: Bearer TOKEN.")
    _check_rate(board, f"token {found.key}")
    _check_permission(found, address.needs)
    return found


def _token(request: Request) -> str:
    """What stands in the header; cookies are not looked at."""
    given = request.headers.getlist("authorization")
    kind, _, token = given[0].partition(" ") if len(given) == 1 else ("", "", "")
    return token.strip() if kind.lower() == "bearer" else ""


def _check_rate(board: Board, key: str) -> None:
    wait = board.api_rate.wait(key)
    if wait:
        raise TooMany(wait)


def _check_permission(program: Program, needs: Needed) -> None:
    if needs not in program.permissions:
        raise NotAllowed("This token may not do that.")


def _query(address: ApiAddress, request: Request) -> dict[str, int]:
    """The numbers of the query. Raises NotUnderstood where it holds anything else."""
    found = {name: usual for name, (_, _, usual) in address.query.items()}
    given = request.query_params.multi_items()
    if len({name for name, _ in given}) != len(given):
        raise NotUnderstood("A parameter of the query stands there twice.")
    for name, value in given:
        if name not in address.query:
            raise NotUnderstood("The query has a parameter that this address does not know.")
        least, most, _ = address.query[name]
        if not re.fullmatch(r"[0-9]{1,9}", value, re.ASCII) or not least <= int(value) <= most:
            raise NotUnderstood(f"{name} in the query is a whole number from {least} to {most}.")
        found[name] = int(value)
    return found


async def _body(address: ApiAddress, request: Request) -> Any:
    """The body in the declared type; None where none is taken."""
    if address.takes is None:
        return None
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != JSON:
        raise OtherContent("This address takes application/json.")
    told = request.headers.get("content-length", "")
    if told.isascii() and told.isdigit():
        _check_size(int(told[:20]), address.most_bytes)
    read = bytearray()
    async for chunk in request.stream():
        read += chunk
        _check_size(len(read), address.most_bytes)
    return await run_in_threadpool(_parsed, bytes(read), address.takes)


def _check_size(size: int, most: int) -> None:
    if size > most:
        raise TooLarge(f"The body is larger than {most // 1024} KiB.")


def _parsed(data: bytes, kind: Any) -> Any:
    """Says nothing of what stands in the body: that may be a patient."""
    try:
        value = parse_json(data, "The body")
    except InputError:
        raise NotUnderstood(
            "The body is no strict JSON: UTF-8, no name twice in one object, no NaN, no half "
            "surrogates, at most 64 levels."
        ) from None
    if isinstance(value, dict):  # in JSON 3.0 is a whole number, too
        value = {name: _whole(part) for name, part in value.items()}
    try:
        return msgspec.convert(value, kind)
    except msgspec.ValidationError as error:
        says, place = _SAYS.match(str(error)), _PLACE.search(str(error))
        told = "" if says is None else f" {says[0]}."
        where = "" if place is None else f" at {place[1]}"
        raise NotUnderstood(f"The body does not match its schema{where}.{told}") from None


def _whole(value: Any) -> Any:
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _refused(request: Request, refusal: Refusal) -> Response:
    told = _Gone() if isinstance(refusal, Died) else refusal
    answer = refused(request.scope, told)
    if isinstance(told, NotSignedIn):
        answer.headers["www-authenticate"] = _REALM
    if isinstance(told, NotAllowed):
        answer.headers["www-authenticate"] = f'{_REALM}, error="insufficient_scope"'
    if isinstance(told, TooMany):
        answer.headers["retry-after"] = str(told.wait)
    return answer


class _Gone(Busy):
    """What a program is told of a child process that came down."""

    def __init__(self) -> None:
        super().__init__("The process that worked on it came down. Nothing was kept; try again.")
