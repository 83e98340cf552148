"""Somebody hostile at a board: texts in every field of every form that a page holds, then a look at
every address. What there is to send and to see is read from the routes and from the pages.
"""

from __future__ import annotations

import csv
import io
import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from starlette.routing import compile_path
from tests.support.board import Visitor
from tests.support.hostile import Pack, faults, kept_texts
from tests.support.places import ROOT
from tests.support.sent_forms import PageForm, forms_of, links_of, parsed, pieces

from rearm.board.routes import ADDRESSES
from rearm.board.web.declare import Address
from rearm.intake.dictionary import load_tables

__all__ = ["DAY", "SOUND", "HostileVisit", "Seen", "declared", "pattern_of"]

DAY = "2026-12-07"
TABLES = ROOT / "examples" / "tables"
PATIENT = "SYN-01"
FACT = "finding.prior_lines"  # a number: it is typed
_OF_A_KIND = 2  # pages of one address that are looked at in one round
_MOST_FILES = 20

SOUND: dict[str, dict[str, str]] = {
    "/patients/{case}/state": {"state": "scheduled", "meeting_day": DAY},
    "/patients/{case}/decision": {"strategy": "-"},
    "/meetings/{day}/patients/{case}": {"strategy": "-"},
    "/patients/{case}/follow-up": {"done": "no", "given": ""},
    "/patients/{case}/result": {"test": "Haemoglobin", "value": "9.1", "unit": "g/dL",
                                "day": "2025-01-02"},
    "/patients/{case}/overrule/{fact}": {f"{FACT}:value": "2", f"{FACT}:low": "",
                                         f"{FACT}:high": ""},
    "/patients/{case}/what-if": {f"chosen:{FACT}": "1", f"{FACT}:value": "3", f"{FACT}:low": "",
                                 f"{FACT}:high": ""},
    "/patients/{case}/compare": {"a": "", "b": ""},
    "/break-glass": {"patient": "SYN-02"},
    "/administration/users": {"role_reader": "yes"},
    "/entry/{draft}": {"do": "check"},
    "/patients/{case}/entry": {"do": "check"},
    "/entry/{draft}/paste": {"do": "look"},
    "/patients/{case}/entry/paste": {"do": "look"},
}  # fmt: skip
"""What the fields hold into which not every text can be typed, so that the form is kept and the
texts of its other fields with it. A form that is not kept fails the test: its fields belong here.
"""

FIRST = {"/patients/{case}/what-if": {"add": FACT}}
"""What is sent first, so that the page holds the fields of the form."""

NEVER_KEPT = {
    "/sign-in": "nobody has such a name",
    "/patients/{case}/compare": "nothing is chosen",
    "/password/{token}": "a link is for once",
}

_TAKES_TEXT = {"text", "regimen", "agents", "word", "words", "unit", "value", "test"}
"""Kinds of columns of which the text is kept, or told as what could not be used."""


@dataclass(slots=True)
class Seen:
    """What a visit saw, by the pattern of the address; `bare` are forms in which nothing can be
    typed or chosen, `wrong` is what got through.
    """

    looked: Counter[str] = field(default_factory=Counter)
    sent: Counter[str] = field(default_factory=Counter)
    kept: Counter[str] = field(default_factory=Counter)
    bare: set[str] = field(default_factory=set)
    fields: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    wrong: list[str] = field(default_factory=list)
    pages: list[str] = field(default_factory=list)

    def note(self, where: str, answer: Any) -> None:
        self.wrong += [f"{where}: {fault}" for fault in faults(answer)]


def pattern_of(method: str, path: str) -> str | None:
    """The declared address that answers at a path."""
    for address in ADDRESSES:
        if address.method == method and compile_path(address.path)[0].match(path):
            return address.path
    return None


def _in_meeting(found: tuple[str, PageForm]) -> bool:
    """The meeting comes before a decision that is recorded without one."""
    return found[1].action.startswith("/meetings/")


def declared(method: str) -> Iterator[Address]:
    return (x for x in ADDRESSES if x.method == method)


