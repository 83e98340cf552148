"""Findings on the product of the last infusion, its preparation, and immunity against it."""

from __future__ import annotations

from rearm.findings.base import Found, finding, unknown
from rearm.findings.chart import PatientChart
from rearm.knowledge.agents import agent_class, load_products
from rearm.record import Therapy, When

# Lymphodepletion and bridging belong to the infusion that follows within this time.
_PREPARATION_DAYS = 180


@finding("in_specification")
def in_specification(chart: PatientChart) -> Found:
    said = {x.in_specification for x in chart.infusion_rows}
    if len(said) != 1 or None in said:
        return unknown()
    value = said.pop()
    text = f"the product {'met' if value else 'did not meet'} its specification"
    return Found(value, tuple(x.source for x in chart.infusion_rows), text)


@finding("dose_cells")
def dose_cells(chart: PatientChart) -> Found:
    doses = [x.dose_cells for x in chart.infusion_rows]
    known = [x for x in doses if x is not None]
    if not doses or len(known) < len(doses):
        return unknown("the dose of one part of the infusion is not recorded" if known else "")
    return Found(
        sum(known),
        tuple(x.source for x in chart.infusion_rows),
        f"{sum(known):.3g} CAR+ cells{' in parts' if len(known) > 1 else ''}",
    )


@finding("car_target_bcma")
def car_target_bcma(chart: PatientChart) -> Found:
    return _target(chart, "BCMA")


@finding("car_target_gprc5d")
def car_target_gprc5d(chart: PatientChart) -> Found:
    return _target(chart, "GPRC5D")


def car_targets(chart: PatientChart) -> tuple[str, ...]:
    """Targets of the last infused product: as recorded, else as the product is listed."""
    if chart.infusion is None:
        return ()
    listed = load_products().get(chart.infusion.product or "")
    return chart.infusion.targets or (listed.targets if listed else ())


def _target(chart: PatientChart, antigen: str) -> Found:
    targets = car_targets(chart)
    if chart.infusion is None or not targets:
        return unknown()
    return Found(
        antigen in targets,
        (chart.infusion.source,),
        f"{chart.infusion.product or 'CAR-T'} against {', '.join(targets)}",
    )


@finding("car_product")
def car_product(chart: PatientChart) -> Found:
    if chart.infusion is None or chart.infusion.product is None:
        return unknown()
    product = chart.infusion.product
    return Found(product if product in _NAMED else "other", (chart.infusion.source,), product)


_NAMED = ("ide-cel", "cilta-cel", "eque-cel", "zevor-cel", "anito-cel", "arlo-cel")


def _infused(product: str) -> None:
    @finding(f"infused_{product.replace('-', '_')}")
    def infused(chart: PatientChart) -> Found:
        given = chart.record.infused()
        for row in given:
            if row.product == product:
                return Found(True, (row.source,), f"{product}, {row.when}")
        if not given or any(x.product is None for x in given):
            return unknown("the product of an infusion is not recorded" if given else "")
        return Found(
            False,
            tuple(x.source for x in given),
            f"infused: {', '.join(str(x.product) for x in given)}",
        )


for _product in ("ide-cel", "cilta-cel", "eque-cel"):
    _infused(_product)


@finding("construct_human")
def construct_human(chart: PatientChart) -> Found:
    if chart.infusion is None:
        return unknown()
    listed = load_products().get(chart.infusion.product or "")
    construct = chart.infusion.construct or (listed.construct if listed else None)
    if construct is None:
        return unknown()
    word = construct.casefold()
    value = (
        True
        if word.startswith("human")
        else False
        if word.startswith(("murine", "camelid", "llama"))
        else None
    )
    return Found(value, (chart.infusion.source,), f"binder: {construct}")


@finding("infusions_given")
def infusions_given(chart: PatientChart) -> Found:
    if not chart.record.infusions:
        return unknown("no CAR-T infusion in the record")
    sources = tuple(x.source for x in chart.record.infusions)
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
    if row.start.first is not None or row.start.last is not None:
        if chart.infusion_day is None:
            return False
        window = When(chart.infusion_day - _PREPARATION_DAYS, chart.infusion_day)
        first = row.start.first if row.start.first is not None else row.start.last
        last = row.start.last if row.start.last is not None else row.start.first
        return (
            window.first is not None
            and first is not None
            and last is not None
            and window.first <= last
            and first <= chart.infusion_day
        )
    return row.after_infusion == chart.infusion_count - 1 or (
        row.after_infusion is None and chart.infusion_count == 1
    )


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
    sources = tuple(x.source for x in rows)
    text = f"lymphodepletion: {', '.join(sorted(agents))}" if agents else ""
    if {"fludarabine", "cyclophosphamide"} <= agents:
        return Found(True, sources, text)
    if not agents or any(x.unread for x in rows):
        return unknown(text, sources)
    return Found(False, sources, text)


@finding("bridging_intensive")
def bridging_intensive(chart: PatientChart) -> Found:
    rows = preparation(chart, "bridging")
    sources = tuple(x.source for x in rows)
    cytotoxic = sorted(
        {
            a
            for x in rows
            for a in x.agents
            if {"alkylator", "other chemotherapy"}.intersection(agent_class(a))
        }
    )
    text = f"bridging: {', '.join(sorted({a for x in rows for a in x.agents}))}" if rows else ""
    if len(cytotoxic) >= 3:
        return Found(True, sources, f"{text} ({len(cytotoxic)} cytotoxic agents)")
    if any(x.unread or not x.agents for x in rows):
        return unknown(f"{text}; a part of the bridging was not read", sources)
    if rows:
        return Found(False, sources, text)
    complete = chart.therapy_history
    return (
        Found(False, complete.sources, "no bridging recorded")
        if complete.value is True
        else unknown()
    )
