"""What may happen in a small world, in any order: what people do, what the platform does, and what stops it."""

from __future__ import annotations

import signal
import socket
import subprocess
from collections import Counter
from collections.abc import Sequence
from contextlib import AbstractContextManager, suppress
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import LiteralString
from uuid import UUID, uuid4

import dagster as dg
import psycopg

from odooops_dagster.engine.coordinator import enroll
from odooops_dagster.errors import Conflict, OdooOpsError, Unavailable
from odooops_dagster.home import filestore
from odooops_dagster.model import Run
from odooops_dagster.steps.recovery.retention import retain
from odooops_dagster.steps.upkeep.poll import poll_project
from sensors.ops_queue import admitted
from tests.dagster.estate import Estate
from tests.dagster.traps import How, Stop, stopping
from tests.dagster.walk_child import Task, Whereabouts
from tests.dagster.walk_child import main as run_in_child
from tests.dagster.walk_truths import PRODUCTION, Truths, file_of
from tests.forks import exit_status
from tests.repositories import run_git

STAGING, PREVIEW = "release/1", "feature/a"

# How the janitor is stopped, which works in no process of its own here.
_HERE: dict[How, How] = {
    "killed": "interrupted",
    "interrupted": "interrupted",
    "canceled": "interrupted",
    "unanswered": "unanswered",
}
_A_DAY_PASSES: tuple[LiteralString, ...] = (
    "set local session_replication_role = replica",
    "update ops.backups set created_at = created_at - interval '2 days', taken_at = taken_at - interval '2 days'",
    "update ops.restores set keep_previous_until = now() - interval '2 hours' where keep_previous_until is not null",
)


