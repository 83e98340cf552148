"""The sentences of a response course, made last and only where they are asked for.

Whatever decides is a code with its parameters, a `Because`: `("serum", name, value, baseline)`.
Nothing in this room reads a sentence back.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, Literal

from rearm.interval import Interval, Undetected
from rearm.knowledge.lab_tests import load_tests
from rearm.record import Imaging

__all__ = [
    "Because",
    "CrCondition",
    "missing_words",
    "reason_words",
    "test_name",
    "unusable_words",
    "value_words",
]

# what CR and sCR ask for beside the fall of the M-protein
CrCondition = Literal["serum_ife", "urine_ife", "marrow", "lesions", "flc_ratio", "clonality"]
# a code, then the parameters of its sentence
Because = tuple[Any, ...]


def reason_words(because: Because) -> str:
    """Why a level, or a criterion of progression, was given."""
    return _REASONS[because[0]](*because[1:])


def test_name(test: str) -> str:
    """The name of a laboratory test; the id itself where the bundled dictionary lacks it."""
    known = load_tests().get(test)
    return test if known is None else known.name


def missing_words(gap: Because) -> str:
    """What would have been needed."""
    return _MISSING[gap[0]](*gap[1:])


def unusable_words(why: Because) -> str:
    """Why a result that is there was not used."""
    return _UNUSABLE[why[0]](*why[1:])


# ---- levels ----------------


def value_words(value: Interval) -> str:
    """As `str`, quicker for the many values that are exact; with both ends where there are two."""
    if value.low == value.high:
        return f"{value.low:g}"
    between = value.low > 0 and value.high < math.inf
    return f"{value.low:g} to {value.high:g}" if between else str(value)


def _serum(name: str, value: Interval, base: Interval) -> str:
    amount, fall = _with_unit(value, "g/dL"), _fall(value, base)
    return f"{name} {amount}, {fall} from {value_words(base)} at baseline"


def _urine(value: Interval, base: Interval) -> str:
    amount, fall = _with_unit(value, "mg/24h"), _fall(value, base)
    return f"urine M-protein {amount}, {fall} from {value_words(base)} at baseline"


def _flc(value: Interval, base: Interval) -> str:
    amount, fall = _with_unit(value, "mg/dL"), _fall(value, base)
    return f"dFLC {amount}, {fall} from {value_words(base)} at baseline"


def _with_unit(value: Interval, unit: str) -> str:
    return str(value) if isinstance(value, Undetected) else f"{value_words(value)} {unit}"


def _marrow(day: int, value: Interval, base: Interval) -> str:
    return (
        f"marrow plasma cells {value} % on day {day}, {_fall(value, base)} from {base} at baseline"
    )


def _lesions(now: float, base: float) -> str:
    fall = _fall(Interval.of(now), Interval.of(base))
    return f"sum of products {now:g} mm2, {fall} from {base:g} at baseline"


def _fall(value: Interval, base: Interval) -> str:
    """Counted as the criteria count it: from the lowest baseline to the highest value."""
    if isinstance(value, Undetected):
        return "down"
    if base.low <= 0 or math.isinf(value.high):
        return "no fall to count"
    percent = 100 * (base.low - value.high) / base.low
    return f"{percent:.1f} % down" if percent >= 0 else f"{-percent:.1f} % up"


def _absent(unusable: bool, words: str = "was not measured") -> str:
    """A result that is there and was set aside is not one that was never taken."""
    return "its result could not be used" if unusable else words


_CONDITIONS: dict[CrCondition, str] = {
    "serum_ife": "serum immunofixation",
    "urine_ife": "urine immunofixation",
    "marrow": "marrow plasma cells",
    "lesions": "lesions",
    "flc_ratio": "FLC ratio",
    "clonality": "marrow clonality",
}


def _cr_incomplete(unknown: tuple[CrCondition, ...]) -> str:
    named = ", ".join(_CONDITIONS[x] for x in unknown)
    return f"would be CR, but {named} {'is' if len(unknown) == 1 else 'are'} unknown"


def _cr(marrow_limit: float, marrow_day: int | None) -> str:
    return (
        "immunofixation of serum and urine negative, marrow below"
        f" {marrow_limit:g} %{_of_day(marrow_day)}, no plasmacytoma"
    )


def _of_day(marrow_day: int | None) -> str:
    return "" if marrow_day is None else f" (marrow of day {marrow_day})"


_PARAMETERS = {
    "serum": "the serum M-protein",
    "urine": "the urine M-protein",
    "flc": "the light chains",
    "marrow": "the marrow",
    "plasmacytoma": "the plasmacytomas",
}


def _is_are(names: tuple[str, ...]) -> str:
    return "is" if len(names) == 1 and names[0] in ("serum", "urine", "marrow") else "are"


# ---- progression ----------------


def _rise(nadir: Interval, value: Interval) -> str:
    """By how much it rose, in brackets; of bounds the least, and no share of what is not known."""
    if isinstance(nadir, Undetected):
        return ""
    if nadir.exact is None or value.exact is None:
        return f" (at least +{round(value.low - nadir.high, 9):g})"
    if nadir.high <= 0:
        return f" (+{value.low:g} from nothing)"
    rise = value.low - nadir.high
    return f" (+{round(rise, 9):g}, +{100 * rise / nadir.high:.0f} %)"


def _from_to(name: str, nadir: Interval, value: Interval, unit: str) -> str:
    if nadir.exact is None or value.exact is None:
        return f"{name} from {_between(nadir)} to {_between(value)} {unit}{_rise(nadir, value)}"
    return f"{name} {value_words(nadir)} to {value_words(value)} {unit}{_rise(nadir, value)}"


def _between(value: Interval) -> str:
    """Both ends where there are two, to stand beside `to`."""
    if 0 < value.low < value.high < math.inf:
        return f"between {value.low:g} and {value.high:g}"
    return value_words(value)


def _serum_high_nadir(name: str, nadir: Interval, value: Interval, limit: float) -> str:
    rise = f"{name} {value_words(nadir)} to {value_words(value)} g/dL"
    return f"{rise}, the nadir being at least {limit:g}"


def _new_lesion(row: Imaging, came_back: bool, biopsied: bool) -> str:
    what = "recurred" if came_back else "is new"
    return f"{called(row)} {what}{', plasma cells on biopsy' if biopsied else ''}"


def called(row: Imaging) -> str:
    """The lesion of a row in words: `plasmacytoma L1 (liver)`."""
    kind = {
        "bone": "bone lesion",
        "plasmacytoma": "plasmacytoma",
        "extramedullary": "extramedullary lesion",
        "paraskeletal": "paraskeletal lesion",
    }.get(row.kind or "", "lesion")
    name = f" {row.lesion}" if row.lesion else ""
    return f"{kind}{name}{f' ({row.site})' if row.site else ''}"


_REASONS: dict[str, Callable[..., str]] = {
    "progression": lambda met: "; ".join([x.text for x in met]),
    "vague-days": lambda responses: (
        f"{' or '.join(responses)}, depending on results that are not exact"
    ),
    "no-baseline": lambda: "no value before the start for comparison",
    "measurability": lambda names: (
        f"it is unknown whether {' and '.join(_PARAMETERS[n] for n in names)} {_is_are(names)} "
        "measurable at baseline, and the response depends on it"
    ),
    "said": lambda text: str(text),
    "serum": _serum,
    "serum-by-immunofixation": lambda name: f"{name} not quantified, immunofixation negative",
    "serum-absent": lambda name, unusable: f"{name} is measurable, but {_absent(unusable)}",
    "urine": _urine,
    "urine-by-immunofixation": lambda: (
        "urine M-protein not quantified, urine immunofixation negative"
    ),
    "urine-absent": lambda unusable: f"urine M-protein is measurable, but {_absent(unusable)}",
    "urine-cap": lambda value: f"urine M-protein {value} mg/24h",
    "urine-cap-not-below": lambda value, limit: (
        f"urine M-protein {value} mg/24h, not below {limit:g}"
    ),
    "urine-cap-absent": lambda unusable: (
        f"urine: {_absent(unusable, 'not collected')}, so PR at most"
    ),
    "flc": _flc,
    "flc-absent": lambda unusable: (
        f"free light chains, the only measurable parameter: {_absent(unusable, 'not measured')}"
    ),
    "marrow": _marrow,
    "marrow-absent": lambda unusable: (
        f"marrow, the only measurable parameter: {_absent(unusable, 'not examined')}"
    ),
    "lesions": _lesions,
    "lesions-unread": lambda unread: f"plasmacytomas: the {unread} could not be read",
    "lesions-not-imaged": lambda: "plasmacytomas were not imaged since baseline",
    "lesions-gone": lambda: "no plasmacytoma left",
    "lesions-unmeasured": lambda: "plasmacytomas are present but their size is unknown",
    "none-only-lesions": lambda: "only the plasmacytomas can be followed",
    "none-unusable": lambda: "no disease result could be used",
    "none-measured": lambda: "nothing was measured",
    "none-no-pr-by-lesions": lambda: (
        "only plasmacytomas can be followed, and they alone do not establish a partial response "
        "(A12)"
    ),
    "none-measurable": lambda: (
        "nothing is measurable at baseline, so a partial response cannot be established (A12)"
    ),
    "ife-positive": lambda: "immunofixation positive",
    "cr-incomplete": _cr_incomplete,
    "cr": _cr,
    "scr": lambda marrow_day: (
        f"CR{_of_day(marrow_day)} with normal FLC ratio and no clonal marrow cells"
    ),
    "serum-rise": lambda name, nadir, value: _from_to(name, nadir, value, "g/dL"),
    "serum-rise-high-nadir": _serum_high_nadir,
    "urine-rise": lambda nadir, value: _from_to("urine M-protein", nadir, value, "mg/24h"),
    "dflc-rise": lambda nadir, value: _from_to("dFLC", nadir, value, "mg/dL"),
    "marrow-rise": lambda nadir, value: (
        f"marrow plasma cells {value_words(nadir)} to {value_words(value)} %"
    ),
    "circulating-rise": lambda nadir, value: (
        f"circulating plasma cells {value_words(nadir)} to {value_words(value)} per uL"
    ),
    "new-lesion": _new_lesion,
    "new-lesion-still-there": lambda row, since: f"{called(row)}, new since {since}, still present",
    "new-lesion-not-examined": lambda name: f"{name}, new and not examined again",
    "lesion-longer": lambda name, nadir, longest: (
        f"longest diameter of {name} {nadir:g} to {longest:g} mm"
    ),
    "lesions-larger": lambda count, nadir, now: (
        f"sum of products of {count} lesions {nadir:g} to {now:g} mm2"
    ),
    "calcium": lambda value: f"corrected calcium {value:g} mg/dL, due to myeloma",
}

_MISSING: dict[str, Callable[..., str]] = {
    "unusable": lambda test, day, why: (
        f"{test_name(test)} of day {day} is on record but could not be used"
        f" ({unusable_words(why).rstrip('.')})"
    ),
    "serum": lambda name: str(name),
    "exact": lambda name, value: f"an exact {name} (only {value_words(value)} is known)",
    "urine": lambda: "24-hour urine M-protein",
    "urine-cap": lambda: "urine M-protein and immunofixation (urine not collected: at most PR)",
    "flc": lambda: "kappa and lambda free light chains",
    "marrow": lambda: "marrow plasma cells",
    "lesions": lambda: "imaging of the plasmacytomas since baseline",
    "lesions-unread": lambda unread: f"a readable result of the {unread}",
    "lesions-size": lambda: "size of the plasmacytomas",
    "anything": lambda: "any disease result",
    "for-cr": lambda what: f"{_CONDITIONS[what]} (for CR)",
    "lesions-unread-for-cr": lambda what: f"a readable result of the {what} (for CR)",
    "for-scr": lambda what: f"{_CONDITIONS[what]} (for sCR)",
}

_UNUSABLE: dict[str, Callable[..., str]] = {
    "set-aside": lambda said: said or "could not be used",
    "negative": lambda: "negative value",
    "two-results": lambda: "two results on one day",
    "ratio": lambda: "chains contradict the reported ratio",
}
