"""What Dagster does not publish: each test breaks when a release moves it, and says what to do then."""

from __future__ import annotations

import ast
import importlib.metadata
import importlib.util
import inspect
import signal
from pathlib import Path

import dagster as dg
import pytest
from dagster._cli import api
from dagster._core.definitions.reconstruct import ReconstructableRepository
from dagster._core.storage.tags import TagType, get_tag_type
from dagster._daemon.monitoring import run_monitoring
from dagster._grpc import server_watcher
from dagster_postgres import DagsterPostgresStorage
from sqlalchemy import create_engine
from sqlalchemy.event import listen
from starlette.testclient import TestClient

from odooops_dagster.definitions import definitions
from odooops_dagster.engine import private
from odooops_dagster.engine.fork_launcher import ForkRunLauncher
from odooops_dagster.engine.webserver import dagster_webserver
from tests.servers import PostgresServer

ROOT = Path(__file__).parents[2]
THE_ONE_FILE = ROOT / "odooops_dagster" / "engine" / "private.py"
PRODUCT = [
    path
    for room in ("odooops_dagster", "assets", "sensors", "schedules", "resources")
    for path in (ROOT / room).rglob("*.py")
]


def test_how_often_code_servers_are_asked_can_be_set() -> None:
    """Dagster names no setting; who starts the watching thread leaves the interval to the module's own."""
    assert isinstance(server_watcher.WATCH_INTERVAL, int)
    body = inspect.getsource(server_watcher.watch_grpc_server_thread)
    assert 'watch_interval, "watch_interval", WATCH_INTERVAL)' in body


def private_imports(path: Path) -> list[str]:
    """Return the modules of Dagster that the file imports although their names begin with an underscore."""
    nodes = list(ast.walk(ast.parse(path.read_text())))
    modules = [node.module for node in nodes if isinstance(node, ast.ImportFrom) and node.module and not node.level]
    modules += [f"{node.module}.{a.name}" for node in nodes if isinstance(node, ast.ImportFrom) for a in node.names]
    modules += [alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names]
    return [name for name in modules if name.startswith("dagster") and any(p[:1] == "_" for p in name.split("."))]


def test_only_one_file_imports_what_dagster_does_not_publish() -> None:
    """Move the import to engine/private.py, give it a test below, and look first for a published name in `dagster`."""
    assert [str(path) for path in PRODUCT if path != THE_ONE_FILE and private_imports(path)] == []


@pytest.mark.parametrize(
    "line", ["from dagster._serdes import x", "import dagster._core.storage", "from dagster import _check"]
)
def test_the_search_finds_every_form_of_import(tmp_path: Path, line: str) -> None:
    """The test above would see it."""
    file = tmp_path / "module.py"
    file.write_text(f"def f():\n    {line}\n")
    assert private_imports(file)


def test_a_tag_with_the_hidden_prefix_is_shown_on_no_page() -> None:
    """If it is: look how dagster._core.storage.tags.get_tag_type tells hidden tags now."""
    assert get_tag_type(f"{private.HIDDEN_TAG_PREFIX}ops.run_id") == TagType.HIDDEN  # type: ignore[no-untyped-call]
    assert get_tag_type("run") != TagType.HIDDEN  # type: ignore[no-untyped-call]


def test_the_storage_without_a_url_is_dagsters_own() -> None:
    """If it moves: take the class that `DagsterInstance.ephemeral` or dagster.yaml's `sqlite` entry names."""
    method = private.DagsterSqliteStorage.from_local
    assert next(iter(inspect.signature(method).parameters)) == "base_dir"
    assert issubclass(private.DagsterSqliteStorage, private.DagsterStorage)


def test_a_storage_is_made_from_its_entry_in_dagster_yaml() -> None:
    """If it changes: copy the new signature of `DagsterPostgresStorage.from_config_value` into PlatformStorage."""
    assert issubclass(DagsterPostgresStorage, private.DagsterStorage)
    assert list(inspect.signature(DagsterPostgresStorage.from_config_value).parameters) == ["inst_data", "config_value"]
    assert private.ConfigurableClassData._fields[:2] == ("module_name", "class_name")


def test_the_three_parts_of_a_storage_use_the_connections_they_are_given(postgres_server: PostgresServer) -> None:
    """If it fails: read where the parts' `_connect` gets its engine, or use a pool that Dagster now offers."""
    with postgres_server.fresh_database(migrated=False) as url:
        with_driver = url.replace("postgresql://", "postgresql+psycopg2://", 1)
        storage = DagsterPostgresStorage(with_driver, should_autocreate_tables=True)
        engine = create_engine(with_driver, isolation_level="AUTOCOMMIT")
        seen: list[str] = []
        listen(engine, "before_cursor_execute", lambda _c, _cursor, statement, *_: seen.append(statement))
        private.use_connections(storage, engine)
        try:
            for read in (
                storage.run_storage.get_runs_count,
                storage.event_log_storage.all_asset_keys,
                storage.schedule_storage.all_instigator_state,
            ):
                seen.clear()
                read()
                assert seen
        finally:
            engine.dispose()


