"""The queue's sensor: claims what there is room for and asks Dagster to start it."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import dagster as dg
import pytest
from dagster._core.storage.tags import TagType, get_tag_type

from odooops_dagster.engine import tags
from odooops_dagster.local import stopping
from odooops_dagster.model import Run, RunKind
from sensors import ops_queue as sensor
from tests.dagster.world import World

Answer = dg.SensorResult | dg.SkipReason


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sensor, "WAIT_SECONDS", 0.0)


def test_a_claimed_run_is_requested_under_its_attempt(world: World) -> None:
    """The run key names row and attempt; the tags tie the Dagster run to the row."""
    run = world.queue()
    [request] = requests(tick(world))
    assert request.run_key == f"{run.id}:1"
    assert (request.job_name, request.partition_key) == ("deploy", "shop/feature/cart")
    assert request.tags[".dagster/ops.environment"] == "shop/feature/cart"
    assert request.tags[".dagster/ops.run_id"] == str(run.id)
    assert world.row(run).status == "claimed"


def test_people_recognise_a_run_by_its_first_tag(world: World) -> None:
    """Dagster's pages show few of ours; a run that an earlier version started is still known by its own names."""
    run = world.queue()
    [request] = requests(tick(world))
    assert next(iter(tags.tags_of(world.row(run)).items())) == ("name", f"shop#{run.run_number} feature/cart")
    ours = {name: value for name, value in request.tags.items() if not name.startswith("dagster/")}
    visible = [name for name in ours if get_tag_type(name) != TagType.HIDDEN]  # type: ignore[no-untyped-call]
    assert min(visible) == "name"
    assert len({*visible, tags.FAULT}) <= 4
    former = {name.replace(".dagster/ops.", "ops/"): value for name, value in ours.items()}
    assert tags.fence_of(former) == tags.fence_of(ours)


def test_a_new_environment_becomes_a_partition_before_its_run(world: World) -> None:
    """The same answer that asks for the run adds its partition."""
    world.queue()
    result = tick(world)
    assert isinstance(result, dg.SensorResult)
    assert result.dynamic_partitions_requests is not None
    assert [list(added.partition_keys) for added in result.dynamic_partitions_requests] == [["shop/feature/cart"]]


def test_each_kind_of_run_has_its_job(world: World) -> None:
    """A build ends at the image; a destroy is a job of its own."""
    world.queue("build")
    world.queue("destroy", branch="feature/old")
    jobs = {request.partition_key: request.job_name for request in requests(tick(world))}
    assert jobs == {"shop/feature/cart": "build", "shop/feature/old": "destroy"}


def test_no_more_is_claimed_than_there_is_room_for(world: World) -> None:
    """With two places and three runs, the third waits where it can be seen."""
    runs = [world.queue(branch=f"feature/{n}") for n in range(3)]
    assert len(requests(tick(world, max_concurrent_runs=2))) == 2
    assert sorted(world.row(run).status for run in runs) == ["claimed", "claimed", "queued"]
    assert isinstance(tick(world, max_concurrent_runs=2), dg.SkipReason)


def test_a_removal_waits_behind_no_build(world: World) -> None:
    """Every place is taken by builds, and the environment goes all the same."""
    for number in range(2):
        world.queue(branch=f"feature/{number}")
    tick(world, max_concurrent_runs=2)
    world.queue("destroy", branch="feature/old")
    [request] = requests(tick(world, max_concurrent_runs=2))
    assert request.job_name == "destroy"


def test_a_dry_run_claims_nothing(world: World) -> None:
    """Preview tick result shows what would start and leaves the queue as it is."""
    run = world.queue()
    [request] = requests(tick(world, log_key=["repository", "ops_queue", "a-preview"]))
    assert request.run_key == f"{run.id}:1"
    assert world.row(run).status == "queued"


def test_a_real_tick_claims(world: World) -> None:
    """A real tick's log key ends with its number."""
    run = world.queue()
    tick(world, log_key=["repository", "ops_queue", "4711"])
    assert world.row(run).status == "claimed"


