"""Every package that an installation brings is listed with its licence; the core is permissive."""

from __future__ import annotations

from dataclasses import replace
from importlib.metadata import Distribution
from pathlib import Path

import pytest
from scripts.licences import (
    TOOLS,
    Listed,
    brought,
    declared,
    faults,
    installed,
    listed_packages,
    wanted,
)


def test_what_is_installed_is_as_it_is_listed() -> None:
    there, known, needs = installed(), listed_packages(), wanted()
    every = brought(there, needs)
    assert len(every) > 100
    assert list(faults(there, known, needs)) == []


def test_the_core_is_permissive_and_copyleft_is_in_extras_only() -> None:
    there, known, needs = installed(), listed_packages(), wanted()
    every = brought(there, needs)
    core = [name for name, extras in every.items() if extras == ("",)]
    assert {"polars", "msgspec", "jinja2", "typer"} <= set(core)
    assert [name for name in core if not known[name].is_permissive] == []
    for name in ("pyphen", "psycopg", "psycopg-binary", "certifi"):
        assert not known[name].is_permissive
        assert set(every[name]) - set(TOOLS) <= set(known[name].extras)
    assert all(entry.why for entry in known.values())


# ---------------------------------------------------------------- a change is told


def _package(site: Path, name: str, licence: str, *needs: str) -> None:
    info = site / f"{name}-1.dist-info"
    info.mkdir(parents=True, exist_ok=True)
    lines = [
        "Metadata-Version: 2.4",
        f"Name: {name}",
        "Version: 1",
        *([licence] if licence else []),
    ]
    lines += [f"Requires-Dist: {need}" for need in needs]
    (info / "METADATA").write_text("\n".join(lines) + "\n\n")


@pytest.fixture
def site(tmp_path: Path) -> Path:
    _package(tmp_path, "tables", "License-Expression: MIT", "below>=1")
    _package(tmp_path, "below", "Classifier: License :: OSI Approved :: BSD License")
    _package(tmp_path, "Drawer", "License-Expression: MIT", "letters; extra == 'fine'")
    _package(tmp_path, "letters", "License: LGPL-3.0-only")
    return tmp_path


NEEDS = {"": ("tables>=1",), "pdf": ("drawer[fine]",), "omop": ()}
KNOWN = {
    "tables": Listed(licence="MIT", why="tables"),
    "below": Listed(licence="BSD-3-Clause", why="of tables"),
    "drawer": Listed(licence="MIT", why="draws"),
    "letters": Listed(licence="LGPL-3.0-only", why="of drawer", extras=("pdf",)),
}


def _faults(
    site: Path,
    known: dict[str, Listed] | None = None,
    needs: dict[str, tuple[str, ...]] | None = None,
) -> list[str]:
    return list(faults(installed([str(site)]), known or KNOWN, needs or NEEDS))


def test_what_is_listed_is_no_fault(site: Path) -> None:
    assert _faults(site) == []
    assert brought(installed([str(site)]), NEEDS) == {
        "tables": ("",), "below": ("",), "drawer": ("pdf",), "letters": ("pdf",),
    }  # fmt: skip


def test_a_new_package_is_told(site: Path) -> None:
    _package(site, "below", "License-Expression: BSD-3-Clause", "newcomer")
    _package(site, "newcomer", "License-Expression: MIT")
    assert _faults(site) == ["newcomer (MIT) is new. Read its licence and list it with its reason."]


def test_another_licence_is_told(site: Path) -> None:
    _package(site, "tables", "License-Expression: MIT AND GPL-3.0-only", "below>=1")
    assert _faults(site) == [
        "tables is under MIT AND GPL-3.0-only now, listed is MIT. Read it again."
    ]


def test_copyleft_in_the_core_is_told(site: Path) -> None:
    found = _faults(site, needs={**NEEDS, "": ("tables", "letters")})
    assert found == [
        "letters (LGPL-3.0-only) is no permissive licence, and every installation brings it."
    ]


def test_copyleft_in_one_more_extra_is_told(site: Path) -> None:
    found = _faults(site, needs={**NEEDS, "omop": ("letters",)})
    assert found == ["letters (LGPL-3.0-only) now comes with omop, too."]
    assert _faults(site, needs={**NEEDS, "test": ("letters",)}) == []  # no user gets it


@pytest.mark.parametrize(
    ("licence", "permissive"),
    [
        ("MIT", True),
        ("MIT AND PSF-2.0", True),
        ("Apache-2.0 OR BSD-2-Clause", True),
        ("GPL-2.0-or-later OR MIT", True),  # one may choose
        ("MIT AND GPL-3.0-only", False),
        ("MPL-2.0", False),
        ("none declared", False),
        ("SSPL-1.0", False),
    ],
)
def test_what_is_permissive(licence: str, permissive: bool) -> None:
    entry = Listed(licence=licence, why="x")
    assert entry.is_permissive is permissive
    assert replace(entry, licence="none declared", read=licence).is_permissive is permissive


def test_what_declares_nothing_must_have_been_read(site: Path) -> None:
    _package(site, "below", "")
    below: Distribution = installed([str(site)])["below"]
    assert declared(below) == "none declared"
    assert _faults(site) == [
        "below is under none declared now, listed is BSD-3-Clause. Read it again."
    ]
    silent = {**KNOWN, "below": Listed(licence="none declared", why="of tables")}
    assert "no permissive licence" in _faults(site, silent)[0]
    silent["below"] = replace(silent["below"], read="BSD-3-Clause")
    assert _faults(site, silent) == []
