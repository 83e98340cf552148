"""Study arms as published: who was treated, after which earlier therapy, with which outcome.

One TOML file a study under `data/studies/`, several arms in it. A figure that was not read is left
out: absent means unknown. Everything downstream (pooling, tables, the dictionary) follows from the
file, so that adding a study is adding one file.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, NoReturn

from rearm.errors import meant
from rearm.knowledge._build import KnowledgeError, build
from rearm.knowledge._toml import parsed
from rearm.knowledge.rulesets import Directness

__all__ = [
    "SETTINGS",
    "Arm",
    "Directness",
    "Landmark",
    "Months",
    "Proportion",
    "Setting",
    "Study",
    "StudyCitation",
    "check_studies",
    "load_studies",
    "parse_study",
    "read_studies",
]

Figure = Literal["patient-level", "per-line", "ever", "subset", "meta-analysis", "percent-only"]
Design = Literal[
    "phase-1",
    "phase-1-2",
    "phase-2",
    "phase-3",
    "registry",
    "retrospective",
    "meta-analysis",
    "case-report",
]
ReadFrom = Literal[
    "full text",
    "abstract",
    "conference abstract",
    "table",
    "company information",
    "news",
    "secondary",
]

Setting = Literal[
    "post-bcma-cart",
    "post-gprc5d-cart",
    "post-bcma-any",
    "post-tcell-redirecting-any",
    "mixed",
    "triple-class-refractory",
    "penta-refractory",
    "tcell-redirecting-naive",
]

SETTINGS: Mapping[Setting, tuple[Directness, str]] = {
    "post-bcma-cart": ("direct", "after BCMA CAR-T"),
    "post-gprc5d-cart": ("direct", "after GPRC5D CAR-T"),
    "post-bcma-any": ("near", "after earlier BCMA therapy of any kind"),
    "post-tcell-redirecting-any": ("near", "after earlier T-cell redirection of any kind"),
    "mixed": ("indirect only", "mixed earlier therapy, mostly no CAR-T"),
    "triple-class-refractory": ("indirect only", "triple-class refractory, no CAR-T"),
    "penta-refractory": ("indirect only", "penta-refractory, no CAR-T"),
    "tcell-redirecting-naive": ("indirect only", "no earlier T-cell redirection"),
}
"""Each setting with its directness for a person who relapsed after CAR-T, and its name in words."""

WEAK: frozenset[str] = frozenset(
    {"conference abstract", "company information", "news", "secondary"}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class StudyCitation:
    """Where a study is published.

    `missing` names what could not be found; `read_from` says what was read of it, `url` where.
    """

    authors: str
    title: str
    journal: str | None
    year: int | None
    doi: str | None
    pmid: str | None
    url: str
    read_from: ReadFrom
    missing: tuple[str, ...]

    @property
    def incomplete(self) -> bool:
        return bool(self.missing)

    @property
    def weak(self) -> bool:
        """Read from a meeting abstract, company pages, news or at second hand only."""
        return self.read_from in WEAK

    def __str__(self) -> str:
        where = " ".join(str(part) for part in (self.journal, self.year) if part)
        return (
            f"{self.authors} {self.title}. {where}".rstrip(". ")
            + "."
            + (f" doi:{self.doi}" if self.doi else "")
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Proportion:
    """A share of patients.

    `events` of `n` where counts are known; `percent` as printed; the interval in percent at
    `level`.
    """

    percent: float
    n: int | None = None
    events: int | None = None
    computed: bool = False
    low: float | None = None
    high: float | None = None
    level: float = 0.95


@dataclass(frozen=True, slots=True, kw_only=True)
class Landmark:
    """Share still free of the event at `month`, in percent.

    Its interval is at the level of its `Months`.
    """

    month: float
    percent: float
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Months:
    """A time to event in months: median with its interval, and landmarks.

    `high` None: not reached or not read. All intervals are at `level`.
    """

    median: float | None = None
    low: float | None = None
    high: float | None = None
    landmarks: tuple[Landmark, ...] = ()
    level: float = 0.95


@dataclass(frozen=True, slots=True, kw_only=True)
class Arm:
    """One group of patients with one therapy in one setting.

    `figure` says what kind of number the response is; only `patient-level` counts are pooled. A
    stratum by earlier therapy is an arm of its own; `subset` is a part of an arm chosen by disease
    (extramedullary, a translocation) or by a later event. `subset`, `per-line` and `meta-analysis`
    hold for every figure of the arm; `ever` and `percent-only` for its response alone.
    `shown_under` lists strategies under which an arm of mixed classes is shown without ever being
    pooled. `overlap` names groups of arms that share patients: at most one arm of a group is
    pooled.
    """

    id: str
    study: str
    strategy: str
    shown_under: tuple[str, ...]
    agents: frozenset[str]
    targets: frozenset[str]
    setting: Setting
    population: str
    biomarker: str | None
    figure: Figure
    overlap: frozenset[str]
    overlap_note: str | None
    n_treated: int | None
    n_prior_cart: int | None
    response: Proportion | None
    complete_response: Proportion | None
    vgpr_or_better: Proportion | None
    pfs: Months | None
    dor: Months | None
    os: Months | None
    crs: Proportion | None
    crs_grade3: Proportion | None
    icans: Proportion | None
    infection_grade3: Proportion | None
    follow_up_months: float | None
    findings: tuple[str, ...]
    caveats: tuple[str, ...]
    url: str
    read_from: ReadFrom

    @property
    def directness(self) -> Directness:
        return SETTINGS[self.setting][0]

    @property
    def setting_words(self) -> str:
        return SETTINGS[self.setting][1]

    @property
    def weak(self) -> bool:
        return self.read_from in WEAK

    @property
    def has_outcome(self) -> bool:
        return any(x is not None for x in (self.response, self.pfs, self.dor, self.os)) or bool(
            self.findings
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Study:
    id: str
    citation: StudyCitation
    design: Design
    note: str | None
    arms: tuple[Arm, ...]


# ---------------------------------------------------------------- what a file writes


@dataclass(frozen=True, slots=True, kw_only=True)
class _ShareRow:
    percent: float | None = None
    n: int | None = None
    events: int | None = None
    computed: bool = False
    low: float | None = None
    high: float | None = None
    level: float = 0.95


@dataclass(frozen=True, slots=True, kw_only=True)
class _MonthsRow:
    median: float | None = None
    low: float | None = None
    high: float | None = None
    level: float = 0.95
    landmarks: tuple[Landmark, ...] = ()


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
    overlap: tuple[str, ...] = ()
    overlap_note: str | None = None
    n_treated: int | None = None
    n_prior_cart: int | None = None
    follow_up_months: float | None = None
    findings: tuple[str, ...] = ()
    caveats: tuple[str, ...] = ()
    url: str | None = None
    read_from: ReadFrom | None = None
    response: _ShareRow | None = None
    complete_response: _ShareRow | None = None
    vgpr_or_better: _ShareRow | None = None
    pfs: _MonthsRow | None = None
    dor: _MonthsRow | None = None
    os: _MonthsRow | None = None
    crs: _ShareRow | None = None
    crs_grade3: _ShareRow | None = None
    icans: _ShareRow | None = None
    infection_grade3: _ShareRow | None = None


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
        _refuse(file, f"the year {row.year} cannot be.")
    if row.incomplete != bool(row.missing):
        _refuse(
            file,
            "incomplete = true and the list `missing` go together. Name what was not found, such"
            ' as missing = ["doi"], or leave both out.',
        )
    absent = [key for key in ("journal", "year", "doi") if getattr(row, key) is None]
    if unsaid := [key for key in absent if key not in row.missing]:
        _refuse(
            file,
            f"{', '.join(unsaid)} is not given. Add it, or set incomplete = true and name it in"
            " `missing`.",
        )
    if not row.arm:
        _refuse(file, "no [[arm]] is given. A study has at least one group of patients.")
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
    _check_months(row.follow_up_months, "follow_up_months", where)
    if row.n_treated is not None and row.n_treated < 1:
        _refuse(
            where,
            f"n_treated is {row.n_treated}. Give the number of patients, or leave it out where it"
            " is not known.",
        )

    def share(name: str) -> Proportion | None:
        return _proportion(getattr(row, name), row.n_treated, f"{where}, {name}")

    def time(name: str) -> Months | None:
        return _months(getattr(row, name), f"{where}, {name}")

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
    return arm


def _refuse(where: str, text: str) -> NoReturn:
    raise KnowledgeError([f"{where}: {text}"])


def _check_id(name: str, where: str) -> None:
    if not re.fullmatch(r"[a-z0-9]+(?:[-.][a-z0-9]+)*", name):
        _refuse(
            where,
            f"the id {name!r} is none. Write small letters and digits, joined by hyphens, such as"
            " smith-2031.",
        )


def _check_address(url: str | None, where: str) -> None:
    in_words = url is not None and " " in url  # words say that there is no address
    if url is not None and not in_words and not url.startswith(("https://", "http://")):
        _refuse(where, f"url {url!r} is no address. It begins with https://.")


def _check_strategies(arm: Arm, strategies: Collection[str], where: str) -> None:
    for name in (arm.strategy, *arm.shown_under):
        if name not in strategies and not (name == "other" and name == arm.strategy):
            choices = (*strategies, "other")
            _refuse(
                where,
                f"strategy {name!r} is not known. Use one of"
                f" {', '.join(choices)}.{meant(name, choices)}",
            )


def _check_response(arm: Arm, where: str) -> None:
    response, complete = arm.response, arm.complete_response
    if response is None:
        return
    if arm.figure == "patient-level" and response.events is None:
        _refuse(
            where,
            "a patient-level response needs its counts. Without them it is percent-only.",
        )
    if complete is not None and complete.percent > response.percent + 1:
        _refuse(
            where,
            f"more complete responses ({complete.percent:g} %) than responses"
            f" ({response.percent:g} %).",
        )


_LONGEST = 360  # months; a longer time was meant in days


def _check_months(value: float | None, what: str, where: str) -> None:
    if value is not None and not 0 < value <= _LONGEST:
        _refuse(where, f"{what} {value:g} cannot be. It is given in months, up to {_LONGEST}.")


def _check_interval(row: _ShareRow | _MonthsRow | Landmark, where: str) -> None:
    if row.low is not None and row.high is not None and row.low > row.high:
        _refuse(where, f"the interval {_limits(row)} runs backwards. Exchange low and high.")


def _check_level(level: float, where: str) -> None:
    if not 0.5 <= level < 1:
        _refuse(
            where,
            f"level {level:g} is not that of an interval. Write 0.9 for a 90 % interval.",
        )


def _outside(value: float, row: _ShareRow | _MonthsRow | Landmark) -> bool:
    """Whether a value does not lie in its interval, as far as that is printed."""
    return (row.low is not None and row.low > value) or (row.high is not None and row.high < value)


def _limits(row: _ShareRow | _MonthsRow | Landmark) -> str:
    low, high = ("?" if side is None else f"{side:g}" for side in (row.low, row.high))
    return f"{low}-{high}"


def _proportion(row: _ShareRow | None, treated: int | None, where: str) -> Proportion | None:
    """A share whose counts, percentage and interval fit together."""
    if row is None:
        return None
    n = treated if row.n is None else row.n
    percent = row.percent
    if percent is not None and not 0 <= percent <= 100:
        _refuse(where, f"{percent:g} is not a percentage. It runs from 0 to 100.")
    if row.events is not None:
        counted = _percent_of(row.events, n, where)
        percent = counted if percent is None else percent
        # Half a unit of the last printed digit, and a little for papers that round the other way.
        rounding = 0.51 * 10.0 ** -_decimals(percent)
        if row.percent is not None and n and abs(counted - percent) > rounding:
            _refuse(
                where,
                f"{row.events} of {n} is {counted:.1f} %, but percent says {percent:g}. Look at"
                " the source again; if the percentage is of another number of patients, give that"
                " as n.",
            )
    if percent is None:
        _refuse(where, "neither percent nor events is given.")
    _check_interval(row, where)
    _check_level(row.level, where)
    if _outside(percent, row):
        _refuse(
            where,
            f"the interval {_limits(row)} does not contain {percent:g}. Leave out an interval that"
            " was misprinted.",
        )
    return Proportion(
        percent=percent,
        n=n,
        events=row.events,
        computed=row.computed,
        low=row.low,
        high=row.high,
        level=row.level,
    )


def _percent_of(events: int, n: int | None, where: str) -> float:
    if n is None:
        _refuse(
            where,
            f"{events} events without a number of patients. Give n, or n_treated of the arm.",
        )
    if not 0 <= events <= n:
        _refuse(
            where,
            f"{events} events in {n} patients. Give the number assessed as n if it is another.",
        )
    return 100 * events / n if n else 0.0


def _decimals(value: float) -> int:
    return len(f"{value:.10f}".rstrip("0").split(".")[1])


def _months(row: _MonthsRow | None, where: str) -> Months | None:
    """A time to event whose median, interval and landmarks can be."""
    if row is None:
        return None
    _check_interval(row, where)
    _check_level(row.level, where)
    if row.median is not None and (row.median <= 0 or _outside(row.median, row)):
        _refuse(
            where,
            f"median {row.median:g} with interval {_limits(row)}. The median lies in its interval"
            " and above 0.",
        )
    _check_months(row.median, "median", where)
    for mark in row.landmarks:
        _check_landmark(mark, where)
    if row.median is None and not row.landmarks:
        _refuse(where, "neither a median nor a landmark. Leave the table out.")
    return Months(
        median=row.median, low=row.low, high=row.high, landmarks=row.landmarks, level=row.level
    )


def _check_landmark(mark: Landmark, where: str) -> None:
    _check_interval(mark, where)
    impossible = mark.month <= 0 or not 0 <= mark.percent <= 100
    if impossible or _outside(mark.percent, mark):
        _refuse(
            where,
            f"landmark {mark.percent:g} % ({_limits(mark)}) at month {mark.month:g} cannot be.",
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
                _refuse(
                    arm.id,
                    "the study is a meta-analysis, its figure must be too, so that it is never"
                    " pooled.",
                )
            for group in arm.overlap:
                groups[group].append(arm.id)
    for group, members in groups.items():
        if len(members) < 2:
            _refuse(
                members[0],
                f"overlap group {group!r} has no other arm. Name it in the arm that shares patients"
                " too.",
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
            _refuse(
                path.name,
                f"the id {study.id} and the name of the file differ. Name the file"
                f" {study.id}.toml.",
            )
    check_studies(studies)
    return tuple(sorted(studies, key=lambda study: study.id))
