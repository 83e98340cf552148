"""The compiler's door: numba with a cache that is keyed by the content of all compiled modules.

Numba renews a cached function only when its own file changes; a changed helper in another file
would go unseen. The folder's name holds a hash of every module that takes part, so a change
anywhere means a fresh compilation, and an installation that cannot be written works.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numba as nb

from rearm.knowledge._cache import cache_folder

__all__ = ["MODULES", "compiled", "prange"]

prange = nb.prange
MODULES = (
    "jit.py",
    "model.py",
    "lanes.py",
    "markers.py",
    "steps.py",
    "kernel.py",
    "likelihood.py",
)


def _folder() -> Path:
    """The folder of this version of the compiled code."""
    digest = hashlib.sha256(nb.__version__.encode())
    for name in MODULES:
        digest.update(Path(__file__).with_name(name).read_bytes())
    return cache_folder() / f"mechanism-{digest.hexdigest()[:16]}"


_FOLDER = str(_folder())


def compiled(**options: Any) -> Callable[[Callable[..., Any]], Any]:
    """Decorator: `numba.njit` with these options, cached on disk.

    Division by zero follows numpy's rules. `forceinline=True` is for small parts of a loop: a call
    to a function of its own would cost more than the arithmetic in it.
    """

    def decorate(function: Callable[..., Any]) -> Any:
        config: Any = nb.config
        before, config.CACHE_DIR = config.CACHE_DIR, _FOLDER
        try:
            return nb.njit(cache=True, error_model="numpy", **options)(function)
        finally:
            config.CACHE_DIR = before

    return decorate
