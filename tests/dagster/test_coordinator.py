"""Runs born in Dagster get their row; runs born in the queue are bound to theirs."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Protocol, cast

import dagster as dg
import pytest
from dagster import SubmitRunContext
from dagster._core.errors import DagsterUserCodeUnreachableError

from odooops_dagster.engine import coordinator as module
from odooops_dagster.engine import tags
from odooops_dagster.engine.coordinator import OdooOpsRunCoordinator, confirmation
from odooops_dagster.errors import BadInput, Conflict
from tests.dagster.maintenance import job
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
    monkeypatch.setattr(module, "this_platform", world.as_platform)
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
    assert stored(world, run).tags[".dagster/ops.environment"] == "shop/feature/cart"


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
    """A code server that is away for a moment costs the run a pause, and none of its attempts."""

    def away(_run_id: str, _workspace: object) -> None:
        raise DagsterUserCodeUnreachableError("no code server")

    monkeypatch.setattr(world.instance, "launch_run", away)
    world.queue()
    run = world.claim()
    with pytest.raises(DagsterUserCodeUnreachableError):
        submit(world.dagster_run(run, dg.DagsterRunStatus.NOT_STARTED))
    assert (world.row(run).status, world.row(run).attempt) == ("queued", 1)
    [waiting] = world.control.runs.queued()
    assert re.fullmatch(
        r"its next try, at [\d:]{8} UTC \(Dagster could not start it: no code server\)", waiting["waits_for"]
    )


def test_a_maintenance_run_starts_at_once_without_a_row(
    world: World, submit: Submit, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It waits neither for a place nor for a partition; a second one of its job is canceled, one of another is not."""
    started: list[str] = []
    monkeypatch.setattr(world.instance, "launch_run", lambda run_id, _workspace: started.append(run_id))
    first, second, other = (of_maintenance(world, name) for name in ("janitor", "janitor", "converge"))
    for run in (first, second, other):
        submit(run)
    assert started == [first.run_id, other.run_id]
    assert stored(world, second).status == dg.DagsterRunStatus.CANCELED
    world.instance.report_run_failed(stored(world, first))
    third = of_maintenance(world, "janitor")
    submit(third)
    assert started[2:] == [third.run_id]
    assert world.control.runs.list() == []


def of_maintenance(world: World, name: str) -> dg.DagsterRun:
    """Return a run of a maintenance job as a schedule's request makes it."""
    return world.instance.create_run_for_job(job(name))


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


def test_a_confirmation_counts_only_where_it_was_given(world: World) -> None:
    """A removal of production that is executed again inherits the tag of the first one, whose production is gone."""
    confirmed = {tags.CONFIRM: "shop/main"}
    first = world.launched(confirmed, status=dg.DagsterRunStatus.NOT_STARTED)
    assert confirmation(first) == {"confirm": "shop/main"}
    again = world.launched(confirmed, status=dg.DagsterRunStatus.NOT_STARTED, parent_run_id=first.run_id)
    assert confirmation(again) == {}
    assert confirmation(world.launched({}, status=dg.DagsterRunStatus.NOT_STARTED)) == {}


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
    "assets", [{"database", "deployment", "backup"}, {"recovery_drill", "deployment"}, {"source", "recovery_drill"}]
)
def test_a_selection_that_no_one_kind_makes_is_refused_with_a_remedy(
    world: World, submit: Submit, assets: set[str]
) -> None:
    """It gets no row: what it would do is nobody's guess."""
    run = born_in_ui(world, assets)
    with pytest.raises(BadInput, match="no one run makes") as caught:
        submit(run)
    assert "materialize those of one kind at a time" in str(caught.value)
    assert world.control.runs.list() == []
    assert tags.fence_of(stored(world, run).tags) is None


def test_some_assets_are_a_run_of_the_kind_that_makes_them(world: World, submit: Submit) -> None:
    """What is asked for in the UI is told in the words of ops.runs."""
    submit(born_in_ui(world, {"source"}))
    [run] = world.control.runs.list()
    assert (run.kind, run.config) == ("build", {"assets": ["source"]})


def born_in_ui(world: World, assets: set[str] | None = None) -> dg.DagsterRun:
    """Return a Dagster run as the UI makes it: all of a job, or some assets."""
    partition = {"dagster/partition": "shop/feature/cart"}
    run = world.launched(partition, status=dg.DagsterRunStatus.NOT_STARTED)
    if assets is None:
        return run
    selection = frozenset(map(dg.AssetKey, assets))
    return run._replace(job_name="__ASSET_JOB", asset_selection=selection)


def stored(world: World, run: dg.DagsterRun) -> dg.DagsterRun:
    """Return the run as Dagster keeps it."""
    found = world.instance.get_run_by_id(run.run_id)
    assert found is not None
    return found
