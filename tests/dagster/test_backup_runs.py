"""Runs that read backups back, compare them or thin them out: beside deployments, cancelled, fenced and killed."""

from __future__ import annotations

import secrets
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, BinaryIO
from uuid import UUID

import dagster as dg
import psycopg
import pytest

from odooops_dagster.control import ControlPlane
from odooops_dagster.errors import BadInput
from odooops_dagster.kinds import KINDS
from odooops_dagster.model import Backup, Run, RunKind
from odooops_dagster.steps.core.context import ProjectContext
from odooops_dagster.steps.recovery import retention as step
from odooops_dagster.tools.backup.repositories import manifest_key
from odooops_dagster.tools.backup.retention_plan import Planned
from odooops_dagster.tools.runtime.memory import MemoryRuntime
from odooops_dagster.tools.store import FolderStore
from resources import run_scope
from sensors.ops_queue import requested, startable
from tests.dagster import recovery_child
from tests.dagster.productions import Shop, shop
from tests.dagster.recoveries import Recovery
from tests.forks import exit_status
from tests.servers import PostgresServer
from tests.suites.processes import eventually

PATIENCE_SECONDS = 60.0
BESIDE = [kind for kind in KINDS.values() if not kind.has_partitions]
# Where the process of a retention run is killed.
POINTS = [
    ("odooops_dagster.control.backups:Backups.drop_expired", "before"),
    ("odooops_dagster.control.backups:Backups.drop_expired", "after"),
    ("odooops_dagster.tools.backup.gc:drop", "after"),
    ("odooops_dagster.tools.backup.gc:_remove", "after"),
    ("odooops_dagster.control.retention:Retention.record", "before"),
    ("odooops_dagster.control.retention:Retention.record", "after"),
]


class Held(FolderStore):
    """A store that gives nothing before it is let."""

    def __init__(self, folder: Path, *, let: threading.Event) -> None:
        super().__init__(folder)
        self._let = let

    def open(self, key: str) -> BinaryIO:
        """Open it, when it may."""
        self._let.wait(PATIENCE_SECONDS)
        return super().open(key)


@pytest.fixture
def production(control: ControlPlane, postgres_server: PostgresServer, tmp_path: Path) -> Iterator[Shop]:
    """Yield a filled production."""
    with shop(control, postgres_server, tmp_path) as made:
        yield made


def execute(production: Shop, run: Run) -> Run:
    """Carry the claimed run out and return its row."""
    Recovery(shop=production, runtime=MemoryRuntime()).execute(run)
    return production.control.runs.get(run.id)


def make_older(database: str, *backups: Backup) -> None:
    """Let the rows say that the data are of long ago."""
    with psycopg.connect(database) as connection:
        for backup in backups:
            connection.execute(
                "update ops.backups set taken_at = taken_at - interval '40 days' where id = %s", [backup.id]
            )


def keep_one(production: Shop) -> None:
    """Let the policy keep the newest backup alone."""
    rules = {"daily": 1, "weekly": 0, "monthly": 0}
    production.control.policies.set(production.project.id, policy_type="retention", rules=rules)


# -- beside deployments


def test_a_verification_does_not_hold_up_a_deployment(production: Shop) -> None:
    """Both are claimed, and Dagster learns of no partition or tag by which it would start one after the other."""
    backup = production.back_up()
    control = production.control
    verifying = control.runs.get(control.backups.verify(backup.id))
    deploying = control.runs.queue(
        production.project.id, env="main", git_sha="a" * 40, ref="refs/heads/main", kind="test"
    )
    claimed = control.runs.claim("dagster", limit=2)
    assert {run.id for run in claimed} == {verifying.id, deploying}
    result = requested([startable(control, run) for run in claimed if run.id == verifying.id])
    [request] = result.run_requests or []
    assert (request.job_name, request.partition_key) == ("verify", None)
    assert not {".dagster/ops.environment", "dagster/partition"} & request.tags.keys()
    assert result.dynamic_partitions_requests == []
    [run] = [run for run in claimed if run.id == verifying.id]
    assert execute(production, run).status == "succeeded"
    assert control.runs.get(deploying).status == "claimed"


