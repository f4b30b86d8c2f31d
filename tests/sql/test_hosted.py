"""The same questions where Supabase stands already: its roles and schema auth are another's, the owner no superuser."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import pytest
from psycopg.types.json import Jsonb

from odooops_dagster.control.migrate import migrate
from odooops_dagster.errors import Conflict, Forbidden
from tests.conftest import postgres15
from tests.hosted import OWNER, HostedServer, as_login, hosted_server
from tests.servers import PostgresServer
from tests.sql.actors import PERSONAS, Actors
from tests.sql.catalog import catalog
from tests.sql.lints import findings
from tests.sql.test_role_matrix import (
    actors,
    login_urls,
    people,
    scene,
    test_everybody_may_do_what_the_matrix_says_and_nothing_else,
)
from tests.sql.world import World, connect, refused

__all__ = ["actors", "login_urls", "people", "scene", "test_everybody_may_do_what_the_matrix_says_and_nothing_else"]

HOWTO = Path(__file__).resolve().parents[2] / "docs" / "howto" / "use-supabase.md"


@pytest.fixture(scope="module", params=["18", pytest.param("15", marks=pytest.mark.pg15)])
def module_server(request: pytest.FixtureRequest) -> Iterator[HostedServer]:
    """Yield a server of each supported end of the range."""
    with hosted_server(postgres15() if request.param == "15" else None) as server:
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
        " union select pg_get_userbyid(p.proowner) from pg_proc p"
        " where p.pronamespace in ('ops'::regnamespace, 'ops_private'::regnamespace)"
        " union select nspowner::regrole::text from pg_namespace where nspname in ('ops', 'ops_private')"
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


@pytest.fixture
def hook(world: World) -> Iterator[Callable[[dict[str, Any]], str]]:
    """Yield what Supabase Auth does with the how-to's hook: the role of the token that somebody's claims become."""
    found = re.search(r"<!-- hook.*?```sql\n(.*?)```", HOWTO.read_text("utf-8"), re.DOTALL)
    assert found
    with connect(as_login(world.url, OWNER)) as owner:
        owner.execute(found[1].encode())
    with connect(as_login(world.url, "supabase_auth_admin")) as auth:

        def role_of(claims: dict[str, Any]) -> str:
            event = {"user_id": str(uuid4()), "claims": {"role": "authenticated", **claims}}
            row = auth.execute("select public.ops_access_token(%s) as event", [Jsonb(event)]).fetchone()
            assert row is not None
            return str(row["event"]["claims"]["role"])

        yield role_of


def test_the_hook_of_the_howto_gives_a_persona_to_those_who_have_one(
    world: World, hook: Callable[[dict[str, Any]], str], actors: Actors
) -> None:
    """And PostgREST's login may take the role that the token then names."""
    for persona in PERSONAS:
        assert hook({"app_metadata": {"ops_persona": persona}}) == persona
        assert actors.token(persona).value("select ops.caller_role()") == persona
    assert world.role("sre").rows("select * from ops.releases") == []


@pytest.mark.parametrize(
    "claims",
    [
        {},
        {"app_metadata": {}},
        {"app_metadata": {"ops_persona": None}},
        {"app_metadata": {"ops_persona": ["sre"]}},
        {"app_metadata": {"ops_persona": "service_role"}},
        {"app_metadata": {"ops_persona": "postgres"}},
        {"user_metadata": {"ops_persona": "sre"}},
    ],
)
def test_the_hook_of_the_howto_gives_nothing_to_others(
    hook: Callable[[dict[str, Any]], str], claims: dict[str, Any]
) -> None:
    """Least of all what people write into their own account."""
    assert hook(claims) == "authenticated"


def test_the_hook_of_the_howto_is_for_supabase_auth_alone(world: World, hook: Callable[[dict[str, Any]], str]) -> None:
    """Nobody calls it through the API, although schema public gives functions away by default."""
    assert hook({}) == "authenticated"
    for role in ("anon", "authenticated"):
        with refused("42501"):
            world.role(role).rows("select public.ops_access_token('{}')")


def test_a_schema_auth_that_is_not_supabases_is_refused(bare_url: str) -> None:
    """Before anything is made: the database is somebody's application."""
    with connect(bare_url) as connection:
        connection.execute("drop schema if exists auth cascade")
        connection.execute("create schema auth")
    with pytest.raises(Conflict, match=r"without function auth\.uid\(\)") as caught:
        migrate(bare_url)
    assert caught.value.hint
    with connect(bare_url) as connection:
        row = connection.execute("select to_regnamespace('ops') as ops, to_regproc('auth.uid') as uid").fetchone()
    assert row == {"ops": None, "uid": None}


def test_a_login_that_may_not_migrate_is_told_so_in_one_line(bare_url: str) -> None:
    """Without schema auth there are roles to make for which the owner of a hosted project has no right."""
    with connect(bare_url) as connection:
        name = urlsplit(bare_url).path[1:]
        connection.execute(f'alter database "{name}" owner to {OWNER}')
        connection.execute("drop role if exists somebody")
        connection.execute("create role somebody login password 'somebody'")
    with pytest.raises(Forbidden, match=r"permission denied") as caught:
        migrate(as_login(bare_url, "somebody"))
    assert "\n" not in str(caught.value)
    assert caught.value.hint
