"""Asking a real repository for its branches, into a real control plane."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from odooops_dagster.control import ControlPlane
from odooops_dagster.errors import StepFailed, Unavailable
from odooops_dagster.model import Project, Push
from odooops_dagster.steps.upkeep.poll import poll_project
from tests.repositories import Repository, run_git

ZERO = "0" * 40


@pytest.fixture
def shop(tmp_path: Path) -> Repository:
    """A repository with a feature branch."""
    repository = Repository(tmp_path)
    repository.commit({"a": "1", "sale_tax/__manifest__.py": "{}"})
    repository.commit({"a": "2"}, branch="feature/x")
    return repository


@pytest.fixture
def project(control: ControlPlane, shop: Repository) -> Project:
    """The project of that repository."""
    return control.projects.create("shop", repo_url=shop.url, odoo_version="19.0")


def kinds(control: ControlPlane) -> list[tuple[str, str]]:
    """Return branch and kind of every run that still waits."""
    runs = control.runs.list("shop", status="queued")
    return sorted(((run.git_ref or "").removeprefix("refs/heads/"), run.kind) for run in runs)


def test_new_and_moved_branches_queue_runs_once(control: ControlPlane, project: Project, shop: Repository) -> None:
    """The same answer again is no news."""
    assert len(poll_project(control, project)) == 2
    assert kinds(control) == [("feature/x", "deploy"), ("main", "build")]
    assert poll_project(control, project) == []
    shop.commit({"a": "3"}, branch="feature/x")
    assert len(poll_project(control, project)) == 1


@pytest.fixture
def bare_shop(tmp_path: Path) -> Repository:
    """A repository whose default branch holds no module."""
    repository = Repository(tmp_path, "bare-shop")
    repository.commit({"README.md": "soon"})
    return repository


def test_an_empty_default_branch_takes_no_worker_from_the_first_push(
    control: ControlPlane, bare_shop: Repository
) -> None:
    """Its build would install nothing; its next push is built."""
    bare_shop.commit({"sale_tax/__manifest__.py": "{}"}, branch="feature/x")
    project = control.projects.create("shop", repo_url=bare_shop.url, odoo_version="19.0")
    poll_project(control, project)
    assert kinds(control) == [("feature/x", "deploy")]
    assert poll_project(control, control.projects.get("shop")) == []
    run_git(bare_shop.work, "checkout", "--quiet", "main")
    bare_shop.commit({"README.md": "now"})
    poll_project(control, control.projects.get("shop"))
    assert ("main", "build") in kinds(control)


def test_an_empty_default_branch_alone_is_built(control: ControlPlane, bare_shop: Repository) -> None:
    """It is all that there is to see."""
    project = control.projects.create("shop", repo_url=bare_shop.url, odoo_version="19.0")
    poll_project(control, project)
    assert kinds(control) == [("main", "build")]


def test_a_default_branch_of_submodules_is_not_empty(
    control: ControlPlane, bare_shop: Repository, tmp_path: Path
) -> None:
    """Nobody looked into them yet."""
    parts = Repository(tmp_path, "parts")
    parts.commit({"sale_tax/__manifest__.py": "{}"})
    bare_shop.add_submodule(parts.url, "parts")
    bare_shop.commit({"README.md": "parts"})
    bare_shop.commit({"a": "1"}, branch="feature/x")
    project = control.projects.create("shop", repo_url=bare_shop.url, odoo_version="19.0")
    poll_project(control, project)
    assert kinds(control) == [("feature/x", "deploy"), ("main", "build")]


def test_a_vanished_branch_destroys_its_preview(control: ControlPlane, project: Project, shop: Repository) -> None:
    """Deletion without a webhook is noticed at the next look."""
    poll_project(control, project)
    run_git(shop.work, "push", "--quiet", "origin", "--delete", "feature/x")
    poll_project(control, project)
    assert ("feature/x", "destroy") in kinds(control)


def test_a_repository_that_vanished_destroys_nothing(control: ControlPlane, project: Project, shop: Repository) -> None:
    """No answer is not the answer that there is no branch."""
    poll_project(control, project)
    shutil.rmtree(shop.bare)
    with pytest.raises(StepFailed, match=r"^there is no repository at"):
        poll_project(control, project)
    assert ("feature/x", "destroy") not in kinds(control)


def test_a_repository_that_shows_no_branch_destroys_nothing(
    control: ControlPlane, project: Project, shop: Repository
) -> None:
    """An emptied repository is taken for a fault."""
    poll_project(control, project)
    shutil.rmtree(shop.bare)
    run_git(shop.bare.parent, "init", "--bare", "--quiet", str(shop.bare))
    with pytest.raises(Unavailable, match="shows no branch"):
        poll_project(control, project)
    assert ("feature/x", "destroy") not in kinds(control)


def test_a_failing_repository_waits_for_its_turn_and_says_why(
    control: ControlPlane, project: Project, shop: Repository
) -> None:
    """It is asked as often as the others, and the reason is gone with the next answer."""
    moved = shop.bare.rename(shop.bare.with_name("moved.git"))
    assert [due.id for due in control.projects.to_poll(older_than_seconds=60)] == [project.id]
    with pytest.raises(StepFailed):
        poll_project(control, project)
    assert control.projects.to_poll(older_than_seconds=60) == []
    assert control.projects.get(project.slug).poll_error == f"there is no repository at {shop.url}"
    moved.rename(shop.bare)
    poll_project(control, project)
    assert control.projects.get(project.slug).poll_error is None


def deliver(control: ControlPlane, shop: Repository, before: str, after: str) -> None:
    """Deliver that the feature branch moved, whether it did or not."""
    push = Push(repo_url=shop.url, ref="refs/heads/feature/x", sha=after, previous_sha=before, pusher="ann")
    control.pushes.receive(f"{before}-{after}", event="push", push=push, payload={})
    control.pushes.apply()


def test_a_project_with_a_webhook_alone_is_asked_once_for_each_delivery(
    control: ControlPlane, shop: Repository
) -> None:
    """Whatever it tells: the repository itself says where the branch is."""
    project = control.projects.create("shop", repo_url=shop.url, odoo_version="19.0", poll_enabled=False)
    head = run_git(shop.bare, "rev-parse", "feature/x").strip()
    assert control.projects.to_poll(older_than_seconds=60) == []
    deliver(control, shop, ZERO, "a" * 40)
    (due,) = control.projects.to_poll(older_than_seconds=60)
    (run_id,) = poll_project(control, due)
    assert control.runs.get(run_id).git_sha == head
    assert kinds(control) == [("feature/x", "deploy")]
    assert control.projects.to_poll(older_than_seconds=60) == []
    assert project.id == due.id


def test_a_forged_delivery_neither_deploys_nor_destroys(
    control: ControlPlane, project: Project, shop: Repository
) -> None:
    """An old commit and a deletion, told while the repository has the branch where it was."""
    poll_project(control, project)
    before = kinds(control)
    for after in ("a" * 40, ZERO):
        deliver(control, shop, "b" * 40, after)
        assert poll_project(control, project) == []
    assert kinds(control) == before


def test_a_delivery_waits_where_the_repository_does_not_answer(
    control: ControlPlane, project: Project, shop: Repository
) -> None:
    """Its claim is not acted on; the repository is asked again in its time, and then followed."""
    poll_project(control, project)
    moved = shop.bare.rename(shop.bare.with_name("moved.git"))
    deliver(control, shop, "b" * 40, ZERO)
    with pytest.raises(StepFailed):
        poll_project(control, project)
    assert ("feature/x", "destroy") not in kinds(control)
    assert [due.id for due in control.projects.to_poll(older_than_seconds=0)] == [project.id]
    moved.rename(shop.bare)
    run_git(shop.work, "push", "--quiet", "origin", "--delete", "feature/x")
    poll_project(control, project)
    assert ("feature/x", "destroy") in kinds(control)
