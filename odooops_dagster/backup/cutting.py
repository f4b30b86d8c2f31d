"""Cuts a stream of lines where its content says so, and finds pieces that are alike."""

from __future__ import annotations

import heapq
import zlib
from collections.abc import Iterable, Iterator
from typing import BinaryIO

from odooops_dagster.backup.sealing import LARGEST

# A piece ends behind one of the lines between these two; which one, its content decides.
SHORTEST = LARGEST // 2
# So many lines of a piece are remembered, those with the lowest checksums; where there are many lines, one in 4096
# is low enough to be looked at.
_SKETCH = 8
_SAMPLED = 2**32 // 4096

Sketch = tuple[int, ...]


def cut(stream: BinaryIO, *, shortest: int = SHORTEST, longest: int = LARGEST) -> Iterator[bytes]:
    """Yield the stream in pieces; after a change, later cuts fall where they fell before."""
    kept = b""
    while True:
        kept += _read(stream, longest - len(kept))
        if len(kept) < longest:
            break
        end = _end(kept, shortest)
        yield kept[:end]
        kept = kept[end:]
    if kept:
        yield kept


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


def _read(stream: BinaryIO, size: int) -> bytes:
    """Read exactly so much, less at the end only: a pipe gives what it has."""
    blocks = []
    while size and (block := stream.read(size)):
        blocks.append(block)
        size -= len(block)
    return b"".join(blocks)


def _end(piece: bytes, shortest: int) -> int:
    """Return the end of the line with the smallest checksum in the part where a piece may end."""
    lines = piece[shortest:].split(b"\n")[:-1]
    if not lines:
        return len(piece)
    # The first one may be the rest of a line, which depends on where the piece began.
    sums = list(map(zlib.crc32, lines))
    chosen = min(range(1 if len(sums) > 1 else 0, len(sums)), key=sums.__getitem__)
    return shortest + sum(map(len, lines[: chosen + 1])) + chosen + 1
