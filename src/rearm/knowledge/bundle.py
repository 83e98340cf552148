"""The knowledge as one thing, with a version and the hash of all its files.

Every table is read and shared rules are written out. Conditions are kept as text here;
`rearm.rules.conditions_of` reads them.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cache, cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from rearm.characters import first_non_text, printable
from rearm.knowledge._build import KnowledgeError, build
from rearm.knowledge._cache import from_cache, to_cache
from rearm.knowledge._toml import parsed
from rearm.knowledge.catalogue import Catalogue, read_catalogue
from rearm.knowledge.practicalities import Practicality, practice_rows
from rearm.knowledge.reviews import ReviewRule
from rearm.knowledge.rulesets import (
    ActionRule,
    AlertRule,
    BundleInfo,
    CitedSource,
    Factor,
    Option,
    Place,
    SharedRule,
    SharedSupport,
    Statement,
    Support,
    Workup,
)

if TYPE_CHECKING:
    from rearm.knowledge.board_form import BoardForm
    from rearm.knowledge.fhir_codes import FhirCodes
    from rearm.knowledge.lab_tests import LabTests
    from rearm.knowledge.lexicon import Lexicon
    from rearm.knowledge.scores import Scores
    from rearm.knowledge.studies import Study
    from rearm.knowledge.tidy_tables import TidyTables
    from rearm.knowledge.variants import Alteration
    from rearm.knowledge.words import Words

__all__ = ["DATA", "Knowledge", "bundled", "load", "read_bundle"]

DATA = Path(__file__).parent / "data"
_T = TypeVar("_T")
_CITATION_FILES = ("statements.toml", "labels.toml", "sources.toml", "practice_sources.toml")
Tables = dict[str, Any]  # parsed TOML by the file's name inside the folder


@dataclass(frozen=True, eq=False, kw_only=True)
class Knowledge:
    """One bundle of knowledge, compared by identity; `hash` is that of its content. `files`: where
    each entry stands.

    `shared` are the shared rules as they stand; the options hold them written out. Laboratory
    tests, units, lexicon, studies, scores and alterations are those of the folder; what it does not
    hold is taken from the bundled knowledge, and then counts for the hash. What a folder does not
    have is never empty for that reason.

    >>> import rearm
    >>> knowledge = rearm.load_knowledge()
    >>> knowledge.options["talquetamab"].strategy
    'bispecific-gprc5d'
    """

    version: str  # of the bundle
    hash: str
    reviewed: date | None  # the day of the last review; None: not stated
    catalogue: Catalogue  # the findings
    factors: Mapping[str, Factor]  # causes by id
    options: Mapping[str, Option]  # treatments by id
    statements: Mapping[str, Statement]  # what sources say, by id
    sources: Mapping[str, CitedSource]  # by id
    workups: Mapping[str, Workup]  # by id
    alerts: Mapping[str, AlertRule]  # by id
    places: Mapping[str, Place]  # placements by id
    actions: Mapping[str, ActionRule]  # by id
    practicalities: Mapping[str, Practicality]  # how options are given, by id
    reviews: Mapping[str, ReviewRule]  # by id
    shared: tuple[SharedRule | SharedSupport, ...]
    files: Mapping[
        str, str
    ]  # where each entry stands: `options/talquetamab.toml` by `option talquetamab`
    folder: Path  # where it was read from
    tables: Tables = field(repr=False)  # the parsed files by name
    studies_hash: str  # of the studies alone, which evidence that was pooled before goes with

    def table(self, name: str) -> Mapping[str, Any]:
        """A file by its name, parsed: the folder's own, or the bundled one where it has none.

        For tables that are read in other rooms, such as `criteria.toml`.
        """
        own: Mapping[str, Any] | None = self.tables.get(name)
        return own if own is not None else bundled().tables[name]

    def owns(self, name: str) -> bool:
        """Whether the table is of this folder; the others are the bundled ones."""
        return name in self.tables

    @cached_property
    def lab_tests(self) -> LabTests:
        """The dictionary of laboratory tests: what results are called, their units and words.

        Units, lists of words and factors that the folder does not write are the bundled ones.
        Raises KnowledgeError where the dictionary is not consistent.
        """
        from rearm.knowledge.lab_tests import read_tests

        lent = bundled().tables["tests.toml"]
        own = self.table("tests.toml")
        with _form_of("tests.toml"):
            tests = {
                "unit": {**lent["unit"], **own.get("unit", {})},
                "words": {**lent["words"], **own.get("words", {})},
                "test": own["test"],
            }
        with _form_of("units.toml"):
            factors = {
                **bundled().tables["units.toml"]["factors"],
                **self.table("units.toml").get("factors", {}),
            }
        with _form_of("tests.toml or units.toml"):
            return read_tests(tests, {"factors": factors})

    @cached_property
    def lexicon(self) -> Lexicon:
        """Agents, CAR-T products and regimens. Raises KnowledgeError where they do not fit."""
        from rearm.knowledge.lexicon import read_lexicon

        agents = self.table("agents.toml")
        spellings = {"class": bundled().tables["agents.toml"]["class"]}
        with _form_of("agents.toml or regimens.toml"):
            return read_lexicon({**spellings, **agents}, self.table("regimens.toml"))

    @cached_property
    def fhir_codes(self) -> FhirCodes:
        """What codes of FHIR resources stand for. Raises KnowledgeError where one can't be."""
        from rearm.knowledge.fhir_codes import read_fhir_codes

        with _form_of("fhir_codes.toml"):
            return read_fhir_codes(self.table("fhir_codes.toml"))

    @cached_property
    def tidy_tables(self) -> TidyTables:
        """The tidy tables with their columns. Raises KnowledgeError where they do not fit."""
        from rearm.knowledge.tidy_tables import read_tidy_tables

        with _form_of("tables.toml"):
            return read_tidy_tables(self.table("tables.toml"), findings=self.catalogue)

    @cached_property
    def form(self) -> BoardForm:
        """The form for the board: that of the folder, else the bundled one with the bundled tests
        and tables. Raises KnowledgeError where its fields do not fit them.
        """
        from rearm.knowledge.board_form import read_form

        if not self.owns("form.toml"):
            return bundled().form
        with _form_of("form.toml"):
            return read_form(self.table("form.toml"), self.tidy_tables, self.lab_tests)

    @cached_property
    def words(self) -> Words:
        """What ids are called: the bundled words, and those of the folder added to them."""
        from rearm.knowledge.words import read_words

        if self is bundled():
            return read_words(self.table("words.toml"))
        return read_words(self.tables.get("words.toml", {}), bundled().words)

    @cached_property
    def studies(self) -> tuple[Study, ...]:
        """The studies. Raises KnowledgeError on the first file that does not hold together."""
        from rearm.knowledge.study_files import read_studies

        folder = self.folder / "studies"
        if not folder.is_dir():
            return bundled().studies
        return read_studies(folder, self.words.strategies)

    @cached_property
    def scores(self) -> Scores:
        """The prognostic scores. Raises KnowledgeError where they do not add up."""
        from rearm.knowledge.scores import read_scores

        with _form_of("scores.toml"):
            return read_scores(self.table("scores.toml"))

    @cached_property
    def alterations(self) -> tuple[Alteration, ...]:
        """The alterations of target antigens. Raises KnowledgeError where they do not add up."""
        from rearm.knowledge.variants import read_alterations

        with _form_of("antigen_variants.toml"):
            return read_alterations(self.table("antigen_variants.toml"))

    def condition_texts(self) -> Iterator[tuple[str, str]]:
        """Every condition of the bundle, each with the entry that it belongs to."""
        for factor in self.factors.values():
            if factor.explains is not None:
                yield f"factor {factor.id}, explains", factor.explains
            yield from (
                (f"factor {factor.id}, indicator {i.id}", i.when) for i in factor.indicators
            )
        for option in self.options.values():
            for rule in option.rules:
                yield f"option {option.id}, rule {rule.id}", rule.when
                yield from ((f"rule {rule.id}, wording", w.when) for w in rule.wordings)
            yield from (
                (f"option {option.id}, availability {a.region}", a.when)
                for a in option.availability
                if a.when is not None
            )
            yield from (
                (f"option {option.id}, support", s.when)
                for s in option.support
                if s.when is not None
            )
        for workup in self.workups.values():
            for key in ("mandatory", "settled", "only_where"):
                if (text := getattr(workup, key)) is not None:
                    yield f"workup {workup.id}, {key}", text
        for place in self.places.values():
            if place.when is not None:
                yield f"place {place.id}", place.when
            yield from ((f"place {place.id}, wording", w.when) for w in place.wordings)
        for alert in self.alerts.values():
            yield f"alert {alert.id}", alert.when
            yield from ((f"alert {alert.id}, wording", w.when) for w in alert.wordings)
        for action in self.actions.values():
            yield from ((f"action {action.id}, {k}", t) for k, t in action.conditions.items())
            yield from ((f"action {action.id}, wording", w.when) for w in action.wordings)
        for row in self.practicalities.values():
            if row.when is not None:
                yield f"practice {row.id}", row.when
        for review in self.reviews.values():
            if review.when is not None:
                yield f"review {review.id}", review.when


