"""A run's process that is killed in its restore or drill."""

from __future__ import annotations

import os
import signal
import threading
from contextlib import AbstractContextManager, nullcontext
from dataclasses import fields
from pathlib import Path
from typing import Any, BinaryIO
from uuid import UUID

from odooops_dagster.control import ControlPlane
from odooops_dagster.local.identity import identify
from odooops_dagster.model import CheckResult, Fence
from odooops_dagster.settings import Settings
from odooops_dagster.steps.core.context import ProjectContext, StepContext
from odooops_dagster.steps.recovery.drill import run_drill
from odooops_dagster.steps.recovery.restore import restore_environment
from odooops_dagster.steps.recovery.retention import apply_policy
from odooops_dagster.tools.postgres.databases import OdooDatabases
from odooops_dagster.tools.runtime.process import ProcessRuntime
from odooops_dagster.tools.store import FolderStore
from tests.crashes import crashing


def main(told: dict[str, Any]) -> None:
    """Carry the run out, to its end where there is no point to be killed at."""
    home = Path(told["home"])
    fence = Fence(run_id=UUID(told["run_id"]), attempt=told["attempt"], worker_id="child")
    with ControlPlane(told["control_url"]) as control:
        run = control.runs.start(fence, lease_seconds=600)
        in_project = ProjectContext(
            run=run,
            project=control.projects.get(run.project_slug),
            fence=fence,
            control=control,
            runtime=ProcessRuntime(Path(told["services"]), may_start_supervisor=False),
            store=store_of(home / "store", told["point"]),
            databases=OdooDatabases(
                told["admin_url"], secrets=home / "secrets", identity=lambda: identify(control, home)
            ).made_by(run.id),
            settings=Settings(home=home),
            log=lambda _level, line: print(line),
        )
        with killed_at(told["point"]):
            checks = carry_out(in_project)
        assert all(check.passed for check in checks), checks
        control.runs.complete(fence, exit_code=0)


class Fatal(FolderStore):
    """A store whose user is killed when it opens so many objects."""

    def __init__(self, root: Path, left: int) -> None:
        super().__init__(root)
        self._left = left
        self._lock = threading.Lock()

    def open(self, key: str) -> BinaryIO:
        """Open it, or die."""
        with self._lock:
            self._left -= 1
            if self._left == 0:
                kill()
        return super().open(key)


def store_of(root: Path, point: list[str] | None) -> FolderStore:
    """Return the store, in which one may die."""
    place, when = point or ("", "")
    return Fatal(root, int(when)) if place == "store" else FolderStore(root)


def kill() -> None:
    """End this process as the kernel would."""
    os.kill(os.getpid(), signal.SIGKILL)


def killed_at(point: list[str] | None) -> AbstractContextManager[Any]:
    """Let the process be killed before or after a place in the code, for as long as the block."""
    if point is None or point[0] == "store":
        return nullcontext()
    place, when = point
    return crashing(place, when, kill)


def carry_out(in_project: ProjectContext) -> tuple[CheckResult, ...]:
    """Do what the run's job does, and return what it was judged by."""
    if in_project.run.kind == "retention":
        apply_policy(in_project)
        return ()
    facts = {each.name: getattr(in_project, each.name) for each in fields(in_project)}
    context = StepContext(**facts, environment=in_project.control.environments.of_run(in_project.run))
    if context.run.kind == "drill":
        return run_drill(context).checks
    return restore_environment(context).checks
