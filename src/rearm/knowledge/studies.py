"""Study arms as published: who was treated with what, after which earlier therapy, and what came
out.

One TOML file a study under `data/studies/`, several arms in it. A figure that was not read is left
out: absent means unknown. Everything downstream (pooling, tables, the dictionary) follows from the
file, so that adding a study is adding one file.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal, get_args

from rearm.errors import RearmError, meant
from rearm.knowledge._toml import parsed

__all__ = [
    "SETTINGS",
    "STRATEGIES",
    "Arm",
    "Citation",
    "Directness",
    "Landmark",
    "Months",
    "Proportion",
    "Study",
    "StudyError",
    "check_studies",
    "load_studies",
    "parse_study",
]

Directness = Literal["direct", "near", "indirect only", "none read"]
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

STRATEGIES: tuple[str, ...] = (
    "second-cart-same-target", "second-cart-new-target", "cart-reinfusion", "bispecific-bcma", "bispecific-gprc5d", "bispecific-fcrh5",
    "bispecific-combination", "trispecific", "adc-bcma", "anti-cd38-combination", "anti-slamf7-combination", "pi-combination",
    "imid-combination", "pi-imid-combination", "celmod", "xpo1-inhibitor", "bcl2-inhibitor", "alkylator-conventional",
    "alkylator-intensive", "autologous-sct", "allogeneic-sct", "stem-cell-boost", "radiotherapy", "checkpoint-inhibitor",
    "mapk-inhibitor", "gamma-secretase-inhibitor", "corticosteroid", "supportive-care", "observe", "clinical-trial",
)  # fmt: skip
"""Tags of the salvage strategies; an arm that fits none of them carries `other`."""

SETTINGS: dict[str, tuple[Directness, str]] = {
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


class StudyError(RearmError):
    """A study file that cannot be used; says which file and arm, what was read and what to do."""


@dataclass(frozen=True, slots=True)
class Citation:
    """Where a study is published. `missing` names what could not be found; `read_from` says what
    was read of it, `url` where.
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


@dataclass(frozen=True, slots=True)
class Proportion:
    """A share of patients. `events` of `n` where counts are known; `percent` as printed; the
    interval in percent at `level`.
    """

    percent: float
    n: int | None = None
    events: int | None = None
    computed: bool = False
    low: float | None = None
    high: float | None = None
    level: float = 0.95


@dataclass(frozen=True, slots=True)
class Landmark:
    """Share still free of the event at `month`, in percent, with its interval where printed (at the
    level of its `Months`).
    """

    month: float
    percent: float
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True)
class Months:
    """A time to event in months: median with its interval (`high` None: not reached or not read)
    and landmarks.

    All intervals are at `level`.
    """

    median: float | None = None
    low: float | None = None
    high: float | None = None
    landmarks: tuple[Landmark, ...] = ()
    level: float = 0.95


@dataclass(frozen=True, slots=True)
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
    setting: str
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


@dataclass(frozen=True, slots=True)
class Study:
    id: str
    citation: Citation
    design: Design
    note: str | None
    arms: tuple[Arm, ...]


def _get(
    data: Mapping[str, Any],
    key: str,
    kind: type | tuple[type, ...],
    where: str,
    *,
    needed: bool = False,
) -> Any:
    value = data.get(key)
    if value is None:
        if needed:
            raise StudyError(f"{where}: {key!r} is missing. Add it.")
        return None
    if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
        raise StudyError(f"{where}: {key} = {value!r} is not of the right type. {_EXPECTED[kind]}")
    return value


_EXPECTED: dict[type | tuple[type, ...], str] = {
    int: "Write a whole number, without quotation marks and without a unit.",
    str: "Write a text between quotation marks.",
    dict: "Write a table, such as { percent = 65, events = 26 } or { median = 6.1 }.",
    list: 'Write a list between [ and ], such as ["BCMA", "CD38"].',
    (int, float): "Write a number, without quotation marks and without a unit.",
}


def _words(data: Mapping[str, Any], key: str, where: str) -> tuple[str, ...]:
    values = _get(data, key, list, where) or []
    if wrong := [value for value in values if not isinstance(value, str)]:
        raise StudyError(f"{where}: {key} holds {wrong[0]!r}. Write texts between quotation marks.")
    return tuple(values)


def _id(data: Mapping[str, Any], where: str) -> str:
    name: str = _get(data, "id", str, where, needed=True)
    if not re.fullmatch(r"[a-z0-9]+(?:[-.][a-z0-9]+)*", name):
        raise StudyError(
            f"{where}: the id {name!r} is none. Write small letters and digits, joined by hyphens,"
            " such as smith-2031."
        )
    return name


