"""Every page of the board looked at by axe-core: light, dark, and on a phone.

    python -m scripts.board_axe [--axe axe.min.js]

A board is started with the invented patients and made busy; then every link is followed, up to
three pages of each kind. Faults that axe calls serious or critical end it with 1, as does a page
that no link leads to.
"""

from __future__ import annotations

import argparse
import hashlib
import subprocess
import sys
import tarfile
import tempfile
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

from starlette.routing import compile_path
from tests.support.browser import chromium
from tests.support.busy_board import make_busy
from tests.support.running_board import running

from rearm.board.routes import ADDRESSES

AXE = "axe-core@4.14.1"
AXE_SHA256 = "e6b0ce02b84d892e2e33e403485e7f3d6c29e2be6df65daf44d89ba564139745"
OF_A_KIND = 3
NO_PAGE = (".json", ".csv", ".pdf", ".xlsx")
WAYS: dict[str, dict[str, Any]] = {
    "light": {"viewport": {"width": 1280, "height": 900}, "color_scheme": "light"},
    "dark": {"viewport": {"width": 1280, "height": 900}, "color_scheme": "dark"},
    "phone": {"viewport": {"width": 400, "height": 800}, "color_scheme": "light"},
}
BAD = ("serious", "critical")


def axe_source() -> str:
    """axe-core, fetched from the registry of packages and compared with its known hash."""
    with tempfile.TemporaryDirectory() as place:
        subprocess.run(["npm", "pack", "--silent", AXE], cwd=place, check=True, stdout=sys.stderr)
        file = next(Path(place).glob("*.tgz"))
        if hashlib.sha256(file.read_bytes()).hexdigest() != AXE_SHA256:
            raise SystemExit(f"{AXE} is not the package that was looked at before.")
        with tarfile.open(file) as packed:
            member = packed.extractfile("package/axe.min.js")
            assert member is not None
            return member.read().decode("utf-8")


def kinds() -> dict[str, Any]:
    """Of each page of the board the pattern of its addresses, in the order of the table."""
    return {
        x.path: compile_path(x.path)[0]
        for x in ADDRESSES
        if x.method == "GET" and not x.path.endswith(NO_PAGE)
    }


class Looked:
    """What axe found, by kind of page."""

    def __init__(self) -> None:
        self.pages: Counter[str] = Counter()
        self.faults: dict[str, list[str]] = defaultdict(list)
        self.passed: Counter[str] = Counter()


def look(view: Any, axe: str, kind: str, way: str, looked: Looked) -> None:
    view.evaluate(axe)
    found = view.evaluate("() => axe.run(document, {resultTypes: ['violations', 'passes']})")
    looked.passed[kind] += len(found["passes"])
    for fault in found["violations"]:
        if fault["impact"] in BAD:
            places = "; ".join(node["html"][:120] for node in fault["nodes"][:2])
            looked.faults[kind].append(f"{way}: {fault['id']} ({len(fault['nodes'])}): {places}")
    if way == "phone" and view.evaluate("document.documentElement.scrollWidth") > 400:
        looked.faults[kind].append("phone: the page is wider than the screen")


def crawl(browser: Any, link: str, axe: str) -> Looked:
    looked = Looked()
    patterns = kinds()
    context = browser.new_context()
    view = context.new_page()
    view.goto(link)
    origin = link.split("/start/")[0]
    cookies = context.cookies()
    todo = [f"{origin}/worklist", *make_busy(view, origin)]
    seen: set[str] = set()
    found: list[tuple[str, str]] = []
    while todo:
        address = todo.pop(0).split("#")[0]
        if address in seen or not address.startswith(f"{origin}/"):
            continue
        seen.add(address)
        path = address[len(origin) :].split("?")[0]
        kind = next((kind for kind, pattern in patterns.items() if pattern.match(path)), None)
        if kind is None or looked.pages[kind] >= OF_A_KIND or path.endswith(NO_PAGE):
            continue
        answer = view.goto(address)
        if answer is None or "text/html" not in answer.headers.get("content-type", ""):
            looked.pages[kind] += 1
            continue
        looked.pages[kind] += 1
        found.append((kind, address))
        todo += view.evaluate("[...document.querySelectorAll('a[href]')].map(x => x.href)")
    context.close()
    for way, options in WAYS.items():
        context = browser.new_context(**options)
        context.add_cookies(cookies)
        view = context.new_page()
        for kind, address in found:
            view.goto(address)
            look(view, axe, kind, way, looked)
        context.close()
    return looked


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="scripts.board_axe")
    parser.add_argument("--axe", type=Path, help="axe.min.js, instead of fetching it")
    given = parser.parse_args(arguments)
    axe = axe_source() if given.axe is None else given.axe.read_text(encoding="utf-8")
    with (
        tempfile.TemporaryDirectory() as place,
        running(Path(place) / "board") as link,
        chromium() as browser,
    ):
        looked = crawl(browser, link, axe)
    print("\n| page | looked at | checks passed | serious or critical |\n|---|---|---|---|")
    for kind in kinds():
        bad = len(looked.faults[kind])
        print(f"| `{kind}` | {looked.pages[kind]} | {looked.passed[kind]} | {bad} |")
    for kind, told in looked.faults.items():
        for fault in dict.fromkeys(told):
            print(f"\n{kind}: {fault}")
    unreached = [x for x in kinds() if not looked.pages[x] and x not in NO_LINK]
    for kind in unreached:
        print(f"\nNo link leads to {kind}.")
    bad, pages = sum(map(len, looked.faults.values())), sum(looked.pages.values())
    print(f"\n{bad} serious or critical faults on {pages} pages, each in {len(WAYS)} ways.")
    return 1 if bad or unreached else 0


NO_LINK = {
    "/start/{token}": "the printed link itself",
    "/static/{name}": "files of the pages",
    "/": "leads to the worklist",
    "/no-role": "of users without a role",
    "/sign-in": "of a board with sign-in",
    "/sign-in/provider": "of a board with a provider",
    "/sign-in/provider/back": "of a board with a provider",
    "/password/{token}": "a link that is given to a user",
    "/signed-out": "after the session has ended",
    "/signed-out/provider": "of a board with a provider",
    "/break-glass": "of users who sign in",
    "/launch": "for a record system",
    "/smart/callback": "for a record system",
    "/cds-services": "for a record system",
}

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
