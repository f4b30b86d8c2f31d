"""Lays out a table for a terminal: each row in one line, no URL folded, long texts cut with an ellipsis."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from rich.cells import cell_len, set_cell_size

from odooops_dagster.wording import ago_text

_GAP = "  "
# A text is cut to no less: what is left of it must still be recognised.
_LEAST = 8
_SHORT_SHA = 7
_SHORT_ID = 8
_SHA = re.compile(r"(sha256:)?[0-9a-f]{40,64}")
_URL = re.compile(r"\w+://\S+")


@dataclass(frozen=True, kw_only=True)
class _Column:
    name: str
    cells: tuple[str, ...]
    is_cut: bool  # whether its texts may be cut

    @property
    def width(self) -> int:
        return max(cell_len(text) for text in (self.name, *self.cells))


def short(value: object, *, now: datetime | None = None) -> object:
    """Return what a person needs of a value: how long ago, the beginning of a commit or an id, the first line."""
    match value:
        case datetime():
            return ago_text((now or datetime.now(UTC)) - value)
        case UUID():
            return str(value)[:_SHORT_ID]
        case str() if _SHA.fullmatch(value):
            return value.removeprefix("sha256:")[:_SHORT_SHA]
        case str():
            return next(iter(value.splitlines()), "")
        case _:
            return value


def table_lines(columns: Sequence[str], rows: Sequence[Mapping[str, str]], *, width: int) -> list[str]:
    """Return the head and a line for each row, at most `width` wide; a URL that does not fit gets its own line."""
    whole = [_column(name, rows) for name in columns]
    links = [column for column in whole if any(_URL.fullmatch(cell) for cell in column.cells)]
    if links and _total([column.width for column in whole]) > width:
        texts = [column for column in whole if column not in links]
    else:
        texts, links = whole, []
    widths = _fitting(texts, width)
    lines = [_line([column.name for column in texts], widths)]
    for number in range(len(rows)):
        lines.append(_line([column.cells[number] for column in texts], widths))
        lines.extend(f"  {link.cells[number]}" for link in links if _URL.fullmatch(link.cells[number]))
    return lines


def _column(name: str, rows: Sequence[Mapping[str, str]]) -> _Column:
    cells = tuple(row[name] for row in rows)
    return _Column(name=name.replace("_", " "), cells=cells, is_cut=not any(map(_URL.fullmatch, cells)))


def _fitting(columns: Sequence[_Column], width: int) -> list[int]:
    """Return the columns' widths: the widest that may be cut gives way until all fit, or nothing is left to give."""
    widths = [column.width for column in columns]
    while (over := _total(widths) - width) > 0:
        can = [n for n, column in enumerate(columns) if column.is_cut and widths[n] > _LEAST]
        if not can:
            break
        widest = max(can, key=lambda n: widths[n])
        next_widest = max((widths[n] for n in can if n != widest), default=_LEAST)
        widths[widest] = max(_LEAST, widths[widest] - over, min(next_widest, widths[widest] - 1))
    return widths


def _total(widths: Sequence[int]) -> int:
    return sum(widths) + len(_GAP) * (len(widths) - 1)


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    return _GAP.join(_fit(cell, width) for cell, width in zip(cells, widths, strict=True)).rstrip()


def _fit(text: str, width: int) -> str:
    return set_cell_size(text if cell_len(text) <= width else set_cell_size(text, width - 1) + "…", width)
