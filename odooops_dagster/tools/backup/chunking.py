"""Cuts a stream of lines where its content says so, and finds pieces that are alike."""

from __future__ import annotations

import heapq
import zlib
from collections.abc import Iterable, Iterator
from typing import BinaryIO

from odooops_dagster.tools.backup.encryption import LARGEST

# A piece ends behind one of the lines between these two; which one, its content decides. Half as long as an object may
# be: what differs between larger pieces takes longer to find than in two small ones.
LONGEST = LARGEST // 2
SHORTEST = LONGEST // 2
_BLOCK = 1024 * 1024
# So many lines of a piece are remembered, those with the lowest checksums; where there are many lines, one in 4096
# is low enough to be looked at.
_SKETCH = 8
_SAMPLED = 2**32 // 4096

Sketch = tuple[int, ...]


def cut(stream: BinaryIO, *, shortest: int = SHORTEST, longest: int = LONGEST) -> Iterator[bytes]:
    """Yield the stream in pieces; after a change, later cuts fall where they fell before."""
    buffer = memoryview(bytearray(longest))
    filled = 0
    while (filled := _fill(stream, buffer, filled)) == longest:
        end = shortest + _end(bytes(buffer[shortest:]))
        yield bytes(buffer[:end])
        filled = longest - end
        buffer[:filled] = buffer[end:]
    if filled:
        yield bytes(buffer[:filled])


def lines_of(blocks: Iterable[bytes]) -> Iterator[bytes]:
    """Yield the lines of a stream that comes in blocks, wherever those end."""
    rest = b""
    for block in blocks:
        lines = (rest + block).split(b"\n")
        rest = lines.pop()
        yield from lines
    if rest:
        yield rest


def sketch(piece: bytes) -> Sketch:
    """Return a few checksums of the piece's lines; pieces that share lines share checksums."""
    sums = list(map(zlib.crc32, piece.split(b"\n")))
    # Nothing has checksum 0, and nothing stands behind the last line of every piece.
    lowest = {checksum for checksum in sums if 0 < checksum < _SAMPLED}
    if len(lowest) < _SKETCH:  # few lines, long ones
        lowest = set(sums) - {0}
    return tuple(heapq.nsmallest(_SKETCH, lowest))


def likeness(one: Sketch, other: Sketch) -> int:
    """Return how many checksums the two have in common."""
    return len(set(one) & set(other))


def _fill(stream: BinaryIO, buffer: memoryview, filled: int) -> int:
    """Read on until the buffer is full, or less at the end: a pipe gives what it has; return how much is filled."""
    while filled < len(buffer) and (block := stream.read(min(_BLOCK, len(buffer) - filled))):
        buffer[filled : filled + len(block)] = block
        filled += len(block)
    return filled


def _end(part: bytes) -> int:
    """Return the end of the line with the smallest checksum in the part of a piece where it may end."""
    lines = part.split(b"\n")[:-1]
    if not lines:
        return len(part)
    sums = list(map(zlib.crc32, lines))
    # The first one may be the rest of a line, which depends on where the piece began.
    chosen = sums.index(min(sums[1:]), 1) if len(sums) > 1 else 0
    return sum(map(len, lines[: chosen + 1])) + chosen + 1
