"""How types, defaults and names of the catalog are written in documents."""

from __future__ import annotations

import re

_SHORT = {
    "timestamp with time zone": "timestamptz",
    "integer": "int",
    "boolean": "bool",
    "double precision": "float8",
    "character varying": "varchar",
}
_LITERAL = re.compile(r"^'(?P<text>(?:[^']|'')*)'::(?P<type>[\w. \[\]\"]+)$")
_IRREGULAR = {"run_lineage": "run_lineage", "event_ingest_log": "event_ingest_log"}


def short_type(name: str) -> str:
    """Return the type as people write it: timestamptz, int, text[]."""
    base, array = (name[:-2], "[]") if name.endswith("[]") else (name, "")
    return _SHORT.get(base, base) + array


def literal(default: str) -> str | None:
    """Return the text of a default that is a constant with a cast, such as 'queued'::ops.run_status."""
    match = _LITERAL.match(default)
    return match["text"].replace("''", "'") if match else None


def shown_default(default: str | None) -> str:
    """Return a default as people write it: without the cast that PostgreSQL adds."""
    if not default:
        return ""
    if default.startswith("NULL::"):
        return "null"
    text = literal(default)
    return default if text is None else f"'{text}'"


def singular(name: str) -> str:
    """Return the name of one row of a table: policy of policies, branch_head of branch_heads."""
    if name in _IRREGULAR:
        return _IRREGULAR[name]
    if name.endswith("ies"):
        return f"{name[:-3]}y"
    return name[:-1] if name.endswith("s") and not name.endswith("ss") else name


def pascal(name: str) -> str:
    """Return the name in PascalCase."""
    return "".join(word[:1].upper() + word[1:] for word in name.split("_"))


def camel(name: str) -> str:
    """Return the name in camelCase."""
    word = pascal(name)
    return word[:1].lower() + word[1:]