def test_a_run_is_worked_on_in_the_process_that_asks() -> None:
    """If it moves: do what the command `dagster api execute_run` does with a run's id."""
    assert list(inspect.signature(api._execute_run_command_body).parameters) == [  # noqa: SLF001 - the tested name
        *("run_id", "instance", "write_stream_fn", "set_exit_code_on_failure"),
    ]
    with private.capture_interrupts():
        signal.raise_signal(signal.SIGINT)


def test_definitions_are_loaded_once_for_all_runs_of_a_process() -> None:
    """If it fails: each forked run builds them again; read how a run's process gets the definition of its job."""
    assert "deploy" in private.load_definitions("odooops_dagster.definitions", "definitions")
    loaded = definitions()
    job = loaded.get_repository_def().get_job("deploy")
    assert definitions() is loaded
    assert (
        ReconstructableRepository.for_module("odooops_dagster.definitions", "definitions")
        .get_definition()
        .get_job("deploy")
        is job
    )


def test_the_run_monitor_asks_our_launcher() -> None:
    """If it fails: read what `monitor_started_run` asks a launcher, and which answers let a run go on."""
    assert private.LaunchRunContext._fields[:1] == ("dagster_run",)
    body = inspect.getsource(run_monitoring.monitor_started_run)
    assert "supports_check_run_worker_health" in body
    assert "check_health_result.status not in [WorkerStatus.RUNNING, WorkerStatus.SUCCESS]" in body
    assert private.CheckRunHealthResult(private.WorkerStatus.FAILED, "x").msg == "x"


def test_the_launcher_overrides_what_dagster_calls() -> None:
    """If it fails: copy the new signatures of `DefaultRunLauncher` into ForkRunLauncher."""
    for name in ("launch_run", "terminate", "check_run_worker_health"):
        ours, theirs = (inspect.signature(getattr(kind, name)) for kind in (ForkRunLauncher, dg.DefaultRunLauncher))
        assert list(ours.parameters) == list(theirs.parameters)


def test_the_daemon_is_started_by_its_module() -> None:
    """If it moves: start the module that the command `dagster-daemon` names, in local/programs.py."""
    [command] = importlib.metadata.entry_points(group="console_scripts", name="dagster-daemon")
    assert command.value.split(":")[0].startswith("dagster._daemon")
    assert importlib.util.find_spec("dagster._daemon.__main__") is not None


def test_the_webserver_is_an_application(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """If it fails: read how the command `dagster-webserver` makes its context and its application."""
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path))
    (tmp_path / "workspace.yaml").write_text("load_from: []\n")
    with TestClient(dagster_webserver(tmp_path / "workspace.yaml")) as client:
        assert client.get("/server_info").json()["dagster_webserver_version"] == importlib.metadata.version("dagster")
        assert client.post("/graphql", json={"query": "{ version }"}).json()["data"]["version"]


def test_the_coordinator_reaches_its_instance() -> None:
    """If it fails: read how `QueuedRunCoordinator.submit_run` now reaches the instance."""
    coordinator = dg.QueuedRunCoordinator()
    with dg.DagsterInstance.ephemeral() as instance:
        coordinator.register_instance(instance)
        assert coordinator._instance is instance  # noqa: SLF001 - this is what is tested


def test_an_answer_names_the_materialization_that_it_is_about() -> None:
    """If it moves: look what `AssetCheckResult.to_asset_check_evaluation` gives as `target_materialization_data`."""
    with dg.DagsterInstance.ephemeral() as instance:
        instance.report_runless_asset_event(dg.AssetMaterialization("thing"))
        [record] = instance.fetch_materializations(dg.AssetKey("thing"), limit=1).records
        about = private.checked_materialization(record)
        assert (about.storage_id, about.run_id) == (record.storage_id, record.run_id)
        evaluation = dg.AssetCheckEvaluation(
            asset_key=dg.AssetKey("thing"),
            check_name="good",
            passed=True,
            metadata={},
            target_materialization_data=about,
        )
        instance.report_runless_asset_event(evaluation)
        key = dg.AssetCheckKey(dg.AssetKey("thing"), "good")
        [told] = instance.event_log_storage.get_asset_check_execution_history(key, limit=1)
        assert told.event is not None
