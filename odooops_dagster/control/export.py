"""Exports the schema as a Supabase project's migrations: `supabase db push` then equals `ops db migrate`."""

from __future__ import annotations

from pathlib import Path

from odooops_dagster.control.migrate import STATE, shipped_migrations


def export(folder: Path) -> tuple[str, ...]:
    """Write the differing files and return their names; do not touch the project's own files in the folder."""
    changed = differences(folder)
    shipped = _files()
    folder.mkdir(parents=True, exist_ok=True)
    for name in changed:
        if name in shipped:
            (folder / name).write_text(shipped[name], "utf-8")
        else:
            (folder / name).unlink()
    return changed


def differences(folder: Path) -> tuple[str, ...]:
    """Return the names of the files that are missing, differ, or contain a state unknown to this version."""
    shipped = _files()
    present = {file.name: file for file in folder.glob("*.sql")}
    differing = {name for name, text in shipped.items() if name not in present or _read(present[name]) != text}
    unlisted = {name for name in present if name.endswith(f"_{STATE}.sql") and name not in shipped}
    return tuple(sorted(differing | unlisted))


def _files() -> dict[str, str]:
    return {f"{migration.version}_{migration.name}.sql": migration.text for migration in shipped_migrations()}


def _read(file: Path) -> str:
    return file.read_text("utf-8")
