"""Reads one column from the SQL of a dump; memory use does not grow with the length of a value."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, BinaryIO, cast

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

# A line up to this length is read at once, a longer one in parts. No file name is this long.
LONGEST_LINE = 1024 * 1024
_NULL = b"\\N"


def column_values(stream: BinaryIO, *, table: str, column: str) -> Iterator[str]:
    """Yield the values of a table's column that are neither null nor empty; leave the SQL after the rows unread.

    `table` includes the schema, as pg_dump writes it. Source: "File Formats", text format, in PostgreSQL's
    documentation of COPY.
    """
    start = f"COPY {table} (".encode()
    for line in _line_starts(stream):
        if line.startswith(start):
            columns = line[len(start) :].partition(b")")[0].split(b", ")
            if column.encode() in columns:
                yield from _values(stream, columns.index(column.encode()))
            return


def _line_starts(stream: BinaryIO) -> Iterator[bytes]:
    """Yield the first LONGEST_LINE bytes of each line."""
    goes_on = False
    while line := stream.readline(LONGEST_LINE):
        if not goes_on:
            yield line
        goes_on = not line.endswith(b"\n")


def _values(stream: BinaryIO, column: int) -> Iterator[str]:
    while line := stream.readline(LONGEST_LINE):
        if line.startswith(b"\\."):
            return
        value = _field(line, column) if line.endswith(b"\n") else _field_of_long(stream, line, column)
        if value not in (_NULL, b""):
            yield value.replace(b"\\\\", b"\\").decode(errors="replace")


def _field(line: bytes, column: int) -> bytes:
    fields = line.rstrip(b"\n").split(b"\t", column + 1)
    # The caller that reads the dump to its end reports a truncated dump.
    return fields[column] if column < len(fields) else b""


def _field_of_long(stream: BinaryIO, part: bytes, column: int) -> bytes:
    """Return a field of a line that is read in parts, cut to LONGEST_LINE bytes."""
    found = b""
    before = 0  # fields that ended in earlier parts
    while part:
        fields = part.rstrip(b"\n").split(b"\t")
        if 0 <= column - before < len(fields):
            found = (found + fields[column - before])[:LONGEST_LINE]
        before += len(fields) - 1
        if part.endswith(b"\n"):
            break
        part = stream.readline(LONGEST_LINE)
    return found


def stream_of(blocks: Iterable[bytes]) -> BinaryIO:
    """Return a stream that reads the blocks one after the other."""
    return cast("BinaryIO", io.BufferedReader(_Blocks(iter(blocks)), buffer_size=LONGEST_LINE))


class _Blocks(io.RawIOBase):
    """Presents blocks of bytes as a file."""

    def __init__(self, blocks: Iterator[bytes]) -> None:
        super().__init__()
        self._blocks = blocks
        self._rest = memoryview(b"")

    def readable(self) -> bool:
        """Return True."""
        return True

    def readinto(self, buffer: WriteableBuffer) -> int:
        """Read the next bytes into the buffer and return their number, 0 at the end."""
        view = memoryview(buffer).cast("B")
        while not self._rest:
            block = next(self._blocks, None)
            if block is None:
                return 0
            self._rest = memoryview(block)
        size = min(len(view), len(self._rest))
        view[:size] = self._rest[:size]
        self._rest = self._rest[size:]
        return size
