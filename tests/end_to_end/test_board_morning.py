"""A coordinator's whole morning in a real browser at a board that runs: a patient from a letter,
one from a workbook, what is missing, the meeting, its decisions, what became of them, the registry.
Without JavaScript, and with it by keyboard alone; in the gate by mouse too. What the pages say is
computed here, by `assess`, from the tables that tell of the same patients.
"""

from __future__ import annotations

import csv
import os
import re
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from scripts.typed_patient import letter
from tests.support import two_patients
from tests.support.board import ON_SERVER
from tests.support.browser import CHROMIUM, chromium
from tests.support.filled_form import FilledForm
from tests.support.hands import Hands, Keyboard, Mouse, Seen
from tests.support.running_board import running
from tests.support.two_patients import CALCIUM, GIVEN, LETTER, SENT, TYPED, on_sheet, untold

from rearm.assessment import Assessment
from rearm.assessment.changes import answer_changes
from rearm.assessment.moves import moves
from rearm.assessment.overruling import StatedFact, assess_overruled
from rearm.board.child.reading import summary_of
from rearm.report.assessment.answer_words import TIER_WORDS
from rearm.report.assessment.move_words import moves_in_words
from rearm.report.sheet.contents import sheet_contents

pytestmark = [
    pytest.mark.slow,
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine"),
]

DAY = "2026-12-07"
PEOPLE = "Dr Adler (haematology)\nDr Brandt (radiology)"

# what a reader sees who opens every section
_TEXTS = """xs => xs.map(x => {
  const shut = [...x.querySelectorAll('details:not([open])')];
  shut.forEach(d => { d.open = true });
  const text = x.innerText;
  shut.forEach(d => { d.open = false });
  return text;
})"""


def _place(order: list[str], name: str) -> tuple[int, ...]:
    """Where a field stands in the form, also in a line that is not there yet."""
    if name in order:
        return (order.index(name),)
    key, line, column = name.split(".")
    last = max(place for place, x in enumerate(order) if x.startswith(f"{key}."))
    first = next(x for x in order if x.startswith(f"{key}."))
    columns = [x.split(".")[2] for x in order if x.startswith(first.rsplit(".", 1)[0])]
    return last, int(line), columns.index(column)


