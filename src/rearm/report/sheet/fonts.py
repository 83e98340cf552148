"""The font that the sheet brings with it, so that one page is one page on every machine."""

from __future__ import annotations

from base64 import b64encode
from functools import cache
from importlib import resources

__all__ = ["WOFF2", "font_faces"]

WOFF2 = "data:font/woff2;base64,"

_FILES = {400: "dejavu-sans-condensed.woff2", 700: "dejavu-sans-condensed-bold.woff2"}


@cache
def font_faces() -> str:
    """The rules of CSS that define the family `Rearm Sheet`; the fonts stand in them."""
    folder = resources.files("rearm.report").joinpath("fonts")
    return "".join(
        f'@font-face {{ font-family: "Rearm Sheet"; font-weight: {weight};'
        f' src: url("{WOFF2}{_base64(folder.joinpath(file).read_bytes())}")'
        ' format("woff2"); }\n'
        for weight, file in _FILES.items()
    )


def _base64(data: bytes) -> str:
    return b64encode(data).decode("ascii")
