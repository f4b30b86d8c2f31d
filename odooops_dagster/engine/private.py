"""All names that Dagster does not publish; other files import them from here.

`tests/dagster/test_private.py` tests each of them and says what to do if a release of Dagster moves it.
"""

from __future__ import annotations

from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from dagster._cli.api import _execute_run_command_body
from dagster._core.definitions.reconstruct import ReconstructableRepository
from dagster._core.instance.ref import InstanceRef
from dagster._core.launcher.base import CheckRunHealthResult, LaunchRunContext, WorkerStatus
from dagster._core.storage.base_storage import DagsterStorage
from dagster._core.storage.sqlite_storage import DagsterSqliteStorage
from dagster._core.workspace.context import WorkspaceProcessContext
from dagster._core.workspace.load_target import WorkspaceFileTarget
from dagster._serdes import ConfigurableClassData
from dagster._utils.interrupts import capture_interrupts

if TYPE_CHECKING:
    from dagster import DagsterInstance
    from dagster_postgres import DagsterPostgresStorage
    from sqlalchemy.engine import Engine

__all__ = [
    "CheckRunHealthResult",
    "ConfigurableClassData",
    "DagsterSqliteStorage",
    "DagsterStorage",
    "InstanceRef",
    "LaunchRunContext",
    "WorkerStatus",
    "WorkspaceFileTarget",
    "WorkspaceProcessContext",
    "capture_interrupts",
    "load_definitions",
    "load_instance_settings",
    "use_connections",
    "work_on_run",
]


# What an instance imports only when it is made.
_IMPORTED_BY_INSTANCES = ("psycopg2.extras", "upath.implementations.local", "dagster._core.instance.factory")


def load_definitions(module: str, attribute: str) -> list[str]:
    """Load all definitions as a run's process does, and return the names of their jobs."""
    repository = ReconstructableRepository.for_module(module, attribute).get_definition()
    repository.load_all_definitions()
    return list(repository.job_names)


def load_instance_settings(home: Path) -> InstanceRef:
    """Read dagster.yaml in the folder, import what its instance needs, and return what makes the instance."""
    settings = InstanceRef.from_dir(str(home))
    named = [part.module_name for part in settings if isinstance(part, ConfigurableClassData)]
    for module in (*named, *_IMPORTED_BY_INSTANCES):
        with suppress(ImportError):  # an instance that needs it says so better
            import_module(module)
    return settings


def work_on_run(instance: DagsterInstance, run_id: str) -> None:
    """Work on the run in this process, as `dagster api execute_run` does; its errors are events of the run."""
    _execute_run_command_body(run_id, instance, lambda _event: None, set_exit_code_on_failure=False)


def use_connections(storage: DagsterPostgresStorage, engine: Engine) -> None:
    """Give the storage's three parts these connections: Dagster lets only its webserver choose a pool."""
    for part in (storage._run_storage, storage._event_log_storage, storage._schedule_storage):  # noqa: SLF001
        part._engine = engine  # noqa: SLF001
