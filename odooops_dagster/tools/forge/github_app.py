"""GitHub, told by an App: check runs with annotations, and one comment for each pull request, beside deployments.

Source: "Check runs", "Pull requests" and "Issue comments" in "GitHub REST API documentation".
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import count
from typing import Any

from odooops_dagster.errors import Undelivered
from odooops_dagster.tools.forge.github import GitHub
from odooops_dagster.tools.forge.github_text import comment_body, marker_of, output_of
from odooops_dagster.tools.forge.port import Annotation, Comment, CommentRecord, Status

# The most annotations that one request may have, and how many a review is given in all.
BATCH, MOST = 50, 200
_PAGE = 100
# A platform's fault says nothing of the commit, so it must not let it be merged: GitHub counts `neutral` as passed.
_CONCLUSIONS = {"success": "success", "failure": "failure", "error": "action_required"}


class GitHubApp(GitHub):
    """A repository at GitHub or GitHub Enterprise, in which an App is installed."""

    def __init__(self, api_url: str, *, repository: str, token: str, app_id: int) -> None:
        super().__init__(api_url, repository=repository, token=token)
        self._app_id = app_id
        self._full_name = repository.lower()
        self._owner = repository.partition("/")[0]

    def tell_status(self, status: Status, *, may_repeat: bool) -> None:  # noqa: ARG002 - it always looks first
        """Make the run's check of the commit once, and complete it.

        GitHub adds the annotations of each request to those before. How many it has says where a try ended that was
        killed, so that none is told twice.
        """
        check = self._check_of(status)
        annotations = status.annotations[:MOST]
        told = check["output"]["annotations_count"] if check else 0
        is_new = check is None or (check["status"] != "completed" and status.state != "pending")
        if not is_new and told >= len(annotations):
            return
        number = check["id"] if check else None
        for body in _bodies(status, annotations[told:]):
            number = self._write(number, status, body)

    def tell_pulls(self, comment: Comment, record: CommentRecord) -> None:
        """Edit the comment of each pull request of the branch; write one where there is none."""
        body = comment_body(comment)
        if comment.state == "gone":
            for pull in record.pulls_of(comment.branch)[:BATCH]:
                if (number := record.comment_of(pull)) is not None:
                    self._edit(number, body)
            return
        for pull in self._pulls_of(comment.branch):
            number = self._written(pull, body, marker=marker_of(comment), recorded=record.comment_of(pull))
            record.keep(pull, number, branch=comment.branch)

    def _written(self, pull: int, body: str, *, marker: str, recorded: int | None) -> int:
        """Edit the comment that is on record, or the one with the marker, or write it; return its id.

        A try that was killed before it was recorded left one with the marker.
        """
        if recorded is not None and self._edit(recorded, body):
            return recorded
        found = self._comment_of(pull, marker)
        if found is not None and self._edit(found, body):
            return found
        made: int = self._api.post(f"{self._repository}/issues/{pull}/comments", {"body": body})["id"]
        return made

    def _check_of(self, status: Status) -> Mapping[str, Any] | None:
        """Return the run's check of the commit, None if there is none."""
        listed = self._api.get(
            f"{self._repository}/commits/{status.sha}/check-runs",
            check_name=status.context,
            app_id=str(self._app_id),
            filter="all",
            per_page=str(_PAGE),
        )
        return next((each for each in listed["check_runs"] if each["external_id"] == status.run_id), None)

    def _write(self, number: int | None, status: Status, body: Mapping[str, object]) -> int:
        if number is not None:
            self._api.patch(f"{self._repository}/check-runs/{number}", body)
            return number
        named: dict[str, object] = {"name": status.context, "head_sha": status.sha, "external_id": status.run_id}
        made: int = self._api.post(f"{self._repository}/check-runs", {**named, **body})["id"]
        return made

    def _pulls_of(self, branch: str) -> list[int]:
        """Return the open pull requests of the repository's own branch; forks may have one of the same name."""
        listed = self._api.get(
            f"{self._repository}/pulls", state="open", head=f"{self._owner}:{branch}", per_page=str(_PAGE)
        )
        heads = [(each["number"], each["head"]) for each in listed]
        return [number for number, head in heads if head["ref"] == branch and self._is_own(head["repo"])]

    def _is_own(self, repository: Mapping[str, Any] | None) -> bool:
        return repository is not None and repository["full_name"].lower() == self._full_name

    def _comment_of(self, pull: int, marker: str) -> int | None:
        """Return the App's own comment with the marker; anybody may write one that looks like it."""
        for each in self._comments(pull):
            app = each.get("performed_via_github_app") or {}
            if app.get("id") == self._app_id and (each.get("body") or "").startswith(marker):
                number: int = each["id"]
                return number
        return None

    def _comments(self, pull: int) -> Iterator[Mapping[str, Any]]:
        for page in count(1):
            listed = self._api.get(f"{self._repository}/issues/{pull}/comments", per_page=str(_PAGE), page=str(page))
            yield from listed
            if len(listed) < _PAGE:
                return

    def _edit(self, number: int, body: str) -> bool:
        """Edit a comment and return whether it is there: a person may have removed it."""
        try:
            self._api.patch(f"{self._repository}/issues/comments/{number}", {"body": body})
        except Undelivered as exc:
            if exc.status not in (404, 410):
                raise
            return False
        return True


def _bodies(status: Status, annotations: Sequence[Annotation]) -> Iterator[dict[str, object]]:
    """Yield what is told of a run, with at most a batch of annotations each; the last one ends the check."""
    batches = [annotations[first : first + BATCH] for first in range(0, max(len(annotations), 1), BATCH)]
    for number, batch in enumerate(batches, start=1):
        body: dict[str, object] = {"details_url": status.url, "output": output_of(status, batch)}
        if status.state == "pending":
            yield body | {"status": "queued"}
        elif number < len(batches):
            yield body | {"status": "in_progress"}
        else:
            ended = "cancelled" if status.is_canceled else _CONCLUSIONS[status.state]
            yield body | {"status": "completed", "conclusion": ended}
