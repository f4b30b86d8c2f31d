"""The tokens by which a GitHub App acts in a repository: short-lived, each for one repository, kept while they hold.

Source: "Generating a JSON Web Token (JWT) for a GitHub App" and "Create an installation access token for an app" in
GitHub's documentation.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from threading import Lock
from typing import Any

import jwt

from odooops_dagster.errors import BadInput, Undelivered
from odooops_dagster.tools.forge.api import Api
from odooops_dagster.tools.forge.github import github_api

# A clock that is a minute fast would make tokens of the future, which GitHub refuses; none may last ten minutes.
_BEFORE_SECONDS, _LASTS_SECONDS = 60, 480
# What is left of an hour is enough for the requests of one message.
_LEFT_SECONDS = 300
# What the App may do in the repository, and nothing else, whatever else it was granted.
PERMISSIONS = {"checks": "write", "deployments": "write", "metadata": "read", "pull_requests": "write"}


@dataclass(frozen=True, kw_only=True)
class GitHubAppKey:
    """A GitHub App at an API, by its number, and the private key by which it signs in."""

    api_url: str
    app_id: int
    private_key: str = field(repr=False)

    def sign_in(self, *, now: float) -> str:
        """Return the token by which the App asks for others, for some minutes.

        Raises:
            BadInput: the key is no private RSA key.
        """
        claims = {
            "iat": int(now) - _BEFORE_SECONDS,
            "exp": int(now) + _LASTS_SECONDS,
            "iss": str(self.app_id),
        }
        try:
            return jwt.encode(claims, self.private_key, algorithm="RS256")
        except (ValueError, TypeError, jwt.PyJWTError) as exc:
            raise BadInput(
                "The App's key is no private RSA key", hint="generate one on the App's page, and give the whole file"
            ) from exc


@dataclass(frozen=True, kw_only=True)
class _Held:
    token: str = field(repr=False)
    until: float


class InstallationTokens:
    """The tokens of Apps' installations, in memory only; callers of several threads share them."""

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._held: dict[tuple[GitHubAppKey, str], _Held] = {}
        self._lock = Lock()

    def token(self, app: GitHubAppKey, *, repository: str) -> str:
        """Return a token for one repository, an earlier one while it lasts.

        Raises:
            Undelivered: GitHub gives none.
        """
        with self._lock:
            held = self._held.get((app, repository))
        if held is None or held.until - _LEFT_SECONDS <= self._clock():
            held = self._ask(app, repository)
            with self._lock:
                self._held[app, repository] = held
        return held.token

    def forget(self, app: GitHubAppKey, *, repository: str) -> None:
        """Ask anew next time: GitHub refused the token, as it does after a key or an installation was taken away."""
        with self._lock:
            self._held.pop((app, repository), None)

    def _ask(self, app: GitHubAppKey, repository: str) -> _Held:
        api = github_api(app.api_url, token=app.sign_in(now=self._clock()))
        try:
            made = _installed(api, repository)
        except Undelivered as exc:
            raise Undelivered(_advice(exc, repository), wait_seconds=exc.wait_seconds, status=exc.status) from exc
        finally:
            api.close()
        return _Held(token=made["token"], until=datetime.fromisoformat(made["expires_at"]).timestamp())


def _installed(api: Api, repository: str) -> dict[str, Any]:
    """Return a new token of the App's installation that has the repository, for that repository alone."""
    number = api.get(f"/repos/{repository}/installation")["id"]
    asked = {"repositories": [repository.rpartition("/")[2]], "permissions": PERMISSIONS}
    made: dict[str, Any] = api.post(f"/app/installations/{number}/access_tokens", asked)
    return made


def _advice(exc: Undelivered, repository: str) -> str:
    """Return why there is no token, with what a person does about it; nothing of it is final."""
    if exc.status == 401:
        return "GitHub refuses the App's key: set another one with ops forge app set"
    if exc.status == 404:
        return f"the App is not installed for {repository}: install it there"
    if exc.status == 422:
        granted = ", ".join(f"{name} {access}" for name, access in PERMISSIONS.items())
        return f"the App was not granted what it needs: {granted}; {exc}"
    return str(exc)
