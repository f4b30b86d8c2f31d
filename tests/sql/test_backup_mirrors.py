"""Mirrors of backups on the record: what is in one, what is not any more, and what only a mirror has whole."""

from __future__ import annotations

from uuid import UUID

import psycopg
import pytest

from tests.sql.backups import MANIFEST, backup_of, create, verified
from tests.sql.world import World

MIRROR = "s3://elsewhere/odooops"
pytestmark = pytest.mark.usefixtures("production")


def mirrored(world: World, backup: UUID) -> None:
    """Record that the mirror holds the backup."""
    world.rows("select ops.record_backup_mirrored(%s, %s, %s)", backup, MANIFEST, MIRROR)


def to_mirror(world: World, url: str = MIRROR) -> list[UUID]:
    """Return the backups that the mirror does not hold."""
    return [row["id"] for row in world.rows("select id from ops.list_backups_to_mirror(%s)", url)]


def test_a_backup_is_mirrored_once_for_each_mirror(world: World, project: UUID) -> None:
    """A mirror with another address begins anew."""
    backup = verified(world, project)
    assert to_mirror(world) == [backup]
    mirrored(world, backup)
    first = backup_of(world, backup)["mirrored_at"]
    mirrored(world, backup)
    assert (to_mirror(world), backup_of(world, backup)["mirrored_at"]) == ([], first)
    assert to_mirror(world, "s3://another") == [backup]
    world.rows("select ops.forget_backup_mirror(%s, 's3://another')", backup)
    assert to_mirror(world) == []
    world.rows("select ops.forget_backup_mirror(%s, %s)", backup, MIRROR)
    assert to_mirror(world) == [backup]


def test_only_what_is_verified_is_mirrored(world: World, project: UUID) -> None:
    """And only as the manifest says that was copied."""
    asked = create(world, project)
    assert to_mirror(world) == []
    with pytest.raises(psycopg.Error, match="is not what was mirrored"):
        mirrored(world, asked)


def test_another_content_than_was_copied_is_refused(world: World, project: UUID) -> None:
    """The backup may have been made again meanwhile."""
    backup = verified(world, project)
    with pytest.raises(psycopg.Error, match="is not what was mirrored"):
        world.rows("select ops.record_backup_mirrored(%s, %s, %s)", backup, "6" * 64, MIRROR)


def test_the_clock_asks_for_new_and_for_dropped_ones(world: World, project: UUID) -> None:
    """And for nothing else."""
    due = "select ops.backup_mirror_is_due(%s, %s::timestamptz)"
    assert not world.value(due, MIRROR, None)
    backup = verified(world, project)
    assert world.value(due, MIRROR, None)
    mirrored(world, backup)
    assert not world.value(due, MIRROR, None)
    world.rows(
        "update ops.backups set status = 'dropped', dropped_at = now(), drop_reason = 'x' where id = %s", backup
    )
    assert world.value(due, MIRROR, None)
    assert not world.value(due, MIRROR, "2100-01-01")


def test_what_only_the_mirror_has_whole_is_not_dropped(world: World, project: UUID) -> None:
    """A failed backup goes after two days otherwise, and its mirror with it."""
    backup = verified(world, project)
    mirrored(world, backup)
    world.rows("update ops.backups set status = 'failed', error_message = 'x', taken_at = now() - interval '9 days'")
    may_go = "select backup_id from ops_private.backups_that_may_go(%s, now())"
    assert world.rows(may_go, project) == []
    world.rows("update ops.backups set mirror_url = null, mirrored_at = null")
    assert [row["backup_id"] for row in world.rows(may_go, project)] == [backup]
