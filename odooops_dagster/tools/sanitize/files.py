"""The attachments' files: those that a row named before and none names any more leave the copy too."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import psycopg

from odooops_dagster.tools.sanitize.columns import ordinary_columns

Connection = psycopg.Connection[Any]


def note_files(connection: Connection) -> None:
    """Note which files the rows name now, as long as the transaction lives."""
    if "ir_attachment.store_fname" in ordinary_columns(connection):
        connection.execute(
            "create temporary table odooops_files on commit drop as"
            " select distinct store_fname from public.ir_attachment where store_fname <> ''"
        )


def unnamed_files(connection: Connection) -> list[str]:
    """Return the noted files that no row names any more."""
    if "ir_attachment.store_fname" not in ordinary_columns(connection):
        return []
    rows = connection.execute(
        "select store_fname from pg_temp.odooops_files except select store_fname from public.ir_attachment order by 1"
    )
    return [str(name) for (name,) in rows]


def remove_files(filestore: Path, names: list[str]) -> int:
    """Remove the files from the copy's filestore, where they are in it; return how many were."""
    root = filestore.resolve()
    found = [path for name in names if (path := filestore / name).resolve().is_relative_to(root) and path.is_file()]
    for path in found:
        path.unlink()
    return len(found)
