"""Deliveries of GitHub against a real gateway and a real control plane."""

from __future__ import annotations

from pathlib import Path

import pytest

from odooops_dagster.control import ControlPlane
from odooops_dagster.model import Project
from tests.deliveries import FIRST, NOTHING, REPOSITORY, SECOND, GitHub, answer, make_project, push_of, recorded


def test_ping_is_answered_with_pong(github: GitHub) -> None:
    """GitHub's first delivery shows that address and secret are right."""
    response = github.deliver("ping", recorded("ping"))
    assert (response.status_code, response.json()["outcome"]) == (200, "pong")


@pytest.mark.parametrize("as_form", [False, True], ids=["json", "form"])
def test_a_push_makes_the_repository_due_and_its_answer_runs(
    github: GitHub, control: ControlPlane, project: Project, as_form: bool
) -> None:
    """Both content types that GitHub offers lead to the run, and to whoever pushed."""
    response = github.deliver("push", push_of("refs/heads/feature/x", FIRST), as_form=as_form)
    assert (response.status_code, response.json()["outcome"]) == (202, "accepted")
    assert control.runs.list(project.slug) == []
    [run] = answer(control, project, {"feature/x": FIRST})
    assert (run.kind, run.git_sha, run.git_ref, run.trigger) == ("deploy", FIRST, "refs/heads/feature/x", "push")
    assert run.requested_by == "Codertocat"


@pytest.mark.parametrize("branch", ["feature/web/cart", "fix-%20", "a|b", "ünï/ço", "x" * 200])
def test_branch_names_arrive_as_they_are(github: GitHub, control: ControlPlane, project: Project, branch: str) -> None:
    """Slashes and strange signs survive the whole way."""
    assert github.push(f"refs/heads/{branch}", FIRST).status_code == 202
    answer(control, project, {branch: FIRST})
    assert [environment.branch for environment in control.environments.list(project.slug)] == [branch]


def test_the_default_branch_is_built_and_not_deployed(github: GitHub, control: ControlPlane, project: Project) -> None:
    """A push to production's branch changes no running system."""
    payload = recorded("push_branch_created")
    github.deliver("push", payload)
    [run] = answer(control, project, {"master": payload["after"]})
    assert (run.kind, run.git_sha) == ("build", "6113728f27ae82c7b1a177c8d03f9e96e0adf246")


@pytest.mark.parametrize("delivery", ["d-1", "d-2"], ids=["the same id", "another id"])
def test_a_repeated_delivery_changes_nothing(
    github: GitHub, control: ControlPlane, project: Project, delivery: str
) -> None:
    """GitHub's redelivery button, or a replay of what was signed once, which may bear any id."""
    first = github.deliver("push", push_of("refs/heads/feature/x", FIRST), delivery="d-1")
    assert len(answer(control, project, {"feature/x": FIRST})) == 1
    answer(control, project, {"feature/x": FIRST})
    again = github.deliver("push", push_of("refs/heads/feature/x", FIRST), delivery=delivery)
    assert (first.status_code, again.status_code, again.json()["outcome"]) == (202, 200, "duplicate")
    assert control.projects.to_poll(older_than_seconds=60) == []


@pytest.mark.parametrize(("after", "before"), [(FIRST, NOTHING), (NOTHING, SECOND)], ids=["old commit", "deletion"])
def test_what_is_signed_and_not_so_changes_nothing(
    github: GitHub, control: ControlPlane, project: Project, after: str, before: str
) -> None:
    """Whoever knows the secret cannot deploy another commit or destroy an environment: the repository is asked."""
    github.push("refs/heads/feature/x", SECOND)
    runs = answer(control, project, {"feature/x": SECOND})
    github.push("refs/heads/feature/x", after, before=before)
    control.pushes.apply()
    assert [due.slug for due in control.projects.to_poll(older_than_seconds=60)] == [project.slug]
    assert answer(control, project, {"feature/x": SECOND}) == runs
    assert control.pushes.head(project.id, "feature/x") == SECOND


def test_a_forced_push_builds_the_new_commit(github: GitHub, control: ControlPlane, project: Project) -> None:
    """Rewritten history is a movement like any other; the older run is superseded."""
    github.push("refs/heads/feature/x", FIRST)
    answer(control, project, {"feature/x": FIRST})
    github.push("refs/heads/feature/x", SECOND, before=FIRST, forced=True)
    runs = {run.git_sha: run.status for run in answer(control, project, {"feature/x": SECOND})}
    assert runs == {FIRST: "canceled", SECOND: "queued"}


def test_a_deleted_branch_destroys_its_preview(github: GitHub, control: ControlPlane, project: Project) -> None:
    """The preview goes with its branch."""
    github.push("refs/heads/feature/x", FIRST)
    answer(control, project, {"feature/x": FIRST})
    response = github.push("refs/heads/feature/x", NOTHING, before=FIRST, deleted=True, head_commit=None)
    assert response.status_code == 202
    assert "destroy" in {run.kind for run in answer(control, project, {"master": SECOND})}


def test_a_tag_is_built(github: GitHub, control: ControlPlane, project: Project) -> None:
    """Beside production: the build is the tag's release."""
    response = github.deliver("push", recorded("push_tag_created"))
    assert (response.status_code, response.json()["outcome"]) == (202, "accepted")
    control.pushes.apply()
    [run] = control.runs.list(project.slug)
    assert (run.kind, run.git_ref, run.git_sha) == (
        "build", "refs/tags/simple-tag", "6113728f27ae82c7b1a177c8d03f9e96e0adf246",
    )  # fmt: skip


