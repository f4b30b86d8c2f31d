"""Events and log lines by month: nothing is lost on the way there, and a month is reached through its table only."""

from __future__ import annotations

import threading
from typing import Any
from uuid import UUID

import pytest

from odooops_dagster.control import migrate as migrations
from odooops_dagster.control.migrate import migrate, read_folder
from tests.servers import PostgresServer, as_user
from tests.sql.world import World, connect, refused

PARTITIONED = "20260213000300_monthly_partitions"
ENSURED = "select ops.ensure_partitions();"
PARTS = """
    select c.relname as name, p.relname as parent
    from pg_inherits i join pg_class c on c.oid = i.inhrelid join pg_class p on p.oid = i.inhparent
    where p.relnamespace = 'ops'::regnamespace and p.relkind = 'p' order by 1
"""


def parts(world: World) -> set[str]:
    """Return the names of all partitions."""
    return {row["name"] for row in world.rows(PARTS)}


def month(world: World, ahead: int) -> str:
    """Return the month that many months from now, as partitions name it."""
    query = "select to_char(date_trunc('month', now() at time zone 'UTC') + make_interval(months => %s), 'YYYY_MM')"
    return str(world.value(query, ahead))


def old_event(world: World, months: int) -> UUID:
    """Write the event of a run that happened that many months ago, as the database's owner."""
    run_id: UUID = world.value(
        "insert into ops.run_events (run_id, seq, attempt, event_type, message, created_at, prev_hash, hash)"
        " values (gen_random_uuid(), 1, 0, 'info', 'old', now() - make_interval(months => %s), '', '')"
        " returning run_id",
        months,
    )
    return run_id


def forget_the_first_partition(world: World) -> None:
    """Drop the partition that holds all before this month, as if the database had always had months."""
    world.rows("drop table ops.run_events_former")
    world.rows("drop table ops.run_logs_former")


