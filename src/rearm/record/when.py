"""A day of the patient's own axis, as far as it is known."""

from __future__ import annotations

from dataclasses import dataclass, field

__all__ = ["UNKNOWN_WHEN", "When"]


@dataclass(frozen=True, slots=True)
class When:
    """A day, or the interval of days that the input allows. `None` on a side means that this side
    is open.

    `When(5, 5)` is day 5; `When(None, -1)` is "some day before 0"; `When(None, None)` is "no day is
    known". `first` and `last`: the days of the patient's axis between which it lies. `stated`:
    where a day stands for an interval that it was taken from, that interval; it is what is shown.

    >>> from rearm.record import When
    >>> june = When(150, 179)
    >>> june.day is None, june.before(When.on(200)), june.before(When.on(160))
    (True, True, None)
    """

    first: int | None = None
    last: int | None = None
    stated: When | None = field(default=None, compare=False, repr=False)

    @classmethod
    def on(cls, day: int, *, stated: When | None = None) -> When:
        return cls(day, day, stated)

    @property
    def day(self) -> int | None:
        """The day where it is exact, else None."""
        return self.first if self.first is not None and self.first == self.last else None

    def before(self, other: When) -> bool | None:
        """True or False where the order is certain; None where intervals overlap or are open."""
        if self.last is not None and other.first is not None and self.last < other.first:
            return True
        if self.first is not None and other.last is not None and self.first >= other.last:
            return False
        return None

    def __str__(self) -> str:
        if self.stated is not None:
            return str(self.stated)
        if self.day is not None:
            return f"day {self.day}"
        if self.first is None and self.last is None:
            return "day unknown"
        return (
            f"between day {'?' if self.first is None else self.first} and day"
            f" {'?' if self.last is None else self.last}"
        )


UNKNOWN_WHEN = When()