def _address(data: Mapping[str, Any], where: str, *, needed: bool = False) -> str | None:
    url: str | None = _get(data, "url", str, where, needed=needed)
    if (
        url is not None and not url.startswith(("https://", "http://")) and " " not in url
    ):  # words say that there is no address
        raise StudyError(f"{where}: url {url!r} is no address. It begins with https://.")
    return url


def _until_months(value: float | None, what: str, where: str) -> None:
    if value is not None and not 0 < value <= LONGEST:
        raise StudyError(
            f"{where}: {what} {value} cannot be. It is given in months, up to {LONGEST}."
        )


def _known(data: Mapping[str, Any], keys: Iterable[str], where: str) -> None:
    if extra := sorted(set(data) - set(keys)):
        hint = "".join(meant(key, keys) for key in extra)
        raise StudyError(
            f"{where}: {', '.join(extra)} is not a field here. Allowed:"
            f" {', '.join(sorted(keys))}.{hint}"
        )


def _one_of(value: str, allowed: Iterable[str], what: str, where: str) -> str:
    if value not in (choices := tuple(allowed)):
        raise StudyError(
            f"{where}: {what} {value!r} is not known. Use one of"
            f" {', '.join(choices)}.{meant(str(value), choices)}"
        )
    return value


NUMBER = (int, float)
LONGEST = 360  # months; a longer time was meant in days


def _bounds(data: Mapping[str, Any], where: str) -> tuple[float | None, float | None]:
    low, high = _get(data, "low", NUMBER, where), _get(data, "high", NUMBER, where)
    if low is not None and high is not None and low > high:
        raise StudyError(
            f"{where}: the interval {low}-{high} runs backwards. Exchange low and high."
        )
    return low, high


def _level(data: Mapping[str, Any], where: str) -> float:
    level = _get(data, "level", NUMBER, where)
    if level is None:
        return 0.95
    if not 0.5 <= level < 1:
        raise StudyError(
            f"{where}: level {level} is not that of an interval. Write 0.9 for a 90 % interval."
        )
    return float(level)


def _decimals(value: float) -> int:
    return len(f"{value:.10f}".rstrip("0").split(".")[1])


def _proportion(
    data: Mapping[str, Any] | None, n_default: int | None, where: str
) -> Proportion | None:
    """A share; counts and percent are checked against each other, to the rounding that the percent
    was printed with.
    """
    if data is None:
        return None
    _known(data, ("percent", "n", "events", "computed", "low", "high", "level"), where)
    percent = _get(data, "percent", NUMBER, where)
    events = _get(data, "events", int, where)
    n = _get(data, "n", int, where)
    n = n_default if n is None else n
    if percent is not None and not 0 <= percent <= 100:
        raise StudyError(f"{where}: {percent} is not a percentage. It runs from 0 to 100.")
    if events is not None:
        if n is None:
            raise StudyError(
                f"{where}: {events} events without a number of patients. Give n, or n_treated of"
                " the arm."
            )
        if not 0 <= events <= n:
            raise StudyError(
                f"{where}: {events} events in {n} patients. Give the number assessed as n if it is"
                " another."
            )
        if percent is not None and n > 0:
            # Half a unit of the last printed digit, and a little for papers that round the other
            # way.
            if abs(100 * events / n - percent) > 0.51 * 10.0 ** -_decimals(percent):
                raise StudyError(
                    f"{where}: {events} of {n} is {100 * events / n:.1f} %, but percent says"
                    f" {percent}. Look at the source again; if the percentage is of another number"
                    " of patients, give that as n."
                )
        elif percent is None:
            percent = 100 * events / n if n else 0.0
    if percent is None:
        raise StudyError(f"{where}: neither percent nor events is given.")
    low, high = _bounds(data, where)
    if (low is not None and low > percent) or (high is not None and high < percent):
        raise StudyError(
            f"{where}: the interval {low}-{high} does not contain {percent}. Leave out an interval"
            " that was misprinted."
        )
    return Proportion(
        float(percent), n, events, bool(data.get("computed", False)), low, high, _level(data, where)
    )


