"""From parsed TOML or JSON to typed tables, with a sentence for whatever does not fit.

One reader for both: the TOML as it is written and the JSON copy of the cache are built, and thereby
checked, in the same way.
"""

from __future__ import annotations

import types
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import MISSING, fields, is_dataclass
from datetime import date, datetime, time
from functools import cache
from typing import Any, Literal, TypeVar, Union, cast, get_args, get_origin, get_type_hints

from rearm.errors import RearmError, meant

__all__ = ["KnowledgeError", "build", "shown"]

Reader = Callable[[Any, str], Any]
_T = TypeVar("_T")


class KnowledgeError(RearmError):
    """Knowledge that can't be used. `problems` holds one sentence for each thing that is wrong.

    >>> import rearm
    >>> try:
    ...     rearm.load_knowledge("examples")
    ... except rearm.KnowledgeError as error:
    ...     print(len(error.problems) > 0)
    True
    """

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = tuple(problems)

    def __reduce__(self) -> tuple[type[KnowledgeError], tuple[tuple[str, ...]]]:
        return KnowledgeError, (self.problems,)  # it crosses from one process to another


def build(cls: type[_T], row: Any, where: str) -> _T:
    """`row` as a `cls`; `where` names the table in a complaint.

    A field `from_` is the key `from`; a field with another key names it in its metadata (`key`), as
    TOML writes `[[rule]]` for each of the `rules`. Raises KnowledgeError for unknown or missing
    keys and for values of another type.
    """
    made: _T = _dataclass_reader(cast(Hashable, cls))(row, where)
    return made


@cache
def _dataclass_reader(cls: Any) -> Reader:
    hints = get_type_hints(cls)
    keys = {f.name: f.metadata.get("key", f.name.rstrip("_")) for f in fields(cls) if f.init}
    known = {key: (name, _reader(hints[name])) for name, key in keys.items()}
    needed = {
        keys[f.name]
        for f in fields(cls)
        if f.init and f.default is MISSING and f.default_factory is MISSING
    }
    plurals = {name: key for name, key in keys.items() if name.rstrip("_") != key}

    def read(row: Any, where: str) -> Any:
        if not isinstance(row, Mapping):
            raise KnowledgeError([f"{where}: a table is expected, not {shown(row)}."])
        if plural := sorted(row.keys() & plurals.keys()):
            raise KnowledgeError(
                [
                    f"{where}: {name} is not used here. Write {plurals[name]}, once for each entry."
                    for name in plural
                ]
            )
        if unknown := row.keys() - known.keys():
            hint = "".join(meant(key, known) for key in sorted(unknown))
            raise KnowledgeError(
                [
                    f"{where}: unknown key {', '.join(sorted(unknown))}; allowed:"
                    f" {', '.join(sorted(known))}.{hint}"
                ]
            )
        if missing := needed - row.keys():
            raise KnowledgeError([f"{where}: {', '.join(sorted(missing))} is missing. Add it."])
        return cls(
            **{known[key][0]: known[key][1](value, f"{where}, {key}") for key, value in row.items()}
        )

    return read


def _reader(hint: Any) -> Reader:
    if hint in _SCALARS:
        return _SCALARS[hint]
    origin, args = get_origin(hint), get_args(hint)
    if origin in (Union, types.UnionType):
        (inner,) = (a for a in args if a is not type(None))
        return _reader(inner)  # neither TOML nor the cache writes a null: an absent key is the None
    if origin is Literal:
        return _one_of(args)
    if origin is tuple:
        return _sequence(_reader(args[0]))
    if origin in (dict, Mapping):
        return _table(_reader(args[1]))
    if is_dataclass(hint) and isinstance(hint, type):
        return _dataclass_reader(hint)
    raise TypeError(f"no reader for {hint}")


def _one_of(allowed: tuple[Any, ...]) -> Reader:
    def read(value: Any, where: str) -> Any:
        if value not in allowed:
            raise KnowledgeError(
                [
                    f"{where}: {shown(value)} is not one of"
                    f" {', '.join(map(str, allowed))}.{meant(str(value), map(str, allowed))}"
                ]
            )
        return value

    return read


def _sequence(inner: Reader) -> Reader:
    def read(value: Any, where: str) -> Any:
        if not isinstance(value, Sequence) or isinstance(value, str):
            raise KnowledgeError(
                [f"{where}: a list is expected, not {shown(value)}. Put it between [ and ]."]
            )
        return tuple(
            inner(x, where if len(value) == 1 else f"{where} {_name(x, i)}")
            for i, x in enumerate(value, 1)
        )

    return read


def _name(value: Any, place: int) -> str:
    """An entry of a list by its id where it has one, else by its place, from 1."""
    return str(value.get("id", place)) if isinstance(value, Mapping) else str(place)


def _table(inner: Reader) -> Reader:
    def read(value: Any, where: str) -> Any:
        if not isinstance(value, Mapping):
            raise KnowledgeError([f"{where}: a table is expected, not {shown(value)}."])
        return {key: inner(x, f"{where}, {key}") for key, x in value.items()}

    return read


_BARE = "Write it without quotation marks and without a unit."


def _exactly(kind: type, name: str, advice: str) -> Reader:
    def read(value: Any, where: str) -> Any:
        if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
            raise KnowledgeError([f"{where}: {name} is expected, not {shown(value)}. {advice}"])
        return value

    return read


def _number(value: Any, where: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise KnowledgeError([f"{where}: a number is expected, not {shown(value)}. {_BARE}"])
    return float(value)


def _day(value: Any, where: str) -> date:
    if isinstance(value, date) and not isinstance(value, datetime):
        return value
    try:
        return date.fromisoformat(value)
    except (TypeError, ValueError):
        raise KnowledgeError(
            [f"{where}: a date such as 2024-03-31 is expected, not {shown(value)}."]
        ) from None


def _scalar(value: Any, where: str) -> bool | float | int | str:
    if isinstance(value, bool | float | int | str):
        return value
    advice = " Put a date in quotation marks." if isinstance(value, date | time) else ""
    raise KnowledgeError(
        [f"{where}: a text, a number, true or false is expected, not {shown(value)}.{advice}"]
    )


def _anything(value: Any, where: str) -> Any:
    return value


_SCALARS: dict[Any, Reader] = {
    str: _exactly(str, "text", "Put it in quotation marks."),
    int: _exactly(int, "a whole number", _BARE),
    bool: _exactly(bool, "true or false", "Write it without quotation marks."),
    float: _number,
    date: _day,
    Any: _anything,
    bool | float | int | str: _scalar,
}


def shown(value: Any) -> str:
    """What was read, for a sentence: as a person writes it, shortened."""
    text = str(value) if isinstance(value, date | time) else repr(value)
    return text if len(text) <= 60 else text[:59] + "…"
