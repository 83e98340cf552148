"""A board on which something of everything has happened, made through its own forms."""

from __future__ import annotations

from typing import Any

from tests.support.places import ROOT

__all__ = ["make_busy"]

BUNDLE = ROOT / "examples" / "fhir" / "biallelic-bcma-loss.json"


def make_busy(view: Any, origin: str) -> list[str]:
    """Acts in a window that is signed in; gives addresses to which no link leads for long."""
    more = []
    view.goto(f"{origin}/worklist")
    cases = view.evaluate("[...document.querySelectorAll('tbody th a')].map(x => x.href)")
    cases = list(dict.fromkeys(x for x in cases if "/patients/" in x))
    for case, state in zip(cases, ("scheduled", "prepared", "decided"), strict=False):
        if state == "decided":
            _decide(view, case)
        else:
            _move(view, case, state)
    _upload(view, origin)
    _follow(view, view.get_by_role("button", name="Take in 1 patient"))  # a second version
    more.append(_upload(view, origin))
    view.goto(f"{origin}/entry")
    _follow(view, view.get_by_role("button", name="Start a new patient"))
    more += [view.url, f"{view.url}/paste"]
    view.goto(cases[0])
    _follow(view, view.get_by_role("button", name="The whole report as PDF"))
    more += [view.url, f"{cases[0]}/compare/{_strategies(view, cases[0])}"]
    return more


def _upload(view: Any, origin: str) -> str:
    view.goto(f"{origin}/upload")
    view.locator("input[type=file]").first.set_input_files(BUNDLE)
    _follow(view, view.get_by_role("button", name="Read"))
    return str(view.url)


def _strategies(view: Any, case: str) -> str:
    """Two that can be compared, as an address names them."""
    view.goto(f"{case}/compare")
    names = view.evaluate("[...document.querySelector('select').options].map(x => x.value)")
    return "/".join([x for x in names if x][:2])


def _move(view: Any, case: str, state: str) -> None:
    view.goto(case)
    view.get_by_label("State").select_option(state)
    view.get_by_label("Day of the meeting").fill("2026-12-07")
    _follow(view, view.locator("form[action$='/state'] button"))


def _decide(view: Any, case: str) -> None:
    view.goto(f"{case}/decision")
    view.get_by_role("radio").first.check()
    view.get_by_label("Reason for the decision").fill("The board agreed")
    view.get_by_label("Who took part").fill("Dr A, Dr B")
    _follow(view, view.get_by_role("button", name="Record the decision"))


def _follow(view: Any, locator: Any) -> None:
    with view.expect_navigation(wait_until="load"):
        locator.click()
