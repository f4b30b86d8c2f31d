"""Checksums of what sanitizing left in a copy's columns, stored in the copy, so that its copies can be checked again.

A filler in a short column has no room for a mark. Therefore the copy stores a checksum of such a column: if it differs
later, the column holds a value that sanitizing did not write.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from psycopg import sql

from odooops_dagster.tools.sanitize.neutralize import Script
from odooops_dagster.tools.sanitize.places import Connection, Place

# The system parameter that stores the seal.
PARAMETER = "odooops.sanitized"
_EMPTY = "0:0"


@dataclass(frozen=True, kw_only=True)
class Seal:
    """The checksums of columns, by name, and the SHA-256 of the scripts that neutralized the copy."""

    columns: Mapping[str, str] = field(default_factory=dict)
    scripts: str = ""


def sum_of(connection: Connection, place: Place) -> str:
    """Return the checksum of the column's values, independent of their order."""
    query = sql.SQL(
        "select count({0}) || ':' || coalesce(sum(hashtextextended({0}::text, 0)::numeric), 0) from {1}"
    ).format(place.column, place.relation)
    [(total,)] = connection.execute(query).fetchall()
    return str(total)


def seal(connection: Connection, places: Collection[Place], scripts: Sequence[Script]) -> None:
    """Store the checksums of the columns that are not empty, and the hash of the scripts."""
    sums = {str(place): sum_of(connection, place) for place in places}
    held = {name: kept for name, kept in sums.items() if kept != _EMPTY}
    _write(connection, Seal(columns=held, scripts=sum_of_scripts(scripts)))


def read_seal(connection: Connection) -> Seal:
    """Return the seal stored in the copy; an empty one if it is absent or unreadable."""
    rows = connection.execute("select value from public.ir_config_parameter where key = %s", [PARAMETER]).fetchall()
    try:
        stored = json.loads(rows[0][0]) if rows else {}
        return Seal(columns=dict(stored.get("columns", {})), scripts=str(stored.get("scripts", "")))
    except (AttributeError, TypeError, ValueError):
        return Seal()


def break_seal(connection: Connection) -> None:
    """Delete the seal: the data may contain an old one, if production was restored from a copy."""
    connection.execute("delete from public.ir_config_parameter where key = %s", [PARAMETER])


def is_intact(connection: Connection, place: Place, kept: Seal) -> bool:
    """Return whether the column holds exactly what sanitizing left there."""
    return kept.columns.get(str(place)) == sum_of(connection, place)


def sum_of_scripts(scripts: Sequence[Script]) -> str:
    """Return the SHA-256 of the scripts."""
    text = json.dumps([[script.name, script.text] for script in scripts])
    return hashlib.sha256(text.encode()).hexdigest()


def _write(connection: Connection, kept: Seal) -> None:
    break_seal(connection)
    value = json.dumps({"columns": dict(sorted(kept.columns.items())), "scripts": kept.scripts})
    connection.execute("insert into public.ir_config_parameter (key, value) values (%s, %s)", [PARAMETER, value])
