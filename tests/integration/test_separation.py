"""A state folder with one cluster for all databases is brought up to date: nothing is lost, wherever it is killed."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from odooops_dagster.errors import Unavailable
from odooops_dagster.home import CONTROL_DATABASE, DAGSTER_DATABASE, MAINTENANCE_DATABASE, secrets_folder
from odooops_dagster.local import separation
from odooops_dagster.local.clusters import CONTROL, ENVIRONMENTS
from odooops_dagster.local.postgres import EmbeddedPostgres, database_urls
from odooops_dagster.local.separation import Separated
from odooops_dagster.local.settling import settle
from odooops_dagster.settings import Settings
from odooops_dagster.tools.postgres.connections import conninfo
from odooops_dagster.tools.postgres.databases import OdooDatabases
from tests import former
from tests.servers import WHOLE, memory_disk, state_folder

pytestmark = pytest.mark.timeout(300)

HERE = "odooops_dagster.local.separation"
# Where the move is killed: in each of its steps, and between them.
POINTS = [
    (f"{HERE}:_found", "after"),
    (f"{HERE}:copy_roles", "after"),
    (f"{HERE}:_pour", "after"),
    (f"{HERE}:_compare", "after"),
    (f"{HERE}:mark_layout", "before"),
    (f"{HERE}:mark_layout", "after"),
    (f"{HERE}:forget_set_up", "after"),
    (f"{HERE}:sync_folder", "before"),
    (f"{HERE}:drop_database", "after"),
    (f"{HERE}:drop_unused", "before"),
    ("odooops_dagster.local.provision:close_to_public", "after"),
    ("odooops_dagster.local.superuser:secret_file", "before"),
    ("odooops_dagster.local.settling:set_up", "after"),
]


@pytest.fixture(scope="module")
def before() -> Iterator[Path]:
    """Yield a folder of the version before, of which the tests take copies."""
    with state_folder("before", parent=memory_disk()) as home:
        former.make(home)
        yield home


@pytest.fixture
def home(before: Path) -> Iterator[Path]:
    """Yield a folder of the version before."""
    with former.copy_of(before) as copy:
        yield copy


@contextmanager
def started(home: Path) -> Iterator[None]:
    """Run both servers."""
    servers = [EmbeddedPostgres(home, cluster, durable=False) for cluster in (CONTROL, ENVIRONMENTS)]
    try:
        for server in servers:
            server.start()
        yield
    finally:
        for server in servers:
            server.stop()


def rows(url: str, statement: str) -> list[tuple[object, ...]]:
    """Return what a query finds."""
    with psycopg.connect(url) as connection:
        return connection.execute(statement.encode()).fetchall()


def words(url: str, statement: str) -> set[object]:
    """Return the first column of what a query finds."""
    return {row[0] for row in rows(url, statement)}


def assert_whole(home: Path) -> None:
    """Assert that everything is where this version has it, as it was."""
    urls = database_urls(Settings(home=home))
    with started(home):
        record = "select p.slug, r.status from ops.v_runs as r join ops.projects as p on p.id = r.project_id"
        assert sorted(rows(urls.owner, record)) == [(f"shop{number}", "queued") for number in range(3)]
        assert rows(urls.worker, "select count(*) from ops.v_run_queue") == [(3,)]
        assert rows(urls.dagster, "select count(*), sum(length(body)) from runs") == [(500, 125_250)]
        assert rows(urls.dagster, "insert into runs (body) values ('') returning id") == [(501,)]
        assert_people(urls.owner)
        assert_environments(home, urls.odoo)
    assert (home / "layout").read_text() == "2\n"
    assert not (home / "control" / "data.moving").exists()
    assert not (home / "secrets" / "postgres-postgres").exists()


def assert_people(owner: str) -> None:
    """Assert that people's own logins came along: passwords, roles, settings, limits."""
    grace = make_conninfo(owner, user="grace", password="of grace")
    assert rows(grace, "select current_setting('search_path')") == [('ops, "$user", "an odd, name"',)]
    assert rows(grace, "select pg_has_role('qa_tester', 'usage'), pg_has_role('sre', 'usage')") == [(True, False)]
    held = "select rolconnlimit, rolvaliduntil > '2198-01-01' from pg_roles where rolname = 'grace'"
    assert rows(owner, held) == [(7, True)]
    hedy = make_conninfo(owner, user="hedy", password="of hedy")
    assert rows(hedy, "select current_setting('statement_timeout'), current_setting('work_mem')") == [("7s", "9MB")]


