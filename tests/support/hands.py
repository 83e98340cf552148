"""The hands of a user at a page in a browser: with the mouse, or with the keyboard alone."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

__all__ = ["Hands", "Keyboard", "Mouse", "Seen"]


class Seen:
    """A window, with what it asked for and what went wrong in it."""

    def __init__(self, browser: Any, **options: Any) -> None:
        size = {"viewport": {"width": 1100, "height": 900}, **options}
        self.context = browser.new_context(locale="en-US", **size)
        self.view = self.context.new_page()
        self.view.set_default_timeout(90_000)  # a machine may be busy
        self.asked: list[str] = []
        self.troubles: list[str] = []
        self.view.on("request", lambda r: self.asked.append(r.url))
        self.view.on("console", lambda m: self.troubles.append(m.text))
        self.view.on("pageerror", lambda e: self.troubles.append(str(e)))
        self.view.on("dialog", self._dismiss)

    def follow(self, locator: Any) -> None:
        """Clicks on what leads to another page, and waits until it is there."""
        with self.view.expect_navigation(wait_until="load"):
            locator.click()

    def _dismiss(self, dialog: Any) -> None:
        self.troubles.append(f"dialog {dialog.message}")
        dialog.dismiss()


class Hands:
    """What a user does with what stands on a page."""

    def __init__(self, view: Any) -> None:
        self.view = view

    def follow(self, target: Any) -> None:
        """Takes a link or a button that leads to another page, and waits until it is there."""
        self.reveal(target)
        self.reach(target)
        with self.view.expect_navigation(wait_until="load"):
            self.press(target)

    def reach(self, target: Any) -> None:
        """Goes to where it stands."""

    def reveal(self, target: Any) -> None:
        """Opens the sections in which it stands, from without to within."""
        closed = target.locator("xpath=ancestor::details[not(@open)]").first
        while not target.is_visible() and closed.count():
            self.press(closed.locator("> summary"))

    def enter(self, target: Any, text: str) -> None:
        """Gives a field this value, whatever kind of field it is."""
        self.reveal(target)
        kind = target.evaluate("x => x.type")
        if kind == "radio":
            self.check(target)
        elif kind.startswith("select"):
            self.choose(target, text)
        else:
            self.fill(target, text)

    def press(self, target: Any) -> None:
        raise NotImplementedError

    def fill(self, target: Any, text: str) -> None:
        raise NotImplementedError

    def choose(self, target: Any, value: str) -> None:
        raise NotImplementedError

    def check(self, target: Any) -> None:
        raise NotImplementedError

    def give_file(self, target: Any, file: Path) -> None:
        raise NotImplementedError


class Mouse(Hands):
    """Clicks, and types where it has clicked."""

    def press(self, target: Any) -> None:
        target.click()

    def fill(self, target: Any, text: str) -> None:
        target.fill(text)

    def choose(self, target: Any, value: str) -> None:
        target.select_option(value)

    def check(self, target: Any) -> None:
        target.check()

    def give_file(self, target: Any, file: Path) -> None:
        target.set_input_files(file)


# What has the focus, and what is wrong with it. `before`: where the focus was, kept in the window.
_FOCUS = """([wanted, forward]) => {
  const x = document.activeElement, before = window.focusBefore;
  window.focusBefore = x;
  if (x === null || x === document.body) return {there: false, out: true, faults: []};
  const out = !!window.focusSeen && window.focusSeen.has(x) && x.className === 'skip';
  if (window.focusSeen) window.focusSeen.add(x);
  const faults = [], style = getComputedStyle(x), box = x.getClientRects()[0];
  if (style.outlineStyle === 'none' || parseFloat(style.outlineWidth) < 1)
    faults.push('bears no outline');
  const left = box ? Math.max(box.left, 0) : 0, right = box ? Math.min(box.right, innerWidth) : 0;
  const top = box ? Math.max(box.top, 0) : 0, end = box ? Math.min(box.bottom, innerHeight) : 0;
  if (right - left < 1 || end - top < 1) faults.push('is out of sight');
  else {
    const above = document.elementFromPoint((left + right) / 2, (top + end) / 2);
    if (above && !x.contains(above) && !above.contains(x)) faults.push('is covered');
  }
  if (x.tabIndex > 0) faults.push('jumps the queue');
  const side = forward ? Node.DOCUMENT_POSITION_FOLLOWING : Node.DOCUMENT_POSITION_PRECEDING;
  if (before && before !== x && before.isConnected && before !== document.body
      && !out && !(before.compareDocumentPosition(x) & side))
    faults.push("does not follow in the page");
  const group = wanted && wanted.type === 'radio' && x.type === 'radio'
    && x.name === wanted.name && x.form === wanted.form;
  return {there: x === wanted || group, out, faults, skip: x.className === 'skip',
          what: x.outerHTML.slice(0, 160)};
}"""
# Where it stands beside the focus, or beside the part of the page that its address names.
_PLACE = """x => {
  const focus = document.activeElement, none = focus === document.body;
  const from = none ? document.querySelector(':target') : focus;
  return {main: !!x.closest('main'), top: from === null, there: x === focus,
          before: !!from && !!(from.compareDocumentPosition(x) & Node.DOCUMENT_POSITION_PRECEDING)};
}"""
_STOPS = """() => {
  window.focusStops = [...document.querySelectorAll(
    'a[href], button, input, select, textarea, summary, [tabindex]')].filter(x =>
    x.tabIndex >= 0 && !x.disabled && x.type !== 'hidden' && x.getClientRects().length
    && x.checkVisibility());
  window.focusSeen = new Set();
  return window.focusStops.length;
}"""
# of buttons of which one is chosen, one is reached by Tab and the others by arrows
_MISSED = """() => window.focusStops.filter(x => !window.focusSeen.has(x) && !(x.type === 'radio'
  && [...window.focusSeen].some(o => o.type === 'radio' && o.name === x.name)))
  .map(x => x.outerHTML.slice(0, 160))"""
_LIMIT = 900


class Keyboard(Hands):
    """Tab, Enter, Space and arrows alone. Each stop on the way must be seen to have the focus, in
    the order of the page; each page must begin with a link past its navigation.
    """

    def __init__(self, view: Any) -> None:
        super().__init__(view)
        view.on("filechooser", lambda _: None)  # from now on none is opened by the system
        self.stops = 0
        self.faults: list[str] = []
        self.walked: set[str] = set()  # kinds of pages

    def follow(self, target: Any) -> None:
        super().follow(target)
        kind = re.sub(r"/[0-9a-f]{12,}", "/*", self.view.url.split("/", 3)[3].split("#")[0])
        if kind not in self.walked:
            self.walked.add(kind)
            self.walk_round()

    def press(self, target: Any) -> None:
        self.reach(target)
        self.view.keyboard.press("Enter")

    def fill(self, target: Any, text: str) -> None:
        self.reach(target)
        if target.evaluate("x => x.type") == "date":
            year, month, day = text.split("-")
            text = f"{month}{day}{year}"
        elif target.input_value():
            self.view.keyboard.press("Control+a")
        first, *others = text.split("\n")
        self.view.keyboard.type(first)
        for line in others:
            self.view.keyboard.press("Enter")
            self.view.keyboard.type(line)

    def choose(self, target: Any, value: str) -> None:
        self.reach(target)
        values = target.evaluate("x => [...x.options].map(o => o.value)")
        steps = values.index(value) - target.evaluate("x => x.selectedIndex")
        for _ in range(abs(steps)):
            self.view.keyboard.press("ArrowDown" if steps > 0 else "ArrowUp")
        assert target.input_value() == value

    def check(self, target: Any) -> None:
        self.reach(target)
        if target.evaluate("x => x === document.activeElement"):
            self.view.keyboard.press("Space")
        for _ in range(20):
            if target.is_checked():
                return
            self.view.keyboard.press("ArrowDown")
        raise AssertionError("the arrows do not reach the choice")

    def give_file(self, target: Any, file: Path) -> None:
        self.reach(target)
        with self.view.expect_file_chooser() as chooser:
            self.view.keyboard.press("Enter")
        chooser.value.set_files(file)

    def walk_round(self) -> None:
        """Through all of the page and out of it: each part is reached, and none holds the focus."""
        stops = self.view.evaluate(_STOPS)
        for _ in range(stops * 4 + 10):  # a field for a day has several stops
            if self._step(None)["out"]:
                break
        else:
            raise AssertionError(f"the focus does not leave {self.view.url}")
        missed = self.view.evaluate(_MISSED)
        assert missed == [], f"not reached by Tab on {self.view.url}"

    def reach(self, target: Any) -> None:
        """Tabs on, or back where it stands before, until it has the focus."""
        wanted = target.element_handle()
        place = wanted.evaluate(_PLACE)
        if place["there"]:
            return
        if place["main"] and place["top"]:
            self._skip()
        for _ in range(_LIMIT):
            if self._step(wanted, back=place["before"])["there"]:
                return
        raise AssertionError(f"not reached by Tab: {target}")

    def _skip(self) -> None:
        """Past the navigation, by the first link of the page."""
        first = self._step(None)
        assert first.get("skip"), f"not a link past the navigation: {first}"
        self.view.keyboard.press("Enter")

    def _step(self, wanted: Any, *, back: bool = False) -> dict[str, Any]:
        self.view.keyboard.press("Shift+Tab" if back else "Tab")
        self.stops += 1
        found: dict[str, Any] = self.view.evaluate(_FOCUS, [wanted, not back])
        for fault in found["faults"]:
            self.faults.append(f"{self.view.url.split('/', 3)[3]}: {found['what']} {fault}")
        return found
