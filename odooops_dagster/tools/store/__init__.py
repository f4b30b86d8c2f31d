"""Object stores for artifacts: a folder, memory, or an S3 bucket."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import unquote, urlsplit

from odooops_dagster.errors import BadInput
from odooops_dagster.tools.store.folder import FolderStore
from odooops_dagster.tools.store.memory import MemoryStore
from odooops_dagster.tools.store.objects import UNREADABLE, ObjectStore, Source, StoredObject, checked_key
from odooops_dagster.tools.store.s3 import S3Options, S3Store

__all__ = [
    "UNREADABLE",
    "FolderStore",
    "MemoryStore",
    "ObjectStore",
    "S3Options",
    "S3Store",
    "Source",
    "StoredObject",
    "checked_key",
    "open_store",
]


def open_store(url: str, *, default: Path, endpoint_url: str = "", options: S3Options | None = None) -> ObjectStore:
    """Return the store at file:///path, s3://bucket/prefix or memory:; the folder `default` if the URL is empty."""
    if not url:
        return FolderStore(default)
    parts = urlsplit(url)
    if parts.scheme == "file" and not parts.netloc and parts.path.startswith("/"):
        return FolderStore(Path(unquote(parts.path)))
    if parts.scheme == "s3" and parts.netloc:
        return S3Store(
            parts.netloc, prefix=parts.path.strip("/"), endpoint_url=endpoint_url, options=options or S3Options()
        )
    if url == "memory:":
        return MemoryStore()
    raise BadInput(f"{url!r} names no store", hint="use file:///path or s3://bucket/prefix in ODOOOPS_STORE_URL")
