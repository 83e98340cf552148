"""The states of the worklist."""

from __future__ import annotations

from typing import Literal, get_args

__all__ = ["STATES", "State"]

State = Literal["backlog", "prepared", "scheduled", "decided", "followed_up"]
STATES: tuple[State, ...] = get_args(State)
"""In their order."""
