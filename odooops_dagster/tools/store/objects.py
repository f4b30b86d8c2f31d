"""The ObjectStore protocol, its values, and helpers that the stores share."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import BinaryIO, Protocol

from odooops_dagster.errors import BadInput, NotFound

# The content of an object: bytes, a file, or a stream that is read once, block by block.
Source = bytes | Path | BinaryIO

BLOCK_BYTES = 1024 * 1024
# The size of a stored path that is not a readable object.
UNREADABLE = -1


@dataclass(frozen=True, kw_only=True)
class StoredObject:
    """A completely stored object."""

    key: str
    url: str
    size_bytes: int
    modified_at: datetime = field(compare=False)  # by the store's clock


class ObjectStore(Protocol):
    """Stores bytes under a key; a reader sees a complete object or none, and every method is idempotent.

    Two errors are distinguished. Unavailable: the store does not answer, and nothing is known about the object.
    Unreadable: the store answers, but this object cannot be read, now or later; another put replaces it.
    """

    def put(self, key: str, source: Source, *, content_type: str = "application/octet-stream") -> StoredObject:
        """Store the content under the key; replace an existing object."""

    def open(self, key: str) -> BinaryIO:
        """Open the object for sequential reading; raise NotFound if it is absent."""

    def get(self, key: str) -> bytes:
        """Return all bytes of the object; raise NotFound if it is absent."""

    def stat(self, key: str) -> StoredObject | None:
        """Return the object's metadata, None if it is absent."""

    def list(self, prefix: str = "") -> Iterator[StoredObject]:
        """Return every object whose key starts with the prefix, sorted by key."""

    def delete(self, key: str) -> None:
        """Delete the object, if it exists."""

    def sweep(self, prefix: str, *, before: datetime) -> None:
        """Remove leftovers of killed puts below the prefix that are older than `before`, if the store has any."""


class WholeObjects:
    """Base of stores that write an object completely or not at all."""

    def open(self, key: str) -> BinaryIO:
        """Open the object for reading."""
        raise NotImplementedError

    def get(self, key: str) -> bytes:
        """Return the object's bytes."""
        with self.open(key) as stream:
            return stream.read()

    def sweep(self, prefix: str, *, before: datetime) -> None:
        """Do nothing: a killed put leaves nothing."""


@contextmanager
def opened(source: Source) -> Iterator[BinaryIO]:
    """Yield a stream of the source's bytes; do not close a given stream."""
    if isinstance(source, bytes):
        yield io.BytesIO(source)
    elif isinstance(source, Path):
        with source.open("rb") as stream:
            yield stream
    else:
        yield source


def checked_key(key: str) -> str:
    """Return the key; raise BadInput unless it consists of words between slashes that do not start with a dot."""
    if not key.isprintable() or len(key.encode()) > 900 or not all(map(_is_word, key.split("/"))):
        raise BadInput(f"{key!r} cannot name an object", hint="use words between slashes that start with no dot")
    return key


def _is_word(word: str) -> bool:
    return 0 < len(word.encode()) <= 255 and not word.startswith(".")


def absent(key: str) -> NotFound:
    """Return the error for an absent object."""
    return NotFound(f"the store has no object {key}")
