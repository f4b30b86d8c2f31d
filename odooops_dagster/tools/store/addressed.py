"""Objects under the SHA-256 of their bytes: the same bytes are stored once, and their name proves them."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from odooops_dagster.tools.store.objects import ObjectStore

# The part of the store that holds them, and nothing else.
FOLDER = "sha256"


@dataclass(frozen=True, kw_only=True)
class Addressed:
    """A stored object, with the hash that names it."""

    url: str
    sha256: str
    size_bytes: int


def object_name(sha256: str) -> str:
    """Return the store's key of the object with this hash."""
    return f"{FOLDER}/{sha256[:2]}/{sha256}"


def put_addressed(store: ObjectStore, source: bytes | Path, *, content_type: str) -> Addressed:
    """Store the bytes, or the file, unless the store already has them."""
    sha256, size_bytes = _measure(source)
    name = object_name(sha256)
    stored = store.stat(name)
    if stored is None or stored.size_bytes != size_bytes:
        stored = store.put(name, source, content_type=content_type)
    return Addressed(url=stored.url, sha256=sha256, size_bytes=size_bytes)


def _measure(source: bytes | Path) -> tuple[str, int]:
    if isinstance(source, bytes):
        return hashlib.sha256(source).hexdigest(), len(source)
    with source.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest(), source.stat().st_size
