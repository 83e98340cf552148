"""Which addresses the board asks: those of the configuration, by their parsed origin, and only
where the name leads into the public network. Forms of addresses that have opened other programs.
"""

from __future__ import annotations

import ipaddress
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from rearm.board.exchange import asking
from rearm.board.exchange.asking import Asker, NotAnswered
from rearm.board.exchange.origins import NotAnAddress, Origin, is_public, origin_of
from rearm.board.refusals import Busy, NotUsable

GOOD = "https://fhir.example.org"

# Each is sent where an address of the record system is expected; none may be asked.
FORMS = [
    "http://127.0.0.1/",
    "http://localhost/",
    "http://[::1]/",
    "http://[::]/",
    "http://[::ffff:127.0.0.1]/",
    "http://[0:0:0:0:0:ffff:7f00:1]/",
    "http://0x7f000001/",
    "http://0x7f.0.0.1/",
    "http://0177.0.0.1/",
    "http://2130706433/",
    "http://017700000001/",
    "http://127.1/",
    "http://127.0.1/",
    "http://0/",
    "http://0.0.0.0/",
    "http://169.254.169.254/latest/meta-data/",
    "http://[fe80::1%25eth0]/",
    "http://[fd00::1]/",
    "http://10.0.0.1/",
    "http://192.168.0.1/",
    "http://127.0.0.1.nip.io/",
    "https://fhir.example.org.evil.example/",
    "https://fhir.example.org@evil.example/",
    "https://fhir.example.org:443@evil.example/",
    "https://evil.example/https://fhir.example.org",
    "https://evil.example?https://fhir.example.org",
    "https://evil.example#https://fhir.example.org",
    "https://evil.example\\@fhir.example.org/",
    "https://fhir.example.org\\.evil.example/",
    "https://fhir.example.org%2eevil.example/",
    "https://fhir.example.org%00.evil.example/",
    "https://fhir.example.org\t.evil.example/",
    "https://fhir.example.org:8443/",
    "https://fhir.example.org:0x1bb/",
    "https://fhir.example.org:99999/",
    "https://fhir。example。org/",
    "https://ﬁhir.example.org/",
    "https://fhir.example.org./",
    "http://fhir.example.org/",
    "file:///etc/passwd",
    "gopher://fhir.example.org/",
    "//fhir.example.org/",
    "https:fhir.example.org/",
    "https:///fhir.example.org/",
    "",
]


def _asker(**more: Any) -> Asker:
    return Asker("St Anna", frozenset((origin_of(GOOD),)), **more)


@pytest.mark.parametrize("form", FORMS)
def test_no_other_form_of_an_address_is_asked(form: str) -> None:
    asker = _asker(resolve=lambda host, port: pytest.fail(f"{form!r} was resolved"))
    with pytest.raises(NotUsable):
        asker.get(form)


def test_the_address_itself_is_asked() -> None:
    assert len(FORMS) >= 40
    for form in (GOOD, f"{GOOD}/", f"{GOOD}:443/x", "HTTPS://FHIR.example.org/a?b=c"):
        assert _asker().checked(form) == Origin("https", "fhir.example.org", 443)


def test_compared_by_its_beginning_a_look_alike_would_be_asked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def by_prefix(self: Asker, url: str) -> Origin:
        if not url.startswith(GOOD):
            raise NotUsable("another address")
        return Origin("https", "evil.example", 443)

    monkeypatch.setattr(Asker, "checked", by_prefix)
    resolved: list[str] = []

    def resolve(host: str, port: int) -> list[str]:
        resolved.append(host)
        return []

    asker = _asker(resolve=resolve)
    for form in FORMS:
        with pytest.raises((NotUsable, NotAnswered)):
            asker.get(form)
    assert len(resolved) >= 8


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("93.184.215.14", True),
        ("2606:2800:21f:cb07:6820:80da:af6b:8b2c", True),
        ("127.0.0.1", False),
        ("127.255.255.254", False),
        ("0.0.0.0", False),
        ("10.1.2.3", False),
        ("172.16.0.1", False),
        ("192.168.1.1", False),
        ("100.64.0.1", False),
        ("169.254.169.254", False),
        ("224.0.0.1", False),
        ("255.255.255.255", False),
        ("::1", False),
        ("::", False),
        ("fe80::1", False),
        ("fc00::1", False),
        ("ff02::1", False),
        ("::ffff:127.0.0.1", False),
        ("::ffff:10.0.0.1", False),
        ("::127.0.0.1", False),
        ("64:ff9b::7f00:1", False),
        ("64:ff9b::a9fe:a9fe", False),
        ("64:ff9b:1::7f00:1", False),
        ("2002:7f00:1::", False),
        ("2001:0:4136:e378:8000:63bf:3fff:fdd2", False),
        ("fec0::1", False),
    ],
)
def test_what_lies_in_the_public_network(address: str, public: bool) -> None:
    assert is_public(ipaddress.ip_address(address)) is public


