"""`ops demo`: pushes with a real Odoo, from an empty state folder to a preview and a staging that answer."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from typing import Annotated, Any
from uuid import UUID

import typer

from odooops_dagster.control import ControlPlane
from odooops_dagster.demo import BRANCH, RELEASE, DemoRepository
from odooops_dagster.demo.office import OdooSession
from odooops_dagster.doors.cli.lookup import RunRequest, environment_of, queue_branch
from odooops_dagster.doors.cli.output import note, say
from odooops_dagster.doors.cli.ports import control_plane
from odooops_dagster.doors.cli.ui import login_link
from odooops_dagster.doors.cli.up import prepare_database, report
from odooops_dagster.errors import StepFailed
from odooops_dagster.home import demo_folder
from odooops_dagster.local.overview import overview
from odooops_dagster.local.stack import Stack, Stopped
from odooops_dagster.model import FINISHED, Environment, Project, Run
from odooops_dagster.settings import Settings
from odooops_dagster.tools.loopback import loopback_client
from odooops_dagster.wording import age_text, size_text

SLUG = "demo"
SERIES = "19.0"
CUSTOMER = "Ada Lovelace"

# The first run downloads and unpacks Odoo; on a slow line that is most of an hour.
_LONGEST_RUN_SECONDS = 3600.0
_PUSH_SEEN_WITHIN_SECONDS = 120.0
_PAUSE_SECONDS = 0.5
_TRY_NEXT = ("ops status", "ops env list", f"ops run list {SLUG}")


def demo(
    once: Annotated[
        bool, typer.Option("--once", help="Stop everything at the end instead of waiting for Ctrl-C.")
    ] = False,
) -> None:
    """Push a real addon to a real repository and watch it become a running Odoo."""
    # A demonstration must not take half a minute to notice a push.
    os.environ.setdefault("ODOOOPS_POLL_SECONDS", "2")
    settings = Settings()
    if overview(settings).running:
        note(f"the platform already runs in {settings.home}; the demonstration uses it")
        _walk_through(settings)
        return
    stack = Stack(settings, prepare_database=lambda urls: prepare_database(settings, urls), report=report)
    stack.run(on_ready=lambda: _walk_through_and_stay(settings, once=once))


def _walk_through_and_stay(settings: Settings, *, once: bool) -> None:
    _walk_through(settings)
    if once:
        raise Stopped
    note(f"\nall of it keeps running: Ctrl-C ends it; the Dagster UI is at {login_link(settings)}")
    note(f"in a second terminal: {' · '.join(_TRY_NEXT)}")


def _walk_through(settings: Settings) -> None:
    with control_plane(settings) as control:
        Walkthrough(settings, control, dagster_url=overview(settings).dagster_url).tell()
    note("\nevery step held")


class Walkthrough:
    """The steps of the demonstration; a failed step raises and ends it."""

    def __init__(self, settings: Settings, control: ControlPlane, *, dagster_url: str) -> None:
        self._control = control
        self._dagster_url = dagster_url
        self._repository = DemoRepository(demo_folder(settings.home))

    def tell(self) -> None:
        """Run all steps in order and print what happens."""
        project = self._make_project()
        preview = self._preview_of_a_good_push()
        self._broken_push_leaves_it_alone(preview)
        self._production_and_its_backup(project)
        self._staging_on_a_harmless_clone()
        self._audit(preview)

    def _make_project(self) -> Project:
        _title("A repository with a real addon, and a project that watches it")
        self._repository.create()
        project = self._control.projects.create(SLUG, repo_url=str(self._repository.origin), odoo_version=SERIES)
        _say(f"project {project.slug}: {project.repo_url}, Odoo {project.odoo_version}")
        return project

    def _preview_of_a_good_push(self) -> Run:
        _title(f"git push origin {BRANCH}")
        sha = self._repository.push_feature()
        run = self._done(self._run_of(sha))
        _say(f"preview:  {self._answering_url()} (admin, password admin)")
        _say(f"dagster:  {self._dagster_url}/runs/{run.dagster_run_id}")
        self._timeline(run)
        return run

    def _broken_push_leaves_it_alone(self, preview: Run) -> None:
        _title(f"git push origin {BRANCH}, with a mistake in it")
        run = self._follow(self._run_of(self._repository.push_broken()))
        failed = [row for row in self._control.checks.list(run.id) if not row["passed"]]
        if run.status != "failed" or not failed:
            raise StepFailed(f"the broken commit was not refused: run #{run.run_number} {run.status}")
        for row in failed:
            _say(f"failed:   {row['name']}: {row['summary']}")
        _say(f"preview:  {self._answering_url()} still answers with commit {preview.git_sha}")

    def _production_and_its_backup(self, project: Project) -> None:
        _title("Production, with a customer and a mail server in it, and a backup that was read back")
        main = project.default_branch
        if self._control.environments.ensure(project.id, branch=main).database_name is None:
            self._done(queue_branch(self._control, project, RunRequest(branch=main, kind="deploy")))
        production, office = self._office(main)
        office.enter("res.partner", name=CUSTOMER, email="ada@example.com")
        office.enter("ir.mail_server", name="Production", smtp_host="smtp.example.com", smtp_pass="demo")  # noqa: S106 -- of nobody
        _say(f"customer: {CUSTOMER} is in {production.url}, which sends mail through smtp.example.com")
        backup = self._control.backups.create(project.id, env=main, label="demo")
        self._done(self._control.runs.get(UUID(str(backup.run_id))))
        backup = self._control.backups.get(backup.id)
        _say(f"backup:   {backup.id}, {backup.status}, {size_text(backup.size_bytes or 0)}")

    def _staging_on_a_harmless_clone(self) -> None:
        _title(f"git push origin {RELEASE}")
        run = self._done(self._run_of(self._repository.push_release()))
        staging, office = self._office(RELEASE)
        backup = self._control.backups.shown_by(staging)
        people = office.look_up("res.partner", [["name", "=", CUSTOMER]], "name")
        servers = office.look_up("ir.mail_server", [], "smtp_host")
        if backup is None or backup.taken_at is None or not people or servers != ["invalid"]:
            raise StepFailed(f"{staging.url} is no harmless clone: {people}, mail through {servers}")
        _say(f"staging:  {staging.url}")
        waited = age_text(backup.taken_at - run.created_at)
        _say(f"data:     backup {backup.id}, made for this staging {waited} after the push")
        _say(f"customer: {people[0]} is there; mail goes to {servers[0]}, which leads nowhere")

    def _office(self, branch: str) -> tuple[Environment, OdooSession]:
        """Return the branch's environment and a logged-in session of its Odoo."""
        environment = environment_of(self._control, SLUG, branch)
        return environment, OdooSession(str(environment.url), database=str(environment.database_name))

    def _audit(self, run: Run) -> None:
        _title("What is on record")
        if not self._control.runs.verify_chain(run.id):
            raise StepFailed(f"the events of run #{run.run_number} do not chain")
        _say(f"events:   {len(self._control.logs.events(run.id))}, each chained to the one before it")
        _say(f"lineage:  {' -> '.join(row['asset_key'] for row in self._control.lineage.list(run.id))}")
        for row in self._control.artifacts.list(run.id):
            _say(f"artifact: {row['artifact_key']}, {row['size_bytes']} bytes, SHA-256 {row['sha256'][:16]}")

    def _run_of(self, sha: str) -> Run:
        """Wait until the push has queued its run and return the run."""
        for _ in _until(_PUSH_SEEN_WITHIN_SECONDS, f"nobody noticed the push of {sha[:12]}"):
            for run in self._control.runs.list(SLUG):
                if run.git_sha == sha and run.kind == "deploy":
                    return run
        raise AssertionError

    def _follow(self, run: Run) -> Run:
        """Print the run's log until the run ends."""
        _say(f"run {SLUG}#{run.run_number} ({run.kind}) is queued")
        shown = 0
        for _ in _until(_LONGEST_RUN_SECONDS, f"run #{run.run_number} does not end"):
            now = self._control.runs.get(run.id)
            shown = self._print_new_lines(run.id, shown)
            if now.status in FINISHED:
                self._print_new_lines(run.id, shown)
                _say(f"run {SLUG}#{run.run_number} {now.status}")
                return now
        raise AssertionError

    def _done(self, run: Run) -> Run:
        """Follow the run until it succeeds; raise if it does not."""
        run = self._follow(run)
        if run.status != "succeeded":
            raise StepFailed(f"run #{run.run_number} {run.status}: {run.error_message}")
        return run

    def _print_new_lines(self, run_id: UUID, after: int) -> int:
        """Print what is meant for people, and return the last line's id: Dagster's own words are level debug."""
        for row in self._control.logs.tail(run_id, after_id=after):
            if row["level"] != "debug":
                say(f"    {row['logged_at']:%H:%M:%S} {row['level']:<5} {row['message'][:160]}")
            after = row["id"]
        return after

    def _timeline(self, run: Run) -> None:
        rows: list[dict[str, Any]] = self._control.logs.events(run.id)
        for row in rows:
            seconds = (row["created_at"] - run.created_at).total_seconds()
            _say(f"{seconds:7.1f} s  {row['message']}")

    def _answering_url(self) -> str:
        """Return the preview's URL once its login page answers."""
        environment = environment_of(self._control, SLUG, BRANCH)
        url = f"{environment.url}web/login"
        with loopback_client(timeout=60, follow_redirects=True) as client:
            answer = client.get(url)
        if answer.status_code != 200 or answer.url.path != "/web/login" or 'name="login"' not in answer.text:
            raise StepFailed(f"{url} answers {answer.status_code} at {answer.url.path}")
        return url


def _until(seconds: float, complaint: str) -> Iterator[None]:
    """Yield repeatedly with a pause, and raise when the time is over."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        yield
        time.sleep(_PAUSE_SECONDS)
    raise StepFailed(f"{complaint} within {seconds:g} s", hint="ops doctor; ops status")


def _title(text: str) -> None:
    say(f"\n── {text}")


def _say(text: str) -> None:
    say(f"   {text}")
