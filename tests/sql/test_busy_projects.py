"""A person's open transaction holds a project: everybody else's pushes go on, and the transaction comes to its end."""

from __future__ import annotations

import json
import time
from uuid import UUID

import pytest

from tests.sql.actors import Actors
from tests.sql.test_pushes import apply, due, push
from tests.sql.pushes import sha
from tests.sql.world import Caller, World, connect, refused

OTHER = "https://github.com/acme/other.git"


def held(actors: Actors, project: UUID, persona: str = "ci_service_role") -> Caller:
    """Return a login that asked for a run and did not end its transaction."""
    person = actors.login(persona)
    person.rows("begin")
    person.rows("select ops.queue_run(%s, 'feature/held', %s, 'x', p_kind => 'build')", project, sha("a"))
    return person


def test_an_open_transaction_of_a_person_stops_the_pushes_of_its_project_only(
    world: World, project: UUID, actors: Actors
) -> None:
    """A push to another project is acted on at once, and the other ones later."""
    world.project("other")
    person = held(actors, project)
    push(world, "feature/a", sha("b"))
    push(world, "feature/b", sha("c"), repo=OTHER)
    push(world, "feature/a", sha("d"), before=sha("b"))
    assert (apply(world), due(world)) == (["due"], ["other"])
    assert world.value("select count(*) from ops.push_deliveries where processed_at is null") == 2
    person.rows("commit")
    assert (apply(world), due(world)) == (["due", "due"], ["other", "shop"])
    assert world.rows("select from ops.push_deliveries where error is not null") == []


def test_more_waiting_pushes_than_a_call_takes_do_not_hide_another_projects(
    world: World, project: UUID, actors: Actors
) -> None:
    """What cannot be applied now takes no place."""
    world.project("other")
    held(actors, project)
    for number in range(30):
        push(world, f"feature/{number}", sha("b"))
    push(world, "feature/b", sha("c"), repo=OTHER)
    assert apply(world) == ["due"]


def test_a_poll_and_a_request_of_a_held_project_are_refused_in_time(
    world: World, project: UUID, actors: Actors
) -> None:
    """They say that they may be tried again."""
    held(actors, project)
    with refused("PT503", match="holds this project"):
        world.rows("select ops.record_branch_heads(%s, %s)", project, json.dumps({"feature/a": sha("b")}))
    with refused("PT503", match="holds the queue"):
        world.queue(project)


@pytest.mark.parametrize("then", ["select 1", "select pg_sleep(600)"], ids=["idle", "at work"])
def test_a_transaction_that_holds_a_project_for_too_long_is_ended(
    world: World, project: UUID, actors: Actors, then: str
) -> None:
    """Whether it waits for a person or sleeps; its login may have changed its own timeouts."""
    person = held(actors, project)
    person.rows("set idle_in_transaction_session_timeout = 0")
    assert ended(world, "1 hour") == []
    send(world, person, then)
    assert len(ended(world, "0 seconds")) == 1
    assert world.queue(project)


def test_whoever_reads_for_long_is_left_alone_and_so_is_the_platform(
    world: World, project: UUID, actors: Actors
) -> None:
    """An auditor's export may take its time; what the worker does has leases."""
    reader = actors.login("audit_reader")
    reader.rows("begin")
    send(world, reader, "select pg_sleep(600), (select count(*) from ops.runs)")
    worker = actors.worker()
    worker.rows("begin")
    worker.rows("select ops.raise_alarm('a', 'b')")
    assert ended(world, "0 seconds") == []
    worker.rows("rollback")
    reader.connection.cancel_safe()


def send(world: World, caller: Caller, query: str) -> None:
    """Let the caller's session begin a query, and do not wait for its end."""
    caller.connection.pgconn.send_query(query.encode())
    asked, pid = "select count(*) from pg_stat_activity where pid = %s and query = %s", caller.connection.info.backend_pid
    deadline = time.monotonic() + 60
    while not world.value(asked, pid, query):
        assert time.monotonic() < deadline


def ended(world: World, older_than: str) -> list[str]:
    """Let the platform end old transactions, and return the logins that had them."""
    with connect(world.worker_url) as connection:
        rows = connection.execute("select login from ops.end_forgotten_transactions(%s)", [older_than]).fetchall()
    return [str(row["login"]) for row in rows]
