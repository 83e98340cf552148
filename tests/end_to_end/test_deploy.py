"""The examples of `deploy/` are tried: the configuration read, the units verified, the proxy
started before a board, the roles made on a server, the container file linted.
"""

from __future__ import annotations

import configparser
import os
import re
import shutil
import socket
import ssl
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from tests.support.loops import some
from tests.support.places import ROOT
from tests.support.postgres import postgres_server
from typer.main import get_command

from rearm.board.commands import migrate
from rearm.board.settings import Settings, read_settings
from rearm.board.store.uploads import LARGEST
from rearm.cli import app

DEPLOY = ROOT / "deploy"
UNITS = ("rearm-board.service", "rearm-backup.service", "rearm-backup.timer")
SERVICES = UNITS[:2]
BOARD = "/opt/rearm/bin/rearm"


def _settings() -> Settings:
    return read_settings(DEPLOY / "board.toml")


def _unit(name: str) -> configparser.ConfigParser:
    unit = configparser.ConfigParser(strict=False, interpolation=None)
    unit.optionxform = str  # type: ignore[assignment,method-assign]
    unit.read(DEPLOY / name, encoding="utf-8")
    return unit


# ---------------------------------------------------------------- one fits the other


def test_configuration_unit_and_proxy_fit_each_other() -> None:
    settings = _settings()
    proxy = (DEPLOY / "nginx-proxy.conf").read_text(encoding="utf-8")
    server = (DEPLOY / "nginx.conf").read_text(encoding="utf-8")
    host = settings.origin.removeprefix("https://")
    assert f"proxy_pass http://{settings.host}:{settings.port};" in proxy
    assert f"proxy_set_header Host {host};" in proxy
    assert settings.host in settings.trusted_proxies
    assert server.count(f"server_name {host};") == 2
    size = re.search(r"client_max_body_size (\d+)m", server)
    assert size is not None and LARGEST < int(size[1]) * 2**20 < LARGEST + 2 * 2**20
    assert f"client_body_buffer_size {size[1]}m;" in server  # else uploads go to a file
    service = _unit("rearm-board.service")["Service"]
    assert service["ExecStart"] == f"{BOARD} serve --config /etc/rearm/board.toml"
    assert settings.folder == f"/var/lib/{service['StateDirectory']}"
    backup = _unit("rearm-backup.service")["Service"]
    assert f"--folder {settings.folder}" in backup["ExecStart"]
    assert settings.folder in backup["ReadWritePaths"]


def _commands_of_the_page() -> list[list[str]]:
    page = (ROOT / "docs" / "deployment.md").read_text(encoding="utf-8")
    blocks = "\n".join(re.findall(r"```\n(.*?)```", page, re.DOTALL))
    lines = re.findall(r"^(?:/opt/rearm/bin/)?rearm (.*)", blocks, re.MULTILINE)
    return [line.split() for line in lines]


def test_every_command_of_the_page_is_one() -> None:
    """Its words, its options and as many arguments as it takes."""
    commands = _commands_of_the_page()
    assert len(commands) >= 8
    for words in some(commands):
        command: Any = get_command(app)
        while words and words[0] in getattr(command, "commands", {}):
            command = command.commands[words.pop(0)]
        with command.make_context("rearm", list(words), resilient_parsing=False) as context:
            assert context.args == []


def test_the_page_names_every_file_and_every_link_leads_somewhere() -> None:
    page = (ROOT / "docs" / "deployment.md").read_text(encoding="utf-8")
    for file in some(sorted(DEPLOY.iterdir())):
        assert f"`deploy/{file.name}`" in page or f" deploy/{file.name}" in page, file.name
    for link in some(re.findall(r"\]\(([^)#]+)\)", page)):
        assert (ROOT / "docs" / link).exists()


# ---------------------------------------------------------------- systemd


