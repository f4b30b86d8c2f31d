"""Find projects' environments, runs and backups for the commands, and queue runs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast, get_args
from uuid import UUID

from odooops_dagster.control import ControlPlane
from odooops_dagster.doors.cli.ports import caller, read_settings
from odooops_dagster.errors import BadInput, Conflict, NotFound

if TYPE_CHECKING:
    from odooops_dagster.model import Backup, Environment, Project, Run, RunKind, Stage
    from odooops_dagster.model.people import Person
    from odooops_dagster.model.releases import GateCode, Release

# Fewer characters could match a backup by chance.
_LEAST_OF_ID = 4


@dataclass(frozen=True, kw_only=True)
class RunRequest:
    """A person's request on the command line."""

    branch: str
    sha: str | None = None
    kind: RunKind | None = None
    stage: Stage | None = None
    priority: int = 0
    idempotency_key: str | None = None
    config: Mapping[str, Any] = field(default_factory=dict)


def queue_branch(
    control: ControlPlane,
    project: Project,
    request: RunRequest,
    *,
    prepare: Callable[[Environment], object] = lambda _: None,
) -> Run:
    """Make sure that the branch has an environment, queue the requested run there, and return it.

    `prepare` is called with the environment before the run can start.
    """
    from odooops_dagster.tools import git

    ref = f"refs/heads/{request.branch}"
    if not git.is_ref(ref):
        raise BadInput(f"{request.branch!r} is not a branch's name", hint="write it as `git branch` shows it")
    branch = request.branch if request.stage else branch_of(project, request.branch)
    sha = request.sha or git.head_of(project.repo_url, branch, key=_key(project))
    environment = control.environments.ensure(project.id, branch=branch, stage=request.stage)
    prepare(environment)
    options: dict[str, Any] = {"priority": request.priority, "idempotency_key": request.idempotency_key}
    options |= {"config": request.config} if request.config else {}
    return queue(control, environment, sha=sha, kind=request.kind or usual_kind(environment), **options)


def queue(control: ControlPlane, environment: Environment, *, sha: str, kind: RunKind, **options: Any) -> Run:  # noqa: ANN401 - passed on as they are
    """Queue a run in the environment under the caller's name and return it."""
    run_id = control.runs.queue(
        environment.project_id,
        env=environment.name,
        git_sha=sha,
        ref=f"refs/heads/{environment.branch}",
        kind=kind,
        trigger="cli",
        requested_by=caller(),
        **options,
    )
    return control.runs.get(run_id)


def branch_of(project: Project, word: str) -> str:
    """Return the branch for the word: `production` means the default branch if no branch has that name."""
    from odooops_dagster.tools import git

    if word != "production" or word in git.ls_remote(project.repo_url, key=_key(project)):
        return word
    return project.default_branch


def _key(project: Project) -> Path | None:
    from odooops_dagster.home import deploy_key

    return deploy_key(read_settings().home, project.slug)


def usual_kind(environment: Environment) -> RunKind:
    """Return the kind of run that a push to the environment's branch queues."""
    return "build" if environment.stage == "production" else "deploy"


def environment_of(control: ControlPlane, slug: str, branch: str) -> Environment:
    """Return the branch's live environment; the word `production` also finds the only production."""
    found = living(control.environments.list(control.projects.get(slug).slug))
    named = [environment for environment in found if branch in {environment.branch, environment.name}]
    if branch == "production" and not named:
        named = [environment for environment in found if environment.stage == "production"]
    if len(named) == 1:
        return named[0]
    known = ", ".join(environment.branch for environment in found) or "none yet"
    raise NotFound(f"project {slug} has no environment for {branch}", hint=f"its environments: {known}")


def environment_names(control: ControlPlane) -> dict[UUID, str]:
    """Return the partition key of each environment, destroyed ones too."""
    return {environment.id: environment.partition_key for environment in control.environments.list()}


def living(environments: list[Environment]) -> list[Environment]:
    """Return the environments that are not destroyed."""
    return [environment for environment in environments if environment.status != "destroyed"]


def run_of(control: ControlPlane, reference: str) -> Run:
    """Return the run named `project#number`, or the run with this id."""
    slug, mark, number = reference.rpartition("#")
    if mark and number.isdecimal():
        return control.runs.by_number(slug, int(number))
    try:
        run_id = UUID(reference)
    except ValueError as exc:
        raise BadInput(f"{reference} is no run", hint="write project#number, as in shop#12, or the run's id") from exc
    return control.runs.get(run_id)


def release_of(control: ControlPlane, slug: str, version: str) -> Release:
    """Return the project's release of this version."""
    return control.releases.get(control.projects.get(slug).id, version=version)


def gate_of(word: str) -> GateCode:
    """Return the gate for the word, in any case."""
    from odooops_dagster.model.releases import GateCode

    if word.upper() not in get_args(GateCode):
        raise BadInput(f"{word} is no gate", hint=f"a gate is one of {', '.join(get_args(GateCode))}")
    return cast("GateCode", word.upper())


def id_beginning(reference: str, ids: Iterable[UUID], *, noun: str) -> UUID:
    """Return the only one of these ids that is the reference or begins with it."""
    found = {each for each in ids if len(reference) >= _LEAST_OF_ID and str(each).startswith(reference.lower())}
    if len(found) == 1:
        return found.pop()
    if found:
        raise BadInput(f"{len(found)} {noun}s begin with {reference}", hint="write more of the id")
    raise NotFound(f"There is no {noun} {reference}", hint=f"list them: ops {noun} list")


def backup_of(control: ControlPlane, reference: str) -> Backup:
    """Return the backup with that id, or the only one whose id starts with it."""
    try:
        return control.backups.get(UUID(reference))
    except ValueError:
        ids = (backup.id for backup in control.backups.list())
    return control.backups.get(id_beginning(reference, ids, noun="backup"))


def name_of(run: Run) -> str:
    """Return the run's name for people, `project#number`."""
    return run.name


def person_of(control: ControlPlane, person: str) -> Person:
    """Return the person with this name or id.

    Raises:
        NotFound: there is none.
        Conflict: several people have the name.
    """
    found = [each for each in control.people.list() if person in (each.name, str(each.person_id))]
    if not found:
        raise NotFound(f"There is no person {person}", hint="List them: ops person list.")
    if len(found) > 1:
        raise Conflict(f"{len(found)} people are called {person}", hint="Pass the id: ops person list.")
    return found[0]
