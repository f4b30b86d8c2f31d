"""A run's process of a walk, killed at its n-th deed: forked from a process that has imported all of this already."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import cast
from uuid import UUID

import dagster as dg
import pytest

from odooops_dagster.control import ControlPlane
from odooops_dagster.local.identity import identify
from odooops_dagster.settings import Settings
from odooops_dagster.tools.postgres.databases import OdooDatabases
from odooops_dagster.tools.store import FolderStore
from sensors.ops_queue import startable
from tests.dagster.estate import Estate, use_stand_in_odoo
from tests.dagster.thread_runtime import RuntimeFromAfar
from tests.dagster.traps import Stop, stopping
from tests.repositories import Repository


@dataclass(frozen=True, kw_only=True)
class Task:
    """A claimed run, and what of its job is to be made."""

    run_id: UUID
    assets: tuple[str, ...] = ()
    job: str | None = None
    dagster_run_id: str = ""


@dataclass(frozen=True, kw_only=True)
class Whereabouts:
    """Where another process finds the world of a walk."""

    control_url: str
    admin_url: str
    settings: Settings
    stand_in: Path
    services: tuple[str, int]


def marking(admin_url: str, control: ControlPlane, home: Path) -> OdooDatabases:
    """Return the server of environments as the platform is wired to it: what is made bears its mark."""
    return OdooDatabases(admin_url, secrets=home / "secrets", identity=partial(identify, control, home))


def main(where: Whereabouts, task: Task, stop: Stop) -> None:
    """Carry the run out until it is stopped."""
    logging.disable(logging.CRITICAL)
    use_stand_in_odoo(pytest.MonkeyPatch(), where.stand_in)
    with ControlPlane(where.control_url) as control, dg.DagsterInstance.ephemeral() as instance:
        run = control.runs.get(task.run_id)
        estate = Estate(
            control=control,
            settings=where.settings,
            databases=marking(where.admin_url, control, where.settings.home),
            runtime=RuntimeFromAfar(where.services),
            instance=instance,
            project=control.projects.get(run.project_slug),
            repository=cast("Repository", None),  # a run's process pushes nothing
            store=FolderStore(where.settings.home / "store"),
        )
        with stopping(stop):
            estate.execute(startable(control, run), assets=task.assets, job=task.job, run_id=task.dagster_run_id)
