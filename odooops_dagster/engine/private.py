"""All names that Dagster does not publish; other files import them from here.

`tests/dagster/test_private.py` tests each of them and says what to do if a release of Dagster moves it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dagster._core.storage.base_storage import DagsterStorage
from dagster._core.storage.sqlite_storage import DagsterSqliteStorage
from dagster._core.workspace.context import WorkspaceProcessContext
from dagster._core.workspace.load_target import WorkspaceFileTarget
from dagster._serdes import ConfigurableClassData

if TYPE_CHECKING:
    from dagster_postgres import DagsterPostgresStorage
    from sqlalchemy.engine import Engine

__all__ = [
    "ConfigurableClassData",
    "DagsterSqliteStorage",
    "DagsterStorage",
    "WorkspaceFileTarget",
    "WorkspaceProcessContext",
    "use_connections",
]


def use_connections(storage: DagsterPostgresStorage, engine: Engine) -> None:
    """Give the storage's three parts these connections: Dagster lets only its webserver choose a pool."""
    for part in (storage._run_storage, storage._event_log_storage, storage._schedule_storage):  # noqa: SLF001
        part._engine = engine  # noqa: SLF001
