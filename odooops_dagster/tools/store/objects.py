"""What every object store does: the protocol, its values, and what the stores share."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import BinaryIO, Protocol

from odooops_dagster.errors import BadInput, NotFound

# What an object may come from: bytes, a file, or a stream that is read once, block by block.
Source = bytes | Path | BinaryIO

BLOCK_BYTES = 1024 * 1024
# The size of what stands in an object's place and cannot be read.
UNREADABLE = -1


@dataclass(frozen=True, kw_only=True)
class StoredObject:
    """An object that the store holds whole."""

    key: str
    url: str
    size_bytes: int
    modified_at: datetime = field(compare=False)  # by the store's clock


class ObjectStore(Protocol):
    """Keeps bytes under a key; a reader sees an object whole or not at all, and every method may be told twice.

    Two errors are told apart. Unavailable: the store does not answer, and nothing is known of the object. Unreadable:
    the store answers, and this one object cannot be had, now or later; another put replaces it.
    """

    def put(self, key: str, source: Source, *, content_type: str = "application/octet-stream") -> StoredObject:
        """Keep the bytes, the file's or the stream's, under the key; another put of the key replaces them."""

    def open(self, key: str) -> BinaryIO:
        """Open the object for reading from its start to its end, block by block; NotFound where there is none."""

    def get(self, key: str) -> bytes:
        """Return all of the object's bytes at once; NotFound where there is none."""

    def stat(self, key: str) -> StoredObject | None:
        """Return what the store knows of the object, or None where there is none."""

    def list(self, prefix: str = "") -> Iterator[StoredObject]:
        """Return every object whose key starts with the prefix, in the order of their keys."""

    def delete(self, key: str) -> None:
        """Remove the object if it is there."""

    def sweep(self, prefix: str, *, before: datetime) -> None:
        """Remove what puts that were killed before then left below the prefix, where a store knows of such."""


class WholeObjects:
    """Keeps an object whole or not at all, and reads it at once for who knows that it is small."""

    def open(self, key: str) -> BinaryIO:
        """Open the object for reading."""
        raise NotImplementedError

    def get(self, key: str) -> bytes:
        """Return the object's bytes."""
        with self.open(key) as stream:
            return stream.read()

    def sweep(self, prefix: str, *, before: datetime) -> None:
        """Do nothing: a put that was killed left nothing."""


@contextmanager
def opened(source: Source) -> Iterator[BinaryIO]:
    """Yield a stream of the source's bytes; a stream that was given stays open."""
    if isinstance(source, bytes):
        yield io.BytesIO(source)
    elif isinstance(source, Path):
        with source.open("rb") as stream:
            yield stream
    else:
        yield source


def checked_key(key: str) -> str:
    """Return the key if every store can hold it: words between slashes, none hidden, none leading upwards."""
    if not key.isprintable() or len(key.encode()) > 900 or not all(map(_is_word, key.split("/"))):
        raise BadInput(f"{key!r} cannot name an object", hint="use words between slashes that start with no dot")
    return key


def _is_word(word: str) -> bool:
    return 0 < len(word.encode()) <= 255 and not word.startswith(".")


def absent(key: str) -> NotFound:
    """Return the error that says that there is no such object."""
    return NotFound(f"the store has no object {key}")
