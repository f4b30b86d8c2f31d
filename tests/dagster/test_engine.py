"""The Dagster side end to end: a real daemon, code server and webserver over a real control plane."""

from __future__ import annotations

import signal
from collections.abc import Iterator

import dagster as dg
import psutil
import pytest

from odooops_dagster.model import Run
from tests.dagster.engine import Engine, engine, until
from tests.dagster.world import WAIT
from tests.platform_logins import by_job
from tests.servers import PostgresServer, as_user, state_folder

pytestmark = [pytest.mark.stack, pytest.mark.timeout(1200)]

LAUNCH = """
mutation Launch($parameters: ExecutionParams!) {
  launchPipelineExecution(executionParams: $parameters) {
    __typename
    ... on LaunchRunSuccess { run { runId } }
    ... on PythonError { message }
  }
}
"""


@pytest.fixture(scope="module")
def dagster(postgres_server: PostgresServer) -> Iterator[Engine]:
    """Yield a running engine that the module's tests share."""
    with (
        state_folder("engine") as home,
        postgres_server.fresh_database() as database,
        postgres_server.fresh_database(migrated=False) as storage,
        by_job(database, postgres_server) as control,
        engine(
            home,
            control=control,
            control_url=as_user(database, "ops_worker", postgres_server),
            dagster_url=storage,
        ) as running,
    ):
        yield running


def test_a_queued_row_becomes_a_finished_run(dagster: Engine) -> None:
    """Queued in Postgres, claimed by the sensor, run by Dagster, ended in Postgres with its log and lineage."""
    run = dagster.wait(dagster.queue("feature/one"), "succeeded", "failed")
    assert (run.status, run.error_message) == ("succeeded", None)
    assert len(dagster.control.lineage.list(run.id)) == 4
    lines = [row["message"] for row in dagster.control.logs.tail(run.id)]
    assert "source of shop/feature/one" in lines
    assert dagster.control.runs.verify_chain(run.id)


def test_a_failed_check_stops_the_run_before_the_deployment(dagster: Engine) -> None:
    """The row says which check and why; no deployment is on record."""
    run = dagster.wait(dagster.queue("feature/two", failing_check="log_clean"), "succeeded", "failed")
    assert (run.status, run.error_message) == ("failed", "log_clean: 1 of 3")
    assert {row["asset_key"] for row in dagster.control.lineage.list(run.id)} == {"source", "image"}


def test_a_cancel_in_postgres_ends_the_working_run(dagster: Engine) -> None:
    """The step is interrupted and its process goes."""
    run = dagster.wait(dagster.queue("feature/three", image=300), "running")
    process = dagster.process_of(run)
    dagster.control.runs.cancel(run.id, reason="changed my mind", requested_by="ada")
    assert dagster.wait(run, "canceled", "failed", "succeeded").status == "canceled"
    until(process.is_gone, "the run's process is gone")


def test_a_killed_run_process_ends_its_row(dagster: Engine) -> None:
    """Dagster sees its worker die; the row is ended within the two minutes that are promised."""
    run = dagster.wait(dagster.queue("feature/four", image=300), "running")
    psutil.Process(dagster.process_of(run).pid).kill()
    ended = dagster.wait(run, "failed", "canceled", "succeeded")
    assert ended.status == "failed"
    assert "SIGKILL" in str(ended.error_message)


def test_a_launch_in_the_ui_is_enrolled(dagster: Engine) -> None:
    """The row of a run launched over GraphQL names the person and ends as the run does."""
    dagster.wait(dagster.queue("feature/five"), "succeeded")
    answer = dagster.graphql(LAUNCH, {"parameters": launch("shop/feature/five")}, person="ada@example.com")
    dagster_run_id = answer["launchPipelineExecution"]["run"]["runId"]
    row = enrolled(dagster, dagster_run_id)
    assert (row.trigger, row.requested_by, row.kind) == ("dagster_ui", "ada@example.com", "deploy")
    assert dagster.wait(row, "succeeded", "failed").status == "succeeded"


@pytest.mark.parametrize(
    ("assets", "why"),
    [
        (
            ("database", "deployment", "backup"),
            "no one run makes backup, database, deployment\nmaterialize those of one",
        ),
        (("deployment",), "has data: a deployment would start from an empty database"),
    ],
)
def test_a_selection_that_would_harm_production_is_refused_in_the_ui(
    dagster: Engine, assets: tuple[str, ...], why: str
) -> None:
    """Materialize says why and what to do, no row is made, and production serves what it served."""
    if serving(dagster) is None:
        dagster.wait(dagster.queue("main"), "succeeded")
    before, runs = serving(dagster), len(dagster.control.runs.list("shop"))
    answer = dagster.graphql(LAUNCH, {"parameters": launch("shop/main", assets)}, person="ada@example.com")
    assert why in answer["launchPipelineExecution"]["message"]
    assert serving(dagster) == before is not None
    assert len(dagster.control.runs.list("shop")) == runs


