"""Dagster's history lies in the platform's PostgreSQL, and commands work where there is none."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Event

import psycopg
import pytest
from dagster import DagsterInstance
from dagster._core.definitions.run_request import InstigatorType
from dagster._core.remote_origin import (
    RegisteredCodeLocationOrigin,
    RemoteInstigatorOrigin,
    RemoteRepositoryOrigin,
)
from dagster._core.scheduler.instigation import InstigatorState, InstigatorStatus
from dagster._core.test_utils import create_run_for_test
from dagster._serdes import ConfigurableClassData
from dagster_postgres import PostgresRunStorage
from sqlalchemy import Engine
from sqlalchemy.event import listen, remove
from sqlalchemy.exc import SQLAlchemyError

from odooops_dagster.engine.fork_proof import open_sockets
from odooops_dagster.engine.rehearsal import rehearsed_instance
from odooops_dagster.engine.storage import PlatformStorage, close_connections, with_driver
from odooops_dagster.errors import BadInput
from tests.servers import PostgresServer

ROOT = Path(__file__).parents[2]
VARIABLE = "ODOOOPS_DAGSTER_DATABASE_URL"


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("postgresql://u:p@h:1/d?sslmode=require", "postgresql+psycopg2://u:p@h:1/d?sslmode=require"),
        ("postgres://h/d", "postgresql+psycopg2://h/d"),
        ("postgresql+psycopg2://h/d", "postgresql+psycopg2://h/d"),
    ],
)
def test_the_driver_is_named(url: str, expected: str) -> None:
    """SQLAlchemy's own choice changes between versions; ours does not."""
    assert with_driver(url) == expected


