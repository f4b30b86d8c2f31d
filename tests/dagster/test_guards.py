"""What we rely on in Dagster beyond its documented interface; each breaks here first when a version changes it."""

from __future__ import annotations

import inspect
import logging
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
import yaml
from dagster._core.log_manager import LOG_RECORD_EVENT_ATTR, LOG_RECORD_METADATA_ATTR
from dagster._daemon import sensor as sensor_daemon
from dagster_docker import DockerRunLauncher

from odooops_dagster.engine.waiting import WAIT_SECONDS
from tests.dagster.world import deploy_job
from tests.servers import PostgresServer

ROOT = Path(__file__).parents[2]


def test_the_coordinator_overrides_what_dagster_calls() -> None:
    """submit_run takes one context, whose run and headers we read."""
    assert list(inspect.signature(dg.QueuedRunCoordinator.submit_run).parameters) == ["self", "context"]
    assert dg.SubmitRunContext._fields == ("dagster_run", "workspace")
    assert list(inspect.signature(dg.SubmitRunContext.get_request_header).parameters) == ["self", "key"]


def test_a_run_is_launched_with_its_workspace() -> None:
    """The coordinator starts the queue's runs itself, as Dagster's own does that has no queue."""
    assert list(inspect.signature(dg.DagsterInstance.launch_run).parameters) == ["self", "run_id", "workspace"]


def test_a_waiting_tick_ends_before_dagster_looks_again() -> None:
    """The daemon looks at sensors in a fixed rhythm; nobody waits for work between a tick's end and its next look."""
    assert 0 < -WAIT_SECONDS % sensor_daemon.MIN_INTERVAL_LOOP_TIME <= 1


def test_a_real_ticks_log_key_ends_with_its_number() -> None:
    """That is how a dry run is told from a real tick."""
    body = inspect.getsource(sensor_daemon.SensorLaunchContext.log_key.fget)  # type: ignore[attr-defined]
    assert "self.tick_id" in body


def test_log_records_carry_what_the_handler_reads() -> None:
    """dagster_meta holds the run's tags, the step and the bare message; dagster_event the event."""
    assert (LOG_RECORD_METADATA_ATTR, LOG_RECORD_EVENT_ATTR) == ("dagster_meta", "dagster_event")
    seen: list[logging.LogRecord] = []
    with dg.instance_for_test() as instance:
        handler = _Collector(seen)
        instance.get_handlers = lambda: [handler]  # type: ignore[method-assign]

        @dg.op
        def speak(context) -> None:  # type: ignore[no-untyped-def] # noqa: ANN001 - Dagster refuses a quoted annotation
            context.log.info("a word")

        @dg.job
        def talk() -> None:
            speak()

        talk.execute_in_process(instance=instance, tags={"ops/run_id": "x"})
    said = next(record for record in seen if getattr(record, "dagster_meta", {}).get("orig_message") == "a word")
    meta: dict[str, Any] = said.dagster_meta  # type: ignore[attr-defined]
    assert (meta["job_tags"]["ops/run_id"], meta["step_key"]) == ("x", "speak")
    assert not hasattr(said, "dagster_event")
    assert any(hasattr(record, "dagster_event") for record in seen)


def test_dagsters_storage_round_trips_through_postgres(postgres_server: PostgresServer, tmp_path: Path) -> None:
    """The driver that SQLAlchemy picks must be the one that dagster-postgres was written for."""
    with postgres_server.fresh_database(migrated=False) as url:
        config = {"storage": {"postgres": {"postgres_url": url}}, "telemetry": {"enabled": False}}
        (tmp_path / "dagster.yaml").write_text(yaml.safe_dump(config))
        with dg.DagsterInstance.from_config(str(tmp_path)) as instance:
            result = deploy_job().execute_in_process(instance=instance, tags={"ops/run_id": "x"})
            instance.add_dynamic_partitions("environments", ["shop/feature/100%25"])
            assert instance.get_dynamic_partitions("environments") == ["shop/feature/100%25"]
            found = instance.get_runs(dg.RunsFilter(tags={"ops/run_id": "x"}))
            assert [run.run_id for run in found] == [result.run_id]


def test_the_shipped_instance_names_classes_that_exist() -> None:
    """dagster.yaml points at our coordinator, launcher and log handler by name."""
    from odooops_dagster.engine.coordinator import OdooOpsRunCoordinator  # noqa: PLC0415 - named by the file under test
    from odooops_dagster.engine.fork_launcher import ForkRunLauncher  # noqa: PLC0415 - the same
    from odooops_dagster.engine.log_handler import RunLogHandler  # noqa: PLC0415 - the same

    config = yaml.safe_load((ROOT / "dagster.yaml").read_text())
    coordinator = config["run_coordinator"]
    assert (coordinator["module"], coordinator["class"]) == (
        OdooOpsRunCoordinator.__module__,
        OdooOpsRunCoordinator.__name__,
    )
    launcher = config["run_launcher"]
    assert (launcher["module"], launcher["class"]) == (ForkRunLauncher.__module__, ForkRunLauncher.__name__)
    [handler] = config["python_logs"]["dagster_handler_config"]["handlers"].values()
    assert handler["class"] == f"{RunLogHandler.__module__}.{RunLogHandler.__name__}"


def test_runs_go_to_docker_by_configuration_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The shipped instance with one more entry starts its runs in containers."""
    monkeypatch.delenv("DAGSTER_HOME", raising=False)
    monkeypatch.delenv("ODOOOPS_DAGSTER_DATABASE_URL", raising=False)
    monkeypatch.setenv("ODOOOPS_MAX_CONCURRENT_RUNS", "2")
    launcher = {"module": "dagster_docker", "class": "DockerRunLauncher", "config": {"image": "odooops:1"}}
    config = yaml.safe_load((ROOT / "dagster.yaml").read_text()) | {"run_launcher": launcher}
    (tmp_path / "dagster.yaml").write_text(yaml.safe_dump(config))
    with dg.DagsterInstance.from_config(str(tmp_path)) as instance:
        assert isinstance(instance.run_launcher, DockerRunLauncher)
        assert instance.run_launcher.image == "odooops:1"


class _Collector(logging.Handler):
    """Keeps the records it is given."""

    def __init__(self, seen: list[logging.LogRecord]) -> None:
        super().__init__(logging.DEBUG)
        self._seen = seen

    def emit(self, record: logging.LogRecord) -> None:
        self._seen.append(record)