def _months(data: Mapping[str, Any] | None, where: str) -> Months | None:
    if data is None:
        return None
    _known(data, ("median", "low", "high", "level", "landmarks"), where)
    median = _get(data, "median", NUMBER, where)
    low, high = _bounds(data, where)
    if median is not None and (
        median <= 0 or (low is not None and low > median) or (high is not None and high < median)
    ):
        raise StudyError(
            f"{where}: median {median} with interval {low}-{high}. The median lies in its interval"
            " and above 0."
        )
    _until_months(median, "median", where)
    landmarks = []
    for row in data.get("landmarks", ()):
        _known(row, ("month", "percent", "low", "high"), where)
        mark_low, mark_high = _bounds(row, where)
        month, percent = (
            float(_get(row, "month", NUMBER, where, needed=True)),
            float(_get(row, "percent", NUMBER, where, needed=True)),
        )
        if (
            month <= 0
            or not 0 <= percent <= 100
            or (mark_low is not None and mark_low > percent)
            or (mark_high or 100) < percent
        ):
            raise StudyError(
                f"{where}: landmark {percent} % ({mark_low}-{mark_high}) at month {month}"
                " cannot be."
            )
        landmarks.append(Landmark(month, percent, mark_low, mark_high))
    if median is None and not landmarks:
        raise StudyError(f"{where}: neither a median nor a landmark. Leave the table out.")
    return Months(median, low, high, tuple(landmarks), _level(data, where))


_ARM_KEYS = (
    "id", "strategy", "shown_under", "agents", "targets", "setting", "population", "biomarker", "figure", "overlap", "overlap_note",
    "n_treated", "n_prior_cart", "follow_up_months", "findings", "caveats", "url", "read_from", "response", "complete_response",
    "vgpr_or_better", "pfs", "dor", "os", "crs", "crs_grade3", "icans", "infection_grade3",
)  # fmt: skip


def _arm(data: Mapping[str, Any], study: str, citation: Citation, where: str) -> Arm:
    _known(data, _ARM_KEYS, where)
    n = _get(data, "n_treated", int, where)
    if n is not None and n < 1:
        raise StudyError(
            f"{where}: n_treated is {n}. Give the number of patients, or leave it out where it is"
            " not known."
        )
    follow_up = _get(data, "follow_up_months", NUMBER, where)
    _until_months(follow_up, "follow_up_months", where)
    share = {
        key: _proportion(_get(data, key, dict, where), n, f"{where}, {key}")
        for key in (
            "response",
            "complete_response",
            "vgpr_or_better",
            "crs",
            "crs_grade3",
            "icans",
            "infection_grade3",
        )
    }
    response = share["response"]
    figure = _one_of(
        _get(data, "figure", str, where, needed=True), get_args(Figure), "figure", where
    )
    if figure == "patient-level" and response is not None and response.events is None:
        raise StudyError(
            f"{where}: a patient-level response needs its counts. Without them it is percent-only."
        )
    complete = share["complete_response"]
    if response and complete and complete.percent > response.percent + 1:
        raise StudyError(
            f"{where}: more complete responses ({complete.percent} %) than responses"
            f" ({response.percent} %)."
        )
    return Arm(
        id=_id(data, where),
        study=study,
        strategy=_one_of(
            _get(data, "strategy", str, where, needed=True),
            (*STRATEGIES, "other"),
            "strategy",
            where,
        ),
        shown_under=tuple(
            _one_of(tag, STRATEGIES, "strategy", where)
            for tag in _words(data, "shown_under", where)
        ),
        agents=frozenset(_words(data, "agents", where)),
        targets=frozenset(_words(data, "targets", where)),
        setting=_one_of(_get(data, "setting", str, where, needed=True), SETTINGS, "setting", where),
        population=_get(data, "population", str, where, needed=True),
        biomarker=_get(data, "biomarker", str, where),
        figure=figure,  # type: ignore[arg-type]  # checked above
        overlap=frozenset(_words(data, "overlap", where)),
        overlap_note=_get(data, "overlap_note", str, where),
        n_treated=n,
        n_prior_cart=_get(data, "n_prior_cart", int, where),
        response=response,
        complete_response=complete,
        vgpr_or_better=share["vgpr_or_better"],
        pfs=_months(_get(data, "pfs", dict, where), f"{where}, pfs"),
        dor=_months(_get(data, "dor", dict, where), f"{where}, dor"),
        os=_months(_get(data, "os", dict, where), f"{where}, os"),
        crs=share["crs"],
        crs_grade3=share["crs_grade3"],
        icans=share["icans"],
        infection_grade3=share["infection_grade3"],
        follow_up_months=follow_up,
        findings=_words(data, "findings", where),
        caveats=_words(data, "caveats", where),
        url=_address(data, where) or citation.url,
        read_from=_one_of(
            data.get("read_from", citation.read_from), get_args(ReadFrom), "read_from", where
        ),  # type: ignore[arg-type]
    )