def test_the_job_that_destroys_spares_a_production_that_nobody_named(dagster: Engine) -> None:
    """Who starts it on all partitions is told what to say, and what served still serves."""
    if serving(dagster) is None:
        dagster.wait(dagster.queue("main"), "succeeded")
    before = serving(dagster)
    answer = dagster.graphql(LAUNCH, {"parameters": launch("shop/main", job="destroy")}, person="ada@example.com")
    assert "in Dagster the tag ops/confirm=shop/main" in answer["launchPipelineExecution"]["message"]
    assert serving(dagster) == before is not None


def test_a_run_outlives_daemon_code_server_and_the_program_that_forked_it(dagster: Engine) -> None:
    """All three are killed and come back: its first attempt goes on, and a cancel still reaches the next one."""
    run = dagster.wait(dagster.queue("feature/six", image=WAIT), "running")
    process = dagster.process_of(run)
    for name in ("daemon", "code", "runs"):
        dagster.end(name, signal.SIGKILL)
    assert not process.is_gone()
    dagster.start()
    dagster.let_go_on("feature/six")
    ended = dagster.wait(run, "succeeded", "failed")
    assert (ended.status, ended.attempt) == ("succeeded", 1)
    assert dagster.control.runs.verify_chain(run.id)


def test_a_run_that_died_with_the_program_that_forked_it_is_given_back_and_done_again(dagster: Engine) -> None:
    """Nobody tells Dagster; the dead process is found when the lease is over, and the second attempt succeeds."""
    run = dagster.wait(dagster.queue("feature/eight", image=WAIT), "running")
    process = dagster.process_of(run)
    dagster.end("runs", signal.SIGKILL)
    process.send(signal.SIGKILL)
    dagster.let_go_on("feature/eight")
    dagster.start()
    ended = dagster.wait(run, "succeeded", "failed")
    assert (ended.status, ended.attempt) == ("succeeded", 2)
    assert dagster.control.runs.verify_chain(run.id)


def test_without_the_program_that_forks_runs_the_code_server_starts_them(dagster: Engine) -> None:
    """The run's events say why; a run that died with its code server is given back as well."""
    dagster.end("runs", signal.SIGKILL)
    try:
        run = dagster.wait(dagster.queue("feature/nine", image=WAIT), "running")
        dagster.process_of(run)
        dagster_run_id = str(dagster.control.runs.get(run.id).dagster_run_id)
        with dagster.instance() as instance:
            events = instance.all_logs(dagster_run_id, of_type=dg.DagsterEventType.ENGINE_EVENT)
        said = [entry.dagster_event.message or "" for entry in events if entry.dagster_event is not None]
        assert any(message.startswith("The code server starts the run: the program") for message in said)
        dagster.end("code", signal.SIGKILL)
    finally:
        dagster.let_go_on("feature/nine")
        dagster.start()
    ended = dagster.wait(run, "succeeded", "failed")
    assert (ended.status, ended.attempt) == ("succeeded", 2)


def test_a_maintenance_job_runs_beside_the_queue(dagster: Engine) -> None:
    """It needs no partition, succeeds while pushes work, and has no row in ops.runs."""
    run = dagster.wait(dagster.queue("feature/seven", image=WAIT), "running")
    answer = dagster.graphql(LAUNCH, {"parameters": launch(None, job="artifact_expiry")}, person="ada@example.com")
    dagster_run_id = answer["launchPipelineExecution"]["run"]["runId"]
    with dagster.instance() as instance:

        def ended() -> bool:
            found = instance.get_run_by_id(dagster_run_id)
            return found is not None and found.is_finished

        until(ended, "the job has ended")
        found = instance.get_run_by_id(dagster_run_id)
        assert found is not None
        assert found.is_success
    assert dagster.control.runs.get(run.id).status == "running"
    dagster.let_go_on("feature/seven")
    assert all(row.dagster_run_id != dagster_run_id for row in dagster.control.runs.list("shop"))
    assert dagster.wait(run, "succeeded", "failed").status == "succeeded"


def launch(partition_key: str | None, assets: tuple[str, ...] = (), *, job: str = "deploy") -> dict[str, object]:
    """Return what the UI sends to launch a job on one partition, or Materialize of some assets."""
    selected = {"assetSelection": [{"path": [name]} for name in assets]} if assets else {}
    return {
        "selector": {
            "pipelineName": "__ASSET_JOB" if assets else job,
            "repositoryName": "__repository__",
            "repositoryLocationName": "odooops",
            **selected,
        },
        "mode": "default",
        "executionMetadata": {"tags": [{"key": "dagster/partition", "value": partition_key}] if partition_key else []},
    }


def serving(dagster: Engine) -> str | None:
    """Return the database that production serves."""
    found = [e.database_name for e in dagster.control.environments.list("shop") if e.partition_key == "shop/main"]
    return found[0] if found else None


def enrolled(dagster: Engine, dagster_run_id: str) -> Run:
    """Return the row of a Dagster run."""

    def rows() -> list[Run]:
        return [run for run in dagster.control.runs.list("shop") if run.dagster_run_id == dagster_run_id]

    until(rows, "the launched run has its row")
    return rows()[0]