@pytest.mark.parametrize("place", ["127.0.0.1", "169.254.169.254", "10.0.0.1", "::1", "fe80::1%2"])
def test_a_name_that_leads_inside_is_not_asked(place: str) -> None:
    for found in ([place], ["93.184.215.14", place]):
        with pytest.raises(NotUsable, match="internal network"):
            _asker(resolve=lambda host, port, found=found: found).get(f"{GOOD}/x")


def test_a_name_that_leads_nowhere_is_told() -> None:
    with pytest.raises(NotAnswered, match="leads nowhere"):
        _asker(resolve=lambda host, port: []).get(f"{GOOD}/x")


def test_without_the_look_at_its_address_a_name_that_leads_inside_is_asked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(asking, "is_public", lambda address: True)
    with pytest.raises(NotAnswered, match="does not answer"):  # the connection was tried
        _asker(resolve=lambda host, port: ["127.0.0.1"]).get("https://fhir.example.org/x")


def test_without_tls_only_a_listed_host_is_asked() -> None:
    plain = frozenset((origin_of("http://inside.example"),))
    with pytest.raises(NotUsable, match="without TLS"):
        Asker("St Anna", plain, resolve=lambda h, p: ["127.0.0.1"]).get("http://inside.example/")
    listed = Asker("St Anna", plain, frozenset(("inside.example",)), lambda h, p: [])
    with pytest.raises(NotAnswered, match="leads nowhere"):
        listed.get("http://inside.example/")


# ---------------------------------------------------------------- what an answer may be


@contextmanager
def _server(*answers: bytes, hold: float = 0) -> Iterator[tuple[Asker, str, list[bytes]]]:
    """A server that sends these bytes, one after the other; what it was asked. `hold`: seconds for
    which it then stays silent.
    """
    listening = socket.create_server(("127.0.0.1", 0))
    asked: list[bytes] = []

    def serve() -> None:
        for answer in answers:
            try:
                opened, _ = listening.accept()
            except OSError:
                return
            with opened:
                asked.append(opened.recv(65536))
                opened.sendall(answer)
                time.sleep(hold)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    origin = f"http://127.0.0.1:{listening.getsockname()[1]}"
    asker = Asker("St Anna", frozenset((origin_of(origin),)), frozenset(("127.0.0.1",)))
    try:
        yield asker, origin, asked
    finally:
        listening.close()
        thread.join(timeout=5)


def _answer(body: bytes, status: str = "200 OK", *headers: str) -> bytes:
    head = [f"HTTP/1.1 {status}", f"content-length: {len(body)}", "connection: close", *headers]
    return "\r\n".join([*head, "", ""]).encode() + body


def test_an_answer_is_read_as_strict_json() -> None:
    with _server(_answer(b'{"a": 1}'), _answer(b'{"a": 1, "a": 2}')) as (asker, origin, asked):
        assert asker.get(f"{origin}/x?y=z", token="secret") == {"a": 1}
        with pytest.raises(NotAnswered, match="twice"):
            asker.get(f"{origin}/x")
    assert asked[0].startswith(b"GET /x?y=z HTTP/1.1\r\n")
    assert b"authorization: Bearer secret\r\n" in asked[0]
    assert b"authorization" not in asked[1]


@pytest.mark.parametrize("status", ["301 Moved", "302 Found", "307 Again", "308 Ever"])
@pytest.mark.parametrize("to", ["http://169.254.169.254/", "/own"])
def test_no_redirect_is_followed(status: str, to: str) -> None:
    with (
        _server(_answer(b"", status, f"location: {to}")) as (asker, origin, asked),
        pytest.raises(NotAnswered, match=f"status {status[:3]}"),
    ):
        asker.get(f"{origin}/x")
    assert len(asked) == 1


@pytest.mark.parametrize("status", ["400 Bad", "401 No", "404 Gone", "500 Fault"])
def test_an_error_is_told_without_a_word_of_it(status: str) -> None:
    with (
        _server(_answer(b"Mrs Canary", status)) as (asker, origin, _),
        pytest.raises(NotAnswered, match=f"status {status[:3]}") as told,
    ):
        asker.get(f"{origin}/secret-path", token="secret-token")
    assert not any(x in str(told.value) for x in ("Canary", "secret", origin))


