"""The embedded PostgreSQL, started and broken for real."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from odooops_dagster.errors import Unavailable
from odooops_dagster.home import ADMINISTRATOR
from odooops_dagster.local.clusters import CONTROL, ENVIRONMENTS, Cluster
from odooops_dagster.local.postgres import JOBS, EmbeddedPostgres, database_urls
from odooops_dagster.local.server_sandbox import confines_servers
from odooops_dagster.local.superuser import as_superuser, set_up
from odooops_dagster.settings import Settings
from tests.servers import PostgresServer, processes_of, state_folder


@pytest.fixture
def home() -> Iterator[Path]:
    """Yield an empty state folder."""
    with state_folder("test") as folder:
        yield folder


@pytest.fixture(params=[CONTROL, ENVIRONMENTS], ids=["control", "environments"])
def embedded(home: Path, request: pytest.FixtureRequest) -> Iterator[EmbeddedPostgres]:
    """Yield a server that was started once."""
    server = started(home, request.param)
    yield server
    server.stop()


@pytest.fixture(scope="module")
def both() -> Iterator[Path]:
    """Yield a state folder in which both servers run."""
    with state_folder("both") as folder:
        servers = [started(folder, cluster) for cluster in (CONTROL, ENVIRONMENTS)]
        yield folder
        for server in servers:
            server.stop()


def started(home: Path, cluster: Cluster) -> EmbeddedPostgres:
    """Start a new server as `ops up` does."""
    confined = confines_servers(Settings(home=home)) and shutil.which("bwrap") is not None
    server = EmbeddedPostgres(home, cluster, durable=False, confined=confined)
    server.prepare()
    if cluster is ENVIRONMENTS:
        set_up(server, first=lambda _connection: None)
    server.start()
    return server


def own_url(server: EmbeddedPostgres) -> str:
    """Return the URL of a database in which the server's keeper may work."""
    return server.url("postgres", server.cluster.keeper)


def _ask(url: str, question: str) -> object:
    with psycopg.connect(url) as connection:
        row = connection.execute(question.encode()).fetchone()
        return row[0] if row else None


def _lets_in(url: str, user: str, password: str) -> bool:
    try:
        psycopg.connect(make_conninfo(url, user=user, password=password)).close()
    except psycopg.OperationalError:
        return False
    return True


def _passwords(home: Path) -> list[str]:
    return [file.read_text().strip() for file in (home / "secrets").iterdir()]


def test_the_server_is_postgresql_18_and_never_runs_as_root(postgres_server: PostgresServer) -> None:
    """The caller may be root; the server is not."""
    assert str(_ask(postgres_server.url("postgres"), "show server_version")).startswith("18.")
    assert processes_of(postgres_server.embedded)[0].uids().real != 0


def test_a_second_server_version_is_at_hand(postgres15_server: PostgresServer) -> None:
    """What the tests prove on 18 they can prove on 15."""
    assert str(_ask(postgres15_server.url("postgres"), "show server_version")).startswith("15.")


def test_each_role_reaches_its_own_database(both: Path) -> None:
    """The owner, each job's login, Dagster and the environments' administrator connect with a password of their own."""
    urls = asdict(database_urls(Settings(home=both)))
    found = {
        name: (_ask(url, "select current_user"), _ask(url, "select current_database()")) for name, url in urls.items()
    }
    assert found == {
        "owner": ("postgres", "odooops"),
        "gateway": ("ops_gateway", "odooops"),
        "worker": ("ops_worker", "odooops"),
        "operator": ("ops_operator", "odooops"),
        "callers": ("ops_api", "odooops"),
        "dagster": ("odooops_dagster", "odooops_dagster"),
        "odoo": ("odooops_administrator", "postgres"),
    }


def test_the_environments_server_holds_nothing_of_the_platform(both: Path) -> None:
    """Neither its databases, nor its logins; and none of the control plane's passwords is taken there."""
    url = database_urls(Settings(home=both)).odoo
    assert _ask(url, "select array_agg(datname::text order by datname) from pg_database") == [
        "postgres",
        "template0",
        "template1",
    ]
    assert _ask(url, "select array_agg(rolname::text order by rolname) from pg_roles where rolname !~ '^pg_'") == [
        ADMINISTRATOR,
        "postgres",
    ]
    refused = [secret for secret in _passwords(both) if not _lets_in(url, "postgres", secret)]
    assert refused == _passwords(both)


