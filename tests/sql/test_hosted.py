"""The same questions where Supabase stands already: its roles and schema auth are another's, the owner no superuser."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import missing
from tests.hosted import OWNER, HostedServer, hosted_server
from tests.servers import PostgresServer
from tests.sql.catalog import catalog
from tests.sql.lints import findings
from tests.sql.test_role_matrix import (
    actors,
    people,
    scene,
    test_everybody_may_do_what_the_matrix_says_and_nothing_else,
)
from tests.sql.world import World, connect

__all__ = ["actors", "people", "scene", "test_everybody_may_do_what_the_matrix_says_and_nothing_else"]

PG15 = Path(os.environ.get("ODOOOPS_TEST_PG15_BIN", "/usr/lib/postgresql/15/bin"))


@pytest.fixture(scope="module", params=["18", "15"])
def module_server(request: pytest.FixtureRequest) -> Iterator[HostedServer]:
    """Yield a server of each supported end of the range."""
    if request.param == "15" and not (PG15 / "postgres").exists():
        missing(f"PostgreSQL 15 is not in {PG15}: scripts/dev/system-packages.sh")
    with hosted_server(PG15 if request.param == "15" else None) as server:
        yield server


@pytest.fixture
def server(module_server: HostedServer) -> PostgresServer:
    """Return the hosted server where the other tests have a bare one."""
    return module_server


def test_the_schema_is_that_of_a_bare_server(url: str, postgres_server: PostgresServer) -> None:
    """Nothing is missing that the owner might not do, and no default privilege of schema public leaks into ops."""
    with postgres_server.fresh_database() as bare:
        assert catalog(url) == catalog(bare)


def test_the_owner_is_no_superuser_and_owns_everything(world: World) -> None:
    """And schema auth is not the owner's."""
    assert world.row("select rolsuper, rolbypassrls from pg_roles where rolname = %s", OWNER) == {
        "rolsuper": False,
        "rolbypassrls": False,
    }
    owners = world.rows(
        "select distinct pg_get_userbyid(c.relowner) as owner from pg_class c"
        " where c.relnamespace = 'ops'::regnamespace"
        " union select pg_get_userbyid(p.proowner) from pg_proc p where p.pronamespace = 'ops'::regnamespace"
    )
    assert [row["owner"] for row in owners] == [OWNER]
    assert world.value("select nspowner::regrole::text from pg_namespace where nspname = 'auth'") != OWNER


def test_the_lints_find_nothing(world: World) -> None:
    """As on a bare server."""
    assert findings(world) == {}


def test_the_default_privileges_would_leak_into_schema_public(world: World) -> None:
    """Which is why it matters that they stop there."""
    with connect(world.url) as connection:
        connection.execute(f"set role {OWNER}")
        connection.execute("create table public.leaking (id int)")
        connection.execute("create table ops.tight (id int)")
    rows = world.rows(
        "select tablename, has_table_privilege('anon', tablename, 'delete') as open from"
        " (values ('public.leaking'), ('ops.tight')) as t (tablename)"
    )
    assert {row["tablename"]: row["open"] for row in rows} == {"public.leaking": True, "ops.tight": False}


def test_a_run_is_asked_for_worked_on_and_read(world: World) -> None:
    """By a member, the platform's worker and a member again."""
    project = world.project()
    developer, stranger = (
        world.person(world.member(project, "developer")),
        world.person(world.member(world.project("b"))),
    )
    run_id = developer.queue(project)
    worker = world.worker()
    assert [row["id"] for row in worker.claim()] == [run_id]
    worker.start(run_id)
    worker.complete(run_id)
    assert developer.status(run_id) == "succeeded"
    assert stranger.rows("select * from ops.v_runs") == []
