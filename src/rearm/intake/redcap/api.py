"""Records and data dictionary of a REDCap project by its API, as the two files that are read like
any export. Nothing is asked of the network unless somebody calls this.
"""

from __future__ import annotations

import csv
import io
import os
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from rearm.errors import InputError
from rearm.files import write_text

if TYPE_CHECKING:
    from redcap.project import Project

__all__ = ["DICTIONARY", "EXPORT", "TOKEN_VARIABLE", "fetch"]

EXPORT, DICTIONARY = "export.csv", "dictionary.csv"
TOKEN_VARIABLE = "REDCAP_TOKEN"
_TOKEN = re.compile(r"[0-9A-Fa-f]{32}")
_LOCAL = ("localhost", "127.0.0.1", "::1")
_SECONDS = 120


def fetch(url: str, folder: Path, *, token_variable: str = TOKEN_VARIABLE) -> tuple[Path, Path]:
    """Write the raw records and the data dictionary of a project into `folder`; gives the paths of
    both.

    The token is taken from the environment variable and stands in no file and no message. Fields
    that the project marks as identifiers are not asked for. Raises InputError where the extra
    `redcap` or the token is missing, where the server refuses, and where a file is there already.
    """
    targets = folder / EXPORT, folder / DICTIONARY
    if there := [path.name for path in targets if path.exists()]:
        raise InputError(
            f"{folder} already contains {', '.join(there)}. Nothing was fetched. Choose another "
            "folder."
        )
    project = _project(url, _token(token_variable))
    dictionary = _asked(url, lambda: project.export_metadata(format_type="csv"))
    fields = _fields(dictionary, url)
    records = _asked(
        url,
        lambda: project.export_records(
            format_type="csv",
            fields=[*fields],
            event_name="unique",
            export_data_access_groups=True,
        ),
    )
    folder.mkdir(parents=True, exist_ok=True)
    for path, text in zip(targets, (records, dictionary), strict=True):
        write_text(path, text)
    return targets


def _token(variable: str) -> str:
    token = os.environ.get(variable, "").strip()
    if not token:
        raise InputError(
            f"The environment variable {variable} holds no token. Set it to the API token of the "
            "project."
        )
    if not _TOKEN.fullmatch(token):
        raise InputError(
            f"The environment variable {variable} holds no API token of REDCap, which has 32 "
            "hexadecimal digits. Copy it again from the project (API)."
        )
    return token


def _project(url: str, token: str) -> Project:
    parts = urlsplit(url)
    if not url.endswith("/api/") or not parts.hostname:
        raise InputError(f"{url} is not the address of an API. It ends in /api/.")
    if parts.scheme != "https" and parts.hostname not in _LOCAL:
        raise InputError(
            f"{url} is not encrypted, so anybody on the way could read the token and the records. "
            "Use https."
        )
    try:
        from redcap.project import Project
    except ImportError:
        raise InputError(
            "Fetching from REDCap needs PyCap. Install it with: pip install 'rearm[redcap]'"
        ) from None
    return Project(url, token, timeout=_SECONDS)


def _asked(url: str, ask: Callable[[], Any]) -> str:
    """The answer of the server as text; whatever goes wrong is one sentence without the request,
    which holds the token.
    """
    from requests import ConnectionError, JSONDecodeError, RequestException, Timeout

    host = urlsplit(url).netloc
    try:
        answer = ask()
    except (ConnectionError, JSONDecodeError, Timeout, ValueError) as error:
        raise InputError(
            f"{host} can't be reached or does not answer as REDCap does ({type(error).__name__}). "
            "Check the address and the network."
        ) from None
    except RequestException:  # PyCap raises its own refusals as these
        raise InputError(
            f"{host} refuses the request. Check that the token is of this project and that its "
            "user may export the records."
        ) from None
    return str(answer)


def _fields(dictionary: str, url: str) -> Sequence[str]:
    """The fields to ask for: all but the identifiers, and the mark of each form. The id of the
    record is always asked for.
    """
    rows = [*csv.DictReader(io.StringIO(dictionary))]
    if not rows or not {"field_name", "form_name", "identifier"} <= rows[0].keys():
        raise InputError(
            f"{urlsplit(url).netloc} does not answer with a data dictionary. Check the address: "
            "it is that of the API of the server."
        )
    kept = [
        row["field_name"]
        for place, row in enumerate(rows)
        if place == 0 or (row["identifier"] or "").lower() != "y"
    ]
    return [*kept, *(f"{form}_complete" for form in dict.fromkeys(r["form_name"] for r in rows))]
