"""Findings on the product of the last infusion, its preparation, and immunity against it."""

from __future__ import annotations

from rearm.findings.base import (
    FUNCTIONS,
    NOTHING,
    Found,
    Function,
    finding,
    measured,
    rows_of,
    unknown,
)
from rearm.findings.chart import PatientChart
from rearm.interval import Interval
from rearm.knowledge.lexicon import Product
from rearm.record import Therapy

# Lymphodepletion and bridging belong to the infusion that follows within this time.
_PREPARATION_DAYS = 180
_CYTOTOXIC = frozenset({"alkylator", "other chemotherapy"})


@finding("in_specification")
def in_specification(chart: PatientChart) -> Found:
    said = {x.in_specification for x in chart.infusion_rows}
    if len(said) != 1 or None in said:
        return NOTHING
    value = said.pop()
    text = f"the product {'met' if value else 'did not meet'} its specification"
    return Found(value, rows_of(chart.infusion_rows), text)


@finding("dose_cells")
def dose_cells(chart: PatientChart) -> Found:
    doses = [x.dose_cells for x in chart.infusion_rows]
    known = [x for x in doses if x is not None]
    if not doses or len(known) < len(doses):
        return unknown("the dose of one part is not recorded" if known else "")
    return Found(
        sum(known),
        rows_of(chart.infusion_rows),
        f"{sum(known):.3g} CAR+ cells{' in parts' if len(known) > 1 else ''}",
    )


@finding("car_target_bcma")
def car_target_bcma(chart: PatientChart) -> Found:
    return _target(chart, "BCMA")


@finding("car_target_gprc5d")
def car_target_gprc5d(chart: PatientChart) -> Found:
    return _target(chart, "GPRC5D")


def _listed(chart: PatientChart) -> Product | None:
    """The product of the last infusion as the lexicon lists it."""
    return chart.lexicon.products.get(chart.infusion.product or "") if chart.infusion else None


def car_targets(chart: PatientChart) -> tuple[str, ...]:
    """Targets of the last infused product: as recorded, else as the product is listed."""
    if chart.infusion is None:
        return ()
    listed = _listed(chart)
    return chart.infusion.targets or (listed.targets if listed else ())


def _target(chart: PatientChart, antigen: str) -> Found:
    targets = car_targets(chart)
    if chart.infusion is None or not targets:
        return NOTHING
    text = f"{chart.infusion.product or 'CAR-T'} against {', '.join(targets)}"
    return Found(antigen in targets, (chart.infusion.source,), text)


@finding("car_product")
def car_product(chart: PatientChart) -> Found:
    if chart.infusion is None or chart.infusion.product is None:
        return NOTHING
    product = chart.infusion.product
    return Found(product if product in _NAMED else "other", (chart.infusion.source,), product)


_NAMED = ("ide-cel", "cilta-cel", "eque-cel", "zevor-cel", "anito-cel", "arlo-cel")


def _infused(product: str) -> Function:
    def infused(chart: PatientChart) -> Found:
        own = [row for row in chart.infused if row.product == product]
        for row in own:
            if not row.perhaps_given:
                return Found(True, (row.source,), f"{product}, {row.when}")
        if own:
            return unknown("whether the product was infused is not recorded")
        if not chart.infused:
            return NOTHING
        if any(x.product is None for x in chart.infused):
            return unknown("the product of an infusion is not recorded")
        names = ", ".join(str(x.product) for x in chart.infused)
        return Found(False, rows_of(chart.infused), f"infused: {names}")

    return infused


for _product in ("ide-cel", "cilta-cel", "eque-cel"):
    FUNCTIONS[f"infused_{_product.replace('-', '_')}"] = _infused(_product)


@finding("construct_human")
def construct_human(chart: PatientChart) -> Found:
    if chart.infusion is None:
        return NOTHING
    listed = _listed(chart)
    construct = chart.infusion.construct or (listed.construct if listed else None)
    if construct is None:
        return NOTHING
    word = construct.casefold()
    human = word.startswith("human")
    animal = word.startswith(("murine", "camelid", "llama"))
    value = True if human else False if animal else None
    return Found(value, (chart.infusion.source,), f"binder: {construct}")


