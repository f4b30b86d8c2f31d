"""`ops demo`: pushes with a real Odoo, from an empty state folder to a preview and a staging that answer."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Annotated
from uuid import UUID

import typer

from odooops_dagster.control import ControlPlane
from odooops_dagster.doors.cli.dry_run import DryRun
from odooops_dagster.doors.cli.lookup import environment_of, living
from odooops_dagster.doors.cli.output import note
from odooops_dagster.doors.cli.patience import patience
from odooops_dagster.doors.cli.ports import control_plane, read_settings
from odooops_dagster.doors.cli.ui import login_link
from odooops_dagster.doors.cli.up import RuntimeName, prepare_database, report
from odooops_dagster.doors.cli.walkthrough import Walk, tell, title
from odooops_dagster.errors import StepFailed
from odooops_dagster.model import Project, Run
from odooops_dagster.wording import size_text

if TYPE_CHECKING:
    from odooops_dagster.settings import Settings

_TRY_NEXT = ("ops status", "ops env list", "ops run list")


def demo(
    once: Annotated[
        bool, typer.Option("--once", help="Stop everything at the end instead of waiting for Ctrl-C.")
    ] = False,
    gates: Annotated[
        bool, typer.Option("--gates", help="Bring a release through its gates to production instead.")
    ] = False,
    runtime: RuntimeName = None,
) -> None:
    """Push a real addon to a real repository and watch it become a running Odoo."""
    from odooops_dagster.local.overview import overview
    from odooops_dagster.local.stack import Stack
    from odooops_dagster.local.watch import Stopped

    # A demonstration must not take half a minute to notice a push.
    os.environ.setdefault("ODOOOPS_POLL_SECONDS", "2")
    settings = read_settings()
    settings = settings.model_copy(update={"runtime": runtime or settings.runtime})
    note(f"state folder {settings.home}")
    with patience() as waiting:
        if overview(settings).running:
            note("the platform already runs there; the demonstration uses it")
            _walk_through(settings, gates=gates)
            return

        def on_ready() -> None:
            _walk_through(settings, gates=gates)
            waiting.end()
            if once:
                raise Stopped
            _tell_what_to_try(settings, slug="dry-run" if gates else "demo")

        stack = Stack(settings, prepare_database=lambda urls: prepare_database(settings, urls), report=report)
        stack.run(on_ready=on_ready)


def _tell_what_to_try(settings: Settings, *, slug: str) -> None:
    """Print where everything is, who may log in, and the commands to begin with."""
    from odooops_dagster.demo.office import LOGIN

    title("All of it keeps running; Ctrl-C ends it")
    with control_plane(settings) as control:
        for each in living(control.environments.list(slug)):
            if each.status == "running":
                tell(f"{each.stage:<12} {each.url}  ({LOGIN}, password {LOGIN})")
    tell(f"{'Dagster UI':<12} {login_link(settings)}")
    tell(f"{'':<12} this link works once; `ops ui` prints another one")
    tell(f"{'Console':<12} `ops console` prints a link that signs you in")
    tell("Try next, in a second terminal in this folder:")
    for command in ('export PATH="$PWD/.venv/bin:$PATH"', *_TRY_NEXT):
        tell(f"    {command}")


def _walk_through(settings: Settings, *, gates: bool) -> None:
    from odooops_dagster.local.overview import overview

    with control_plane(settings) as control:
        if gates:
            DryRun(settings, control, gateway_url=overview(settings).gateway_url).tell()
        else:
            Walkthrough(settings, control, dagster_url=overview(settings).dagster_url).tell()
    note("\nevery step held")


class Walkthrough(Walk):
    """The steps of the demonstration."""

    def __init__(self, settings: Settings, control: ControlPlane, *, dagster_url: str) -> None:
        from odooops_dagster.demo import DemoRepository
        from odooops_dagster.home import demo_folder

        super().__init__(settings.home, control, DemoRepository(demo_folder(settings.home)), slug="demo")
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
        from odooops_dagster.demo import BRANCH

        title(f"git push origin {BRANCH}")
        sha = self.repository.push_feature()
        run = self.done(self.run_of(sha))
        tell(f"preview:  {self.answering_url(BRANCH)} (admin, password admin)")
        self._tell_image(BRANCH)
        tell(f"dagster:  {self._dagster_url}/runs/{run.dagster_run_id}")
        self.timeline(run)
        return run

    def _tell_image(self, branch: str) -> None:
        """Print the image that the branch's environment runs from, where commits become images."""
        digest = environment_of(self.control, self.slug, branch).image_digest
        for row in self.control.images.of_build(self.slug, digest) if digest else []:
            key = row["signed_by"]
            tell(f"image:    {row['reference']}")
            tell(f"signed:   {f'verified by the key {key}' if key else 'by no key that the platform knows'}")

    def _broken_push_leaves_it_alone(self, preview: Run) -> None:
        from odooops_dagster.demo import BRANCH

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
