"""Lays out the pages of the site in `build/docs`: `docs/`, and the pages that stand in the root of
the repository, with the links between them.

python -m scripts.site_pages    # then `zensical build --strict` makes build/site of it
"""

from __future__ import annotations

import re
import shutil
from pathlib import Path, PurePosixPath

ROOT = Path(__file__).parents[1]
STAGE = ROOT / "build" / "docs"
OF_THE_ROOT = {"CHANGELOG.md": "changelog.md", "CONTRIBUTING.md": "contributing.md"}
_LINK = re.compile(r"(\]\()([^)#\s]+)((?:#[^)\s]*)?\))")


def staged(path: PurePosixPath, text: str) -> str:
    """A page of the repository with its links as the site needs them. `path`: from the root."""

    def moved(found: re.Match[str]) -> str:
        return f"{found[1]}{_target(path, found[2])}{found[3]}"

    return _LINK.sub(moved, text)


def _target(path: PurePosixPath, link: str) -> str:
    if link.startswith(("http:", "https:")):
        return link
    above = len(path.parts) - 2  # of a page of docs/: how many folders lie between it and docs/
    if path.name in OF_THE_ROOT:
        return OF_THE_ROOT.get(link, link.removeprefix("docs/"))
    climb = "../" * above
    for name, page in OF_THE_ROOT.items():
        if link == f"{climb}../{name}":
            return climb + page
    return link


def main() -> None:
    shutil.rmtree(STAGE, ignore_errors=True)
    shutil.copytree(ROOT / "docs", STAGE)
    for page in STAGE.rglob("*.md"):
        path = PurePosixPath("docs", *page.relative_to(STAGE).parts)
        page.write_text(staged(path, page.read_text("utf-8")), "utf-8")
    for name, page_name in OF_THE_ROOT.items():
        text = staged(PurePosixPath(name), (ROOT / name).read_text("utf-8"))
        (STAGE / page_name).write_text(text, "utf-8")
    print(f"{sum(1 for _ in STAGE.rglob('*.md'))} pages in {STAGE.relative_to(ROOT)}.")


if __name__ == "__main__":
    main()
