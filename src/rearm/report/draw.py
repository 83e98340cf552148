"""The one door to drawing: a Vega-Lite specification becomes an SVG text, offline.

vl-convert is imported only here and only when something is drawn: it brings its own engine and
fonts, and needs no network.
"""

from __future__ import annotations

import re
from typing import Any

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

CONFIG: Spec = {
    "font": "DejaVu Sans, Helvetica, Arial, sans-serif",
    "background": "#ffffff",
    "view": {"stroke": LIGHT},
    "axis": {
        "labelColor": INK, "titleColor": INK, "gridColor": "#eef1f4", "domainColor": GREY, "tickColor": GREY,
        "labelFontSize": 11, "titleFontSize": 11, "titleFontWeight": "normal",
    },
    "legend": {"labelFontSize": 11, "titleFontSize": 11, "labelColor": INK, "titleColor": INK},
    "title": {"anchor": "start", "fontSize": 12, "fontWeight": "bold", "color": INK},
}  # fmt: skip


def svg(spec: Spec, *, label: str) -> str:
    """The picture as SVG markup with `label` as its name for screen readers; deterministic for the
    same specification.
    """
    import vl_convert

    whole = {"$schema": "https://vega.github.io/schema/vega-lite/v6.json", "config": CONFIG, **spec}
    markup: str = vl_convert.vegalite_to_svg(vl_spec=whole, allowed_base_urls=[])
    title = (
        label.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace('"', "&quot;")
    )
    return re.sub(r"<svg ", f'<svg role="img" aria-label="{title}" ', markup, count=1)


def png(spec: Spec, *, scale: float = 2.0) -> bytes:
    """The same picture as PNG, for documents that need one."""
    import vl_convert

    whole = {"$schema": "https://vega.github.io/schema/vega-lite/v6.json", "config": CONFIG, **spec}
    picture: bytes = vl_convert.vegalite_to_png(vl_spec=whole, scale=scale, allowed_base_urls=[])
    return picture
