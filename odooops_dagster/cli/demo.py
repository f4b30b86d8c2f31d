"""`ops demo`: the whole way of a push on real Odoo, from an empty state folder to a preview that answers."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from typing import Annotated, Any
from uuid import UUID

import httpx
import typer

from odooops_dagster.cli.output import note
from odooops_dagster.cli.up import prepare_database, report
from odooops_dagster.control import ControlPlane
from odooops_dagster.demo import BRANCH, DemoRepository
from odooops_dagster.errors import StepFailed
from odooops_dagster.local.overview import overview
from odooops_dagster.local.postgres import database_urls
from odooops_dagster.local.stack import Stack, Stopped
from odooops_dagster.model import FINISHED, Run
from odooops_dagster.settings import Settings

SLUG = "demo"
SERIES = "19.0"

# The first run downloads and unpacks Odoo; on a slow line that is most of an hour.
_LONGEST_RUN_SECONDS = 3600.0
_PUSH_SEEN_WITHIN_SECONDS = 120.0
_PAUSE_SECONDS = 0.5


def demo(
    once: Annotated[
        bool, typer.Option("--once", help="Stop everything at the end instead of waiting for Ctrl-C.")
    ] = False,
) -> None:
    """Push a real addon to a real repository and watch it become a running Odoo."""
    # Nobody wants to wait half a minute for a demonstration to notice a push.
    os.environ.setdefault("ODOOOPS_POLL_SECONDS", "2")
    settings = Settings()
    if overview(settings).running:
        note(f"the platform already runs in {settings.home}; the demonstration uses it")
        _tell(settings)
        return
    stack = Stack(settings, prepare_database=lambda urls: prepare_database(settings, urls), report=report)
    stack.run(on_ready=lambda: _tell_and_stay(settings, once=once))


def _tell_and_stay(settings: Settings, *, once: bool) -> None:
    _tell(settings)
    if once:
        raise Stopped
    note("\nall of it keeps running: Ctrl-C ends it")


def _tell(settings: Settings) -> None:
    with ControlPlane(database_urls(settings).control) as control:
        Story(settings, control, dagster_url=overview(settings).dagster_url).tell()
    note("\nevery step held")


class Story:
    """The steps of the demonstration; one that does not hold raises and ends it."""

    def __init__(self, settings: Settings, control: ControlPlane, *, dagster_url: str) -> None:
        self._control = control
        self._dagster_url = dagster_url
        self._repository = DemoRepository(settings.home / "demo")

    def tell(self) -> None:
        """Tell the whole story."""
        self._make_project()
        preview = self._preview_of_a_good_push()
        self._broken_push_leaves_it_alone(preview)
        self._audit(preview)

    def _make_project(self) -> None:
        _title("A repository with a real addon, and a project that watches it")
        self._repository.create()
        project = self._control.projects.create(SLUG, repo_url=str(self._repository.origin), odoo_version=SERIES)
        _say(f"project {project.slug}: {project.repo_url}, Odoo {project.odoo_version}")

    def _preview_of_a_good_push(self) -> Run:
        _title(f"git push origin {BRANCH}")
        sha = self._repository.push_feature()
        run = self._follow(self._run_of(sha))
        if run.status != "succeeded":
            raise StepFailed(f"run #{run.run_number} {run.status}: {run.error_message}")
        _say(f"preview:  {self._answering_url()}")
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

    def _audit(self, run: Run) -> None:
        _title("What is on record")
        if not self._control.runs.verify_chain(run.id):
            raise StepFailed(f"the events of run #{run.run_number} do not chain")
        _say(f"events:   {len(self._control.logs.events(run.id))}, each chained to the one before it")
        _say(f"lineage:  {' -> '.join(row['asset_key'] for row in self._control.lineage.list(run.id))}")
        for row in self._control.artifacts.list(run.id):
            _say(f"artifact: {row['artifact_key']}, {row['size_bytes']} bytes, SHA-256 {row['sha256'][:16]}")

    def _run_of(self, sha: str) -> Run:
        """Wait until the push was noticed."""
        for _ in _until(_PUSH_SEEN_WITHIN_SECONDS, f"nobody noticed the push of {sha[:12]}"):
            for run in self._control.runs.list(SLUG):
                if run.git_sha == sha and run.kind == "deploy":
                    return run
        raise AssertionError

    def _follow(self, run: Run) -> Run:
        """Print what the run says until it ends."""
        _say(f"run #{run.run_number} is queued")
        shown = 0
        for _ in _until(_LONGEST_RUN_SECONDS, f"run #{run.run_number} does not end"):
            now = self._control.runs.get(run.id)
            shown = self._print_new_lines(run.id, shown)
            if now.status in FINISHED:
                self._print_new_lines(run.id, shown)
                _say(f"run #{run.run_number} {now.status}")
                return now
        raise AssertionError

    def _print_new_lines(self, run_id: UUID, after: int) -> int:
        for row in self._control.logs.tail(run_id, after_id=after):
            typer.echo(f"    {row['logged_at']:%H:%M:%S} {row['level']:<5} {row['message'][:160]}")
            after = row["id"]
        return after

    def _timeline(self, run: Run) -> None:
        rows: list[dict[str, Any]] = self._control.logs.events(run.id)
        for row in rows:
            seconds = (row["created_at"] - run.created_at).total_seconds()
            _say(f"{seconds:7.1f} s  {row['message']}")

    def _answering_url(self) -> str:
        """Return the preview's URL after its login page has answered."""
        environment = self._control.environments.get(f"{SLUG}/{BRANCH}")
        url = f"{environment.url}web/login"
        answer = httpx.get(url, timeout=60, trust_env=False, follow_redirects=True)
        if answer.status_code != 200 or answer.url.path != "/web/login" or 'name="login"' not in answer.text:
            raise StepFailed(f"{url} answers {answer.status_code} at {answer.url.path}")
        return url


def _until(seconds: float, complaint: str) -> Iterator[None]:
    """Yield now and then, and raise when the time is over."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        yield
        time.sleep(_PAUSE_SECONDS)
    raise StepFailed(f"{complaint} within {seconds:g} s", hint="ops doctor; ops status")


def _title(text: str) -> None:
    typer.echo(f"\n── {text}")


def _say(text: str) -> None:
    typer.echo(f"   {text}")
