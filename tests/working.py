"""A run at work, as a step sees it."""

from __future__ import annotations

from uuid import UUID

from odooops_dagster.control import ControlPlane
from odooops_dagster.model import Fence
from odooops_dagster.settings import Settings
from odooops_dagster.steps.core.context import StepContext
from odooops_dagster.tools.postgres.databases import OdooDatabases
from odooops_dagster.tools.runtime.memory import MemoryRuntime
from odooops_dagster.tools.store import MemoryStore


def next_run(control: ControlPlane, settings: Settings, databases: OdooDatabases) -> StepContext:
    """Claim and start the next run of an environment, and return what its steps are handed."""
    [claimed] = control.runs.claim("tests")
    fence = Fence(run_id=claimed.id, attempt=claimed.attempt, worker_id="tests")
    return StepContext(
        run=control.runs.start(fence),
        environment=control.environments.by_id(UUID(str(claimed.environment_id))),
        project=control.projects.get(claimed.project_slug),
        fence=fence,
        control=control,
        runtime=MemoryRuntime(),
        store=MemoryStore(),
        databases=databases,
        settings=settings,
        log=lambda _level, _message: None,
    )
