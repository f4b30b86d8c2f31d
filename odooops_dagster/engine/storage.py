"""The storage of Dagster's history: the platform's PostgreSQL, with the driver that dagster-postgres needs."""

from __future__ import annotations

import atexit
import logging
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Mapping
from functools import cache, partial, wraps
from threading import Event
from typing import TYPE_CHECKING, Any

from dagster_postgres import (
    DagsterPostgresStorage,
    PostgresEventLogStorage,
    PostgresRunStorage,
    PostgresScheduleStorage,
)
from sqlalchemy import create_engine
from sqlalchemy import event as sqlalchemy_event
from sqlalchemy.exc import InvalidatePoolError

from odooops_dagster.engine.private import (
    ConfigurableClassData,
    DagsterSqliteStorage,
    DagsterStorage,
    use_connections,
    use_parts,
)
from odooops_dagster.engine.refusal import not_reached
from odooops_dagster.errors import BadInput
from odooops_dagster.unreachable import may_have_ended

if TYPE_CHECKING:
    from dagster import EventLogEntry
    from sqlalchemy.engine import Connection, Engine
    from sqlalchemy.pool import ConnectionPoolEntry


_tables_are_given = Event()
_engines: list[Engine] = []


class PlatformStorage(DagsterPostgresStorage):
    """Dagster's Postgres storage, named in dagster.yaml together with the variable that holds the URL.

    If the platform does not run there is no URL: a command such as `dagster definitions validate` then gets Dagster's
    own default, a temporary folder that is removed at the end of the process.
    """

    @classmethod
    def config_type(cls) -> dict[str, type[str]]:
        """Return the schema of the storage's config in dagster.yaml."""
        return {"url_variable": str}

    @classmethod
    def from_config_value(  # type: ignore[override]  # Dagster's own storages return a base class here as well
        cls, inst_data: ConfigurableClassData | None, config_value: Mapping[str, Any]
    ) -> DagsterStorage:
        """Return the storage; refuse a permanent instance without a URL."""
        variable = config_value["url_variable"]
        url = os.environ.get(variable)
        if url:
            return _PooledStorage(with_driver(url), inst_data)
        if "DAGSTER_HOME" in os.environ:
            raise BadInput(f"{variable} is not set, and Dagster's history has to go somewhere", hint="ops up")
        return DagsterSqliteStorage.from_local(passing_folder())


class CalmEventLog(PostgresEventLogStorage):
    """Stores as information that a step was not reached: Dagster logs an error for each step behind a failed one."""

    def store_event(self, event: EventLogEntry) -> None:
        """Store the event."""
        super().store_event(calmed(event))


def calmed(event: EventLogEntry) -> EventLogEntry:
    """Return the event; one that says that a step was not reached, as information and in our words."""
    told = not_reached(event.user_message) if event.dagster_event is None else None
    if told is None:
        return event
    return event._replace(level=logging.INFO, user_message=told)


def _lasting(question: Callable[..., bool]) -> Callable[..., bool]:
    """Return a method that asks the database until the answer is yes: a schema that has grown never shrinks.

    Dagster's storages ask with each read whether tables, columns and indexes of their later versions are there; every
    tick creates new storages, so the answers are kept for the process.
    """

    @wraps(question)
    def answer(storage: PostgresRunStorage | PostgresScheduleStorage, *names: str) -> bool:
        known = storage.postgres_url, question.__qualname__, names
        if known not in _yes and question(storage, *names):
            _yes.add(known)
        return known in _yes

    return answer


_yes: set[tuple[str, str, tuple[str, ...]]] = set()


