"""Apply edits to a program."""

from __future__ import annotations

from collections.abc import Iterable

from odooops_dagster.tools.agent_tables.references import Edit


def rewritten(source: bytes, edits: Iterable[Edit]) -> bytes:
    """Return the program with the edits, which do not overlap and are in the order of the text."""
    parts, at = [], 0
    for edit in edits:
        parts += [source[at : edit.start], edit.new.encode()]
        at = edit.end
    return b"".join([*parts, source[at:]])
