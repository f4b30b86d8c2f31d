"""A database of the first release with a row of everything comes to this version, whole, however often it is killed."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import sql

from odooops_dagster.control.migrate import migrate, read_folder, shipped_migrations, status
from tests.servers import PostgresServer, as_user
from tests.sql.catalog import catalog
from tests.sql.world import World, connect

ROWS = Path(__file__).with_name("released.sql").read_text("utf-8")
# The migrations of the first release.
RELEASED = ("20260213000090", "20260213000160")
HISTORY = """
create schema supabase_migrations;
create table supabase_migrations.schema_migrations (version text not null primary key, statements text[], name text)
"""
RECORD = "insert into supabase_migrations.schema_migrations (version, name, statements) values (%s, %s, %s)"
# Statements of a migration before which a backend may be terminated.
STATEMENTS = range(5, 120)

Columns = dict[str, list[str]]
Contents = dict[str, list[list[str | None]]]


@pytest.fixture
def released_url(bare_url: str) -> str:
    """Return the owner's URL of a database of the first release, with a row of everything."""
    with connect(bare_url) as connection, connection.transaction():
        for _, text in read_folder("shim"):
            connection.execute(text.encode())
        connection.execute(HISTORY)
        for migration in shipped_migrations():
            if RELEASED[0] <= migration.version <= RELEASED[1]:
                connection.execute(migration.text.encode())
                connection.execute(RECORD, [migration.version, migration.name, [migration.text]])
        connection.execute(ROWS.encode())
    return bare_url


def columns(url: str) -> Columns:
    """Return the columns of every table."""
    with connect(url) as connection:
        rows = connection.execute(
            "select c.relname as table, array_agg(a.attname::text order by a.attnum) as columns from pg_class c"
            " join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped"
            " where c.relnamespace = 'ops'::regnamespace and c.relkind in ('r', 'p') and not c.relispartition"
            " group by c.relname"
        ).fetchall()
    return {row["table"]: row["columns"] for row in rows}


def contents(url: str, tables: Columns) -> Contents:
    """Return what every row says in these columns, in the order of what it says."""
    found = {}
    present = columns(url)
    for_logs = {"logged_at": "timestamp"} if "timestamp" in present["run_logs"] else {}
    with connect(url) as connection:
        for table, names in tables.items():
            now = for_logs if table == "run_logs" else {}
            query = sql.SQL("select array[{}] as values from {} order by 1").format(
                sql.SQL(", ").join(sql.SQL("{}::text").format(sql.Identifier(now.get(name, name))) for name in names),
                sql.Identifier("ops", table),
            )
            found[table] = [row["values"] for row in connection.execute(query)]
    return found


def row_versions(url: str) -> list[tuple[str, str, str]]:
    """Return where each row stands and which transaction wrote it."""
    with connect(url) as connection:
        query = sql.SQL(" union all ").join(
            sql.SQL("select tableoid::regclass::text as t, ctid::text as c, xmin::text as x from {}").format(
                sql.Identifier("ops", table)
            )
            for table in columns(url)
        )
        return sorted((row["t"], row["c"], row["x"]) for row in connection.execute(query))


def assert_unharmed(url: str, before: tuple[list[str], Columns, Contents]) -> None:
    """Assert that schema and rows are those of before and take another row, and that migrating then goes well."""
    schema, tables, rows = before
    assert (catalog(url), contents(url, tables)) == (schema, rows)
    with connect(url) as connection, connection.transaction(force_rollback=True):
        connection.execute(
            "insert into ops.run_logs (run_id, attempt, level, message)"
            " select run_id, 1, 'info', 'x' from ops.run_requests"
        )
    assert migrate(url).applied
    assert contents(url, tables) == rows


def state(url: str) -> tuple[list[str], Columns, Contents]:
    """Return the schema, its tables and their rows."""
    tables = columns(url)
    return catalog(url), tables, contents(url, tables)


def test_no_row_of_the_release_is_lost_or_changed(released_url: str, url: str) -> None:
    """Every table had rows, every row says what it said, and the schema is that of a fresh database."""
    tables = columns(released_url)
    before = contents(released_url, tables)
    assert len(before) == 18
    assert [table for table, rows in before.items() if not rows] == []
    migrate(released_url)
    assert contents(released_url, tables) == before
    assert catalog(released_url) == catalog(url)


def test_the_release_s_runs_go_on(released_url: str, server: PostgresServer) -> None:
    """Chains hold, who was at work ends well, what waited is claimed, numbers count on."""
    migrate(released_url)
    world = World(released_url, as_user(released_url, "ops_worker", server))
    assert {row["ok"] for row in world.rows("select ops.verify_run_chain(id) as ok from ops.runs")} == {True}
    working = world.value("select id from ops.runs where status = 'running'")
    assert world.worker().complete(working) == "succeeded"
    claimed = [row["run_number"] for row in world.claim(9)]
    assert sorted(claimed) == [3, 7]  # of feature/b one at a time
    hr = world.value("select id from ops.projects where slug = 'hr'")
    assert world.run(world.queue(hr, "feature/new"))["run_number"] == 8
    assert world.value("select min(id) > 41 from ops.run_events where message = 'succeeded' and id > 41")
    again = world.queue(hr, "feature/b", p_idempotency_key="once", p_requested_by="Ann", p_config='{"x": 1}')
    assert world.run(again)["run_number"] == 3
    assert [row["outcome"] for row in world.rows("select outcome from ops.apply_pushes()")] == ["due"]
    world.close()


