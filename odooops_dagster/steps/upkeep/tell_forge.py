"""Tell a project's forge of a run or an environment, with a token or as a GitHub App."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, cast
from urllib.parse import urlsplit
from uuid import UUID

from odooops_dagster.control import ControlPlane
from odooops_dagster.errors import Undelivered
from odooops_dagster.local.forge_tokens import read_forge_app, read_forge_token
from odooops_dagster.model.messages import Message, ProjectForge, PullComment
from odooops_dagster.settings import Settings
from odooops_dagster.steps.upkeep.notify import run_url
from odooops_dagster.steps.upkeep.review import annotations_of, answers_of
from odooops_dagster.tools.forge import (
    Comment,
    Deployment,
    Forge,
    InstallationTokens,
    Status,
    open_forge,
    open_github_app,
)
from odooops_dagster.tools.forge.port import CommentState, StatusState

_tokens = InstallationTokens()


def tell_forge(control: ControlPlane, settings: Settings, message: Message) -> None:
    """Tell the project's forge what a message says; raise Undelivered if that cannot be."""
    assert message.project_id is not None  # noqa: S101 - a forge is a project's
    told = control.messages.forge(message.project_id)
    if told is None:
        raise Undelivered("the project has no forge any longer", is_final=True)
    with _opened(told, settings) as forge:
        if message.kind == "commit_status":
            checks = _checks(control, message) if told.uses_app else ()
            forge.tell_status(status_of(message, settings, checks), may_repeat=message.attempts > 1)
        elif message.kind == "pull_comment":
            forge.tell_pulls(comment_of(message, settings, _checks(control, message)), _Record(control, told))
        else:
            forge.tell_deployment(deployment_of(message))


@contextmanager
def _opened(told: ProjectForge, settings: Settings) -> Iterator[Forge]:
    """Yield the project's forge; raise Undelivered where nothing is here by which it can be told."""
    if not told.uses_app:
        token = read_forge_token(settings.home, told.project_id, api_url=told.api_url)
        if token is None:
            raise Undelivered(f"there is no token here for {told.api_url}; set one with ops forge token set")
        with _closing(open_forge(told, token=token)) as forge:
            yield forge
        return
    app = read_forge_app(settings.home, told.project_id, api_url=told.api_url, repository=told.repository)
    if app is None:
        raise Undelivered(
            f"no App of {told.api_url} is chosen here for {told.repository}; choose it: ops forge app use"
        )
    token = _tokens.token(app, repository=told.repository)
    try:
        with _closing(open_github_app(told, token=token, app_id=app.app_id)) as forge:
            yield forge
    except Undelivered as exc:
        if exc.status == 401:
            _tokens.forget(app, repository=told.repository)
        raise


@contextmanager
def _closing(forge: Forge) -> Iterator[Forge]:
    try:
        yield forge
    finally:
        forge.close()


def _checks(control: ControlPlane, message: Message) -> Sequence[Mapping[str, Any]]:
    """Return what the run's last attempt checked, as it is recorded."""
    run_id = message.payload.get("run_id")
    rows = control.checks.list(UUID(run_id)) if run_id else []
    last = max((row["attempt"] for row in rows), default=0)
    return [row for row in rows if row["attempt"] == last]


def status_of(message: Message, settings: Settings, checks: Sequence[Mapping[str, Any]] = ()) -> Status:
    """Return what a forge is told of a commit: the environment's address, or the run's page, and one sentence."""
    told = message.payload
    said = _one_line(told["description"])
    return Status(
        sha=told["sha"],
        context=told["context"],
        state=cast("StatusState", message.state),
        description=said,
        url=told.get("url") or run_url(settings, told.get("dagster_run_id")),
        run_id=told["run_id"],
        is_canceled=told.get("status") == "canceled",
        answers=answers_of(checks),
        annotations=annotations_of(checks, error=said if message.state == "failure" else ""),
    )


def comment_of(message: Message, settings: Settings, checks: Sequence[Mapping[str, Any]]) -> Comment:
    """Return what the pull requests of a branch are told."""
    told = message.payload
    return Comment(
        project_id=str(message.project_id),
        branch=told["branch"],
        stage=told["stage"],
        state=cast("CommentState", message.state),
        sha=told["sha"] or "",
        description=_one_line(told["description"]),
        url=_web(told.get("serves_url")),
        serves_sha=told.get("serves_sha"),
        page=run_url(settings, told.get("dagster_run_id")),
        answers=answers_of(checks) if message.state != "gone" else (),
    )


def deployment_of(message: Message) -> Deployment:
    """Return what a forge is told of an environment."""
    told = message.payload
    return Deployment(
        sha=told["sha"],
        environment=told["environment"],
        is_production=told["stage"] == "production",
        url=None if message.state == "inactive" else _web(told.get("url")),
        run_id=told["run_id"] or "",
        description=_one_line(told["description"]),
    )


@dataclass(frozen=True)
class _Record:
    """What is on record of the comments of the project's pull requests."""

    control: ControlPlane
    told: ProjectForge

    def comment_of(self, pull_number: int) -> int | None:
        found = (each.comment_id for each in self._comments() if each.pull_number == pull_number)
        return next(found, None)

    def pulls_of(self, branch: str) -> Sequence[int]:
        return [each.pull_number for each in self._comments() if each.branch == branch]

    def keep(self, pull_number: int, comment_id: int, *, branch: str) -> None:
        comment = PullComment(pull_number=pull_number, comment_id=comment_id, branch=branch)
        self.control.messages.record_pull_comment(self.told, comment)

    def _comments(self) -> Sequence[PullComment]:
        return self.control.messages.pull_comments(self.told)


def _web(url: str | None) -> str | None:
    return url if url and urlsplit(url).scheme in ("http", "https") else None


def _one_line(text: str) -> str:
    """Return the first line, without the white space around words."""
    lines: Iterable[str] = (" ".join(line.split()) for line in text.splitlines())
    return next((line for line in lines if line), "")
