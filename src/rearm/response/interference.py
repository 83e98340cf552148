"""Bands on immunofixation that are not the patient's clone: oligoclonal bands and therapeutic
antibodies.
"""

from __future__ import annotations

from collections.abc import Sequence

from rearm.response.visits import CourseFlag, VisitResults

__all__ = ["clone_band", "names_bands", "own_serum_ife", "own_serum_ifes"]

_HEAVY = ("igg", "iga", "igm", "igd", "ige")
_LIGHT = ("kappa", "lambda")


def clone_band(bands: tuple[str, ...], heavy: tuple[str, ...], light: str | None) -> bool | None:
    """Is the patient's own clone among the bands of an immunofixation? None where the bands or the
    clone do not tell.

    `bands` as `IgG kappa`, `IgM`, `kappa`. A band of another isotype is not the original M-protein.
    """
    if not bands or (not heavy and light is None):
        return None
    answers = [_is_clone(band, heavy, light) for band in bands]
    if True in answers:
        return True
    return None if None in answers else False


def _is_clone(band: str, heavy: tuple[str, ...], light: str | None) -> bool | None:
    """Is this one band the clone's?"""
    words = band.lower().replace("-", " ").split()
    band_heavy = next((w for w in words if w in _HEAVY), None)
    band_light = next((w for w in words if w in _LIGHT), None)
    own = {h.lower() for h in heavy} - {"none"}
    if None not in (band_light, light) and band_light != light:
        return False
    if band_heavy is not None and heavy and band_heavy not in own:
        return False
    all_named = band_light is not None and light is not None and bool(heavy)
    same_heavy = band_heavy in own if own else band_heavy is None
    return True if all_named and same_heavy else None


def names_bands(results: VisitResults) -> bool:
    """Does a serum immunofixation come with what tells whose band it is: its bands, or DIRA?"""
    return bool(results.labs["serum_immunofixation"].isotype) or "dira" in results.values


def own_serum_ife(
    results: VisitResults, heavy: tuple[str, ...], light: str | None
) -> tuple[str, CourseFlag | None]:
    """What a positive serum immunofixation that `names_bands` is for the patient's own clone, and
    what must be said of it. It counts as negative only where every band is shown not to be it.
    """
    bands = results.labs["serum_immunofixation"].isotype
    day = results.day
    if clone_band(bands, heavy, light) is False:
        text = (
            f"bands on day {day} ({', '.join(bands)}) do not belong to the original clone and "
            "are not counted"
        )
        return "negative", CourseFlag("other_bands", day, text)
    # DIRA speaks for a single IgG kappa band in IgG kappa disease; elsewhere the clone may hide
    # beside the antibody
    igg_kappa = light == "kappa" and any(h.lower() == "igg" for h in heavy)
    if results.values.get("dira") == "shifted" and igg_kappa and len(bands) <= 1:
        text = f"the band on day {day} is shifted by DIRA: it is the therapeutic antibody"
        return "negative", CourseFlag("dira_shifted", day, text)
    return "positive", None


def own_serum_ifes(
    visits: Sequence[VisitResults],
    told: Sequence[str | None],
    heavy: tuple[str, ...],
    light: str | None,
) -> list[str | None]:
    """Serum immunofixation for the patient's own clone at each visit; `told`: what was reported."""
    return [
        ife
        if ife != "positive" or not names_bands(results)
        else own_serum_ife(results, heavy, light)[0]
        for results, ife in zip(visits, told, strict=True)
    ]