def assert_environments(home: Path, odoo: str) -> None:
    """Assert that the environments' server kept port, databases and passwords, and nothing of the platform's."""
    databases = OdooDatabases(odoo, secrets=secrets_folder(home))
    access = databases.access(former.ENVIRONMENT, role=former.ENVIRONMENT)
    partners = "select count(*), max(name) from res_partner"
    assert rows(conninfo(access), partners) == [(1000, "partner 999")]
    assert words(odoo, "select datname from pg_database") == {
        MAINTENANCE_DATABASE,
        "template0",
        "template1",
        former.ENVIRONMENT,
    }
    # Hedy may look into an environment's database, and is a developer there no more than anywhere else.
    assert {"grace", "ops_gateway", "ops_worker", "ops_operator", DAGSTER_DATABASE, "qa_tester"}.isdisjoint(
        words(odoo, "select rolname from pg_roles")
    )
    hedy = make_conninfo(odoo, user="hedy", password="of hedy", dbname=former.ENVIRONMENT)
    assert rows(hedy, "select 1") == [(1,)]
    databases.create("ops_another", owner=former.ENVIRONMENT, template=former.ENVIRONMENT)
    databases.drop("ops_another")


def test_everything_is_there_after_the_move(home: Path) -> None:
    """The record, Dagster's storage, people's logins; the environments under the port that their Odoos know."""
    port = (home / "postgres" / "port").read_text()
    password = (home / "secrets" / "postgres-postgres").read_text().strip()
    moved = settle(Settings(home=home))
    assert isinstance(moved, Separated)
    assert moved.databases == (CONTROL_DATABASE, DAGSTER_DATABASE)
    assert moved.rows > 500
    assert_whole(home)
    assert (home / "postgres" / "port").read_text() == port
    with started(home), pytest.raises(psycopg.OperationalError, match="password"):
        psycopg.connect(f"postgresql://postgres:{password}@127.0.0.1:{port}/postgres")


def test_the_second_start_moves_nothing(home: Path) -> None:
    """It finds all in its place."""
    settle(Settings(home=home))
    assert settle(Settings(home=home)) is None
    assert_whole(home)


@pytest.mark.parametrize(("point", "when"), POINTS)
def test_killed_anywhere_the_next_start_ends_it(home: Path, point: str, when: str) -> None:
    """It begins anew before the rename, and goes on after it."""
    argv = [sys.executable, "-m", "tests.integration.separation_child", str(home), point, when]
    killed = subprocess.run(argv, check=False, capture_output=True, text=True)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    settle(Settings(home=home))
    assert_whole(home)


def test_a_copy_that_differs_changes_nothing(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A row that is lost on the way is noticed, and the version before goes on."""
    pour = separation._pour  # noqa: SLF001 - what the move itself calls

    def lossy(source: str, target: str, *, bin_dir: Path) -> None:
        pour(source, target, bin_dir=bin_dir)
        if "dagster" in source:
            with psycopg.connect(make_conninfo(target, dbname=DAGSTER_DATABASE)) as connection:
                connection.execute("update runs set body = 'y' where id = 7")

    with monkeypatch.context() as patch:
        patch.setattr(separation, "_pour", lossy)
        with pytest.raises(Unavailable, match=r"odooops_dagster differs in public\.runs"):
            settle(Settings(home=home))
    assert (home / "layout").read_text() == "1\n"
    before = EmbeddedPostgres(home, WHOLE, durable=False)
    before.start()
    assert rows(before.url(CONTROL_DATABASE), "select count(*) from ops.runs") == [(3,)]
    before.stop()
    settle(Settings(home=home))
    assert_whole(home)


def test_a_full_disk_changes_nothing(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The message names what is missing, before anything is written."""
    monkeypatch.setattr(separation, "LEAST_FREE_BYTES", 2**60)
    with pytest.raises(Unavailable, match="is full"):
        settle(Settings(home=home))
    assert not (home / "control" / "data").exists()


def test_a_platform_whose_control_plane_is_elsewhere_leaves_an_old_one_alone(home: Path) -> None:
    """It may be wanted again; the environments' server is set up all the same."""
    elsewhere = "postgresql://someone@db.example/odooops"
    settings = Settings.model_validate({"home": home, "database_url": elsewhere, "dagster_database_url": elsewhere})
    assert settle(settings) is None
    assert not (home / "control").exists()
    assert settle(Settings(home=home)) is not None
    assert_whole(home)


def test_no_password_is_in_a_log_of_the_move(home: Path) -> None:
    """Roles are made with what the server keeps of their passwords, and what copies connects without any."""
    settle(Settings(home=home))
    log = "".join(file.read_text(errors="replace") for file in (home / "logs").glob("*.log"))
    secrets = [file.read_text().strip() for file in (home / "secrets").iterdir() if file.is_file()]
    assert "database system is ready" in log
    assert [secret for secret in [*secrets, "of grace", "SCRAM-SHA-256"] if secret in log] == []
