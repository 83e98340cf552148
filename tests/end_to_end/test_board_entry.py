"""The entry form without a browser: drafts, two who change one record, pasted tables, corrections,
and the same patient by every way in.
"""

from __future__ import annotations

import html
import re
from pathlib import Path
from typing import Any

import pytest
from scripts.typed_patient import letter
from sqlalchemy import select
from tests.end_to_end.test_board_routes import HOSTILE
from tests.support.board import Visitor, new_board, other_tenant, stock
from tests.support.filled_form import FilledForm
from tests.support.loops import some
from tests.support.places import DATA, ROOT

from rearm.board.board import Board
from rearm.board.entry import drafts as entry_drafts
from rearm.board.entry.names import LONGEST, texts_of
from rearm.board.people import sessions
from rearm.board.store import audit
from rearm.board.store.audit import verify
from rearm.board.store.tables import FIRST_TENANT, AuditRow, Draft, SessionRow

LETTER = DATA / "review" / "patients" / "1-first-entry"


@pytest.fixture
def board(tmp_path: Path) -> Board:
    return new_board(tmp_path / "board")


@pytest.fixture
def visitor(board: Board) -> Visitor:
    return Visitor(board)


def _other(board: Board) -> Visitor:
    """Another user."""
    other = Visitor(board, signed_in=False)
    token = sessions.new_link(board.database, "somebody else")
    assert other.get(f"/start/{token}").status_code == 303
    return other


def _begin(visitor: Visitor) -> str:
    path: str = visitor.post("/entry").headers["location"]
    return path


def _small(patient: str = "P1", **more: str) -> dict[str, str]:
    return {
        "patient_id.0.patient_id": patient,
        "car_t.0.product": "ide-cel",
        "car_t.0.day": "2026-01-12",
        **{name.replace("__", "."): text for name, text in more.items()},
    }


def _send(visitor: Visitor, path: str, texts: dict[str, str], do: str, **more: str) -> Any:
    return visitor.post(path, {**texts, "do": do, **more})


def _codes(visitor: Visitor, case: str) -> Any:
    """What the answer says, without the places that it rests on."""
    result = visitor.get(f"{case}.json").json()["result"]
    answer = result["answer"]
    return (
        answer["state"],
        [(t["tier"], [(x["strategy"], x["option"]) for x in t["strategies"]])
         for t in answer["tiers"]],
        [(x["id"], x.get("verdict")) for x in result["options"]],
        [x["test"] if "test" in x else x["name"] for x in result["tests"]],
        [x["id"] for x in result["alerts"]],
    )  # fmt: skip


def _shown(visitor: Visitor, path: str) -> dict[str, str]:
    """The fields of a form as the page fills them."""
    text = visitor.get(path).text
    found: dict[str, str] = {}
    for tag in re.findall(r"<input[^>]*>", text):
        name, value = re.search(r'name="([^"]*)"', tag), re.search(r'value="([^"]*)"', tag)
        if name is None or ('type="radio"' in tag and "checked" not in tag):
            continue
        found[name[1]] = value[1] if value is not None else ""
    for name, inner in re.findall(r'<select name="([^"]*)".*?>(.*?)</select>', text, re.S):
        chosen = re.search(r'value="([^"]*)" selected', inner)
        found[name] = chosen[1] if chosen is not None else ""
    del found["form_token"]
    return {name: html.unescape(value) for name, value in found.items()}


# ---------------------------------------------------------------- a new patient


def test_nothing_is_chosen_beforehand(visitor: Visitor) -> None:
    path = _begin(visitor)
    text = visitor.get(path).text
    assert text.count('type="radio"') > 40
    assert " checked" not in text and " selected" not in text
    page = visitor.get(f"{path}.json").json()
    fields = [line["label"] for g in page["groups"] for line in g["first"]["lines"]]
    assert 38 <= len([x for x in fields if x]) <= 45
    assert page["found"]["blank"]


