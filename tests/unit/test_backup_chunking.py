"""Where a stream is cut, and which pieces are alike."""

from __future__ import annotations

import io
import random
from itertools import pairwise
from typing import BinaryIO, cast

from hypothesis import given, settings
from hypothesis import strategies as st

from odooops_dagster.tools.backup.chunking import cut, likeness, lines_of, sketch

SHORTEST, LONGEST = 4_000, 8_000


class Dripping(io.RawIOBase):
    """A pipe that gives as little as it likes."""

    def __init__(self, data: bytes, rng: random.Random) -> None:
        super().__init__()
        self._data = data
        self._rng = rng

    def read(self, size: int = -1, /) -> bytes:
        """Give some of it."""
        taken = self._data[: self._rng.randint(1, max(1, min(size, 997)))]
        self._data = self._data[len(taken) :]
        return taken


def pieces(data: bytes) -> list[bytes]:
    """Cut the data."""
    return list(cut(io.BytesIO(data), shortest=SHORTEST, longest=LONGEST))


def table(rng: random.Random, rows: int) -> list[bytes]:
    """Return lines as a dump has them."""
    return [b"%d\t%s\n" % (number, rng.randbytes(rng.randrange(5, 60)).hex().encode()) for number in range(rows)]


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.one_of(st.binary(max_size=3000), st.sampled_from([b"\n", b"x" * 9000, b""])), max_size=20),
    st.integers(0, 9),
)
def test_the_pieces_are_the_stream_whatever_it_holds_and_however_it_drips(parts: list[bytes], seed: int) -> None:
    """No byte is lost or moved, no piece is empty or too long, and only the last may be short."""
    data = b"".join(parts)
    stream = cast("BinaryIO", Dripping(data, random.Random(seed)))  # noqa: S311 - repeatable
    found = list(cut(stream, shortest=SHORTEST, longest=LONGEST))
    assert b"".join(found) == data
    assert all(0 < len(piece) <= LONGEST for piece in found)
    assert all(len(piece) > SHORTEST for piece in found[:-1])
    assert found == pieces(data)


def test_a_piece_ends_at_the_end_of_a_line() -> None:
    """So a line is in one piece, and a changed line changes one piece."""
    data = b"".join(table(random.Random(1), 2000))  # noqa: S311 - repeatable
    assert all(piece.endswith(b"\n") for piece in pieces(data))


def test_after_an_insertion_the_cuts_fall_where_they_fell_before() -> None:
    """All but the pieces around it are found again."""
    lines = table(random.Random(2), 4000)  # noqa: S311 - repeatable
    before = pieces(b"".join(lines))
    after = pieces(b"".join([*lines[:500], b"a row that is new\n", *lines[500:]]))
    assert len(set(before) - set(after)) <= 4 < len(before) / 4


def test_pieces_that_share_lines_are_alike_and_others_are_not() -> None:
    """A few changed rows leave most of a sketch; other rows share nothing."""
    rng = random.Random(3)  # noqa: S311 - repeatable
    lines = table(rng, 60_000)
    changed = [line if number % 100 else b"changed " + line for number, line in enumerate(lines)]
    one, other = sketch(b"".join(lines)), sketch(b"".join(changed))
    assert likeness(one, other) >= len(one) / 2 > 0
    assert likeness(one, sketch(b"".join(table(rng, 60_000)))) == 0


def test_a_piece_of_few_long_lines_is_alike_by_what_most_of_them_are() -> None:
    """Messages fill a piece with some thousand rows, of which one in a hundred changed."""
    rng = random.Random(4)  # noqa: S311 - repeatable
    lines = [rng.randbytes(1000).hex().encode() + b"\n" for _ in range(1000)]
    changed = [line if number % 100 else b"changed " + line for number, line in enumerate(lines)]
    one, other = sketch(b"".join(lines)), sketch(b"".join(changed))
    assert len(one) == len(other) == 8
    assert likeness(one, other) >= 6
    assert likeness(one, sketch(b"".join(reversed(lines)))) == 8


@given(st.binary(max_size=400), st.lists(st.integers(0, 400), max_size=6))
def test_lines_are_whole_wherever_the_blocks_end(data: bytes, ends: list[int]) -> None:
    """Only a line feed ends a line, and a last one without it is one too."""
    borders = [0, *sorted(min(end, len(data)) for end in ends), len(data)]
    blocks = [data[start:end] for start, end in pairwise(borders)]
    *lines, last = data.split(b"\n")
    assert list(lines_of(blocks)) == [*lines, *([last] if last else [])]
