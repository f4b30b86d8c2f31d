"""All names that Dagster does not publish; other files import them from here.

`tests/dagster/test_private.py` tests each of them and says what to do if a release of Dagster moves it.
"""

from __future__ import annotations

from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from dagster import AssetCheckEvaluation, AssetMaterialization, DagsterEvent, DagsterEventType
from dagster._cli.api import _execute_run_command_body
from dagster._core.definitions.asset_checks.asset_check_evaluation import (
    AssetCheckEvaluationTargetMaterializationData,
)
from dagster._core.definitions.reconstruct import ReconstructableRepository
from dagster._core.errors import DagsterUserCodeProcessError
from dagster._core.events import StepMaterializationData
from dagster._core.instance.ref import InstanceRef
from dagster._core.launcher.base import CheckRunHealthResult, LaunchRunContext, WorkerStatus
from dagster._core.storage.base_storage import DagsterStorage
from dagster._core.storage.sqlite_storage import DagsterSqliteStorage
from dagster._core.storage.tags import HIDDEN_TAG_PREFIX
from dagster._core.workspace.context import WorkspaceProcessContext
from dagster._core.workspace.load_target import WorkspaceFileTarget
from dagster._grpc import server_watcher
from dagster._serdes import ConfigurableClassData
from dagster._utils.interrupts import capture_interrupts
from dagster_shared.error import SerializableErrorInfo

if TYPE_CHECKING:
    from dagster import DagsterInstance, EventLogRecord
    from dagster_postgres import (
        DagsterPostgresStorage,
        PostgresEventLogStorage,
        PostgresRunStorage,
        PostgresScheduleStorage,
    )
    from sqlalchemy.engine import Engine

__all__ = [
    "HIDDEN_TAG_PREFIX",
    "CheckRunHealthResult",
    "ConfigurableClassData",
    "DagsterSqliteStorage",
    "DagsterStorage",
    "DagsterUserCodeProcessError",
    "InstanceRef",
    "LaunchRunContext",
    "SerializableErrorInfo",
    "WorkerStatus",
    "WorkspaceFileTarget",
    "WorkspaceProcessContext",
    "capture_interrupts",
    "checked_materialization",
    "import_for_programs",
    "load_definitions",
    "load_instance_settings",
    "report_in_run",
    "use_connections",
    "use_parts",
    "watch_servers_every",
    "work_on_run",
]


# Modules that an instance imports only when it is made.
_IMPORTED_BY_INSTANCES = ("psycopg2.extras", "upath.implementations.local", "dagster._core.instance.factory")

# What daemon, code server and webserver import when they start, and at their first tick or request.
_IMPORTED_BY_PROGRAMS = (
    "dagster._cli.api",
    "dagster._daemon.cli",
    "dagster._grpc.server",
    "dagster._grpc.client",
    "dagster._grpc.server_watcher",
    "dagster._api.get_server_id",
    "dagster._api.list_repositories",
    "dagster._api.snapshot_execution_plan",
    "dagster._api.snapshot_repository",
    "dagster._api.snapshot_sensor",
    "dagster._core.instance.runs.run_domain",
    "dagster._core.storage.migration.utils",
    "grpc._channel",
    "grpc._server",
)


def import_for_programs() -> None:
    """Import what Dagster's programs need; one that a version does not have is imported by nobody."""
    for module in _IMPORTED_BY_PROGRAMS:
        with suppress(ImportError):
            import_module(module)


def watch_servers_every(seconds: int) -> None:
    """Ask code servers so often whether they are still the same, in daemon and webserver: Dagster asks each second."""
    server_watcher.WATCH_INTERVAL = seconds


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


def report_in_run(instance: DagsterInstance, run_id: str, event: AssetMaterialization | AssetCheckEvaluation) -> None:
    """Report the event as one of the run: Dagster publishes only how to report one of no run."""
    run = instance.get_run_by_id(run_id)
    if run is None:
        return
    is_check = isinstance(event, AssetCheckEvaluation)
    kind = DagsterEventType.ASSET_CHECK_EVALUATION if is_check else DagsterEventType.ASSET_MATERIALIZATION
    told = DagsterEvent(
        event_type_value=kind.value,
        job_name=run.job_name,
        event_specific_data=event if isinstance(event, AssetCheckEvaluation) else StepMaterializationData(event),
        message=event.description,
    )
    instance.report_dagster_event(told, run_id=run_id)


def checked_materialization(record: EventLogRecord) -> AssetCheckEvaluationTargetMaterializationData:
    """Return the materialization as an answer names it: Dagster counts only an answer for the newest one."""
    return AssetCheckEvaluationTargetMaterializationData(
        storage_id=record.storage_id, run_id=record.run_id, timestamp=record.timestamp
    )


def use_connections(storage: DagsterPostgresStorage, engine: Engine) -> None:
    """Give the storage's three parts these connections: Dagster lets only its webserver choose a pool."""
    for part in (storage._run_storage, storage._event_log_storage, storage._schedule_storage):  # noqa: SLF001
        part._engine = engine  # noqa: SLF001


def use_parts(
    storage: DagsterPostgresStorage,
    *,
    runs: PostgresRunStorage,
    events: PostgresEventLogStorage,
    schedules: PostgresScheduleStorage,
) -> None:
    """Give the storage these parts: Dagster names no other way to other classes."""
    storage._run_storage = runs  # noqa: SLF001
    storage._event_log_storage = events  # noqa: SLF001
    storage._schedule_storage = schedules  # noqa: SLF001
