"""The one door to drawing: a Vega-Lite specification becomes an SVG text, offline.

vl-convert is imported only here and only when something is drawn: it brings its own engine and
fonts, and needs no network.
"""

from __future__ import annotations

import re
from functools import cache
from importlib.util import find_spec
from typing import Any

from rearm.characters import replaced

__all__ = [
    "BLUE",
    "CONFIG",
    "GREEN",
    "GREY",
    "INK",
    "LIGHT",
    "NO_PICTURES",
    "ORANGE",
    "PURPLE",
    "RED",
    "SKY",
    "YELLOW",
    "Spec",
    "can_draw",
    "png",
    "svg",
]

Spec = dict[str, Any]

# Colours that stay apart for colour-blind readers and in grey print (Okabe and Ito).
INK, GREY, LIGHT = "#1f2933", "#7b8794", "#dfe4ea"
BLUE, ORANGE, GREEN, RED, PURPLE, SKY, YELLOW = (
    "#0072b2",
    "#e69f00",
    "#009e73",
    "#d55e00",
    "#a05195",
    "#56b4e9",
    "#c9a400",
)

FONT = "DejaVu Sans, Helvetica, Arial, sans-serif"
# Measuring texts is most of the time that a picture takes, and the engine measures its own font, a
# little narrower than FONT, twice as fast as one of the machine.
_QUICK_FONT = "sans-serif"
CONFIG: Spec = {
    "font": FONT,
    "background": "#ffffff",
    "view": {"stroke": LIGHT},
    "axis": {
        "labelColor": INK, "titleColor": INK, "gridColor": "#eef1f4",
        "domainColor": GREY, "tickColor": GREY,
        "labelFontSize": 11, "titleFontSize": 10, "titleFontWeight": "normal", "titlePadding": 10,
    },
    "legend": {"labelFontSize": 11, "titleFontSize": 11, "labelColor": INK, "titleColor": INK},
    "title": {"anchor": "start", "fontSize": 12, "fontWeight": "bold", "color": INK},
}  # fmt: skip


NO_PICTURES = "Pictures are left out: the extra `pictures` of Rearm is not installed."


@cache
def can_draw() -> bool:
    """Whether the extra `pictures` is installed."""
    return find_spec("vl_convert") is not None


def _drawable(part: Any) -> Any:
    # at a character that XML 1.0 has no place for the engine would end the whole process
    if isinstance(part, str):
        return replaced(part)
    if isinstance(part, dict):
        return {replaced(key): _drawable(value) for key, value in part.items()}
    return [_drawable(x) for x in part] if isinstance(part, list | tuple) else part


def _whole(spec: Spec, font: str = FONT) -> Spec:
    schema = "https://vega.github.io/schema/vega-lite/v6.json"
    whole: Spec = _drawable({"$schema": schema, "config": {**CONFIG, "font": font}, **spec})
    return whole


def svg(spec: Spec, *, label: str, quick: bool = False) -> str:
    """The picture as SVG markup with `label` as its name for screen readers; deterministic for the
    same specification. `quick`: in two thirds of the time, with room for texts measured roughly.
    """
    import vl_convert

    whole = _whole(spec, _QUICK_FONT if quick else FONT)
    markup: str = vl_convert.vegalite_to_svg(vl_spec=whole, allowed_base_urls=[])
    title = (
        replaced(label)
        .replace("&", "&amp;")
        .replace("<", "&lt;")
        .replace(">", "&gt;")
        .replace('"', "&quot;")
    )
    root = f'<svg role="img" aria-label="{title}" font-family="{FONT}" '
    return _slim(markup).replace("<svg ", root, 1)


# attributes that say what holds anyway: the root is one image with one name, and names the font
_NEEDLESS = re.compile(
    r' (?:aria-(?:roledescription|label|hidden)|pointer-events|role|font-family|class)="[^"]*"'
    r'|(?<!-) opacity="1"| fill-opacity="1"| stroke-width="1"(?=[ /])| [xy]2="0"'
    r'| transform="translate\(0,0\)"'
)
_EMPTY = re.compile(r'<path [^>]*(?:display="none"| d="M0,0h0v0h0Z")[^>]*/>|<g/>')
_LONG_NUMBER = re.compile(r"(-?\d+\.\d)\d+")


def _slim(markup: str) -> str:
    """Coordinates to a tenth of a point, nothing empty, nothing needless: half the size."""
    return _LONG_NUMBER.sub(r"\1", _NEEDLESS.sub("", _EMPTY.sub("", markup)))


def png(spec: Spec, *, scale: float = 2.0) -> bytes:
    """The same picture as PNG, for documents that need one."""
    import vl_convert

    whole = _whole(spec)
    picture: bytes = vl_convert.vegalite_to_png(vl_spec=whole, scale=scale, allowed_base_urls=[])
    return picture
