"""The run tags that tie a Dagster run to its row in ops.runs."""

from __future__ import annotations

from collections.abc import Mapping
from uuid import UUID

from odooops_dagster.model import Fence, Run

RUN_ID = "ops/run_id"
ATTEMPT = "ops/attempt"
WORKER = "ops/worker"
ENVIRONMENT = "ops/environment"
PROJECT = "ops/project"
KIND = "ops/kind"
RUN_NUMBER = "ops/run_number"
REQUESTED_BY = "ops/requested_by"
# Host, process id and start time of the process that works on the run; written by the run itself.
PROCESS = "ops/process"
# The Dagster run, and the forked process that works on it: a re-execution inherits the tag, but is another run.
FORKED = "ops/forked"
# The partition key of the production to destroy; set by the person who launches the run.
CONFIRM = "ops/confirm"


def tags_of(run: Run) -> dict[str, str]:
    """Return the tags of a Dagster run that works on this row."""
    tags = {
        RUN_ID: str(run.id),
        ATTEMPT: str(run.attempt),
        WORKER: run.claimed_by,
        # A run that works on no environment, such as a drill, must not block others there, whatever its partition.
        ENVIRONMENT: run.partition_key if run.environment_id else None,
        PROJECT: run.project_slug,
        KIND: run.kind,
        RUN_NUMBER: str(run.run_number),
        REQUESTED_BY: run.requested_by,
    }
    return {name: value for name, value in tags.items() if value}


def fence_of(tags: Mapping[str, str]) -> Fence | None:
    """Return the fence in a Dagster run's tags; None if the run belongs to no row."""
    if RUN_ID not in tags or ATTEMPT not in tags:
        return None
    return Fence(run_id=UUID(tags[RUN_ID]), attempt=int(tags[ATTEMPT]), worker_id=tags.get(WORKER, ""))


def run_key(run: Run) -> str:
    """Return the key with which Dagster starts this attempt only once."""
    return f"{run.id}:{run.attempt}"
