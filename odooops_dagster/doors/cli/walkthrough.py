"""Common steps of the walks of `ops demo`: push to a repository, follow the runs, ask the Odoo that answers."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID

from odooops_dagster.control import ControlPlane
from odooops_dagster.doors.cli.lookup import RunRequest, environment_of, queue_branch
from odooops_dagster.doors.cli.output import say
from odooops_dagster.errors import StepFailed
from odooops_dagster.model import FINISHED

if TYPE_CHECKING:
    from odooops_dagster.demo import DemoRepository
    from odooops_dagster.demo.office import OdooSession
    from odooops_dagster.model import Backup, Environment, Project, Run, RunKind

SERIES = "19.0"
CUSTOMER = "Ada Lovelace"

# The first run downloads and unpacks Odoo; on a slow line that is most of an hour.
_LONGEST_RUN_SECONDS = 3600.0
_PUSH_SEEN_WITHIN_SECONDS = 120.0
# A platform that was just started starts its Odoos too, and after an upgrade once more, within a minute.
_ANSWERS_WITHIN_SECONDS = 180.0
_PAUSE_SECONDS = 0.5
# After this time without a line of the run that is followed, other runs are heard.
_QUIET_SECONDS = 3.0
_LONGEST_MESSAGE = 200


class Walk:
    """Steps of a demonstration with one project; a failed step raises and ends it."""

    def __init__(self, home: Path, control: ControlPlane, repository: DemoRepository, *, slug: str) -> None:
        self.home = home
        self.control = control
        self.repository = repository
        self.slug = slug
        self.beside = _Beside(control)

    def make_project(self) -> Project:
        """Make the repository and the project that watches it."""
        title("A repository with a real addon, and a project that watches it")
        self.repository.create()
        project = self.control.projects.create(self.slug, repo_url=str(self.repository.origin), odoo_version=SERIES)
        tell(f"project {project.slug}: {project.repo_url}, Odoo {project.odoo_version}")
        return project

    def production(self, project: Project) -> Environment:
        """Deploy the default branch once, and enter a customer and a mail server."""
        from odooops_dagster.demo.office import LOGIN

        main = project.default_branch
        if self.control.environments.ensure(project.id, branch=main).database_name is None:
            request = RunRequest(branch=main, kind="deploy")
            self.done(queue_branch(self.control, project, request, prepare=self._prepare_login))
        production, office = self.office(main)
        office.enter("res.partner", name=CUSTOMER, email="ada@example.com")
        office.enter("ir.mail_server", name="Production", smtp_host="smtp.example.com", smtp_pass="demo")  # noqa: S106 -- of nobody
        tell(f"customer: {CUSTOMER} is in {production.url}, which sends mail through smtp.example.com")
        tell(f"log in:   {LOGIN}, password {LOGIN}: this production is a demonstration's; others get one of their own")
        return production

    def _prepare_login(self, production: Environment) -> None:
        from odooops_dagster.demo.office import LOGIN
        from odooops_dagster.local.administrators import keep_password

        keep_password(self.home, production, LOGIN)

    def staging(self) -> Backup:
        """Push the release branch, and see that its staging is a harmless clone; return the backup that it shows."""
        from odooops_dagster.demo import RELEASE

        title(f"git push origin {RELEASE}")
        run = self.done(self.run_of(self.repository.push_release()))
        staging, office = self.office(RELEASE)
        backup = self.control.backups.shown_by(staging)
        people = office.look_up("res.partner", [["name", "=", CUSTOMER]], "name")
        servers = office.look_up("ir.mail_server", [], "smtp_host")
        if backup is None or backup.taken_at is None or not people or servers != ["invalid"]:
            raise StepFailed(f"{staging.url} is no harmless clone: {people}, mail through {servers}")
        tell(f"staging:  {staging.url}")
        waited = (backup.taken_at - run.created_at).total_seconds()
        tell(f"data:     backup {backup.id}, made for this staging {waited:.0f} s after the push")
        tell(f"customer: {people[0]} is there; mail goes to {servers[0]}, which leads nowhere")
        return backup

    def office(self, branch: str) -> tuple[Environment, OdooSession]:
        """Return the branch's environment and a logged-in session of its Odoo."""
        from odooops_dagster.demo.office import OdooSession

        self.answering_url(branch)
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
        tell(f"run {run.name} ({_kind_of(run)}) is queued")
        self.beside.follow(run)
        shown = 0
        for _ in _until(_LONGEST_RUN_SECONDS, f"run #{run.run_number} does not end"):
            now = self.control.runs.get(run.id)
            before, shown = shown, self._print_new_lines(run.id, shown)
            self.beside.tell_news(is_quiet=shown == before)
            if now.status in FINISHED:
                self._print_new_lines(run.id, shown)
                tell(f"run {run.name} {now.status}")
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
        from odooops_dagster.tools.loopback import loopback_client

        environment = environment_of(self.control, self.slug, branch)
        url = f"{environment.url}web/login"
        with loopback_client(timeout=60, follow_redirects=True) as client:
            for _ in _until(_ANSWERS_WITHIN_SECONDS, f"{url} does not show its login page"):
                answer = client.get(url)
                if answer.status_code == 200 and answer.url.path == "/web/login" and 'name="login"' in answer.text:
                    return url
        raise AssertionError

    def _print_new_lines(self, run_id: UUID, after: int) -> int:
        """Print what is meant for people, and return the last line's id: Dagster's own words are level debug."""
        for row in self.control.logs.tail(run_id, after_id=after):
            if row["level"] != "debug":
                say(f"    {row['timestamp']:%H:%M:%S} {row['level']:<5} {_cut(row['message'])}")
            after = row["id"]
        return after


