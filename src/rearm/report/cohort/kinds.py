"""Which tables and figures of the report are left out together.

Where one is left out, a reader knows that it differs in a few patients. All that are made of the
same patients are left out with it, so that he doesn't know in what.
"""

from __future__ import annotations

__all__ = ["of_one_kind"]

_KINDS = (
    frozenset(
        {
            "states",
            "pfs_product",
            "os_product",
            "progression",
            "progression_results",
            "progression_team",
        }
    ),
    frozenset({"os_failure", "to_salvage", "os_landmark_30", "os_landmark_60", "os_landmark_90"}),
    frozenset({"pfs_strategy", "os_strategy", "os_second_cart", "adjusted"}),
    frozenset({"kinds", "causes", "never_done"}),
    frozenset({"first_salvage", "responses", "sequences", "tiers"}),
    frozenset({"agreement", "progression_days"}),
)


def of_one_kind(close: frozenset[str]) -> frozenset[str]:
    """These tables and figures, with all others of their kinds."""
    return close.union(*(kind for kind in _KINDS if kind & close))
