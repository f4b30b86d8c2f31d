"""Gitea and Forgejo: commit statuses, with a token. Source: their own "swagger.v1.json", CreateStatusOption."""

from __future__ import annotations

from odooops_dagster.tools.forge.api import Api
from odooops_dagster.tools.forge.port import Comment, CommentRecord, Deployment, Status


class Gitea:
    """A repository at a Gitea or a Forgejo."""

    def __init__(self, api_url: str, *, repository: str, token: str) -> None:
        self._repository = f"/repos/{repository}"
        self._api = Api(api_url, headers={"Authorization": f"token {token}"}, forge="Gitea")

    def close(self) -> None:
        """Close the connections."""
        self._api.close()

    def tell_status(self, status: Status, *, may_repeat: bool) -> None:
        """Set the commit's status; the newest of a context counts."""
        body = {
            "state": status.state,
            "target_url": status.url or "",
            "description": status.description,
            "context": status.context,
        }
        if may_repeat and self._newest(status) == (status.state, status.description):
            return
        self._api.post(f"{self._repository}/statuses/{status.sha}", body)

    def tell_deployment(self, deployment: Deployment) -> None:
        """Do nothing: it has no deployments; the status of the run leads to the environment."""

    def tell_pulls(self, comment: Comment, record: CommentRecord) -> None:
        """Do nothing: only a GitHub App comments; the status of the run leads to the environment."""

    def _newest(self, status: Status) -> tuple[str, str] | None:
        listed = self._api.get(f"{self._repository}/commits/{status.sha}/statuses", sort="recentupdate")
        return next(
            ((each["status"], each["description"]) for each in listed if each["context"] == status.context), None
        )