def test_the_environments_administrator_is_no_superuser_and_can_become_none(both: Path) -> None:
    """It creates databases and roles; nothing on the machine is its to read or run."""
    url = database_urls(Settings(home=both)).odoo
    question = "select rolsuper or rolreplication or rolbypassrls from pg_roles where rolname = current_user"
    assert _ask(url, question) is False
    held = "select array_agg(r.rolname::text order by r.rolname) from pg_roles as r where pg_has_role(r.oid, 'member')"
    assert _ask(url, held) == [ADMINISTRATOR, "pg_signal_backend", "pg_use_reserved_connections"]
    for statement in (
        "alter role odooops_administrator superuser",
        "alter role postgres password 'mine'",
        "set role postgres",
        "copy (select 1) to program 'true'",
        "select pg_read_file('postgresql.conf')",
        "grant pg_execute_server_program to odooops_administrator",
        "alter system set listen_addresses = '*'",
        "set allow_system_table_mods = on",
    ):
        with psycopg.connect(url, autocommit=True) as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute(statement.encode())


def test_the_superuser_of_the_environments_server_has_no_password(both: Path) -> None:
    """Whatever is tried, it is wrong: there is none, and none is kept."""
    server = EmbeddedPostgres(both, ENVIRONMENTS)
    with pytest.raises(Unavailable, match="has no password"):
        server.url("postgres")
    server.stop()
    with as_superuser(server) as url:
        assert _ask(url("postgres"), "select rolpassword is null from pg_authid where rolname = 'postgres'") is True
    server.start()


def test_a_set_up_is_made_once(both: Path) -> None:
    """Later starts do not wake the superuser, unless a password was taken away to get another one."""
    server = EmbeddedPostgres(both, ENVIRONMENTS)
    server.stop()
    assert set_up(server, first=lambda _connection: None) is False
    (both / "secrets" / "postgres-odooops_administrator").unlink()
    assert set_up(server, first=lambda _connection: None) is True
    server.start()
    assert _ask(database_urls(Settings(home=both)).odoo, "select 1") == 1


@pytest.mark.root
def test_the_clusters_belong_to_different_accounts(both: Path) -> None:
    """What breaks out of the environments' server cannot read the control plane's files."""
    owners = {(both / cluster / "data").stat().st_uid for cluster in ("control", "postgres")}
    assert len(owners | {0}) == 3
    done = subprocess.run(
        [
            "setpriv",
            f"--reuid={(both / 'postgres' / 'data').stat().st_uid}",
            "--clear-groups",
            "ls",
            both / "control" / "data",
        ],
        capture_output=True,
        check=False,
    )
    assert b"Permission denied" in done.stderr


@pytest.mark.parametrize("login", JOBS.values())
def test_no_login_of_the_control_plane_may_connect_to_dagsters_storage(
    postgres_server: PostgresServer, login: str
) -> None:
    """A role enters its own database only."""
    with pytest.raises(psycopg.OperationalError, match="permission denied"):
        psycopg.connect(postgres_server.url("odooops_dagster", login))


@pytest.mark.parametrize("login", JOBS.values())
def test_the_environments_administrator_has_no_power_over_the_platforms_logins(
    postgres_server: PostgresServer, login: str
) -> None:
    """Their names begin like those of the environments' roles, which it may act as."""
    query = f"select pg_has_role('odooops_administrator', '{login}', 'member')"
    assert not _ask(postgres_server.url("postgres"), query)


def test_no_one_gets_in_without_the_password(postgres_server: PostgresServer) -> None:
    """Loopback is no proof of identity on a shared machine."""
    with pytest.raises(psycopg.OperationalError, match="password"):
        psycopg.connect(f"postgresql://postgres:wrong@127.0.0.1:{postgres_server.embedded.port}/postgres")


