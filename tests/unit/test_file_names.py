"""Names of files made of patients' ids: safe on every system, and never shared."""

import os
import re
import stat
from pathlib import Path

import pytest

from rearm.files import FileNames, file_name, write_text


@pytest.mark.parametrize("patient_id", ["SYN-01", "A_7", "0042"])
def test_a_plain_id_is_its_own_name(patient_id: str) -> None:
    assert file_name(patient_id) == patient_id


@pytest.mark.parametrize(
    "patient_id",
    [
        "-rf",
        "--json",
        "CON",
        "nul",
        "com1",
        "index",
        "INDEX",
        "../a",
        "a/b",
        "=1+1",
        "é",
        "x" * 200,
        "_a",
        "CLINIC\\d12",
        "half a \ud800",
        "",
        " ",
    ],
)
def test_any_other_id_gets_a_safe_name_with_its_hash(patient_id: str) -> None:
    name = file_name(patient_id)
    assert re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_-]*-[0-9a-f]{8}", name) and len(name) < 100


def test_ids_that_look_alike_keep_apart() -> None:
    assert len({file_name(x) for x in ("a/b", "a.b", "a b", "a_b", "-a_b", "a_b-")}) == 6


def test_ids_that_differ_in_case_only_keep_apart_on_every_disk() -> None:
    names = FileNames()
    first, second = names.of("Anna-1"), names.of("ANNA-1")
    assert first == "Anna-1" and first.casefold() != second.casefold()
    assert (names.of("Anna-1"), names.of("ANNA-1")) == (first, second)


@pytest.mark.skipif(os.name == "nt", reason="permissions of POSIX")
@pytest.mark.parametrize(("mask", "mode"), [(0o077, 0o600), (0o027, 0o640), (0o022, 0o644)])
def test_a_file_is_as_private_as_its_user_wants_it(tmp_path: Path, mask: int, mode: int) -> None:
    before = os.umask(mask)
    try:
        write_text(tmp_path / "a.html", "x")
        assert os.umask(mask) == mask
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "a.html").stat().st_mode) == mode
