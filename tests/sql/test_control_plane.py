"""Which control plane this is, its alarms, and what people decided about what it did not know."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from uuid import UUID, uuid4

import psycopg
import pytest
from psycopg.types.json import Jsonb

from tests.sql.actors import Actors
from tests.sql.world import World, refused


def test_a_control_plane_is_one_for_ever(world: World) -> None:
    """Its id is made once, and there is no second row."""
    first = world.row("select * from ops.control_plane")
    with pytest.raises(psycopg.errors.UniqueViolation):
        world.rows("insert into ops.control_plane default values")
    assert world.row("select * from ops.control_plane") == first


def test_two_control_planes_differ(world: World, bare_url: str) -> None:
    """Each migration of an empty database makes another one."""
    from odooops_dagster.control.migrate import migrate  # noqa: PLC0415 -- as the servers do

    migrate(bare_url)
    with psycopg.connect(bare_url) as other:
        row = other.execute("select id from ops.control_plane").fetchone()
    assert row is not None
    assert row[0] != world.value("select id from ops.control_plane")


def test_a_round_is_counted_and_an_older_record_says_so(world: World) -> None:
    """Who remembers more rounds than the record counts knows that an older backup was restored."""
    worker, advance = world.worker(), "select rounds, is_older from ops.advance_control_plane(%s)"
    assert worker.rows(advance, 0) == [{"rounds": 1, "is_older": False}]
    assert worker.rows(advance, 1) == [{"rounds": 2, "is_older": False}]
    for _ in range(2):
        assert worker.rows(advance, 7) == [{"rounds": 2, "is_older": True}]
    assert worker.rows(advance, 2) == [{"rounds": 3, "is_older": False}]


def test_the_record_knows_its_runs_and_no_others(world: World, project: UUID) -> None:
    """Of any number of ids, those of its runs come back."""
    worker = world.worker()
    run = world.queue(project, "feature/a")
    found = worker.rows("select * from ops.known_runs(%s) as id", [run, uuid4()])
    assert found == [{"id": run}]
    assert worker.rows("select * from ops.known_runs('{}') as id") == []


def test_an_alarm_is_one_while_it_is_open(world: World) -> None:
    """A watch raises it at each look; what changed is told by the same incident, until it is cleared."""
    worker = world.worker()
    first = worker.value("select ops.raise_alarm('orphans', 'two things', 'a, b')")
    again = worker.value("select ops.raise_alarm('orphans', 'one thing', 'a', 'critical')")
    assert first == again
    row = world.row("select * from ops.incidents")
    assert (row["title"], row["description"], row["severity"], row["project_id"]) == (
        "one thing",
        "a",
        "critical",
        None,
    )
    assert worker.value("select ops.clear_alarm('orphans', 'they are gone')") is True
    assert worker.value("select ops.clear_alarm('orphans', 'they are gone')") is False
    assert worker.value("select ops.raise_alarm('orphans', 'another')") != first
    assert world.value("select count(*) from ops.incidents") == 2
    with refused("PT400", "has a key and a title"):
        worker.rows("select ops.raise_alarm('orphans', ' ')")
    with refused("PT400", "has a key and a title"):
        worker.rows("select ops.raise_alarm(null, 'nameless')")
    with refused("PT400", "what came of the incident"):
        worker.rows("select ops.clear_alarm('orphans', '')")


def test_two_watches_at_once_open_one_alarm(url: str) -> None:
    """The index decides, not the order."""

    def watch(_number: int) -> object:
        with psycopg.connect(url, autocommit=True) as connection:
            row = connection.execute("select ops.raise_alarm('full disk', 'the disk is full')").fetchone()
        return row and row[0]

    with ThreadPoolExecutor(4) as pool:
        assert len(set(pool.map(watch, range(8)))) == 1


def test_the_platforms_own_alarm_is_not_a_members(world: World, actors: Actors, project: UUID) -> None:
    """An incident of no project is read and resolved by people on call, and by no member of a project."""
    alarm = world.worker().value("select ops.raise_alarm('orphans', 'two things')")
    world.rows("select ops.open_incident(%s, 'slow')", project)
    member = world.person(world.member(project, "owner"))
    assert member.rows("select title from ops.incidents") == [{"title": "slow"}]
    with refused("42501"):
        member.rows("select ops.resolve_incident(%s, 'gone')", alarm)
    sre = actors.token("sre", sub="sam")
    sre.rows("select ops.resolve_incident(%s, 'adopted')", alarm)
    assert world.value("select resolved_by from ops.incidents where id = %s", alarm) == "sam"
    with refused("42501"):
        sre.rows("select ops.raise_alarm('mine', 'mine')")


def test_each_round_of_the_janitor_replaces_the_list_and_keeps_what_is_pending(world: World) -> None:
    """A decision waits for the round that carries it out; who decides again meanwhile is heard."""
    worker = world.worker()

    def found(*names: str, answer: str = "stranger") -> None:
        listed = [
            {"kind": "database", "name": name, "answer": answer, "reason": "it bears no mark", "is_foreign": False}
            for name in names
        ]
        worker.rows("select ops.replace_orphans(%s)", Jsonb(listed))

    def shown() -> list[tuple[object, ...]]:
        rows = worker.rows("select name, answer, decision, decided_by, refusal from ops.orphans order by name")
        return [tuple(row.values()) for row in rows]

    found("a", "b")
    assert worker.value("select orphans_found_at is not null from ops.control_plane")
    world.operator().rows("select ops.decide_orphan('database', 'a', 'adopted', 'ada')")
    world.operator().rows("select ops.decide_orphan('database', 'a', 'dropped', 'ada')")
    found("a", answer="lost")
    assert shown() == [("a", "lost", "dropped", "ada", None)]
    with refused("PT404", "no orphan b"):
        world.operator().rows("select ops.decide_orphan('database', 'b', 'dropped', 'ada')")
    decided_at = worker.value("select decided_at from ops.orphans")
    world.operator().rows("select ops.decide_orphan('database', 'a', 'adopted', 'bea')")
    end = "select ops.end_orphan_decision('database', 'a', %s, %s)"
    worker.rows(end, decided_at, "in use")
    assert shown() == [("a", "lost", "adopted", "bea", None)], "the newer decision is not the one that was refused"
    worker.rows(end, worker.value("select decided_at from ops.orphans"), "in use")
    found("a")
    assert shown() == [("a", "stranger", None, None, "in use")]
    with refused("PT400", "a kind, a name, an answer and a reason"):
        found("a", answer="unsure")
    found()
    assert shown() == []


def test_orphans_are_read_by_the_platform_and_auditors_and_written_by_nobody(
    world: World, actors: Actors, project: UUID
) -> None:
    """They name the databases of every project: members do not see them, and only functions change them."""
    orphan = {"kind": "role", "name": "ops_x", "answer": "stranger", "reason": "no mark", "is_foreign": False}
    world.worker().rows("select ops.replace_orphans(%s)", Jsonb([orphan]))
    read = "select name from ops.orphans"
    assert world.worker().rows(read) == actors.token("audit_reader").rows(read) == [{"name": "ops_x"}]
    member = world.person(world.member(project, "owner"))
    for caller in (member, actors.token("sre"), actors.token("developer")):
        with refused("42501"):
            caller.rows(read)
        with refused("42501"):
            caller.rows("select ops.decide_orphan('role', 'ops_x', 'dropped', 'me')")
    for caller in (world.worker(), actors.token("audit_reader")):
        with refused("42501"):
            caller.rows("delete from ops.orphans")


def test_a_decision_about_an_orphan_stays_on_record(world: World) -> None:
    """Who decided, about what and why; nobody changes it, the owner of the schema included."""
    worker = world.worker()
    decide = "select ops.record_orphan_decision('database', 'ops_a_0_r1', %s, %s, %s)"
    worker.rows(decide, "adopted", "it carries no mark", "ada")
    row = world.row("select kind, name, decision, reason, decided_by from ops.orphan_decisions")
    assert list(row.values()) == ["database", "ops_a_0_r1", "adopted", "it carries no mark", "ada"]
    for statement in ("update ops.orphan_decisions set reason = 'x'", "delete from ops.orphan_decisions"):
        with refused("PT409", "append-only"):
            world.rows(statement)
    with refused("PT400", "has a kind, a name and a reason"):
        worker.rows(decide, "dropped", "", "ada")
