"""Which strategy of the list a line of therapy is."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import lru_cache

from rearm.knowledge.bundle import Knowledge
from rearm.knowledge.rulesets import Option
from rearm.therapy.lines import Line

__all__ = ["GivenStrategy", "given_strategies"]

_SAME_TARGET, _NEW_TARGET = "second-cart-same-target", "second-cart-new-target"
_BY_GRAFT = {"autologous": "autologous-sct", "allogeneic": "allogeneic-sct"}


@dataclass(frozen=True, slots=True, kw_only=True)
class GivenStrategy:
    """A strategy with the option that was given; None where the list has none. `exact`: the agents
    are those of the option, no more, no fewer (steroids aside).
    """

    strategy: str | None = None
    option: str | None = None
    exact: bool | None = None


UNKNOWN = GivenStrategy()


def given_strategies(lines: Sequence[Line], knowledge: Knowledge) -> list[GivenStrategy]:
    """The strategy of each line of a patient. The first CAR-T is none; a later one is known by the
    antigens of its product and of those before it, and stays unknown where either is.
    """
    found: list[GivenStrategy] = []
    targets: list[frozenset[str]] = []
    for line in lines:
        if line.infusion is None:
            found.append(_of_agents(line, knowledge))
            continue
        own = frozenset(line.infusion.targets)
        found.append(_of_car_t(line.infusion.product, own, targets, knowledge))
        targets.append(own)
    return found


def _of_car_t(
    product: str | None,
    own: frozenset[str],
    before: Sequence[frozenset[str]],
    knowledge: Knowledge,
) -> GivenStrategy:
    if not before or not own or not all(before):
        return UNKNOWN
    strategy = _SAME_TARGET if own & before[-1] else _NEW_TARGET
    options = [o for o in knowledge.options.values() if o.strategy == strategy]
    option = next((o.id for o in options if product in o.agents), None)
    return GivenStrategy(strategy=strategy, option=option, exact=option is not None)


def _of_agents(line: Line, knowledge: Knowledge) -> GivenStrategy:
    """The option with the agents of the line; else the one with the most of them, all given."""
    purposes = {row.purpose for row in line.rows}
    agents = _telling(line.agents, knowledge)
    if "transplant" in purposes:
        kinds = {row.graft for row in line.rows if row.purpose == "transplant"}
        strategy = _BY_GRAFT.get(next(iter(kinds)) or "") if len(kinds) == 1 else None
        return GivenStrategy(strategy=strategy)
    if not agents:
        only_radiation = purposes == {"radiotherapy"}
        return GivenStrategy(strategy="radiotherapy") if only_radiation else UNKNOWN
    options = [(o, own) for o, own in _options(knowledge) if own and own <= agents]
    if not options:
        return UNKNOWN
    option, own = max(options, key=lambda x: (len(x[1]), _is_plain(x[0]), x[0].id))
    return GivenStrategy(strategy=option.strategy, option=option.id, exact=own == agents)


def _is_plain(option: Option) -> bool:
    """Whether an option is no cell product or transplant, whose agents may be given otherwise."""
    return "car-t" not in option.tags and "transplant" not in option.tags


@lru_cache(maxsize=4)
def _options(knowledge: Knowledge) -> tuple[tuple[Option, frozenset[str]], ...]:
    """The options with the agents that tell them apart; knowledge is compared by identity."""
    return tuple((o, _telling(o.agents, knowledge)) for o in knowledge.options.values())


def _telling(agents: Collection[str], knowledge: Knowledge) -> frozenset[str]:
    """The agents without the steroids that go along with them."""
    lexicon = knowledge.lexicon
    others = frozenset(a for a in agents if "steroid" not in lexicon.agent_class(a))
    return others or frozenset(agents)