def _analyze(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    program = shutil.which("systemd-analyze")
    if program is None:
        pytest.skip("systemd-analyze is not installed (Debian: systemd).")
    command = [program, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)


def _installed(folder: Path, change: tuple[str, str] = ("", "")) -> list[Path]:
    """The units with a program that is here; with something changed."""
    made = []
    for name in UNITS:
        text = (DEPLOY / name).read_text(encoding="utf-8").replace(BOARD, "/bin/true")
        made.append(folder / name)
        made[-1].write_text(text.replace(*change) if change[0] else text, encoding="utf-8")
    return made


def test_systemd_takes_the_units(tmp_path: Path) -> None:
    done = _analyze("verify", "--man=no", *_installed(tmp_path))
    assert (done.returncode, done.stderr) == (0, "")
    wrong = _analyze("verify", "--man=no", *_installed(tmp_path, ("ProtectHome=yes", "Protect=1")))
    assert "'Protect' in section" in wrong.stderr


@pytest.mark.parametrize("name", SERVICES)
def test_the_units_are_hardened(name: str, tmp_path: Path) -> None:
    """By systemd's own measure, of 0 (shut) to 10 (open)."""
    _installed(tmp_path)
    measure = ("security", "--offline=yes", "--no-pager", "--threshold=20")
    assert _analyze(*measure, tmp_path / name).returncode == 0
    service = _unit(name)["Service"]
    assert (service["User"], service["UMask"], service["LimitCORE"]) == ("rearm", "0077", "0")
    bare = tmp_path / "bare.service"
    bare.write_text(f"[Service]\nExecStart=/bin/true\nUser={service['User']}\n")
    assert _analyze(*measure, bare).returncode != 0


def test_the_backup_comes_each_night() -> None:
    timer = _unit("rearm-backup.timer")["Timer"]
    done = _analyze("calendar", "--iterations=2", timer["OnCalendar"])
    assert done.returncode == 0, done.stderr
    times = re.findall(r"(\d{4}-\d\d-\d\d) 02:30:00", done.stdout)
    days = sorted({datetime.fromisoformat(day) for day in times})
    assert len(days) == 2 and days[1] - days[0] == timedelta(days=1)
    assert timer["Persistent"] == "yes"  # one that was missed is made up for


def test_the_line_of_the_backup_makes_a_file_that_can_be_brought_back(tmp_path: Path) -> None:
    """The line as the unit has it, run as systemd would: `$$` and `%%` stand for one each."""
    folder, kept = tmp_path / "board", tmp_path / "backups"
    kept.mkdir()
    migrate(folder)
    line = _unit("rearm-backup.service")["Service"]["ExecStart"]
    text = line.removeprefix("/bin/sh -c '").removesuffix("'").replace("$$", "$").replace("%%", "%")
    text = text.replace(BOARD, f"{sys.executable} -m rearm.cli")
    text = text.replace("/var/backups/rearm", str(kept)).replace("/var/lib/rearm", str(folder))
    subprocess.run(["/bin/sh", "-c", text], check=True, capture_output=True, timeout=120)
    (file,) = kept.iterdir()
    assert re.fullmatch(r"board-\d{8}T\d{6}Z\.sqlite", file.name)
    assert file.stat().st_mode & 0o077 == 0
    back = [sys.executable, "-m", "rearm.cli", "serve", "restore", str(file)]
    done = subprocess.run(
        [*back, "--folder", str(tmp_path / "new")], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0 and "Brought back" in done.stdout, done.stderr


# ---------------------------------------------------------------- PostgreSQL


def test_the_role_of_the_example_can_keep_a_board_and_nothing_else(tmp_path: Path) -> None:
    import psycopg

    statements = (DEPLOY / "postgresql.sql").read_text(encoding="utf-8")
    lines = [x for x in statements.splitlines() if x and not x.startswith("--")]
    with postgres_server() as address:
        with psycopg.connect(address, autocommit=True) as owner:
            for line in lines:
                owner.execute(line.encode())
        place = address.partition("?")[2]
        url = f"postgresql+psycopg://rearm@/rearm?{place}"
        assert migrate(tmp_path / "board", url).changed
        with psycopg.connect(f"postgresql://rearm@/rearm?{place}", autocommit=True) as role:
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                role.execute("CREATE DATABASE other")
            shown = role.execute("SHOW log_min_error_statement").fetchone()
            assert shown == ("panic",)
    assert urlsplit(_settings().database_url).username == "rearm"


# ---------------------------------------------------------------- nginx


def _free_ports(count: int) -> list[int]:
    held = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [one.getsockname()[1] for one in held]
    for one in held:
        one.close()
    return ports


def _certificate(folder: Path, host: str) -> None:
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, host)])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    plain = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    (folder / f"{host}.crt").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    (folder / f"{host}.key").write_bytes(key.private_bytes(serialization.Encoding.PEM, *plain))