class _Beside:
    """Other runs of the project beside the one that is followed: each is named when it is first seen and at its end.

    The last line of each is told while the followed run reports nothing: it may wait for theirs.
    """

    def __init__(self, control: ControlPlane) -> None:
        self._control = control
        self._run: Run | None = None
        self._spoke_at = time.monotonic()
        self._at_work: dict[UUID, Run] = {}
        self._read: dict[UUID, int] = {}

    def follow(self, run: Run) -> None:
        """Take this run as the followed one."""
        self._run, self._spoke_at = run, time.monotonic()
        self._at_work.pop(run.id, None)

    def tell_news(self, *, is_quiet: bool) -> None:
        """Print which other runs began and ended; each one's newest line if the followed run is quiet for seconds."""
        others = {other.id: other for other in self._control.runs.active() if self._is_other(other)}
        for other in others.values():
            if other.id not in self._at_work:
                tell(f"meanwhile, {other.name} ({_kind_of(other)}) is at work or waits for its turn")
        for ended in [self._control.runs.get(key) for key in self._at_work if key not in others]:
            tell(f"meanwhile, {ended.name} {ended.status}")
        self._at_work = others
        if not is_quiet:
            self._spoke_at = time.monotonic()
        if time.monotonic() - self._spoke_at >= _QUIET_SECONDS:
            for other in others.values():
                self._tell_newest_line(other)

    def _tell_newest_line(self, other: Run) -> None:
        lines = self._control.logs.tail(other.id, after_id=self._read.get(other.id, 0))
        self._read[other.id] = lines[-1]["id"] if lines else self._read.get(other.id, 0)
        for line in [line for line in lines if line["level"] != "debug"][-1:]:
            say(f"    {line['timestamp']:%H:%M:%S} {other.name}: {_cut(line['message'])}")

    def _is_other(self, other: Run) -> bool:
        followed = self._run
        return followed is not None and other.id != followed.id and other.project_id == followed.project_id


def _kind_of(run: Run) -> str:
    """Return the run's kind with its branch."""
    branch = (run.git_ref or "").removeprefix("refs/heads/")
    return f"{run.kind} of {branch}" if branch else run.kind


def _cut(message: str) -> str:
    """Return the message in one line that most terminals hold."""
    return f"{message[:_LONGEST_MESSAGE]}…" if len(message) > _LONGEST_MESSAGE else message


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