@contextmanager
def _form_of(file: str) -> Iterator[None]:
    """A part that is missing or of another kind in a file of the user: a sentence that names it."""
    try:
        yield
    except KeyError as error:
        raise KnowledgeError(
            [f"{file}: {error} is missing. Add it as the bundled file has it."]
        ) from error
    except KnowledgeError:
        raise
    except (AttributeError, TypeError, ValueError) as error:
        raise KnowledgeError(
            [
                f"{file}: a part has a different form from the bundled file ({error}). Compare "
                "the two."
            ]
        ) from error


def load(path: str | os.PathLike[str] | None = None) -> Knowledge:
    """The bundle in the folder `path`, by default the bundled one.

    Tables that a folder may leave out are taken from the bundled one; nothing else is filled where
    it is missing. Raises KnowledgeError with one sentence for each thing that does not fit; `rearm
    knowledge check` finds more than that.

    >>> import rearm
    >>> knowledge = rearm.load_knowledge()
    >>> "talquetamab" in knowledge.options
    True
    """
    return bundled() if path is None else _load(Path(path))


@cache
def bundled() -> Knowledge:
    """The knowledge that comes with the program."""
    return _load(DATA)


def _load(folder: Path) -> Knowledge:
    knowledge, problems = read_bundle(folder)
    if problems:
        raise KnowledgeError(problems)
    return knowledge


