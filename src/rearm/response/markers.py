"""The markers of a course as columns over its visits, and where each rose by the size of a
progression.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
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
    marrow_rise,
    marrow_rises,
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

    def nadirs(self, place: int) -> dict[str, float]:
        """What each marker was compared with at a visit."""
        found = {marker: self.series(marker).nadirs[place] for marker in MARKERS}
        return {marker: nadir for marker, nadir in found.items() if nadir < math.inf}

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
            because = None if value is None else marrow_rise(value.low, nadir, self.criteria)
            if because is not None:
                rises[place] = because
        return rises

    # ---- bounds that leave progression open ----------------
    def open_tests(self, place: int) -> tuple[str, ...]:
        """The tests of which the bound at a visit allows a progression that it does not show; what
        was seen there is no absence of progression.
        """
        c = self.criteria
        by_marrow = self.marrow_counts or bool(c.marrow_pd_for_all)
        counted = (
            ("serum", self.serum_counts, c.serum_pd_rise, (self.collected.serum_test,)),
            ("urine", self.urine_counts, c.urine_pd_rise, (URINE,)),
            ("dflc", self.dflc_counts, c.dflc_pd_rise, tuple(CHAIN_TESTS["kappa"])),
            ("marrow", by_marrow, c.marrow_pd_rise, (MARROW_CELLS,)),
        )
        found = (
            tests
            for marker, counts, limit, tests in counted
            if counts and self.series(marker).may_have_risen(place, limit, c.pd_rise)
        )
        return tuple(test for tests in found for test in tests)


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