def test_a_stack_that_stops_claims_nothing_and_waits_for_nothing(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """`ops down` waits for the tick; the next start claims again."""
    monkeypatch.setattr(sensor, "WAIT_SECONDS", 3600.0)
    home = world.settings.home
    (home / "run").mkdir()
    run = world.queue()
    stopping.announce(home)
    assert isinstance(tick(world), dg.SkipReason)
    assert world.row(run).status == "queued"
    stopping.withdraw(home)
    assert len(requests(tick(world))) == 1


def test_an_empty_queue_is_a_reason_to_skip(world: World) -> None:
    """Nothing is requested and the tick says why."""
    answer = tick(world)
    assert isinstance(answer, dg.SkipReason)


def test_a_waiting_tick_starts_a_run_as_soon_as_it_is_queued(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """A run queued during the tick is claimed by that tick."""
    monkeypatch.setattr(sensor, "WAIT_SECONDS", 600.0)
    peek = world.control.runs.peek
    looks: Iterator[Callable[[], object]] = iter([lambda: None, world.queue])

    def queue_after_the_second_look(limit: int) -> list[Run]:
        found = peek(limit)
        next(looks, lambda: None)()
        return found

    monkeypatch.setattr(world.control.runs, "peek", queue_after_the_second_look)
    assert len(requests(tick(world))) == 1


def test_a_promotion_to_a_place_that_is_not_here_ends_as_failed_and_says_so(world: World) -> None:
    """It is left to a worker of one's own; where this one claims it, it does not wait for ever."""
    release = world.control.releases.create(
        world.project.id, version="1.0", git_shas={"acme/shop": "a" * 40}, image_digest="sha256:" + "1" * 64
    )
    world.control.gates.record_check(release.id, gate_code="G1", name="build", status="passed")
    world.control.deployments.promote(release.id, target_env="staging")
    tick(world)
    [row] = world.control.runs.list()
    assert (row.kind, row.status) == ("promote", "failed")
    assert "works on no environment" in str(row.error_message)


@pytest.mark.parametrize("kind", ["build", "test", "deploy", "backup", "restore", "clone", "destroy", "drill"])
def test_a_run_that_works_on_nothing_ends_and_says_so(world: World, kind: RunKind) -> None:
    """Dagster starts nothing without a partition; the row says what is missing, and the others start."""
    run_id = world.control.runs.queue(world.project.id, env=None, git_sha=None, ref=None, kind=kind)
    other = world.queue()
    assert isinstance(tick(world, log_key=["some", "preview"]), dg.SensorResult)
    assert world.control.runs.get(run_id).status == "queued"
    [request] = requests(tick(world))
    assert request.tags[".dagster/ops.run_id"] == str(other.id)
    row = world.control.runs.get(run_id)
    assert (row.status, row.exit_code) == ("failed", 2)
    assert row.error_message == f"run #{row.run_number} works on no environment and on no backup"


def test_a_run_that_was_told_what_makes_no_sense_ends_and_says_so(world: World) -> None:
    """Before it has a process: the row names what is wrong."""
    run_id = world.control.runs.queue(
        world.project.id, env="feature/a", git_sha="a" * 40, ref=None, kind="clone", config={"backup_id": "the newest"}
    )
    tick(world)
    row = world.control.runs.get(run_id)
    assert row.status == "failed"
    assert str(row.error_message).startswith(f"run #{row.run_number} cannot be carried out: backup_id: Input should be")


def test_a_drill_of_a_backup_that_nobody_knows_ends_and_says_so(world: World) -> None:
    """What it should try is named, and is not there."""
    nowhere = "00000000-0000-4000-8000-000000000000"
    run_id = world.control.runs.queue(
        world.project.id, env=None, git_sha=None, ref=None, kind="drill", config={"backup_id": nowhere}
    )
    tick(world)
    row = world.control.runs.get(run_id)
    assert (row.status, row.error_message) == ("failed", f"There is no backup {nowhere}")


def tick(world: World, *, log_key: list[str] | None = None, **settings: object) -> Answer:
    """Evaluate the sensor once."""
    context = dg.build_sensor_context(instance=world.instance)
    if log_key is not None:
        context._log_key = log_key  # noqa: SLF001 - Dagster sets it only from its daemon
    answer = sensor.ops_queue(context, control=world.control, settings=world.settings.model_copy(update=settings))
    assert isinstance(answer, dg.SensorResult | dg.SkipReason)
    return answer


def requests(result: Answer) -> list[dg.RunRequest]:
    """Return what the tick asked for."""
    assert isinstance(result, dg.SensorResult), result
    return list(result.run_requests or [])