def read_bundle(folder: Path) -> tuple[Knowledge, list[str]]:
    """The bundle, without the entries that can't be used, and a sentence for each of those.

    Raises KnowledgeError where a file can't be read at all: nothing that rests on it could be
    judged.
    """
    contents = _contents(folder)
    key = _hash(contents)
    if folder != DATA and (lent := _lent(contents)):
        key = hashlib.sha256(
            f"{key} with {' '.join(lent)} of {bundled().hash}".encode()
        ).hexdigest()
    studies = {name: text for name, text in contents.items() if name.startswith("studies/")}
    origin = _Origin(folder, key, _hash(studies) if studies else bundled().studies_hash)
    tables: Tables | None = from_cache("knowledge", key)
    if tables is not None:
        return _assemble(origin, tables)
    tables = _parsed(contents)
    knowledge, problems = _assemble(origin, tables)
    if not problems:
        to_cache("knowledge", key, tables)
    return knowledge, problems


@dataclass(frozen=True, slots=True)
class _Origin:
    folder: Path
    hash: str
    studies_hash: str


def _hash(contents: Mapping[str, bytes]) -> str:
    digest = hashlib.sha256()
    for name, content in contents.items():
        digest.update(f"{name}\0{len(content)}\0".encode() + content)
    return digest.hexdigest()


# ---------------------------------------------------------------- files


