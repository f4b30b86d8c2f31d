"""`ops demo`: pushes with a real Odoo, from an empty state folder to a preview and a staging that answer."""

from __future__ import annotations

import os
from typing import Annotated
from uuid import UUID

import typer

from odooops_dagster.control import ControlPlane
from odooops_dagster.demo import BRANCH, DemoRepository
from odooops_dagster.doors.cli.dry_run import DryRun
from odooops_dagster.doors.cli.output import note
from odooops_dagster.doors.cli.ports import control_plane
from odooops_dagster.doors.cli.ui import login_link
from odooops_dagster.doors.cli.up import prepare_database, report
from odooops_dagster.doors.cli.walkthrough import Walk, tell, title
from odooops_dagster.errors import StepFailed
from odooops_dagster.home import demo_folder
from odooops_dagster.local.overview import overview
from odooops_dagster.local.stack import Stack, Stopped
from odooops_dagster.model import Project, Run
from odooops_dagster.settings import Settings
from odooops_dagster.wording import size_text

_TRY_NEXT = ("ops status", "ops env list", "ops run list")


def demo(
    once: Annotated[
        bool, typer.Option("--once", help="Stop everything at the end instead of waiting for Ctrl-C.")
    ] = False,
    gates: Annotated[
        bool, typer.Option("--gates", help="Bring a release through its gates to production instead.")
    ] = False,
) -> None:
    """Push a real addon to a real repository and watch it become a running Odoo."""
    # A demonstration must not take half a minute to notice a push.
    os.environ.setdefault("ODOOOPS_POLL_SECONDS", "2")
    settings = Settings()
    if overview(settings).running:
        note(f"the platform already runs in {settings.home}; the demonstration uses it")
        _walk_through(settings, gates=gates)
        return
    stack = Stack(settings, prepare_database=lambda urls: prepare_database(settings, urls), report=report)
    stack.run(on_ready=lambda: _walk_through_and_stay(settings, once=once, gates=gates))


def _walk_through_and_stay(settings: Settings, *, once: bool, gates: bool) -> None:
    _walk_through(settings, gates=gates)
    if once:
        raise Stopped
    note(f"\nall of it keeps running: Ctrl-C ends it; the Dagster UI is at {login_link(settings)}")
    note(f"in a second terminal: {' · '.join(_TRY_NEXT)}")


def _walk_through(settings: Settings, *, gates: bool) -> None:
    with control_plane(settings) as control:
        if gates:
            DryRun(settings, control, gateway_url=overview(settings).gateway_url).tell()
        else:
            Walkthrough(settings, control, dagster_url=overview(settings).dagster_url).tell()
    note("\nevery step held")


class Walkthrough(Walk):
    """The steps of the demonstration."""

    def __init__(self, settings: Settings, control: ControlPlane, *, dagster_url: str) -> None:
        super().__init__(control, DemoRepository(demo_folder(settings.home)), slug="demo")
        self._dagster_url = dagster_url

    def tell(self) -> None:
        """Run all steps in order and print what happens."""
        project = self.make_project()
        preview = self._preview_of_a_good_push()
        self._broken_push_leaves_it_alone(preview)
        self._production_and_its_backup(project)
        self.staging()
        self._audit(preview)

    def _preview_of_a_good_push(self) -> Run:
        title(f"git push origin {BRANCH}")
        sha = self.repository.push_feature()
        run = self.done(self.run_of(sha))
        tell(f"preview:  {self.answering_url(BRANCH)} (admin, password admin)")
        tell(f"dagster:  {self._dagster_url}/runs/{run.dagster_run_id}")
        self.timeline(run)
        return run

    def _broken_push_leaves_it_alone(self, preview: Run) -> None:
        title(f"git push origin {BRANCH}, with a mistake in it")
        run = self.follow(self.run_of(self.repository.push_broken()))
        failed = [row for row in self.control.checks.list(run.id) if not row["passed"]]
        if run.status != "failed" or not failed:
            raise StepFailed(f"the broken commit was not refused: run #{run.run_number} {run.status}")
        for row in failed:
            tell(f"failed:   {row['name']}: {row['summary']}")
        tell(f"preview:  {self.answering_url(BRANCH)} still answers with commit {preview.git_sha}")

    def _production_and_its_backup(self, project: Project) -> None:
        title("Production, with a customer and a mail server in it, and a backup that was read back")
        production = self.production(project)
        backup = self.control.backups.create(project.id, env=production.branch, label="demo")
        self.done(self.control.runs.get(UUID(str(backup.run_id))))
        backup = self.control.backups.get(backup.id)
        tell(f"backup:   {backup.id}, {backup.status}, {size_text(backup.size_bytes or 0)}")

    def _audit(self, run: Run) -> None:
        title("What is on record")
        if not self.control.runs.verify_chain(run.id):
            raise StepFailed(f"the events of run #{run.run_number} do not chain")
        tell(f"events:   {len(self.control.logs.events(run.id))}, each chained to the one before it")
        tell(f"lineage:  {' -> '.join(row['asset_key'] for row in self.control.lineage.list(run.id))}")
        for row in self.control.artifacts.list(run.id):
            tell(f"artifact: {row['artifact_key']}, {row['size_bytes']} bytes, SHA-256 {row['sha256'][:16]}")