@pytest.mark.parametrize("kind", BESIDE, ids=lambda kind: str(kind.name))
def test_a_run_beside_deployments_starts_from_the_queue_alone(kind: object, control: ControlPlane) -> None:
    """A launch in Dagster names no backup; the refusal names the commands."""
    from odooops_dagster.engine.coordinator import enroll  # noqa: PLC0415 -- imports much of Dagster

    assert kind in BESIDE
    run = dg.DagsterRun(job_name=str(getattr(kind, "job", None)), run_id="x", tags={"dagster/partition": "shop/main"})
    with pytest.raises(BadInput, match="starts from the queue alone") as caught:
        enroll(control, run, requested_by=None)
    assert "ops backup verify" in str(caught.value.hint)


@pytest.mark.parametrize(
    ("kind", "config"), [("verify", {}), ("compare", {"backup_id": "00000000-0000-0000-0000-000000000000"})]
)
def test_a_run_that_does_not_say_what_it_reads_is_refused(
    production: Shop, kind: RunKind, config: dict[str, str]
) -> None:
    """Before a process is started for it."""
    run_id = production.control.runs.queue(
        production.project.id,
        env=None,
        git_sha=None,
        ref=None,
        kind=kind,
        config=config,
    )
    with pytest.raises(BadInput, match="cannot be carried out"):
        startable(production.control, production.control.runs.get(run_id))


# -- the end of a run


@contextmanager
def canceled_when_running(production: Shop, run: Run) -> Iterator[None]:
    """Let somebody cancel the run once it works, for as long as the block."""

    def cancel() -> None:
        eventually(lambda: production.control.runs.get(run.id).status == "running", what="the run works")
        production.control.runs.cancel(run.id, reason="test", requested_by="ada")

    thread = threading.Thread(target=cancel)
    thread.start()
    yield
    thread.join()


