"""The addresses of the entry form: of a new patient, and of one whom the board knows."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from sqlalchemy.orm import Session
from starlette.responses import Response

from rearm.board.entry import contents, dates, drafts, paste, single
from rearm.board.entry.contexts import (
    EntryFound,
    EntryPage,
    EntryStart,
    PastePage,
    RecordPage,
    ResultPage,
)
from rearm.board.entry.drafts import Entered
from rearm.board.refusals import SHOWN_AGAIN, Busy, Conflict, NotUsable, Refusal
from rearm.board.store import audit, retention
from rearm.board.store.tables import Draft
from rearm.board.web.asked import Asked
from rearm.board.web.declare import Address, Again, page, post, to

__all__ = ["ADDRESSES"]

_Of = Callable[[Session, Asked], Draft]
_MORE = "more:"
_MORE_LINES = 4
_OF_THE_FORM = ("form_token", "version", "do")


def start_page(asked: Asked) -> EntryStart:
    days = asked.board.settings.not_taken_in_days
    with asked.board.database.writing() as session:
        retention.end_waiting(session, days)
        return contents.start_page(session, asked.tenant, asked.who, days)


def start(asked: Asked) -> Response:
    with asked.board.database.writing() as session:
        return to(f"/entry/{drafts.start(session, asked.tenant, asked.who).id}")


def _new(session: Session, asked: Asked) -> Draft:
    return drafts.draft_of(session, asked.part("draft"), asked.who)


def _known(session: Session, asked: Asked) -> Draft:
    return drafts.of_case(session, asked.part("case"), asked.who, asked.form.text("version"))


def _shown(of: _Of) -> Callable[[Asked], EntryPage]:
    """The form with what was typed into it."""

    def view(asked: Asked) -> EntryPage:
        with asked.board.database.writing() as session:
            retention.end_waiting(session, asked.board.settings.not_taken_in_days)
            given = drafts.entered(session, of(session, asked))
            if given.case_id:
                audit.append(session, asked.who, "entry_seen", given.case_id)
        found = _found(asked, given)
        with asked.board.database.reading() as session:
            days = asked.board.settings.not_taken_in_days
            return contents.entry_page(session, given, found, days)

    return view


def _checked(of: _Of) -> Callable[[Asked], Again]:
    """Keeps what was typed, and tells what is read of it: a part of the page."""

    def action(asked: Asked) -> Again:
        try:
            found = _found(asked, _kept(of, asked, _texts(asked)))
        except (NotUsable, Busy) as refusal:
            found = EntryFound(refusal=tuple(str(refusal).split("\n")))
        return Again(context=found, status=200, path="")

    return action


def _sent(of: _Of) -> Callable[[Asked], Response | Again]:
    """What a button of the form asks for."""

    def action(asked: Asked) -> Response | Again:
        do = asked.form.text("do")
        texts = _texts(asked)
        if do == "discard":
            with asked.board.database.writing() as session:
                drafts.discard(session, of(session, asked), asked.who)
            case = asked.parts.get("case")
            return to(f"/patients/{case}" if case else "/entry", "draft_discarded")
        if do.startswith(_MORE):
            name = contents.more_name(do.removeprefix(_MORE))
            before = texts.get(name, "")
            texts[name] = str(_number(before) + _MORE_LINES)
        try:
            given = _kept(of, asked, texts)
            with asked.board.database.writing() as session:
                audit.append(session, asked.who, "draft_kept", given.case_id or given.draft_id)
        except SHOWN_AGAIN as refusal:
            return _again(of, asked, texts, refusal)
        if do == "paste":
            return to(f"{contents.path_of(given)}/paste")
        if do == "take":
            return _taken(of, asked, given)
        anchor = f"#l-{do.removeprefix(_MORE)}-0" if do.startswith(_MORE) else "#found"
        return to(f"{contents.path_of(given)}{anchor}", "draft")

    return action


def _number(text: str) -> int:
    """How many lines a form shows; 0 where that is no number, or none of ours."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 5 else 0


def _taken(of: _Of, asked: Asked, given: Entered) -> Response | Again:
    try:
        read, _ = drafts.read_entered(asked.board.reader, given)
        with asked.board.database.writing() as session:
            draft = of(session, asked)
            if asked.form.text("version") == "newest":
                drafts.stand_on_newest(session, draft)
            case = drafts.take_in(session, drafts.entered(session, draft), read, asked.who)
    except SHOWN_AGAIN as refusal:
        return _again(of, asked, given.texts, refusal)
    return to(f"/patients/{case}", "record" if given.case_id else "patient_taken_in")


def _again(of: _Of, asked: Asked, texts: Mapping[str, str], refusal: Refusal) -> Again:
    """The form once more, as it was typed."""
    with asked.board.database.reading() as session:
        given = drafts.with_texts(drafts.entered(session, of(session, asked)), texts)
    found = _found(asked, given)
    with asked.board.database.reading() as session:
        shown = contents.entry_page(
            session,
            given,
            found,
            asked.board.settings.not_taken_in_days,
            refusal=str(refusal).split("\n"),
            changed=isinstance(refusal, Conflict) and bool(given.case_id),
        )
    return Again(context=shown, status=refusal.status, path=contents.path_of(given))


