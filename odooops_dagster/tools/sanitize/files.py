"""Removes the files of deleted attachments from the copy."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import psycopg

from odooops_dagster.tools.sanitize.columns import ordinary_columns

Connection = psycopg.Connection[Any]


def note_files(connection: Connection) -> None:
    """Record the files that attachments name now, in a temporary table of this transaction."""
    if "ir_attachment.store_fname" in ordinary_columns(connection):
        connection.execute(
            "create temporary table odooops_files on commit drop as"
            " select distinct store_fname from public.ir_attachment where store_fname <> ''"
        )


def unnamed_files(connection: Connection) -> list[str]:
    """Return the recorded files that no attachment names any more."""
    if "ir_attachment.store_fname" not in ordinary_columns(connection):
        return []
    rows = connection.execute(
        "select store_fname from pg_temp.odooops_files except select store_fname from public.ir_attachment order by 1"
    )
    return [str(name) for (name,) in rows]


def remove_files(filestore: Path, names: list[str]) -> int:
    """Remove the files from the copy's filestore and return the number of removed files."""
    root = filestore.resolve()
    found = [path for name in names if (path := filestore / name).resolve().is_relative_to(root) and path.is_file()]
    for path in found:
        path.unlink()
    return len(found)
