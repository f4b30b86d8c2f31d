"""Which entries of a dump are Odoo's data, which belong to the server that it came from, and why one was left out."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from odooops_dagster.tools.backup.script import SETTINGS, UNKNOWN, Entry

# Rows, and what stands beside them: all of it is loaded, or the load fails.
ROWS = frozenset({"TABLE DATA", "SEQUENCE SET", "BLOBS", "BLOB METADATA", "BLOB COMMENTS", "LARGE OBJECT", UNKNOWN})
# Where the rows go; a BLOB is the place of a large object in dumps of PostgreSQL 16 and older.
_NEEDED = frozenset({"SCHEMA", "TABLE", "SEQUENCE", "SEQUENCE OWNED BY", "DEFAULT", "BLOB"})
# Odoo's data too, where the server lets their owner have them: some need a superuser, an extension, a role.
_IF_POSSIBLE = frozenset(
    {
        "AGGREGATE", "CAST", "CHECK CONSTRAINT", "COLLATION", "COMMENT", "CONSTRAINT", "CONVERSION", "DOMAIN",
        "EXTENSION", "FK CONSTRAINT", "FUNCTION", "INDEX", "INDEX ATTACH", "MATERIALIZED VIEW",
        "MATERIALIZED VIEW DATA", "OPERATOR", "OPERATOR CLASS", "OPERATOR FAMILY", "POLICY", "PROCEDURE",
        "ROW SECURITY", "RULE", "SHELL TYPE", "STATISTICS", "TABLE ATTACH", "TEXT SEARCH CONFIGURATION",
        "TEXT SEARCH DICTIONARY", "TRIGGER", "TYPE", "VIEW",
    }
)  # fmt: skip
# Left out of every load, and not worth a word: rights, properties of the database, what ANALYZE finds again.
_UNSPOKEN = frozenset({SETTINGS, "ACL", "DEFAULT ACL", "DATABASE", "DATABASE PROPERTIES", "STATISTICS DATA", "COMMENT"})
# What SQLSTATEs say that the server cannot have an object, whatever the rows are: class 42 (no right, no such type,
# function, role, schema), and these. PostgreSQL, appendix A of its manual.
_REFUSALS = frozenset({"0A000", "22023", "3F000", "58P01", "0LP01"})
# Those of a server that cannot answer: the connection, its resources, an operator who ends it, the disk.
_NO_ANSWER = ("08", "53", "57", "58")
OF_ITS_SERVER = "belongs to the server that it came from"


@dataclass(frozen=True, kw_only=True)
class LeftOut:
    """Something of a dump that a load does not bring."""

    kind: str  # as people write it: event trigger
    name: str
    reason: str

    def __str__(self) -> str:
        return f"{self.kind} {self.name} ({self.reason})"


def left_out(entry: Entry, reason: str) -> LeftOut:
    """Return what is to be said of an entry that was left out."""
    return LeftOut(kind=entry.kind.lower(), name=entry.label, reason=reason)


def is_tried(kind: str) -> bool:
    """Return whether the kind is Odoo's data, without its rows."""
    return kind in _NEEDED or kind in _IF_POSSIBLE


def is_spoken_of(kind: str) -> bool:
    """Return whether people want to know that an entry of the kind was left out."""
    return kind not in _UNSPOKEN


def is_no_answer(sqlstate: str | None) -> bool:
    """Return whether an error says nothing of the statement: the server cannot answer."""
    return sqlstate is None or (sqlstate[:2] in _NO_ANSWER and sqlstate not in _REFUSALS)


def may_be_left_out(kind: str, sqlstate: str | None) -> bool:
    """Return whether an entry that the server refuses for that reason is one that the rows can do without."""
    if kind not in _IF_POSSIBLE or sqlstate is None:
        return False
    return sqlstate.startswith("42") or sqlstate in _REFUSALS


def of_its_server(entries: Iterable[Entry]) -> tuple[LeftOut, ...]:
    """Return what no load brings, without asking any server."""
    return tuple(
        left_out(entry, OF_ITS_SERVER)
        for entry in entries
        if not is_tried(entry.kind) and entry.kind not in ROWS and is_spoken_of(entry.kind)
    )