class Walk:
    """The world of one walk and what may happen in it; `tally` counts what did."""

    def __init__(self, world: Estate, truths: Truths, owner_url: str, where: Whereabouts, tally: Counter[str]) -> None:
        self.estate = world
        self.truths = truths
        self.control = world.control
        self._owner_url = owner_url
        self._where = where
        self._tally = tally
        self._tally["walks"] += 1
        self._written = 0

    # -- what people do

    def write(self) -> None:
        """A user enters an order into production, with a file."""
        orders = self.truths.books.orders
        serving = self.truths.serving()
        self._written += 1
        name = f"W{self._written}"
        enter_orders(self.estate, name)
        orders[serving] = (*orders[serving], name)

    def push(self, branch: str, *, broken: bool) -> None:
        """Push a commit to the branch, which may be new; production's own may not answer either."""
        self.estate.push(branch, broken=broken)

    def delete_branch(self, branch: str) -> None:
        """Delete the branch in the repository, and let the platform hear of it."""
        with suppress(subprocess.CalledProcessError):
            run_git(self.estate.repository.bare, "update-ref", "-d", f"refs/heads/{branch}")
        with suppress(OdooOpsError):
            poll_project(self.control, self.estate.project)

    def back_up(self, branch: str) -> None:
        """Ask for a backup."""
        with suppress(OdooOpsError):
            self.control.backups.create(self.estate.project.id, env=branch)

    def restore(self, which: int, branch: str) -> None:
        """Ask for a backup in an environment: in place, or as a clone of production."""
        with suppress(OdooOpsError):
            self.control.backups.restore(self._backup(which), target_env=branch)

    def drill(self, which: int) -> None:
        """Ask for a drill."""
        with suppress(OdooOpsError):
            self.control.backups.restore(self._backup(which), target_env=None, purpose="drill")

    def undo(self, branch: str) -> None:
        """Ask for the way back from the newest restore."""
        done = [restore for restore in self.truths.restores(branch) if restore.status == "succeeded"]
        if done:
            newest = max(done, key=lambda restore: str(restore.finished_at))
            self._queue(branch, "restore", undo=str(newest.id))

    def destroy(self, branch: str) -> None:
        """Ask for an environment's end; production's would give its data up by right."""
        if branch != PRODUCTION:
            self._queue(branch, "destroy")

    def expire(self) -> None:
        """Let the previews' time be over."""
        self.owner("update ops.environments set expires_at = now() - interval '1 minute' where expires_at is not null")
        with suppress(OdooOpsError):
            self.control.environments.expire()

    def cancel(self, which: int) -> None:
        """Cancel a run that has not ended."""
        runs = [run for run in self.control.runs.list() if run.finished_at is None]
        if runs:
            with suppress(OdooOpsError):
                self.control.runs.cancel(runs[which % len(runs)].id, reason="a walk", requested_by="ada")

    def click(self, branch: str, assets: Sequence[str], stop: Stop | None) -> None:
        """Materialize some assets of a partition."""
        self.reconcile()
        environment = self.truths.environments().get(branch)
        if environment is None:
            return
        launched = dg.DagsterRun(
            job_name="__ASSET_JOB",
            run_id=str(uuid4()),
            tags={"dagster/partition": environment.partition_key},
            asset_selection=frozenset(map(dg.AssetKey, assets)),
        )
        try:
            fence = enroll(self.control, launched, requested_by="ada")
        except OdooOpsError:
            self._tally["click refused"] += 1
            return
        self._carry_out(
            Task(run_id=fence.run_id, assets=tuple(assets), job="__ASSET_JOB", dagster_run_id=launched.run_id), stop
        )

    # -- what the platform does

    def work(self, stop: Stop | None) -> Run | None:
        """Carry out the next run that waits, and return it as it is then; the reconciler is quicker than a run."""
        self.reconcile()
        self.owner("update ops.runs set not_before = null where not_before is not null")
        claimed = self.control.runs.claim(f"dagster@{socket.gethostname()}", limit=1, lease_seconds=60)
        for run in admitted(self.control, claimed):
            self._carry_out(Task(run_id=run.id), stop)
        return self.control.runs.get(claimed[0].id) if claimed else None

    def keep_house(self, stop: Stop | None = None) -> None:
        """Let the sensor `housekeeping` go round; a kill interrupts it here, as it is no run."""
        with suppress(KeyboardInterrupt, Unavailable), _stopping_here(stop):
            self._tally["kept house"] += len(self.estate.keep_house())

    def retain(self, stop: Stop | None) -> None:
        """Let the policy of retention have its turn."""
        with suppress(KeyboardInterrupt, OdooOpsError), _stopping_here(stop):
            retained = retain(
                self.control,
                self.truths.repository,
                self.estate.project,
                time_zone="UTC",
                now=datetime.now(UTC),
                turn=uuid4().hex,
                drop=lambda item: self.control.backups.drop(item.backup.id, reason="retention"),
            )
            self._tally["backups dropped"] += len(retained.dropped)
            self._tally["objects removed"] += retained.collected

    def pass_a_day(self) -> None:
        """Let a day pass: the ways back are over, and the policy of retention may drop what was verified before."""
        self.owner(*_A_DAY_PASSES)
        self.truths.books.outdated |= self.truths.books.verified

    def reconcile(self) -> None:
        """Give back the runs whose process is gone: all that are at work, as one thing happens at a time here."""
        for run in self.control.runs.active():
            with suppress(OdooOpsError):
                self.control.runs.requeue(run.id, attempt=run.attempt, reason="its process is gone")

    def _carry_out(self, task: Task, stop: Stop | None) -> None:
        """Carry out a claimed run, in a process of its own where it may be killed, and count how it ended."""
        if stop is not None and stop.how == "killed":
            self._carry_out_in_child(task, stop)
        else:
            self._carry_out_here(task, stop)
        run = self.control.runs.get(task.run_id)
        self._tally[f"{'undo' if run.config.get('undo') else run.kind} {run.status}"] += 1

    def _carry_out_here(self, task: Task, stop: Stop | None) -> None:
        run = self.control.runs.get(task.run_id)
        # After the run, the estate asks the record how it ended: a record that does not answer fails there too.
        with suppress(KeyboardInterrupt, Unavailable), stopping(stop, cancel=lambda: self._cancel(run)):
            [placed] = admitted(self.control, [run])
            self.estate.execute(placed, assets=task.assets, job=task.job, run_id=task.dagster_run_id)

    def _cancel(self, run: Run) -> bool:
        """Cancel the run; return False where it had ended, so that nobody interrupts it."""
        try:
            self.control.runs.cancel(run.id)
        except Conflict:
            return False
        return True

    def _carry_out_in_child(self, task: Task, stop: Stop) -> None:
        status = exit_status(run_in_child, self._where, task, stop)
        # Anything else is a fault of the test, which would then kill nothing.
        assert status in (0, -signal.SIGKILL), f"the run's process ended with {status}"
        self._tally["killed"] += status != 0

    # -- the end

    def end(self) -> None:
        """Read every backup, and restore the newest of production.

        Raises:
            AssertionError: one of them cannot be had.
        """
        self.reconcile()
        for waiting in self.control.runs.list(status="queued"):
            self.control.runs.cancel(waiting.id, reason="the walk is over")
        self.keep_house()
        self.truths.look()
        self.truths.look_at_the_end()
        backups = self.control.backups.list(status="verified")
        newest = max((b for b in backups if b.stage == "production"), key=lambda backup: str(backup.taken_at))
        before = self.truths.serving()
        self.control.backups.restore(newest.id, target_env=PRODUCTION)
        run = self.work(None)
        assert run is not None, "nothing waits"
        assert run.status == "succeeded", f"{run.kind} #{run.run_number}: {run.error_message}"
        self.truths.look()
        assert self.truths.serving() != before
        assert self.estate.orders(PRODUCTION) == len(self.truths.books.orders[self.truths.serving()])

    # -- how it is asked

    def _backup(self, which: int) -> UUID:
        backups = self.control.backups.list()
        return backups[which % len(backups)].id

    def _queue(self, branch: str, kind: str, **config: str) -> None:
        with suppress(OdooOpsError):
            self.control.runs.queue(
                self.estate.project.id,
                env=branch,
                git_sha=None,
                ref=f"refs/heads/{branch}",
                kind=kind,  # type: ignore[arg-type]
                config=config,
            )

    def owner(self, *statements: LiteralString) -> None:
        """Let the record's owner change it: time passes."""
        with psycopg.connect(self._owner_url) as connection:
            for statement in statements:
                connection.execute(statement)


def enter_orders(world: Estate, *orders: str) -> None:
    """Enter orders into the production that serves, each with its file on disk and its row."""
    folder = _files_of_production(world)
    for order in orders:
        name, content = file_of(order)
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
        world.change(
            PRODUCTION,
            f"insert into sale_order (name) values ('{order}');"
            f" insert into ir_attachment (name, store_fname) values ('{order}', '{name}')",
        )


def remove_order(world: Estate, order: str) -> None:
    """Remove an order from the production that serves, with its file and its row."""
    folder = _files_of_production(world)
    (folder / file_of(order)[0]).unlink()
    for table in ("sale_order", "ir_attachment"):
        world.change(PRODUCTION, f"delete from {table} where name = '{order}'")


def _files_of_production(world: Estate) -> Path:
    return filestore(world.settings.home, world.environment(PRODUCTION), str(world.serving(PRODUCTION)))


def _stopping_here(stop: Stop | None) -> AbstractContextManager[None]:
    """Stop what works in no process of its own: a kill interrupts it."""
    return stopping(stop and replace(stop, how=_HERE[stop.how]))
