"""What a page says after something was kept, and what a form keeps after it was refused or looked
at: nothing that a user typed is lost.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from tests.support.board import Visitor, new_board, stock
from tests.support.people import add_user

from rearm.board.board import Board
from rearm.board.refusals import Busy
from rearm.board.web.kept import KEPT_WORDS, kept_words

DAY = "2026-12-07"
SAID = re.compile(r'<p class="kept" role="status">(.*?)</p>')


@pytest.fixture
def board(tmp_path: Path) -> Board:
    return new_board(tmp_path / "board")


@pytest.fixture
def visitor(board: Board) -> Visitor:
    return Visitor(board)


@pytest.fixture
def case(board: Board) -> str:
    return stock(board, "SYN-01")["SYN-01"]


def said(page: str) -> list[str]:
    return [unescape(x) for x in SAID.findall(page)]


def version(visitor: Visitor, path: str, name: str = "version") -> dict[str, str]:
    return {name: visitor.hidden(path, name)}


def move(visitor: Visitor, case: str, **typed: str) -> Any:
    path = f"/patients/{case}"
    return visitor.post(f"{path}/state", version(visitor, path) | typed)


def decide(visitor: Visitor, case: str) -> Any:
    path = f"/patients/{case}/decision"
    page = visitor.get(f"{path}.json").json()
    strategy = page["groups"][0]["choices"][0]["strategy"]
    typed = {"strategy": strategy, "reason": "agreed", "participants": "Dr A"}
    return visitor.post(path, version(visitor, path) | version(visitor, path, "answer") | typed)


def scheduled(visitor: Visitor, case: str) -> Any:
    return move(visitor, case, state="scheduled", meeting_day=DAY)


def moved(visitor: Visitor, case: str) -> Any:
    return move(visitor, case, state="prepared", meeting_day="")


def followed(visitor: Visitor, case: str) -> Any:
    decide(visitor, case)
    path = f"/patients/{case}/follow-up"
    return visitor.post(path, version(visitor, path) | {"done": "no", "why_not": "hospice"})


def result_added(visitor: Visitor, case: str) -> Any:
    path = f"/patients/{case}/result"
    typed = {"test": "haemoglobin", "value": "9.1", "unit": "g/dL", "day": "2025-04-16"}
    return visitor.post(path, version(visitor, path) | typed)


def participants(visitor: Visitor, case: str) -> Any:
    scheduled(visitor, case)
    path = f"/meetings/{DAY}"
    return visitor.post(f"{path}/participants", version(visitor, path) | {"participants": "Dr A"})


def decided_in_meeting(visitor: Visitor, case: str) -> Any:
    scheduled(visitor, case)
    path = f"/meetings/{DAY}/patients/{case}"
    page = visitor.get(f"{path}.json").json()
    typed = {
        "version": str(page["version"]),
        "answer": str(page["answer"]),
        "strategy": page["groups"][0]["choices"][0]["strategy"],
        "reason": "agreed",
        "participants": "Dr A",
    }
    return visitor.post(path, typed)


def draft(visitor: Visitor, case: str) -> Any:
    path = f"/patients/{case}/entry"
    return visitor.post(path, version(visitor, path) | {"do": "check", "sex.0.sex": "M"})


def draft_discarded(visitor: Visitor, case: str) -> Any:
    return visitor.post(f"/patients/{case}/entry", {"do": "discard"})


def overruled(visitor: Visitor, case: str) -> Any:
    path = f"/patients/{case}/overrule/finding.active_infection"
    typed = {"reason": "seen today", "finding.active_infection:value": "yes"}
    return visitor.post(path, version(visitor, path) | version(visitor, path, "answer") | typed)


def taken_back(visitor: Visitor, case: str) -> Any:
    overruled(visitor, case)
    path = f"/patients/{case}/overrule"
    of = visitor.get(f"{path}.json").json()["standing"][0]["id"]
    sent = version(visitor, path) | {"of": of, "reason": "no longer"}
    return visitor.post(f"{path}/take-back", sent)


def centre_list(visitor: Visitor, _case: str) -> Any:
    return visitor.post("/centre", version(visitor, "/centre", "seen") | {"name": "Ward"})


LABS = b"patient_id,day,test,value,unit\nP1,10,m_protein,12,g/L\nP1,12,m_protein,12,furlongs\n"


def uploaded(visitor: Visitor, _case: str = "") -> Any:
    return visitor.post("/upload", files={"file": ("labs.csv", LABS, "text/csv")})


def corrected(visitor: Visitor, _case: str) -> Any:
    path = uploaded(visitor).headers["location"]
    sent = {"patient": "0", "row": "1", "cell.unit": "g/L"} | version(visitor, path, "mark")
    return visitor.post(f"{path}/correct", sent)


def file_discarded(visitor: Visitor, _case: str) -> Any:
    return visitor.post(f"{uploaded(visitor).headers['location']}/discard")


def taken_in(visitor: Visitor, _case: str) -> Any:
    path = uploaded(visitor).headers["location"]
    return visitor.post(f"{path}/take", version(visitor, path, "seen"))


def centre_added(visitor: Visitor, _case: str) -> Any:
    return visitor.post("/administration/tenants", {"name": "Another ward"})


def user_version(visitor: Visitor) -> dict[str, str]:
    (user,) = visitor.get("/administration.json").json()["users"]
    return {"version": str(user["version"])}


def roles(visitor: Visitor, _case: str) -> Any:
    user = add_user(visitor.board, "alice", "reader")
    sent = user_version(visitor) | {"role_reader": "yes", "role_editor": "yes"}
    return visitor.post(f"/administration/users/{user}/roles", sent)


def disabled(visitor: Visitor, _case: str) -> Any:
    user = add_user(visitor.board, "alice", "reader")
    return visitor.post(f"/administration/users/{user}/disable", user_version(visitor))


def sessions_ended(visitor: Visitor, _case: str) -> Any:
    user = add_user(visitor.board, "alice", "reader")
    return visitor.post(f"/administration/users/{user}/sign-out")


@pytest.mark.parametrize(
    ("deed", "kept"),
    [
        (scheduled, "scheduled"), (moved, "moved"), (decide, "decision"),
        (decided_in_meeting, "decision"), (followed, "follow_up"), (result_added, "result"),
        (participants, "participants"), (draft, "draft"), (draft_discarded, "draft_discarded"),
        (overruled, "overruled"), (taken_back, "overrule_taken_back"),
        (centre_list, "centre_list"), (uploaded, "file_read"), (corrected, "correction"),
        (file_discarded, "file_discarded"), (taken_in, "patient_taken_in"),
        (centre_added, "centre_added"), (roles, "roles"), (disabled, "user_disabled"),
        (sessions_ended, "sessions_ended"),
    ],
    ids=lambda x: x if isinstance(x, str) else x.__name__,
)  # fmt: skip
def test_the_page_says_once_what_was_kept(
    visitor: Visitor, case: str, deed: Callable[[Visitor, str], Any], kept: str
) -> None:
    answer = deed(visitor, case)
    assert answer.status_code == 303, answer.text
    path = answer.headers["location"].partition("#")[0]
    assert "?" not in path
    words = {str(code): text for code, text in KEPT_WORDS.items()}[kept]
    assert said(visitor.get(path).text) == [words]
    assert said(visitor.get(path).text) == []  # and never again


def test_without_the_cookie_nothing_would_be_said(visitor: Visitor, case: str) -> None:
    scheduled(visitor, case)
    visitor.client.cookies.delete(visitor.board.kept_cookie)
    assert said(visitor.get(f"/patients/{case}").text) == []


def test_the_cookie_holds_a_code_and_no_text_of_its_own_is_shown(
    visitor: Visitor, case: str
) -> None:
    answer = scheduled(visitor, case)
    (cookie,) = answer.headers.get_list("set-cookie")
    assert cookie.startswith(f"{visitor.board.kept_cookie}=scheduled; HttpOnly; Max-Age=120;")
    assert "SameSite=lax" in cookie and "SYN-01" not in cookie
    for text in ("<b>x</b>", "decisions", "SYN-01"):
        assert kept_words(text) == ""
        visitor.client.cookies.set(visitor.board.kept_cookie, text, domain="127.0.0.1")
        assert said(visitor.get(f"/patients/{case}").text) == []


def test_what_was_refused_says_nothing_of_being_kept(visitor: Visitor, case: str) -> None:
    answer = move(visitor, case, state="scheduled", meeting_day="")
    assert answer.status_code == 422 and said(answer.text) == []
    assert said(visitor.get(f"/patients/{case}").text) == []


# ---------------------------------------------------------------- nothing typed is lost


@pytest.mark.parametrize("day", ["", "7.12.2026", "2026-13-01"])
def test_a_refused_scheduling_keeps_state_and_day(visitor: Visitor, case: str, day: str) -> None:
    answer = move(visitor, case, state="scheduled", meeting_day=day)
    assert answer.status_code == 422
    assert re.search(r'<option value="scheduled" selected>', answer.text)
    field = re.search(r'<input id="meeting_day"[^>]*>', answer.text)
    assert field is not None and f'value="{day}"' in field[0]
    # a browser would empty its own field of days of what is no day
    assert ('type="date"' in field[0]) is (day == "")


def test_a_look_keeps_everything_that_was_typed(visitor: Visitor, case: str) -> None:
    path = f"/patients/{case}/overrule/failure_day"
    hidden = version(visitor, path) | version(visitor, path, "answer")
    typed = {"failure_day:value": "390", "reason": "the scan of that day\nshows it", "do": "look"}
    answer = visitor.post(path, hidden | typed)
    assert answer.status_code == 200
    assert 'name="failure_day:value" value="390"' in answer.text
    assert "the scan of that day\nshows it</textarea>" in answer.text
    assert "day 390 (2025-03-08)" in answer.text and "Not recorded." in answer.text
    assert visitor.get(f"/patients/{case}.json").json()["answers"][0]["number"] == 1
    recorded = visitor.post(path, hidden | typed | {"do": ""})  # the version is still the one seen
    assert recorded.status_code == 303


def test_what_can_t_be_looked_at_is_still_there(visitor: Visitor, case: str) -> None:
    path = f"/patients/{case}/overrule/failure_day"
    hidden = version(visitor, path) | version(visitor, path, "answer")
    typed = {"failure_day:value": "soon", "reason": "the scan", "do": "look"}
    answer = visitor.post(path, hidden | typed)
    assert answer.status_code == 422 and "Nothing to look at yet." in answer.text
    assert 'value="soon"' in answer.text and "the scan</textarea>" in answer.text


def test_a_cause_moves_nothing_but_itself_so_there_is_no_look(visitor: Visitor, case: str) -> None:
    facts = visitor.get(f"/patients/{case}/overrule.json").json()["groups"]
    cause = next(x["id"] for g in facts for x in g["facts"] if x["kind"] == "cause")
    assert "Only see" not in visitor.get(f"/patients/{case}/overrule/{cause}").text


def test_a_refused_correction_keeps_the_cells(visitor: Visitor) -> None:
    path = uploaded(visitor).headers["location"]
    sent = {"patient": "0", "row": "1", "cell.unit": "y" * 501, "cell.day": "11"}
    answer = visitor.post(f"{path}/correct", sent | version(visitor, path, "mark"))
    assert answer.status_code == 422
    assert "y" * 501 in answer.text and 'name="cell.day" value="11"' in answer.text
    assert '<details class="correct" open>' in answer.text


def test_refused_forms_of_the_administration_keep_what_was_typed(visitor: Visitor) -> None:
    new = visitor.post(
        "/administration/users", {"name": "x" * 61, "tenant": "first", "role_chair": "yes"}
    )
    assert new.status_code == 422
    assert f'id="new_name" name="name" maxlength="60" value="{"x" * 61}"' in new.text
    form = new.text[new.text.index('id="new_name"') :]
    assert re.search(r'name="role_chair" value="yes" checked', form)
    user = add_user(visitor.board, "alice", "reader")
    home = f"/administration/users/{user}"
    stale = visitor.post(f"{home}/roles", {"version": "7", "role_chair": "yes"})
    assert stale.status_code == 409
    own = stale.text[stale.text.index(f'action="{home}/roles"') :].partition("</form>")[0]
    assert 'name="role_chair" value="yes" checked' in own
    assert 'name="role_reader" value="yes" checked' not in own
    centre = visitor.post("/administration/tenants", {"name": "x" * 101})
    assert centre.status_code == 422 and f'value="{"x" * 101}"' in centre.text


@pytest.mark.parametrize("room", ["worklist", "knowledge"])
def test_words_that_can_t_be_searched_for_stay(visitor: Visitor, room: str) -> None:
    stock(visitor.board, "SYN-01")
    answer = visitor.post(f"/{room}/search", {"text": "z" * 201})
    assert answer.status_code == 422 and f'value="{"z" * 201}"' in answer.text
    assert "Search for at most 200 characters of text." in answer.text


def test_a_refused_comparison_keeps_what_was_chosen(visitor: Visitor, case: str) -> None:
    path = f"/patients/{case}/compare"
    topics = visitor.get(f"{path}.json").json()["choices"]
    one = topics[0]["members"][0]["id"]
    answer = visitor.post(path, {"a": one, "b": one})
    assert answer.status_code == 422
    assert answer.text.count(f'<option value="{one}" selected>') == 2


@pytest.mark.parametrize("room", ["follow_up", "overrule", "decision", "move"])
def test_a_busy_board_keeps_what_was_typed(
    visitor: Visitor, case: str, room: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if room == "follow_up":
        decide(visitor, case)

    def busy(*_: Any, **__: Any) -> Any:
        raise Busy("The store is busy. Try again in a moment.")

    path, typed = {
        "follow_up": (f"/patients/{case}/follow-up", {"done": "no", "why_not": "TYPED"}),
        "overrule": (
            f"/patients/{case}/overrule/failure_day",
            {"failure_day:value": "390", "reason": "TYPED"},
        ),
        "decision": (f"/patients/{case}/decision", {"reason": "TYPED", "strategy": "-"}),
        "move": (f"/patients/{case}", {"state": "scheduled", "meeting_day": "2026-12-24"}),
    }[room]
    hidden = version(visitor, path)
    if room in ("overrule", "decision"):
        hidden |= version(visitor, path, "answer")
    where = {
        "follow_up": "rearm.board.follow_up.addresses.follow_up",
        "overrule": "rearm.board.store.overrules.overrule",
        "decision": "rearm.board.decision.decisions.decide",
        "move": "rearm.board.store.cases.move",
    }[room]
    monkeypatch.setattr(where, busy)
    answer = visitor.post(f"{path}/state" if room == "move" else path, hidden | typed)
    assert answer.status_code == 503 and answer.headers["retry-after"]
    assert ("2026-12-24" if room == "move" else "TYPED") in answer.text
    assert "The store is busy." in answer.text
