"""The markers of a course as columns over its visits, and where each rose by the size of a
progression.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import TypeVar

from rearm.interval import Interval
from rearm.response.criteria import Criteria
from rearm.response.measurable import (
    CHAIN_TESTS,
    BaselineDisease,
    Chain,
    dflc,
    dflc_series,
    high_chain,
)
from rearm.response.progression import (
    Series,
    circulating_rises,
    dflc_rises,
    marrow_rises,
    marrow_rose,
    serum_rises,
    urine_rises,
)
from rearm.response.sentences import Because
from rearm.response.visits import CollectedResults, VisitResults

__all__ = ["CELLS", "CLONALITY", "MARKERS", "MARROW_CELLS", "URINE", "Markers"]

MARKERS = ("serum", "urine", "dflc", "marrow", "circulating")
URINE = "urine_m_protein_24h"
MARROW_CELLS = "marrow_plasma_cells"
CELLS = "circulating_plasma_cells"
CLONALITY = "marrow_clonality"

_TESTS = {"urine": URINE, "marrow": MARROW_CELLS, "circulating": CELLS}

Result = TypeVar("Result", Interval, str)


def _column(visits: Sequence[VisitResults], test: str, kind: type[Result]) -> list[Result | None]:
    return [x if isinstance(x := v.values.get(test), kind) else None for v in visits]


def _standing(
    visits: Sequence[VisitResults], test: str, kind: type[Result], limit: int
) -> list[VisitResults | None]:
    """Marrow is not repeated at each visit: the results with the last one, which stands until it is
    replaced (or for `limit` days).
    """
    last: VisitResults | None = None
    standing: list[VisitResults | None] = []
    for results in visits:
        if isinstance(results.values.get(test), kind):
            last = results
        elif test in results.unusable:  # a newer one is there: the older is no longer the last
            last = None
        if limit and last is not None and results.day - last.day_of(test) > limit:
            last = None
        standing.append(last)
    return standing


class Markers:
    """The markers of a course as columns over its visits. A series is made when it is first asked
    for: what decides nothing is read only where somebody looks.
    """

    def __init__(self, collected: CollectedResults, disease: BaselineDisease, c: Criteria) -> None:
        visits, serum_test = collected.visits, collected.serum_test
        self.collected, self.disease, self.criteria = collected, disease, c
        self.by_spep = serum_test == "serum_m_protein"
        self.serum_name = "serum M-protein" if self.by_spep else f"serum Ig{serum_test[2:].upper()}"
        self.chains = _involved(visits, disease.involved, c)
        self.serum = _column(visits, serum_test, Interval)
        self.urine = _column(visits, URINE, Interval)
        self.urine_ife = _column(visits, "urine_immunofixation", str)
        self.serum_ife = _column(visits, "serum_immunofixation", str)
        self.marrow_from = _standing(visits, MARROW_CELLS, Interval, c.carry_forward)
        self._series: dict[str, Series] = {}
        self._columns: dict[str, list[Interval | None]] = {}
        self._escapes: dict[int, Because] | None = None
        self._read_what_counts()

    def _read_what_counts(self) -> None:
        """By which markers progression is called in this disease."""
        c, disease = self.criteria, self.disease
        measurable, known = disease.measurable, disease.known
        protein = "serum" in measurable or "urine" in measurable
        everywhere = c.A4 == "all" or not known
        self.secretory = protein or "flc" in measurable
        self.serum_counts = everywhere or "serum" in measurable
        self.urine_counts = everywhere or "urine" in measurable
        self.dflc_counts = (known and not protein) or c.A5 == "pd"
        self.marrow_counts = bool(c.marrow_pd_for_all) or (known and not self.secretory)
        self.cells_count = known and not measurable

    @cached_property
    def clonality_from(self) -> list[VisitResults | None]:
        """The results with the last clonality of the marrow, by place of the visit."""
        limit = self.criteria.carry_forward
        return _standing(self.collected.visits, CLONALITY, str, limit)

    # ---- series ----------------
    def series(self, marker: str) -> Series:
        """One of MARKERS."""
        if marker not in self._series:
            self._series[marker] = self._read(marker)
        return self._series[marker]

    def _read(self, marker: str) -> Series:
        floor, c = self.collected.floor, self.criteria
        if marker == "serum":
            return Series.of(self.serum, floor.number(self.collected.serum_test), c)
        if marker == "urine":
            return Series.of(self.urine, floor.number(URINE), c)
        if marker == "dflc":
            owns, others = self.chain_values()
            return dflc_series(owns, others, dflc(floor.values, self.disease.involved), c)
        test = MARROW_CELLS if marker == "marrow" else CELLS
        return Series.of(self.column(test), floor.number(test), c)

    def column(self, test: str) -> list[Interval | None]:
        """The values of a test, by place of the visit."""
        if test not in self._columns:
            self._columns[test] = _column(self.collected.visits, test, Interval)
        return self._columns[test]

    def chain_values(self) -> tuple[Sequence[Interval | None], Sequence[Interval | None]]:
        """The involved light chain, from where it is known, and the other one."""
        involved = self.chains[-1] if self.chains else None
        if involved is None:
            nothing = [None] * len(self.chains)
            return nothing, nothing
        own, other = (self.column(test) for test in CHAIN_TESTS[involved])
        unknown = self.chains.count(None)
        return [None] * unknown + own[unknown:], other

    def nadirs(self, place: int) -> dict[str, Interval]:
        """What each marker was compared with at a visit."""
        series = {marker: self.series(marker) for marker in MARKERS}
        return {m: x.nadir(place) for m, x in series.items() if x.nadirs[place] < math.inf}

    # ---- rises by the size of a progression, by place of the visit ----------------
    def serum_rises(self) -> dict[int, Because]:
        return serum_rises(self.series("serum"), self.criteria, self.serum_name)

    def urine_rises(self) -> dict[int, Because]:
        return urine_rises(self.series("urine"), self.criteria)

    def dflc_rises(self) -> dict[int, Because]:
        return dflc_rises(self.series("dflc"), self.criteria)

    def circulating_rises(self) -> dict[int, Because]:
        if not any(self.column(CELLS)):
            return {}
        return circulating_rises(self.series("circulating"), self.criteria)

    def marrow_rises(self) -> dict[int, Because]:
        """By the marrow taken at a visit."""
        return marrow_rises(self.series("marrow"), self.criteria)

    def escapes(self) -> dict[int, Because]:
        """Of the light chains, where they do not count."""
        if self._escapes is None:
            self._escapes = {} if self.dflc_counts else self.dflc_rises()
        return self._escapes

    def standing_marrow_rises(self) -> dict[int, Because]:
        """By the last marrow, which stands at a visit."""
        rises: dict[int, Because] = {}
        for place, nadir in enumerate(self.series("marrow").nadirs):
            results = self.marrow_from[place]
            value = None if results is None else results.number(MARROW_CELLS)
            if value is not None and marrow_rose(value.low, nadir, self.criteria):
                rises[place] = ("marrow-rise", self.series("marrow").nadir(place), value)
        return rises

    # ---- bounds that leave progression open ----------------
    @cached_property
    def open_rises(self) -> dict[int, tuple[str, ...]]:
        """By place of the visit: the tests that leave open whether the disease progressed, because
        a bound, of the value or of the nadir, allows a rise that it does not show. What was seen
        there is no absence of progression.
        """
        c, name = self.criteria, self.serum_name
        counted: tuple[tuple[str, bool, Callable[[Series], Mapping[int, Because]]], ...] = (
            ("serum", self.serum_counts, lambda x: serum_rises(x, c, name)),
            ("urine", self.urine_counts, lambda x: urine_rises(x, c)),
            ("dflc", self.dflc_counts, lambda x: dflc_rises(x, c)),
            ("marrow", self.marrow_counts, lambda x: marrow_rises(x, c)),
            ("circulating", self.cells_count, lambda x: circulating_rises(x, c)),
        )
        found: dict[int, tuple[str, ...]] = {}
        for marker, counts, rises in counted:
            if not counts or (series := self.series(marker)).exact:
                continue
            certain = rises(series)
            for place in rises(series.widest()):
                if place not in certain:
                    found[place] = (*found.get(place, ()), *self._tests(marker, place))
        return found

    def _tests(self, marker: str, place: int) -> tuple[str, ...]:
        """The tests of a marker; of the light chains the one that is a bound, else the involved."""
        if marker != "dflc":
            return (self.collected.serum_test if marker == "serum" else _TESTS[marker],)
        involved = self.chains[place]
        chains = CHAIN_TESTS[involved or "kappa"]
        bounds = [x for x in chains if (v := self.column(x)[place]) is not None and v.exact is None]
        return tuple(bounds or chains[:1])


def _involved(
    visits: Sequence[VisitResults], known: Chain | None, c: Criteria
) -> list[Chain | None]:
    """The involved chain at each visit: that of the clone, else the first that is high."""
    if known is not None:
        return [known] * len(visits)
    chains: list[Chain | None] = []
    for results in visits:
        known = known or high_chain(results, c)
        chains.append(known)
    return chains
