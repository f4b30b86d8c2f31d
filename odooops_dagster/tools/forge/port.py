"""What a forge can be told."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

StatusState = Literal["pending", "success", "failure", "error"]
CommentState = Literal["pending", "success", "failure", "error", "gone"]
AnnotationLevel = Literal["failure", "warning"]


@dataclass(frozen=True, kw_only=True)
class Annotation:
    """What is wrong at a line of a file of the repository; `line` counts from 1, `details` is what was logged of it."""

    file: str
    line: int
    level: AnnotationLevel
    title: str
    message: str
    details: str = ""


@dataclass(frozen=True, kw_only=True)
class Answer:
    """A check's question, its answer in a word or two, and the sentence that gives the reason."""

    question: str
    answer: str
    summary: str


@dataclass(frozen=True, kw_only=True)
class Status:
    """How a commit fares in one context.

    Args:
        sha: the commit.
        context: what people know the status by, such as odooops/development.
        state: how it fares.
        description: one sentence.
        url: the page that says more.
        run_id: the run that it is about.
        is_canceled: whether the run was ended by somebody or by a newer run.
        answers: what the run checked.
        annotations: what is wrong where.
    """

    sha: str
    context: str
    state: StatusState
    description: str
    url: str | None
    run_id: str = ""
    is_canceled: bool = False
    answers: Sequence[Answer] = ()
    annotations: Sequence[Annotation] = ()


@dataclass(frozen=True, kw_only=True)
class Deployment:
    """The commit that an environment serves, and where; `url` is None once the environment is gone."""

    sha: str
    environment: str
    is_production: bool
    url: str | None
    run_id: str
    description: str


@dataclass(frozen=True, kw_only=True)
class Comment:
    """What the pull requests of a branch are told.

    Args:
        project_id: whose comment it is: a repository may belong to several projects.
        branch: the branch that is asked to be pulled.
        stage: what its environment is called.
        state: how its newest run fares, or that the environment is gone.
        sha: the commit of that run.
        description: one sentence.
        url: the environment's address; None where nothing serves.
        serves_sha: the commit that the environment serves.
        page: the page of the run.
        answers: what the run checked.
    """

    project_id: str
    branch: str
    stage: str
    state: CommentState
    sha: str
    description: str
    url: str | None
    serves_sha: str | None
    page: str | None
    answers: Sequence[Answer] = ()


class CommentRecord(Protocol):
    """What is on record of the comments of a repository's pull requests, by their numbers."""

    def comment_of(self, pull_number: int) -> int | None:
        """Return the id of the pull request's comment; None if it has none."""

    def pulls_of(self, branch: str) -> Sequence[int]:
        """Return the pull requests of a branch that have a comment, the newest first."""

    def keep(self, pull_number: int, comment_id: int, *, branch: str) -> None:
        """Record the pull request's comment."""


class Forge(Protocol):
    """A repository at a forge. Every method may raise Undelivered."""

    def tell_status(self, status: Status, *, may_repeat: bool) -> None:
        """Set the commit's status; if it may be a repeat, look first whether the forge has it already."""

    def tell_deployment(self, deployment: Deployment) -> None:
        """Tell what an environment serves, or that it is gone; a repeat changes nothing."""

    def tell_pulls(self, comment: Comment, record: CommentRecord) -> None:
        """Write or edit the one comment of each pull request of the branch; a repeat changes nothing."""

    def close(self) -> None:
        """Close the connections."""
