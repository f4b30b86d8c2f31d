"""Maintenance: ticks that only ask whether work is due, and jobs that can be killed and continue."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import dagster as dg
import psycopg
import pytest

import schedules.platform_backup
from assets.partitions import environments
from odooops_dagster.checks.anchored import check_anchors
from odooops_dagster.control.orphans import FoundOrphan
from odooops_dagster.engine import tags
from odooops_dagster.errors import OdooOpsError
from odooops_dagster.local.signing_key import signing_key
from odooops_dagster.model import ServiceStatus
from odooops_dagster.settings import Settings
from odooops_dagster.steps.upkeep.expire import remove_artifacts
from odooops_dagster.tools.bundle.envelopes import public_key_of, public_pem, signer_of
from odooops_dagster.tools.front import openings
from odooops_dagster.tools.runtime.memory import MemoryRuntime
from odooops_dagster.tools.store import MemoryStore
from odooops_dagster.tools.store.addressed import object_name
from odooops_dagster.tools.store.anchors import AnchorFiles
from schedules.artifact_expiry import artifact_expiry
from schedules.audit_anchor import audit_anchor
from schedules.environment_expiry import environment_expiry
from schedules.log_retention import log_retention
from schedules.platform_backup import platform_backup
from sensors.housekeeping import housekeeping, partitions_of, partitions_to_change
from sensors.reconciler import end_dead_maintenance
from tests.dagster.maintenance import carry_out, job, said
from tests.dagster.productions import deployed
from tests.dagster.world import World, fence_of

# What a tick takes at most on a busy machine, and for how long a store holds up its job.
TICK_SECONDS = 30.0
STORE_SECONDS = 5.0
MANY = 10_000


@pytest.fixture
def world(world: World) -> Iterator[World]:
    """Yield the world with a Dagster instance on disk: schedules open it by its reference."""
    with dg.DagsterInstance.local_temp() as instance:
        yield replace(world, instance=instance)


A_STRANGER = FoundOrphan(
    kind="database",
    name="ops_x",
    answer="stranger",
    reason="it bears no mark",
    is_foreign=False,
    installation=None,
    control_plane=None,
    run_id=None,
    made_at=None,
)


class Counting(MemoryStore):
    """A store that counts what it deletes, and may be slow or be killed."""

    def __init__(self, *, first_answer_after: float = 0.0, killed_after: int | None = None) -> None:
        super().__init__()
        self.deleted = 0
        self._wait = first_answer_after
        self._killed_after = killed_after

    def delete(self, key: str) -> None:
        """Delete the object, unless the process is killed before."""
        if self.deleted == self._killed_after:
            raise KeyboardInterrupt
        super().delete(key)
        self.deleted += 1
        time.sleep(self._wait)
        self._wait = 0.0


def fill(world: World, database: str, store: MemoryStore, count: int) -> None:
    """Put that many expired artifacts into the store and on the record of one run."""
    world.queue()
    fence = fence_of(world.claim())
    with psycopg.connect(database, autocommit=True) as connection:
        hashes = [f"{number:064x}" for number in range(count)]
        places = [store.put(object_name(sha256), b"x").url for sha256 in hashes]
        connection.cursor().executemany(
            "insert into ops.run_artifacts (run_id, attempt, artifact_key, s3_url, sha256, content_type, size_bytes,"
            " expires_at) values (%s, %s, %s, %s, %s, 'text/plain', 1, now() - interval '1 hour')",
            [(fence.run_id, fence.attempt, f"log-{h}", url, h) for h, url in zip(hashes, places, strict=True)],
        )


def left(database: str) -> int:
    """Return how many artifacts are on record."""
    with psycopg.connect(database) as connection:
        row = connection.execute("select count(*) from ops.run_artifacts").fetchone()
    assert row is not None
    return int(row[0])


@contextmanager
def a_tick() -> Iterator[None]:
    """Fail if the block takes longer than a tick may."""
    began = time.monotonic()
    yield
    assert time.monotonic() - began < TICK_SECONDS


def test_ten_thousand_expired_objects_are_removed_by_a_job_and_not_by_the_tick(world: World, database: str) -> None:
    """The tick asks SQL alone; the job tells how far it is, and a second one finds nothing."""
    store = Counting()
    fill(world, database, store, MANY)
    with a_tick():
        asked = artifact_expiry(dg.build_schedule_context(instance=world.instance), control=world.control)
    assert isinstance(asked, dg.RunRequest)
    assert asked.job_name == "artifact_expiry"
    assert store.deleted == 0
    done = carry_out(world.instance, "artifact_expiry", control=world.control, store=store)
    lines = said(world.instance, done)
    assert lines[-1] == f"{MANY} object(s) removed, {MANY} artifact(s) forgotten"
    assert f"500 object(s) removed of {MANY} that are past their time" in lines
    assert len(lines) > MANY / 1000
    assert (left(database), list(store.list())) == (0, [])
    again = artifact_expiry(dg.build_schedule_context(instance=world.instance), control=world.control)
    assert isinstance(again, dg.SkipReason)
    assert again.skip_message == "artifact_expiry: nothing is due"


def test_a_store_that_answers_after_five_seconds_delays_the_job_alone(world: World, database: str) -> None:
    """No tick asks the store."""
    store = Counting(first_answer_after=STORE_SECONDS)
    fill(world, database, store, 2)
    for clock in (artifact_expiry, log_retention):
        with a_tick():
            assert isinstance(
                clock(dg.build_schedule_context(instance=world.instance), control=world.control), dg.RunRequest
            )
    assert store.deleted == 0
    began = time.monotonic()
    assert carry_out(world.instance, "artifact_expiry", control=world.control, store=store).success
    assert time.monotonic() - began > STORE_SECONDS
    assert left(database) == 0


def test_ten_thousand_expired_previews_are_queued_by_as_many_ticks_as_it_takes(world: World, database: str) -> None:
    """Each tick ends in time, and the next one goes on where it stopped."""
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute(
            "insert into ops.environments (project_id, name, branch, stage, partition_key, host_label, expires_at)"
            " select %s, 'feature/' || n, 'feature/' || n, 'development', 'shop/feature/' || n, n || '--shop', now()"
            " from generate_series(1, %s) as n",
            [world.project.id, MANY],
        )
        connection.execute("analyze ops.environments")
    counts = []
    for _ in range(2):
        with a_tick():
            environment_expiry(dg.build_schedule_context(instance=world.instance), control=world.control)
        counts.append(len(world.control.runs.queued()))
    assert 0 < counts[0] < counts[1]


def test_a_killed_expiry_is_continued_by_the_next(world: World, database: str) -> None:
    """Objects go before their rows: none is lost from the record while it is in the store."""
    store = Counting(killed_after=700)
    fill(world, database, store, 1000)
    with pytest.raises(KeyboardInterrupt):
        remove_artifacts(world.control, store)
    assert (left(database), len(list(store.list()))) == (500, 300)
    store._killed_after = None  # noqa: SLF001 - the process is another one now
    assert carry_out(world.instance, "artifact_expiry", control=world.control, store=store).success
    assert (left(database), list(store.list())) == (0, [])


def test_no_second_run_is_asked_for_while_one_is_unfinished(world: World) -> None:
    """And once it has ended the next request has another key."""
    context = dg.build_schedule_context(instance=world.instance)
    first = log_retention(context, control=world.control)
    again = log_retention(context, control=world.control)
    assert isinstance(first, dg.RunRequest)
    assert isinstance(again, dg.RunRequest)
    assert first.run_key == again.run_key, "two ticks before the run exists start one run"
    run = world.instance.create_run_for_job(job("log_retention"), status=dg.DagsterRunStatus.STARTED)
    refused = log_retention(context, control=world.control)
    assert isinstance(refused, dg.SkipReason)
    assert refused.skip_message == f"log_retention: run {run.run_id} is not finished"
    world.instance.report_run_failed(run)
    later = log_retention(context, control=world.control)
    assert isinstance(later, dg.RunRequest)
    assert later.run_key != first.run_key


def test_a_backup_of_the_platform_that_failed_is_not_made_anew_at_once(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each attempt makes and restores a whole backup: one an hour is enough, and none is forgotten."""
    settings = Settings(home=tmp_path, platform_key_file=tmp_path / "key")
    context = dg.build_schedule_context(instance=world.instance)

    def asked() -> dg.RunRequest | dg.SkipReason:
        answer = platform_backup(context, control=world.control, settings=settings)
        assert isinstance(answer, dg.RunRequest | dg.SkipReason)
        return answer

    assert isinstance(asked(), dg.RunRequest)
    failed = world.instance.create_run_for_job(job("platform_backup"), status=dg.DagsterRunStatus.STARTED)
    world.instance.report_run_failed(failed)
    refused = asked()
    assert isinstance(refused, dg.SkipReason)
    assert f"run {failed.run_id} failed; the next is at " in str(refused.skip_message)
    monkeypatch.setattr(schedules.platform_backup, "RETRY_AFTER", timedelta())
    assert isinstance(asked(), dg.RunRequest)


