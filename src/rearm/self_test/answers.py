"""The invented patients with the codes of their answers, as `known/answers.toml` has them."""

from __future__ import annotations

from pathlib import Path

import msgspec

from rearm.assessment import Assessment

__all__ = ["ANSWERS", "BUNDLE", "TABLES", "Codes", "KnownPatient", "codes_of", "known_patients"]

_KNOWN = Path(__file__).parent / "known"
ANSWERS = _KNOWN / "answers.toml"
TABLES = _KNOWN / "tables"
BUNDLE = _KNOWN / "bundle.json"


class Codes(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An answer in codes; no words, so that a better sentence changes nothing.

    `relapse`: status, certainty and days (`failed confirmed 402`), empty where there is none;
    `first`: each strategy of the highest tier with its option; `excluded`: the options that are;
    `alerts`: each with its status.
    """

    relapse: str
    state: str
    first: tuple[str, ...]
    excluded: tuple[str, ...]
    alerts: tuple[str, ...]

    def differences(self, other: Codes) -> tuple[str, ...]:
        """What `other` says otherwise, a text for each code."""
        return tuple(
            told
            for name in self.__struct_fields__
            if (told := _difference(name, getattr(self, name), getattr(other, name)))
        )


class KnownPatient(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An invented patient: the id in the files, what it is an example of, the answer."""

    id: str
    title: str
    answer: Codes


class _File(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    patient: tuple[KnownPatient, ...]


def known_patients() -> tuple[KnownPatient, ...]:
    """All of them. Raises OSError or ValueError where the file is missing or damaged."""
    return msgspec.toml.decode(ANSWERS.read_bytes(), type=_File).patient


def codes_of(assessment: Assessment) -> Codes:
    """The codes of an answer."""
    highest = assessment.answer.tiers[:1]
    return Codes(
        relapse=_relapse(assessment),
        state=assessment.answer.state,
        first=tuple(f"{x.strategy}: {x.option}" for tier in highest for x in tier.strategies),
        excluded=tuple(sorted(x.id for x in assessment.options if x.verdict == "excluded")),
        alerts=tuple(sorted(f"{x.id} {x.status}" for x in assessment.alerts)),
    )


def _relapse(assessment: Assessment) -> str:
    relapse = assessment.relapse
    if relapse is None:
        return ""
    low, high = relapse.day.low, relapse.day.high
    days = f"{low}" if low == high else f"{low} to {high}"
    return f"{relapse.status} {relapse.certainty or 'uncertain'} {days}"


def _difference(name: str, known: str | tuple[str, ...], now: str | tuple[str, ...]) -> str:
    if known == now:
        return ""
    if isinstance(known, str) or isinstance(now, str):
        return f"{name} is {now or 'none'}, known is {known or 'none'}"
    more, less = [x for x in now if x not in known], [x for x in known if x not in now]
    if not more and not less:
        return f"{name} stand in another order"
    told = [f"{name} now has {', '.join(more)}"] if more else []
    return " and ".join([*told, *([f"{name} lacks {', '.join(less)}"] if less else [])])
