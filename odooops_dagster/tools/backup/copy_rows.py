"""Reads one column out of the SQL of a dump, in little memory however long a value is."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, BinaryIO, cast

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

# Lines up to here are read at once; a longer one is read in parts. No name of a file is as long.
LONGEST_LINE = 1024 * 1024
_NULL = b"\\N"


def column_values(stream: BinaryIO, *, table: str, column: str) -> Iterator[str]:
    """Yield the values of a table's column that are not null or empty; the SQL after the table's rows stays unread.

    `table` is named with its schema, as pg_dump names it. Source: "File Formats", text format, in PostgreSQL's
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
    """Yield each line's first part, which is all of it but for very long ones."""
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
    # A dump that ends here is named by who reads it to its end.
    return fields[column] if column < len(fields) else b""


def _field_of_long(stream: BinaryIO, part: bytes, column: int) -> bytes:
    """Return a field of a line that is read in parts; no more than LONGEST_LINE of the field is kept."""
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
    """Blocks of bytes as a file."""

    def __init__(self, blocks: Iterator[bytes]) -> None:
        super().__init__()
        self._blocks = blocks
        self._rest = memoryview(b"")

    def readable(self) -> bool:
        """Return that it is."""
        return True

    def readinto(self, buffer: WriteableBuffer) -> int:
        """Fill the buffer with what comes next."""
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