def parse_study(data: Mapping[str, Any], file: str) -> Study:
    """The study of one TOML file, given as its tables. Raises StudyError with the file, the arm and
    what to do.
    """
    where = file
    _known(data, ("id", "authors", "title", "journal", "year", "doi", "pmid", "url", "read_from", "design", "note", "incomplete",
                  "missing", "arm"), where)  # fmt: skip
    study_id = _id(data, where)
    year = _get(data, "year", int, where)
    if year is not None and not 1950 <= year <= 2100:
        raise StudyError(f"{where}: the year {year} cannot be.")
    citation = Citation(
        authors=_get(data, "authors", str, where, needed=True),
        title=_get(data, "title", str, where, needed=True),
        journal=_get(data, "journal", str, where),
        year=year,
        doi=_get(data, "doi", str, where),
        pmid=_get(data, "pmid", str, where),
        url=_address(data, where, needed=True) or "",
        read_from=_one_of(
            _get(data, "read_from", str, where, needed=True), get_args(ReadFrom), "read_from", where
        ),  # type: ignore[arg-type]
        missing=_words(data, "missing", where),
    )
    if bool(data.get("incomplete", False)) != citation.incomplete:
        raise StudyError(
            f"{where}: incomplete = true and the list `missing` go together. Name what was not"
            ' found, such as missing = ["doi"], or leave both out.'
        )
    absent = [key for key in ("journal", "year", "doi") if getattr(citation, key) is None]
    if unsaid := [key for key in absent if key not in citation.missing]:
        raise StudyError(
            f"{where}: {', '.join(unsaid)} is not given. Add it, or set incomplete = true and name"
            " it in `missing`."
        )
    rows = data.get("arm", ())
    if not rows:
        raise StudyError(
            f"{where}: no [[arm]] is given. A study has at least one group of patients."
        )
    return Study(
        id=study_id,
        citation=citation,
        design=_one_of(
            _get(data, "design", str, where, needed=True), get_args(Design), "design", where
        ),  # type: ignore[arg-type]
        note=_get(data, "note", str, where),
        arms=tuple(
            _arm(row, study_id, citation, f"{file}, arm {row.get('id', '?')}") for row in rows
        ),
    )


def check_studies(studies: Iterable[Study]) -> None:
    """What one file cannot see: ids are unique, and every overlap group has at least two arms.
    Raises StudyError.
    """
    seen: set[str] = set()
    groups: defaultdict[str, list[str]] = defaultdict(list)
    for study in studies:
        for name in (study.id, *(arm.id for arm in study.arms if arm.id != study.id)):
            if name in seen:
                raise StudyError(f"{name} is used twice. Ids of studies and arms must be unique.")
            seen.add(name)
        for arm in study.arms:
            if study.design == "meta-analysis" and arm.figure != "meta-analysis":
                raise StudyError(
                    f"{arm.id}: the study is a meta-analysis, its figure must be too, so that it is"
                    " never pooled."
                )
            for group in arm.overlap:
                groups[group].append(arm.id)
    for group, members in groups.items():
        if len(members) < 2:
            raise StudyError(
                f"{members[0]}: overlap group {group!r} has no other arm. Name it in the arm that"
                " shares patients too."
            )


_BUNDLED = Path(__file__).parent / "data" / "studies"


def load_studies(folder: Path = _BUNDLED) -> tuple[Study, ...]:
    """All studies of a folder, by default the bundled ones, sorted by id. Raises StudyError on the
    first file that does not hold.
    """
    return _bundled() if folder == _BUNDLED else _read(folder)


@lru_cache(maxsize=1)
def _bundled() -> tuple[Study, ...]:
    return _read(_BUNDLED)


def _read(folder: Path) -> tuple[Study, ...]:
    studies = []
    for path in sorted(folder.glob("*.toml")):
        try:
            data = parsed(path.read_bytes())
        except ValueError as error:
            raise StudyError(f"{path.name}: not valid TOML: {error}.") from None
        studies.append(study := parse_study(data, path.name))
        if study.id != path.stem:
            raise StudyError(
                f"{path.name}: the id {study.id} and the name of the file differ. Name the file"
                f" {study.id}.toml."
            )
    check_studies(studies)
    return tuple(sorted(studies, key=lambda study: study.id))
