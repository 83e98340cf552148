"""Rows of the tidy tables to events of the record; one function a table (results stand in
`labs.py`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from rearm.intake import values
from rearm.intake.build.conditions import read_condition, read_toxicity
from rearm.intake.build.context import Context
from rearm.intake.dictionary import fact_values, nearest
from rearm.intake.regimen import read as regimens
from rearm.intake.rows import Row, Value
from rearm.intake.values import Refused, shown
from rearm.knowledge.agents import find_agent, find_class, find_product, load_agents, load_products
from rearm.record import (
    Death,
    Fact,
    Imaging,
    Infusion,
    RefractorinessStatement,
    ResponseStatement,
    Therapy,
    Variant,
    When,
)

__all__ = [
    "EVENT_READERS",
    "UNREAD_IMAGING",
    "UNREAD_RESPONSE",
    "apheresis_days",
    "read_infusion",
    "read_therapy",
]

# Names under which statements of the disease that could not be read stand in `Record.set_aside`.
UNREAD_RESPONSE = "team response"
UNREAD_IMAGING = "imaging"
_SMALLEST_LESION = 5.0  # mm; no imaging measures less reliably

Definitions = Mapping[str, Sequence[str]]


def read_therapy(
    row: Row, context: Context, definitions: Definitions | None = None
) -> Iterable[Therapy]:
    """One therapy, or one for each part of a regimen text that names several (transplant, then
    maintenance).

    The column `agents` counts where it is filled; else the regimen is read. A name that can't be
    read stays in `unread`.
    """
    start, _ = context.day(row, "start_day")
    end, _ = context.day(row, "end_day")
    if (
        start.last is not None
        and end.last is not None
        and end.last < (start.first if start.first is not None else start.last)
    ):
        context.issue(
            row,
            "end_day",
            "error",
            "end_before_start",
            f"The therapy ends on day {end.last}, before it starts. The end is not used.",
            "set_aside",
        )
        end = When()
    regimen = context.text(row, "regimen")
    stated = context.text(row, "agents")
    agents, unread = _stated_agents(row, context, stated)
    reading = regimens.parse(regimen, definitions) if regimen else None
    purpose = context.word(row, "purpose")
    common: dict[str, Any] = {
        "source": row.source,
        "start": start,
        "end": end,
        "line": context.integer(row, "line"),
        "regimen": regimen,
        "best_response": context.word(row, "best_response"),
        "progression_on": context.yes_no(row, "progression_on"),
        "stop_reason": context.text(row, "stop_reason"),
        "after_infusion": context.integer(row, "after_infusion"),
    }
    if stated is not None or reading is None:
        if (
            reading is not None
            and reading.agents
            and not reading.left_open
            and set(reading.agents) != set(agents)
            and not unread
        ):
            context.issue(
                row,
                "agents",
                "warning",
                "regimen_contradicts_agents",
                _differs(regimen, reading.agents, agents),
                "used",
            )
        if not agents and not unread and purpose != "radiotherapy":
            context.issue(
                row,
                None,
                "warning",
                "therapy_unnamed",
                "The therapy names neither agents nor a regimen; what was given is unknown.",
                "used",
            )
            unread = ("not named",)
        implied = (
            reading.parts[0].purpose if reading is not None and len(reading.parts) == 1 else None
        )
        return [Therapy(agents=agents, unread=unread, purpose=purpose or implied, **common)]
    return _parts(row, context, reading, purpose, common)


def _stated_agents(
    row: Row, context: Context, stated: str | None
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    found: list[str] = []
    unread: list[str] = []
    for name in (part.strip() for part in (stated or "").split(";")):
        if not name or values.not_done(name):
            continue
        if (agent := find_agent(name)) is not None:
            found.append(agent.id)
        elif (
            find_product(name) is None
        ):  # a CAR-T product is an infusion, not an agent; it is read from there
            unread.append(name)
            context.issue(
                row,
                "agents",
                "error",
                "unknown_agent",
                f"{shown(name)} is no agent of the lexicon (nearest:"
                f" {nearest(name, load_agents())}). It is not read.",
                "set_aside",
            )
    return tuple(dict.fromkeys(found)), tuple(unread)


def _differs(regimen: str | None, read: Iterable[str], stated: Iterable[str]) -> str:
    return (
        f"The regimen {shown(regimen)} means {', '.join(read)}; the agents are stated as"
        f" {', '.join(stated)}. The stated agents count."
    )


def _parts(
    row: Row,
    context: Context,
    reading: regimens.RegimenReading,
    purpose: str | None,
    common: dict[str, Any],
) -> list[Therapy]:
    for ambiguity in reading.ambiguities:
        candidates = "; ".join(", ".join(c) or "no regimen" for c in ambiguity.candidates)
        context.issue(
            row,
            "regimen",
            "warning",
            "regimen_ambiguous",
            f"{shown(ambiguity.text)} is in use for several regimens ({candidates}); it is not"
            " read. State the agents.",
            "set_aside",
        )
    if reading.unread:
        context.issue(
            row,
            "regimen",
            "warning",
            "regimen_unread",
            f"In the regimen {shown(reading.text)} these parts could not be read:"
            f" {', '.join(map(shown, reading.unread))}.",
            "set_aside",
        )
    for note in reading.notes:
        context.issue(
            row, "regimen", "note", "regimen_note", f"Regimen {shown(reading.text)}: {note}", "used"
        )
    left_open = reading.left_open
    parts = [p for p in reading.parts if p.agents or p.purpose is not None]
    if not parts:
        if reading.infusions and not left_open:
            if not context.infused:
                message = (
                    f"{shown(reading.text)} names a CAR-T, but no infusion was read. Give it as an"
                    " infusion, with its day and product."
                )
                context.issue(row, "regimen", "warning", "infusion_unread", message, "set_aside")
            return []  # an infusion stands in its own table
        return [Therapy(unread=left_open or (reading.text,), purpose=purpose, **common)]
    therapies = []
    for place, part in enumerate(parts):
        last = place == len(parts) - 1
        own = (
            common
            if last
            else common | {"best_response": None, "progression_on": None, "stop_reason": None}
        )  # they speak of the end of the line
        therapies.append(
            Therapy(
                agents=part.agents,
                unread=left_open if place == 0 else (),
                purpose=(purpose if len(parts) == 1 else None) or part.purpose or purpose,
                **own,
            )
        )
    return therapies


def apheresis_days(row: Row, context: Context) -> tuple[int, ...]:
    """The exact days among the stated leukaphereses; others become issues."""
    value = row.values.get("apheresis_days")
    if value is None or "apheresis_days" in row.set_aside or values.not_done(value):
        return ()
    parts: list[Any] = (
        [p for p in value.split(";") if p.strip()] if isinstance(value, str) else [value]
    )
    days: list[int] = []
    for part in parts:
        try:
            when = context.axis.when(values.parse_moment(part))
        except Refused as refusal:
            context.issue(
                row,
                "apheresis_days",
                "error",
                refusal.code,
                f"{refusal} The day is not used.",
                "set_aside",
            )
            continue
        if when.day is None:
            context.issue(
                row,
                "apheresis_days",
                "warning",
                "day_not_exact",
                f"The apheresis {shown(part)} has no exact day; it is not used.",
                "set_aside",
            )
        else:
            days.append(when.day)
    return tuple(dict.fromkeys(days))


def read_infusion(row: Row, context: Context) -> Infusion:
    """The product by its id where the lexicon knows it; target and binder as stated, else from the
    lexicon.
    """
    name = context.text(row, "product")
    product = find_product(name) if name else None
    if name and product is None:
        known = nearest(name, (n for p in load_products().values() for n in (p.id, p.name)))
        context.issue(
            row,
            "product",
            "warning",
            "unknown_product",
            f"{shown(name)} is no CAR-T product of the lexicon (nearest: {known}); it is kept as"
            " written.",
            "used",
        )
    stated = tuple(
        dict.fromkeys(
            t.strip().upper() if t.strip().upper() in ("BCMA", "GPRC5D", "CD19") else t.strip()
            for t in (context.text(row, "target") or "").split(";")
            if t.strip()
        )
    )
    if product is not None and stated and set(stated) != set(product.targets):
        message = (
            f"The target is stated as {', '.join(stated)}, but {product.name} is directed against "
            f"{', '.join(product.targets)}. Check both; the product's target counts."
        )
        context.issue(row, "target", "error", "target_contradiction", message, "set_aside")
        stated = product.targets
    when, _ = context.day(row, "day")
    infused = context.yes_no(row, "infused")
    if infused is None and when.day is not None:
        infused = True
    if infused is False and when.day is not None:
        context.issue(
            row,
            "day",
            "warning",
            "day_of_no_infusion",
            f"The product was not infused, but day {when.day} stands as its day. The day is not"
            " used.",
            "set_aside",
        )
        when = When()
    construct = context.word(row, "construct")
    return Infusion(
        source=row.source,
        when=when,
        product=product.id if product is not None else name,
        targets=stated or (product.targets if product is not None else ()),
        dose_cells=context.number(row, "dose_cells"),
        apheresis_days=apheresis_days(row, context),
        in_specification=context.yes_no(row, "in_specification"),
        infused=infused,
        reason=context.text(row, "reason"),
        construct=construct or (product.construct if product is not None else None),
    )


def _response(row: Row, context: Context) -> Iterable[ResponseStatement]:
    response = context.word(row, "response")
    when, _ = context.day(row, "day")
    if response is None:
        context.unread(row, "response", UNREAD_RESPONSE, when)
    else:
        yield ResponseStatement(
            response=response,
            when=when,
            source=row.source,
            by=context.word(row, "by"),
            basis=context.text(row, "basis"),
            nominal_day=context.integer(row, "nominal_day"),
            pattern=context.text(row, "pattern"),
        )


def _refractoriness(row: Row, context: Context) -> Iterable[RefractorinessStatement]:
    name = context.text(row, "agent_or_class") or ""
    status = context.word(row, "status")
    agent = find_agent(name)
    known = find_class(name) if agent is None else agent.id
    when, _ = context.day(row, "day")
    if known is None:
        context.issue(
            row,
            "agent_or_class",
            "error",
            "unknown_agent",
            f"{shown(name)} is no agent and no class of the lexicon; the statement is not used.",
            "set_aside",
        )
    elif status is not None:
        yield RefractorinessStatement(
            agent_or_class=known,
            status=status,
            source=row.source,
            when=when,
            by=context.word(row, "by"),
        )


def _variant(row: Row, context: Context) -> Iterable[Variant]:
    gene = context.text(row, "gene")
    result = context.word(row, "result")
    when, _ = context.day(row, "day")
    reported, _ = context.day(row, "reported_day")
    if gene is not None and result is not None:
        yield Variant(
            gene=gene,
            result=result,
            source=row.source,
            when=when,
            change=context.text(row, "change"),
            kind=context.word(row, "kind"),
            copies=context.number(row, "copies"),
            vaf=context.number(row, "vaf"),
            clonal_fraction=context.number(row, "clonal_fraction"),
            specimen=context.text(row, "specimen"),
            site=context.text(row, "site"),
            assay=context.word(row, "assay"),
            reported_day=reported.day,
        )


def _imaging(row: Row, context: Context) -> Iterable[Imaging]:
    when, _ = context.day(row, "day")
    reported, _ = context.day(row, "reported_day")
    result = context.word(row, "result")
    result = _sure_result(row, context, result, when)
    for column in ("length_mm", "width_mm", "short_axis_mm"):
        _check_size(row, context, column)
    yield Imaging(
        source=row.source,
        when=when,
        method=context.word(row, "method"),
        result=result,
        lesion=context.text(row, "lesion"),
        kind=context.word(row, "kind"),
        site=context.text(row, "site"),
        contiguous_with_bone=context.yes_no(row, "contiguous_with_bone"),
        length_mm=context.number(row, "length_mm"),
        width_mm=context.number(row, "width_mm"),
        short_axis_mm=context.number(row, "short_axis_mm"),
        spd_mm2=context.number(row, "spd_mm2"),
        n_lesions=context.integer(row, "n_lesions"),
        suv=context.number(row, "suv"),
        new=context.yes_no(row, "new"),
        reported_day=reported.day,
    )


def _sure_result(row: Row, context: Context, result: str | None, when: When) -> str | None:
    """The result, or None where it or its day is not certain: then the examination is kept, and
    known not to have been read.
    """
    stated = row.values.get("result")
    if result is None and stated is not None and not values.not_done(stated):
        context.unread(row, "result", UNREAD_IMAGING, when)  # the issue came with the word
        return None
    sizes = [row.values.get(c) for c in ("length_mm", "width_mm", "short_axis_mm", "spd_mm2")]
    given = [s for s in sizes if s is not None]
    if result is None:
        why = "The examination has no result that can be read"
    elif (
        "day" not in row.moments
        and values.is_dated(row.values.get("day"))
        and when != When()
        and when.day is None
    ):
        why = f"The day of the examination ({shown(row.values.get('day'))}) is not whole"
    elif result == "positive" and given and all(_is_zero(s, row) for s in given):
        why = "The result is positive, but every size is 0"
    else:
        return result
    message = (
        f"{why}; it is kept without a result. State positive or negative, the whole day and the"
        " sizes."
    )
    context.issue(row, "result", "warning", "imaging_unclear", message, "set_aside")
    context.keep_unread(row, "result", UNREAD_IMAGING, when, why)
    return None


def _is_zero(value: Value, row: Row) -> bool:
    try:
        return values.number(value, decimal=row.decimal) == 0
    except Refused:
        return False


def _check_size(row: Row, context: Context, column: str) -> None:
    """A lesion below 5 mm can hardly be measured: centimetres in a column of millimetres look like
    this.
    """
    try:
        size = values.number(row.values.get(column), decimal=row.decimal)
    except Refused:
        return  # said when the column itself is read
    if 0 < size < _SMALLEST_LESION and column not in row.set_aside:
        message = (
            f"{column} is {size:g} mm, too small to be measured: were centimetres meant? It is used"
            " as stated; check it."
        )
        context.issue(row, column, "warning", "possible_unit_error", message, "used")


def _fact(row: Row, context: Context) -> Iterable[Fact]:
    finding = context.word(row, "finding")
    value = context.text(row, "value")
    when, _ = context.day(row, "day")
    if finding is None or value is None or values.not_done(value):
        return
    allowed = fact_values().get(finding)
    if allowed is not None:
        lesion, mark, last = value.rpartition("=")
        known = {w.casefold(): w for w in allowed}.get(last.strip().casefold())
        if known is None or (finding == "lesion_histology") != bool(mark):
            form = "<lesion>=<word>, word one of " if finding == "lesion_histology" else ""
            context.issue(
                row,
                "value",
                "error",
                "unknown_word",
                f"{shown(value)} is not a value of {finding}; allowed: {form}{', '.join(allowed)}."
                " It is not used.",
                "set_aside",
            )
            return
        value = f"{lesion.strip()}={known}" if mark else known
    yield Fact(
        finding=finding, value=value, source=row.source, when=when, by=context.word(row, "by")
    )


def _death(row: Row, context: Context) -> Iterable[Death]:
    when, _ = context.day(row, "day")
    yield Death(when=when, cause=context.word(row, "cause") or "unknown", source=row.source)


# field of the record and reader, by table; labs and therapies are read apart
EVENT_READERS: Mapping[str, tuple[str, Callable[[Row, Context], Iterable[Any]]]] = {
    "infusions": ("infusions", lambda row, context: [read_infusion(row, context)]),
    "assessments": ("responses", _response),
    "refractoriness": ("refractoriness", _refractoriness),
    "variants": ("variants", _variant),
    "imaging": ("imaging", _imaging),
    "toxicities": ("toxicities", read_toxicity),
    "conditions": ("conditions", read_condition),
    "facts": ("facts", _fact),
    "deaths": ("deaths", _death),
}