class Morning:
    """What a coordinator does, one thing after the other, and what is to be seen then."""

    def __init__(self, seen: Seen, hands: Hands, folder: Path, script: bool) -> None:
        self.view, self.hands, self.folder, self.script = seen.view, hands, folder, script

    # ------------------------------------------------------------ small things

    def link(self, name: str, within: str = "body", *, exact: bool = True) -> Any:
        found = self.view.locator(within).get_by_role("link", name=name, exact=exact)
        return found.first

    def button(self, name: str, within: str = "main") -> Any:
        return self.view.locator(within).get_by_role("button", name=name, exact=True).last

    def named(self, name: str, within: str = "main") -> Any:
        return self.view.locator(within).locator(f"[name='{name}']")

    def told(self, phrases: Iterable[str], within: str = "main") -> None:
        text = " ".join(self.view.locator(within).evaluate_all(_TEXTS))
        assert untold(text, phrases) == []

    def becomes(self, phrases: list[str], within: str) -> None:
        """Waits until all of it stands there, for half a minute at most."""
        for _ in range(120):
            if not untold(self.view.locator(within).inner_text(), phrases):
                return
            self.view.wait_for_timeout(250)

    def row(self, patient: str) -> Any:
        """The line of a patient on the worklist."""
        return self.view.locator("tr", has=self.view.get_by_role("link", name=patient, exact=True))

    def open_patient(self, patient: str) -> None:
        self.hands.follow(self.link("Worklist"))
        self.hands.follow(self.link(patient, "main"))
        assert self.view.locator("h1").inner_text() == f"{patient}: myeloma after CAR-T"

    def answers(self) -> int:
        return int(self.view.locator("section[aria-labelledby=versions] tbody tr").count())

    # ------------------------------------------------------------ the morning

    def enter(self) -> None:
        """The letter is typed; the list beside the form tells of it before it is taken in."""
        view, hands = self.view, self.hands
        self.told(["No patient is on the board yet."])
        hands.follow(self.link("Enter"))
        hands.follow(self.button("Start a new patient"))
        texts = letter(LETTER, TYPED)
        order = view.locator(".entry-form [name]").evaluate_all("xs => xs.map(x => x.name)")
        for name in sorted(texts, key=lambda x: _place(order, x)):
            field = self.named(name)
            while not field.count():
                hands.follow(view.locator(f"button[value='more:{name.split('.')[0]}']"))
            if field.first.get_attribute("type") == "radio":
                field = self.named(f"{name}'][value='{texts[name]}")
            if field.get_attribute("type") != "hidden":
                hands.enter(field, texts[name])
        first = summary_of(two_patients.letter_record(), two_patients.first()).first
        tests = [x.name for x in two_patients.first().tests]
        beside = ["Everything could be used.", first, *tests]
        if self.script:
            view.keyboard.press("Tab")  # leaves the last field; the list follows by itself
            self.becomes(beside, "#found")
        else:
            hands.follow(self.button("Check", ".entry-do"))
        self.told(beside, "#found")
        hands.follow(self.button("Take it in"))
        assert view.locator("h1").inner_text() == f"{TYPED}: myeloma after CAR-T"
        self.told(on_sheet(two_patients.first()), "#sheet")

    def upload(self) -> None:
        """A workbook with one wrong cell, which is corrected where it is told."""
        view, hands = self.view, self.hands
        book = FilledForm(self.folder / "form.xlsx")
        book.enter(LETTER, SENT)
        (wrong,) = (c for row in book.sheet.iter_rows() for c in row if c.value == "180")
        wrong.value = "low"
        book.save()
        hands.follow(self.link("Upload"))
        hands.give_file(view.get_by_label("File", exact=True), book.file)
        hands.follow(self.button("Read the file"))
        self.told([f"{SENT} new on the board", "Could not be used (1)", "low", wrong.coordinate])
        hands.enter(self.named("cell.value"), "180")
        hands.follow(self.button("Read it again"))
        self.told(["Everything could be used.", "Corrected here (1)", "low", "180"])
        self.told([summary_of(two_patients.sent_record(), two_patients.sent()).first])
        hands.follow(self.button("Take in 1 patient"))
        assert view.locator("h1").inner_text() == f"{SENT}: myeloma after CAR-T"
        self.told(on_sheet(two_patients.sent()), "#sheet")

    def prepare(self) -> None:
        """The worklist says what is missing; a result comes and the answer is made anew."""
        hands = self.hands
        hands.follow(self.link("Worklist"))
        before = summary_of(two_patients.letter_record(), two_patients.first())
        never = [x.name for x in before.last_tests if not x.date]
        assert "calcium" in never and before.missing
        self.told([before.first, before.relapse, *before.missing, *never, before.alerts])
        text = self.row(TYPED).inner_text()
        assert untold(text, [*before.missing, *never, before.alerts]) == []
        self.open_patient(TYPED)
        hands.follow(self.link("Add a result"))
        for name, value in CALCIUM.items():
            hands.enter(self.named(name), value)
        hands.follow(self.button("Add the result"))
        assert two_patients.prepared().findings["hypercalcaemia"].value is False
        assert not two_patients.first().findings["hypercalcaemia"].known
        self.told(on_sheet(two_patients.prepared()), "#sheet")
        assert self.answers() == 2

    def schedule(self) -> None:
        view, hands = self.view, self.hands
        for patient in (TYPED, SENT):
            self.open_patient(patient)
            hands.enter(view.get_by_label("State", exact=True), "scheduled")
            hands.enter(view.get_by_label("Day of the meeting"), DAY)
            hands.follow(self.button("Save", "form[action$='/state']"))
            self.told([f"meeting {DAY}"])
        hands.follow(self.link("Worklist"))
        scheduled = view.locator("section", has=view.locator("#state-scheduled"))
        assert scheduled.locator("tbody tr").count() == 2
        after = summary_of(two_patients.prepared_record(), two_patients.prepared())
        text = self.row(TYPED).inner_text()
        assert untold(text, [*after.missing, f"meeting {DAY}", "Too old at the meeting"]) == []

    def what_if(self) -> None:
        """What would move with soft tissue in the imaging; nothing of it is kept."""
        hands = self.hands
        fact = StatedFact(kind="finding", what="relapse_pattern_extraosseous", value=True)
        after = assess_overruled(two_patients.prepared_record(), (fact,), hypothetical=True)
        (shown,) = sheet_contents(after).overruled
        self.open_patient(TYPED)
        hands.follow(self.link("What if"))
        hands.follow(self.view.locator(f"button[name=add][value$='{fact.what}']").first)
        hands.check(self.named(f"{self.asked_fact(fact.what)}:value'][value='yes"))
        hands.follow(self.button("See what would move"))
        groups = moves_in_words(
            two_patients.prepared(), after, moves(two_patients.prepared(), after)
        )
        lines = [x for group in groups for x in group.lines]
        assert len(lines) > 2
        self.told([x.text for x in lines], "main .moves")
        self.told([text for x in lines for text in x.because], "main .moves")
        self.told([shown.name, shown.stated, shown.computed, "Hypothetical"])
        hands.follow(self.link("Back to the sheet", "main"))
        self.told(on_sheet(two_patients.prepared()), "#sheet")
        assert self.answers() == 2

    def asked_fact(self, what: str) -> str:
        name = self.view.locator(f"input[type=hidden][name*='{what}']").get_attribute("name")
        return str(name).removeprefix("chosen:")

    def compare(self) -> None:
        view, hands = self.view, self.hands
        lines = sheet_contents(two_patients.prepared()).lines[:2]
        hands.follow(self.link("Compare"))
        for name, x in zip("ab", lines, strict=True):
            hands.enter(self.named(name), f"strategy.{x.line.strategy_id}")
        hands.follow(self.button("Side by side"))
        heads = view.locator("table.side thead th")
        cells = view.locator("table.side tr", has_text="Expected, with numbers").locator("td")
        for place, x in enumerate(lines):
            head = heads.nth(place).inner_text()
            assert untold(head, [x.line.strategy, x.line.option, x.line.tier_words]) == []
            numbers = set(re.findall(r"\d+(?:\.\d+)? %", x.line.figure))
            assert numbers and untold(cells.nth(place).inner_text(), numbers) == []
        hands.follow(self.link("Back to the sheet", "main"))

    def overrule(self) -> None:
        """The team saw the patient: both values stand, and the answer is another one."""
        hands = self.hands
        (shown,) = sheet_contents(two_patients.overruled()).overruled
        hands.follow(self.link("Overrule a fact"))
        hands.follow(self.view.locator(".add-list a", has_text=shown.name))
        field = self.view.locator("input[name$='ecog:value']")
        hands.enter(field, "3")
        hands.enter(self.view.get_by_label("Reason", exact=True), "Seen in the clinic on Monday")
        hands.follow(self.button("Record it and make the answer anew"))
        assert on_sheet(two_patients.overruled()) != on_sheet(two_patients.prepared())
        self.told(on_sheet(two_patients.overruled()), "#sheet")
        self.told([shown.name, shown.stated, shown.computed, "Seen in the clinic"], ".overruled")
        assert self.answers() == 3

    def meet(self) -> None:
        """Patient after patient; a choice below the highest tier needs its reason."""
        view, hands = self.view, self.hands
        hands.follow(self.link("Meetings"))
        hands.follow(self.link(DAY, "main"))
        hands.enter(self.named("participants"), PEOPLE)
        hands.follow(self.button("Save"))
        hands.follow(self.link("Start with the first patient"))
        results = {TYPED: two_patients.overruled(), SENT: two_patients.sent()}
        for place in (1, 2):
            self.told([f"Patient {place} of 2"])
            patient = view.locator("h1").inner_text()
            line = self.chosen(patient)
            self.told(self.on_slide(results[patient]), "#sheet")
            assert self.named("participants").input_value() == PEOPLE
            hands.enter(self.named("strategy"), line.strategy_id)
            hands.enter(self.named("reason"), f"All agreed on {patient}")
            hands.follow(self.button("Record"))
            if patient == SENT:
                self.told(["the reason", "highest tier"], "#decision [role=alert]")
                assert self.named("reason").input_value() == f"All agreed on {patient}"
                hands.enter(self.named("deviation"), "Steroids were begun on Friday")
                hands.follow(self.button("Record"))
            self.told([line.strategy, line.tier_words, f"All agreed on {patient}"], ".decision")
            if place == 1:
                hands.follow(self.link("Next"))

    def chosen(self, patient: str) -> Any:
        """Of the patient of the letter what stands first; of the other an alternative."""
        result = {TYPED: two_patients.overruled(), SENT: two_patients.sent()}[patient]
        lines = [x.line for x in sheet_contents(result).lines]
        highest = lines[0].tier
        chosen = [x for x in lines if (x.tier == highest) == (patient == TYPED)]
        assert highest == ("alternative" if patient == TYPED else "first")
        assert chosen[0].tier == "alternative"
        return chosen[0]

    def on_slide(self, result: Assessment) -> list[str]:
        sheet = sheet_contents(result)
        found = [sheet.state, sheet.relapse, *[text for alert in sheet.alerts for text in alert]]
        for x in sheet.lines:
            found += [x.line.strategy, x.line.option, x.line.figure]
        return found

    def minutes(self) -> None:
        hands = self.hands
        hands.follow(self.link(f"Meeting of {DAY}"))
        hands.follow(self.link("Minutes"))
        self.told([f"Minutes of the meeting of {DAY}", PEOPLE])
        relapses = {
            TYPED: summary_of(two_patients.prepared_record(), two_patients.overruled()).relapse,
            SENT: summary_of(two_patients.sent_record(), two_patients.sent()).relapse,
        }
        for patient, answer in ((TYPED, 3), (SENT, 1)):
            head = self.view.get_by_role("heading", name=patient, exact=True)
            minute = self.view.locator("section.minute", has=head)
            line = self.chosen(patient)
            phrases = [line.strategy, f"({TIER_WORDS[line.tier]}, answer {answer})",
                       f"All agreed on {patient}", relapses[patient]]  # fmt: skip
            if patient == SENT:
                phrases += ["Other than the highest tier, because: Steroids were begun on Friday"]
            assert untold(minute.inner_text(), phrases) == []
        self.told(["Signed:"])

    def follow_up(self) -> None:
        """One was done and what came of it, one was not and why; the answer is made anew."""
        hands = self.hands
        hands.follow(self.link("Follow-up"))
        hands.follow(self.link(TYPED, "main"))
        hands.check(self.named("done'][value='yes"))
        for name, value in GIVEN.items():
            hands.enter(self.named(name), value)
        hands.follow(self.button("Keep the follow-up"))
        self.told(["As decided: Talquetamab, from 2026-10-05", "Best response: VGPR (2026-11-16)"])
        hands.follow(self.link("Everybody", "main"))
        hands.follow(self.link(SENT, "main"))
        hands.check(self.named("done'][value='no"))
        hands.enter(self.named("why_not"), "Died before the first dose")
        hands.follow(self.button("Keep the follow-up"))
        self.told(["Not done", "Why: Died before the first dose"])
        hands.follow(self.link("Everybody", "main"))
        self.told(["Looked at: 2. Done as decided: 1 (50 %)", "partly: 0, not: 1."])

    def history(self) -> None:
        """Since the decision the data changed, and with them the answer."""
        self.open_patient(TYPED)
        after = two_patients.followed()
        self.told(on_sheet(after), "#sheet")
        (fact,) = sheet_contents(after).overruled
        assert fact.stale  # it was stated of the relapse before
        self.told([fact.name, fact.computed, *fact.notes], ".overruled")
        self.hands.follow(self.link("What changed"))
        self.told(["From answer 3 (on which the board decided) to answer 4"])
        self.told(["The data changed; knowledge, software and the centre's list are the same."])
        changes = answer_changes(two_patients.overruled(), after)
        assert changes
        self.told([x.name for x in changes], "section[aria-labelledby=answer]")
        data = self.view.locator("section[aria-labelledby=data]").inner_text()
        assert untold(data, ["talquetamab", "VGPR", "follow-up: decision 1"]) == []