def test_a_maintenance_run_whose_process_is_gone_makes_room_for_the_next(world: World) -> None:
    """The reconciler ends it, also if the whole platform was killed; one at work goes on."""
    dead, alive = (
        world.instance.create_run_for_job(job(name), status=dg.DagsterRunStatus.STARTED)
        for name in ("janitor", "converge")
    )
    world.instance.add_run_tags(dead.run_id, {tags.PROCESS: f"{socket.gethostname()}:1:1"})
    assert end_dead_maintenance(world.instance) == ["janitor: the process that worked on it is gone"]
    assert end_dead_maintenance(world.instance) == []
    statuses = [_status(world.instance, run) for run in (dead, alive)]
    assert statuses == [dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.STARTED]


def _status(instance: dg.DagsterInstance, run: dg.DagsterRun) -> dg.DagsterRunStatus:
    found = instance.get_run_by_id(run.run_id)
    assert found is not None
    return found.status


# -- housekeeping


class Slow(MemoryRuntime):
    """A runtime that answers when the test lets it, or too late for every tick."""

    def __init__(self) -> None:
        super().__init__()
        self.let = threading.Event()

    def status(self, name: str | None = None) -> list[ServiceStatus]:
        """Return the state of the services, late."""
        self.let.wait(2 * TICK_SECONDS)
        return super().status(name)


