"""What the walks of `ops demo` share: they push to a repository, follow the runs, and look at what answers."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any
from uuid import UUID

from odooops_dagster.control import ControlPlane
from odooops_dagster.demo import RELEASE, DemoRepository
from odooops_dagster.demo.office import OdooSession
from odooops_dagster.doors.cli.lookup import RunRequest, environment_of, queue_branch
from odooops_dagster.doors.cli.output import say
from odooops_dagster.errors import StepFailed
from odooops_dagster.model import FINISHED, Backup, Environment, Project, Run, RunKind
from odooops_dagster.tools.loopback import loopback_client
from odooops_dagster.wording import age_text

SERIES = "19.0"
CUSTOMER = "Ada Lovelace"

# The first run downloads and unpacks Odoo; on a slow line that is most of an hour.
_LONGEST_RUN_SECONDS = 3600.0
_PUSH_SEEN_WITHIN_SECONDS = 120.0
_PAUSE_SECONDS = 0.5


class Walk:
    """Steps of a demonstration with one project; a failed step raises and ends it."""

    def __init__(self, control: ControlPlane, repository: DemoRepository, *, slug: str) -> None:
        self.control = control
        self.repository = repository
        self.slug = slug

    def make_project(self) -> Project:
        """Make the repository and the project that watches it."""
        title("A repository with a real addon, and a project that watches it")
        self.repository.create()
        project = self.control.projects.create(self.slug, repo_url=str(self.repository.origin), odoo_version=SERIES)
        tell(f"project {project.slug}: {project.repo_url}, Odoo {project.odoo_version}")
        return project

    def production(self, project: Project) -> Environment:
        """Deploy the default branch once, and enter a customer and a mail server."""
        main = project.default_branch
        if self.control.environments.ensure(project.id, branch=main).database_name is None:
            self.done(queue_branch(self.control, project, RunRequest(branch=main, kind="deploy")))
        production, office = self.office(main)
        office.enter("res.partner", name=CUSTOMER, email="ada@example.com")
        office.enter("ir.mail_server", name="Production", smtp_host="smtp.example.com", smtp_pass="demo")  # noqa: S106 -- of nobody
        tell(f"customer: {CUSTOMER} is in {production.url}, which sends mail through smtp.example.com")
        return production

    def staging(self) -> Backup:
        """Push the release branch, and see that its staging is a harmless clone; return the backup that it shows."""
        title(f"git push origin {RELEASE}")
        run = self.done(self.run_of(self.repository.push_release()))
        staging, office = self.office(RELEASE)
        backup = self.control.backups.shown_by(staging)
        people = office.look_up("res.partner", [["name", "=", CUSTOMER]], "name")
        servers = office.look_up("ir.mail_server", [], "smtp_host")
        if backup is None or backup.taken_at is None or not people or servers != ["invalid"]:
            raise StepFailed(f"{staging.url} is no harmless clone: {people}, mail through {servers}")
        tell(f"staging:  {staging.url}")
        waited = age_text(backup.taken_at - run.created_at)
        tell(f"data:     backup {backup.id}, made for this staging {waited} after the push")
        tell(f"customer: {people[0]} is there; mail goes to {servers[0]}, which leads nowhere")
        return backup

    def office(self, branch: str) -> tuple[Environment, OdooSession]:
        """Return the branch's environment and a logged-in session of its Odoo."""
        environment = environment_of(self.control, self.slug, branch)
        return environment, OdooSession(str(environment.url), database=str(environment.database_name))

    def run_of(self, sha: str, *, kind: RunKind = "deploy") -> Run:
        """Wait until the push has queued its run and return the run."""
        for _ in _until(_PUSH_SEEN_WITHIN_SECONDS, f"nobody noticed the push of {sha[:12]}"):
            for run in self.control.runs.list(self.slug):
                if run.git_sha == sha and run.kind == kind:
                    return run
        raise AssertionError

    def follow(self, run: Run) -> Run:
        """Print the run's log until the run ends."""
        tell(f"run {self.slug}#{run.run_number} ({run.kind}) is queued")
        shown = 0
        for _ in _until(_LONGEST_RUN_SECONDS, f"run #{run.run_number} does not end"):
            now = self.control.runs.get(run.id)
            shown = self._print_new_lines(run.id, shown)
            if now.status in FINISHED:
                self._print_new_lines(run.id, shown)
                tell(f"run {self.slug}#{run.run_number} {now.status}")
                return now
        raise AssertionError

    def done(self, run: Run) -> Run:
        """Follow the run until it succeeds; raise if it does not."""
        run = self.follow(run)
        if run.status != "succeeded":
            raise StepFailed(f"run #{run.run_number} {run.status}: {run.error_message}")
        return run

    def timeline(self, run: Run) -> None:
        """Print the run's events with their times."""
        rows: list[dict[str, Any]] = self.control.logs.events(run.id)
        for row in rows:
            seconds = (row["created_at"] - run.created_at).total_seconds()
            tell(f"{seconds:7.1f} s  {row['message']}")

    def answering_url(self, branch: str) -> str:
        """Return the URL of the branch's environment once its login page answers."""
        environment = environment_of(self.control, self.slug, branch)
        url = f"{environment.url}web/login"
        with loopback_client(timeout=60, follow_redirects=True) as client:
            answer = client.get(url)
        if answer.status_code != 200 or answer.url.path != "/web/login" or 'name="login"' not in answer.text:
            raise StepFailed(f"{url} answers {answer.status_code} at {answer.url.path}")
        return url

    def _print_new_lines(self, run_id: UUID, after: int) -> int:
        """Print what is meant for people, and return the last line's id: Dagster's own words are level debug."""
        for row in self.control.logs.tail(run_id, after_id=after):
            if row["level"] != "debug":
                say(f"    {row['logged_at']:%H:%M:%S} {row['level']:<5} {row['message'][:160]}")
            after = row["id"]
        return after


def title(text: str) -> None:
    """Print what the next step is."""
    say(f"\n── {text}")


def tell(text: str) -> None:
    """Print a line of the step."""
    say(f"   {text}")


def _until(seconds: float, complaint: str) -> Iterator[None]:
    """Yield repeatedly with a pause, and raise when the time is over."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        yield
        time.sleep(_PAUSE_SECONDS)
    raise StepFailed(f"{complaint} within {seconds:g} s", hint="ops doctor; ops status")
