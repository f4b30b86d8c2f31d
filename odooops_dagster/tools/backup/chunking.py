"""Content-defined chunking: cut a stream of lines at boundaries that depend on its content, and find similar pieces."""

from __future__ import annotations

import heapq
import zlib
from collections.abc import Iterable, Iterator
from typing import BinaryIO

from odooops_dagster.tools.backup.encryption import LARGEST

# A piece ends after one of the lines between these two sizes; the content decides which one. LONGEST is half of the
# largest object, because a delta of one large piece takes longer to compute than the deltas of two small ones.
LONGEST = LARGEST // 2
SHORTEST = LONGEST // 2
_BLOCK = 1024 * 1024
# A sketch keeps this many lines of a piece, those with the lowest checksums. Of many lines, only the one in 4096 with a
# checksum below _SAMPLED is considered.
_SKETCH = 8
_SAMPLED = 2**32 // 4096

Sketch = tuple[int, ...]


def cut(stream: BinaryIO, *, shortest: int = SHORTEST, longest: int = LONGEST) -> Iterator[bytes]:
    """Yield the stream in pieces; a change in the stream does not move the later cuts."""
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
    """Yield the lines of a stream of blocks; a line may span several blocks."""
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
    # The empty string has checksum 0, and every piece ends with it, after its last newline.
    lowest = {checksum for checksum in sums if 0 < checksum < _SAMPLED}
    if len(lowest) < _SKETCH:  # few lines, long ones
        lowest = set(sums) - {0}
    return tuple(heapq.nsmallest(_SKETCH, lowest))


def likeness(one: Sketch, other: Sketch) -> int:
    """Return how many checksums the two have in common."""
    return len(set(one) & set(other))


def _fill(stream: BinaryIO, buffer: memoryview, filled: int) -> int:
    """Fill the buffer from the stream and return its fill level; a read of a pipe may return less than requested."""
    while filled < len(buffer) and (block := stream.read(min(_BLOCK, len(buffer) - filled))):
        buffer[filled : filled + len(block)] = block
        filled += len(block)
    return filled


def _end(part: bytes) -> int:
    """Return the offset after the line with the smallest checksum in the part where the piece may end."""
    lines = part.split(b"\n")[:-1]
    if not lines:
        return len(part)
    sums = list(map(zlib.crc32, lines))
    # Skip the first line: it may be partial, so that its checksum depends on where the piece began.
    chosen = sums.index(min(sums[1:]), 1) if len(sums) > 1 else 0
    return sum(map(len, lines[: chosen + 1])) + chosen + 1
