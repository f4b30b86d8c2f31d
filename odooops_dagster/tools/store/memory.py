"""A store in the memory of this process."""

from __future__ import annotations

import io
import shutil
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import BinaryIO
from urllib.parse import quote

from odooops_dagster.tools.store.objects import (
    BLOCK_BYTES,
    Source,
    StoredObject,
    WholeObjects,
    absent,
    checked_key,
    opened,
)


class MemoryStore(WholeObjects):
    """Objects of this process, gone with it."""

    def __init__(self) -> None:
        self._objects: dict[str, tuple[bytes, datetime]] = {}
        self._lock = threading.Lock()

    def put(self, key: str, source: Source, *, content_type: str = "application/octet-stream") -> StoredObject:  # noqa: ARG002 - nobody asks for the type
        """Store a copy of the bytes."""
        copy = io.BytesIO()
        with opened(source) as stream:
            shutil.copyfileobj(stream, copy, length=BLOCK_BYTES)
        data = copy.getvalue()
        with self._lock:
            self._objects[checked_key(key)] = kept = (data, datetime.now(UTC))
        return self._describe(key, *kept)

    def open(self, key: str) -> BinaryIO:
        """Open the object as it is now."""
        with self._lock:
            kept = self._objects.get(checked_key(key))
        if kept is None:
            raise absent(key)
        return io.BytesIO(kept[0])

    def stat(self, key: str) -> StoredObject | None:
        """Return the object's metadata, None if it is absent."""
        with self._lock:
            kept = self._objects.get(checked_key(key))
        return None if kept is None else self._describe(key, *kept)

    def list(self, prefix: str = "") -> Iterator[StoredObject]:
        """Return the objects as they are now."""
        with self._lock:
            found = sorted((key, *kept) for key, kept in self._objects.items() if key.startswith(prefix))
        return (self._describe(*kept) for kept in found)

    def delete(self, key: str) -> None:
        """Delete the object, if it exists."""
        with self._lock:
            self._objects.pop(checked_key(key), None)

    def _describe(self, key: str, data: bytes, modified_at: datetime) -> StoredObject:
        url = f"memory:{quote(key)}"
        return StoredObject(key=key, url=url, size_bytes=len(data), modified_at=modified_at)
