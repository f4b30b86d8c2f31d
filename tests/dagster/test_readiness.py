"""Whether Dagster's daemon lives, read from the row that Dagster itself writes."""

from __future__ import annotations

import time
from collections.abc import Iterator

import psycopg
import pytest
from dagster import DagsterInstance
from dagster._daemon.types import DaemonHeartbeat
from dagster_postgres import PostgresRunStorage

from odooops_dagster.local.readiness import has_recent_heartbeat, heartbeat_probe


@pytest.fixture(params=["Etc/UTC", "America/New_York", "Asia/Tokyo"])
def storage(request: pytest.FixtureRequest, empty_database: str) -> Iterator[PostgresRunStorage]:
    """Yield Dagster's storage in a database that keeps the time of some place."""
    with psycopg.connect(empty_database, autocommit=True) as connection:
        name = connection.info.dbname
        connection.execute(f"alter database {name} set timezone to '{request.param}'".encode())
    with DagsterInstance.ephemeral() as instance:
        storage = PostgresRunStorage.create_clean_storage(empty_database)
        storage.register_instance(instance)
        yield storage
        storage.dispose()


def beat(storage: PostgresRunStorage, *, seconds_ago: float, daemon: str = "SENSOR") -> None:
    """Write a heartbeat as Dagster's daemon does."""
    storage.add_daemon_heartbeat(DaemonHeartbeat(time.time() - seconds_ago, daemon, "one", []))


def test_a_heart_that_has_beaten_of_late_lives(storage: PostgresRunStorage, empty_database: str) -> None:
    """Wherever the server stands; one that has stopped, or another daemon's, does not count."""
    assert not has_recent_heartbeat(empty_database)
    beat(storage, seconds_ago=1, daemon="SCHEDULER")
    assert not has_recent_heartbeat(empty_database)
    beat(storage, seconds_ago=600)
    assert not has_recent_heartbeat(empty_database)
    beat(storage, seconds_ago=60)
    assert has_recent_heartbeat(empty_database)


def test_a_daemon_that_starts_must_beat_anew(storage: PostgresRunStorage, empty_database: str) -> None:
    """The heartbeat of the one before it does not count."""
    beat(storage, seconds_ago=5)
    beats = heartbeat_probe(empty_database)
    assert not beats()
    beat(storage, seconds_ago=0)
    assert beats()
