"""A pause of garbage collection, the search for circles among objects."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["no_collection"]


@contextmanager
def no_collection() -> Iterator[None]:
    """Without the search, inside of a batch: rows, records and results hold no circles, and it
    would pass over hundreds of thousands of them again and again while they grow.
    """
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()
