"""Forges: what each is told of a commit and of an environment, through its API."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from odooops_dagster.model.messages import ForgeName, ProjectForge
from odooops_dagster.tools.forge.app_tokens import GitHubAppKey, InstallationTokens
from odooops_dagster.tools.forge.bitbucket import Bitbucket
from odooops_dagster.tools.forge.gitea import Gitea
from odooops_dagster.tools.forge.github import GitHub
from odooops_dagster.tools.forge.github_app import GitHubApp
from odooops_dagster.tools.forge.gitlab import GitLab
from odooops_dagster.tools.forge.guess import guess_forge
from odooops_dagster.tools.forge.port import Annotation, Answer, Comment, CommentRecord, Deployment, Forge, Status

__all__ = [
    "Annotation",
    "Answer",
    "Comment",
    "CommentRecord",
    "Deployment",
    "Forge",
    "GitHubAppKey",
    "InstallationTokens",
    "Status",
    "guess_forge",
    "open_forge",
    "open_github_app",
]

_FORGES: Mapping[ForgeName, Callable[..., Forge]] = {
    "github": GitHub,
    "gitlab": GitLab,
    "gitea": Gitea,
    "bitbucket": Bitbucket,
}


def open_forge(told: ProjectForge, *, token: str) -> Forge:
    """Return the repository at its forge, told with a token; the caller closes it."""
    return _FORGES[told.forge](told.api_url, repository=told.repository, token=token)


def open_github_app(told: ProjectForge, *, token: str, app_id: int) -> Forge:
    """Return the repository at GitHub, told by an App with the token of its installation; the caller closes it."""
    return GitHubApp(told.api_url, repository=told.repository, token=token, app_id=app_id)
