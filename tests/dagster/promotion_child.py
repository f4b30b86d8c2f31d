"""A run's process that is killed in its promotion."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from uuid import UUID

from odooops_dagster.control import ControlPlane
from odooops_dagster.model import Fence
from odooops_dagster.settings import Settings
from odooops_dagster.steps.core.context import StepContext
from odooops_dagster.steps.release.promote import promote
from odooops_dagster.tools.postgres.databases import OdooDatabases
from odooops_dagster.tools.runtime.process import ProcessRuntime
from odooops_dagster.tools.store import FolderStore
from tests.crashes import ending_at


def main(told: dict[str, Any]) -> None:
    """Carry the run out, to its end where there is no point to be killed at."""
    home = Path(told["home"])
    fence = Fence(run_id=UUID(told["run_id"]), attempt=told["attempt"], worker_id="child")
    with ControlPlane(told["control_url"]) as control:
        run = control.runs.start(fence, lease_seconds=600)
        context = StepContext(
            run=run,
            project=control.projects.get(run.project_slug),
            environment=control.environments.of_run(run),
            fence=fence,
            control=control,
            runtime=ProcessRuntime(Path(told["services"]), may_start_supervisor=False),
            store=FolderStore(home / "store"),
            databases=OdooDatabases(told["admin_url"], secrets=home / "secrets"),
            settings=Settings(home=home, trust_pushers=True),
            log=lambda _level, line: print(line),
        )
        with ending_at(told["point"]):
            checks = promote(context).checks
        assert all(check.passed for check in checks), checks
        control.runs.complete(fence, exit_code=0)