class HostileVisit:
    """One browser at one board. `more`: addresses to which no link leads; `limited`: of a user
    who may not send every form that a page shows.
    """

    def __init__(self, visitor: Visitor, seen: Seen) -> None:
        self.visitor, self.seen = visitor, seen
        self.case, self.upload, self.draft, self.job = "", "", "", ""
        self.more: tuple[str, ...] = ()
        self.limited = False

    # ------------------------------------------------------------ files

    def give_files(self, pack: Pack) -> None:
        """A patient of hostile texts: once taken in and scheduled, once only read."""
        for taken in (True, False):
            answer = self.visitor.post("/upload", files=[*_files(pack)])
            self.seen.note("/upload", answer)
            assert answer.status_code == 303, re.findall('alert">(.*?)</p>', answer.text, re.S)
            path = answer.headers["location"]
            self.upload = path.removeprefix("/uploads/")
            if taken:
                sent = {"seen": self.visitor.hidden(path, "seen")}
                answer = self.visitor.post(f"{path}/take", sent)
                assert answer.status_code == 303, answer.text
                self.case = answer.headers["location"].removeprefix("/patients/")
        case = f"/patients/{self.case}"
        scheduled = {
            **SOUND["/patients/{case}/state"],
            "version": self.visitor.hidden(case, "version"),
        }
        assert self.visitor.post(f"{case}/state", scheduled).status_code == 303
        self.job = self.visitor.post(f"{case}/results/1/report").headers["location"]
        name = pack[0].replace("\r", "").replace("\n", "") + ".csv"
        named = self.visitor.post("/upload", files=[("file", (name, b"a,b\n1,2\n", "text/csv"))])
        self.seen.note("/upload", named)
        self.seen.sent["/upload"] += 1
        self.draft = self.visitor.post("/entry").headers["location"].removeprefix("/entry/")

    # ------------------------------------------------------------ forms

    def send_all(self, pack: Pack) -> None:
        """Every form of every page, as often as the texts need that each field had each of them.
        Twice over the pages: some forms are there only when others were sent.
        """
        done: set[str] = set()
        for _ in range(2):
            for path, form in sorted(self.forms(), key=_in_meeting, reverse=True):
                pattern = pattern_of("POST", form.action)
                assert pattern is not None, form.action
                if not (form.texts or form.closed or form.files):
                    self.seen.bare.add(pattern)
                elif pattern not in done:
                    done.add(pattern)
                    self._send(path, form, pattern, pack)

    def forms(self) -> list[tuple[str, PageForm]]:
        """Those of all pages, each with the page on which it stands; only those of this round's
        patient, upload and form.
        """
        found = []
        for path, html in self.look():
            for form in forms_of(html):
                if form.method == "post" and self._is_ours(form.action):
                    found.append((path, self._begun(form)))
        return found

    def _begun(self, form: PageForm) -> PageForm:
        """The form with the fields that it gets once it was sent."""
        first = FIRST.get(pattern_of("POST", form.action) or "")
        if first is None:
            return form
        shown = self.visitor.post(form.action, first).text
        return next(x for x in forms_of(shown) if x.action == form.action)

    def _send(self, path: str, form: PageForm, pattern: str, pack: Pack) -> None:
        if form.files:  # `give_files` chose some
            return
        sound = SOUND.get(pattern, {})
        free = {name: most for name, most in form.texts.items() if name not in sound}
        self.seen.fields[pattern] |= set(form.texts)
        everywhere = dict.fromkeys((*form.texts, *form.closed), " ".join(pack))
        self._post(path, form, pattern, everywhere)
        for more in (form.checks, f"{form.action}.json"):  # the same, asked otherwise
            other = pattern_of("POST", more) if more else None
            if other is not None:
                self._post(path, form, other, everywhere, to=more)
        kept = kept_texts(pack)
        parts = {
            name: [*pieces((*kept[i % 2 :], *kept[: i % 2]), most)]
            for i, (name, most) in enumerate(free.items())
        }
        for turn in range(max(map(len, parts.values()), default=1)):
            texts = {name: each[turn % len(each)] for name, each in parts.items()}
            answer = self._post(path, form, pattern, {**sound, **texts})
            if answer.status_code in (200, 303):
                self.seen.kept[pattern] += 1
            elif pattern not in NEVER_KEPT and not (self.limited and answer.status_code == 403):
                told = re.findall(r"role=\"alert\">(.*?)</(?:div|form|p)>", answer.text, re.S)
                self.seen.wrong.append(f"{pattern}: not kept ({answer.status_code}): {told}")

    def _post(
        self, path: str, form: PageForm, pattern: str, typed: dict[str, str], *, to: str = ""
    ) -> Any:
        """The form as the page holds it now, with something typed into it."""
        page = self.visitor.get(path)
        now = [x for x in forms_of(page.text) if x.action == form.action]
        fresh = now[0] if now else form
        origin = {"origin": self.visitor.board.origin}
        sent = {**fresh.plain, **typed}
        answer = self.visitor.client.post(to or form.action, data=sent, headers=origin)
        self.seen.sent[pattern] += 1
        self.seen.note(f"POST {pattern}", answer)
        return answer

    # ------------------------------------------------------------ looks

    def look(self, *, whole: bool = False) -> list[tuple[str, str]]:
        """Every address of this round, followed by links from those that need nothing or that are
        known; `whole`: also what takes long to draw. Gives the pages.
        """
        todo, known, pages = [*self._first()], set[str](), []
        here: Counter[str] = Counter()
        while todo:
            path = todo.pop(0).partition("#")[0]
            bare = path.partition("?")[0]
            pattern = pattern_of("GET", bare)
            if path in known or pattern is None or not self._is_ours(bare):
                continue
            if pattern.endswith(".pdf") and not whole:
                continue
            known.add(path)
            here[pattern] += 1
            if here[pattern] > _OF_A_KIND:
                continue
            answer = self.visitor.get(path)
            self.seen.note(f"GET {pattern}", answer)
            if answer.status_code not in (200, 303):
                continue
            self.seen.looked[pattern] += 1
            if answer.headers.get("content-type", "").startswith("text/html"):
                pages.append((path, answer.text))
                todo += [x for x in links_of(answer.text) if x.startswith("/")]
                todo.append(f"{bare}.json")
        self.seen.pages = [path for path, _ in pages]
        return pages

    def _first(self) -> Iterator[str]:
        yield from (x.path for x in declared("GET") if "{" not in x.path)
        yield from self.more
        if not self.case:
            return
        case = f"/patients/{self.case}"
        yield from (case, f"/uploads/{self.upload}", f"/entry/{self.draft}")
        for more in ("decision", "follow-up", "history", "history/1/2", "overrule", "what-if",
                     "compare", "result", "record", "entry", "entry/paste", f"overrule/{FACT}",
                     "decisions.csv", "versions.csv", "export.json", "results/1",
                     "results/1/fhir.json", "results/1/sheet.pdf"):  # fmt: skip
            yield f"{case}/{more}"
        yield f"/entry/{self.draft}/paste"
        yield f"/meetings/{DAY}"
        yield f"/meetings/{DAY}/patients/{self.case}"
        yield f"/meetings/{DAY}/minutes"
        yield from (self.job, f"{self.job}.pdf")
        yield f"{case}/compare/{'/'.join(self._strategies())}"
        yield f"/administration/audit?who={quote('<script>alert(1)</script>')}&case=%22%3E%3Cb%3E"

    def _strategies(self) -> list[str]:
        """Two that can be laid side by side."""
        page = parsed(self.visitor.get(f"/patients/{self.case}/compare").text)
        named = [x.get("value", "") for x in page.iter("option")]
        return [*dict.fromkeys(x for x in named if x)][:2]

    def _is_ours(self, path: str) -> bool:
        """Whether an address is of this round: pages of earlier rounds were looked at then."""
        for kind, own in (("patients", self.case), ("uploads", self.upload), ("entry", self.draft)):
            named = re.search(rf"/{kind}/([0-9a-f]{{16}})", path)
            if named is not None and named[1] != own:
                return False
        return True