def test_a_filled_database_keeps_every_row_where_it_lies(
    bare_url: str, server: PostgresServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rows, ids, chains and files of the tables are the same after the migration; lines from the future are moved."""
    before = {name: read_folder(name) for name in ("migrations", "policies")}
    before["migrations"] = [(name, text) for name, text in before["migrations"] if name != PARTITIONED]
    before["policies"] = [(name, text.replace(ENSURED, "")) for name, text in before["policies"]]
    monkeypatch.setattr(migrations, "read_folder", lambda name: before.get(name) or read_folder(name))
    migrate(bare_url)
    world = World(bare_url, as_user(bare_url, "ops_worker", server))
    run_id = fill(world)
    was = everything(world)
    file = world.value("select pg_relation_filenode('ops.run_events')")
    last_id = world.value("select max(id) from ops.run_logs")
    monkeypatch.undo()
    # the column has this name since a migration that comes after the partitions
    world.rows("alter table ops.run_logs rename column timestamp to logged_at")
    world.rows("delete from supabase_migrations.schema_migrations where version = '20260213000706'")
    migrate(bare_url)
    assert everything(world) == was
    assert world.value("select pg_relation_filenode('ops.run_events_former')") == file
    assert world.value("select tableoid::regclass::text from ops.run_logs where message = 'ahead'") != (
        "ops.run_logs_former"
    )
    assert world.value("select ops.verify_run_chain(%s)", run_id) is True
    assert world.value("select ops.append_run_log(%s, 'info', 'after')", run_id) > last_id
    migrate(bare_url)
    assert world.value("select count(*) from ops.run_events") == len(was["run_events"])
    world.close()


def fill(world: World) -> UUID:
    """Make a run with events and log lines, one of them dated far ahead."""
    run_id = world.work(world.project())
    for number in range(50):
        world.rows("select ops.append_event(%s, 'info', %s)", run_id, f"event {number}")
        world.rows("select ops.append_run_log(%s, 'warn', %s)", run_id, f"line {number}")
    world.rows("""select ops.append_run_logs(%s, 1, '[{"message": "ahead", "logged_at": "2999-01-01"}]')""", run_id)
    world.complete(run_id)
    return run_id


def everything(world: World) -> dict[str, list[dict[str, Any]]]:
    """Return every event and line."""
    return {
        "run_events": world.rows("select * from ops.run_events order by run_id, seq"),
        "run_logs": world.rows("select * from ops.run_logs order by id"),
    }


def test_months_exist_ahead_of_time(world: World) -> None:
    """This one and the next three, of both tables."""
    names = parts(world)
    for table in ("run_events", "run_logs"):
        assert {f"{table}_former", f"{table}_default"} <= names
        for ahead in (1, 2, 3):
            name = month(world, ahead)
            assert f"{table}_{name}" in names


def test_asking_again_makes_and_locks_nothing(world: World) -> None:
    """Housekeeping asks every minute, beside long readers and writers."""
    reader = connect(world.url)
    with reader.transaction():
        reader.execute("lock table ops.run_events, ops.run_logs in row exclusive mode")
        assert world.worker().rows("select ops.ensure_partitions()") == []
    reader.close()


def test_more_months_are_made_by_the_worker_who_owns_none_of_them(world: World) -> None:
    """The platform's login may ask."""
    made = [row["ensure_partitions"] for row in world.worker().rows("select ops.ensure_partitions(5)")]
    assert [name.rpartition("_20")[0] for name in made] == ["run_events"] * 2 + ["run_logs"] * 2
    owners = {row["owner"] for row in world.rows("select tableowner as owner from pg_tables where schemaname = 'ops'")}
    assert owners == {"postgres"}


def test_two_who_ask_at_once_make_each_month_once(world: World) -> None:
    """One waits for the other and finds the work done."""
    errors: list[Exception] = []

    def ask() -> None:
        try:
            with connect(world.url) as connection:
                connection.execute("select ops.ensure_partitions(8)")
        except Exception as exc:  # noqa: BLE001 - looked at below
            errors.append(exc)

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert len([name for name in parts(world) if name.startswith("run_events_20")]) == 8


def test_what_landed_in_the_default_partition_is_moved_to_its_month(world: World) -> None:
    """Append-only as it is: the row is the same row in another part."""
    forget_the_first_partition(world)
    run_id = old_event(world, 2)
    row = world.row("select * from ops.run_events")
    assert world.value("select tableoid::regclass::text from ops.run_events") == "ops.run_events_default"
    made = [row["ensure_partitions"] for row in world.rows("select ops.ensure_partitions()")]
    name = month(world, -2)
    assert f"run_events_{name}" in made
    assert world.value("select tableoid::regclass::text from ops.run_events") == f"ops.run_events_{name}"
    assert world.row("select * from ops.run_events where run_id = %s", run_id) == row
    for query in ("delete from ops.run_events", "truncate ops.run_events", f"truncate ops.run_events_{name}"):
        with refused("PT409", "append-only"):
            world.connection.execute(query.encode())


def test_a_line_with_an_absurd_date_makes_no_months(world: World, project: UUID) -> None:
    """It stays where nothing else is."""
    run_id = world.work(project)
    for date in ("0001-01-01", "9999-01-01", "infinity", "-infinity"):
        world.rows(
            "select ops.append_run_logs(%s, 1, jsonb_build_array(jsonb_build_object('logged_at', %s::text)))",
            run_id,
            date,
        )
    before = parts(world)
    assert world.rows("select ops.ensure_partitions()") == []
    assert parts(world) == before
    assert len(world.rows("select message from ops.page_run_logs(%s)", run_id)) == 4


@pytest.mark.parametrize("zone", ["UTC", "Asia/Kathmandu", "America/Los_Angeles", "Pacific/Kiritimati"])
def test_months_are_the_same_wherever_the_session_is(world: World, zone: str) -> None:
    """No gap and no overlap between sessions of two time zones."""
    world.rows("select set_config('timezone', %s, false)", zone)
    world.rows("select ops.ensure_partitions(6)")
    bounds = world.rows(
        "select extract(day from held_from at time zone 'UTC')::int as day,"
        " held_from = lag(held_until) over (order by held_until) as follows"
        " from ops.list_partitions('run_events') where held_until is not null offset 1"
    )
    assert [(row["day"], row["follows"]) for row in bounds] == [(1, True)] * 6


@pytest.mark.parametrize(
    "role",
    ["authenticated", "service_role", "ops_worker", "anon", "audit_reader", "sre", "developer", "release_manager"],
)
def test_nobody_reaches_a_part_by_its_own_name(world: World, project: UUID, role: str) -> None:
    """Neither to read nor to write, whatever they may do with the table."""
    world.work(project)
    caller = world.role(role)
    for name in parts(world):
        for query in (
            "select * from ops.{}",
            "delete from ops.{}",
            "truncate ops.{}",
            "insert into ops.{} default values",
        ):
            with refused("42501"):
                caller.connection.execute(query.format(name).encode())


def test_the_tables_policies_hold_for_every_part(world: World, project: UUID) -> None:
    """A stranger sees nothing through the table, a member what is the project's."""
    run_id = world.work(project)
    world.rows("select ops.append_run_log(%s, 'info', 'x')", run_id)
    member, stranger = world.person(world.member(project)), world.person(world.member(world.project("other")))
    for table in ("run_events", "run_logs"):
        query = f"select count(*) as n from ops.{table}".encode()
        assert member.connection.execute(query).fetchone() != {"n": 0}
        assert stranger.connection.execute(query).fetchone() == {"n": 0}