@pytest.fixture
def history(postgres_server: PostgresServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Yield the URL of the database in which the instances of the test keep their history."""
    with postgres_server.fresh_database(migrated=False) as url:
        monkeypatch.setenv(VARIABLE, url)
        yield url


@contextmanager
def an_instance(folder: Path) -> Iterator[DagsterInstance]:
    """Yield a new instance as dagster.yaml describes it."""
    storage = {
        "module": "odooops_dagster.engine.storage",
        "class": "PlatformStorage",
        "config": {"url_variable": VARIABLE},
    }
    with DagsterInstance.local_temp(str(folder), overrides={"storage": {"custom": storage}}) as instance:
        yield instance


def connections(url: str) -> set[int]:
    """Return the server's processes that serve other connections to the database."""
    query = "select pid from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()"
    with psycopg.connect(url) as connection:
        return {int(pid) for (pid,) in connection.execute(query)}


@pytest.mark.usefixtures("history")
def test_runs_go_to_postgres_and_come_back(tmp_path: Path) -> None:
    """The instance that dagster.yaml describes keeps what it is told."""
    with an_instance(tmp_path) as instance:
        run = create_run_for_test(instance)
        assert isinstance(instance.run_storage, PostgresRunStorage)
    with an_instance(tmp_path) as again:
        assert again.get_run_by_id(run.run_id) is not None


def test_all_instances_of_a_process_share_its_connections(history: str, tmp_path: Path) -> None:
    """A code server makes an instance for each tick: none of them opens a connection."""
    with an_instance(tmp_path) as instance:
        assert instance.get_runs() == []
    kept = connections(history)
    assert 0 < len(kept) <= 2
    for _ in range(5):
        with an_instance(tmp_path) as instance:
            assert instance.get_runs() == []
            assert instance.all_instigator_state() == []
    assert connections(history) == kept


def test_the_instances_of_a_process_ask_once_what_the_tables_have(history: str, tmp_path: Path) -> None:
    """A tick asked the catalog a dozen times which columns and indexes there are, each of them a reflection."""
    asked: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        if "pg_catalog" in statement or "secondary_indexes" in statement:
            asked.append(statement)

    def read() -> None:
        with an_instance(tmp_path) as instance:
            create_run_for_test(instance)
            instance.get_run_records()
            instance.all_instigator_state()
            instance.get_backfills()
            assert instance.schedule_storage is not None
            assert instance.schedule_storage.supports_batch_queries
            instance.update_instigator_state(sensor)  # as each tick does

    place = RemoteRepositoryOrigin(RegisteredCodeLocationOrigin("odooops"), "definitions")
    sensor = InstigatorState(
        RemoteInstigatorOrigin(place, "ops_queue"), InstigatorType.SENSOR, InstigatorStatus.RUNNING
    )
    with an_instance(tmp_path) as instance:
        instance.add_instigator_state(sensor)
    read()
    listen(Engine, "before_cursor_execute", note)
    try:
        read()
    finally:
        remove(Engine, "before_cursor_execute", note)
    assert asked == []
    assert connections(history)


def test_a_connection_that_ended_with_its_server_is_replaced(history: str, tmp_path: Path) -> None:
    """Nobody sees an error after a restart of the server."""
    with an_instance(tmp_path) as instance:
        run = create_run_for_test(instance)
        with psycopg.connect(history, autocommit=True) as owner:
            for pid in connections(history) - {owner.info.backend_pid}:
                owner.execute("select pg_terminate_backend(%s, 5000)", (pid,))
        assert instance.get_run_by_id(run.run_id) is not None


@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")  # Python 3.12 warns of forks beside threads
def test_a_forked_process_does_not_speak_through_its_parents_connections(history: str, tmp_path: Path) -> None:
    """Two processes on one connection would read each other's answers."""
    with an_instance(tmp_path) as instance:
        create_run_for_test(instance)
        child = os.fork()
        if child == 0:
            with suppress(BaseException):
                os._exit(0 if len(instance.get_runs()) == 1 else 1)
            os._exit(2)
        kept = connections(history)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        assert len(instance.get_runs()) == 1
        assert connections(history) & kept


def test_what_is_rehearsed_is_asked_by_no_run_and_holds_no_connection(
    history: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Runs are forked from the process that rehearses: a connection of it would be theirs too."""
    monkeypatch.setattr("odooops_dagster.engine.storage._tables_are_given", Event())
    asked: list[str] = []
    told: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        asked.append(statement)

    with an_instance(tmp_path) as instance:
        run = create_run_for_test(instance)
        close_connections()
        before = open_sockets()
        rehearsed = rehearsed_instance(instance.get_ref(), say=told.append)
        assert open_sockets() == before
        assert connections(history) == set()
        listen(Engine, "before_cursor_execute", note)
        try:
            assert rehearsed.get_run_by_id(run.run_id) is not None
        finally:
            remove(Engine, "before_cursor_execute", note)
    assert [statement for statement in asked if "pg_catalog" in statement] == []
    assert asked
    assert told == []


def test_a_database_that_cannot_be_asked_hinders_no_rehearsal(
    history: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At the first start of all, the program that forks runs may be faster than the one that makes the tables."""
    monkeypatch.setattr("odooops_dagster.engine.storage._tables_are_given", Event())
    told: list[str] = []
    with an_instance(tmp_path) as instance:
        with psycopg.connect(history) as owner:
            owner.execute("drop table runs cascade")
        rehearsed = rehearsed_instance(instance.get_ref(), say=told.append)
        assert told[0].startswith("runs ask the database for the first time themselves: ")
        with pytest.raises(SQLAlchemyError):
            rehearsed.get_run_by_id("nobody")


def test_a_lasting_instance_without_a_url_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """History is not lost in silence."""
    monkeypatch.delenv(VARIABLE, raising=False)
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path))
    with pytest.raises(BadInput, match=f"{VARIABLE} is not set"):
        PlatformStorage.from_config_value(_DATA, {"url_variable": VARIABLE})


def test_a_passing_instance_leaves_nothing_behind() -> None:
    """What a command needed goes with its process."""
    script = "from odooops_dagster.engine.storage import passing_folder; print(passing_folder())"
    folder = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert "odooops-dagster-" in folder
    assert not Path(folder.strip()).exists()


def test_the_definitions_are_valid_in_a_checkout_where_nothing_runs() -> None:
    """`dagster definitions validate` needs no variable and no service."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("ODOOOPS_", "DAGSTER_"))}
    argv = [sys.executable, "-m", "dagster", "definitions", "validate"]
    done = subprocess.run(argv, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "Validation successful" in done.stdout + done.stderr


_DATA = ConfigurableClassData("odooops_dagster.engine.storage", "PlatformStorage", f"url_variable: {VARIABLE}\n")
