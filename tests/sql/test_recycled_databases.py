"""A database that another test has used is like a new one, or no test gets it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests import sessions
from tests.servers import PostgresServer, as_user
from tests.sql.everything import furnish
from tests.sql.matrix import count_rows
from tests.sql.world import World, connect

SEQUENCES = "select sequencename, last_value from pg_sequences where schemaname = 'ops' order by 1"
OF_THE_DATABASE = "do $$ begin execute format('alter database %I {}', current_database()); end $$"
# What a test may do to its database besides writing rows.
CHANGES = {
    "a table": "create table ops.left_behind ()",
    "a column": "alter table ops.runs add left_behind text",
    "a function": "create or replace function ops.right_now() returns timestamptz language sql as 'select now()'",
    "a grant": "grant select on ops.workers to authenticated",
    "a policy": "create policy x on ops.workers using (true)",
    "statistics": "analyze ops.roles",
    "pages": "vacuum ops.roles",
    "a truncation": "truncate ops.run_logs",
    "a limit of the database": OF_THE_DATABASE.format("connection limit 90"),
    "a setting of the database": OF_THE_DATABASE.format("set work_mem = 9000"),
    "a role": "update ops.roles set permissions = permissions || '{promote}' where role = 'developer'",
    "the history": "delete from supabase_migrations.schema_migrations",
}


@pytest.fixture(autouse=True)
def only_ours(server: PostgresServer) -> Iterator[None]:
    """Keep databases out that other tests have used: one of them may be at its end."""
    with server.without_used_databases():
        yield


@contextmanager
def used(server: PostgresServer) -> Iterator[tuple[str, World]]:
    """Yield a database as a test gets it."""
    with server.recycled_database() as url:
        world = World(url, as_user(url, "ops_worker", server))
        yield url, world
        world.close()


def test_nothing_that_was_written_is_there_for_the_next(server: PostgresServer) -> None:
    """No row and no number of a sequence, whoever wrote it, and whether its session was closed or not."""
    with used(server) as (url, world):
        new = count_rows(world), world.rows(SEQUENCES)
    with used(server) as (again, world):
        assert again == url
        furnish(world, "mine")
        left_open = connect(url)
        left_open.execute("insert into ops.tools (name, version) values ('odoo', '19.0')")
        written = count_rows(world), world.rows(SEQUENCES)
        assert all(one != other for one, other in zip(written, new, strict=True))
    with used(server) as (again, world):
        assert again == url
        assert (count_rows(world), world.rows(SEQUENCES)) == new
    left_open.close()


@pytest.mark.parametrize("change", CHANGES)
def test_any_other_change_is_the_last_in_its_database(server: PostgresServer, change: str) -> None:
    """The next test gets another one."""
    with used(server) as (url, world):
        world.connection.execute(CHANGES[change].encode())
    with used(server) as (other, _):
        assert other != url


def test_a_session_is_as_it_was_when_it_began(server: PostgresServer) -> None:
    """The same process serves on, with no setting, lock, channel or statement of before."""
    with used(server) as (url, _):
        first = sessions.connect(url)
        process = first.info.backend_pid
        for statement in ("set work_mem = 9000", "select pg_advisory_lock(7)", "listen x", "prepare p as select 1"):
            first.execute(statement.encode())
        sessions.give_back(url, first)
        second = sessions.connect(url)
        assert second.info.backend_pid == process
        assert second.execute("""
            select current_setting('work_mem') as memory, (select count(*) from pg_listening_channels()) as heard,
                (select count(*) from pg_locks where locktype = 'advisory' and pid = pg_backend_pid()) as locks,
                (select count(*) from pg_prepared_statements) as prepared
        """).fetchone() == {"memory": "8MB", "heard": 0, "locks": 0, "prepared": 0}
        sessions.give_back(url, second)


@pytest.mark.parametrize("statement", ["begin", "select set_config('request.jwt.claims', '{}', false)"])
def test_a_session_that_cannot_be_as_it_was_ends(server: PostgresServer, statement: str) -> None:
    """One in a transaction, and one whose caller had claims: they would be empty for the next, and not unknown."""
    with used(server) as (url, _):
        first = sessions.connect(url)
        first.execute(statement.encode())
        sessions.give_back(url, first)
        assert first.closed
