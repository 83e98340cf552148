"""Reading studies: one TOML file a study under `data/studies/`, several arms in it, so that adding
a study is adding one file.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rearm.errors import meant
from rearm.knowledge._build import KnowledgeError, build
from rearm.knowledge._study_figures import (
    MonthsRow,
    ShareRow,
    check_months,
    proportion,
    refuse,
    time_to_event,
)
from rearm.knowledge._toml import parsed
from rearm.knowledge.studies import (
    Arm,
    Design,
    Disease,
    Figure,
    Months,
    Proportion,
    ReadFrom,
    Setting,
    Study,
    StudyCitation,
)

__all__ = ["check_studies", "load_studies", "parse_study", "read_studies"]

# ---------------------------------------------------------------- what a file writes


@dataclass(frozen=True, slots=True, kw_only=True)
class _ArmRow:
    id: str
    strategy: str
    setting: Setting
    population: str
    figure: Figure
    shown_under: tuple[str, ...] = ()
    agents: tuple[str, ...] = ()
    targets: tuple[str, ...] = ()
    biomarker: str | None = None
    disease: Disease | None = None
    after_targets: tuple[str, ...] = ()
    unlicensed_dose: bool = False
    steroid_in_some: bool = False
    overlap: tuple[str, ...] = ()
    overlap_note: str | None = None
    n_treated: int | None = None
    n_prior_cart: int | None = None
    follow_up_months: float | None = None
    findings: tuple[str, ...] = ()
    caveats: tuple[str, ...] = ()
    url: str | None = None
    read_from: ReadFrom | None = None
    response: ShareRow | None = None
    complete_response: ShareRow | None = None
    vgpr_or_better: ShareRow | None = None
    pfs: MonthsRow | None = None
    dor: MonthsRow | None = None
    os: MonthsRow | None = None
    crs: ShareRow | None = None
    crs_grade3: ShareRow | None = None
    icans: ShareRow | None = None
    infection_grade3: ShareRow | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _StudyRow:
    id: str
    authors: str
    title: str
    url: str
    read_from: ReadFrom
    design: Design
    journal: str | None = None
    year: int | None = None
    doi: str | None = None
    pmid: str | None = None
    note: str | None = None
    incomplete: bool = False
    missing: tuple[str, ...] = ()
    arm: tuple[Any, ...] = ()


# ---------------------------------------------------------------- from a file to a study


def parse_study(
    data: Mapping[str, Any], file: str, strategies: Collection[str] | None = None
) -> Study:
    """The study of one TOML file, given as its tables.

    `strategies` are those that an arm may name, by default those of the bundled knowledge. Raises
    KnowledgeError with the file, the arm and what to do.
    """
    row = build(_StudyRow, data, file)
    _check_id(row.id, file)
    _check_address(row.url, file)
    if row.year is not None and not 1950 <= row.year <= 2100:
        refuse(file, f"the year {row.year} is not possible. Correct it.")
    if row.incomplete != bool(row.missing):
        refuse(
            file,
            "incomplete = true and the list `missing` go together. Name what was not found, such"
            ' as missing = ["doi"], or leave both out.',
        )
    absent = [key for key in ("journal", "year", "doi") if getattr(row, key) is None]
    if unsaid := [key for key in absent if key not in row.missing]:
        refuse(
            file,
            f"{', '.join(unsaid)} is not given. Add it, or set incomplete = true and name it in"
            " `missing`.",
        )
    if not row.arm:
        refuse(file, "there is no [[arm]]. A study has at least one group of patients.")
    citation = StudyCitation(
        authors=row.authors,
        title=row.title,
        journal=row.journal,
        year=row.year,
        doi=row.doi,
        pmid=row.pmid,
        url=row.url,
        read_from=row.read_from,
        missing=row.missing,
    )
    if strategies is None:
        from rearm.knowledge.bundle import bundled

        strategies = bundled().words.strategies
    arms = []
    for arm in row.arm:
        where = f"{file}, arm {arm.get('id', '?') if isinstance(arm, Mapping) else '?'}"
        made = _arm(build(_ArmRow, arm, where), row.id, citation, where)
        _check_strategies(made, strategies, where)
        arms.append(made)
    return Study(id=row.id, citation=citation, design=row.design, note=row.note, arms=tuple(arms))


def _arm(row: _ArmRow, study: str, citation: StudyCitation, where: str) -> Arm:
    _check_id(row.id, where)
    _check_address(row.url, where)
    check_months(row.follow_up_months, "follow_up_months", where)
    if row.n_treated is not None and row.n_treated < 1:
        refuse(
            where,
            f"n_treated is {row.n_treated}. Give the number of patients, or leave it out if it "
            "is unknown.",
        )

    def share(name: str) -> Proportion | None:
        return proportion(getattr(row, name), row.n_treated, f"{where}, {name}")

    def time(name: str) -> Months | None:
        return time_to_event(getattr(row, name), f"{where}, {name}")

    arm = Arm(
        id=row.id,
        study=study,
        strategy=row.strategy,
        shown_under=row.shown_under,
        agents=frozenset(row.agents),
        targets=frozenset(row.targets),
        setting=row.setting,
        population=row.population,
        biomarker=row.biomarker,
        disease=row.disease,
        after_targets=frozenset(row.after_targets),
        unlicensed_dose=row.unlicensed_dose,
        steroid_in_some=row.steroid_in_some,
        figure=row.figure,
        overlap=frozenset(row.overlap),
        overlap_note=row.overlap_note,
        n_treated=row.n_treated,
        n_prior_cart=row.n_prior_cart,
        response=share("response"),
        complete_response=share("complete_response"),
        vgpr_or_better=share("vgpr_or_better"),
        pfs=time("pfs"),
        dor=time("dor"),
        os=time("os"),
        crs=share("crs"),
        crs_grade3=share("crs_grade3"),
        icans=share("icans"),
        infection_grade3=share("infection_grade3"),
        follow_up_months=row.follow_up_months,
        findings=row.findings,
        caveats=row.caveats,
        url=row.url or citation.url,
        read_from=row.read_from or citation.read_from,
    )
    _check_response(arm, where)
    if arm.figure == "pivotal" and arm.directness != "indirect only":
        refuse(
            where,
            f"a pivotal figure is one from before CAR-T, not {arm.setting_words}. What was seen"
            " nearer is patient-level or percent-only.",
        )
    return arm


def _check_id(name: str, where: str) -> None:
    if not re.fullmatch(r"[a-z0-9]+(?:[-.][a-z0-9]+)*", name):
        refuse(
            where,
            f"the id {name!r} is not valid. Write lower-case letters and digits, joined by "
            "hyphens, such as smith-2031.",
        )


def _check_address(url: str | None, where: str) -> None:
    in_words = url is not None and " " in url  # words say that there is no address
    if url is not None and not in_words and not url.startswith(("https://", "http://")):
        refuse(where, f"url {url!r} is not an address. It must begin with https://.")


def _check_strategies(arm: Arm, strategies: Collection[str], where: str) -> None:
    for name in (arm.strategy, *arm.shown_under):
        if name not in strategies and not (name == "other" and name == arm.strategy):
            choices = (*strategies, "other")
            refuse(
                where,
                f"strategy {name!r} is unknown. Use one of "
                f"{', '.join(choices)}.{meant(name, choices)}",
            )


def _check_response(arm: Arm, where: str) -> None:
    response, complete = arm.response, arm.complete_response
    if response is None:
        return
    if arm.figure == "patient-level" and response.events is None:
        refuse(
            where,
            "a patient-level response needs counts. Without them, write percent-only.",
        )
    if complete is not None and complete.percent > response.percent + 1:
        refuse(
            where,
            f"more complete responses ({complete.percent:g} %) than responses"
            f" ({response.percent:g} %).",
        )


# ---------------------------------------------------------------- all studies


def check_studies(studies: Iterable[Study]) -> None:
    """What one file cannot see: ids are unique, every overlap group has two arms or more.

    Raises KnowledgeError.
    """
    seen: set[str] = set()
    groups: defaultdict[str, list[str]] = defaultdict(list)
    for study in studies:
        for name in (study.id, *(arm.id for arm in study.arms if arm.id != study.id)):
            if name in seen:
                raise KnowledgeError(
                    [f"{name} is used twice. Ids of studies and arms must be unique."]
                )
            seen.add(name)
        for arm in study.arms:
            if study.design == "meta-analysis" and arm.figure != "meta-analysis":
                refuse(
                    arm.id,
                    "the study is a meta-analysis, so its figure must be one too; it is never "
                    "pooled.",
                )
            for group in arm.overlap:
                groups[group].append(arm.id)
    for group, members in groups.items():
        if len(members) < 2:
            refuse(
                members[0],
                f"overlap group {group!r} has no other arm. Name it also in the arm that shares "
                "the patients.",
            )


def load_studies() -> tuple[Study, ...]:
    """The bundled studies, sorted by id."""
    from rearm.knowledge.bundle import bundled

    return bundled().studies


def read_studies(folder: Path, strategies: Collection[str]) -> tuple[Study, ...]:
    """All studies of a folder, sorted by id; `strategies` are those that an arm may name.

    Raises KnowledgeError on the first file that does not hold.
    """
    studies = []
    for path in sorted(folder.glob("*.toml")):
        try:
            data = parsed(path.read_bytes())
        except ValueError as error:
            raise KnowledgeError([f"{path.name}: not valid TOML: {error}."]) from None
        studies.append(study := parse_study(data, path.name, strategies))
        if study.id != path.stem:
            refuse(
                path.name,
                f"the id {study.id} differs from the file name. Name the file {study.id}.toml.",
            )
    check_studies(studies)
    return tuple(sorted(studies, key=lambda study: study.id))
