"""A run at work: its row is taken, kept alive, and ended, and what its assets make is on record."""

from __future__ import annotations

import logging
import threading
from secrets import token_hex
from uuid import UUID

import dagster as dg

from odooops_dagster.engine import tags
from odooops_dagster.local.identity import identify
from odooops_dagster.model import Run
from odooops_dagster.tools.postgres.databases import OdooDatabases
from tests.dagster.world import SHA, World, fence_of, image_of
from tests.servers import PostgresServer


def test_a_run_that_makes_every_asset_succeeds_and_deploys(world: World) -> None:
    """All its assets are materialised, the row ends as succeeded, the environment points at the build."""
    world.queue()
    run = world.claim()
    result = world.materialize(run)
    assert result.success
    assert made(result) == {"source", "image", "prod_clone", "database", "deployment"}
    row = world.row(run)
    assert (row.status, row.exit_code, row.dagster_run_id) == ("succeeded", 0, result.run_id)
    assert world.control.environments.get(str(run.partition_key)).image_digest == image_of(SHA)


def test_each_materialisation_leaves_its_lineage(world: World) -> None:
    """A lineage row says what the asset was made from, by data version."""
    world.queue()
    run = world.claim()
    world.materialize(run)
    lineage = {row["asset_key"]: row for row in world.control.lineage.list(run.id)}
    assert lineage["image"]["inputs"] == {"source": run.git_sha, "settings": "settings"}
    assert lineage["deployment"]["inputs"]["image"] == lineage["image"]["data_version"]
    assert lineage["database"]["partition_key"] == run.partition_key


def test_every_check_has_a_row(world: World) -> None:
    """The rows in ops.run_checks are the record of what was asked."""
    world.queue()
    run = world.claim()
    world.materialize(run)
    checks = {row["name"]: row["passed"] for row in world.control.checks.list(run.id)}
    asked = ("modules_installed", "module_tests_passed", "log_clean", "healthy", "prints")
    assert checks == dict.fromkeys(asked, True)


def test_a_failed_blocking_check_stops_the_run_and_says_why_in_one_line(world: World) -> None:
    """No database is recorded as good, nothing is deployed, and the row's error is the check's summary."""
    world.queue(failing_check="module_tests_passed")
    run = world.claim()
    result = world.materialize(run)
    assert not result.success
    assert made(result) == {"source", "image", "prod_clone"}
    asked = [check for check in result.get_asset_check_evaluations() if check.asset_key.path[-1] == "database"]
    assert [check.passed for check in asked] == [True, False, True]
    row = world.row(run)
    assert (row.status, row.error_message) == ("failed", "module_tests_passed: 1 of 3")
    assert world.control.environments.get(str(run.partition_key)).image_digest is None


def test_a_build_that_does_not_answer_leaves_the_old_deployment(world: World) -> None:
    """The environment still points at the first build after the second one was not healthy."""
    world.queue()
    first = world.claim()
    world.materialize(first)
    world.queue(failing_check="healthy")
    second = world.claim()
    world.materialize(second)
    assert world.row(second).error_message == "no answer on /web/login"
    assert world.control.environments.get(str(first.partition_key)).deployed_run_id == first.id


def test_a_step_that_fails_ends_the_row_with_its_reason_in_one_line(world: World) -> None:
    """StepFailed's first line is the row's error; its hint is in the record, and both are the log's last lines."""
    world.queue(source="fail")
    run = world.claim()
    result = world.materialize(run)
    assert world.row(run).error_message == "source cannot be had"
    assert world.control.logs.hint(world.row(run)) == "push again"
    assert fault_of(world, run, result) == ("project", "project")
    [failure] = [event for event in result.all_events if event.event_type == dg.DagsterEventType.STEP_FAILURE]
    said = failure.step_failure_data.user_failure_data
    assert said is not None
    assert said.metadata["next"].value == "push again"
    ours = [entry for entry in world.instance.all_logs(result.run_id) if entry.dagster_event is None]
    errors = [entry.user_message for entry in ours if entry.level == logging.ERROR]
    assert errors[-2:] == [f"{run.name} failed: source cannot be had", "→ push again"]


def test_a_bug_in_a_step_ends_the_row_too(world: World) -> None:
    """An error nobody foresaw still leaves a failed row with a reason."""
    world.queue(image="crash")
    run = world.claim()
    result = world.materialize(run)
    row = world.row(run)
    assert (row.status, row.error_message) == ("failed", "a bug")
    assert fault_of(world, run, result) == ("platform", "platform")


def fault_of(world: World, run: Run, result: dg.ExecuteInProcessResult) -> tuple[str | None, str | None]:
    """Return whose fault the failed run is, as its row and its tag in Dagster say."""
    recorded = world.instance.get_run_by_id(result.run_id)
    return world.row(run).fault, recorded.tags.get(tags.FAULT) if recorded else None


def test_a_cancel_interrupts_the_step_and_ends_the_row_as_canceled(world: World) -> None:
    """The heartbeat learns of the cancel; the step is interrupted within seconds."""
    world.queue(image=30)
    run = world.claim()
    cancel_when_running(world, run.id)
    result = world.materialize(run)
    assert world.row(run).status == "canceled"
    dagster_run = world.instance.get_run_by_id(result.run_id)
    assert dagster_run is not None
    assert dagster_run.status == dg.DagsterRunStatus.CANCELED


