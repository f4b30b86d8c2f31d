"""Decides which entries of a dump are Odoo's data, which belong to the source server, and which may be left out."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from odooops_dagster.tools.backup.script import SETTINGS, UNKNOWN, Entry

# Rows and the like: all of them are loaded, or the load fails.
ROWS = frozenset({"TABLE DATA", "SEQUENCE SET", "BLOBS", "BLOB METADATA", "BLOB COMMENTS", "LARGE OBJECT", UNKNOWN})
# Objects that hold the rows; a BLOB creates a large object in dumps of PostgreSQL 16 and older.
_NEEDED = frozenset({"SCHEMA", "TABLE", "SEQUENCE", "SEQUENCE OWNED BY", "DEFAULT", "BLOB"})
# Also Odoo's data, but left out if the server refuses them: some need a superuser, an extension or a role.
_IF_POSSIBLE = frozenset(
    {
        "AGGREGATE", "CAST", "CHECK CONSTRAINT", "COLLATION", "COMMENT", "CONSTRAINT", "CONVERSION", "DOMAIN",
        "EXTENSION", "FK CONSTRAINT", "FUNCTION", "INDEX", "INDEX ATTACH", "MATERIALIZED VIEW",
        "MATERIALIZED VIEW DATA", "OPERATOR", "OPERATOR CLASS", "OPERATOR FAMILY", "POLICY", "PROCEDURE",
        "ROW SECURITY", "RULE", "SHELL TYPE", "STATISTICS", "TABLE ATTACH", "TEXT SEARCH CONFIGURATION",
        "TEXT SEARCH DICTIONARY", "TRIGGER", "TYPE", "VIEW",
    }
)  # fmt: skip
# Left out of every load without a report: rights, database properties, statistics that ANALYZE collects again.
_UNSPOKEN = frozenset({SETTINGS, "ACL", "DEFAULT ACL", "DATABASE", "DATABASE PROPERTIES", "STATISTICS DATA", "COMMENT"})
# SQLSTATEs that mean that the server cannot create an object, independent of the rows: class 42 (missing right, type,
# function, role or schema), and these. Source: PostgreSQL's manual, appendix A.
_REFUSALS = frozenset({"0A000", "22023", "3F000", "58P01", "0LP01"})
# SQLSTATE classes of a server that cannot answer: connection, resources, operator intervention, system error.
_NO_ANSWER = ("08", "53", "57", "58")
OF_ITS_SERVER = "belongs to the server that it came from"


@dataclass(frozen=True, kw_only=True)
class LeftOut:
    """An object of a dump that a load leaves out."""

    kind: str  # in lower case, such as "event trigger"
    name: str
    reason: str

    def __str__(self) -> str:
        return f"{self.kind} {self.name} ({self.reason})"


def left_out(entry: Entry, reason: str) -> LeftOut:
    """Return the report of an entry that was left out."""
    return LeftOut(kind=entry.kind.lower(), name=entry.label, reason=reason)


def is_tried(kind: str) -> bool:
    """Return whether a load tries to create entries of this kind; kinds of rows are not included."""
    return kind in _NEEDED or kind in _IF_POSSIBLE


def is_spoken_of(kind: str) -> bool:
    """Return whether a left-out entry of this kind is reported."""
    return kind not in _UNSPOKEN


def is_no_answer(sqlstate: str | None) -> bool:
    """Return whether the error means that the server cannot answer, rather than that the statement is wrong."""
    return sqlstate is None or (sqlstate[:2] in _NO_ANSWER and sqlstate not in _REFUSALS)


def may_be_left_out(kind: str, sqlstate: str | None) -> bool:
    """Return whether a load may leave out an entry of this kind that the server refused with this SQLSTATE."""
    if kind not in _IF_POSSIBLE or sqlstate is None:
        return False
    return sqlstate.startswith("42") or sqlstate in _REFUSALS


def of_its_server(entries: Iterable[Entry]) -> tuple[LeftOut, ...]:
    """Return the entries that every load leaves out and reports."""
    return tuple(
        left_out(entry, OF_ITS_SERVER)
        for entry in entries
        if not is_tried(entry.kind) and entry.kind not in ROWS and is_spoken_of(entry.kind)
    )