def _contents(folder: Path) -> dict[str, bytes]:
    if not folder.is_dir():
        raise KnowledgeError(
            [(f"{folder} is not a folder. Name the folder that contains findings.toml.")]
        )
    files = {p.relative_to(folder).as_posix(): p for p in sorted(folder.rglob("*.toml"))}
    if odd := [name for name in files if first_non_text(name)]:
        raise KnowledgeError(
            [
                f"The name of the file {printable(name)} is not UTF-8 or contains a control "
                "character. Rename the file."
                for name in odd
            ]
        )
    return {name: file.read_bytes() for name, file in files.items()}


_MAY_BE_LENT = (
    "agents.toml",
    "antigen_variants.toml",
    "criteria.toml",
    "fhir_codes.toml",
    "form.toml",
    "regimens.toml",
    "scores.toml",
    "studies/",
    "tables.toml",
    "tests.toml",
    "units.toml",
    "words.toml",
)


def _lent(contents: Mapping[str, bytes]) -> list[str]:
    """The tables that the folder does not hold, and that are therefore the bundled ones."""
    return [part for part in _MAY_BE_LENT if not any(name.startswith(part) for name in contents)]


_READ_LATER = ("studies/", "mechanism/")  # by readers of their own, where they are needed


def _parsed(contents: Mapping[str, bytes]) -> Tables:
    tables: Tables = {}
    problems = []
    for name, content in contents.items():
        if not name.startswith(_READ_LATER):
            try:
                tables[name] = parsed(content)
            except ValueError as error:
                problems.append(f"{name} can't be read as TOML: {error}.")
    if problems:
        raise KnowledgeError(problems)
    return tables


# ---------------------------------------------------------------- tables to knowledge


class _Collector:
    """Builds entries one by one and keeps a sentence for each that does not fit."""

    def __init__(self) -> None:
        self.problems: list[str] = []
        self.files: dict[str, str] = {}

    def entries(self, cls: type[_T], kind: str, rows: Iterable[tuple[str, Any]]) -> dict[str, _T]:
        """Entries by id from pairs of file and row."""
        by_id: dict[str, _T] = {}
        for file, row in rows:
            label = f"{kind} {row.get('id', '?')}" if isinstance(row, Mapping) else kind
            try:
                entry: Any = build(cls, row, f"{file}, {label}")
            except KnowledgeError as error:
                self.problems += error.problems
                continue
            if entry.id in by_id:
                self.problems.append(
                    f"{file}: the id {entry.id} is used in {self.files[label]} too. Give each "
                    f"{kind} its own."
                )
                continue
            by_id[entry.id] = entry
            self.files[label] = file
        return by_id

    def read(self, file: str, table: Mapping[str, Any], known: set[str]) -> None:
        """The keys at the top of a file."""
        if unknown := table.keys() - known:
            problem = (
                f"{file}: unknown key {', '.join(sorted(unknown))}; allowed:"
                f" {', '.join(sorted(known))}."
            )
            if problem not in self.problems:
                self.problems.append(problem)


def _assemble(origin: _Origin, tables: Tables) -> tuple[Knowledge, list[str]]:
    collector = _Collector()
    about = BundleInfo(version="0")
    try:
        about = build(BundleInfo, tables.get("bundle.toml", {}), "bundle.toml")
        agents = tables.get("agents.toml") or bundled().tables["agents.toml"]
        with _form_of("findings.toml or agents.toml"):
            catalogue = read_catalogue(tables.get("findings.toml", {}), agents)
    except KnowledgeError as error:
        collector.problems += error.problems
        catalogue = Catalogue({}, {})
    factors = collector.entries(Factor, "factor", _factor_rows(tables, collector))
    shared = _shared(tables, collector)
    options = _options(tables, shared, collector)
    statements = collector.entries(
        Statement, "statement", _citation_rows(tables, "statement", collector)
    )
    sources = collector.entries(CitedSource, "source", _citation_rows(tables, "source", collector))
    workups = collector.entries(
        Workup, "workup", _rows(tables, "workups.toml", "workup", collector)
    )
    alerts = collector.entries(AlertRule, "alert", _rows(tables, "alerts.toml", "alert", collector))
    places = collector.entries(Place, "place", _place_rows(tables, collector))
    actions = collector.entries(
        ActionRule, "action", _rows(tables, "actions.toml", "action", collector)
    )
    practicalities = collector.entries(Practicality, "practice", _practice(tables, collector))
    reviews = collector.entries(
        ReviewRule, "review", _rows(tables, "reviews.toml", "review", collector)
    )
    knowledge = Knowledge(
        version=about.version,
        hash=origin.hash,
        reviewed=about.reviewed,
        catalogue=catalogue,
        factors=factors,
        options=options,
        statements=statements,
        sources=sources,
        workups=workups,
        alerts=alerts,
        places=places,
        actions=actions,
        practicalities=practicalities,
        reviews=reviews,
        shared=shared,
        files=collector.files,
        folder=origin.folder,
        tables=tables,
        studies_hash=origin.studies_hash,
    )
    return knowledge, collector.problems


