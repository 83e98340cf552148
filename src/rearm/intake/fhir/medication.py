"""Medication resources and procedures to therapies and infusions. What was only ordered or not
given is no exposure; it is said.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from rearm.intake.fhir.bundle import Resource
from rearm.intake.fhir.codes import codes_of, load_codes, shown_code
from rearm.intake.fhir.element import Dated, Element, dated
from rearm.intake.fhir.infusion import Infusions
from rearm.intake.fhir.rows import RowDraft, Translation, concept_text
from rearm.intake.values import shown
from rearm.knowledge.lexicon import Agent, Lexicon

__all__ = ["Medications"]

GROUP = "urn:rearm:therapy-group"
_GIVEN = {
    "MedicationAdministration": ("completed", "in-progress", "stopped"),
    "MedicationStatement": ("completed", "active", "stopped", "on-hold"),
    "Procedure": ("completed", "in-progress", "stopped"),
}
_CAR_T = re.compile(
    r"\bCAR[\s_\-\u2010-\u2013]*T(?![a-z])|\bCARTs?\b|\bBCMA[\s-]?CAR\b|chim(?:ae|e|ä)r\w*[\s-]+antigen|autoleucel"
    r"|\b(?:ide|cilta|eque|zevor|anito|arlo|tisa|axi)[\s-]?cel\b",
    re.IGNORECASE,
)
_LONGEST_GAP = (
    60  # days between two doses of one agent that still belong to one stretch of treatment
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Named:
    """What a medication is: agents of the lexicon, a CAR-T product, or a text for the parser of
    regimens; `unread` could not be read.
    """

    agents: tuple[str, ...] = ()
    product: str | None = None
    text: str | None = None
    unread: tuple[str, ...] = ()


@dataclass(slots=True)
class MedicationUse:
    """One resource's share of a therapy. `group` joins the agents of one regimen."""

    draft: RowDraft
    agents: tuple[str, ...]
    group: str | None
    single_dose: bool


