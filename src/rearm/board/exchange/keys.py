"""The public keys of those who sign: from a file, or from an address of the configuration. An
address that a token names is never asked.
"""

from __future__ import annotations

import time
from pathlib import Path
from threading import Lock
from typing import Any, cast

from joserfc.errors import JoseError
from joserfc.jwk import ECKey, Key, KeySet, RSAKey

from rearm.board.exchange.asking import Asker
from rearm.board.refusals import NotUsable
from rearm.errors import InputError
from rearm.strict_json import load_json

__all__ = ["KeysAtAddress", "key_of", "keys_of", "keys_of_file", "private_key"]

_KEPT = 600.0  # seconds that keys of an address are used
_ASKED_AGAIN = 30.0  # seconds between two questions, also for a key that is not known


def keys_of(plain: Any, whose: str) -> KeySet:
    """The public keys of a JWK Set: of RSA and of elliptic curves only. Raises NotUsable."""
    listed = plain.get("keys") if isinstance(plain, dict) else None
    kinds = ("EC", "RSA")
    usable = [x for x in listed or [] if isinstance(x, dict) and x.get("kty") in kinds]
    try:
        found = KeySet.import_key_set(cast("Any", {"keys": usable}))
    except (JoseError, ValueError, TypeError, KeyError):
        found = KeySet([])
    if not found.keys:
        raise NotUsable(f"The keys of {whose} are no JWK Set with public keys.")
    return found


def keys_of_file(file: Path, whose: str) -> KeySet:
    """The JWK Set in a file. Raises NotUsable."""
    try:
        return keys_of(load_json(file), whose)
    except InputError as error:
        raise NotUsable(str(error)) from None


def key_of(keys: KeySet, kid: str) -> Key | None:
    """The key of this name; None where it is not there, or stands there twice."""
    found = [key for key in keys.keys if key.kid == kid]
    return found[0] if len(found) == 1 else None


def private_key(file: Path, whose: str) -> ECKey | RSAKey:
    """The private key of our own client: a JWK with its `kid`. Raises NotUsable."""
    try:
        plain = load_json(file)
        ours: type[ECKey] | type[RSAKey] = ECKey if plain["kty"] == "EC" else RSAKey
        key: ECKey | RSAKey = ours.import_key(plain)
    except (InputError, JoseError, ValueError, TypeError, KeyError):
        raise NotUsable(f"{file} holds no private key (a JWK) for {whose}.") from None
    if not key.is_private or not key.kid:
        raise NotUsable(f"The key in {file} for {whose} is not private, or has no kid.")
    return key


class KeysAtAddress:
    """Keys that are fetched from an address of the configuration, and kept for some minutes."""

    def __init__(self, asker: Asker, address: str) -> None:
        self._asker, self._address = asker, address
        self._lock, self._keys, self._at = Lock(), KeySet([]), -_KEPT

    def keys(self, kid: str) -> KeySet:
        """The keys; fetched again where they are old, or hold none of this name."""
        with self._lock:
            age = time.monotonic() - self._at
            known = key_of(self._keys, kid) is not None
            if age > _KEPT or (not known and age > _ASKED_AGAIN):
                self._keys = keys_of(self._asker.get(self._address), self._asker.name)
                self._at = time.monotonic()
            return self._keys
