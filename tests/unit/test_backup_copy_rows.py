"""One column of a dump's SQL, however its rows are written and however long they are."""

from __future__ import annotations

import io
from collections.abc import Iterable

import pytest

from odooops_dagster.tools.backup import copy_rows
from odooops_dagster.tools.backup.copy_rows import column_values, stream_of

HEAD = b"--\n-- PostgreSQL database dump\n--\n\nCOPY public.other (id, store_fname) FROM stdin;\n1\tno\n\\.\n\n"
COPY = b"COPY public.ir_attachment (id, store_fname, db_datas, name) FROM stdin;\n"
LATE = b"COPY public.ir_attachment (id, db_datas, store_fname) FROM stdin;\n"


def values(*parts: bytes) -> list[str]:
    """Return the names that stand in the SQL."""
    return list(column_values(io.BytesIO(b"".join(parts)), table="public.ir_attachment", column="store_fname"))


def test_the_columns_values_are_read_and_nothing_after_them() -> None:
    """Null and empty ones are left out, escaped ones unescaped; the stream stays where the rows end."""
    stream = io.BytesIO(HEAD + COPY + b"1\tab/abc\t\\N\tx\n2\t\\N\t\\N\ty\n3\t\t\\N\tz\n4\ta\\\\b\t\\N\t\n\\.\nafter\n")
    assert list(column_values(stream, table="public.ir_attachment", column="store_fname")) == ["ab/abc", "a\\b"]
    assert stream.read() == b"after\n"


@pytest.mark.parametrize("longest", [7, 64, 1000])
def test_a_row_of_any_length_is_read_in_parts(monkeypatch: pytest.MonkeyPatch, longest: int) -> None:
    """The column stands before or behind the long value, or is cut in its middle."""
    rows = (
        b"1\tab/one\t" + b"f" * 5000 + b"\tx\n2\tab/two\t\\N\ty\n",
        b"1\t" + b"f" * 5000 + b"\tab/one\n2\t\\N\tab/two\n",
    )
    monkeypatch.setattr(copy_rows, "LONGEST_LINE", max(longest, len(COPY)))
    for head, lines in ((COPY, rows[0]), (LATE, rows[1])):
        assert values(HEAD, head, lines, b"\\.\n") == ["ab/one", "ab/two"]


@pytest.mark.parametrize(
    "sql", [b"", HEAD, COPY, COPY + b"1\tab", b"COPY public.ir_attachment (id) FROM stdin;\n1\n\\.\n"]
)
def test_sql_without_the_column_or_without_an_end_is_no_error(sql: bytes) -> None:
    """What is missing is named by who reads the dump to its end."""
    assert values(sql) in ([], ["ab"])


@pytest.mark.parametrize("blocks", [[], [b""], [b"abc", b"", b"d"], [b"x" * 3_000_000, b"y"]])
def test_blocks_are_read_as_one_stream(blocks: Iterable[bytes]) -> None:
    """Wherever they end."""
    assert stream_of(blocks).read() == b"".join(blocks)
