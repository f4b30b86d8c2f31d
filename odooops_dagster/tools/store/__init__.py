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
    "folder_of",
    "open_store",
]


def folder_of(url: str, *, default: Path) -> Path | None:
    """Return the folder of the store at the URL; None for another kind of store."""
    if not url:
        return default
    parts = urlsplit(url)
    is_folder = parts.scheme == "file" and not parts.netloc and parts.path.startswith("/")
    return Path(unquote(parts.path)) if is_folder else None


def open_store(url: str, *, default: Path, endpoint_url: str = "", options: S3Options | None = None) -> ObjectStore:
    """Return the store at file:///path, s3://bucket/prefix or memory:; the folder `default` if the URL is empty."""
    parts = urlsplit(url)
    if parts.query or parts.fragment or "@" in parts.netloc:  # it is shown, and may not hold a secret
        raise BadInput("a store's address has no ?, # or @", hint="give keys of S3 in AWS_... or a file of credentials")
    folder = folder_of(url, default=default)
    if folder is not None:
        return FolderStore(folder)
    if parts.scheme == "s3" and parts.netloc:
        return S3Store(
            parts.netloc, prefix=parts.path.strip("/"), endpoint_url=endpoint_url, options=options or S3Options()
        )
    if url == "memory:":
        return MemoryStore()
    raise BadInput(f"{url!r} names no store", hint="use file:///path or s3://bucket/prefix in ODOOOPS_STORE_URL")
