"""A run's process that is killed in its promotion: `python -m tests.dagster.promotion_child <as told>`."""

from __future__ import annotations

import json
import os
import sys
from contextlib import AbstractContextManager, nullcontext
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
from tests.dagster.clone_child import KILLED, crashing


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
        with killed_at(told["point"]):
            checks = promote(context).checks
        assert all(check.passed for check in checks), checks
        control.runs.complete(fence, exit_code=0)


def killed_at(point: list[str] | None) -> AbstractContextManager[Any]:
    """Let the process end before or after a place in the code, for as long as the block."""
    if point is None:
        return nullcontext()
    place, when = point
    return crashing(place, when, lambda: os._exit(KILLED))


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