@dataclass(slots=True)
class Medications:
    """Collects what was given; `finish` writes the rows, because doses and agents of a regimen are
    brought together.
    """

    t: Translation
    _given: list[MedicationUse] = field(default_factory=list)
    infusions: Infusions = field(init=False)

    def __post_init__(self) -> None:
        self.infusions = Infusions(self.t)

    def read(self, resource: Resource) -> None:
        """A MedicationAdministration, MedicationStatement, MedicationRequest, MedicationDispense or
        Procedure.
        """
        before = len(self._given)
        if resource.type == "Procedure":
            self._procedure(resource)
        else:
            self._medication(resource)
        if resource.element.problems:  # no valid FHIR: nothing of it is read
            del self._given[before:]

    def _medication(self, resource: Resource) -> None:
        named = self._named(resource)
        if resource.type in ("MedicationRequest", "MedicationDispense"):
            forbidden = resource.element.boolean("doNotPerform") is True
            what = "ordered" if resource.type == "MedicationRequest" else "dispensed"
            name = (
                named.product
                or ", ".join(named.agents)
                or named.text
                or ", ".join(named.unread)
                or "a medication"
            )
            sentence = (
                f"{shown(name)} was ordered not to be given. It does not count as exposure."
                if forbidden
                else f"{shown(name)} was {what}, and it is unknown whether it was given. It "
                "does not count as exposure."
            )
            code = "ordered_not_to_give" if forbidden else f"only_{what}"
            self.t.group("note", code, sentence, resource.place)
            return
        status = resource.element.text("status")
        if named.product is not None and status == "not-done":
            self.infusions.administered(resource, named.product, given=False)
        elif self._was_given(resource, status):
            if named.product is not None:
                self.infusions.administered(resource, named.product, given=True)
            else:
                self._therapy(resource, named)

    def finish(self) -> None:
        """The rows of infusions and therapies."""
        self.infusions.finish()
        for given in _joined(self._stretches()):
            self.t.add(given)

    # ------------------------------------------------------------ what was given

    def _was_given(self, resource: Resource, status: str | None) -> bool:
        if status in _GIVEN[resource.type]:
            return True
        message = (
            f"{resource.type} with the status {shown(status or 'none')} does not count as exposure."
        )
        self.t.group(
            "note" if status in ("not-done", "not-taken", "intended", "preparation") else "warning",
            "not_given",
            message,
            resource.place,
        )
        return False

    def _named(self, resource: Resource) -> _Named:
        """What a resource says was given: by a code or a text, or by a Medication of the bundle."""
        element = resource.element
        key = element.choice("medication")
        if key == "medicationCodeableConcept":
            return self._concept(element.child(key), resource)
        if key != "medicationReference":
            return _Named(unread=("a medication without a name",))
        medication = self.t.bundle.resolve(element.child(key), element)
        if medication is None:
            name = element.child(key).text("display")
            what = f"a medication that is not in the {self.t.bundle.called}"
            return _Named(unread=(f"{what} ({name})" if name else what,))
        ingredients = [
            i.child("itemCodeableConcept")
            for i in medication.children("ingredient")
            if i.has("itemCodeableConcept")
        ]
        concepts = ingredients or [medication.child("code")]
        return _together([self._concept(concept, resource) for concept in concepts])

    def _concept(self, concept: Element, resource: Resource) -> _Named:
        """The agent of a known code or of the text; a display alone names nothing."""
        coded = self._coded(concept, resource)
        if isinstance(coded, _Named):
            return coded
        text = concept.text("text")
        if text is not None and (named := self._of_text(text)) is not None:
            (name,) = named.agents or (named.product or "",)
            if not coded:
                if concept.children("coding"):
                    sentence = (
                        f"{shown_code(concept)} is not a known code. The medication is read "
                        f"from its text {shown(text)}."
                    )
                    self.t.group("note", "medication_by_text", sentence, resource.place, "used")
                return named
            if name not in coded:
                first = next(iter(coded))
                return self._contradiction(resource, first, first, name)
        if len(coded) > 1:
            return self._contradiction(resource, "one medication", *list(coded)[:2])
        if coded:
            return next(iter(coded.values()))
        return _Named(unread=(shown_code(concept),)) if text is None else _Named(text=text)

    def _coded(self, concept: Element, resource: Resource) -> dict[str, _Named] | _Named:
        """What the codes name, by its id; or what is unread where a display contradicts one."""
        lexicon = self.t.lexicon
        coded: dict[str, _Named] = {}
        for code in codes_of(concept):
            agent = _agent_of(code.system, code.code, lexicon)
            product = lexicon.find_product(code.code) if code.system == "product" else None
            if agent is not None:
                coded[agent.id] = _Named(agents=(agent.id,))
                displayed = None if code.display is None else lexicon.find_agent(code.display)
                if displayed is not None and displayed.id != agent.id:
                    return self._contradiction(resource, code.code, agent.id, displayed.id)
            elif product is not None:
                coded[product.id] = _Named(product=product.id)
        return coded

    def _of_text(self, text: str) -> _Named | None:
        """The agent, else the product, that a text names."""
        if (agent := self.t.lexicon.find_agent(text)) is not None:
            return _Named(agents=(agent.id,))
        product = self.t.lexicon.find_product(text)
        return None if product is None else _Named(product=product.id)

    def _contradiction(self, resource: Resource, code: str, first: str, second: str) -> _Named:
        message = (
            f"{shown(code)} is {first}, but {second} is given next to it, so it is unknown what "
            "was given. Correct the code or the name."
        )
        self.t.issue("error", "code_contradiction", resource.place, message, "set_aside")
        return _Named(unread=(f"{first} or {second}",))

    def _therapy(self, resource: Resource, named: _Named) -> None:
        element = resource.element
        draft = RowDraft("therapies", resource.place)
        key = element.choice("effective")
        if key is not None and key.endswith("Period"):
            period = element.child(key)
            self.t.put_time(draft, "start_day", _point(period, "start"))
            self.t.put_time(draft, "end_day", _point(period, "end"))
        else:
            self.t.put_time(draft, "start_day", dated(element, "effective"))
            if resource.type == "MedicationAdministration" and "start_day" in draft.values:
                draft.put("end_day", draft.values["start_day"])
        reasons = [concept_text(r) for r in element.children("statusReason")]
        draft.put(
            "stop_reason",
            next((r for r in reasons if r), None) if element.text("status") == "stopped" else None,
        )
        draft.put("regimen", named.text)
        self.t.own_columns(element, draft)
        group = next(
            (e.text("valueString") for rest, e in element.extension(GROUP) if rest == ""), None
        )
        if not named.agents and named.text is None and not named.unread:
            return
        self._given.append(
            MedicationUse(
                draft,
                (*named.agents, *named.unread),
                group,
                resource.type == "MedicationAdministration",
            )
        )

    def _stretches(self) -> list[MedicationUse]:
        """Single doses of one agent brought together to stretches: a gap of more than 60 days
        begins a new one.
        """
        kept: list[MedicationUse] = []
        doses: dict[tuple[Any, ...], list[tuple[date, MedicationUse]]] = {}
        for given in self._given:
            values = given.draft.values
            rest = tuple(
                sorted((k, str(v)) for k, v in values.items() if k not in ("start_day", "end_day"))
            )
            days = [_day(values.get(k)) for k in ("start_day", "end_day")]
            if (
                given.single_dose
                and days[0] is not None
                and days[1] is not None
                and not given.draft.set_aside
            ):
                doses.setdefault((given.agents, given.group, rest), []).append((days[0], given))
            else:
                kept.append(given)
        for same in doses.values():
            same.sort(key=lambda d: d[0])
            merged: list[MedicationUse] = []
            for day, given in same:
                last = _day(merged[-1].draft.values["end_day"]) if merged else None
                if last is not None and (day - last).days <= _LONGEST_GAP:
                    merged[-1].draft.values["end_day"] = max(
                        str(merged[-1].draft.values["end_day"]), str(given.draft.values["end_day"])
                    )
                else:
                    merged.append(given)
            if len(merged) < len(same):
                self.t.group(
                    "note",
                    "doses_joined",
                    f"Doses of one agent no more than {_LONGEST_GAP} days apart are read as one "
                    "treatment period.",
                    same[0][1].draft.place,
                    "used",
                )
            kept.extend(merged)
        return kept

    # ------------------------------------------------------------ procedures

    def _procedure(self, resource: Resource) -> None:
        element = resource.element
        codes = codes_of(element.child("code"))
        known = load_codes().procedures
        kinds = {
            k
            for c in codes
            if (k := c.code if c.system == "procedure" else known.get((c.system, c.code)))
            is not None
        }
        status = element.text("status")
        kind = next(iter(kinds)) if len(kinds) == 1 else None
        if kind not in (
            "car_t_infusion",
            "leukapheresis",
            "autologous_transplant",
            "allogeneic_transplant",
            "radiotherapy",
        ):
            what = f"The procedure {shown_code(element.child('code'))}"
            if _names_car_t(element.child("code"), self.t.lexicon):
                message = (
                    f"{what} may be a CAR-T infusion, but no known code identifies it, so it is "
                    "not read as one. Add a code for CAR-T infusion, or a "
                    "MedicationAdministration of the product."
                )
                self.t.group("warning", "possible_infusion", message, resource.place)
            else:
                self.t.group(
                    "note",
                    "unknown_code",
                    (f"{what} is not recognised. It is not read."),
                    resource.place,
                )
        elif not self._was_given(resource, status):
            return
        elif kind == "leukapheresis":
            self.infusions.apheresis(resource)
        elif kind == "car_t_infusion":
            self.infusions.procedure(resource)
        else:
            draft = RowDraft("therapies", resource.place)
            draft.put("purpose", "radiotherapy" if kind == "radiotherapy" else "transplant")
            draft.put(
                "regimen",
                {
                    "autologous_transplant": "ASCT",
                    "allogeneic_transplant": "allogeneic transplant",
                }.get(kind),
            )
            key = element.choice("performed")
            if key == "performedPeriod":
                self.t.put_time(draft, "start_day", _point(element.child(key), "start"))
                self.t.put_time(draft, "end_day", _point(element.child(key), "end"))
            else:
                self.t.put_time(draft, "start_day", dated(element, "performed"))
                draft.put("end_day", draft.values.get("start_day"))
            self.t.own_columns(element, draft)
            self.t.add(draft)


