"""Passwords as argon2id hashes; nothing of them is sent or looked up anywhere."""

from __future__ import annotations

import secrets
import unicodedata
from functools import cache
from threading import BoundedSemaphore

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

__all__ = ["LONGEST", "SHORTEST", "fits", "hash_of", "is_dated", "wanting"]

SHORTEST = 12
LONGEST = 200
"""Characters."""

_FEWEST_DIFFERENT = 5
_HASHER = PasswordHasher()  # argon2id by RFC 9106: 64 MiB each
_AT_ONCE = BoundedSemaphore(2)  # so that many tries take the machine neither memory nor time


def wanting(password: str, name: str) -> str:
    """Why this can't be the password of a user, in a sentence; empty where it can."""
    plain = _plain(password)
    if len(plain) < SHORTEST:
        return f"A password has {SHORTEST} characters or more. Several words are easy to keep."
    if len(password) > LONGEST:
        return f"A password has {LONGEST} characters or fewer."
    if len(set(plain)) < _FEWEST_DIFFERENT:
        return "The password repeats few characters. Choose another."
    if name.casefold() in plain.casefold():
        return "The password contains the name of the user. Choose another."
    return ""


def hash_of(password: str) -> str:
    """What the store keeps."""
    with _AT_ONCE:
        return _HASHER.hash(_plain(password))


def fits(kept: str, password: str) -> bool:
    """Whether this is the password of a kept hash. Without a hash one of nobody's is tried, so that
    the time says nothing of whether the user is known.
    """
    with _AT_ONCE:
        try:
            _HASHER.verify(kept or _of_nobody(), _plain(password[: LONGEST + 1]))
        except (VerificationError, InvalidHashError):
            return False
    return bool(kept)


def is_dated(kept: str) -> bool:
    """Whether the hash is weaker than those that are made now."""
    return _HASHER.check_needs_rehash(kept)


@cache
def _of_nobody() -> str:
    return _HASHER.hash(secrets.token_hex(16))


def _plain(password: str) -> str:
    """The same text, however the keyboard composes it; what is no text can't be a password."""
    return unicodedata.normalize("NFKC", password).encode("utf-8", "replace").decode("utf-8")