def _texts(asked: Asked) -> dict[str, str]:
    return {k: asked.form.text(k) for k in asked.form.fields if k not in _OF_THE_FORM}


def _kept(of: _Of, asked: Asked, texts: Mapping[str, str]) -> Entered:
    with asked.board.database.writing() as session:
        draft = of(session, asked)
        drafts.keep_texts(session, draft, texts)
        return drafts.entered(session, draft)


def _found(asked: Asked, given: Entered) -> EntryFound:
    """What is read of a form; of a blank one nothing."""
    if not given.typed.lines:
        return EntryFound(blank=True)
    try:
        read, lines = drafts.read_entered(asked.board.reader, given)
    except (NotUsable, Busy) as refusal:
        return EntryFound(refusal=tuple(str(refusal).split("\n")))
    return contents.found_in(given, read, lines)


def _paste_shown(of: _Of) -> Callable[[Asked], PastePage]:
    """Where a table is pasted."""

    def view(asked: Asked) -> PastePage:
        given = _standing(of, asked)
        if given.case_id:
            with asked.board.database.writing() as session:
                audit.append(session, asked.who, "entry_seen", given.case_id)
        return paste.paste_page(contents.path_of(given), given.patient_id)

    return view


def _pasted(of: _Of) -> Callable[[Asked], Response | Again]:
    """How a table is understood, or its results as lines of the form."""

    def action(asked: Asked) -> Response | Again:
        text, order = asked.form.text("table"), paste.order_of(asked.form.text("order"))
        given = _standing(of, asked)
        path = contents.path_of(given)
        status, refusal = 200, ""
        try:
            if asked.form.text("do") == "add":
                results = paste.added(text, order)
                _kept(of, asked, paste.texts_with(given, results))
                return to(f"{path}#found", "pasted")
            shown = paste.paste_page(path, given.patient_id, text, order)
        except (NotUsable, Busy) as error:
            status, refusal = error.status, str(error)
            shown = paste.not_usable(path, given.patient_id, text, order, refusal)
        return Again(context=shown, status=status, path=f"{path}/paste")

    return action


def _standing(of: _Of, asked: Asked) -> Entered:
    with asked.board.database.reading() as session:
        return drafts.entered(session, of(session, asked))


def result_page(asked: Asked) -> ResultPage:
    with asked.board.database.writing() as session:
        audit.append(session, asked.who, "entry_seen", asked.part("case"))
        return single.result_page(session, asked.part("case"))


def add_result(asked: Asked) -> Response | Again:
    case, form = asked.part("case"), asked.form
    typed = {name: form.text(name).strip() for name in ("test", "value", "unit", "day")}
    question = dates.question(typed["day"])
    try:
        if question:
            typed["day"] = dates.read_as(typed["day"])
            raise NotUsable(question)
        with asked.board.database.reading() as session:
            given = single.with_result(session, case, form.text("version"), typed)
        read = single.read_result(asked.board.reader, given)
        with asked.board.database.writing() as session:
            drafts.take_in(session, given, read, asked.who, origin=single.ADDED)
    except SHOWN_AGAIN as refusal:
        with asked.board.database.reading() as session:
            shown = single.result_page(session, case, typed, str(refusal).split("\n"))
        return Again(context=shown, status=refusal.status, path=f"/patients/{case}/result")
    return to(f"/patients/{case}", "result")


def record_page(asked: Asked) -> RecordPage:
    with asked.board.database.writing() as session:
        audit.append(session, asked.who, "patient_seen", asked.part("case"))
        return single.record_page(session, asked.part("case"))


ADDRESSES: tuple[Address, ...] = (
    *page("/entry", start_page, "edit"),
    post("/entry", start, "edit"),
    *page("/entry/{draft}", _shown(_new), "edit"),
    post("/entry/{draft}", _sent(_new), "edit", wide=True),
    post("/entry/{draft}/check", _checked(_new), "edit", wide=True),
    *page("/entry/{draft}/paste", _paste_shown(_new), "edit"),
    post("/entry/{draft}/paste", _pasted(_new), "edit", wide=True),
    *page("/patients/{case}/entry/paste", _paste_shown(_known), "edit"),
    post("/patients/{case}/entry/paste", _pasted(_known), "edit", wide=True),
    *page("/patients/{case}/result", result_page, "edit"),
    post("/patients/{case}/result", add_result, "edit"),
    *page("/patients/{case}/record", record_page),
    *page("/patients/{case}/entry", _shown(_known), "edit"),
    post("/patients/{case}/entry", _sent(_known), "edit", wide=True),
    post("/patients/{case}/entry/check", _checked(_known), "edit", wide=True),
)
