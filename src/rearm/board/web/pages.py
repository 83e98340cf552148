"""Contexts as pages or as JSON. All is escaped; our own pages hold no script and no style."""

from __future__ import annotations

from datetime import date
from functools import cache
from importlib import resources

import msgspec
from jinja2 import ChoiceLoader, Environment, PackageLoader
from starlette.responses import Response
from starlette.types import Scope

from rearm.board.people.sessions import SignedIn
from rearm.board.refusals import Refusal, TooMany
from rearm.board.store.states import STATES
from rearm.board.web.contexts import Context, Message
from rearm.board.words import state_words, status_words
from rearm.characters import escaped
from rearm.report.style import css, environment
from rearm.version import __version__

__all__ = ["API", "JSON_ENDING", "as_json", "as_page", "refused", "static_file"]

JSON_ENDING = ".json"
API = "/api/"
"""How the addresses of programs begin: they are answered in JSON and look at no cookie."""

_STATIC = {
    "report.css": "text/css; charset=utf-8",
    "board.css": "text/css; charset=utf-8",
    "htmx.js": "text/javascript; charset=utf-8",
}
RETRY_AFTER = "5"
"""Seconds after which a busy board is asked again."""

_HTMX = "htmx-4.0.1.min.js"  # as it is published; see NOTICE-htmx


def as_page(
    context: Context,
    signed_in: SignedIn | None,
    *,
    status: int = 200,
    path: str,
    kept: str = "",
) -> Response:
    """The page of a context. `path`: its own address, from which its JSON is had; `kept`: a
    sentence on what was kept just before.
    """
    html = (
        _environment()
        .get_template(f"{context.template}.html.j2")
        .render(
            page=context,
            title=context.window,
            signed_in=signed_in,
            path=path,
            json_path="" if isinstance(context, Message) else f"{path}{JSON_ENDING}",
            version=__version__,
            states=STATES,
            kept=kept,
            **context.for_template(),
        )
    )
    headers = {"retry-after": RETRY_AFTER} if status == 503 else None
    return Response(
        html, status_code=status, media_type="text/html; charset=utf-8", headers=headers
    )


def as_json(context: Context, *, status: int = 200) -> Response:
    """The context as JSON; of a refusal as `application/problem+json`."""
    if isinstance(context, Message):
        problem = {
            "type": "about:blank",
            "title": context.title,
            "status": context.status,
            "detail": " ".join(context.sentences),
        }
        body = msgspec.json.encode(problem)
        return Response(body, status_code=status, media_type="application/problem+json")
    text = escaped(msgspec.json.encode(context).decode("utf-8"))
    return Response(text, status_code=status, media_type="application/json")


def refused(scope: Scope, refusal: Refusal, signed_in: SignedIn | None = None) -> Response:
    """Why a request is refused, as a page or as JSON, by its address."""
    status = refusal.status
    message = Message(
        status=status, title=status_words(status), sentences=tuple(str(refusal).split("\n"))
    )
    path: str = scope["path"]
    if path.endswith(JSON_ENDING) or path.startswith(API):
        answer = as_json(message, status=status)
    else:
        answer = as_page(message, signed_in, status=status, path=path)
    if status == 503:
        answer.headers["retry-after"] = RETRY_AFTER
    if isinstance(refusal, TooMany):
        answer.headers["retry-after"] = str(refusal.retry_after)
    return answer


def static_file(name: str) -> tuple[bytes, str] | None:
    """A file of ours by its name, with its type; None where there is none."""
    kind = _STATIC.get(name)
    return None if kind is None else (_static_bytes(name), kind)


@cache
def _static_bytes(name: str) -> bytes:
    if name == "report.css":
        return css().encode("utf-8")
    file = _HTMX if name == "htmx.js" else name
    return resources.files("rearm.board").joinpath("static", file).read_bytes()


def _is_day(text: str) -> bool:
    """Whether a text is a day as a browser's own field of days takes it."""
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


@cache
def _environment() -> Environment:
    """Our templates, and those of the report for the sheet."""
    report = environment()
    assert report.loader is not None
    engine = report.overlay(loader=ChoiceLoader([PackageLoader("rearm.board"), report.loader]))
    engine.filters = {**engine.filters, "state": state_words, "is_day": _is_day}
    return engine