@contextmanager
def _board_behind_proxy(folder: Path) -> Iterator[tuple[int, int, Path]]:
    """A board and the proxy of the example before it, on ports that are free; gives that of TLS,
    the plain one, and the configuration of the board.
    """
    nginx = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
    if nginx is None:
        pytest.skip("nginx is not installed (Debian: nginx-light).")
    plain, tls, port = _free_ports(3)
    host = _settings().origin.removeprefix("https://")
    config = folder / "board.toml"
    text = (DEPLOY / "board.toml").read_text(encoding="utf-8")
    text = re.sub(r"database_url = .*", "", text).replace("8765", str(port))
    config.write_text(text.replace("/var/lib/rearm", str(folder / "board")), encoding="utf-8")
    _certificate(folder, host)
    changes = {
        "listen 80;": f"listen 127.0.0.1:{plain};",
        "listen 443 ssl http2;": f"listen 127.0.0.1:{tls} ssl http2;",
        "/etc/ssl/rearm": str(folder),
        "/etc/nginx/rearm-proxy.conf": str(folder / "rearm-proxy.conf"),
        "/var/log/nginx": str(folder),
    }
    server = re.sub(r" *listen \[::\].*\n", "", (DEPLOY / "nginx.conf").read_text(encoding="utf-8"))
    for old, new in changes.items():
        assert old in server
        server = server.replace(old, new)
    (folder / "server.conf").write_text(server)
    proxy = (DEPLOY / "nginx-proxy.conf").read_text(encoding="utf-8")
    (folder / "rearm-proxy.conf").write_text(proxy.replace("8765", str(port)))
    temporary = "".join(
        f"{kind}_temp_path {folder}/{kind};\n"
        for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    whole = folder / "nginx.conf"
    whole.write_text(
        f"daemon off; worker_processes 1; pid {folder}/pid; error_log {folder}/start.log;\n"
        f"events {{}}\nhttp {{\n{temporary}include {folder}/server.conf;\n}}\n"
    )
    checked = subprocess.run(
        [nginx, "-t", "-c", whole], capture_output=True, text=True, check=False, timeout=60
    )
    assert checked.returncode == 0 and "warn" not in checked.stderr, checked.stderr
    command = [sys.executable, "-m", "rearm.cli", "serve", "--config", str(config)]
    board = subprocess.Popen(
        command, stdout=subprocess.PIPE, text=True, env={**os.environ, "COLUMNS": "140"}
    )
    before = subprocess.Popen([nginx, "-c", str(whole)], stderr=subprocess.DEVNULL)
    try:
        assert board.stdout is not None
        assert any("Stop with Ctrl+C" in line for line in board.stdout), "the board did not start"
        yield tls, plain, config
    finally:
        for process in (before, board):
            process.terminate()
            process.wait(timeout=30)


class _Asked:
    """A browser that trusts the certificate and finds the name on this machine."""

    def __init__(self, folder: Path, port: int) -> None:
        self.host = _settings().origin.removeprefix("https://")
        self.port = port
        self.context = ssl.create_default_context(cafile=str(folder / f"{self.host}.crt"))

    def get(self, path: str, **headers: str) -> tuple[int, dict[str, str], bytes]:
        lines = [f"GET {path} HTTP/1.1", f"Host: {self.host}", "Connection: close"]
        lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
        with (
            socket.create_connection(("127.0.0.1", self.port), timeout=60) as plain,
            self.context.wrap_socket(plain, server_hostname=self.host) as secure,
        ):
            secure.sendall(("\r\n".join(lines) + "\r\n\r\n").encode())
            answer = b"".join(iter(lambda: secure.recv(65536), b""))
        head, _, body = answer.partition(b"\r\n\r\n")
        first, *rest = head.decode("latin-1").split("\r\n")
        named = {k.lower(): v for k, _, v in (x.partition(": ") for x in rest)}
        return int(first.split()[1]), named, body


@pytest.mark.slow
def test_the_board_answers_behind_the_proxy_by_tls_only(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)  # the worker of nginx is another user
    with _board_behind_proxy(tmp_path) as (tls, plain, config):
        browser = _Asked(tmp_path, tls)
        status, headers, body = browser.get("/sign-in?code=secret-code")
        assert status == 200 and b"Sign in" in body
        assert headers["strict-transport-security"].startswith("max-age=")
        assert "content-encoding" not in headers
        assert browser.get("/healthz")[0] == browser.get("/readyz")[0] == 404
        assert browser.get("/")[0] in (302, 303, 401)
        assert browser.get("/start/secret-link")[0] in (200, 303, 403, 404)
        redirected = urllib.request.Request(f"http://127.0.0.1:{plain}/x")
        with pytest.raises(urllib.error.HTTPError) as error:
            urllib.request.build_opener(_NoRedirect).open(redirected, timeout=30)
        assert error.value.headers["location"] == "https://board.example.org/x"
        health = [sys.executable, "-m", "rearm.cli", "serve", "health", "--config", str(config)]
        done = subprocess.run(health, capture_output=True, text=True, check=False, timeout=120)
        assert (done.returncode, done.stdout) == (0, "Ready.\n"), done.stderr
    time.sleep(0.1)
    log = (tmp_path / "rearm-board.log").read_text()
    assert "GET /sign-in" in log
    assert "secret" not in log + (tmp_path / "rearm-board.error.log").read_text()


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *given: object) -> None:
        return None


