"""The sheet as PDF: PDF/UA-1, tagged for readers that speak it, the same bytes for the same result.

WeasyPrint is imported only here and only when a sheet is drawn. It reads what stands in the sheet
itself and nothing else: no file, no network.
"""

from __future__ import annotations

import io
import warnings
from base64 import b64decode
from contextlib import redirect_stdout
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any

from rearm.assessment import Assessment
from rearm.errors import RearmError
from rearm.report.sheet.contents import DecisionTold
from rearm.report.sheet.fonts import WOFF2
from rearm.report.sheet.page import sheet
from rearm.report.stamp import Stamp

if TYPE_CHECKING:
    from types import ModuleType

__all__ = ["PdfError", "check_pdf_can_be_made", "pdf_of", "sheet_pdf"]

_NO_EXTRA = (
    "A PDF needs WeasyPrint, which is not installed: `pip install 'rearm[pdf]'` installs it."
)
_NO_PANGO = (
    "A PDF needs the libraries Pango and HarfBuzz-Subset, and one is missing: install them first"
    " (Debian: `apt-get install libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0`, macOS: `brew"
    " install pango`)."
)


class PdfError(RearmError):
    """No PDF can be made here; the sentence says what to install."""


def check_pdf_can_be_made() -> None:
    """Raises PdfError where this machine can't make a PDF."""
    _weasyprint()


def sheet_pdf(
    assessment: Assessment, stamp: Stamp | None = None, decided: DecisionTold | None = None
) -> bytes:
    """The sheet of the patient as a PDF, with what the board decided. Raises PdfError where none
    can be made here.
    """
    return pdf_of(sheet(assessment, stamp, decided=decided))


def pdf_of(html: str) -> bytes:
    """The page as a PDF; what it names outside itself is refused and left out."""
    document = _weasyprint().HTML(string=html, url_fetcher=_nothing_outside())
    fonts = _weasyprint().text.fonts.FontConfiguration()
    try:
        pdf: bytes = document.write_pdf(
            font_config=fonts, pdf_variant="pdf/ua-1", finisher=_say_what_headers_head
        )
    finally:
        # it removes its folder of fonts only when it is collected, which may be never
        fonts.__del__()
    return pdf


@cache
def _weasyprint() -> ModuleType:
    # where a library or the machine's own fonts are missing it prints long texts of its own
    with redirect_stdout(io.StringIO()), warnings.catch_warnings(action="ignore"):
        try:
            import weasyprint
        except ImportError:
            raise PdfError(_NO_EXTRA) from None
        except OSError:
            raise PdfError(_NO_PANGO) from None
    # without it fonts are cut down by a program that writes the time into them
    if weasyprint.text.ffi.harfbuzz_subset is None:
        raise PdfError(_NO_PANGO)
    module: ModuleType = weasyprint
    return module


@cache
def _nothing_outside() -> Any:
    from weasyprint.urls import URLFetcher, URLFetcherResponse

    class DataOnly(URLFetcher):  # type: ignore[misc]
        """Reads `data:` and refuses every other address."""

        def fetch(self, url: str, headers: dict[str, str] | None = None) -> Any:
            if not url.startswith("data:"):
                raise ValueError(f"A sheet reads nothing outside itself: {url[:80]}")
            if url.startswith(WOFF2):
                return URLFetcherResponse(url, _unpacked(url))
            return super().fetch(url, headers)

    return DataOnly(allowed_protocols=("data",), allow_redirects=False)


@lru_cache(maxsize=2)
def _unpacked(url: str) -> bytes:
    """A font as TrueType: unpacked for each sheet anew it would take half of the time."""
    from fontTools.ttLib.woff2 import decompress

    font = io.BytesIO()
    decompress(io.BytesIO(b64decode(url.removeprefix(WOFF2))), font)
    return font.getvalue()


def _say_what_headers_head(_: Any, pdf: Any) -> None:
    """Each header of a table says whether it heads its row or its column: WeasyPrint tells it by
    references alone, which not every reader follows.
    """
    of_reference = {part.reference: part for part in pdf.objects if hasattr(part, "reference")}
    for part in pdf.objects:
        if isinstance(part, dict) and part.get("S") == "/TH":
            row = of_reference[part["P"]]
            head = of_reference[row["P"]]["S"] == "/THead"
            part["A"]["Scope"] = "/Column" if head else "/Row"