def test_a_value_without_its_unit_is_not_used_and_is_told(visitor: Visitor) -> None:
    path = _begin(visitor)
    texts = _small(serum_m_protein__0__value="34", serum_m_protein__0__day="2026-01")
    found = visitor.post(f"{path}/check", texts)
    assert found.status_code == 200 and "<html" not in found.text
    assert "Serum M-protein, line 1: Value" in found.text and "has no unit" in found.text
    told = visitor.get(f"{path}.json").json()["found"]["not_used"]
    assert [(x["line"], x["value"]) for x in told] == [("l-serum_m_protein-0", "34")]
    with_unit = visitor.post(f"{path}/check", {**texts, "serum_m_protein.0.unit": "g/L"})
    assert "has no unit" not in with_unit.text


def test_the_same_patient_by_form_by_workbook_and_by_tables_gives_one_answer(
    board: Board, visitor: Visitor, tmp_path: Path
) -> None:
    book = FilledForm(tmp_path / "form.xlsx")
    book.enter(LETTER, "B")
    tables = [("file", (x.name, _only(x, "B"), "text/csv")) for x in sorted(LETTER.glob("*.csv"))]
    codes = []
    for files in ([("file", ("form.xlsx", book.save().read_bytes(), "application/x"))], tables):
        path = visitor.post("/upload", files=files).headers["location"]
        case = visitor.post(f"{path}/take", {"seen": visitor.hidden(path, "seen")})
        codes.append(_codes(visitor, case.headers["location"]))
    other = new_board(tmp_path / "typed")
    typist = Visitor(other)
    texts = letter(LETTER, "B")
    taken = _send(typist, _begin(typist), texts, "take")
    assert taken.status_code == 303, re.findall("<li>(.*?)</li>", taken.text)
    codes.append(_codes(typist, taken.headers["location"]))
    assert codes[0] == codes[1] == codes[2]
    assert len(codes[0][1]) > 1 and codes[0][2]


def _only(file: Path, patient: str) -> bytes:
    lines = file.read_text(encoding="utf-8").splitlines()
    own = [line for line in lines[1:] if line.startswith(f"{patient},")]
    return "\n".join([lines[0], *own]).encode()


def test_what_lacks_an_answer_is_not_taken_in_and_stays_typed(visitor: Visitor) -> None:
    path = _begin(visitor)
    answer = _send(visitor, path, {"hemoglobin.0.value": "9.1"}, "take")
    assert answer.status_code == 422 and "patient id" in answer.text
    assert 'value="9.1"' in answer.text
    assert visitor.get("/worklist.json").json()["patients"] == 0


def test_a_patient_whom_the_board_knows_is_not_entered_anew(visitor: Visitor) -> None:
    assert _send(visitor, _begin(visitor), _small(), "take").status_code == 303
    answer = _send(visitor, _begin(visitor), _small(), "take")
    assert answer.status_code == 409 and "on the board already" in answer.text
    assert visitor.get("/worklist.json").json()["patients"] == 1


# ---------------------------------------------------------------- drafts


def test_a_draft_outlives_the_session_and_ends_when_it_is_taken_in(
    board: Board, visitor: Visitor
) -> None:
    path = _begin(visitor)
    _send(visitor, path, _small("LATER"), "check")
    visitor.post("/leave")
    again = Visitor(board)
    assert "LATER" in again.get("/entry").text
    assert _shown(again, path)["car_t.0.product"] == "ide-cel"
    assert _send(again, path, _small("LATER"), "take").status_code == 303
    assert again.get(path).status_code == 404 and "LATER" not in again.get("/entry").text
    with board.database.reading() as session:
        assert session.scalar(select(Draft)) is None


def test_a_draft_can_be_discarded(visitor: Visitor) -> None:
    path = _begin(visitor)
    _send(visitor, path, _small("GONE"), "check")
    assert _send(visitor, path, {}, "discard").status_code == 303
    assert visitor.get(path).status_code == 404 and "GONE" not in visitor.get("/entry").text


