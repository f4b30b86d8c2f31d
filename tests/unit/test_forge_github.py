"""What GitHub is told is what its API takes, and every refusal says whether another try makes sense."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from odooops_dagster.errors import BadInput, Undelivered
from odooops_dagster.tools import outgoing
from odooops_dagster.tools.forge import Deployment, Status, guess_forge
from odooops_dagster.tools.forge.github import GitHub
from tests.forges import TOKEN, Failure, GitHubStandIn, serving

SHA = "a" * 40
STATUS = Status(sha=SHA, context="odooops/development", state="failure", description="Run #3 failed: x", url="http://x")
PREVIEW = Deployment(
    sha=SHA,
    environment="feature/a",
    is_production=False,
    url="https://a.example.com",
    run_id="r1",
    description="Run #3.",
)
GONE = Deployment(
    sha=SHA, environment="feature/a", is_production=False, url=None, run_id="r1", description="The environment is gone."
)


@pytest.fixture
def stand_in() -> Iterator[GitHubStandIn]:
    """Yield a GitHub that is told nothing yet."""
    with serving(GitHubStandIn()) as served:
        yield served
    assert served.broken == []


@pytest.fixture
def github(stand_in: GitHubStandIn) -> Iterator[GitHub]:
    """Yield the repository there."""
    opened = GitHub(stand_in.url, repository="acme/shop", token=TOKEN)
    yield opened
    opened.close()


def test_a_status_is_as_the_api_takes_it(github: GitHub, stand_in: GitHubStandIn) -> None:
    """Long sentences are cut, and a status without a page has none."""
    github.tell_status(STATUS, may_repeat=False)
    long = Status(sha=SHA, context="c", state="pending", description="x" * 500, url=None)
    github.tell_status(long, may_repeat=False)
    assert [(each["state"], each["context"], each.get("target_url")) for each in stand_in.statuses] == [
        ("failure", "odooops/development", "http://x"),
        ("pending", "c", None),
    ]


def test_a_repeat_is_told_once(github: GitHub, stand_in: GitHubStandIn) -> None:
    """Of an answer that was lost, GitHub is asked; a newer status of the context is told again."""
    stand_in.failures.append(Failure(status=502, is_kept=True))
    with pytest.raises(Undelivered):
        github.tell_status(STATUS, may_repeat=False)
    github.tell_status(STATUS, may_repeat=True)
    assert len(stand_in.statuses) == 1
    newer = Status(sha=SHA, context=STATUS.context, state="success", description="Run #4 succeeded.", url=None)
    github.tell_status(newer, may_repeat=True)
    assert [each["state"] for each in stand_in.statuses] == ["failure", "success"]


def test_a_deployment_is_made_once_and_ends(github: GitHub, stand_in: GitHubStandIn) -> None:
    """One deployment for a run, with the environment's address; once it is gone, it is inactive."""
    stand_in.failures += [Failure(status=200, body=[], is_kept=True), Failure(status=503, is_kept=True)]
    with pytest.raises(Undelivered):
        github.tell_deployment(PREVIEW)
    github.tell_deployment(PREVIEW)
    github.tell_deployment(PREVIEW)
    (made,) = stand_in.deployments
    assert made["transient_environment"]
    assert not made["production_environment"]
    assert made["ref"] == SHA
    github.tell_deployment(GONE)
    assert stand_in.states == [
        (1, "success", "https://a.example.com"),
        (1, "success", "https://a.example.com"),
        (1, "inactive", None),
    ]


def test_an_environment_that_was_never_told_of_cannot_be_gone(github: GitHub, stand_in: GitHubStandIn) -> None:
    """Nothing is made for it."""
    github.tell_deployment(GONE)
    assert (stand_in.deployments, stand_in.states) == ([], [])


