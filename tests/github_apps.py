"""A GitHub in this process in which an App is installed: it grants tokens, and keeps checks and comments."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from typing import Any, ClassVar

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from odooops_dagster.control import ControlPlane
from odooops_dagster.local.forge_tokens import choose_forge_app, write_forge_app
from odooops_dagster.model import Project
from odooops_dagster.settings import Settings
from odooops_dagster.tools.forge import GitHubAppKey
from tests.forges import Failure, GitHubStandIn, example

APP_ID = 4711
_INSTALLATION = "/repos/{owner}/{repo}/installation"
_TOKENS = "/app/installations/{installation_id}/access_tokens"
_CHECKS = "/repos/{owner}/{repo}/check-runs"
_CHECK = "/repos/{owner}/{repo}/check-runs/{check_run_id}"
_CHECKS_OF = "/repos/{owner}/{repo}/commits/{ref}/check-runs"
_PULLS = "/repos/{owner}/{repo}/pulls"
_COMMENTS = "/repos/{owner}/{repo}/issues/{issue_number}/comments"
_COMMENT = "/repos/{owner}/{repo}/issues/comments/{comment_id}"
# What each path asks of a token. Source: "Permissions required for GitHub Apps" in GitHub's documentation.
_NEEDED = {"check-runs": "checks", "deployments": "deployments", "statuses": "statuses"}


@cache
def private_key() -> str:
    """Return a private key of an App, as GitHub gives it."""
    kind = serialization.PrivateFormat.TraditionalOpenSSL
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return key.private_bytes(serialization.Encoding.PEM, kind, serialization.NoEncryption()).decode()


@dataclass
class GitHubAppStandIn(GitHubStandIn):
    """What was told by an App; `lasts_seconds` is how long a token does, `pulls` who asks to be pulled."""

    lasts_seconds: float = 3600.0
    granted: dict[str, dict[str, Any]] = field(default_factory=dict)
    checks: list[dict[str, Any]] = field(default_factory=list)
    pulls: list[dict[str, Any]] = field(default_factory=list)
    comments: list[dict[str, Any]] = field(default_factory=list)
    handlers: ClassVar[Mapping[tuple[str, str], str]] = GitHubStandIn.handlers | {  # type: ignore[operator]
        ("GET", _INSTALLATION): "find_installation",
        ("POST", _TOKENS): "grant",
        ("POST", _CHECKS): "create_check",
        ("PATCH", _CHECK): "update_check",
        ("GET", _CHECKS_OF): "list_checks",
        ("GET", _PULLS): "list_pulls",
        ("GET", _COMMENTS): "list_comments",
        ("POST", _COMMENTS): "create_comment",
        ("PATCH", _COMMENT): "update_comment",
    }

    def refusal(self, authorization: str, template: str) -> Failure | None:
        """Return why who asks may not: the App by its own token, anything else by one that it was granted."""
        bearer = authorization.removeprefix("Bearer ")
        if template in (_INSTALLATION, _TOKENS):
            return None if _is_of_app(bearer) else Failure(status=401, body={"message": "Could not be decoded"})
        held = self.granted.get(bearer)
        if held is None or held["until"] < time.time():
            return Failure(status=401, body={"message": "Bad credentials"})
        needed = next((each for part, each in _NEEDED.items() if part in template.split("/")), "pull_requests")
        if held["permissions"].get(needed) != "write" or held["repositories"] != ["shop"]:
            return Failure(status=403, body={"message": "Resource not accessible by integration"})
        return None

    def find_installation(self, *_: object) -> Failure:
        """Return the App's installation."""
        return Failure(status=200, body=example("installation") | {"id": 1})

    def grant(self, _: Mapping[str, str], __: Mapping[str, str], body: dict[str, Any]) -> Failure:
        """Grant a token for what is asked for."""
        token, until = f"ghs_{len(self.granted)}", time.time() + self.lasts_seconds
        self.granted[token] = body | {"until": until}
        expires_at = datetime.fromtimestamp(until, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        return Failure(status=201, body={"token": token, "expires_at": expires_at, **body})

    def create_check(self, _: Mapping[str, str], __: Mapping[str, str], body: dict[str, Any]) -> Failure:
        """Keep a check."""
        made = {"id": len(self.checks) + 1, "annotations": [], "conclusion": None, **body}
        self.checks.append(made)
        return self._kept(made, body, status=201)

    def update_check(self, values: Mapping[str, str], _: Mapping[str, str], body: dict[str, Any]) -> Failure:
        """Change a check; annotations are added to those before."""
        made = self.checks[int(values["check_run_id"]) - 1]
        made |= body
        return self._kept(made, body, status=200)

    def _kept(self, made: dict[str, Any], body: Mapping[str, Any], *, status: int) -> Failure:
        made["annotations"] = [*made["annotations"], *body.get("output", {}).get("annotations", [])]
        return Failure(status=status, body=_shown(made))

    def list_checks(self, values: Mapping[str, str], query: Mapping[str, str], __: dict[str, Any]) -> Failure:
        """Return the App's checks of a commit, newest first."""
        found = [
            _shown(each)
            for each in reversed(self.checks)
            if (each["head_sha"], each["name"]) == (values["ref"], query["check_name"])
        ]
        return Failure(status=200, body={"total_count": len(found), "check_runs": found})

    def list_pulls(self, _: Mapping[str, str], query: Mapping[str, str], __: dict[str, Any]) -> Failure:
        """Return the open pull requests of a head; a fork of the same owner has the same."""
        found = [each for each in self.pulls if f"acme:{each['head']['ref']}" == query["head"]]
        return Failure(status=200, body=found)

    def list_comments(self, values: Mapping[str, str], query: Mapping[str, str], __: dict[str, Any]) -> Failure:
        """Return a page of a pull request's comments, oldest first."""
        found = [each for each in self.comments if str(each["pull"]) == values["issue_number"]]
        size, page = int(query["per_page"]), int(query["page"])
        return Failure(status=200, body=found[size * (page - 1) : size * page])

    def create_comment(self, values: Mapping[str, str], _: Mapping[str, str], body: dict[str, Any]) -> Failure:
        """Keep a comment of the App."""
        made = self.comment(int(values["issue_number"]), body["body"], app_id=APP_ID)
        return Failure(status=201, body=made)

    def update_comment(self, values: Mapping[str, str], _: Mapping[str, str], body: dict[str, Any]) -> Failure:
        """Change a comment, whoever wrote it."""
        for each in self.comments:
            if str(each["id"]) == values["comment_id"]:
                each["body"] = body["body"]
                return Failure(status=200, body=each)
        return Failure(status=404, body={"message": "Not Found"})

    def comment(self, pull: int, body: str, *, app_id: int | None = None) -> dict[str, Any]:
        """Write a comment, as an App or as a person."""
        number = max((each["id"] for each in self.comments), default=0) + 1
        app = None if app_id is None else {"id": app_id}
        made = example("issue-comment") | {"id": number, "pull": pull, "body": body, "performed_via_github_app": app}
        self.comments.append(made)
        return made

    def ask_to_pull(self, number: int, branch: str, *, repository: str = "acme/shop") -> None:
        """Open a pull request."""
        self.pulls.append({"number": number, "head": {"ref": branch, "repo": {"full_name": repository}}})


def install_app(control: ControlPlane, settings: Settings, stand_in: GitHubAppStandIn, project: Project) -> None:
    """Let a project tell its forge by the App, as `ops forge app` does."""
    write_forge_app(settings.home, GitHubAppKey(api_url=stand_in.url, app_id=APP_ID, private_key=private_key()))
    choose_forge_app(settings.home, project.id, api_url=stand_in.url, repository="acme/shop")
    control.messages.set_forge(
        project.slug, forge="github", api_url=stand_in.url, repository="acme/shop", uses_app=True
    )


def _is_of_app(bearer: str) -> bool:
    key = serialization.load_pem_private_key(private_key().encode(), password=None).public_key()
    try:
        claims = jwt.decode(bearer, key, algorithms=["RS256"], options={"require": ["iat", "exp", "iss"]})  # type: ignore[arg-type]
    except jwt.PyJWTError:
        return False
    return bool(claims["iss"] == str(APP_ID) and claims["exp"] - time.time() <= 600)


def _shown(made: Mapping[str, Any]) -> dict[str, Any]:
    output = {"annotations_count": len(made["annotations"])}
    names = ("id", "external_id", "status", "conclusion", "name")
    return example("check-run") | {name: made[name] for name in names} | {"output": output}