def test_an_answer_without_end_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asking, "MOST_BYTES", 1000)
    body = b'"' + b"x" * 2000 + b'"'
    with _server(_answer(body), _answer(body)) as (asker, origin, _):
        with pytest.raises(NotAnswered, match="larger than is taken"):
            asker.get(f"{origin}/x")
        monkeypatch.setattr(asking, "MOST_BYTES", 3000)
        assert asker.get(f"{origin}/x") == "x" * 2000  # it was its size


def test_who_is_silent_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asking, "_SILENCE", 0.2)
    half = b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\n1"
    began = time.monotonic()
    with (
        _server(half, hold=2) as (asker, origin, _),
        pytest.raises(NotAnswered, match="does not answer"),
    ):
        asker.get(f"{origin}/x")
    assert time.monotonic() - began < 2.5


def test_an_answer_that_ends_in_the_middle_is_not_taken() -> None:
    half = b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\n1"
    with _server(half) as (asker, origin, _), pytest.raises(NotAnswered, match="in the middle"):
        asker.get(f"{origin}/x")


def test_who_sends_drop_by_drop_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asking, "_WHOLE", -1.0)
    with (
        _server(_answer(b"{}")) as (asker, origin, _),
        pytest.raises(NotAnswered, match="takes too long"),
    ):
        asker.get(f"{origin}/x")


def test_no_proxy_of_the_environment_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    with _server(_answer(b"[]")) as (asker, origin, _):
        assert asker.get(f"{origin}/x") == []


def test_the_certificate_of_the_name_is_looked_at() -> None:
    """A server without TLS, or with that of nobody we know, gets nothing of the request."""
    with _server(_answer(b"{}")) as (_, origin, asked):
        port = origin.rsplit(":", 1)[1]
        place = f"https://127.0.0.1:{port}"
        asker = Asker("St Anna", frozenset((origin_of(place),)), frozenset(("127.0.0.1",)))
        with pytest.raises(NotAnswered):
            asker.get(f"{place}/x", token="secret")
    assert all(b"secret" not in x for x in asked)


@pytest.mark.parametrize(
    ("url", "origin"),
    [
        ("https://a.example", "https://a.example"),
        ("https://a.example:443/b", "https://a.example"),
        ("http://a.example:80", "http://a.example"),
        ("https://A.Example:8443?x", "https://a.example:8443"),
        ("https://[2001:DB8::1]:8443/", "https://[2001:db8::1]:8443"),
        ("https://10.0.0.1/", "https://10.0.0.1"),
    ],
)
def test_an_origin_is_written_in_one_way(url: str, origin: str) -> None:
    assert str(origin_of(url)) == origin


@pytest.mark.parametrize("url", ["https://", "https://-a.example", "https://a..b", "https://a:b:1"])
def test_what_is_no_address_is_told(url: str) -> None:
    with pytest.raises(NotAnAddress, match=r"\.$"):
        origin_of(url)


def test_slow_systems_do_not_take_every_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asking, "_AT_ONCE", threading.BoundedSemaphore(1))
    monkeypatch.setattr(asking, "_CONNECT", 0.05)
    with _server(_answer(b"1"), _answer(b"2")) as (asker, origin, _):
        with asking._AT_ONCE, pytest.raises(Busy, match="Too many questions"):
            asker.get(f"{origin}/x")
        assert asker.get(f"{origin}/x") == 1  # released after each
        assert asker.get(f"{origin}/x") == 2


def test_the_connection_goes_to_the_address_that_was_looked_at() -> None:
    """The name is asked for once; nothing asks for it again and is told something else."""
    seen: list[str] = []

    def resolve(host: str, port: int) -> list[str]:
        seen.append(host)
        return ["127.0.0.1"]

    with _server(_answer(b"1")) as (_, origin, asked):
        port = origin.rsplit(":", 1)[1]
        place = f"http://fhir.hospital.invalid:{port}"
        hosts = frozenset(("fhir.hospital.invalid",))
        asker = Asker("St Anna", frozenset((origin_of(place),)), hosts, resolve)
        assert asker.get(f"{place}/x") == 1
    assert seen == ["fhir.hospital.invalid"]
    assert f"Host: fhir.hospital.invalid:{port}".encode() in asked[0]
