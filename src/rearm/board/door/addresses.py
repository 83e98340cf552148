"""Coming in and going out, and the files that every page reads."""

from __future__ import annotations

import secrets

from starlette.responses import RedirectResponse, Response

from rearm.board.board import CALLBACK, Board
from rearm.board.door.contexts import NoRolePage, PasswordPage, SignedOutPage, SignInPage
from rearm.board.people import passwords, sessions, users
from rearm.board.people.sessions import form_token_of
from rearm.board.people.signing_in import sign_in
from rearm.board.people.tries import count
from rearm.board.refusals import NotAllowed, NotSignedIn, NotThere, NotUsable, Refusal, TooMany
from rearm.board.web.asked import Asked
from rearm.board.web.declare import Address, get, page, post, said_once, to
from rearm.board.web.next_path import local_path
from rearm.board.web.pages import as_page, static_file
from rearm.board.words import NOT_SIGNED_IN

__all__ = ["ADDRESSES"]


def first_page(asked: Asked) -> Response:
    """What a session may see first."""
    may = frozenset() if asked.signed_in is None else asked.signed_in.permissions
    if "read" in may:
        return to("/worklist")
    return to("/administration" if "administer" in may else "/no-role")


def no_role(asked: Asked) -> NoRolePage:
    return NoRolePage(contact=asked.board.settings.contact)


def start(asked: Asked) -> Response:
    """A printed link: it becomes a session, once. A look at its headers alone does not use it."""
    if asked.board.settings.is_public:
        raise NotThere("There is nothing at this address.")
    if asked.method == "HEAD":
        return Response()
    raw = sessions.enter(asked.board.database, asked.part("token"))
    if raw is None:
        raise NotSignedIn(NOT_SIGNED_IN)
    return _entered(asked.board, raw, "/worklist")


def sign_in_form(asked: Asked) -> Response:
    """The form; the browser gets the cookie that the form's token belongs to."""
    return _sign_in_page(asked, next_path=local_path(asked.query.get("next", "")))


def signing_in(asked: Asked) -> Response:
    form = asked.form
    name, next_path = form.text("name"), local_path(form.text("next"))
    try:
        raw = sign_in(
            asked.board.database,
            name,
            form.fields.get("password", ""),
            client=asked.client,
            before=asked.cookie,
            contact=asked.board.settings.contact,
        )
    except (NotSignedIn, TooMany) as refusal:
        return _sign_in_page(asked, next_path=next_path, name=name[:60], refusal=refusal)
    return _entered(asked.board, raw, next_path)


def at_provider(asked: Asked) -> Response:
    """Leads to the provider's sign-in."""
    provider = asked.board.provider
    if provider is None:
        raise NotThere("There is nothing at this address.")
    if asked.method == "HEAD":
        return Response()
    count(asked.board.database, client=asked.client)
    browser = asked.browser or _new_browser()
    path = local_path(asked.query.get("next", ""))
    address = provider.begin(asked.board.database, browser=browser, next_path=path)
    answer = RedirectResponse(address, status_code=303)
    _keep_browser(asked.board, answer, browser)
    return answer


def back_from_provider(asked: Asked) -> Response:
    """The provider sends the user back here."""
    provider = asked.board.provider
    if provider is None:
        raise NotThere("There is nothing at this address.")
    if asked.method == "HEAD":
        return Response()
    raw, path = provider.finish(
        asked.board.database, asked.query, browser=asked.browser, before=asked.cookie
    )
    return _entered(asked.board, raw, path)


def password_form(asked: Asked) -> Response:
    return _password_page(asked)


def set_password(asked: Asked) -> Response:
    """The password of a user, by a link that works once."""
    token, form = asked.part("token"), asked.form
    given, again = form.fields.get("password", ""), form.fields.get("again", "")
    with asked.board.database.reading() as session:
        name = users.user_of_link(session, token).name
    wrong = passwords.wanting(given, name)
    if not wrong and given != again:
        wrong = "The two entries differ. Type the password twice."
    if wrong:
        return _password_page(asked, refusal=NotUsable(wrong))
    kept = passwords.hash_of(given)
    with asked.board.database.writing() as session:
        users.set_password(session, token, kept)
    return to("/sign-in", "password")