def test_an_attempt_that_lost_its_claim_does_no_work(world: World) -> None:
    """A Dagster run of an earlier attempt is fenced before its first step."""
    world.queue()
    stale = world.claim()
    world.control.runs.start(fence_of(stale))
    world.control.runs.requeue(stale.id, attempt=stale.attempt, reason="test")
    current = world.claim()
    result = world.materialize(stale)
    assert not result.success
    assert made(result) == set()
    assert (world.row(current).status, world.row(current).attempt) == ("claimed", 2)


def test_a_run_keeps_its_lease_while_it_works(world: World) -> None:
    """The lease is renewed by the heartbeat, so that no one else takes the row."""
    world.queue(image=2)
    run = world.claim()
    renewed = threading.Event()

    def look() -> None:
        while not renewed.wait(0.05):
            lease = world.row(run).lease_expires_at
            if lease is not None and (lease - run.created_at).total_seconds() > 250:
                renewed.set()

    watch = threading.Thread(target=look, daemon=True)
    watch.start()
    try:
        world.materialize(run, heartbeat_seconds=1, lease_seconds=300)
        assert renewed.is_set()
    finally:
        renewed.set()
        watch.join()


def test_a_deployment_alone_deploys_no_database_of_an_earlier_run(world: World) -> None:
    """What passes between assets ends with the run: where the row names no database, there is nothing to deploy."""
    world.queue(deployment="fail")
    world.materialize(world.claim())
    world.queue()
    run = world.claim()
    assert not world.materialize(run, assets=["deployment"]).success
    assert world.row(run).error_message == "shop/feature/cart was never deployed, and this run made no database"
    assert world.control.environments.get(str(run.partition_key)).database_name is None


def test_the_steps_lines_reach_the_runs_log(world: World) -> None:
    """Debug lines go to ops.run_logs without passing through Dagster."""
    world.queue()
    run = world.claim()
    world.materialize(run)
    lines = [row["message"] for row in world.control.logs.tail(run.id)]
    assert "database: one line of many" in lines


def test_every_run_without_a_sandbox_says_so(world: World) -> None:
    """Whoever reads the events of a run knows what its code could reach; no run says so otherwise."""
    warned = []
    for is_trusting in (True, False):
        world.queue()
        run = world.claim()
        world.materialize(run, trust_pushers=is_trusting)
        events = world.control.logs.events(run.id)
        warned.append(len([event for event in events if "runs without a sandbox" in event["message"]]))
    assert warned == [1, 0]


def test_the_runs_events_tell_its_steps(world: World) -> None:
    """The event chain names each step's start and end and still verifies."""
    world.queue()
    run = world.claim()
    world.materialize(run)
    messages = [row["message"] for row in world.control.logs.events(run.id)]
    assert [m for m in messages if m.endswith(("started", "done"))] == [
        f"{step} {word}"
        for step in ("source", "image", "prod_clone", "database", "deployment")
        for word in ("started", "done")
    ]
    assert world.control.runs.verify_chain(run.id)


def test_a_finished_run_takes_no_more_writes(world: World) -> None:
    """The fence of a finished run is refused."""
    world.queue()
    run = world.claim()
    world.materialize(run)
    assert (
        world.control.runs.end_dagster_run(str(world.row(run).dagster_run_id), status="failed", error_message="late")
        is False
    )
    world.control.runs.complete(fence_of(run), exit_code=0)
    assert world.row(run).status == "succeeded"


def made(result: dg.ExecuteInProcessResult) -> set[str]:
    """Return the names of the assets that were materialised."""
    return {event.asset_key.path[-1] for event in result.get_asset_materialization_events() if event.asset_key}


def cancel_when_running(world: World, run_id: UUID) -> None:
    """Ask for the run's cancel once it works."""

    def ask() -> None:
        deadline = threading.Event()
        while world.control.runs.get(run_id).status != "running" and not deadline.wait(0.1):
            pass
        world.control.runs.cancel(run_id, reason="test", requested_by="someone")

    threading.Thread(target=ask, daemon=True).start()


def test_what_a_run_makes_on_the_server_carries_the_run(world: World, postgres_server: PostgresServer) -> None:
    """By its mark the janitor knows what a killed run left."""
    home = world.settings.home
    server = OdooDatabases(
        postgres_server.url("postgres"), secrets=home / "secrets", identity=lambda: identify(world.control, home)
    )
    name = f"ops_mark_{token_hex(4)}_r1"

    @dg.op(required_resource_keys={"scope"})
    def build(context) -> None:  # type: ignore[no-untyped-def] # noqa: ANN001 - Dagster reads no text as a type
        databases = context.resources.scope.step.databases
        databases.ensure_role(name)
        databases.create(name, owner=name)

    @dg.job(resource_defs=world.resources(databases=server))
    def building() -> None:
        build()

    world.queue()
    run = world.claim()
    try:
        assert building.execute_in_process(instance=world.instance, tags=tags.tags_of(run)).success
        for mark in (server.marks(name)[name], server.role_marks(name)[name]):
            assert mark is not None
            assert (mark.run_id, mark.identity) == (run.id, identify(world.control, home))
    finally:
        server.drop(name)
        server.drop_role(name)
