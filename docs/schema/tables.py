"""Markdown of one cell and one table."""

from __future__ import annotations

import re
from collections.abc import Iterable


def table(titles: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> list[str]:
    """Return the lines of a table."""
    head = [f"| {' | '.join(titles)} |", "|" + "---|" * len(titles)]
    return [*head, *(re.sub(r" +", " ", f"| {' | '.join(row)} |") for row in rows)]


def code(text: str | None) -> str:
    """Return the text as code on one line, fit for a cell."""
    line = " ".join((text or "").split()).replace("|", r"\|")
    return f"`{line}`" if line else ""


def prose(text: str) -> str:
    """Return the text on one line, with what Markdown would take for its own kept as it is."""
    line = " ".join(text.split()).replace("|", r"\|").replace("<", "&lt;").replace("*", r"\*")
    return re.sub(r"(?<!\w)_|_(?!\w)", r"\\_", line)
