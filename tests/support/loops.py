"""A loop in a test must not pass because there was nothing to loop over."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeVar

__all__ = ["some"]

T = TypeVar("T")


def some(things: Iterable[T]) -> list[T]:
    """The things as a list; fails where there are none."""
    found = list(things)
    assert found, "there is nothing to loop over"
    return found
