"""What sanitising left in a copy's columns: kept in the copy itself, so that each copy of it can be asked again.

A value that had to fit a short column bears no mark. So the copy keeps a sum of what stands in such a column: what is
there later and does not add up to it, sanitising did not put there.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from psycopg import sql

from odooops_dagster.tools.sanitize.neutralize import Script
from odooops_dagster.tools.sanitize.places import Connection, Place

# The system parameter that keeps it.
PARAMETER = "odooops.sanitized"
_EMPTY = "0:0"


@dataclass(frozen=True, kw_only=True)
class Seal:
    """The sums of columns, by name, and the SHA-256 of the scripts that neutralised the copy."""

    columns: Mapping[str, str] = field(default_factory=dict)
    scripts: str = ""


def sum_of(connection: Connection, place: Place) -> str:
    """Return the sum of what stands in the column: the same for the same values in any order."""
    query = sql.SQL(
        "select count({0}) || ':' || coalesce(sum(hashtextextended({0}::text, 0)::numeric), 0) from {1}"
    ).format(place.column, place.relation)
    [(total,)] = connection.execute(query).fetchall()
    return str(total)


def seal(connection: Connection, places: Collection[Place], scripts: Sequence[Script]) -> None:
    """Keep the sums of the columns that hold something, and which scripts ran."""
    sums = {str(place): sum_of(connection, place) for place in places}
    held = {name: kept for name, kept in sums.items() if kept != _EMPTY}
    _write(connection, Seal(columns=held, scripts=sum_of_scripts(scripts)))


def read_seal(connection: Connection) -> Seal:
    """Return what is kept in the copy; an empty one where nothing is, or nothing that can be read."""
    rows = connection.execute("select value from public.ir_config_parameter where key = %s", [PARAMETER]).fetchall()
    try:
        told = json.loads(rows[0][0]) if rows else {}
        return Seal(columns=dict(told.get("columns", {})), scripts=str(told.get("scripts", "")))
    except (AttributeError, TypeError, ValueError):
        return Seal()


def break_seal(connection: Connection) -> None:
    """Forget what the data brought along: production may have been restored from a copy."""
    connection.execute("delete from public.ir_config_parameter where key = %s", [PARAMETER])


def is_intact(connection: Connection, place: Place, kept: Seal) -> bool:
    """Return whether the column holds what sanitising left there, and only that."""
    return kept.columns.get(str(place)) == sum_of(connection, place)


def sum_of_scripts(scripts: Sequence[Script]) -> str:
    """Return the SHA-256 of the scripts."""
    told = json.dumps([[script.name, script.text] for script in scripts])
    return hashlib.sha256(told.encode()).hexdigest()


def _write(connection: Connection, kept: Seal) -> None:
    break_seal(connection)
    value = json.dumps({"columns": dict(sorted(kept.columns.items())), "scripts": kept.scripts})
    connection.execute("insert into public.ir_config_parameter (key, value) values (%s, %s)", [PARAMETER, value])