def test_the_release_s_attempts_count_on(released_url: str, server: PostgresServer) -> None:
    """Former attempts are spent, but for a claim whose work may yet begin; it fails where it was the last."""
    with connect(released_url) as connection:
        connection.execute("update ops.runs set max_attempts = 2 where status = 'claimed' and attempt = 2")
    migrate(released_url)
    world = World(released_url, as_user(released_url, "ops_worker", server))
    query = "select status::text, attempt, starts from ops.runs where attempt > 0 and finished_at is null order by 1"
    assert [tuple(row.values()) for row in world.rows(query)] == [("claimed", 2, 1), ("running", 1, 1)]
    claimed = world.value("select id from ops.runs where status = 'claimed'")
    world.start(claimed, 2)
    assert world.value("select ops.requeue_run(%s, 2, 'gone')", claimed) == "failed"
    working = world.value("select id from ops.runs where status = 'running'")
    assert world.value("select ops.requeue_run(%s, 1, 'gone')", working) == "queued"
    assert world.value("select bool_and(ops.verify_run_chain(id)) from ops.runs")
    world.close()


def test_migrating_twice_changes_nothing(released_url: str) -> None:
    """No migration is applied again, no row is written again, no name changes."""
    migrate(released_url)
    before = (catalog(released_url), row_versions(released_url))
    assert migrate(released_url).applied == ()
    assert (catalog(released_url), row_versions(released_url)) == before


@pytest.mark.parametrize("seed", range(4))
def test_a_migration_whose_backend_is_terminated_leaves_the_release(
    released_url: str, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    """Wherever it was: at a migration, a function, a view or a policy."""
    before = state(released_url)
    last = random.Random(seed).choice(STATEMENTS)  # noqa: S311 -- the same points every time
    execute, executed = psycopg.Connection.execute, count()

    def execute_until_terminated(connection: Any, *arguments: Any, **options: Any) -> Any:  # noqa: ANN401 -- passed on
        if next(executed) == last:
            with psycopg.connect(released_url) as killer, killer.cursor() as cursor:
                cursor.execute("select pg_terminate_backend(%s)", [connection.info.backend_pid])
        return execute(connection, *arguments, **options)

    with monkeypatch.context() as patch:
        patch.setattr(psycopg.Connection, "execute", execute_until_terminated)
        with pytest.raises(psycopg.OperationalError):
            migrate(released_url)
    assert_unharmed(released_url, before)


@pytest.mark.parametrize("table", ["environments", "projects", "workflows"])
def test_a_migration_whose_process_is_killed_leaves_the_release(released_url: str, tmp_path: Path, table: str) -> None:
    """A kill -9 of `ops db migrate`, while it waits for a table that somebody reads."""
    before = state(released_url)
    with connect(released_url) as reader, connect(released_url) as watcher:
        with reader.transaction():
            reader.execute(sql.SQL("lock table {} in access share mode").format(sql.Identifier("ops", table)))
            process = ops_db_migrate(released_url, tmp_path)
            wait_for(watcher, "exists (select from own where not granted)", process)
            process.send_signal(signal.SIGKILL)
            process.wait(60)
        wait_for(watcher, "not exists (select from own where locktype = 'advisory')")
    assert_unharmed(released_url, before)


def ops_db_migrate(url: str, home: Path) -> subprocess.Popen[bytes]:
    """Start `ops db migrate`."""
    return subprocess.Popen(
        [sys.executable, "-m", "odooops_dagster.doors.cli", "db", "migrate"],
        env=os.environ | {"ODOOOPS_MIGRATE_URL": url, "ODOOOPS_HOME": str(home)},
        stdout=subprocess.DEVNULL,
    )


def wait_for(
    connection: psycopg.Connection[dict[str, object]], fact: str, process: subprocess.Popen[bytes] | None = None
) -> None:
    """Return once the fact holds of the database's own locks."""
    own = "select l.* from pg_locks l join pg_database d on d.oid = l.database where d.datname = current_database()"
    query = f"with own as ({own}) select {fact} as holds".encode()
    end = time.monotonic() + 60
    while connection.execute(query).fetchall() != [{"holds": True}]:
        assert time.monotonic() < end, f"never: {fact}"
        assert process is None or process.poll() is None, "it ended by itself"
        time.sleep(0.05)


def test_two_migrations_at_once_follow_each_other(released_url: str) -> None:
    """One applies everything, the other nothing, and no row is lost."""
    tables = columns(released_url)
    before = contents(released_url, tables)
    pending = status(released_url).pending
    with ThreadPoolExecutor(2) as pool:
        applied = sorted(len(report.applied) for report in pool.map(migrate, [released_url] * 2))
    assert applied == [0, len(pending)]
    assert contents(released_url, tables) == before


def test_the_release_s_one_login_keeps_one_of_its_jobs(released_url: str, server: PostgresServer) -> None:
    """What it was granted for the gateway and for people is taken back, and two new logins have it; twice is harmless."""
    may = (
        "select r.login, p.proname from pg_proc as p, unnest('{ops_gateway,ops_worker,ops_operator}'::text[]) as r (login)"
        " where p.pronamespace = 'ops'::regnamespace and has_function_privilege(r.login, p.oid, 'execute')"
        " and p.proname = any ('{receive_push,claim_runs,set_policy,set_member,archive_project}')"
    )
    for _ in range(2):
        migrate(released_url)
        with connect(released_url) as connection:
            held = {(row["login"], row["proname"]) for row in connection.execute(may).fetchall()}
        assert held == {
            ("ops_gateway", "receive_push"),
            ("ops_worker", "claim_runs"),
            *(("ops_operator", name) for name in ("set_policy", "set_member", "archive_project")),
        }
    with connect(as_user(released_url, "ops_operator", server)) as connection:
        assert connection.execute("select count(*) as projects from ops.projects").fetchone() != {"projects": 0}
