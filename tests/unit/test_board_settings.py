"""The configuration of a board for many, and the sentence for each thing that can't be used."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from rearm.board.refusals import NotUsable
from rearm.board.settings import database_address, read_settings, secret_of

GOOD = """
folder = "/srv/rearm"
host = "0.0.0.0"
port = 8765
origin = "https://board.example.org"
trusted_proxies = ["10.0.0.9", "10.1.0.0/24"]
contact = "the tumour board office"
database_url_env = "BOARD_DATABASE"

[session]
idle_minutes = 20

[oidc]
discovery = "https://id.example.org/realms/h/.well-known/openid-configuration"
client_id = "rearm"
client_secret_env = "BOARD_SECRET"
roles_claim = "groups"
roles = { mm-chair = ["first/chair", "north/reader"] }

[monitoring]
addresses = ["10.2.0.0/24"]
token_env = "BOARD_WATCH"

[[tenants]]
id = "north"
name = "North hospital"
"""
ENVIRONMENT = {
    "BOARD_SECRET": "gXh7b2QpZr8vTn4kLw3m",
    "BOARD_WATCH": "qR4tY8uI2oP6aS0dF3gH",
    "BOARD_DATABASE": "postgresql+psycopg://rearm:hidden@db/rearm",
}


def read(folder: Path, text: str, **environment: str) -> None:
    file = folder / "board.toml"
    file.write_text(text, encoding="utf-8")
    read_settings(file, {**ENVIRONMENT, **environment})


def test_a_whole_configuration_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "board.toml"
    file.write_text(GOOD)
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    found = read_settings(file)
    assert found.is_public and found.idle == timedelta(minutes=20)
    assert found.longest == timedelta(hours=12)
    assert found.oidc is not None
    assert found.oidc.issuer == "https://id.example.org/realms/h"
    assert found.oidc.roles == {"mm-chair": ("first/chair", "north/reader")}
    assert database_address(found) == ENVIRONMENT["BOARD_DATABASE"]
    assert [x.name for x in found.tenants] == ["North hospital"]
    assert found.watched_from == ("10.2.0.0/24",) and found.monitoring is not None
    assert secret_of(found.monitoring, "token") == ENVIRONMENT["BOARD_WATCH"]
    assert all(value not in str(found) for value in ENVIRONMENT.values())


def test_an_empty_configuration_is_that_of_one_machine(tmp_path: Path) -> None:
    file = tmp_path / "board.toml"
    file.write_text("")
    found = read_settings(file)
    assert (found.host, found.is_public, database_address(found)) == ("127.0.0.1", False, "")


def test_a_secret_lies_in_a_file(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text(f"{ENVIRONMENT['BOARD_SECRET']}\n")
    text = GOOD.replace('client_secret_env = "BOARD_SECRET"', f'client_secret_file = "{secret}"')
    file = tmp_path / "board.toml"
    file.write_text(text)
    found = read_settings(file, ENVIRONMENT)
    assert found.oidc is not None
    assert secret_of(found.oidc, "client_secret") == ENVIRONMENT["BOARD_SECRET"]


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ("port = 8765", "port = true", "port: Expected `int`"),
        ("port = 8765", "port = 70000", "port: a port is a number from 0 to 65535"),
        ("port = 8765", "prot = 8765", "unknown field `prot`"),
        ("idle_minutes = 20", "idle = 20", "session: .*unknown field `idle`"),
        ("idle_minutes = 20", "idle_minutes = 0", "idle_minutes: from 1 to 60"),
        ("idle_minutes = 20", "idle_minutes = 600", "idle_minutes: from 1 to 60"),
        ("[session]", "[session]\nlongest_hours = 99", "longest_hours: from 1 to 24"),
        ('host = "0.0.0.0"', 'host = "board"', "host: board is no address"),
        ("https://board.example.org", "http://board.example.org", "origin: .* https://"),
        ("https://board.example.org", "https://board.example.org/", "nothing behind"),
        ("https://board.example.org", "https://Board.example.org", "small letters"),
        ("https://board.example.org", "https://board.example.org:443", "unless it is 443"),
        ("https://board.example.org", "https://a:b@board.example.org", "as a browser names it"),
        ("https://board.example.org", "https://[::1", "is no address"),
        ('origin = "https://board.example.org"', "", "origin: 0.0.0.0 is reached from other"),
        ('trusted_proxies = ["10.0.0.9", "10.1.0.0/24"]', "", "trusted_proxies: users reach"),
        ('"10.0.0.9"', '"proxy"', "proxy is no address and no network"),
        ('"10.0.0.9"', '"0.0.0.0/0"', "is every address"),
        ('"10.0.0.9"', '"::/0"', "is every address"),
        ("/.well-known/openid-configuration", "", "ends in /.well-known"),
        ("https://id.example.org", "http://id.example.org", "by https only"),
        ('client_id = "rearm"', 'client_id = "rearm"\nscopes = "profile"', "`openid` is missing"),
        ("10.2.0.0/24", "everywhere", "monitoring.addresses: everywhere is no address"),
        ("10.2.0.0/24", "0.0.0.0/0", "monitoring.addresses: 0.0.0.0/0 is every address"),
        ('addresses = ["10.2.0.0/24"]', 'address = ["10.2.0.1"]', "unknown field `address`"),
        (
            'addresses = ["10.2.0.0/24"]\ntoken_env = "BOARD_WATCH"',
            "",
            "monitoring: nobody may ask",
        ),
        ('"BOARD_WATCH"', '"NO_SUCH_VARIABLE"', "token: NO_SUCH_VARIABLE is empty"),
        ("first/chair", "first/king", "'first/king' is no role of a tenant"),
        ("north/reader", "south/reader", "'south/reader' is no role of a tenant"),
        ('id = "north"', 'id = "North!"', "is no id of a tenant"),
        ('name = "North hospital"', 'name = ""', "is empty or longer"),
        ("[[tenants]]", '[[tenants]]\nid="north"\nname="N"\n[[tenants]]', "stands there twice"),
        (
            'database_url_env = "BOARD_DATABASE"',
            'database_url = "postgresql+psycopg://rearm:hidden@db/rearm"',
            "a password does not stand in this file",
        ),
        (
            "database_url_env",
            'database_url = "postgresql+psycopg://db/rearm"\ndatabase_url_env',
            "database_url and database_url_env are both given",
        ),
        ('client_secret_env = "BOARD_SECRET"', "", "client_secret is missing"),
        (
            'client_secret_env = "BOARD_SECRET"',
            'client_secret_env = "A"\nclient_secret_file = "b"',
            "Both client_secret_file and client_secret_env",
        ),
        ('"BOARD_SECRET"', '"NOT_SET"', "client_secret: NOT_SET is empty"),
        ("client_secret_env", "client_secret_file", "client_secret_file: .*can't be read"),
        ("host =", "host ==", "is no TOML"),
    ],
)  # fmt: skip
def test_what_can_t_be_used_is_told_with_its_place(
    tmp_path: Path, old: str, new: str, sentence: str
) -> None:
    assert old in GOOD
    read(tmp_path, GOOD)  # as it is it can be used
    with pytest.raises(NotUsable, match=sentence) as told:
        read(tmp_path, GOOD.replace(old, new))
    of_secret = "secret" in str(told.value) or str(told.value).startswith("token:")
    named = str(told.value).startswith(str(tmp_path / "board.toml"))
    assert named or of_secret
    assert "hidden" not in str(told.value)


@pytest.mark.parametrize("secret", ["k3y", "change-me-change-me", "password12345678", "a" * 40])
def test_a_secret_that_everybody_guesses_is_refused(tmp_path: Path, secret: str) -> None:
    with pytest.raises(NotUsable, match="too short or is easily guessed") as told:
        read(tmp_path, GOOD, BOARD_SECRET=secret)
    assert secret not in str(told.value)


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(NotUsable, match="can't be read"):
        read_settings(tmp_path / "none.toml")
