"""Bitbucket Cloud: commit statuses, with an access token of the repository.

Source: "Create a build status for a commit" in "The Bitbucket Cloud REST API".
"""

from __future__ import annotations

import hashlib

from odooops_dagster.tools.forge.api import Api
from odooops_dagster.tools.forge.port import Comment, CommentRecord, Deployment, Status

_STATES = {"pending": "INPROGRESS", "success": "SUCCESSFUL", "failure": "FAILED", "error": "STOPPED"}
# The longest key that the API takes.
_KEY = 40


class Bitbucket:
    """A repository at Bitbucket Cloud."""

    def __init__(self, api_url: str, *, repository: str, token: str) -> None:
        self._repository = f"/repositories/{repository}"
        self._page = f"https://bitbucket.org/{repository}/commits"
        self._api = Api(api_url, headers={"Authorization": f"Bearer {token}"}, forge="Bitbucket")

    def close(self) -> None:
        """Close the connections."""
        self._api.close()

    def tell_status(self, status: Status, *, may_repeat: bool) -> None:  # noqa: ARG002 - of the protocol
        """Set the commit's status; one with the same key replaces the last, so that a repeat changes nothing."""
        digest = hashlib.sha256(status.context.encode()).hexdigest()
        body = {
            "key": status.context if len(status.context) <= _KEY else digest[:_KEY],
            "state": _STATES[status.state],
            "name": status.context,
            "description": status.description,
            "url": status.url or f"{self._page}/{status.sha}",  # it takes no status without an address
        }
        self._api.post(f"{self._repository}/commit/{status.sha}/statuses/build", body)

    def tell_deployment(self, deployment: Deployment) -> None:
        """Do nothing: only Bitbucket's own pipelines deploy; the status of the run leads to the environment."""

    def tell_pulls(self, comment: Comment, record: CommentRecord) -> None:
        """Do nothing: only a GitHub App comments; the status of the run leads to the environment."""
