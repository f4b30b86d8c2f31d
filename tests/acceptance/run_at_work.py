"""A run at work whose programs really run, as the engines of upgrades see it."""

from __future__ import annotations

from dataclasses import replace

from odooops_dagster.control import ControlPlane
from odooops_dagster.settings import Settings
from odooops_dagster.steps.core.context import StepContext
from odooops_dagster.tools.postgres.databases import OdooDatabases
from odooops_dagster.tools.runtime.process import ProcessRuntime
from tests.working import next_run


def run_at_work(control: ControlPlane, settings: Settings, databases: OdooDatabases, *, series: str) -> StepContext:
    """Return the run of a project that is on the series."""
    project = control.projects.create("shop", repo_url="https://github.com/acme/shop.git", odoo_version=series)
    control.environments.ensure(project.id, branch="feature/up")
    control.runs.queue(project.id, env="feature-up", git_sha="a" * 40, ref="refs/heads/feature/up", kind="build")
    return replace(next_run(control, settings, databases), runtime=ProcessRuntime(settings.home / "runtime"))