Look = Callable[..., list[str]]


@pytest.fixture
def look(world: World, monkeypatch: pytest.MonkeyPatch) -> Look:
    """Return a way to let the sensor look, which keeps its cursor; it returns the jobs that were asked for."""
    monkeypatch.setattr("sensors.housekeeping.LOOK_SECONDS", TICK_SECONDS)
    cursor: list[str | None] = [None]

    def look_once(runtime: MemoryRuntime, *, succeed: bool = True) -> list[str]:
        context = dg.build_sensor_context(instance=world.instance, cursor=cursor[0])
        with a_tick():
            answer = housekeeping(context, control=world.control, runtime=runtime, settings=world.settings)
        assert isinstance(answer, dg.SensorResult)
        cursor[0] = answer.cursor
        asked = [str(request.job_name) for request in answer.run_requests or ()]
        for name in asked if succeed else ():
            world.instance.create_run_for_job(job(name), status=dg.DagsterRunStatus.SUCCESS)
        return asked

    return look_once


def test_housekeeping_asks_for_both_jobs_after_a_start_and_then_for_none(
    look: Look, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The look finds nothing to do, and a runtime that does not answer in time is the job's affair."""
    runtime = MemoryRuntime()
    assert look(runtime) == ["converge", "janitor"]
    assert look(runtime) == []
    slow = Slow()
    monkeypatch.setattr("sensors.housekeeping.LOOK_SECONDS", 1.0)
    try:
        assert look(slow) == ["converge"]
    finally:
        slow.let.set()


def test_what_is_no_production_any_more_is_closed_whatever_else_goes_wrong(
    world: World, look: Look, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The router learns it before anything in the tick can fail."""

    def fail(*_: object) -> None:
        raise OdooOpsError("the outlets cannot be read")

    openings.tell(world.settings.home, ["main--shop"])
    monkeypatch.setattr("sensors.housekeeping.rule_exits", fail)
    with pytest.raises(OdooOpsError):
        look(MemoryRuntime())
    assert not openings.is_open(world.settings.home, "main--shop")


def test_the_end_of_a_run_calls_the_janitor(world: World, look: Look) -> None:
    """However the run ended; a run at work does not."""
    runtime = MemoryRuntime()
    look(runtime)
    world.queue()
    run = world.claim()
    assert look(runtime) == []
    world.control.runs.complete(fence_of(run), exit_code=1, error_message="killed")
    assert look(runtime) == ["janitor"]
    assert look(runtime) == []


def test_a_preview_that_does_not_run_is_converged_at_once_and_then_every_five_minutes(world: World, look: Look) -> None:
    """A job per look for a preview that cannot start would keep the machine busy."""
    runtime = MemoryRuntime()
    look(runtime)
    deployed(world.control, world.project, world.environment, "ops_x")
    world.instance.create_run_for_job(job("janitor"), status=dg.DagsterRunStatus.SUCCESS)
    assert look(runtime, succeed=False) == ["converge"]
    world.instance.create_run_for_job(job("converge"), status=dg.DagsterRunStatus.SUCCESS)
    assert look(runtime) == []


def test_dagster_keeps_the_partitions_of_the_environments_that_lists_show(world: World) -> None:
    """Those of an archived project go and come back with it; one that a killed removal left goes."""
    deployed(world.control, world.project, world.environment, "ops_x")
    name = str(environments.name)
    world.instance.add_dynamic_partitions(name, ["shop/feature/gone"])

    def look() -> set[str]:
        for change in partitions_to_change(partitions_of(world.instance), world.control.environments.list()):
            if isinstance(change, dg.DeleteDynamicPartitionsRequest):
                for key in change.partition_keys:
                    world.instance.delete_dynamic_partition(name, key)
            else:
                world.instance.add_dynamic_partitions(name, list(change.partition_keys))
        return set(world.instance.get_dynamic_partitions(name))

    assert look() == {world.environment.partition_key}
    world.control.projects.archive("shop")
    assert look() == {world.environment.partition_key}  # it is still being destroyed
    [run] = world.control.runs.claim_short_runs("w", at_once=1)
    world.control.runs.start(fence_of(run))
    world.control.environments.record_destruction(fence_of(run))
    assert look() == set()


# -- what is due is decided in SQL


def test_the_janitor_goes_round_every_ten_minutes_and_after_what_may_leave_something(world: World) -> None:
    """A round that never was is due; a run that ended before the last round is not news."""
    control, now = world.control, datetime.now(UTC)
    assert control.clocks.janitor_is_due(now, last_at=None)
    assert not control.clocks.janitor_is_due(now, last_at=now - timedelta(minutes=9))
    assert control.clocks.janitor_is_due(now, last_at=now - timedelta(minutes=10))
    control.orphans.replace([A_STRANGER])
    [orphan] = control.orphans.list()
    assert not control.clocks.janitor_is_due(now, last_at=now)
    control.orphans.decide(orphan, "dropped", decided_by="ada")
    assert control.clocks.janitor_is_due(now, last_at=now)
    control.orphans.replace([])
    world.queue()
    control.runs.complete(fence_of(world.claim()), exit_code=1, error_message="killed")
    later = datetime.now(UTC)
    assert control.clocks.janitor_is_due(later, last_at=now)
    assert not control.clocks.janitor_is_due(later, last_at=later)


def test_an_expiry_is_due_with_an_expired_artifact_and_once_a_day(world: World, database: str) -> None:
    """Old uploads lie in the store, which SQL does not see: they are looked for once a day."""
    clocks, now = world.control.clocks, datetime.now(UTC)
    assert not clocks.artifact_expiry_is_due(now, last_at=now - timedelta(hours=23))
    assert clocks.artifact_expiry_is_due(now, last_at=now - timedelta(hours=24))
    fill(world, database, MemoryStore(), 1)
    assert clocks.artifact_expiry_is_due(now, last_at=now)
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute("update ops.run_artifacts set expires_at = null")
        assert not clocks.artifact_expiry_is_due(now, last_at=now)
        connection.execute("update ops.run_artifacts set created_at = now() - interval '10 years'")
    assert clocks.artifact_expiry_is_due(now, last_at=now)


def test_what_was_put_on_the_record_is_anchored_by_a_job(world: World) -> None:
    """The tick only asks; the job writes the anchor and logs its seal; an hour later there is another."""
    store = MemoryStore()
    with a_tick():
        asked = audit_anchor(dg.build_schedule_context(instance=world.instance), control=world.control)
    assert isinstance(asked, dg.RunRequest)
    done = carry_out(world.instance, "audit_anchor", control=world.control, store=store, settings=world.settings)
    assert done.success
    files = AnchorFiles(store, world.control.plane.get().id)
    assert any(files.read(1).seal in line for line in said(world.instance, done))
    again = audit_anchor(dg.build_schedule_context(instance=world.instance), control=world.control)
    assert isinstance(again, dg.SkipReason)
    assert carry_out(
        world.instance, "audit_anchor", control=world.control, store=store, settings=world.settings
    ).success
    key = public_key_of(public_pem(signer_of(signing_key(world.settings.home))))
    assert check_anchors(world.control, files, key=key).faults == ()
    store.put(files.name(2), b"damaged")
    assert carry_out(
        world.instance, "audit_anchor", control=world.control, store=store, settings=world.settings
    ).success
    assert [alarm.title for alarm in world.control.incidents.alarms()] == ["anchor 2 of the audit trail is damaged"]
    assert [fault.entry for fault in check_anchors(world.control, files).faults] == [files.name(2)]
    assert files.read(3).previous == files.read(1).seal
