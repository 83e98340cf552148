"""The words that may leave a store: codes of the program and of the knowledge, by what they are.

Whatever an input wrote by itself (an unknown product, a sentence, a name) is none of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Literal, get_args

from rearm.assessment.result.answer import AnswerState
from rearm.assessment.result.causes import Grade
from rearm.knowledge.bundle import Knowledge
from rearm.knowledge.rulesets import FactorGroup, Tier
from rearm.outcome.endpoint_definitions import (
    CensoringCode,
    EndpointName,
    EventCode,
    NotComputable,
    Origin,
)
from rearm.outcome.endpoints import EndpointStatus
from rearm.outcome.failure import (
    FailureCertainty,
    FailureKind,
    FailureReason,
    FailureStatus,
    FailureTiming,
)
from rearm.outcome.pattern import RelapsePattern
from rearm.outcome.tempo import Tempo

__all__ = ["CAR_T", "JOINTS", "VocabularyName", "of_products", "vocabularies"]

VocabularyName = Literal[
    "action",
    "agent",
    "alert",
    "answer state",
    "antigen",
    "because",
    "censored by",
    "certainty",
    "criteria",
    "death cause",
    "decision",
    "endpoint",
    "endpoint status",
    "event",
    "factor",
    "factor group",
    "finding",
    "grade",
    "heavy chain",
    "judged by",
    "kind",
    "light chain",
    "obstacle",
    "option",
    "origin",
    "pattern",
    "product",
    "purpose",
    "response",
    "sex",
    "status",
    "strategy",
    "tempo",
    "tier",
    "timing",
    "watched",
    "work-up",
]
CAR_T = "CAR-T"
_RESPONSES = ("sCR", "CR", "VGPR", "PR", "MR", "SD", "PD", "NE", "BL")
# what joins several words in one text
JOINTS: Mapping[VocabularyName, str] = {"death cause": "; ", "work-up": "+"}


def vocabularies(knowledge: Knowledge) -> dict[VocabularyName, frozenset[str]]:
    """The words of each vocabulary."""
    products = knowledge.lexicon.products
    antigens = {target for product in products.values() for target in product.targets}
    columns = knowledge.tidy_tables.tables
    patient = columns["patients"].columns
    words: dict[VocabularyName, Iterable[str]] = {
        "action": knowledge.actions,
        "agent": {*knowledge.lexicon.agents, *products, CAR_T},
        "alert": knowledge.alerts,
        "answer state": get_args(AnswerState),
        "antigen": antigens,
        "because": _of(FailureReason),
        "censored by": get_args(CensoringCode),
        "certainty": get_args(FailureCertainty),
        "criteria": knowledge.table("criteria.toml")["versions"],
        "death cause": columns["deaths"].columns["cause"].words,
        "decision": ("now", "before_salvage"),
        "endpoint": get_args(EndpointName),
        "endpoint status": get_args(EndpointStatus),
        "event": get_args(EventCode),
        "factor": knowledge.factors,
        "factor group": get_args(FactorGroup),
        "finding": {v for f in knowledge.catalogue.findings.values() for v in f.values},
        "grade": (*get_args(Grade), "not_applicable"),
        "heavy chain": patient["heavy_chain"].words,
        "judged by": ("computed", "team"),
        "kind": get_args(FailureKind),
        "light chain": patient["light_chain"].words,
        "obstacle": get_args(NotComputable),
        "option": knowledge.options,
        "origin": get_args(Origin),
        "pattern": get_args(RelapsePattern),
        "product": {*products, CAR_T},
        "purpose": columns["therapies"].columns["purpose"].words,
        "response": _RESPONSES,
        "sex": patient["sex"].words,
        "status": get_args(FailureStatus),
        "strategy": knowledge.words.strategies,
        "tempo": get_args(Tempo),
        "tier": get_args(Tier),
        "timing": get_args(FailureTiming),
        "watched": ("response", "no_progression"),
        "work-up": knowledge.workups,
    }
    return {name: frozenset(own) for name, own in words.items()}


def of_products(knowledge: Knowledge) -> frozenset[str]:
    """The words that tell which CAR-T a patient had: products, and options that give one."""
    options = {o.id for o in knowledge.options.values() if "car-t" in o.tags}
    return frozenset({*knowledge.lexicon.products, *options, CAR_T})


def _of(union: Any) -> tuple[str, ...]:
    """The words of a union of literals."""
    return tuple(word for part in get_args(union) for word in (get_args(part) or (part,)))
