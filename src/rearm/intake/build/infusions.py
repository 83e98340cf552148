"""Rows of `infusions`: products that were infused, or only collected."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from rearm.intake.build import typed
from rearm.intake.build.axis import Axis, placed
from rearm.intake.build.log import IssueLog
from rearm.intake.build.product_names import product_within
from rearm.intake.build.terms import Terms
from rearm.intake.days import parse_moment
from rearm.intake.rows import Row
from rearm.intake.values import Refused, shown
from rearm.knowledge.lexicon import Product
from rearm.record import UNKNOWN_WHEN, Infusion, When

__all__ = ["flag_undated", "read_infusion"]

_ANTIGENS = ("BCMA", "GPRC5D", "CD19")  # written in capitals, whatever stands in the cell


def read_infusion(row: Row, axis: Axis, log: IssueLog, terms: Terms) -> Iterable[Infusion]:
    """The product by its id where the lexicon knows it; target and binder as stated, else from the
    lexicon.
    """
    name = typed.text(row, "product", log)
    product = _product(row, log, terms, name)
    targets = _targets(row, log, product)
    when, infused = _given(row, axis, log)
    construct = typed.word(row, "construct", log)
    if construct is None and product is not None:
        construct = product.construct
    yield Infusion(
        source=row.source,
        when=when,
        product=product.id if product is not None else name,
        targets=targets,
        dose_cells=typed.number(row, "dose_cells", log),
        apheresis=_apheresis(row, axis, log),
        in_specification=typed.flag(row, "in_specification", log),
        infused=infused,
        reason=typed.text(row, "reason", log),
        construct=construct,
    )


_OF_LYMPHOMA = ("CD19",)


def _product(row: Row, log: IssueLog, terms: Terms, name: str | None) -> Product | None:
    product = terms.product(name) if name else None
    if name and product is None and (within := product_within(name, terms.lexicon)) is not None:
        product, rest = within
        sentence = f"{shown(name)} is read as {product.name}; {shown(rest)} is kept as a comment."
        if rest:
            log.note(row, "product", "product_remark", sentence)
    if name and product is None:
        known = (n for p in terms.lexicon.products.values() for n in (p.id, p.name))
        log.warning(
            row,
            "product",
            "unknown_product",
            f"{shown(name)} is not a CAR-T product in the lexicon (nearest: "
            f"{terms.nearest_names(name, known)}). It is kept as entered.{_consequence(row)}",
            "used",
        )
    if product is not None and product.targets == _OF_LYMPHOMA:
        log.warning(
            row,
            "product",
            "product_of_another_disease",
            f"{product.name} is given for lymphoma and leukaemia. Check the patient's disease, and "
            "enter it (column disease of patients): Rearm judges multiple myeloma only.",
            "used",
        )
    return product


def _consequence(row: Row) -> str:
    if row.given("target") is not None:
        return ""
    return " Its target is unknown, so no rule about the same antigen applies. Enter the target."


def _targets(row: Row, log: IssueLog, product: Product | None) -> tuple[str, ...]:
    """The targets as stated; those of the product where none are, or where others are."""
    names = (t.strip() for t in (typed.text(row, "target", log) or "").split(";"))
    stated = tuple(dict.fromkeys(t.upper() if t.upper() in _ANTIGENS else t for t in names if t))
    if product is None:
        return stated
    if stated and set(stated) != set(product.targets):
        log.error(
            row,
            "target",
            "target_contradiction",
            f"The target is entered as {', '.join(stated)}, but {product.name} targets "
            f"{', '.join(product.targets)}. The target of the product is used; check both.",
        )
        return product.targets
    return stated or product.targets


def _given(row: Row, axis: Axis, log: IssueLog) -> tuple[When, bool | None]:
    """The day of the infusion, and whether there was one: a day says so, unless it is denied."""
    when = axis.of_infusion(row, placed(row, "day", axis, log)[0])
    infused = typed.flag(row, "infused", log)
    if when.first is None or when.last is None or infused:
        return when, infused
    if infused is None:
        return when, True
    log.warning(
        row,
        "day",
        "day_of_no_infusion",
        f"The product was not infused, but its day is entered as {shown(row.given('day'))}. The "
        "day is not used.",
    )
    return UNKNOWN_WHEN, False


def _apheresis(row: Row, axis: Axis, log: IssueLog) -> tuple[When, ...]:
    """The times of the stated leukaphereses; what is none becomes an issue."""
    cell = row.cell("apheresis_days")
    if cell.given is None or cell.not_done or cell.aside is not None:
        return ()
    given = cell.given
    parts: list[Any] = (
        [part for part in given.split(";") if part.strip()] if isinstance(given, str) else [given]
    )
    times: list[When] = []
    for part in parts:
        try:
            when = axis.when(parse_moment(part))
        except Refused as refusal:
            sentence = f"{refusal} The day is not used."
            log.error(row, "apheresis_days", refusal.code, sentence)
            continue
        if when == UNKNOWN_WHEN:
            log.warning(
                row,
                "apheresis_days",
                "day_not_placed",
                f"The apheresis {shown(part)} can't be placed in time. It is not used.",
            )
        else:
            times.append(when)
    return tuple(dict.fromkeys(times))


def flag_undated(given: Iterable[tuple[Infusion, Row]], log: IssueLog) -> None:
    """An error for each infusion of which no day, or only a month or year is known, with what stays
    unknown for that. A word of order (`before infusion`) says what was meant.
    """
    given = list(given)
    way_out = ""
    if all(infusion.day is None for infusion, _ in given):
        way_out = "; if all days are dates, leave day_zero blank and the infusion becomes day 0"
    for infusion, row in given:
        if infusion.infused is False or infusion.day is not None:
            continue
        product = f" of {infusion.product}" if infusion.product else ""
        if infusion.perhaps_given:
            sentence = (
                f"Whether the product{product} was infused is not known: it has no day, and the "
                "column infused says neither yes nor no. It is not counted as given, and no "
                "failure is judged. Enter its day, or infused = yes or no."
            )
            log.error(row, None, "infusion_without_day", sentence, "used")
        elif infusion.when == UNKNOWN_WHEN:
            sentence = (
                f"The infusion{product} has no day, so nothing can be placed after it and its "
                "failure cannot be judged. Enter its day, or infused = no if it was never given."
            )
            log.error(row, None, "infusion_without_day", sentence, "used")
        elif infusion.when.first is not None and infusion.when.last is not None:
            sentence = (
                f"The infusion{product} is dated {infusion.when}, so the response, the failure "
                "and everything counted from the infusion cannot be judged. All rows are kept, "
                "and those certainly before or after it are used as such. Enter its "
                f"day{way_out}."
            )
            log.error(row, "day", "infusion_day_not_exact", sentence, "used")
