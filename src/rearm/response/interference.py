"""Bands on immunofixation that are not the patient's clone: oligoclonal bands and therapeutic
antibodies (section 10).
"""

from __future__ import annotations

from rearm.response.measurable import word
from rearm.response.visits import Assessment, Flag

__all__ = ["clone_band", "own_serum_ife"]


def clone_band(bands: tuple[str, ...], heavy: tuple[str, ...], light: str | None) -> bool | None:
    """Is the patient's own clone among the bands of an immunofixation? None where the bands or the
    clone do not tell.

    `bands` as `IgG kappa`, `IgM`, `kappa`. A band of another isotype is not the original M-protein.
    """
    own = {h.lower() for h in heavy if h.lower() != "none"}
    if not bands or (not heavy and light is None):
        return None
    unsure = False
    for band in bands:
        words = band.lower().replace("-", " ").split()
        band_heavy = next((w for w in words if w in ("igg", "iga", "igm", "igd", "ige")), None)
        band_light = next((w for w in words if w in ("kappa", "lambda")), None)
        if (band_light and light and band_light != light) or (
            band_heavy and heavy and band_heavy not in own
        ):
            continue
        if band_light and light and heavy and (band_heavy in own if own else band_heavy is None):
            return True
        unsure = True
    return None if unsure else False


def own_serum_ife(
    a: Assessment, heavy: tuple[str, ...], light: str | None, flags: list[Flag]
) -> str | None:
    """Serum immunofixation for the patient's own clone. A positive one counts as negative only
    where every band is shown not to be it.
    """
    ife = word(a.got.get("serum_immunofixation"))
    if ife != "positive":
        return ife
    bands = a.labs["serum_immunofixation"].isotype
    if clone_band(bands, heavy, light) is False:
        flags.append(
            Flag(
                "other_bands",
                a.day,
                f"bands on day {a.day} ({', '.join(bands)}) are not of the original clone and do"
                " not count",
            )
        )
        return "negative"
    # DIRA speaks for a single IgG kappa band in IgG kappa disease; elsewhere the clone may hide
    # beside the antibody
    igg_kappa = light == "kappa" and "igg" in {h.lower() for h in heavy}
    if a.got.get("dira") == "shifted" and igg_kappa and len(bands) <= 1:
        flags.append(
            Flag(
                "dira_shifted",
                a.day,
                f"the band on day {a.day} is shifted by DIRA: it is the therapeutic antibody",
            )
        )
        return "negative"
    return ife