@finding("infusions_given")
def infusions_given(chart: PatientChart) -> Found:
    if not chart.record.infusions:
        return unknown("no CAR-T infusion on record")
    sources = tuple(x.source for x in chart.record.infusions)
    perhaps = sum(x.perhaps_given for x in chart.infused)
    if perhaps:
        least = chart.infusion_count - perhaps
        text = (
            f"{least} to {chart.infusion_count} infusions given: of one without a day nobody says"
        )
        return measured(
            Interval(float(least), float(chart.infusion_count)), text, sources, whole=True
        )
    return Found(
        chart.infusion_count,
        sources,
        f"{chart.infusion_count} infusion{'' if chart.infusion_count == 1 else 's'} given",
    )


@finding("anti_car_antibody")
def anti_car_antibody(chart: PatientChart) -> Found:
    return chart.positive("anti_car_antibody", chart.after_infusion(1, 10**6))


@finding("anti_car_antibody_before_infusion")
def anti_car_antibody_before_infusion(chart: PatientChart) -> Found:
    return chart.positive("anti_car_antibody", chart.before_infusion(10**6))


# ---------------------------------------------------------------- preparation


def preparation(chart: PatientChart, purpose: str) -> list[Therapy]:
    """Lymphodepletion or bridging of the last infusion: by its day, else by the order where only
    that is known.
    """
    return [x for x in chart.record.therapies if x.purpose == purpose and _belongs(chart, x)]


def _belongs(chart: PatientChart, row: Therapy) -> bool:
    """Whether the row prepared the last infusion."""
    first, last = row.start.first, row.start.last
    if first is None and last is None:
        only_infusion = row.after_infusion is None and chart.infusion_count == 1
        return only_infusion or row.after_infusion == chart.infusion_count - 1
    if chart.infusion_day is None:
        return False
    known = [day for day in (first, last) if day is not None]
    earliest = chart.infusion_day - _PREPARATION_DAYS
    return min(known) <= chart.infusion_day and max(known) >= earliest


def lymphodepletion_start(chart: PatientChart) -> int | None:
    """First day of the lymphodepletion of the last infusion, where it is known."""
    days = [
        x.start.first for x in preparation(chart, "lymphodepletion") if x.start.first is not None
    ]
    return min(days, default=None)


@finding("lymphodepletion_flu_cy")
def lymphodepletion_flu_cy(chart: PatientChart) -> Found:
    rows = preparation(chart, "lymphodepletion")
    agents = {a for x in rows for a in x.agents}
    sources = rows_of(rows)
    text = f"lymphodepletion: {', '.join(sorted(agents))}" if agents else ""
    if {"fludarabine", "cyclophosphamide"} <= agents:
        return Found(True, sources, text)
    if not agents or any(x.unread for x in rows):
        return unknown(text, sources)
    return Found(False, sources, text)


@finding("bridging_intensive")
def bridging_intensive(chart: PatientChart) -> Found:
    """Three cytotoxic agents or more."""
    rows = preparation(chart, "bridging")
    if not rows:
        complete = chart.therapy_history
        if complete.value is not True:
            return NOTHING
        return Found(False, complete.sources, "no bridging recorded")
    agents = sorted({a for x in rows for a in x.agents})
    cytotoxic = [a for a in agents if not _CYTOTOXIC.isdisjoint(chart.lexicon.agent_class(a))]
    text = f"bridging: {', '.join(agents)}"
    if len(cytotoxic) >= 3:
        return Found(True, rows_of(rows), f"{text} ({len(cytotoxic)} cytotoxic agents)")
    if any(x.unread or not x.agents for x in rows):
        return unknown(f"{text}; part of the bridging was not read", rows_of(rows))
    return Found(False, rows_of(rows), text)