def test_a_cancel_ends_a_verification(production: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """The reading stops, the row says so, and of the backup nothing is noted."""
    backup = production.back_up()
    stopped = threading.Event()

    def stop_run(*arguments: Any) -> None:  # noqa: ANN401 - what the real one takes
        real(*arguments)
        stopped.set()

    real = run_scope.stop_run
    monkeypatch.setattr(run_scope, "stop_run", stop_run)
    far = replace(production, store=Held(production.settings.home / "store", let=stopped))
    production.control.backups.verify(backup.id)
    run = production.claim()
    with canceled_when_running(production, run):
        ended = execute(far, run)
    assert (ended.status, stopped.is_set()) == ("canceled", True)
    assert production.control.backups.get(backup.id).verified_at == backup.verified_at


def test_a_lost_attempt_drops_nothing_more(production: Shop, database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each drop is noted under the fence first: what the lost attempt did not reach is left to the next one."""
    old = [production.back_up() for _ in range(3)]
    production.back_up()
    make_older(database, *old)
    keep_one(production)
    production.control.retention.apply(production.project.id)
    lost = production.claim()
    noted: list[object] = []

    def drop(ctx: ProjectContext, item: Planned) -> Backup:
        if noted:
            production.control.runs.requeue(lost.id, attempt=lost.attempt, reason="test")
        noted.append(item)
        return real(ctx, item)

    real = step._drop  # noqa: SLF001 - the place between two drops
    monkeypatch.setattr(step, "_drop", drop)
    assert execute(production, lost).status == "queued"
    monkeypatch.undo()
    assert len(noted) == 2
    dropped = [backup for backup in production.control.backups.list() if backup.status == "dropped"]
    assert len(dropped) == 1
    assert execute(production, production.claim()).status == "succeeded"
    assert {production.control.backups.get(backup.id).status for backup in old} == {"dropped"}
    assert len(production.repository.manifests()) == 1


def test_a_killed_retention_is_ended_by_the_next_attempt(
    production: Shop, database: str, worker_url: str, postgres_server: PostgresServer
) -> None:
    """Wherever it was killed: what the policy drops leaves the record and the store, and what it keeps is whole."""
    control, repository = production.control, production.repository
    keep_one(production)
    told = {
        "control_url": worker_url,
        "admin_url": postgres_server.url("postgres"),
        "home": str(production.settings.home),
        "services": str(production.settings.home / "services"),
    }
    for point in POINTS:
        name = production.data.attach(f"{point}".encode())
        old = [production.back_up() for _ in range(2)]
        production.data.execute("delete from ir_attachment where store_fname = %s", name)
        kept = production.back_up()
        make_older(database, *old)
        run_id = control.retention.apply(production.project.id)
        first = production.claim()
        assert (first.id, child(told, first, point)) == (run_id, -signal.SIGKILL), point
        control.runs.requeue(first.id, attempt=first.attempt, reason="its process is gone")
        assert control.retention.apply(production.project.id) == run_id
        assert child(told, production.claim(), None) == 0, point
        assert control.runs.get(run_id).status == "succeeded"
        assert control.runs.verify_chain(run_id)
        assert {control.backups.get(backup.id).status for backup in old} == {"dropped"}
        assert [key.partition("-")[2] for key in repository.manifests()] == [str(kept.id)]
        whole = repository.manifest(str(manifest_key(kept)))
        assert repository.sizes().keys() == {piece.key for piece in whole.objects.values()}
        make_older(database, kept)  # the next round drops it too


def child(told: dict[str, str], run: Run, point: tuple[str, str] | None) -> int:
    """Carry the run out in a process of its own, killed at the point, and return its exit status."""
    more = {"run_id": str(run.id), "attempt": run.attempt, "point": point}
    return exit_status(recovery_child.main, told | more)


# -- the clock


def work_and_back_up(production: Shop) -> Backup:
    """Change data and make a backup, so that it has objects that no other one has."""
    production.data.attach(secrets.token_bytes(100))
    return production.back_up()


def test_the_clock_queues_and_the_run_leaves_nothing_due(production: Shop, database: str) -> None:
    """A backup that the policy drops, and one that somebody dropped: after the run both are gone and nothing is due."""
    goes = production.back_up()
    by_hand, kept = work_and_back_up(production), work_and_back_up(production)
    make_older(database, goes)
    production.control.backups.drop(by_hand.id, reason="too large")
    keep_one(production)
    [run_id] = production.control.retention.queue_due()
    assert production.control.retention.queue_due() == []
    run = execute(production, production.claim())
    assert (run.id, run.kind, run.trigger, run.status) == (run_id, "retention", "schedule", "succeeded")
    assert production.control.backups.get(goes.id).status == "dropped"
    assert [key.partition("-")[2] for key in production.repository.manifests()] == [str(kept.id)]
    told = production.control.logs.result(run.id, "retention")
    assert told is not None
    assert (told["dropped"], len(told["manifests"])) == ([str(goes.id)], 2)
    assert told["collected"] > 0
    with psycopg.connect(database) as connection:
        due = connection.execute("select * from ops_private.projects_due_for_retention(clock_timestamp())").fetchall()
    assert due == []


def test_a_run_whose_store_fails_leaves_its_project_due(production: Shop, database: str) -> None:
    """The row says why; the next hour's run removes what the record dropped."""
    goes = production.back_up()
    production.back_up()
    make_older(database, goes)
    keep_one(production)
    [run_id] = production.control.retention.queue_due()
    (production.settings.home / "store").rename(production.settings.home / "elsewhere")
    (production.settings.home / "store").write_text("in the way")
    failed = execute(production, production.claim())
    assert (failed.id, failed.status) == (run_id, "failed")
    assert failed.error_message
    assert production.control.backups.get(goes.id).status == "dropped"
    with psycopg.connect(database) as connection:
        due = connection.execute("select * from ops_private.projects_due_for_retention(clock_timestamp())").fetchall()
    assert due == [(UUID(str(production.project.id)),)]