class _LastingRuns(PostgresRunStorage):
    """Remembers what the tables of the runs have."""

    has_run_stats_index_cols = _lasting(PostgresRunStorage.has_run_stats_index_cols)
    has_bulk_actions_selector_cols = _lasting(PostgresRunStorage.has_bulk_actions_selector_cols)
    has_backfill_id_column = _lasting(PostgresRunStorage.has_backfill_id_column)
    has_bulk_action_job_name_column = _lasting(PostgresRunStorage.has_bulk_action_job_name_column)
    has_backfill_tags_table = _lasting(PostgresRunStorage.has_backfill_tags_table)
    has_built_index = _lasting(PostgresRunStorage.has_built_index)


class _LastingSchedules(PostgresScheduleStorage):
    """Remembers what the tables of the ticks have."""

    has_instigators_table = _lasting(PostgresScheduleStorage.has_instigators_table)
    has_secondary_index_table = _lasting(PostgresScheduleStorage.has_secondary_index_table)
    has_built_index = _lasting(PostgresScheduleStorage.has_built_index)

    def _has_instigators_table(self, conn: Connection) -> bool:
        """Answer the question that Dagster asks with a connection in its hand, before it writes the state of a tick."""
        known = self.postgres_url, PostgresScheduleStorage.has_instigators_table.__qualname__, ()
        return known in _yes or super()._has_instigators_table(conn)


class _PooledStorage(DagsterPostgresStorage):
    """Shares the process's connections: Dagster's own storage opens one for each statement, dozens in each tick.

    Dagster cannot keep connections, because each tick creates its own instance; all of a process share this pool.
    """

    def __init__(self, postgres_url: str, inst_data: ConfigurableClassData | None) -> None:
        super().__init__(postgres_url, should_autocreate_tables=_prepare(postgres_url), inst_data=inst_data)
        use_parts(
            self,
            runs=_LastingRuns(postgres_url, should_autocreate_tables=False),
            events=CalmEventLog(postgres_url, should_autocreate_tables=False),
            schedules=_LastingSchedules(postgres_url, should_autocreate_tables=False),
        )
        use_connections(self, _connections(postgres_url))


@cache
def _prepare(postgres_url: str) -> bool:
    """Create missing tables once in a process; return false, so that Dagster does not do it again."""
    if not _tables_are_given.is_set():
        DagsterPostgresStorage(postgres_url)
    return False


def take_tables_as_given() -> None:
    """Look for no missing tables in this process: it works on a run, which is a row of one of them."""
    _tables_are_given.set()


@cache
def _connections(postgres_url: str) -> Engine:
    engine = create_engine(postgres_url, isolation_level="AUTOCOMMIT", pool_size=2, max_overflow=30)
    sqlalchemy_event.listen(engine, "checkin", _note_use)
    sqlalchemy_event.listen(engine, "checkout", _refuse_ended)
    os.register_at_fork(after_in_child=partial(engine.dispose, close=False))
    _engines.append(engine)
    return engine


def close_connections() -> None:
    """Close what this process keeps open, so that it may fork; what is used afterwards is opened again."""
    for engine in _engines:
        engine.dispose()


def _note_use(_connection: Any, record: ConnectionPoolEntry) -> None:  # noqa: ANN401 - psycopg2 has no types
    record.info["used_at"] = time.monotonic()


def _refuse_ended(connection: Any, record: ConnectionPoolEntry, _proxy: object) -> None:  # noqa: ANN401 - as above
    """Notice a dead connection, for example after a server restart, before it is used."""
    try:
        if may_have_ended(connection.fileno(), used_at=record.info.get("used_at", 0.0)):
            with connection.cursor() as cursor:
                cursor.execute("select")
    except connection.Error as exc:
        raise InvalidatePoolError from exc


@cache
def passing_folder() -> str:
    """Return a temporary folder that is removed when this process ends."""
    folder = tempfile.mkdtemp(prefix="odooops-dagster-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


def with_driver(url: str) -> str:
    """Return the URL for SQLAlchemy with the driver's name: dagster-postgres' notifications fail on psycopg 3."""
    scheme, separator, rest = url.partition("://")
    if not separator or scheme not in {"postgres", "postgresql"}:
        return url
    return f"postgresql+psycopg2://{rest}"
