"""Answers that are sent as they are read, so that their length costs no memory."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

# Each block is made in another thread; a line of its own for every one would cost more than the line.
_BLOCK = 64 * 1024


def in_blocks(pieces: Iterable[str]) -> Iterator[str]:
    """Yield the pieces, as many together as make a block."""
    block: list[str] = []
    size = 0
    for piece in pieces:
        block.append(piece)
        size += len(piece)
        if size >= _BLOCK:
            yield "".join(block)
            block.clear()
            size = 0
    yield "".join(block)