def test_nobody_sees_the_draft_of_another(
    board: Board, visitor: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = _begin(visitor)
    _send(visitor, path, _small("SECRET"), "check")
    other = _other(board)
    for answer in (other.get(path), other.get(f"{path}.json"), other.get(f"{path}/paste"),
                   _send(other, path, _small("STOLEN"), "take"),
                   other.post(f"{path}/check", _small("STOLEN")),
                   _send(other, path, {}, "discard")):  # fmt: skip
        assert answer.status_code == 404 and "SECRET" not in answer.text
    assert "SECRET" not in other.get("/entry").text
    assert visitor.get(path).status_code == 200
    # the guard is seen to be the guard
    monkeypatch.setattr(
        entry_drafts, "draft_of", lambda session, draft, who: session.get(Draft, draft)
    )
    assert "SECRET" in other.get(path).text


def test_a_draft_and_a_mapping_stay_in_their_tenant(board: Board, visitor: Visitor) -> None:
    path = _begin(visitor)
    _send(visitor, path, _small("HERE"), "check")
    table = ("file", ("mine.csv", b"Pat,When,Hb\nP9,12,9.1\n", "text/csv"))
    mapping = ("mapping", ("our lab.toml", MAPPING.encode(), "text/plain"))
    assert visitor.post("/upload", files=[table, mapping]).status_code == 303
    elsewhere = other_tenant(board)
    with board.database.writing() as session:
        for row in session.scalars(select(SessionRow)):
            row.tenant_id = elsewhere
    assert visitor.get(path).status_code == 404 and "HERE" not in visitor.get("/entry").text
    assert visitor.get("/upload.json").json()["mappings"] == []
    kept = visitor.post("/upload", {"kept_mapping": "our lab"}, files=[table])
    assert kept.status_code == 404
    with board.database.reading() as session:
        assert entry_drafts.drafts_of(session, elsewhere, "somebody") == []


def test_a_draft_of_a_known_patient_is_of_one_user(board: Board, visitor: Visitor) -> None:
    path = f"/patients/{stock(board, 'SYN-01')['SYN-01']}/entry"
    mine = {**_shown(visitor, path), "hemoglobin.7.value": "7.77", "hemoglobin.7.unit": "g/dL"}
    _send(visitor, path, mine, "check")
    assert "7.77" in visitor.get(path).text and "7.77" not in _other(board).get(path).text


# ---------------------------------------------------------------- a known patient


def test_the_form_opens_with_what_is_on_record_and_saving_makes_a_version(
    board: Board, visitor: Visitor
) -> None:
    case = stock(board, "SYN-01")["SYN-01"]
    path = f"/patients/{case}/entry"
    before = _codes(visitor, f"/patients/{case}")
    shown = _shown(visitor, path)
    assert sum(bool(text) for text in shown.values()) > 40
    assert _send(visitor, path, shown, "take").status_code == 303
    assert _codes(visitor, f"/patients/{case}") == before
    assert len(visitor.get(f"/patients/{case}.json").json()["answers"]) == 2
    with board.database.reading() as session:
        rows = [entry_drafts.record_of(x) for x in (
            entry_drafts.newest_record(session, case),)]  # fmt: skip
        assert not [row for row in rows[0] if row.place.startswith("entry form")]
        assert verify(session).faults == ()


def test_two_change_one_record_and_both_texts_stand_there(board: Board, visitor: Visitor) -> None:
    case = stock(board, "SYN-01")["SYN-01"]
    path = f"/patients/{case}/entry"
    shown = _shown(visitor, path)
    added = {"hemoglobin.8.value": "8.8", "hemoglobin.8.unit": "g/dL",
             "hemoglobin.8.day": "12"}  # fmt: skip
    assert _send(_other(board), path, {**shown, **added}, "take").status_code == 303
    mine = {**shown, "ldh.8.value": "333", "ldh.8.unit": "U/L", "ldh.8.day": "12"}
    second = _send(visitor, path, mine, "take")
    assert second.status_code == 409 and "somebody else changed the record" in second.text
    theirs, own = re.findall(r"<h3>(?:On record|In your form).*?</ul>", second.text, re.S)
    assert "8.8" in theirs and "333" not in theirs
    assert "333" in own and "8.8" not in own
    assert len(visitor.get(f"/patients/{case}.json").json()["answers"]) == 2
    third = _send(visitor, path, {**mine, **added}, "take", version="newest")
    assert third.status_code == 303
    final = _shown(visitor, path)
    assert {"333", "8.8"} <= set(final.values())


def test_a_single_result_is_added(board: Board, visitor: Visitor) -> None:
    case = stock(board, "SYN-01")["SYN-01"]
    path = f"/patients/{case}/result"
    version = visitor.hidden(path, "version")
    sent = {"version": version, "test": "LDH", "value": "311", "unit": "U/L", "day": "300"}
    for wrong, sentence in (
        ({"unit": ""}, "no unit"), ({"test": "nonsense"}, "Choose a test"),
        ({"value": ""}, "Type the value"), ({"day": ""}, "Type the date"),
    ):  # fmt: skip
        answer = visitor.post(path, {**sent, **wrong})
        assert answer.status_code == 422 and sentence in answer.text
        assert len(visitor.get(f"/patients/{case}.json").json()["answers"]) == 1
    assert visitor.post(path, sent).status_code == 303
    assert "311" in _shown(visitor, f"/patients/{case}/entry").values()
    assert visitor.post(path, sent).status_code == 409  # on the page of before
    versions = visitor.get(f"/patients/{case}/record.json").json()["versions"]
    assert [(x["number"], x["file"]) for x in versions] == [
        (2, "added result"), (1, "examples.csv"),
    ]  # fmt: skip


# ---------------------------------------------------------------- pasted tables


def test_an_ambiguous_date_is_asked_and_never_guessed(visitor: Visitor) -> None:
    path = _begin(visitor)
    table = "Date\tHb (g/dL)\tOdd\n03/04/2025\t9,8\t1\n2025-05\t10.1\t"
    seen = visitor.post(f"{path}/paste", {"table": table, "do": "look"})
    assert "what comes first?" in seen.text and " checked" not in seen.text
    refused = visitor.post(f"{path}/paste", {"table": table, "do": "add"})
    assert refused.status_code == 422 and "day or the month" in refused.text
    assert "9,8" in refused.text
    order = {"table": table, "order": "month_first"}
    seen = visitor.post(f"{path}/paste", {**order, "do": "look"})
    assert "2025-03-04" in seen.text and "This is no test of the dictionary" in seen.text
    assert visitor.post(f"{path}/paste", {**order, "do": "add"}).status_code == 303
    shown = _shown(visitor, path)
    assert shown["hemoglobin.0.day"] == "2025-03-04" and shown["hemoglobin.1.day"] == "2025-05"
    assert shown["hemoglobin.0.value"] == "9,8" and shown["hemoglobin.0.unit"] == "g/dL"


# ---------------------------------------------------------------- corrections


ROWS = ("patient_id,day,test,value,unit", "P1,10,m_protein,12,g/L", "P1,12,m_protein,12,furlongs",
        "P1,14,hemoglobin,much,g/dL")  # fmt: skip


def _upload(visitor: Visitor, *rows: str) -> str:
    files = {"file": ("labs.csv", "\n".join(rows).encode(), "text/csv")}
    path: str = visitor.post("/upload", files=files).headers["location"]
    return path


def test_an_upload_is_corrected_until_nothing_is_left(board: Board, visitor: Visitor) -> None:
    path = _upload(visitor, *ROWS)
    fixes: dict[str, str] = {"unit": "g/L", "value": "9.1"}
    for left in (2, 1):
        page = visitor.get(f"{path}.json").json()
        todo = page["patients"][0]["not_used"]
        assert len(todo) == left
        wrong = next(c["column"] for c in todo[0]["cells"] if c["wrong"])
        sent = {"mark": page["mark"], "patient": "0", "row": str(todo[0]["row"]),
                f"cell.{wrong}": fixes[wrong]}  # fmt: skip
        assert visitor.post(f"{path}/correct", sent).status_code == 303
        assert visitor.post(f"{path}/correct", sent).status_code == 409  # on the page of before
    assert visitor.get(f"{path}.json").json()["patients"][0]["not_used"] == []
    case = visitor.post(f"{path}/take", {"seen": visitor.hidden(path, "seen")})
    (version,) = visitor.get(f"{case.headers['location']}/record.json").json()["versions"]
    assert [(x[1], x[2], x[3], x[4]) for x in version["corrected"]] == [
        ("unit", "furlongs", "g/L", "somebody"), ("value", "much", "9.1", "somebody"),
    ]  # fmt: skip
    text = visitor.get(f"{case.headers['location']}/record").text
    assert "furlongs" in text and "much" in text
    with board.database.reading() as session:
        told = [x.details for x in session.scalars(select(AuditRow))
                if x.action == "upload_corrected"]  # fmt: skip
        assert len(told) == 2 and "furlongs" not in str(told)
        assert audit.verify(session).faults == ()


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        ({"row": "99"}, 404), ({"row": "-1"}, 422), ({"patient": "7"}, 404), ({"row": "x"}, 422),
        ({"cell.patient_id": "other"}, 422), ({"cell.nothing": "1"}, 422), ({}, 422),
        ({"cell.unit": "x" * 501}, 422), ({"cell.unit": "\x00"}, 422), ({"mark": "0"}, 409),
    ],
)  # fmt: skip
def test_a_correction_that_can_t_be_made_changes_nothing(
    visitor: Visitor, sent: dict[str, str], status: int
) -> None:
    path = _upload(visitor, *ROWS)
    mark = visitor.get(f"{path}.json").json()["mark"]
    answer = visitor.post(f"{path}/correct", {"mark": mark, "patient": "0", "row": "1", **sent})
    assert answer.status_code == status
    assert visitor.get(f"{path}.json").json()["mark"] == mark


