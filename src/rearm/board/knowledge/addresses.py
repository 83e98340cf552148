"""The addresses of the knowledge."""

from __future__ import annotations

from msgspec import structs
from starlette.responses import Response

from rearm.board.child import drawing
from rearm.board.knowledge import contents
from rearm.board.knowledge.contexts import EntryPage, KnowledgePage
from rearm.board.refusals import NotThere, NotUsable
from rearm.board.web.asked import Asked
from rearm.board.web.declare import Address, Again, get, page, post
from rearm.characters import first_harmful
from rearm.knowledge.bundle import bundled

__all__ = ["ADDRESSES"]

_LONGEST = 200  # characters of a search


def knowledge(asked: Asked) -> KnowledgePage:
    with asked.board.database.reading() as session:
        return contents.knowledge_page(session, asked.tenant)


def kind(asked: Asked) -> KnowledgePage:
    with asked.board.database.reading() as session:
        return contents.knowledge_page(session, asked.tenant, kind=asked.part("kind"))


def search(asked: Asked) -> Response | Again:
    text = asked.form.text("text").strip()
    if len(text) > _LONGEST or first_harmful(text) is not None:
        refusal = NotUsable(f"Search for at most {_LONGEST} characters of text.")
        with asked.board.database.reading() as session:
            shown = contents.knowledge_page(session, asked.tenant)
        again = structs.replace(shown, typed=text, refusal=str(refusal))
        return Again(context=again, status=refusal.status, path="/knowledge")
    with asked.board.database.reading() as session:
        shown = contents.knowledge_page(session, asked.tenant, searched=text)
    return Again(context=shown, status=200, path="/knowledge")


def entry(asked: Asked) -> EntryPage:
    return contents.entry_page(asked.part("name"))


def evidence(asked: Asked) -> Response:
    """The figures of a strategy or an option with their forest plots, drawn in the child."""
    name, known = asked.part("name"), bundled()
    if name not in known.words.strategies and name not in known.options:
        raise NotThere("The knowledge has no such strategy or option.")
    drawn = asked.board.drawer.do(drawing.draw_evidence, name)
    policy = (
        f"default-src 'none'; style-src 'sha256-{drawn.style_hash}'; img-src data:; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
    headers = {"content-security-policy": policy}
    return Response(drawn.html, media_type="text/html; charset=utf-8", headers=headers)


ADDRESSES: tuple[Address, ...] = (
    *page("/knowledge", knowledge),
    post("/knowledge/search", search, "read"),
    *page("/knowledge/kinds/{kind}", kind),
    get("/knowledge/evidence/{name}", evidence, "read"),
    *page("/knowledge/entries/{name}", entry),
)
