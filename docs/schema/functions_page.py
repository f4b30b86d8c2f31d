"""Writes the reference of the functions: how each is called, by whom, and what it refuses."""

from __future__ import annotations

from collections.abc import Iterator

from docs.schema.model import Function, Schema
from docs.schema.sources import Header, Notes, file_of
from docs.schema.tables import code, prose, table
from docs.schema.words import short_type, shown_default

HEAD = """\
# Functions

How the control plane is changed: by calling a function, with its arguments by name. What a function
refuses has one of [these SQLSTATEs](../sqlstates.md). Each function says which roles may execute it, and decides
inside what the caller may do with it. Functions that only other functions and triggers call are in schema
`ops_private`, which no role may use: they are not listed here.

Written by `python -m docs.generate` from a migrated database and the headers in `sql/functions/`.
"""
_MODES = ("INOUT", "OUT", "VARIADIC", "IN")
_NOTHING = Header(text="", definer_reason=None, states=())


def functions_page(schema: Schema, notes: Notes) -> str:
    """Return the page of schema ops; schema ops_private is no API."""
    called = [item for item in schema.functions if not item.is_private]
    lines = [HEAD, " · ".join(f"[{item.name}](#{item.name})" for item in called), ""]
    for item in called:
        lines += [*_section(item, notes), ""]
    return "\n".join(lines).rstrip() + "\n"


def refusals(item: Function, notes: Notes) -> tuple[str, ...]:
    """Return the SQLSTATEs that the function raises itself or, by its header, passes on."""
    named = notes.functions.get(item.name, _NOTHING).states
    return tuple(sorted({*named, *notes.raised.get(item.name, ())}))


def _section(item: Function, notes: Notes) -> Iterator[str]:
    told = notes.functions.get(item.name, _NOTHING)
    yield from (f"## {item.name}", "", prose(told.text or item.comment), "")
    if item.arguments:
        yield from (*table(("argument", "type", "default"), [_argument(text) for text in item.arguments]), "")
    yield from (f"- {line}" for line in _facts(item, told, notes))


def _facts(item: Function, told: Header, notes: Notes) -> Iterator[str]:
    yield f"Returns {code(item.result)}, {item.volatility}."
    if item.executors:
        yield f"Executed by {', '.join(code(role) for role in item.executors)}."
    if refused := refusals(item, notes):
        yield f"Refuses with {', '.join(code(state) for state in refused)}."
    if item.is_definer:
        yield f"With its owner's rights: {prose(told.definer_reason or 'no reason given')}"
    yield file_of("functions", item.name)


def _argument(text: str) -> tuple[str, str, str]:
    """Return an argument's name, type and default: `p_limit integer DEFAULT 1`."""
    declared, _, default = text.partition(" DEFAULT ")
    words = declared.split()
    mode = f"{words.pop(0).lower()} " if words[0] in _MODES else ""
    return code(words[0]), mode + short_type(" ".join(words[1:])), code(shown_default(default))