def _rows(tables: Tables, file: str, key: str, collector: _Collector) -> list[tuple[str, Any]]:
    table = tables.get(file, {})
    collector.read(file, table, {key})
    with _form_of(file):
        return [(file, row) for row in table.get(key, ())]


def _citation_rows(
    tables: Tables, kind: Literal["statement", "source"], collector: _Collector
) -> Iterator[tuple[str, Any]]:
    """Statements (an array of tables) or sources (a table by id) of all files that hold them."""
    for file in _CITATION_FILES:
        table = tables.get(file, {})
        collector.read(file, table, {"statement", "source"})
        with _form_of(file):
            if kind == "statement":
                yield from ((file, row) for row in table.get("statement", ()))
            else:
                yield from (
                    (file, {"id": name, **row}) for name, row in table.get("source", {}).items()
                )


def _factor_rows(tables: Tables, collector: _Collector) -> Iterator[tuple[str, Any]]:
    for file, table in tables.items():
        if file.startswith("factors/"):
            collector.read(file, table, {"factor"})
            group = Path(file).stem
            with _form_of(file):
                yield from ((file, {"group": group, **row}) for row in table.get("factor", ()))


def _place_rows(tables: Tables, collector: _Collector) -> Iterator[tuple[str, Any]]:
    for file, table in tables.items():
        if file.startswith("places/"):
            collector.read(file, table, {"place"})
            with _form_of(file):
                yield from ((file, row) for row in table.get("place", ()))


def _practice(tables: Tables, collector: _Collector) -> Iterator[tuple[str, Any]]:
    for file, table in tables.items():
        if file.startswith("practicalities/"):
            collector.read(file, table, {"practice", "options", "agents", "tags"})
    with _form_of("practicalities/"):
        yield from practice_rows(tables)


def _shared(tables: Tables, collector: _Collector) -> tuple[SharedRule | SharedSupport, ...]:
    file = "option_rules.toml"
    table = tables.get(file, {})
    collector.read(file, table, {"shared", "shared_support"})
    with _form_of(file):
        rule_rows = [(file, row) for row in table.get("shared", ())]
        support_rows = list(table.get("shared_support", ()))
    rules = collector.entries(SharedRule, "shared rule", rule_rows)
    support: list[SharedSupport] = []
    for row in support_rows:
        try:
            support.append(build(SharedSupport, row, f"{file}, shared_support"))
        except KnowledgeError as error:
            collector.problems += error.problems
    return (*rules.values(), *support)


def _options(
    tables: Tables, shared: tuple[SharedRule | SharedSupport, ...], collector: _Collector
) -> dict[str, Option]:
    """Options with the shared rules and the shared support of their tags.

    Own rules come first, shared ones in the order of their file.
    """
    rows = ((file, table) for file, table in tables.items() if file.startswith("options/"))
    options = {}
    for option in collector.entries(Option, "option", rows).values():
        mine = [s for s in shared if set(s.tags) & set(option.tags)]
        rules = tuple(s.on(option.id) for s in mine if isinstance(s, SharedRule))
        support = tuple(_support(s) for s in mine if isinstance(s, SharedSupport))
        options[option.id] = replace(
            option, rules=option.rules + rules, support=option.support + support
        )
    return options


def _support(shared: SharedSupport) -> Support:
    return Support(text=shared.text, when=shared.when, sources=shared.sources)
