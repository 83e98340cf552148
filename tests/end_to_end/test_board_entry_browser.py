"""A coordinator types a patient from a letter in a real browser, with and without JavaScript."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from scripts.typed_patient import letter, type_patient
from tests.support.browser import CHROMIUM, chromium
from tests.support.hands import Seen
from tests.support.places import DATA
from tests.support.running_board import running

pytestmark = [
    pytest.mark.slow,
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine"),
]

LETTER = DATA / "review" / "patients" / "1-first-entry"
WATCH = (
    "window.blocked = []; document.addEventListener('securitypolicyviolation', "
    "e => window.blocked.push(e.blockedURI + ' ' + e.violatedDirective))"
)


@dataclass
class Opened:
    """A board that runs, a browser, and the session of its user."""

    home: str
    browser: Any
    session: Any

    def form(self, **options: Any) -> Seen:
        """A window with a blank form."""
        seen = Seen(self.browser, storage_state=self.session, **options)
        if options.get("java_script_enabled", True):
            seen.view.add_init_script(WATCH)
        seen.view.goto(f"{self.home}/entry")
        seen.follow(seen.view.get_by_role("button", name="Start a new patient"))
        return seen


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Opened]:
    folder = tmp_path_factory.mktemp("typed") / "board"
    with running(folder, "--no-examples") as link, chromium() as browser:
        seen = Seen(browser)
        seen.view.goto(link)
        yield Opened(link.split("/start/")[0], browser, seen.context.storage_state())


def test_a_patient_is_typed_in_ten_minutes(opened: Opened) -> None:
    seen = opened.form()
    view = seen.view
    assert view.locator("input[type=radio]").count() > 30
    assert view.locator("input[type=radio]:checked").count() == 0
    assert view.locator("select").evaluate_all("xs => xs.filter(x => x.value).length") == 0
    done = type_patient(view, letter(LETTER, "A"))
    print(f"{done.fields} fields, {done.keys} keys, {done.clicks} clicks: {done.minutes:.1f} min")
    assert 90 < done.fields < 200 and done.minutes < 10
    view.locator("[name='patient_id.0.patient_id']").focus()  # leaves the last field
    view.locator("#found").get_by_text("First choice so far").wait_for()
    view.wait_for_load_state("networkidle")  # the last field is on its way
    assert view.evaluate("window.blocked") == []
    again = seen.context.new_page()  # what was typed is kept, be it that the window is lost
    again.goto(view.url)
    assert again.locator("[name='serum_m_protein.7.value']").input_value() == "1.0"
    seen.follow(view.get_by_role("button", name="Take it in"))
    assert view.locator("h1", has_text="A: myeloma after CAR-T").is_visible()
    assert all(url.startswith((f"{opened.home}/", "data:")) for url in seen.asked)
    assert seen.troubles == []


def test_the_list_beside_the_form_follows_what_is_typed(opened: Opened) -> None:
    view = opened.form().view
    found = view.locator("#found")
    view.get_by_label("Patient id: Value").fill("LIVE")
    view.get_by_label("Serum M-protein, line 1: Value").fill("3.4")
    view.get_by_label("Serum M-protein, line 1: Day").fill("2026-01-05")
    view.keyboard.press("Tab")
    found.get_by_text("has no unit").wait_for()
    assert "Serum M-protein, line 1: Value" in found.inner_text()
    view.get_by_label("Serum M-protein, line 1: Unit").select_option("g/dL")
    found.get_by_text("has no unit").wait_for(state="detached")
    told = found.inner_text()
    # an answer that failed is not written into the page
    view.route(re.compile(".*/check"), lambda route: route.fulfill(status=500, body="<b>oh</b>"))
    with view.expect_response(re.compile(".*/check")):
        view.get_by_label("Haemoglobin: Value").fill("9")
        view.keyboard.press("Tab")
    view.wait_for_timeout(200)
    assert found.inner_text() == told
    assert view.evaluate("window.blocked") == []


def test_nothing_that_a_page_brings_is_evaluated(opened: Opened) -> None:
    seen = opened.form()
    view = seen.view
    view.evaluate(
        """() => { document.querySelector('#found').insertAdjacentHTML('beforeend',
           '<i hx-on:click="window.ran = 1" hx-trigger="click" hx-get="/worklist" '
           + 'hx-vals="js:{a: window.ran = 2}">x</i>'); htmx.process(document.body) }"""
    )
    view.locator("#found i").click()
    view.wait_for_timeout(300)
    assert view.evaluate("window.ran") is None
    assert any("eval" in x for x in view.evaluate("window.blocked"))
    assert (
        view.evaluate("Object.keys(localStorage).length + Object.keys(sessionStorage).length") == 0
    )


def test_without_javascript_a_button_does_the_same(opened: Opened) -> None:
    seen = opened.form(java_script_enabled=False)
    view = seen.view
    view.get_by_label("Patient id: Value").fill("PLAIN")
    view.get_by_label("CAR-T product, line 1: Value").fill("ide-cel")
    view.get_by_label("CAR-T product, line 1: Day").fill("2026-01-12")
    view.get_by_label("Serum M-protein, line 1: Value").fill("3.4")
    seen.follow(view.get_by_role("button", name="Check", exact=True).last)
    assert "has no unit" in view.locator("#found").inner_text()
    assert view.get_by_label("Serum M-protein, line 1: Value").input_value() == "3.4"
    view.get_by_label("Serum M-protein, line 1: Unit").select_option("g/dL")
    seen.follow(view.get_by_role("button", name="More lines of Treatment, line 4"))
    assert view.get_by_label("Treatment, line 8: Regimen").is_visible()
    seen.follow(view.get_by_role("button", name="Paste a table of results"))
    view.get_by_label("Cells copied").fill("Date\tHb (g/dL)\n2026-01-05\t9,8\n03/04/2026\t9.1")
    seen.follow(view.get_by_role("button", name="Show how it is understood"))
    assert view.get_by_role("radio", name="The day").is_checked() is False
    view.get_by_role("radio", name="The day").check()
    seen.follow(view.get_by_role("button", name="Show how it is understood"))
    seen.follow(view.get_by_role("button", name="Add 2 results to the form"))
    assert view.locator("[name='hemoglobin.1.day']").input_value() == "2026-04-03"
    seen.follow(view.get_by_role("button", name="Take it in"))
    assert view.locator("h1", has_text="PLAIN: myeloma after CAR-T").is_visible()
    assert seen.troubles == []


def test_the_form_fits_a_phone(opened: Opened) -> None:
    view = opened.form().view
    view.set_viewport_size({"width": 400, "height": 900})
    assert view.evaluate("document.documentElement.scrollWidth") <= 400
    for section in view.locator("details > summary").all():
        section.click()
    assert view.evaluate("document.documentElement.scrollWidth") <= 400


def test_no_row_of_the_form_is_cut_off(opened: Opened) -> None:
    view = opened.form().view
    view.set_viewport_size({"width": 1280, "height": 900})
    groups = view.locator(".entry-group")
    cut = groups.evaluate_all(
        "xs => xs.filter(x => x.scrollWidth > x.clientWidth).map(x => x.getAttribute("
        "'aria-labelledby'))"
    )
    assert groups.count() > 8 and cut == []
    day = view.get_by_label("Lesion, line 1: Day")
    day.fill("2026-03-09")
    assert day.evaluate("x => x.scrollWidth <= x.clientWidth")  # a whole date can be read
