"""GitLab, Gitea, Forgejo and Bitbucket make the platform look as GitHub does, each by its own signature."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from fastapi.testclient import TestClient
from psycopg.rows import dict_row

from odooops_dagster.control import ControlPlane
from odooops_dagster.doors.http.app import create_app
from odooops_dagster.local.webhook_secrets import write_webhook_secret
from odooops_dagster.settings import Settings
from tests.deliveries import NOTHING
from tests.forge_deliveries import BRANCH, EVENTS, HEAD, REPOSITORIES, Sender

FORGES = sorted(EVENTS)


@pytest.fixture
def client(settings: Settings, control: ControlPlane) -> Iterator[TestClient]:
    """Yield a gateway."""
    with TestClient(create_app(settings, control)) as made:
        yield made


@pytest.fixture
def sender(
    request: pytest.FixtureRequest, client: TestClient, control: ControlPlane, settings: Settings, database: str
) -> Sender:
    """Return a forge that delivers to its project's address."""
    forge: str = request.param
    return Sender(client, forge, make_project(control, settings, database, repo_url=REPOSITORIES[forge]))


def make_project(control: ControlPlane, settings: Settings, database: str, *, repo_url: str, slug: str = "shop") -> str:
    """Create a project with a secret of its own, and return the secret."""
    project = control.projects.create(slug, repo_url=repo_url, odoo_version="19.0", poll_enabled=False)
    secret = write_webhook_secret(settings.home, project.id)
    with psycopg.connect(database, autocommit=True) as owner:
        owner.execute("select ops.record_webhook_secret(%s)", [project.id])
    return secret


def stored(database: str) -> list[dict[str, Any]]:
    """Return the deliveries, oldest first."""
    with psycopg.connect(database, row_factory=dict_row) as connection:
        return connection.execute("select * from ops.push_deliveries order by id").fetchall()


@pytest.mark.parametrize("sender", FORGES, indirect=True)
def test_a_push_makes_the_platform_look(sender: Sender, control: ControlPlane, database: str) -> None:
    """What is stored of it has no address of a person."""
    response = sender.deliver("push")
    assert (response.status_code, response.json()["outcome"]) == (202, "accepted"), response.text
    (row,) = stored(database)
    assert (row["event"], row["ref"], row["sha"], row["pusher"]) == ("push", f"refs/heads/{BRANCH}", HEAD, "ana")
    assert "example.com>" not in str(row["payload"]) + str(row["pusher"])
    assert "@example.com" not in str(row["payload"]).replace("git@", "")
    assert [each["outcome"] for each in control.pushes.apply()] == ["due"]
    assert [each.slug for each in control.projects.to_poll(older_than_seconds=60)] == ["shop"]


@pytest.mark.parametrize("sender", FORGES, indirect=True)
def test_the_end_of_a_branch_makes_the_platform_look(sender: Sender, control: ControlPlane, database: str) -> None:
    """Whether the forge tells it as a push or as something else."""
    assert sender.deliver("end").json()["outcome"] == "accepted"
    assert [(row["event"], row["ref"], row["sha"]) for row in stored(database)] == [
        ("push", f"refs/heads/{BRANCH}", NOTHING)
    ]
    assert [each["outcome"] for each in control.pushes.apply()] == ["due"]


@pytest.mark.parametrize("sender", FORGES, indirect=True)
def test_a_tag_is_built_at_the_commit_to_which_it_points(sender: Sender, control: ControlPlane, database: str) -> None:
    """An annotated one too."""
    assert sender.deliver("tag").json()["outcome"] == "accepted"
    assert [(row["ref"], row["sha"]) for row in stored(database)] == [("refs/tags/v1.0.0", HEAD)]
    assert len(control.pushes.apply()) == 1
    assert [(run.git_ref, run.git_sha) for run in control.runs.list("shop")] == [("refs/tags/v1.0.0", HEAD)]


@pytest.mark.parametrize("sender", FORGES, indirect=True)
def test_a_new_pull_request_makes_the_platform_look(sender: Sender, control: ControlPlane, database: str) -> None:
    """One of the repository's own branches: its preview may have been made before."""
    assert sender.deliver("pull").json()["outcome"] == "accepted"
    assert [(row["event"], row["ref"]) for row in stored(database)] == [("pull_request", f"refs/heads/{BRANCH}")]
    assert [each["outcome"] for each in control.pushes.apply()] == ["due"]


