"""The embedded PostgreSQL, started and broken for real."""

from __future__ import annotations

import os
import signal
import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import psycopg
import pytest

from odooops_dagster.errors import Unavailable
from odooops_dagster.local.postgres import JOBS, EmbeddedPostgres, database_urls, embedded_urls
from odooops_dagster.settings import Settings
from tests.servers import PostgresServer, state_folder


@pytest.fixture
def home() -> Iterator[Path]:
    """Yield an empty state folder."""
    with state_folder("test") as folder:
        yield folder


@pytest.fixture
def embedded(home: Path) -> Iterator[EmbeddedPostgres]:
    """Yield a server that was started once."""
    server = EmbeddedPostgres(home, durable=False)
    server.start()
    yield server
    server.stop()


def _ask(url: str, question: str) -> object:
    with psycopg.connect(url) as connection:
        row = connection.execute(question.encode()).fetchone()
        return row[0] if row else None


def _server_process(server: EmbeddedPostgres) -> psutil.Process:
    return psutil.Process(int((server.data / "postmaster.pid").read_text().split()[0]))


def test_the_server_is_postgresql_18_and_never_runs_as_root(postgres_server: PostgresServer) -> None:
    """The caller may be root; the server is not."""
    assert str(_ask(postgres_server.url("postgres"), "show server_version")).startswith("18.")
    assert _server_process(postgres_server.embedded).uids().real != 0


def test_a_second_server_version_is_at_hand(postgres15_server: PostgresServer) -> None:
    """What the tests prove on 18 they can prove on 15."""
    assert str(_ask(postgres15_server.url("postgres"), "show server_version")).startswith("15.")


def test_each_role_reaches_its_own_database(postgres_server: PostgresServer) -> None:
    """The owner, each job's login, Dagster and the environments' administrator connect with a password of their own."""
    urls = embedded_urls(postgres_server.embedded)
    found = {
        name: (_ask(url, "select current_user"), _ask(url, "select current_database()")) for name, url in urls.items()
    }
    assert found == {
        "owner": ("postgres", "odooops"),
        "gateway": ("ops_gateway", "odooops"),
        "worker": ("ops_worker", "odooops"),
        "operator": ("ops_operator", "odooops"),
        "dagster": ("odooops_dagster", "odooops_dagster"),
        "odoo": ("odooops_administrator", "postgres"),
    }
    assert not _ask(urls["odoo"], "select rolsuper from pg_roles where rolname = current_user")


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
    before = _server_process(embedded).pid
    EmbeddedPostgres(embedded.home, durable=False).start()
    assert _server_process(embedded).pid == before


def test_a_restart_keeps_port_and_data(embedded: EmbeddedPostgres) -> None:
    """What was written is there after a stop, under the same URL."""
    url = embedded.url("odooops")
    with psycopg.connect(url) as connection:
        connection.execute("create table kept ()")
    embedded.stop()
    embedded.start()
    assert _ask(url, "select count(*) from pg_class where relname = 'kept'") == 1


def test_a_killed_server_starts_again(embedded: EmbeddedPostgres) -> None:
    """A lock file of a server that was killed does not stop the next one."""
    _server_process(embedded).send_signal(signal.SIGKILL)
    _wait_until(lambda: not embedded.running())
    assert (embedded.data / "postmaster.pid").exists()
    embedded.start()
    assert _ask(embedded.url("odooops"), "select 1") == 1


def test_lock_files_naming_a_stranger_do_not_stop_the_server(embedded: EmbeddedPostgres) -> None:
    """After a reboot the recorded process id may be anyone's."""
    embedded.stop()
    socket_lock = embedded.home / "run" / "postgres" / f".s.PGSQL.{embedded.port}.lock"
    for file in (embedded.data / "postmaster.pid", socket_lock):
        file.write_text(f"{os.getpid()}\n{embedded.data}\n")
    embedded.start()
    assert _ask(embedded.url("odooops"), "select 1") == 1


def test_an_interrupted_initialisation_is_done_again(home: Path) -> None:
    """The cluster takes its place only when it is whole."""
    half = home / "postgres" / "data.new"
    half.mkdir(parents=True)
    (half / "PG_VERSION").write_text("18\n")
    server = EmbeddedPostgres(home, durable=False)
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
    with pytest.raises(Unavailable, match=r"was never started|no secret") as caught:
        database_urls(Settings(home=home))
    assert caught.value.hint == "ops up"


def _wait_until(condition: Callable[[], bool], *, timeout: float = 10) -> None:
    deadline = time.monotonic() + timeout
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)