@pytest.mark.parametrize(
    ("failure", "said", "is_final"),
    [
        (Failure(status=401, body={"message": "Bad credentials"}), "ops forge token set", False),
        (Failure(status=404, body={"message": "Not Found"}), "404: Not Found", False),
        (Failure(status=403, body={"message": "Resource not accessible"}), "Resource not accessible", False),
        (Failure(status=422, body={"message": "No commit found for SHA"}), "No commit found", True),
        (Failure(status=500, body=b"<html>"), "500", False),
        (Failure(status=201, body=b"<html>"), "no JSON", False),
        (Failure(status=301, headers={"Location": "https://elsewhere.example.com/"}, body={}), "has moved", False),
    ],
)
def test_a_refusal_says_whether_to_try_again(
    github: GitHub, stand_in: GitHubStandIn, failure: Failure, said: str, *, is_final: bool
) -> None:
    """Only what the request itself is to blame for is given up; the token is in no message."""
    stand_in.failures.append(failure)
    with pytest.raises(Undelivered, match=said) as caught:
        github.tell_status(STATUS, may_repeat=False)
    assert (caught.value.is_final, caught.value.wait_seconds) == (is_final, 0)
    assert TOKEN not in str(caught.value)


IN_A_QUARTER = "in a quarter of an hour"


@pytest.mark.parametrize(
    ("status", "headers", "lasts"),
    [
        (403, {"x-ratelimit-remaining": "0", "x-ratelimit-reset": IN_A_QUARTER}, (800, 901)),
        (403, {"Retry-After": "70"}, (70, 70)),
        (429, {}, (60, 60)),
        (429, {"x-ratelimit-remaining": "0", "x-ratelimit-reset": "99999999999"}, (3600, 3600)),
        (503, {"Retry-After": "Sun, 06 Nov 1994 08:49:37 GMT"}, (0, 0)),
    ],
)
def test_a_limit_of_requests_is_waited_for(
    github: GitHub, stand_in: GitHubStandIn, status: int, headers: dict[str, str], lasts: tuple[int, int]
) -> None:
    """As long as GitHub says, an hour at most."""
    # The time of the test, not of its collection, which may be minutes ago.
    told = {name: str(int(time.time()) + 900) if value == IN_A_QUARTER else value for name, value in headers.items()}
    stand_in.failures.append(Failure(status=status, headers=told, body={"message": "rate limit"}))
    with pytest.raises(Undelivered) as caught:
        github.tell_status(STATUS, may_repeat=False)
    assert lasts[0] <= caught.value.wait_seconds <= lasts[1]
    assert not caught.value.is_final


def test_a_slow_or_absent_github_is_tried_again(stand_in: GitHubStandIn, monkeypatch: pytest.MonkeyPatch) -> None:
    """It holds up nobody for longer than a call may take."""
    monkeypatch.setattr(outgoing, "SECONDS", 0.3)
    stand_in.failures.append(Failure(status=201, body={}, wait_seconds=1))
    slow = GitHub(stand_in.url, repository="acme/shop", token=TOKEN)
    absent = GitHub("http://127.0.0.1:9", repository="acme/shop", token=TOKEN)
    for forge in (slow, absent):
        with pytest.raises(Undelivered, match="cannot be reached") as caught:
            forge.tell_status(STATUS, may_repeat=False)
        assert not caught.value.is_final
        forge.close()


@pytest.mark.parametrize(
    ("repo_url", "forge", "found"),
    [
        ("https://github.com/acme/shop.git", None, ("github", "https://api.github.com", "acme/shop")),
        ("git@github.com:acme/shop.git", None, ("github", "https://api.github.com", "acme/shop")),
        ("ssh://git@gitlab.com/a/b/shop", None, ("gitlab", "https://gitlab.com/api/v4", "a/b/shop")),
        ("https://codeberg.org/a/b", None, ("gitea", "https://codeberg.org/api/v1", "a/b")),
        ("https://bitbucket.org/a/b", None, ("bitbucket", "https://api.bitbucket.org/2.0", "a/b")),
        ("https://git.acme.org/a/b", "gitlab", ("gitlab", "https://git.acme.org/api/v4", "a/b")),
        ("https://ghe.acme.org/a/b", "github", ("github", "https://ghe.acme.org/api/v3", "a/b")),
    ],
)
def test_a_forge_is_known_by_the_repositorys_address(repo_url: str, forge: None, found: tuple[str, str, str]) -> None:
    """In every way in which git takes it."""
    assert guess_forge(repo_url, forge) == found


@pytest.mark.parametrize("repo_url", ["/srv/git/shop.git", "https://git.acme.org/a/b", "https://github.com/shop"])
def test_a_forge_that_cannot_be_known_is_asked_for(repo_url: str) -> None:
    """The refusal says how it is named."""
    with pytest.raises(BadInput) as caught:
        guess_forge(repo_url)
    assert "--" in str(caught.value.hint)
