"""Writes the schema as a Supabase project's migrations, so that `supabase db push` does what `ops db migrate` does."""

from __future__ import annotations

from pathlib import Path

from odooops_dagster.control.migrate import STATE, shipped_migrations


def export(folder: Path) -> tuple[str, ...]:
    """Write what differs and return its names; files of the project's own in the folder stay as they are."""
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
    """Return the names of the files that are missing, differ, or hold a state that this version does not list."""
    shipped = _files()
    present = {file.name: file for file in folder.glob("*.sql")}
    differing = {name for name, text in shipped.items() if name not in present or _read(present[name]) != text}
    unlisted = {name for name in present if name.endswith(f"_{STATE}.sql") and name not in shipped}
    return tuple(sorted(differing | unlisted))


def _files() -> dict[str, str]:
    return {f"{migration.version}_{migration.name}.sql": migration.text for migration in shipped_migrations()}


def _read(file: Path) -> str:
    return file.read_text("utf-8")
