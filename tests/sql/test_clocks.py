"""The clocks: what is due at a moment is queued once, whoever asks how often."""

from __future__ import annotations

from uuid import UUID

import pytest

from tests.sql.backups import create, verified
from tests.sql.world import World, refused

NIGHT = "select * from ops.queue_nightly_backups(%s, 2, 'Europe/Zurich')"
DRILLS = "select * from ops.queue_due_drills(%s, %s)"


def test_productions_are_shown_with_their_newest_verified_backup(
    world: World, project: UUID, production: UUID
) -> None:
    """A newer backup that was not read back does not count, and previews are not listed."""
    world.rows("select ops.ensure_environment(%s, 'feature/a')", project)
    [row] = world.rows("select * from ops.v_productions")
    assert (row["environment_id"], row["has_data"], row["verified_backup_id"]) == (production, False, None)
    assert (row["is_default_branch"], row["is_active"], row["partition_key"]) == (True, True, "shop/main")
    backup = verified(world, project)
    create(world, project)
    shown = world.row("select verified_backup_id, verified_taken_at from ops.v_productions")
    assert shown["verified_backup_id"] == backup
    assert f"{shown['verified_taken_at']:%Y-%m-%d}" == "2026-02-13"
    world.rows("select ops.archive_project('shop')")
    assert world.value("select is_active from ops.v_productions") is False


@pytest.mark.usefixtures("production")
def test_the_worker_asks_the_clocks_and_people_do_not(world: World, project: UUID) -> None:
    """The functions that queue for every project are the platform's."""
    worker = world.worker()
    assert worker.rows(NIGHT, "2026-02-13T03:00:00Z") == []
    assert worker.rows(DRILLS, "2026-02-13T03:00:00Z", "UTC") == []
    assert worker.rows("select ops.watch_backup_freshness(now())") == []
    assert worker.rows("select ops.expire_environments(now())") == []
    person = world.person(world.member(project, "owner"))
    for statement in (
        "select ops.queue_nightly_backups(now(), 2, 'UTC')",
        "select ops.queue_due_drills(now(), 'UTC')",
        "select ops.watch_backup_freshness(now())",
        "select ops.janitor_is_due(now(), now())",
        "select ops.log_retention_is_due(now(), now())",
        "select ops.artifact_expiry_is_due(now(), now())",
    ):
        with refused("42501"):
            person.rows(statement)


@pytest.mark.parametrize(
    ("now", "zone", "week"),
    [
        ("2026-02-15T20:00:00Z", "Europe/London", "2026-W07"),
        ("2026-02-15T20:00:00Z", "Pacific/Auckland", "2026-W08"),  # Monday there
        ("2027-01-01T11:00:00Z", "Europe/Berlin", "2026-W53"),  # a year that ends in the middle of a week
        ("2026-02-15T14:59:00Z", "Pacific/Auckland", None),  # Monday 03:59: that night's backup is awaited
    ],
)
@pytest.mark.usefixtures("production")
def test_drills_are_queued_by_the_week_of_the_time_zone(
    world: World, project: UUID, now: str, zone: str, week: str | None
) -> None:
    """The week is the key, so that it is queued once."""
    verified(world, project)
    queued = world.rows(DRILLS, now, zone)
    assert [row["partition_key"] for row in queued] == (["shop/main"] if week else [])
    keys = world.rows("select idempotency_key from ops.run_requests where idempotency_key like 'platform:drill:%%'")
    assert [row["idempotency_key"].rpartition(":")[2] for row in keys] == ([week] if week else [])


@pytest.mark.usefixtures("production")
def test_previews_expire_at_the_moment_that_is_passed(world: World, project: UUID) -> None:
    """So do polls: nobody waits for a clock in a test or a rehearsal."""
    world.rows("select ops.ensure_environment(%s, 'feature/a')", project)
    world.rows("update ops.environments set expires_at = '2026-03-01T00:00:00Z' where name = 'feature/a'")
    assert world.rows("select ops.expire_environments('2026-02-28T00:00:00Z')") == []
    assert len(world.rows("select ops.expire_environments('2026-03-01T00:00:01Z')")) == 1
    assert world.rows("select ops.expire_environments('2026-03-01T00:00:02Z')") == []
    world.rows("update ops.projects set last_polled_at = '2026-03-01T00:00:00Z'")
    due = "select slug from ops.projects_to_poll(60, %s)"
    assert world.rows(due, "2026-03-01T00:00:59Z") == []
    assert world.rows(due, "2026-03-01T00:01:00Z") == [{"slug": "shop"}]