STEPS = ("enter", "upload", "prepare", "schedule", "what_if", "compare", "overrule", "meet",
         "minutes", "follow_up", "history")  # fmt: skip


WAYS = ["mouse, no JavaScript", "keyboard alone"]
if os.environ.get("REARM_BOARD_ON"):
    WAYS.append("mouse")  # what it adds to the others is long


@pytest.mark.parametrize("way", WAYS)
def test_a_coordinator_s_whole_morning(tmp_path: Path, way: str) -> None:
    script = way != "mouse, no JavaScript"
    board = tmp_path / "board"
    where = ("--database", ON_SERVER[0]()) if ON_SERVER else ()
    with running(board, "--no-examples", *where) as link, chromium() as browser:
        seen = Seen(browser, java_script_enabled=script)
        hands = Keyboard(seen.view) if way == "keyboard alone" else Mouse(seen.view)
        seen.view.goto(link)
        morning = Morning(seen, hands, tmp_path, script)
        for step in STEPS:
            getattr(morning, step)()
        hands.follow(morning.button("Sign out", "header"))
        assert seen.view.locator("h1", has_text="You are signed out").is_visible()
        home = link.split("/start/")[0]
        assert [x for x in seen.troubles if "422" not in x and "401" not in x] == []
        assert all(url.startswith((f"{home}/", "data:")) for url in seen.asked)
        if isinstance(hands, Keyboard):
            assert "\n".join(dict.fromkeys(hands.faults)) == ""
            assert len(hands.walked) > 12 and hands.stops > 1000
        registry(board, tmp_path / "registry")


def registry(board: Path, out: Path) -> None:
    """What leaves for the registry has the follow-up, and the result that was added."""
    command = [sys.executable, "-m", "rearm.cli", "serve", "export", "--folder", board, "--to", out]
    done = subprocess.run([*map(str, command)], capture_output=True, text=True, check=False)
    assert done.returncode == 0 and "2 patients" in done.stdout, done.stderr
    tables = {}
    for file in out.glob("*.csv"):
        with file.open(encoding="utf-8", newline="") as lines:
            tables[file.stem] = [*csv.DictReader(lines)]
    (line,) = (x for x in tables["therapies"] if x["agents"] == "talquetamab")
    assert (line["patient_id"], line["start_day"], line["best_response"]) == (
        TYPED, "2026-10-05", "VGPR",
    )  # fmt: skip
    (calcium,) = (x for x in tables["labs"] if x["test"] in ("calcium", CALCIUM["test"]))
    assert (calcium["patient_id"], calcium["value"]) == (TYPED, CALCIUM["value"])
    (igg,) = (x for x in tables["labs"] if x["patient_id"] == SENT and "igg" in x["test"].lower())
    assert igg["value"] == "180"  # as it was corrected