FOREIGN: dict[str, list[dict[str, Any]]] = {
    "gitlab": [{"object_attributes.source_project_id": 99}, {"object_attributes.action": "update"}],
    "gitea": [
        {"pull_request.head.repo": None},
        {"pull_request.head.repo": {"full_name": "mallory/shop"}},
        {"action": "closed"},
    ],
    "bitbucket": [
        {"pullrequest.source.repository": None},
        {"pullrequest.source.repository.full_name": "mallory/shop"},
    ],
}


@pytest.mark.parametrize("sender", sorted(FOREIGN), indirect=True)
def test_a_pull_request_of_a_fork_asks_for_nothing(sender: Sender, database: str) -> None:
    """Anybody may open one; nor does one that is not new."""
    for changes in FOREIGN[sender.forge]:
        response = sender.deliver("pull", changes=changes)
        assert (response.status_code, response.json()["outcome"]) == (202, "ignored")
    assert stored(database) == []


@pytest.mark.parametrize("sender", FORGES, indirect=True)
def test_another_event_is_ignored_and_says_so(sender: Sender, database: str) -> None:
    """A webhook that was set up for everything disturbs nobody."""
    response = sender.deliver("other")
    assert (response.status_code, response.json()["outcome"]) == (202, "ignored")
    assert "acted on" in response.json()["message"]
    assert stored(database) == []


@pytest.mark.parametrize("sender", FORGES, indirect=True)
def test_a_delivery_that_is_sent_again_changes_nothing(sender: Sender, database: str) -> None:
    """As each forge does for a delivery that was not answered in time."""
    first = sender.deliver("push", delivery="11111111-1111-1111-1111-111111111111")
    again = sender.deliver("push", delivery="11111111-1111-1111-1111-111111111111")
    assert [first.status_code, again.status_code] == [202, 200]
    assert again.json()["outcome"] == "duplicate"
    assert len(stored(database)) == 1


@pytest.mark.parametrize("sender", ["bitbucket"], indirect=True)
def test_every_branch_of_one_push_is_stored(sender: Sender, database: str) -> None:
    """Bitbucket tells them together; sent again, none counts twice."""
    state = {"type": "branch", "name": "feature/y", "target": {"hash": HEAD}}
    changes = [{"new": state, "old": None}, {"new": None, "old": state | {"name": "feature/z"}}]
    for _ in range(2):
        assert sender.deliver("push", delivery="d1", changes={"push.changes": changes}).is_success
    assert [(row["delivery_id"], row["ref"]) for row in stored(database)] == [
        ("d1", "refs/heads/feature/y"),
        ("d1/1", "refs/heads/feature/z"),
    ]
    assert sender.deliver("push", changes={"push.changes": []}).json()["outcome"] == "ignored"


MALFORMED: dict[str, list[tuple[str, dict[str, Any], str]]] = {
    "gitlab": [
        ("push", {"ref": "refs/heads/../x"}, "ref"),
        ("push", {"after": "HEAD"}, "after"),
        ("push", {"project": {}}, "project.path_with_namespace"),
        ("push", {"project": "acme/shop"}, "project.path_with_namespace"),
        ("push", {"commits": "x", "user_username": 7, "user_name": []}, "pusher.name"),
        ("pull", {"object_attributes.source_branch": "../x"}, "branch"),
        ("pull", {"object_attributes.last_commit": None}, "last_commit.id"),
    ],
    "gitea": [
        ("push", {"repository": None}, "repository"),
        ("end", {"ref": 7}, "ref"),
        ("pull", {"pull_request": []}, "pull_request.head"),
    ],
    "bitbucket": [
        ("push", {"push": {}}, "push.changes"),
        ("push", {"push.changes": [None]}, "push.changes"),
        ("push", {"push.changes": [{"new": {"type": "wiki"}, "old": None}]}, "push.changes"),
        ("push", {"push.changes": [{}] * 101}, "push.changes"),
        ("push", {"push.changes.0.new.target.hash": "abc"}, "after"),
        ("pull", {"pullrequest.source.branch": None}, "branch.name"),
    ],
}


@pytest.mark.parametrize("sender", sorted(MALFORMED), indirect=True)
def test_a_malformed_field_is_named(sender: Sender, database: str) -> None:
    """What no forge could have sent is refused before anything is stored."""
    for kind, changes, field in MALFORMED[sender.forge]:
        response = sender.deliver(kind, changes=changes)
        assert response.status_code == 400, (changes, response.text)
        assert field in response.json()["error"]
    assert stored(database) == []
