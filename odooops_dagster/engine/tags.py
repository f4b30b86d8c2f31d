"""The run tags that tie a Dagster run to its row in ops.runs; people see four of them, and what they set."""

from __future__ import annotations

from collections.abc import Mapping
from uuid import UUID

from odooops_dagster.engine.private import HIDDEN_TAG_PREFIX
from odooops_dagster.model import Fence, Run

# The run's name for people, and its branch: `shop#5 feature/test`. Dagster's pages sort tags by name: it is the first.
RUN = "name"
PROJECT = "ops/project"
REQUESTED_BY = "ops/requested_by"
# The side at fault in a failed run, project or platform; written at its end.
FAULT = "ops/fault"
# Dagster's pages show none of these; a second slash is not allowed in a name.
_HIDDEN = f"{HIDDEN_TAG_PREFIX}ops."
RUN_ID = f"{_HIDDEN}run_id"
ATTEMPT = f"{_HIDDEN}attempt"
WORKER = f"{_HIDDEN}worker"
ENVIRONMENT = f"{_HIDDEN}environment"
KIND = f"{_HIDDEN}kind"
RUN_NUMBER = f"{_HIDDEN}run_number"
# Host, process id and start time of the process that works on the run; written by the run itself.
PROCESS = f"{_HIDDEN}process"
# The Dagster run, and the forked process that works on it: a re-execution inherits the tag, but is another run.
FORKED = f"{_HIDDEN}forked"
# The partition key of the production to destroy; set by the person who launches the run.
CONFIRM = "ops/confirm"


def tags_of(run: Run) -> dict[str, str]:
    """Return the tags of a Dagster run that works on this row."""
    branch = (run.partition_key or "").partition("/")[2] if run.environment_id else ""
    tags = {
        RUN: f"{run.project_slug}#{run.run_number} {branch}".strip(),
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
    run_id, attempt = told(tags, RUN_ID), told(tags, ATTEMPT)
    if run_id is None or attempt is None:
        return None
    return Fence(run_id=UUID(run_id), attempt=int(attempt), worker_id=told(tags, WORKER) or "")


def told(tags: Mapping[str, str], name: str) -> str | None:
    """Return a tag's value; a run that an earlier version started has it under a name that people see."""
    return tags.get(name) or tags.get(name.replace(_HIDDEN, "ops/"))


def run_key(run: Run) -> str:
    """Return the key with which Dagster starts this attempt only once."""
    return f"{run.id}:{run.attempt}"
