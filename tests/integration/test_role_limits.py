"""One environment cannot take the whole server: its role has limits, and the platform has connections of its own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from odooops_dagster.home import ADMINISTRATOR, MAINTENANCE_DATABASE
from odooops_dagster.model import DatabaseAccess
from odooops_dagster.tools.postgres.connections import conninfo
from odooops_dagster.tools.postgres.contents import module_states
from odooops_dagster.tools.postgres.databases import OdooDatabases
from odooops_dagster.tools.postgres.limits import RoleLimits
from tests.command_line import CommandLine
from tests.dagster.productions import known_to_ops
from tests.platform_logins import by_job
from tests.servers import MORE_CONNECTIONS, PostgresServer, as_user, every_connection, running_server


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresServer]:
    """Yield a server that the tests may fill up."""
    with running_server("limits") as made:
        yield made


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return where passwords are kept."""
    return tmp_path / "secrets"


def databases(server: PostgresServer, folder: Path, limits: RoleLimits) -> OdooDatabases:
    """Return the environments' server as its own administrator manages it."""
    return OdooDatabases(server.url(MAINTENANCE_DATABASE, ADMINISTRATOR), secrets=folder, limits=limits)


def environment(made: OdooDatabases, name: str) -> DatabaseAccess:
    """Return the access of a new environment."""
    made.ensure_role(name)
    made.create(name, owner=name)
    return made.access(name, role=name)


def test_a_role_opens_no_more_connections_than_its_limit(server: PostgresServer, folder: Path) -> None:
    """Another environment works on."""
    made = databases(server, folder, RoleLimits(connections=30))
    greedy, other = environment(made, "ops_greedy1"), environment(made, "ops_other1")
    with every_connection(conninfo(greedy)) as (number, reason):
        assert (number, "too many connections for role" in reason) == (30, True)
        assert module_states(other) == {}


def test_the_platform_works_on_a_server_that_environments_have_filled(
    server: PostgresServer, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its logins have reserved connections: the next run is queued and claimed, its database made, and it is listed."""
    made = databases(server, folder, RoleLimits(connections=MORE_CONNECTIONS))
    greedy = environment(made, "ops_greedy2")
    with server.fresh_database() as url:
        known_to_ops(monkeypatch, tmp_path, control_url=as_user(url, "ops_operator", server), server=server)
        with every_connection(conninfo(greedy)) as (number, reason), by_job(url, server) as control:
            assert number > 200
            assert "reserved" in reason
            project = control.projects.create("shop", repo_url="https://forge.example/shop.git", odoo_version="19.0")
            control.runs.queue(project.id, env="feature/a", git_sha="a" * 40, ref="refs/heads/feature/a")
            [run] = control.runs.claim("worker", limit=1)
            made.ensure_role("ops_next")
            made.create("ops_next", owner="ops_next")
            assert run.partition_key == "shop/feature/a"
            assert "feature/a" in CommandLine("run")("run", "list").output


def test_limits_reach_the_roles_that_are_there_and_come_back_if_a_role_lifts_its_own(
    server: PostgresServer, folder: Path
) -> None:
    """A changed setting holds from the next deployment of any environment."""
    access = environment(databases(server, folder, RoleLimits()), "ops_limited")
    settings = "select rolconnlimit, rolconfig from pg_roles where rolname = 'ops_limited'"
    assert server.rows("postgres", settings) == [
        (100, ["idle_in_transaction_session_timeout=60min", "temp_file_limit=20480MB"])
    ]
    with psycopg.connect(conninfo(access), autocommit=True) as own:
        own.execute("alter role current_user set idle_in_transaction_session_timeout = 0")
        for forbidden in ("connection limit 1000", "set temp_file_limit = -1", "reset temp_file_limit"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                own.execute(f"alter role current_user {forbidden}".encode())
    databases(server, folder, RoleLimits(connections=50)).ensure_role("ops_another")
    assert server.rows("postgres", settings) == [
        (50, ["idle_in_transaction_session_timeout=60min", "temp_file_limit=20480MB"])
    ]


def test_a_session_that_fills_the_disk_or_idles_is_ended(server: PostgresServer, folder: Path) -> None:
    """The server does it, in each session of the role."""
    made = databases(server, folder, RoleLimits(temp_file_mb=64))
    access = environment(made, "ops_large")
    with psycopg.connect(conninfo(access)) as own:
        own.execute("set work_mem = '64kB'")
        with pytest.raises(psycopg.errors.ConfigurationLimitExceeded):
            own.execute("select from generate_series(1, 10000000) as n order by md5(n::text)")
        own.rollback()
        assert own.execute("show idle_in_transaction_session_timeout").fetchone() == ("1h",)


def test_an_administrator_that_may_not_limit_files_limits_the_rest(
    postgres15_server: PostgresServer, folder: Path
) -> None:
    """Managed servers keep that right to themselves."""
    with psycopg.connect(postgres15_server.url("postgres"), autocommit=True) as owner:
        owner.execute("create role weaker login createdb createrole password 'weaker'")
        owner.execute("grant connect on database postgres to weaker")
        url = make_conninfo(postgres15_server.url("postgres"), user="weaker", password="weaker")
        OdooDatabases(url, secrets=folder).ensure_role("ops_weakly")
        settings = "select rolconnlimit, rolconfig from pg_roles where rolname = 'ops_weakly'"
        assert owner.execute(settings).fetchone() == (100, ["idle_in_transaction_session_timeout=60min"])
        owner.execute("drop role ops_weakly")
        owner.execute("drop owned by weaker")
        owner.execute("drop role weaker")
