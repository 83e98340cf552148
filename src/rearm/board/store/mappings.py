"""Mappings of a centre's own layout, each kept by its name for the next upload."""

from __future__ import annotations

import hashlib
import re

from sqlalchemy import select
from sqlalchemy.orm import Session

from rearm.board.refusals import NotThere, NotUsable
from rearm.board.store import audit
from rearm.board.store.tables import MappingFile, new_id
from rearm.board.store.utc import now

__all__ = ["LARGEST", "keep", "mapping_named", "mapping_text", "mappings"]

LARGEST = 256 * 1024
"""Bytes of one mapping."""

_NAME = re.compile(r"[\w. ()+-]{1,80}")


def mappings(session: Session, tenant: str) -> list[MappingFile]:
    """All that a tenant keeps, by name."""
    own = select(MappingFile).where(MappingFile.tenant_id == tenant)
    return [*session.scalars(own.order_by(MappingFile.name))]


def mapping_named(session: Session, tenant: str, name: str) -> MappingFile:
    """Raises NotThere where there is none."""
    found = _named(session, tenant, name)
    if found is None:
        raise NotThere("There is no such mapping. Upload it again.")
    return found


def mapping_text(name: str, data: bytes) -> tuple[str, str]:
    """The name by which a mapping is kept, and its text. Raises NotUsable with a sentence where it
    is none.
    """
    stem = re.split(r"[/\\\\]", name)[-1].removesuffix(".toml").strip()
    if not name.endswith(".toml") or not _NAME.fullmatch(stem):
        raise NotUsable("A mapping is a file whose name ends in .toml. `rearm init` writes one.")
    if not data or len(data) > LARGEST:
        raise NotUsable(f"The mapping is empty, or larger than {LARGEST // 1024} KiB.")
    try:
        return stem, data.decode("utf-8")
    except UnicodeDecodeError:
        raise NotUsable("The mapping is no text in UTF-8.") from None


def keep(session: Session, tenant: str, who: str, name: str, text: str) -> None:
    """Keeps a mapping under its name; one that was kept under it is replaced."""
    hashed = hashlib.sha256(text.encode("utf-8")).hexdigest()
    found = _named(session, tenant, name)
    if found is None:
        found = MappingFile(id=new_id(), tenant_id=tenant, name=name)
        session.add(found)
    elif found.sha256 == hashed:
        return
    found.text, found.sha256, found.at, found.who = text, hashed, now(), who
    session.flush()
    audit.append(session, who, "mapping_kept", found.id, {"sha256": hashed})


def _named(session: Session, tenant: str, name: str) -> MappingFile | None:
    own = select(MappingFile).where(MappingFile.tenant_id == tenant, MappingFile.name == name)
    return session.scalar(own)