def test_what_a_file_lacks_beside_its_rows_is_still_told_after_a_correction(
    visitor: Visitor,
) -> None:
    rows = [ROWS[0], *(f"{x}" for x in ROWS[1:])]
    tables = [("file", ("labs.csv", "\n".join(rows).encode(), "text/csv")),
              ("file", ("therapies.csv", b"\xff\xfe\x00broken", "text/csv"))]  # fmt: skip
    path = visitor.post("/upload", files=tables).headers["location"]
    page = visitor.get(f"{path}.json").json()
    before = {x["message"] for x in page["patients"][0]["not_used"]}
    beside = {x for x in before if "therapies" in x}
    sent = {"mark": page["mark"], "patient": "0", "row": "1", "cell.unit": "g/L"}
    assert visitor.post(f"{path}/correct", sent).status_code == 303
    after = visitor.get(f"{path}.json").json()["patients"][0]["not_used"]
    assert beside and beside <= {x["message"] for x in after}
    assert len(after) == len(before) - 1


# ---------------------------------------------------------------- mapped uploads


MAPPING = """name = "a centre"
[files]
table = "*.csv"
[[sheet]]
file = "table"
id = "Pat"
[[sheet.row]]
table = "labs"
day = { column = "When" }
test = "hemoglobin"
value = { column = "Hb" }
unit = "g/dL"
"""