def test_secrets_are_readable_by_their_owner_only(postgres_server: PostgresServer) -> None:
    """Passwords lie in files of mode 0600 in a folder of mode 0700."""
    folder = postgres_server.embedded.home / "secrets"
    assert folder.stat().st_mode & 0o077 == 0
    assert [file.name for file in folder.iterdir() if file.stat().st_mode & 0o077] == []


def test_starting_twice_finds_the_first(embedded: EmbeddedPostgres) -> None:
    """The second start adopts the running server and leaves it alone."""
    before = processes_of(embedded)[0].pid
    EmbeddedPostgres(embedded.home, embedded.cluster, durable=False).start()
    assert processes_of(embedded)[0].pid == before


def test_a_restart_keeps_port_and_data(embedded: EmbeddedPostgres) -> None:
    """What was written is there after a stop, under the same URL."""
    url = own_url(embedded)
    with psycopg.connect(url) as connection:
        connection.execute("create role kept")
    embedded.stop()
    embedded.start()
    assert _ask(url, "select count(*) from pg_roles where rolname = 'kept'") == 1


def test_a_killed_server_starts_again(embedded: EmbeddedPostgres) -> None:
    """A lock file of a server that was killed does not stop the next one."""
    processes_of(embedded)[0].send_signal(signal.SIGKILL)
    _wait_until(lambda: not embedded.running())
    assert (embedded.data / "postmaster.pid").exists()
    embedded.start()
    assert _ask(own_url(embedded), "select 1") == 1


def test_lock_files_naming_a_stranger_do_not_stop_the_server(embedded: EmbeddedPostgres) -> None:
    """After a reboot the recorded process id may be anyone's."""
    embedded.stop()
    socket_lock = embedded.home / "run" / embedded.cluster.entry / f".s.PGSQL.{embedded.port}.lock"
    for file in (embedded.data / "postmaster.pid", socket_lock):
        file.write_text(f"{os.getpid()}\n{embedded.data}\n")
    embedded.start()
    assert _ask(own_url(embedded), "select 1") == 1


def test_an_interrupted_initialisation_is_done_again(home: Path) -> None:
    """The cluster takes its place only when it is whole."""
    half = home / "postgres" / "data.new"
    half.mkdir(parents=True)
    (half / "PG_VERSION").write_text("18\n")
    server = EmbeddedPostgres(home, ENVIRONMENTS, durable=False)
    server.prepare()
    assert (server.data / "global" / "pg_control").exists()
    assert not half.exists()


def test_a_broken_cluster_is_refused_with_the_way_out(embedded: EmbeddedPostgres) -> None:
    """A cluster without its control file is not overwritten."""
    embedded.stop()
    (embedded.data / "global" / "pg_control").unlink()
    with pytest.raises(Unavailable, match="not a whole PostgreSQL cluster") as caught:
        embedded.start()
    assert caught.value.hint is not None
    assert f"mv {embedded.data} " in caught.value.hint


def test_a_cluster_of_another_version_is_refused(embedded: EmbeddedPostgres) -> None:
    """The message names both versions."""
    embedded.stop()
    (embedded.data / "PG_VERSION").write_text("17\n")
    with pytest.raises(Unavailable, match="made by PostgreSQL 17, the programs here are PostgreSQL 18"):
        embedded.start()


def test_a_taken_port_is_named_with_its_holder(embedded: EmbeddedPostgres) -> None:
    """The person learns who to stop."""
    embedded.stop()
    message = rf"port {embedded.port} .* is taken by .*{os.getpid()}"
    with socket.create_server(("127.0.0.1", embedded.port)), pytest.raises(Unavailable, match=message):
        embedded.start()


def test_urls_before_the_first_start_name_the_remedy(home: Path) -> None:
    """There is nothing to connect to, and the error says how to change that."""
    with pytest.raises(Unavailable, match=r"never been started|no secret") as caught:
        database_urls(Settings(home=home))
    assert caught.value.hint == "ops up"


def _wait_until(condition: Callable[[], bool], *, timeout: float = 60) -> None:
    deadline = time.monotonic() + timeout
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)
