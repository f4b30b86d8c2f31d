"""Backups as tests see them: asked for, made, and used."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from tests.sql.world import Caller, World

MANIFEST = "5" * 64
STORED = (
    "select * from ops.record_backup_stored(%s, %s, 's3://b/m', %s, '2026-02-13T01:00:00Z', 1000, 10, 3, 1, 'db',"
    " '19.0')"
)


def create(world: Caller, project: UUID, env: str = "main", **options: object) -> UUID:
    """Ask for a backup."""
    names = "".join(f", {name} => %s" for name in options)
    row = world.connection.execute(
        f"select ops.create_backup(%s, %s{names}) as id".encode(), [project, env, *options.values()]
    ).fetchone()
    assert row is not None
    return UUID(str(row["id"]))


def restore(world: Caller, backup: UUID, env: str | None, **options: object) -> UUID:
    """Ask for a use of a backup."""
    names = "".join(f", {name} => %s" for name in options)
    row = world.connection.execute(
        f"select ops.restore_backup(%s, %s{names}) as id".encode(), [backup, env, *options.values()]
    ).fetchone()
    assert row is not None
    return UUID(str(row["id"]))


def backup_of(world: World, backup: UUID) -> dict[str, Any]:
    """Return the backup's row."""
    return world.row("select * from ops.backups where id = %s", backup)


def restore_of(world: World, restored: UUID) -> dict[str, Any]:
    """Return the restore's row."""
    return world.row("select * from ops.restores where id = %s", restored)


def begin(world: World, row: dict[str, Any]) -> UUID:
    """Claim and start the run of a backup or restore, the only one that can be claimed."""
    run: UUID = row["run_id"]
    assert [claimed["id"] for claimed in world.claim()] == [run]
    world.start(run, world.run(run)["attempt"])
    return run


def verified(world: World, project: UUID, env: str = "main") -> UUID:
    """Return a backup that was made, stored and read back."""
    backup = create(world, project, env)
    run = begin(world, backup_of(world, backup))
    world.rows("select * from ops.record_backup_start(%s, 1)", run)
    world.rows(STORED, run, 1, MANIFEST)
    world.rows("select * from ops.record_backup_verified(%s, 1, %s)", run, MANIFEST)
    world.complete(run)
    return backup


def events(world: World, project: UUID) -> list[str]:
    """Return what people did with the project's backups, in order."""
    rows = world.rows("select event from ops.environment_events where project_id = %s and environment <> 'project' order by id", project)
    return [row["event"] for row in rows]
