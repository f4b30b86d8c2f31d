"""Runs: the queue, claims, leases and results."""

from __future__ import annotations

import builtins
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from odooops_dagster.control.database import Database, Rows
from odooops_dagster.errors import NotFound
from odooops_dagster.model import FINISHED, Fault, Fence, Run, RunKind, RunStatus


class Runs:
    """Reads and writes ops.runs; a worker's writes need its fence."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def queue(
        self,
        project_id: UUID,
        *,
        env: str | None,
        git_sha: str | None,
        ref: str | None,
        kind: RunKind = "deploy",
        trigger: str = "cli",
        requested_by: str | None = None,
        priority: int = 0,
        idempotency_key: str | None = None,
        config: Mapping[str, Any] | None = None,
        max_attempts: int = 3,
    ) -> UUID:
        """Queue a run and return its id; the same idempotency key returns the same run."""
        run_id: UUID = self._database.value(
            "queue_run",
            project_id=project_id,
            env=env,
            git_sha=git_sha,
            ref=ref,
            p_kind=kind,
            p_trigger=trigger,
            p_requested_by=requested_by,
            p_priority=priority,
            p_idempotency_key=idempotency_key,
            p_config=config or {},
            p_max_attempts=max_attempts,
        )
        return run_id

    def get(self, run_id: UUID) -> Run:
        """Return the run with this id."""
        return Run.from_row(self._database.one("v_runs", what=f"run {run_id}", order="run_number", id=run_id))

    def by_number(self, slug: str, number: int) -> Run:
        """Return the project's run with this number."""
        row = self._database.one(
            "v_runs", what=f"run {slug}#{number}", order="run_number", project_slug=slug, run_number=number
        )
        return Run.from_row(row)

    def known(self, run_ids: Iterable[UUID]) -> frozenset[UUID]:
        """Return those of the ids that belong to recorded runs."""
        rows = self._database.call("known_runs", p_run_ids=builtins.list(run_ids))
        return frozenset(row["known_runs"] for row in rows)

    def since(self, after: UUID, *, with_open: Iterable[UUID], limit: int) -> Rows:
        """Return the runs after an id, which begins with its time, and those of `with_open`: `id` and `is_ended`."""
        return self._database.call("list_runs_since", p_after=after, p_open=builtins.list(with_open), p_limit=limit)

    def ending_with(self, ends: Iterable[str]) -> dict[str, UUID]:
        """Return the run whose id ends with these digits, by the digits; omit ambiguous digits."""
        rows = self._database.call("runs_ending_with", p_ends=sorted(ends))
        found = Counter(row["ending"] for row in rows)
        return {row["ending"]: row["id"] for row in rows if found[row["ending"]] == 1}

    def list(
        self, project_slug: str | None = None, *, status: RunStatus | None = None, limit: int = 50
    ) -> builtins.list[Run]:
        """Return runs, newest first."""
        rows = self._database.read(
            "v_runs", order="created_at desc, run_number desc", limit=limit, project_slug=project_slug, status=status
        )
        return [Run.from_row(row) for row in rows]

    def queued(self) -> Rows:
        """Return the queued runs in the order of their claims, each with its reason to wait and usual duration."""
        return self._database.call("list_queued_runs")

    def outlook(self, run: Run) -> dict[str, Any]:
        """Return what is known of an unfinished run's future, empty for an ended one.

        That is the usual duration, None if no such run of the project succeeded yet, for a queued run its `position`
        and what it `waits_for`, and for a working one its `expected_end`.
        """
        if run.status in FINISHED:
            return {}
        if run.status == "queued":
            rows = self._database.read("v_run_queue", order="position", run_id=run.id)
            names = ("position", "waits_for", "usual_duration")
            return {name: row[name] for row in rows for name in names}
        usual = self.usual_duration(run.project_id, run.kind)
        end = run.started_at + usual if run.started_at and usual is not None else None
        return {"usual_duration": usual, "expected_end": end}

    def usual_duration(self, project_id: UUID, kind: RunKind) -> timedelta | None:
        """Return how long the project's last successful runs of this kind worked, as a median; None without a past."""
        usual: timedelta | None = self._database.value("usual_duration", p_project_id=project_id, p_kind=kind)
        return usual

    def claim(self, worker_id: str, *, limit: int = 1, lease_seconds: int = 60) -> builtins.list[Run]:
        """Claim the next runs, at most one per environment."""
        rows = self._database.call("claim_runs", p_worker_id=worker_id, p_limit=limit, p_lease_seconds=lease_seconds)
        return [Run.from_row(row) for row in rows]

    def claim_short_runs(self, worker_id: str, *, at_once: int, lease_seconds: int = 60) -> builtins.list[Run]:
        """Claim runs that remove, stop or start an environment while fewer than `at_once` of them are at work."""
        rows = self._database.call(
            "claim_short_runs", p_worker_id=worker_id, p_at_once=at_once, p_lease_seconds=lease_seconds
        )
        return [Run.from_row(row) for row in rows]

    def peek(self, limit: int) -> builtins.list[Run]:
        """Return the runs that a claim would return, without claiming them."""
        return [Run.from_row(row) for row in self._database.call("peek_runs", p_limit=limit)]

    def start(self, fence: Fence, *, dagster_run_id: str | None = None, lease_seconds: int = 60) -> Run:
        """Start a claimed run.

        Raises:
            Fenced: the attempt is not the current one, or belongs to another worker.
        """
        rows = self._database.call(
            "start_workflow_run",
            p_run_id=fence.run_id,
            p_worker_id=fence.worker_id,
            p_attempt=fence.attempt,
            p_dagster_run_id=dagster_run_id,
            p_lease_seconds=lease_seconds,
        )
        return Run.from_row(rows[0])

    def heartbeat(self, fence: Fence, *, lease_seconds: int = 60) -> bool:
        """Renew the lease, and return whether a cancel was requested."""
        asked: bool = self._database.value(
            "heartbeat_run",
            p_run_id=fence.run_id,
            p_worker_id=fence.worker_id,
            p_attempt=fence.attempt,
            p_lease_seconds=lease_seconds,
        )
        return asked

    def renew(self, run_id: UUID, *, attempt: int, dagster_run_id: str | None = None, lease_seconds: int = 60) -> None:
        """Renew the claim of a run that waits in Dagster's queue, and record its Dagster run."""
        self._database.call(
            "renew_claim",
            p_run_id=run_id,
            p_attempt=attempt,
            p_dagster_run_id=dagster_run_id,
            p_lease_seconds=lease_seconds,
        )

    def complete(
        self,
        fence: Fence,
        *,
        exit_code: int | None,
        error_message: str | None = None,
        canceled: bool = False,
        fault: Fault | None = None,
    ) -> RunStatus:
        """End the run and return its status; a repeated call with the same result changes nothing."""
        status: RunStatus = self._database.value(
            "complete_workflow_run",
            p_run_id=fence.run_id,
            p_exit_code=exit_code,
            p_error_message=error_message,
            p_attempt=fence.attempt,
            p_worker_id=fence.worker_id,
            p_canceled=canceled,
            p_fault=fault,
        )
        return status

    def end_dagster_run(self, dagster_run_id: str, *, status: RunStatus, error_message: str | None = None) -> bool:
        """End the run of a Dagster run if it has not ended, and return whether this call ended it."""
        ended: bool = self._database.value(
            "end_dagster_run",
            p_dagster_run_id=dagster_run_id,
            p_status=status,
            p_error_message=error_message,
        )
        return ended

    def cancel(self, run_id: UUID, *, reason: str | None = None, requested_by: str | None = None) -> RunStatus:
        """Cancel a waiting run immediately, request the end of a working one, and return the status."""
        status: RunStatus = self._database.value(
            "cancel_run", p_run_id=run_id, p_reason=reason, p_requested_by=requested_by
        )
        return status

    def cancel_requested(self) -> builtins.list[Run]:
        """Return the active runs with a requested cancel."""
        return [run for run in self.active() if run.cancel_requested_at is not None]

    def retry(self, run_id: UUID, *, requested_by: str | None = None, idempotency_key: str | None = None) -> UUID:
        """Queue a retry of an ended run as a new run, and return its id; the same key returns the same run."""
        again: UUID = self._database.value(
            "retry_run", p_run_id=run_id, p_requested_by=requested_by, p_idempotency_key=idempotency_key
        )
        return again

    def requeue(self, run_id: UUID, *, attempt: int, reason: str) -> RunStatus:
        """Give up a lost attempt, and return the run's status."""
        status: RunStatus = self._database.value("requeue_run", p_run_id=run_id, p_attempt=attempt, p_reason=reason)
        return status

    def requeue_expired(self, *, spare: Sequence[UUID] = ()) -> Rows:
        """Give up attempts with an expired lease except `spare`, which are alive; return rows of run_id and outcome."""
        return self._database.call("requeue_expired_runs", p_spare=list(spare))

    def enroll(
        self,
        dagster_run_id: str,
        *,
        partition_key: str,
        kind: RunKind,
        requested_by: str | None,
        worker_id: str,
        config: Mapping[str, Any] | None = None,
        lease_seconds: int = 60,
    ) -> Fence:
        """Enrol a run that was started in Dagster as a claimed run, and return its fence.

        Raises:
            Conflict: another run works on the environment.
        """
        rows = self._database.call(
            "enroll_run",
            p_dagster_run_id=dagster_run_id,
            p_partition_key=partition_key,
            p_kind=kind,
            p_requested_by=requested_by,
            p_worker_id=worker_id,
            p_config=config or {},
            p_lease_seconds=lease_seconds,
        )
        return Fence(run_id=rows[0]["run_id"], attempt=rows[0]["attempt"], worker_id=worker_id)

    def active(self) -> builtins.list[Run]:
        """Return the claimed and running runs, oldest first."""
        rows = [
            row
            for status in ("claimed", "running")
            for row in self._database.read("v_runs", order="created_at, run_number", status=status)
        ]
        return sorted((Run.from_row(row) for row in rows), key=lambda run: run.created_at)

    def active_count(self) -> int:
        """Return the number of claimed and running runs."""
        return int(self._database.value("active_counts"))

    def verify_chain(self, run_id: UUID) -> bool:
        """Return whether the chain of the run's events is intact."""
        intact: bool | None = self._database.value("verify_run_chain", p_run_id=run_id)
        if intact is None:
            raise NotFound(f"There is no run {run_id}", hint="List them: ops run list.")
        return intact
