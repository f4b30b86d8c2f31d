"""Nobody takes the names under which the platform's own clocks queue their work."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from uuid import UUID

import pytest

from tests.sql.actors import Actors
from tests.sql.backups import verified
from tests.sql.world import Caller, World, refused

NIGHT = datetime(2026, 3, 3, 3, tzinfo=UTC)
DAY = "2026-03-03"


@pytest.fixture(params=["ci_service_role", "developer", "admin"])
def caller(request: pytest.FixtureRequest, world: World, actors: Actors, project: UUID) -> Caller:
    """Return somebody who may queue: a machine's key, a persona, a member."""
    if request.param == "admin":
        return actors.token("authenticated", sub=world.member(project, "admin"))
    return actors.login(request.param)


@pytest.fixture
def production(world: World, project: UUID) -> UUID:
    """Return a production with data."""
    run = world.work(project, "main")
    world.rows("select ops.record_deployment(%s, 1, 'http://a', null, 'live', 'sha256:1', %s)", run, "a" * 40)
    world.complete(run)
    found: UUID = world.value("select id from ops.environments where name = 'main'")
    return found


@pytest.mark.parametrize("form", ["platform:nightly backup of {0} on " + DAY, "nightly backup of {0} on " + DAY])
def test_a_key_taken_first_does_not_stop_the_nightly_backup(
    world: World, project: UUID, production: UUID, caller: Caller, form: str
) -> None:
    """Neither the key of this night nor one that it had in an earlier version."""
    key = form.format(production)
    if key.startswith("platform:"):
        with refused("PT403", "platform's own"):
            caller.queue(project, p_kind="build", p_idempotency_key=key)
    else:
        caller.queue(project, p_kind="build", p_idempotency_key=key)
    (night,) = world.rows("select * from ops.queue_nightly_backups(%s, 2, 'UTC')", NIGHT)
    assert (night["partition_key"], night["refusal"]) == ("shop/main", None)


def test_the_clocks_use_keys_that_no_caller_may(world: World, project: UUID, production: UUID) -> None:
    """A backup's, a drill's and retention's; a command may not borrow them either."""
    backup = verified(world, project, "main")
    world.rows("select * from ops.queue_nightly_backups(%s, 2, 'UTC')", NIGHT)
    world.rows("select * from ops.queue_due_drills(%s, 'UTC')", NIGHT)
    world.rows("update ops.backups set status = 'dropped', dropped_at = now(), drop_reason = 'test' where id = %s", backup)
    world.rows("select ops.queue_due_retention(%s)", NIGHT)
    keys = [row["key"] for row in world.rows("select idempotency_key as key from ops.run_requests") if row["key"]]
    assert {re.split("[ :]", key)[1] for key in keys if key.startswith("platform:")} == {"nightly", "drill", "retention"}
    assert [key for key in keys if not key.startswith("platform:")] == []
    for key in keys:
        with refused("PT403"):
            world.operator().queue(project, p_trigger="cli", p_idempotency_key=key)
    assert production


@pytest.mark.parametrize("trigger", ["schedule", "push", "poll", "dagster_ui", "retry", "", "Schedule"])
def test_a_trigger_cannot_be_borrowed(project: UUID, caller: Caller, trigger: str) -> None:
    """A caller may come through api or cli; a repeat says retry, and only a repeat."""
    with refused("PT403", "trigger"):
        caller.queue(project, p_kind="build", p_trigger=trigger)


def test_callers_queue_under_their_own_names(world: World, project: UUID, caller: Caller) -> None:
    """Their keys and triggers work as before, and so does a retry."""
    runs = [caller.queue(project, p_kind="build", p_trigger=name, p_idempotency_key=name) for name in ("api", "cli")]
    assert [world.run(run)["trigger"] for run in runs] == ["api", "cli"]
    assert caller.queue(project, p_kind="build", p_trigger="cli", p_idempotency_key="cli") == runs[1]
    world.rows("select ops.cancel_run(%s)", runs[1])
    assert world.run(caller.value("select ops.retry_run(%s)", runs[1]))["trigger"] == "retry"


def test_backups_that_people_ask_for_are_no_schedules(world: World, project: UUID, production: UUID) -> None:
    """The functions that queue for people refuse what queue_run refuses."""
    admin = world.person(world.member(project, "admin"))
    with refused("PT403", "trigger"):
        admin.rows("select ops.create_backup(%s, 'main', p_trigger => 'schedule')", project)
    with refused("PT403", "trigger"):
        admin.rows("select ops.apply_retention(%s, p_trigger => 'schedule')", project)
    assert production