def _together(named: Sequence[_Named]) -> _Named:
    """The ingredients of one medication."""
    return _Named(
        agents=tuple(agent for n in named for agent in n.agents),
        product=next((n.product for n in named if n.product), None),
        text=next((n.text for n in named if n.text), None),
        unread=tuple(name for n in named for name in n.unread),
    )


def _names_car_t(code: Element, lexicon: Lexicon) -> bool:
    """Whether the texts of a code speak of CAR-T cells or name a product of them."""
    texts = [code.text("text"), *(c.text("display") for c in code.children("coding"))]
    spoken = " ".join(t for t in texts if t)
    return _CAR_T.search(spoken) is not None or any(
        lexicon.find_product(word) is not None for word in re.split(r"[\s(),;/]+", spoken) if word
    )


def _joined(given: list[MedicationUse]) -> list[RowDraft]:
    """One row a therapy: agents of one group with the same days and columns stand in one row, in
    the order of the input.
    """
    rows: dict[tuple[Any, ...], tuple[RowDraft, list[str]]] = {}
    for place, item in enumerate(given):
        own: object = item.group if item.group is not None else place
        columns = {**item.draft.values, **item.draft.moments}
        key = (item.group is None, own, *sorted((k, str(v)) for k, v in columns.items()))
        draft, agents = rows.setdefault(key, (item.draft, []))
        agents.extend(a for a in item.agents if a not in agents)
        draft.set_aside.update(item.draft.set_aside)
    found = []
    for draft, agents in rows.values():
        if agents:
            draft.values["agents"] = ";".join(agents)
        found.append(draft)
    return found


def _point(period: Element, key: str) -> Dated:
    """The start or the end of a period of treatment."""
    text = period.text(key)
    return dated(Element({"pointDateTime": text}), "point") if text is not None else Dated()


def _day(value: object) -> date | None:
    if isinstance(value, str) and len(value) == 10:
        try:
            return date.fromisoformat(value)
        except ValueError:
            return None
    return None


def _agent_of(system: str, code: str, lexicon: Lexicon) -> Agent | None:
    """The agent of a code; None where the system or the code is not known."""
    if system == "rxnorm":
        return lexicon.by_rxnorm.get(code)
    return lexicon.agents.get(code) if system == "agent" else None
