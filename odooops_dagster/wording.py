"""Formats sizes, ages, rates and lists for people."""

from __future__ import annotations

import os
from collections.abc import Sequence
from datetime import timedelta

_UNITS = ("B", "kB", "MB", "GB", "TB")


def size_text(size_bytes: int) -> str:
    """Return a readable size, such as 1.2 GB."""
    size, unit = float(size_bytes), 0
    # 999.95 would be rounded to 1000.0.
    while abs(size) >= 999.95 and unit < len(_UNITS) - 1:
        size, unit = size / 1000, unit + 1
    return f"{size:.1f} {_UNITS[unit]}" if unit else f"{size_bytes} B"


def path_text(path: str) -> str:
    """Return a readable path: a byte of its name that is no UTF-8 is shown by its number."""
    return os.fsencode(path).decode(errors="backslashreplace")


def some_of(texts: Sequence[str], most: int, *, between: str = ", ") -> str:
    """Return at most so many of the texts in one line, and the number of the others."""
    more = len(texts) - most
    return between.join(texts[:most]) + (f" and {more} more" if more > 0 else "")


def age_text(age: timedelta) -> str:
    """Return a readable age in days, hours or minutes."""
    units = (("d", timedelta(days=2), timedelta(days=1)), ("h", timedelta(hours=2), timedelta(hours=1)))
    for sign, least, unit in units:
        if age >= least:
            return f"{age // unit} {sign}"
    return f"{max(age, timedelta()) // timedelta(minutes=1)} min"


def ago_text(age: timedelta) -> str:
    """Return how long ago something was, such as 3 min ago; or in how long it will be."""
    if age < timedelta(seconds=-1):
        return f"in {age_text(-age)}"
    return f"{int(age.total_seconds())} s ago" if age < timedelta(minutes=1) else f"{age_text(age)} ago"


def duration_text(span: timedelta) -> str:
    """Return a readable duration: 4.2 s, 3 min 5 s, 2 h 10 min."""
    seconds = span.total_seconds()
    if round(seconds, 1) < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"


def rate_text(size_bytes: int, seconds: float) -> str:
    """Return a size with its duration and rate."""
    return f"{size_text(size_bytes)} in {seconds:.1f} s, {size_text(int(size_bytes / max(seconds, 0.001)))}/s"