def leave(asked: Asked) -> RedirectResponse:
    sessions.leave(asked.board.database, asked.cookie)
    via = "" if asked.signed_in is None else asked.signed_in.via
    answer = to("/signed-out/provider" if via == "provider" else "/signed-out")
    asked.board.forget_cookie(answer, asked.board.cookie)
    return answer


def signed_out(asked: Asked) -> Response:
    return as_page(SignedOutPage(provider="", leave=""), None, path="/signed-out")


def signed_out_of_provider(asked: Asked) -> Response:
    provider = asked.board.provider
    if provider is None:
        raise NotThere("There is nothing at this address.")
    shown = SignedOutPage(
        provider=provider.settings.name, leave=provider.leaving(f"{asked.board.origin}/signed-out")
    )
    return as_page(shown, None, path="/signed-out/provider")


def change_tenant(asked: Asked) -> Response:
    """The session goes on in another tenant, under another id."""
    if asked.signed_in is None or not asked.signed_in.user:
        raise NotAllowed("A printed link opens the first centre of this board only.")
    raw = sessions.change_tenant(asked.board.database, asked.cookie, asked.form.text("tenant"))
    return _entered(asked.board, raw, "/")


def static(asked: Asked) -> Response:
    found = static_file(asked.part("name"))
    if found is None:
        raise NotThere("There is no such file.")
    data, kind = found
    return Response(data, headers={"content-type": kind, "cache-control": "max-age=300"})


def _sign_in_page(
    asked: Asked, *, next_path: str, name: str = "", refusal: Refusal | None = None
) -> Response:
    board, browser = asked.board, asked.browser or _new_browser()
    shown = SignInPage(
        form_token=form_token_of(browser),
        next_path=next_path,
        provider="" if board.provider is None else board.provider.settings.name,
        links=not board.settings.is_public,
        name=name,
        refusal="" if refusal is None else str(refusal),
    )
    status = 200 if refusal is None else refusal.status
    answer = as_page(shown, None, status=status, path="/sign-in", kept=asked.kept)
    said_once(asked, answer)
    if isinstance(refusal, TooMany):
        answer.headers["retry-after"] = str(refusal.retry_after)
    _keep_browser(board, answer, browser)
    return answer


def _password_page(asked: Asked, *, refusal: Refusal | None = None) -> Response:
    board, browser, token = asked.board, asked.browser or _new_browser(), asked.part("token")
    with board.database.reading() as session:
        name = users.user_of_link(session, token).name
    shown = PasswordPage(
        form_token=form_token_of(browser),
        token=token,
        name=name,
        shortest=passwords.SHORTEST,
        refusal="" if refusal is None else str(refusal),
    )
    status = 200 if refusal is None else refusal.status
    answer = as_page(shown, None, status=status, path="/password")
    _keep_browser(board, answer, browser)
    return answer


def _entered(board: Board, raw: str, path: str) -> RedirectResponse:
    """The browser gets the new session; what it kept before the sign-in is forgotten."""
    answer = to(path)
    board.set_cookie(answer, board.cookie, raw)
    board.forget_cookie(answer, board.browser_cookie)
    return answer


def _new_browser() -> str:
    return secrets.token_urlsafe(32)


def _keep_browser(board: Board, answer: Response, browser: str) -> None:
    board.set_cookie(answer, board.browser_cookie, browser)


ADDRESSES: tuple[Address, ...] = (
    get("/", first_page, "session"),
    *page("/no-role", no_role, "session"),
    get("/start/{token}", start, "nothing"),
    get("/sign-in", sign_in_form, "nothing"),
    post("/sign-in", signing_in, "nothing"),
    get("/sign-in/provider", at_provider, "nothing"),
    get(CALLBACK, back_from_provider, "nothing"),
    get("/password/{token}", password_form, "nothing"),
    post("/password/{token}", set_password, "nothing"),
    get("/signed-out", signed_out, "nothing"),
    get("/signed-out/provider", signed_out_of_provider, "nothing"),
    post("/tenant", change_tenant, "session"),
    post("/leave", leave, "session"),
    get("/static/{name}", static, "nothing"),
)
