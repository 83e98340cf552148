"""The font that the sheet brings with it: small, free, and whole enough for clinical text."""

from __future__ import annotations

import re
from base64 import b64decode
from importlib import resources
from io import BytesIO

import pytest
from fontTools.ttLib import TTFont
from scripts.subset_fonts import FONTS, RANGES
from tests.support.answered import answered

from rearm.report.sheet import sheet
from rearm.report.sheet.fonts import font_faces

FOLDER = resources.files("rearm.report").joinpath("fonts")
MOST = 60_000  # bytes a font
WRITTEN = "äöüÄÖÜßéèêçñåøÅØłŁőŐšŠžŽčČćğİı αβγδκλμΩ ≥≤≠≈±×−–—→←↑↓ ☐☑☒ ²³¹₂ °µ½‰€ “”„‘’…•"


@pytest.mark.parametrize("file", [part for _, part, _ in FONTS])
def test_each_font_is_small_and_holds_what_is_written(file: str) -> None:
    data = FOLDER.joinpath(file).read_bytes()
    assert data[:4] == b"wOF2" and len(data) < MOST
    font = TTFont(BytesIO(data))
    held = set(font.getBestCmap())
    assert {x for x in WRITTEN if ord(x) not in held} == set()
    asked = {x for low, high in RANGES for x in range(low, high + 1)}
    assert held <= asked and len(held) > 440
    assert "DejaVu" in font["name"].getDebugName(1)


def test_the_licence_lies_beside_the_fonts() -> None:
    licence = FOLDER.joinpath("LICENSE-fonts").read_text("utf-8")
    assert "DejaVu changes are in public domain" in licence
    assert "Bitstream Vera Fonts Copyright" in licence and "Arev Fonts Copyright" in licence


def test_the_fonts_stand_in_the_sheet_and_nothing_is_fetched() -> None:
    held = set(TTFont(BytesIO(FOLDER.joinpath(FONTS[0][1]).read_bytes())).getBestCmap())
    for result in answered().values():
        text = sheet(result)
        assert re.search(r"Content-Security-Policy\"\s+content=\"[^\"]*font-src data:", text)
        urls = re.findall(r"url\(([^)]*)\)", text)
        assert len(urls) == 2 and all(x.startswith('"data:font/woff2;base64,') for x in urls)
        assert {x for x in text if ord(x) not in held} <= {"\n"}
    inside = [b64decode(x) for x in re.findall(r"base64,([^\"]+)", font_faces())]
    assert inside == [FOLDER.joinpath(part).read_bytes() for _, part, _ in FONTS]
