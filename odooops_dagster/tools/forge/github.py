"""GitHub: commit statuses and deployments, with a token of a person or of an App.

Source: "Commit statuses" and "Deployments" in "GitHub REST API documentation".
"""

from __future__ import annotations

import json
from contextlib import suppress

from odooops_dagster.tools.forge.api import Api
from odooops_dagster.tools.forge.port import Comment, CommentRecord, Deployment, Status

# The longest description that the API takes.
_DESCRIPTION = 140


def github_api(api_url: str, *, token: str) -> Api:
    """Return GitHub's API for whom a token names; the caller closes it."""
    headers = {
        "Accept": "application/vnd.github+json",
        "Authorization": f"Bearer {token}",
        "X-GitHub-Api-Version": "2022-11-28",
    }
    return Api(api_url, headers=headers, forge="GitHub")


class GitHub:
    """A repository at GitHub or GitHub Enterprise."""

    def __init__(self, api_url: str, *, repository: str, token: str) -> None:
        self._repository = f"/repos/{repository}"
        self._api = github_api(api_url, token=token)

    def close(self) -> None:
        """Close the connections."""
        self._api.close()

    def tell_status(self, status: Status, *, may_repeat: bool) -> None:
        """Set the commit's status; the newest of a context counts."""
        body = {
            "state": status.state,
            "target_url": status.url,
            "description": status.description[:_DESCRIPTION],
            "context": status.context,
        }
        if may_repeat and self._newest_status(status) == body:
            return
        self._api.post(f"{self._repository}/statuses/{status.sha}", body)

    def tell_deployment(self, deployment: Deployment) -> None:
        """Make the environment's deployment once, and set its state; the last one of a gone environment is inactive."""
        if deployment.url is None:
            newest = self._deployment_of(deployment)
            if newest is not None:
                self._set_state(newest, deployment, state="inactive")
            return
        found = self._deployment_of(deployment, run_id=deployment.run_id)
        self._set_state(found if found is not None else self._create(deployment), deployment, state="success")

    def tell_pulls(self, comment: Comment, record: CommentRecord) -> None:
        """Do nothing: only a GitHub App comments; the status of the run leads to the environment."""

    def _newest_status(self, status: Status) -> dict[str, object] | None:
        """Return the newest status of the context as it was told; GitHub lists them newest first."""
        listed = self._api.get(f"{self._repository}/commits/{status.sha}/statuses", per_page="100")
        names = ("state", "target_url", "description", "context")
        return next(
            ({name: each[name] for name in names} for each in listed if each["context"] == status.context), None
        )

    def _deployment_of(self, deployment: Deployment, *, run_id: str | None = None) -> int | None:
        """Return the environment's newest deployment, or the one that a run made."""
        listed = self._api.get(
            f"{self._repository}/deployments", environment=deployment.environment, task="odooops", per_page="100"
        )
        return next((each["id"] for each in listed if run_id in (None, _run_of(each["payload"]))), None)

    def _create(self, deployment: Deployment) -> int:
        made = self._api.post(
            f"{self._repository}/deployments",
            {
                "ref": deployment.sha,
                "task": "odooops",
                "auto_merge": False,
                "required_contexts": [],
                "environment": deployment.environment,
                "description": deployment.description[:_DESCRIPTION],
                "transient_environment": not deployment.is_production,
                "production_environment": deployment.is_production,
                "payload": {"run_id": deployment.run_id},
            },
        )
        number: int = made["id"]
        return number

    def _set_state(self, number: int, deployment: Deployment, *, state: str) -> None:
        self._api.post(
            f"{self._repository}/deployments/{number}/statuses",
            {
                "state": state,
                "environment_url": deployment.url,
                "description": deployment.description[:_DESCRIPTION],
                "auto_inactive": True,
            },
        )


def _run_of(payload: object) -> object:
    """Return the run that a deployment's payload names; GitHub may give the payload back as text."""
    with suppress(ValueError):
        payload = json.loads(payload) if isinstance(payload, str) else payload
    return payload.get("run_id") if isinstance(payload, dict) else None
