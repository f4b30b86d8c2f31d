"""GitLab: commit statuses, with a token of scope api.

Source: "Set commit pipeline status" and "Deployments API" in GitLab's documentation.
"""

from __future__ import annotations

from urllib.parse import quote

from odooops_dagster.errors import Undelivered
from odooops_dagster.tools.forge.api import Api
from odooops_dagster.tools.forge.port import Comment, CommentRecord, Deployment, Status

_STATES = {"pending": "pending", "success": "success", "failure": "failed", "error": "failed"}
_DESCRIPTION = 255


class GitLab:
    """A project at a GitLab."""

    def __init__(self, api_url: str, *, repository: str, token: str) -> None:
        self._project = f"/projects/{quote(repository, safe='')}"
        self._api = Api(api_url, headers={"PRIVATE-TOKEN": token}, forge="GitLab")

    def close(self) -> None:
        """Close the connections."""
        self._api.close()

    def tell_status(self, status: Status, *, may_repeat: bool) -> None:
        """Set the commit's status; GitLab refuses a state that the context has already."""
        state = _STATES[status.state]
        body = {
            "state": state,
            "name": status.context,
            "target_url": status.url,
            "description": status.description[:_DESCRIPTION],
        }
        try:
            self._api.post(f"{self._project}/statuses/{status.sha}", body)
        except Undelivered:
            if not may_repeat or self._state_of(status) != state:
                raise

    def tell_deployment(self, deployment: Deployment) -> None:
        """Tell that the environment serves the commit; GitLab has no such thing for one that is gone."""
        if deployment.url is None:
            return
        self._api.post(
            f"{self._project}/deployments",
            {
                "environment": deployment.environment,
                "sha": deployment.sha,
                "ref": deployment.environment,
                "tag": False,
                "status": "success",
            },
        )

    def tell_pulls(self, comment: Comment, record: CommentRecord) -> None:
        """Do nothing: only a GitHub App comments; the status of the run leads to the environment."""

    def _state_of(self, status: Status) -> str | None:
        listed = self._api.get(f"{self._project}/repository/commits/{status.sha}/statuses", name=status.context)
        return listed[0]["status"] if listed else None