def _files(pack: Pack) -> Iterator[tuple[str, tuple[str, bytes, str]]]:
    """The tables of an invented patient, whose id is a hostile text, with a row more in each whose
    every column that takes text holds one.
    """
    texts = kept_texts(pack) or ("<script>alert(1)</script>",)
    who = texts[0].strip()
    for number, (name, table) in enumerate(load_tables().items()):
        file = TABLES / f"{name}.csv"
        if not file.is_file() or number >= _MOST_FILES:
            continue
        with file.open(encoding="utf-8", newline="") as given:
            rows = [row for row in csv.DictReader(given) if row["patient_id"] == PATIENT]
        kinds = {column.name: column.type for column in table.columns.values()}
        columns = [*dict.fromkeys(("patient_id", *kinds))]
        hostile = {x: texts[i % len(texts)] for i, x in enumerate(kinds) if kinds[x] in _TAKES_TEXT}
        dated = {x: "5" for x in kinds if kinds[x] in ("day", "days")}
        sent = io.StringIO(newline="")
        writer = csv.DictWriter(sent, columns, restval="", extrasaction="ignore")
        writer.writeheader()
        writer.writerows({**row, "patient_id": who} for row in rows)
        if name not in ("patients", "infusions"):
            writer.writerow({**hostile, **dated, "patient_id": who})
        yield "file", (f"{name}.csv", sent.getvalue().encode("utf-8"), "text/csv")