# ---------------------------------------------------------------- the container


def test_the_container_file_is_rootless_and_writes_two_places() -> None:
    text = (DEPLOY / "Containerfile").read_text(encoding="utf-8")
    lines = [x for x in text.replace("\\\n", " ").splitlines() if x and not x.startswith("#")]
    last = text.rpartition("\nFROM ")[2]
    users = re.findall(r"^USER (\S+)", last, re.MULTILINE)
    assert users == ["10001:10001"]
    after = last.partition("USER ")[2]
    assert not re.search(r"^(RUN|COPY|ADD) ", after, re.MULTILINE)
    assert [x for x in lines if x.startswith("ADD ")] == []
    assert "--require-hashes" in text and "rearm self-test" in text
    assert "--read-only" in text and "--cap-drop all" in text and "no-new-privileges" in text
    assert 'VOLUME ["/var/lib/rearm"]' in lines
    assert not re.search(r"(?i)password|secret|token", "\n".join(lines))
    health = re.search(r'CMD (\["rearm", "serve", "health".*\])', text)
    assert health is not None


def test_the_linter_finds_nothing_in_the_container_file(tmp_path: Path) -> None:
    near = Path(sys.executable).with_name("hadolint")
    tools = ROOT / ".venv-tools" / "bin" / "hadolint"
    program = next((x for x in (near, tools) if x.exists()), None)
    if program is None:
        pytest.skip("hadolint is not installed (make tools).")
    whole = DEPLOY / "Containerfile"
    assert _linted(program, whole) == (0, "")
    careless = tmp_path / "Containerfile"
    careless.write_text(whole.read_text(encoding="utf-8").replace("USER 10001:10001", "USER root"))
    code, told = _linted(program, careless)
    assert code != 0 and "DL3002" in told


def _linted(program: Path, file: Path) -> tuple[int, str]:
    done = subprocess.run([program, file], capture_output=True, text=True, check=False, timeout=120)
    return done.returncode, done.stdout + done.stderr
