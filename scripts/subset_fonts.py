"""The font of the sheet: DejaVu Sans Condensed 2.37, regular and bold, cut down to the characters
that clinical text in Latin script needs, as WOFF2.

    python -m scripts.subset_fonts [FOLDER]

FOLDER holds the whole fonts (Debian: fonts-dejavu-extra). Needs fontTools and Brotli, which come
with the extra `pdf`. The same fonts give the same bytes, and another version is refused.
"""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path

from fontTools.subset import Options, Subsetter, load_font, save_font

FOLDER = Path("/usr/share/fonts/truetype/dejavu")
TO = Path(__file__).parents[1] / "src" / "rearm" / "report" / "fonts"
# the whole font, what is made of it, and the start of its hash
FONTS = (
    ("DejaVuSansCondensed.ttf", "dejavu-sans-condensed.woff2", "2d8aa290adcf1ebc"),
    ("DejaVuSansCondensed-Bold.ttf", "dejavu-sans-condensed-bold.woff2", "6d2f2481e2aae944"),
)
# Latin with its diacritics, Greek, punctuation, raised and lowered digits, arrows, signs of
# comparison, boxes of a checklist
RANGES = (
    (0x20, 0x7E),
    (0xA0, 0x17F),
    (0x218, 0x21B),
    (0x391, 0x3A9),
    (0x3B1, 0x3C9),
    (0x1E9E, 0x1E9E),
    (0x2002, 0x200A),
    (0x2010, 0x2015),
    (0x2018, 0x201E),
    (0x2020, 0x2022),
    (0x2026, 0x2026),
    (0x202F, 0x202F),
    (0x2030, 0x2030),
    (0x2032, 0x2033),
    (0x2039, 0x203A),
    (0x2044, 0x2044),
    (0x2070, 0x2070),
    (0x2074, 0x207E),
    (0x2080, 0x208E),
    (0x20AC, 0x20AC),
    (0x2122, 0x2122),
    (0x2126, 0x2126),
    (0x2190, 0x2195),
    (0x21D2, 0x21D2),
    (0x2212, 0x2212),
    (0x221A, 0x221A),
    (0x221E, 0x221E),
    (0x2248, 0x2248),
    (0x2260, 0x2260),
    (0x2264, 0x2265),
    (0x25A0, 0x25A1),
    (0x2610, 0x2612),
    (0x2713, 0x2713),
    (0xFFFD, 0xFFFD),
)


def main(folder: Path = FOLDER) -> None:
    for whole, part, known in FONTS:
        found = hashlib.sha256((folder / whole).read_bytes()).hexdigest()
        if not found.startswith(known):
            sys.exit(
                f"{folder / whole} is not the one of DejaVu 2.37 that the sheet is laid out in."
            )
        options = Options(
            flavor="woff2",
            hinting=False,
            drop_tables=["FFTM"],  # when a font editor touched the font
            layout_features=["kern", "liga", "mark", "mkmk", "ccmp", "locl"],
        )
        font = load_font(str(folder / whole), options)
        cutter = Subsetter(options)
        cutter.populate(unicodes=[x for low, high in RANGES for x in range(low, high + 1)])
        cutter.subset(font)
        save_font(font, str(TO / part), options)
        print(f"{TO / part}: {(TO / part).stat().st_size} bytes")


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
