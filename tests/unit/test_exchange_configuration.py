"""The section [record_system]: what it may say, and what is told where it says something else."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from rearm.board.exchange.configuration import read_record_system, record_system_of
from rearm.board.refusals import NotUsable
from rearm.board.settings import read_settings
from rearm.cli import serve
from rearm.cli.shared import Unusable

CLIENT = {"name": "St Anna", "issuer": "https://ehr.example.org", "keys_file": "keys.json"}
SERVER = {"name": "St Anna", "issuer": "https://ehr.example.org/fhir", "client_id": "rearm"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "keys.json").write_text("{}", encoding="utf-8")
    return tmp_path


def test_the_section_may_stand_in_the_configuration_of_the_board(folder: Path) -> None:
    file, other = folder / "board.toml", folder / "other.toml"
    file.write_text(
        """
        folder = "/srv/board"
        [[record_system.cds_clients]]
        name = "St Anna"
        issuer = "https://ehr.example.org"
        keys_file = "keys.json"
        """,
        encoding="utf-8",
    )
    other.write_text('[record_system]\nprivate_hosts = ["fhir"]\n', encoding="utf-8")
    settings = read_settings(file)
    found = serve._record_system(None, file, settings)
    assert found is not None and found.cds_clients[0].keys_file == str(folder / "keys.json")
    beside = serve._record_system(other, None, None)
    assert beside is not None and beside.private_hosts == ("fhir",)
    assert serve._record_system(None, None, None) is None
    with pytest.raises(Unusable, match="Leave --record-system out"):
        serve._record_system(other, file, settings)


def test_a_section_is_read_from_a_file(folder: Path) -> None:
    file = folder / "board.toml"
    file.write_text(
        """
        [record_system]
        private_hosts = ["fhir.hospital.local"]
        cross_origins = ["https://chart.example.org"]
        [[record_system.cds_clients]]
        name = "St Anna"
        issuer = "https://ehr.example.org"
        keys_file = "keys.json"
        [[record_system.smart_servers]]
        name = "St Anna"
        issuer = "https://ehr.example.org/fhir"
        client_id = "rearm"
        """,
        encoding="utf-8",
    )
    found = read_record_system(file)
    client = found.cds_client("https://ehr.example.org")
    assert client is not None and client.keys_file == str(folder / "keys.json")
    server = found.smart_server("https://EHR.example.org:443/fhir/")
    assert server is not None and server.identity_issuer == "https://ehr.example.org/fhir"
    assert found.smart_server("https://ehr.example.org/fhir2") is None
    assert not found.keep and found.frame_ancestors == ()


@pytest.mark.parametrize(
    ("section", "why"),
    [
        ({"cds_client": []}, "cds_client"),
        ({"cds_clients": [{"name": "x"}]}, "issuer"),
        ({"cds_clients": [{**CLIENT, "secret": "x"}]}, "secret"),
        ({"cds_clients": [{**CLIENT, "keys_file": ""}]}, "either keys_file or keys_address"),
        ({"cds_clients": [{**CLIENT, "keys_address": "https://x.example/k"}]}, "either"),
        ({"cds_clients": [{**CLIENT, "keys_file": "none.json"}]}, "no file"),
        ({"cds_clients": [{**CLIENT, "fhir_servers": ["ftp://x"]}]}, "ftp://x"),
        ({"cds_clients": [CLIENT, CLIENT]}, "appears twice"),
        ({"smart_servers": [{**SERVER, "issuer": "https://a@b.example"}]}, "can't be used"),
        ({"smart_servers": [{**SERVER, "origins": ["x"]}]}, "can't be used"),
        ({"smart_servers": [SERVER, SERVER]}, "appears twice"),
        ({"smart_servers": [{**SERVER, "key_file": "none.json"}]}, "no file"),
        ({"cross_origins": ["*"]}, "can't be used"),
        ({"cross_origins": ["https://chart.example.org/"]}, "no origin"),
        ({"frame_ancestors": ["https://x.example; script-src *"]}, "can't be used"),
        ({"frame_ancestors": ["https://x.example/page"]}, "no origin"),
        ({"keep": "yes"}, "keep"),
    ],
)
def test_what_can_t_be_used_is_told(folder: Path, section: dict[str, Any], why: str) -> None:
    with pytest.raises(NotUsable, match=why):
        record_system_of(section, folder)


@pytest.mark.parametrize(
    ("text", "why"),
    [("", "no section"), ("record_system = 1", "no section"), ("[", "no TOML|not TOML")],
)
def test_a_file_without_the_section_is_told(folder: Path, text: str, why: str) -> None:
    file = folder / "board.toml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(NotUsable, match=why):
        read_record_system(file)
    with pytest.raises(NotUsable, match="can't be read"):
        read_record_system(folder / "absent.toml")
