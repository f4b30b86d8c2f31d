"""The storage of Dagster's history: the platform's PostgreSQL, with the driver that dagster-postgres needs."""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
from collections.abc import Mapping
from functools import cache, partial
from threading import Event
from typing import TYPE_CHECKING, Any

from dagster_postgres import DagsterPostgresStorage
from sqlalchemy import create_engine

from odooops_dagster.engine.private import (
    ConfigurableClassData,
    DagsterSqliteStorage,
    DagsterStorage,
    use_connections,
)
from odooops_dagster.errors import BadInput

if TYPE_CHECKING:
    from sqlalchemy.engine import Engine


_tables_are_given = Event()


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


class _PooledStorage(DagsterPostgresStorage):
    """Shares the process's connections: Dagster's own storage opens one for each statement, dozens in each tick.

    Dagster cannot keep connections, because each tick creates its own instance; all of a process share this pool.
    """

    def __init__(self, postgres_url: str, inst_data: ConfigurableClassData | None) -> None:
        super().__init__(postgres_url, should_autocreate_tables=_prepare(postgres_url), inst_data=inst_data)
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
    # The ping notices a dead connection, for example after a server restart, before it is used.
    engine = create_engine(postgres_url, isolation_level="AUTOCOMMIT", pool_size=2, max_overflow=30, pool_pre_ping=True)
    os.register_at_fork(after_in_child=partial(engine.dispose, close=False))
    return engine


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
