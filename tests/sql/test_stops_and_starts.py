"""An environment stops and starts by runs, and a preview that nobody asks for stops until its next request."""

from __future__ import annotations

from uuid import UUID

import pytest
from psycopg.types.json import Jsonb

from tests.sql.world import World, refused

DEPLOYED = "select ops.record_deployment(%s, 1, 'http://x', null, %s, 'sha256:1', 'a')"
STATE = "select status::text, wakes_on_request from ops.environments where name = %s"
LABEL = "feature-a--shop"


def deployed(world: World, project: UUID, env: str = "feature/a") -> None:
    """Deploy the environment."""
    run = world.work(project, env, p_kind="deploy")
    world.rows(DEPLOYED, run, f"ops_{env.replace('/', '_')}")
    world.complete(run)


def served(world: World, run: UUID) -> dict[str, object]:
    """Let a worker of short runs stop or start the environment, and return its state."""
    assert [row["id"] for row in world.rows("select id from ops.claim_short_runs('w1', 9)")] == [run]
    world.start(run)
    name = world.row("select * from ops.record_service(%s, 1)", run)["name"]
    assert world.rows("select * from ops.record_service(%s, 1)", run), "a repeat is harmless"
    world.complete(run)
    return world.row(STATE, name)


def asleep(world: World, project: UUID) -> None:
    """Let the environment sleep until it is asked for."""
    deployed(world, project)
    stop = world.queue(project, p_kind="stop", p_config=Jsonb({"until_asked": True}))
    assert served(world, stop) == {"status": "stopped", "wakes_on_request": True}


def aged(world: World, minutes: int) -> None:
    """Let the environments have been used last before these minutes."""
    world.rows("update ops.environments set last_used_at = now() - make_interval(mins => %s)", minutes)


def idle(world: World, *, watched_minutes: int = 1000) -> list[str]:
    """Queue the stop of what is idle, and return the environments' names."""
    runs = world.rows("select ops.stop_idle_environments(now() - make_interval(mins => %s))", watched_minutes)
    found = (world.run(row["stop_idle_environments"])["environment_id"] for row in runs)
    return [world.value("select name from ops.environments where id = %s", environment) for environment in found]


def woken(world: World, *labels: str) -> list[UUID]:
    """Tell of what was asked for, and return the runs."""
    return [row["wake_environments"] for row in world.rows("select ops.wake_environments(%s)", list(labels))]


def test_what_a_person_stops_is_started_by_nobody_but_a_person(world: World, project: UUID) -> None:
    """A request does not wake it, a start does."""
    deployed(world, project)
    stop = world.queue(project, p_kind="stop")
    assert served(world, stop) == {"status": "stopped", "wakes_on_request": False}
    assert woken(world, LABEL) == []
    start = world.queue(project, p_kind="start")
    assert served(world, start) == {"status": "running", "wakes_on_request": False}


def test_requests_at_once_start_an_environment_once(world: World, project: UUID) -> None:
    """The run waits or works, then the environment is awake; strange names change nothing."""
    asleep(world, project)
    [start] = woken(world, LABEL, LABEL, "x--shop")
    assert woken(world, LABEL) == []
    assert served(world, start) == {"status": "running", "wakes_on_request": False}
    assert woken(world, LABEL) == []
    assert world.run(start)["trigger"] == "request"


def test_a_deployment_ends_the_sleep(world: World, project: UUID) -> None:
    """A push brings a stopped environment back."""
    asleep(world, project)
    deployed(world, project)
    assert world.row(STATE, "feature/a") == {"status": "running", "wakes_on_request": False}


def test_an_idle_preview_stops_until_it_is_asked_for(world: World, project: UUID) -> None:
    """After the policy's minutes, once, and not while work waits for it."""
    deployed(world, project)
    aged(world, 59)
    assert idle(world) == []
    aged(world, 61)
    assert idle(world, watched_minutes=59) == [], "nobody watched for long enough"
    waiting = world.queue(project, p_kind="test")
    assert idle(world) == []
    world.rows("select ops.cancel_run(%s)", waiting)
    assert idle(world) == ["feature/a"]
    assert idle(world) == []
    [run] = world.rows("select id, trigger from ops.v_runs where kind = 'stop'")
    assert run["trigger"] == "schedule"
    assert served(world, run["id"]) == {"status": "stopped", "wakes_on_request": True}


@pytest.mark.parametrize("why", ["production", "pinned", "policy", "archived"])
def test_some_environments_never_sleep(world: World, project: UUID, why: str) -> None:
    """Productions, pinned ones, those of projects whose policy says so, and archived ones."""
    deployed(world, project, "main" if why == "production" else "feature/a")
    aged(world, 10_000)
    if why == "pinned":
        world.rows("select ops.pin_environment(id, true) from ops.environments")
    elif why == "policy":
        world.rows("select ops.set_policy(%s, 'preview', '{\"idle_minutes\": 0}')", project)
    elif why == "archived":
        world.rows("update ops.projects set status = 'archived', archived_at = now()")
    assert idle(world) == []


def test_requests_are_noted_in_one_call(world: World, project: UUID) -> None:
    """The newest counts; a strange name, a time to come and nonsense are harmless."""
    deployed(world, project)
    aged(world, 100)
    told = {LABEL: world.value("select extract(epoch from now())::float") - 60, "x--shop": 5.0, "y--shop": "soon"}
    assert world.value("select ops.note_requests(%s)", Jsonb(told)) == 1
    assert world.value("select ops.note_requests(%s)", Jsonb(told)) == 0
    assert world.value("select now() - last_used_at < interval '2 minutes' from ops.environments")
    assert world.value("select ops.note_requests(%s)", Jsonb({LABEL: 4e9})) == 1
    assert world.value("select last_used_at <= clock_timestamp() from ops.environments")
    assert world.value("select ops.note_requests('[]')") == 0
    assert idle(world) == []


def test_a_pin_is_on_the_record_once(world: World, project: UUID) -> None:
    """A repeat records nothing."""
    deployed(world, project)
    for pinned in (True, True, False):
        world.rows("select ops.pin_environment(id, %s) from ops.environments", pinned)
    events = world.rows("select event from ops.environment_events where environment <> 'project' order by id")
    assert [event["event"] for event in events] == ["pinned", "unpinned"]
    with refused("PT404"):
        world.rows("select ops.pin_environment(gen_random_uuid(), true)")
    with refused("PT400"):
        world.rows("select ops.pin_environment(id, null) from ops.environments")


@pytest.mark.parametrize("kind", ["stop", "start"])
def test_nothing_is_stopped_that_was_never_deployed(world: World, project: UUID, kind: str) -> None:
    """No environment is made for it either."""
    with refused("PT404"):
        world.queue(project, "feature/new", p_kind=kind)
    world.rows("select ops.ensure_environment(%s, 'feature/new')", project)
    with refused("PT409"):
        world.queue(project, "feature/new", p_kind=kind)


def test_only_the_run_of_a_service_may_say_that_it_runs(world: World, project: UUID) -> None:
    """Neither another kind nor an attempt that is over."""
    deployed(world, project)
    other = world.work(project, p_kind="test")
    with refused("PT409"):
        world.rows("select ops.record_service(%s, 1)", other)
    with refused("PT410"):
        world.rows("select ops.record_service(%s, 2)", other)


def test_a_removal_needs_no_stop_before_it(world: World, project: UUID) -> None:
    """The waiting stop goes."""
    deployed(world, project)
    stop = world.queue(project, p_kind="stop")
    world.queue(project, p_kind="destroy")
    assert world.status(stop) == "canceled"
