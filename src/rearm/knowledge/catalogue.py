"""The catalogue of findings: every named fact that a rule may read.

Read from `data/findings.toml`; templates there are written out for each agent of
`data/agents.toml`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from rearm.knowledge._build import KnowledgeError, build

__all__ = ["Catalogue", "Finding", "FindingType", "finding_id", "load_catalogue", "read_catalogue"]

FindingType = Literal["bool", "number", "integer", "word"]

_UNIT_WORDS = {
    "1": "",
    "d": "days",
    "mo": "months",
    "10*9/L": "G/L",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One column that rules may read.

    `meaning` defines it, `label` names it where it is asked for. `from_` names what a derived
    finding is computed from; `asks` the work-ups that would supply it. The value of a finding for a
    patient may be unknown, whatever its type.

    >>> import rearm
    >>> rearm.load_knowledge().catalogue["neutrophils"].unit
    '10*9/L'
    """

    name: str  # as rules write it
    group: str  # where the dictionary has it
    type: FindingType  # bool, integer, number, word
    meaning: str
    label: str = ""
    values: tuple[str, ...] = ()  # the words that it may have
    unit: str | None = None  # of a number
    from_: tuple[str, ...] = ()
    asks: tuple[str, ...] = ()

    @property
    def asked_as(self) -> str:
        """What is to be found out, as a noun phrase; without a label the definition."""
        return self.label or self.meaning.rstrip(".")

    @property
    def unit_words(self) -> str:
        """The unit behind a value; empty for a ratio, a count and what is not measured."""
        return _UNIT_WORDS.get(self.unit or "", self.unit or "")

    @property
    def numeric(self) -> bool:
        return self.type in ("number", "integer")


@dataclass(frozen=True, slots=True)
class Catalogue(Mapping[str, Finding]):
    """All findings by name, in the order of the file; `groups` are the titles of the groups. A name
    that is missing raises KeyError.

    >>> import rearm
    >>> catalogue = rearm.load_knowledge().catalogue
    >>> catalogue["bcma_status"].type, "no_such_finding" in catalogue
    ('word', False)
    """

    findings: Mapping[str, Finding]  # by name
    groups: Mapping[str, str]

    def __getitem__(self, name: str) -> Finding:
        return self.findings[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.findings)

    def __len__(self) -> int:
        return len(self.findings)

    def sources_of(self, name: str) -> tuple[str, ...]:
        """The findings read from the record that `name` rests on.

        A finding that is not derived is its own.
        """
        finding = self.findings[name]
        if not finding.from_:
            return (name,)
        return tuple(dict.fromkeys(s for part in finding.from_ for s in self.sources_of(part)))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Template:
    name: str
    over: Literal["agents"]
    group: str
    type: FindingType
    meaning: str
    label: str = ""
    asks: tuple[str, ...] = ()


def finding_id(agent: str) -> str:
    """An agent's id within the name of a finding: `belantamab_mafodotin`."""
    return re.sub(r"[ \-]", "_", agent)


def load_catalogue() -> Catalogue:
    """The bundled catalogue of findings. A finding that is missing from it is unknown to every
    rule; that of another folder is `load(path).catalogue`. Raises nothing.

    >>> from rearm.knowledge import load_catalogue
    >>> len(load_catalogue()) > 100
    True
    """
    from rearm.knowledge.bundle import bundled

    return bundled().catalogue


def read_catalogue(findings: Mapping[str, Any], agents: Mapping[str, Any]) -> Catalogue:
    """The catalogue from its two parsed files.

    Raises KnowledgeError with a sentence for each inconsistency.
    """
    groups = {group: str(row["title"]) for group, row in findings.get("group", {}).items()}
    by_name = {
        name: build(Finding, {"name": name, **row}, f"finding {name}")
        for name, row in findings.get("finding", {}).items()
    }
    for key, row in findings.get("template", {}).items():
        template = build(_Template, row, f"template {key}")
        for agent in agents.get("agent", ()):
            name = template.name.format(id=finding_id(agent["id"]))
            by_name[name] = Finding(
                name=name,
                group=template.group,
                type=template.type,
                meaning=template.meaning.format(name=agent.get("name", agent["id"])),
                label=template.label.format(name=agent.get("name", agent["id"])),
                asks=template.asks,
            )
    catalogue = Catalogue(by_name, groups)
    if problems := list(_problems(catalogue)):
        raise KnowledgeError(problems)
    return catalogue


def _problems(catalogue: Catalogue) -> Iterator[str]:
    for name, finding in catalogue.items():
        if re.fullmatch(r"[a-z][a-z0-9_]*", name) is None:
            yield (
                f"finding {name}: a name may have only lower-case letters, digits and underscores."
            )
        if finding.group not in catalogue.groups:
            yield f"finding {name}: the group {finding.group} is not declared."
        if (finding.type == "word") != bool(finding.values):
            yield f"finding {name}: a word needs a list of values, and only a word may have one."
        for word in set(finding.values) & {
            "unknown",
            "not assessed",
            "not_assessed",
            "not done",
            "not_done",
            "n.d.",
            "na",
        }:
            yield (
                f"finding {name}: the value {word} means unknown. Leave it out; unknown is null."
            )
        for part in finding.from_:
            if part not in catalogue:
                yield f"finding {name}: it is derived from {part}, which is not a finding."
            elif _reaches(catalogue, part, name):
                yield f"finding {name}: it is derived from itself through {part}."


def _reaches(catalogue: Catalogue, start: str, goal: str) -> bool:
    seen, open_ = set[str](), [start]
    while open_:
        name = open_.pop()
        if name == goal:
            return True
        if name not in seen and name in catalogue:
            seen.add(name)
            open_ += catalogue[name].from_
    return False
