"""Groups what a regimen text names into parts: what was given together, and for which purpose.

One stretch of text without a hard break (`;`, `->`, `dann`, `then`) at a time.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from rearm.intake.regimen.words import Item

__all__ = ["OpenPart", "Unit", "group"]

# Agents of a conditioning: only these are taken into the transplant that is named beside them.
_CONDITIONING = frozenset(
    {
        "melphalan",
        "busulfan",
        "treosulfan",
        "thiotepa",
        "carmustine",
        "fludarabine",
        "anti-thymocyte globulin",
    }
)
_PURPOSE_OF = {
    "autologous-sct": "transplant",
    "allogeneic-sct": "transplant",
    "stem-cell-transplant": "transplant",
    "bone-marrow-transplant": "transplant",
    "total-body-irradiation": "transplant",
    "radiotherapy": "radiotherapy",
    "stem-cell-boost": "supportive",
    "donor-lymphocyte-infusion": "treatment",
    "plasma-exchange": "supportive",
}
_CONTENT = frozenset({"drugs", "procedure", "purpose"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Unit:
    """An item after parentheses are resolved; the `agents` of a drug unit are final. `acronym`: a
    regimen's name, not agents one by one.
    """

    kind: str  # drugs | procedure | purpose | donor | negation | times | comma | plus | other
    item: Item
    end: int
    agents: tuple[str, ...] = ()
    regimen_id: str | None = None
    purpose: str | None = None
    acronym: bool = False


@dataclass(slots=True)
class OpenPart:
    """Units that belong together; `without` are agents the text says were left out; `of_donor`: it
    names a donor.
    """

    units: list[Unit] = field(default_factory=list)
    purpose: str | None = None
    regimen_id: str | None = None
    times: int = 1
    of_donor: bool = False
    without: set[str] = field(default_factory=set)

    def has_acronym(self) -> bool:
        return any(u.acronym for u in self.units)

    def lacks_conditioning(self) -> bool:
        return self.purpose == "transplant" and not any(u.agents for u in self.units)

    def is_bare_transplant(self) -> bool:
        return self.regimen_id == "autologous-sct" and self.lacks_conditioning()

    def is_high_dose(self) -> bool:
        return self.regimen_id is None and [u.regimen_id for u in self.units] == ["hd-melphalan"]

    def pop_conditioning(self) -> list[Unit]:
        """Takes the conditioning off the end of the part."""
        tail: list[Unit] = []
        while (
            self.units
            and _conditions(self.units[-1])
            and self.units[-1].purpose in (None, "transplant")
        ):
            tail.insert(0, self.units.pop())
        return tail

    def pop_listed(self) -> list[Unit]:
        """Takes off what is named one by one behind an acronym; else nothing."""
        tail: list[Unit] = []
        while self.has_acronym() and not self.units[-1].acronym:
            tail.insert(0, self.units.pop())
        return tail


def group(units: Sequence[Unit]) -> tuple[list[OpenPart], dict[int, str]]:
    """The parts of a stretch of text, and the items (by their start) that got another role: left
    out by the text, or unread.
    """
    grouping = _Grouping(units)
    for k, unit in enumerate(units):
        grouping.take(k, unit)
    grouping.close()
    return grouping.closed, grouping.roles


class _Grouping:
    def __init__(self, units: Sequence[Unit]) -> None:
        self.units = units
        self.part = OpenPart()
        self.closed: list[OpenPart] = []
        self.roles: dict[int, str] = {}
        self.prefix: str | None = None  # a purpose that stands before its agents
        self.times = 1  # a count that stands before its transplant
        self.of_donor = False  # a donor who stands before the transplant
        self.comma = False
        self.negated = False

    def close(self) -> None:
        if self.part.units:
            self.closed.append(self.part)
        self.part = OpenPart()

    def take(self, k: int, unit: Unit) -> None:
        if self.negated and unit.kind in _CONTENT:
            self.roles[unit.item.start] = "remark"
            self.part.without.update(unit.agents)
            self.negated = False
            return
        match unit.kind:
            case "negation":
                self.negated = k + 1 < len(self.units) and self.units[k + 1].kind in _CONTENT
                if not self.negated:
                    self.roles[unit.item.start] = "unread"
            case "drugs":
                self._drugs(unit)
            case "procedure":
                self._procedure(unit)
            case "purpose":
                self._purpose(k, unit)
            case "times":
                self._times(k, unit)
            case "donor":
                self._donor(k, unit)
            case "comma":
                self.comma = True

    def _drugs(self, unit: Unit) -> None:
        if (
            not self.part.units
            and not self.comma
            and self.closed
            and self.closed[-1].lacks_conditioning()
            and _conditions(unit)
        ):
            self.closed[-1].units.append(unit)  # `ASCT mit Melphalan`
            return
        if self.part.units and self._begins_part(unit):
            self.close()
        self.part.units.append(unit)
        self.part.purpose = unit.purpose or self.prefix or self.part.purpose
        self.comma = False

    def _begins_part(self, unit: Unit) -> bool:
        """A name with a purpose of its own parts; so does a comma behind an acronym: `VRd, Vd` are
        two, `Dara + Vd` is one.
        """
        own = self.part.purpose if self.part.purpose != self.prefix else None
        if unit.purpose is not None or own is not None:
            return unit.purpose != own
        return self.comma and self.part.has_acronym()

    def _procedure(self, unit: Unit) -> None:
        """A transplant takes the conditioning named before it; all else before it is a part of its
        own.
        """
        name = unit.item.ids[0]
        purpose = _PURPOSE_OF[name]
        conditioning = self.part.pop_conditioning() if purpose == "transplant" else []
        self.close()
        high_dose = name == "autologous-sct" and any("melphalan" in u.agents for u in conditioning)
        self.part = OpenPart(
            units=[*conditioning, unit],
            purpose=purpose,
            regimen_id="hd-melphalan-asct" if high_dose else name,
            times=max(self.times, unit.item.number),
            of_donor=self.of_donor,
        )
        self.close()
        self.prefix, self.times, self.of_donor, self.comma = None, 1, False, False

    def _purpose(self, k: int, unit: Unit) -> None:
        """A purpose directly behind agents is theirs (`Lenalidomid-Erhaltung`), else of those that
        follow, else of those before.
        """
        purpose = unit.item.ids[0]
        behind = next((u.kind for u in reversed(self.units[:k]) if u.kind != "other"), None)
        follows = any(u.kind == "drugs" for u in self.units[k + 1 :])
        self.prefix = None
        if self.part.units and (behind == "drugs" or not follows):
            if (
                listed := self.part.pop_listed()
            ):  # `VCD + Lenalidomid Erhaltung`: only what stands behind the acronym
                self.close()
                self.part = OpenPart(units=listed)
            self.part.units.append(unit)
            self.part.purpose = purpose
        elif follows:
            self.close()
            self.prefix = purpose
            return
        elif self.closed and self.closed[-1].purpose in (None, purpose):
            self.closed[-1].purpose = purpose
            self.closed[-1].units.append(unit)
        else:
            self.part = OpenPart(units=[unit], purpose=purpose)
        self.close()

    def _times(self, k: int, unit: Unit) -> None:
        """`2x ASCT`, `ASCT 2x`; behind anything but a transplant a count is only a remark."""
        if self._procedure_follows(k):
            self.times = unit.item.number
        elif (transplant := self._transplant_before()) is not None:
            transplant.times = unit.item.number

    def _donor(self, k: int, unit: Unit) -> None:
        """`MUD-SCT`, `SZT (Fremdspender)`; a donor of nothing that is named is unread."""
        if self._procedure_follows(k):
            self.of_donor = True
        elif (transplant := self._transplant_before()) is not None:
            transplant.of_donor = True
        else:
            self.roles[unit.item.start] = "unread"

    def _procedure_follows(self, k: int) -> bool:
        kinds = (u.kind for u in self.units[k + 1 :])
        stops = {"drugs", "procedure", "comma", "plus"}
        return next((kind for kind in kinds if kind in stops), None) == "procedure"

    def _transplant_before(self) -> OpenPart | None:
        last = self.part if self.part.units else self.closed[-1] if self.closed else None
        return last if last is not None and last.purpose == "transplant" else None


def _conditions(unit: Unit) -> bool:
    return bool(unit.agents) and set(unit.agents) <= _CONDITIONING