def test_an_annotated_tag_is_built_at_the_commit_it_points_to(
    github: GitHub, control: ControlPlane, project: Project
) -> None:
    """GitHub names the tag itself as `after`."""
    payload = recorded("push_tag_created")
    github.deliver("push", {**payload, "after": "f" * 40})
    control.pushes.apply()
    [run] = control.runs.list(project.slug)
    assert run.git_sha == "6113728f27ae82c7b1a177c8d03f9e96e0adf246"


def test_a_deleted_tag_is_ignored(github: GitHub, control: ControlPlane, project: Project) -> None:
    """Its release stays."""
    response = github.deliver("push", recorded("push_tag_deleted"))
    assert (response.status_code, response.json()["outcome"]) == (202, "ignored")
    assert control.runs.list(project.slug) == []


@pytest.mark.parametrize("event", ["delete", "star", "installation"])
def test_other_events_are_ignored(github: GitHub, control: ControlPlane, project: Project, event: str) -> None:
    """A webhook set to send everything does no harm; a deletion is told by its push."""
    response = github.deliver(event, recorded("delete_tag"))
    assert (response.status_code, response.json()["outcome"]) == (202, "ignored")
    assert control.runs.list(project.slug) == []


def test_a_new_pull_request_makes_the_platform_look(github: GitHub, control: ControlPlane, project: Project) -> None:
    """One of the repository's own branch: its preview may be older than the request."""
    told = recorded("pull_request_opened")
    assert github.deliver("pull_request", told).json()["outcome"] == "accepted"
    assert [each["outcome"] for each in control.pushes.apply()] == ["due"]
    closed = github.deliver("pull_request", told | {"action": "closed"})
    assert (closed.status_code, closed.json()["outcome"]) == (202, "ignored")
    head = told["pull_request"]["head"] | {"repo": {"full_name": "mallory/Hello-World"}}
    fork = github.deliver("pull_request", told | {"pull_request": told["pull_request"] | {"head": head}})
    assert (fork.json()["outcome"], "fork" in fork.json()["message"]) == ("ignored", True)
    assert control.runs.list(project.slug) == []


def test_a_push_to_an_unknown_repository_says_how_to_make_it_known(github: GitHub) -> None:
    """The answer that GitHub shows beside the delivery names the command."""
    response = github.deliver("push", recorded("push_branch_created"))
    assert (response.status_code, response.json()["outcome"]) == (202, "unknown_project")
    assert f"ops project create SLUG --repo {REPOSITORY}" in response.json()["message"]


def test_a_push_to_an_archived_project_does_nothing(github: GitHub, control: ControlPlane, project: Project) -> None:
    """Archived means that pushes are no longer acted on."""
    control.projects.archive(project.slug)
    assert github.push("refs/heads/feature/x", FIRST).json()["outcome"] == "unknown_project"
    assert control.runs.list(project.slug) == []


@pytest.mark.parametrize(
    "repo_url",
    [
        "https://github.com/Codertocat/Hello-World.git",
        "https://github.com/Codertocat/Hello-World",
        "https://github.com/codertocat/hello-world/",
        "git@github.com:Codertocat/Hello-World.git",
        "ssh://git@github.com/Codertocat/Hello-World.git",
        "ssh://git@github.com:22/Codertocat/Hello-World",
        "git://github.com/Codertocat/Hello-World.git",
        "github.com:Codertocat/Hello-World",
    ],
)
def test_every_form_of_the_address_names_the_repository(github: GitHub, control: ControlPlane, repo_url: str) -> None:
    """It does not matter which of GitHub's addresses a project was created with."""
    make_project(control, repo_url=repo_url)
    assert github.push("refs/heads/feature/x", FIRST).json()["outcome"] == "accepted"


@pytest.mark.parametrize(
    "repo_url",
    [
        "https://github.com/Codertocat/Hello-World2",
        "https://gitlab.com/Codertocat/Hello-World",
        "/Codertocat/Hello-World",
    ],
)
def test_other_repositories_are_told_apart(github: GitHub, control: ControlPlane, repo_url: str) -> None:
    """Neither a longer name nor another host will do."""
    make_project(control, repo_url=repo_url)
    assert github.push("refs/heads/feature/x", FIRST).json()["outcome"] == "unknown_project"


def test_a_local_repository_is_known_by_its_path(github: GitHub, control: ControlPlane, tmp_path: Path) -> None:
    """A folder may be named as a path or as a file URL."""
    make_project(control, repo_url=f"{tmp_path}/Shop.git")
    repository = recorded("push_branch_created")["repository"] | {"clone_url": f"file://{tmp_path}/Shop.git"}
    assert github.push("refs/heads/feature/x", FIRST, repository=repository).json()["outcome"] == "accepted"


def test_two_projects_of_one_repository_are_both_due(github: GitHub, control: ControlPlane) -> None:
    """One repository may be built for two series."""
    make_project(control, slug="one")
    make_project(control, slug="two", repo_url="git@github.com:Codertocat/Hello-World.git")
    github.push("refs/heads/feature/x", FIRST)
    control.pushes.apply()
    assert {due.slug for due in control.projects.to_poll(older_than_seconds=60)} == {"one", "two"}