def test_a_mapping_is_given_once_and_kept_by_name(visitor: Visitor) -> None:
    table = ("file", ("mine.csv", b"Pat,When,Hb\nP9,12,9.1\n", "text/csv"))
    mapping = ("mapping", ("our lab.toml", MAPPING.encode(), "text/plain"))
    first = visitor.post("/upload", files=[table, mapping])
    assert first.status_code == 303, re.findall('alert">(.*?)</p>', first.text)
    kept = {"kept_mapping": "our lab"}
    second = visitor.post("/upload", kept, files=[table])
    for answer in some([first, second]):
        page = visitor.get(f"{answer.headers['location']}.json").json()
        assert [x["patient"] for x in page["patients"]] == ["P9"]
    assert '<option value="our lab">' in visitor.get("/upload").text
    without = visitor.post("/upload", files=[table])
    assert without.status_code == 422 and "tidy table" in without.text
    for name, text in (("x.txt", b"x"), ("x.toml", b""), ("x.toml", b"\xff"), ("x.toml", b"[")):
        wrong = visitor.post("/upload", files=[table, ("mapping", (name, text, "text/plain"))])
        assert wrong.status_code == 422
    assert visitor.get("/upload.json").json()["mappings"] == ["our lab"]
    assert visitor.post("/upload", {"kept_mapping": "none"}, files=[table]).status_code == 404


