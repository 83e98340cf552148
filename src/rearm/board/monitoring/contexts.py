"""What a program that watches the board is told."""

from __future__ import annotations

import msgspec

__all__ = ["Alive", "DatabaseState", "Ready", "Reports", "SelfTest"]


class Alive(msgspec.Struct, frozen=True, kw_only=True):
    """The process answers."""

    alive: bool = True


class DatabaseState(msgspec.Struct, frozen=True, kw_only=True):
    """`revision`: the last step of its tables, empty where it does not answer; `expected`: that of
    this version.
    """

    ok: bool
    revision: str
    expected: str


class SelfTest(msgspec.Struct, frozen=True, kw_only=True):
    """`passed_at`: when this installation gave the known answers; empty where it was not asked."""

    ok: bool
    passed_at: str


class Reports(msgspec.Struct, frozen=True, kw_only=True):
    """Reports that wait to be printed: how many, and for how many seconds the first of them."""

    waiting: int
    longest_seconds: int


class Ready(msgspec.Struct, frozen=True, kw_only=True):
    """Whether requests can be answered. `processes`: each child process by its work, False where
    a piece of work has outlasted its limit. `reports`: None where the database does not answer.
    """

    ready: bool
    version: str
    database: DatabaseState
    self_test: SelfTest
    processes: dict[str, bool]
    reports: Reports | None
