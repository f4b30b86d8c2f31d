"""Whose process works on a run, and what becomes of a run whose process is gone."""

from __future__ import annotations

import dagster as dg
import pytest

from odooops_dagster.engine import fork_launcher as module
from odooops_dagster.engine import tags
from odooops_dagster.engine.fork_client import Refused
from odooops_dagster.engine.fork_launcher import ForkRunLauncher, forked_process, request_of
from odooops_dagster.engine.private import WorkerStatus
from odooops_dagster.engine.processes import Process
from odooops_dagster.model import Run
from tests.dagster.test_reconciler import GONE, expire_leases, mend, start, status
from tests.dagster.world import World


@pytest.fixture
def launcher(world: World, monkeypatch: pytest.MonkeyPatch) -> ForkRunLauncher:
    """Return our launcher on the world's instance."""
    monkeypatch.setattr(module, "this_platform", world.as_platform)
    made = ForkRunLauncher()
    made.register_instance(world.instance)
    return made


def test_a_living_process_is_healthy(world: World, launcher: ForkRunLauncher) -> None:
    """Whatever its lease says: its heartbeat may be late."""
    run = at_work(world, world_run(world), Process.current())
    assert launcher.check_run_worker_health(run).status == WorkerStatus.RUNNING


def test_a_run_of_another_launcher_is_left_to_it(world: World, launcher: ForkRunLauncher) -> None:
    """Nobody has named its process: the reconciler watches it."""
    run = world.dagster_run(world_run(world), dg.DagsterRunStatus.STARTED, **{tags.PROCESS: str(GONE)})
    assert launcher.check_run_worker_health(run).status == WorkerStatus.RUNNING


def test_a_process_that_is_gone_fails_its_run_after_the_lease(
    world: World, launcher: ForkRunLauncher, database: str
) -> None:
    """Before that, what forked it may report how it died. The row is given back first, and does not fail with it."""
    row = world_run(world)
    run = at_work(world, row, GONE)
    assert launcher.check_run_worker_health(run).status == WorkerStatus.RUNNING
    assert world.row(row).status == "running"
    expire_leases(database)
    assert launcher.check_run_worker_health(run).status == WorkerStatus.FAILED
    assert world.row(row).status == "queued"
    world.instance.report_run_failed(run)
    mend(world)
    assert (world.row(row).status, status(world, run)) == ("queued", dg.DagsterRunStatus.FAILURE)


def test_a_run_without_a_row_fails_at_once(world: World, launcher: ForkRunLauncher) -> None:
    """A maintenance job waits for no lease: the next run of it may start."""
    run = world.launched({}, status=dg.DagsterRunStatus.STARTED)
    world.instance.add_run_tags(run.run_id, {tags.FORKED: f"{run.run_id}@{GONE}"})
    assert launcher.check_run_worker_health(stored(world, run)).status == WorkerStatus.FAILED


def test_a_row_that_another_attempt_owns_stays_as_it_is(world: World, launcher: ForkRunLauncher, database: str) -> None:
    """The run of the attempt before it may fail."""
    row = world_run(world)
    run = at_work(world, row, GONE)
    expire_leases(database)
    world.control.runs.requeue(row.id, attempt=row.attempt, reason="test")
    again = world.claim()
    assert launcher.check_run_worker_health(run).status == WorkerStatus.FAILED
    assert (world.row(again).status, world.row(again).attempt) == ("claimed", 2)


def test_a_re_execution_does_not_take_its_parents_process_for_its_own(world: World) -> None:
    """It inherits the tag; to end it must not end the parent."""
    parent = at_work(world, world_run(world), Process.current())
    child = world.launched(parent.tags, status=dg.DagsterRunStatus.STARTED, parent_run_id=parent.run_id)
    assert forked_process(parent) == Process.current()
    assert forked_process(child) is None


def test_a_run_whose_job_no_module_defines_is_not_forked(world: World) -> None:
    """The program that forks could not know that it has imported what the run needs."""
    with pytest.raises(Refused, match="not defined by a module"):
        request_of(world.launched({}, status=dg.DagsterRunStatus.STARTING))


def world_run(world: World) -> Run:
    """Return a claimed row."""
    world.queue()
    return world.claim()


def at_work(world: World, row: Run, process: Process) -> dg.DagsterRun:
    """Return the row's Dagster run at work in a forked process."""
    run = world.dagster_run(row, dg.DagsterRunStatus.STARTED)
    world.instance.add_run_tags(run.run_id, {tags.FORKED: f"{run.run_id}@{process}"})
    start(world, run)
    return stored(world, run)


def stored(world: World, run: dg.DagsterRun) -> dg.DagsterRun:
    """Return the run as Dagster has it now."""
    found = world.instance.get_run_by_id(run.run_id)
    assert found is not None
    return found
