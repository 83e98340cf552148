"""The days within which the doses of one product are one split infusion."""

from __future__ import annotations

from rearm.knowledge.bundle import bundled

__all__ = ["split_infusion_days"]


def split_infusion_days() -> int:
    """By the criteria as they stand in the bundle."""
    within: int = bundled().table("criteria.toml")["settings"]["split_infusion_days"]["value"]
    return within
