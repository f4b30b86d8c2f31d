"""Runs born in Dagster get their row; runs born in the queue are bound to theirs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, cast

import dagster as dg
import pytest
from dagster._core.errors import DagsterUserCodeUnreachableError
from dagster._core.run_coordinator.base import SubmitRunContext

from odooops_dagster import coordinator as module
from odooops_dagster import tags
from odooops_dagster.coordinator import OdooOpsRunCoordinator
from odooops_dagster.errors import BadInput, Conflict
from tests.dagster.world import World

if TYPE_CHECKING:
    from dagster._core.workspace.context import BaseWorkspaceRequestContext


class Submit(Protocol):
    """Submits a run, as its person."""

    def __call__(self, run: dg.DagsterRun, *, person: str | None = None) -> dg.DagsterRun:
        """Return the run as it was queued."""


@pytest.fixture
def submit(world: World, monkeypatch: pytest.MonkeyPatch) -> Submit:
    """Return a way to submit a Dagster run through our coordinator."""
    monkeypatch.setattr(module, "control_plane", lambda: world.control)
    coordinator = OdooOpsRunCoordinator()
    coordinator.register_instance(world.instance)

    def submit_run(run: dg.DagsterRun, *, person: str | None = None) -> dg.DagsterRun:
        context = SubmitRunContext(run, workspace=cast("BaseWorkspaceRequestContext", None))
        monkeypatch.setattr(
            SubmitRunContext, "get_request_header", lambda _self, key: {"X-Forwarded-User": person}.get(key)
        )
        return coordinator.submit_run(context)

    return submit_run


def test_a_run_launched_in_the_ui_gets_its_row(world: World, submit: Submit) -> None:
    """The row names the person, says where it came from, and is claimed for this Dagster run."""
    run = submit(born_in_ui(world), person="ada@example.com")
    fence = tags.fence_of(stored(world, run).tags)
    assert fence is not None
    row = world.control.runs.get(fence.run_id)
    assert (row.status, row.trigger, row.requested_by) == ("claimed", "dagster_ui", "ada@example.com")
    assert (row.dagster_run_id, row.kind, row.partition_key) == (run.run_id, "deploy", "shop/feature/cart")


def test_an_enrolled_run_is_queued_with_its_tags(world: World, submit: Submit) -> None:
    """The tag that limits runs per environment is there before Dagster takes the run from its queue."""
    run = submit(born_in_ui(world))
    assert run.status == dg.DagsterRunStatus.QUEUED
    assert stored(world, run).tags["ops/environment"] == "shop/feature/cart"


def test_a_run_without_an_environment_is_refused_with_a_remedy(world: World, submit: Submit) -> None:
    """A launch without a partition has no place in ops.runs."""
    with pytest.raises(BadInput, match="names no environment") as caught:
        submit(world.launched({}, status=dg.DagsterRunStatus.NOT_STARTED))
    assert caught.value.hint is not None


def test_a_run_from_the_queue_is_bound_to_its_row_and_starts(
    world: World, submit: Submit, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The sensor's run keeps its row, no second one is made, and it does not wait again in Dagster's queue."""
    started: list[str] = []
    monkeypatch.setattr(world.instance, "launch_run", lambda run_id, _workspace: started.append(run_id))
    world.queue()
    run = world.claim()
    dagster_run = world.dagster_run(run, dg.DagsterRunStatus.NOT_STARTED)
    submit(dagster_run)
    assert world.row(run).dagster_run_id == dagster_run.run_id
    assert len(world.control.runs.list()) == 1
    assert started == [dagster_run.run_id]


def test_a_run_that_dagster_cannot_start_is_given_back(
    world: World, submit: Submit, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A code server that is away for a moment costs an attempt, not the run."""

    def away(_run_id: str, _workspace: object) -> None:
        raise DagsterUserCodeUnreachableError("no code server")

    monkeypatch.setattr(world.instance, "launch_run", away)
    world.queue()
    run = world.claim()
    with pytest.raises(DagsterUserCodeUnreachableError):
        submit(world.dagster_run(run, dg.DagsterRunStatus.NOT_STARTED))
    assert (world.row(run).status, world.row(run).attempt) == ("queued", 1)


def test_a_re_execution_gets_a_row_of_its_own(world: World, submit: Submit) -> None:
    """It carries its parent's tags, which must not make it write to the parent's row."""
    world.queue()
    parent = world.claim()
    result = world.materialize(parent)
    copied = tags.tags_of(parent) | {"dagster/partition": "shop/feature/cart"}
    again = world.launched(copied, status=dg.DagsterRunStatus.NOT_STARTED, parent_run_id=result.run_id)
    submit(again)
    fence = tags.fence_of(stored(world, again).tags)
    assert fence is not None
    assert fence.run_id != parent.id
    assert world.row(parent).status == "succeeded"


def test_a_busy_environment_refuses_a_second_run(world: World, submit: Submit) -> None:
    """One run at a time works on an environment; the second click is told so."""
    world.queue()
    world.claim()
    with pytest.raises(Conflict):
        submit(born_in_ui(world))


def test_a_stale_run_of_the_queue_is_not_started(world: World, submit: Submit) -> None:
    """A run request that arrives after its claim was given back ends as failed in Dagster; the row stays as it is."""
    world.queue()
    run = world.claim()
    stale = world.dagster_run(run, dg.DagsterRunStatus.NOT_STARTED)
    world.control.runs.requeue(run.id, attempt=run.attempt, reason="test")
    submit(stale)
    assert world.row(run).dagster_run_id is None
    assert stored(world, stale).status == dg.DagsterRunStatus.FAILURE


@pytest.mark.parametrize(
    ("job", "assets", "kind"),
    [
        ("__ASSET_JOB", ["source"], "build"),
        ("__ASSET_JOB", ["source", "image"], "build"),
        ("__ASSET_JOB", ["prod_clone"], "test"),
        ("__ASSET_JOB", ["database"], "test"),
        ("__ASSET_JOB", ["database", "deployment"], "deploy"),
        ("__ASSET_JOB", ["backup"], "backup"),
        ("deploy", [], "deploy"),
        ("clone", [], "clone"),
        ("clone", ["prod_clone", "database", "deployment"], "clone"),
    ],
)
def test_a_selection_amounts_to_a_kind(job: str, assets: list[str], kind: str) -> None:
    """What is asked for in the UI is told in the words of ops.runs."""
    selection = frozenset(dg.AssetKey(name) for name in assets) or None
    run = dg.DagsterRun(job_name=job, run_id="r", asset_selection=selection)
    assert module.kind_of(run) == kind


def born_in_ui(world: World) -> dg.DagsterRun:
    """Return a Dagster run as the UI makes it."""
    return world.launched({"dagster/partition": "shop/feature/cart"}, status=dg.DagsterRunStatus.NOT_STARTED)


def stored(world: World, run: dg.DagsterRun) -> dg.DagsterRun:
    """Return the run as Dagster keeps it."""
    found = world.instance.get_run_by_id(run.run_id)
    assert found is not None
    return found