# ---------------------------------------------------------------- hostile text


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_in_every_field_stays_text(board: Board, visitor: Visitor, text: str) -> None:
    path = _begin(visitor)
    names = [x for x in _shown(visitor, path) if "." in x and not x.startswith("-more")]
    radios = set(re.findall(r'type="radio" name="([^"]*)"', visitor.get(path).text))
    texts = dict.fromkeys({*names, *radios}, text)
    assert len(texts) > 200
    assert _send(visitor, path, texts, "check").status_code == 303
    page = visitor.get(path).text
    tags = set(re.findall(r"<(\w+)", page))
    assert not tags & {"img", "svg", "textarea", "iframe"} and page.count("<script") == 1
    with board.database.reading() as session:
        (draft,) = entry_drafts.drafts_of(session, FIRST_TENANT, "somebody")
        given = entry_drafts.entered(session, draft)
        assert texts_of(given.typed).items() <= {k: text.strip() for k in texts}.items()
    taken = _send(visitor, path, {**texts, **_small("HOSTILE")}, "take")
    assert taken.status_code in (303, 422)
    pasted = visitor.post(f"{path}/paste", {"table": f"{text}\tHb\n{text}\t{text}", "do": "look"})
    assert not set(re.findall(r"<(\w+)", pasted.text)) & {"img", "svg", "script"}
    assert text not in re.findall("<title>(.*?)</title>", page)[0]


@pytest.mark.parametrize("text", ["x" * (LONGEST + 1), "a\x00b", "a‮b"])
def test_what_is_no_text_or_too_long_is_told_and_shown_again(visitor: Visitor, text: str) -> None:
    path = _begin(visitor)
    answer = _send(visitor, path, _small(hemoglobin__0__value=text), "check")
    assert answer.status_code == 422 and "Haemoglobin" in answer.text
    assert 'value="ide-cel"' in answer.text


def test_a_form_with_too_many_fields_is_refused(visitor: Visitor) -> None:
    path = _begin(visitor)
    many = {f"serum_m_protein.{n}.value": "1" for n in range(2001)}
    assert _send(visitor, path, many, "check").status_code == 422
    assert visitor.post("/entry", many).status_code in (413, 422)  # only the form itself is wide


def test_the_vendored_script_is_the_one_that_its_notice_names() -> None:
    import hashlib

    folder = ROOT / "src" / "rearm" / "board" / "static"
    notice = (folder / "NOTICE-htmx").read_text(encoding="utf-8")
    digest = hashlib.sha256((folder / "htmx-4.0.1.min.js").read_bytes()).hexdigest()
    assert digest in notice and "Zero-Clause BSD" in notice
