"""A project that is told as a GitHub App: checks with annotations, one comment, and no token of another repository."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from uuid import UUID

import psycopg
import pytest

from odooops_dagster.control import ControlPlane
from odooops_dagster.model import CheckResult, Failure, Fence, Project, Push
from odooops_dagster.model.checks import FAILURES
from odooops_dagster.settings import Settings
from odooops_dagster.steps.upkeep.outbox import claim_parcels
from tests.dagster.outboxes import tick
from tests.dagster.test_outbox import end_claims
from tests.forges import Failure as Refusal
from tests.forges import serving
from tests.github_apps import GitHubAppStandIn, install_app

pytestmark = pytest.mark.usefixtures("_sends_of_its_own")

SHA, LATER = "a" * 40, "b" * 40
BRANCH = "feature/a"
FAILED = Failure(
    kind="test", message="2 != 3", file="shop/tests/test_tax.py", line=12, test="TestTax.test_rate", excerpt="Trace"
)
SECOND = Failure(kind="test", message="4 != 5", file="shop/tests/test_tax.py", line=30, test="TestTax.test_sum")


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """The settings of a platform."""
    return Settings(home=tmp_path, digest_minutes=0)


@pytest.fixture
def stand_in() -> Iterator[GitHubAppStandIn]:
    """A GitHub with one pull request, that is told nothing yet."""
    with serving(GitHubAppStandIn()) as served:
        served.ask_to_pull(7, BRANCH)
        yield served
    assert served.broken == []


@pytest.fixture
def shop(control: ControlPlane, stand_in: GitHubAppStandIn, settings: Settings) -> Project:
    """A project that tells the forge as an App."""
    project = control.projects.create("shop", repo_url="https://github.com/acme/shop", odoo_version="19.0")
    install_app(control, settings, stand_in, project)
    return project


def test_a_wrong_push_is_told_on_its_lines(
    control: ControlPlane, shop: Project, stand_in: GitHubAppStandIn, settings: Settings
) -> None:
    """The check names file and line of each failed test once, and no commit status stands beside it."""
    work(control, shop, SHA, failed=FAILED, reason="shop/tests/test_tax.py:12: 2 != 3 (1 failed)")
    drain(control, settings)
    (check,) = stand_in.checks
    places = [(each["path"], each["start_line"], each["title"]) for each in check["annotations"]]
    assert places == [(FAILED.file, 12, FAILED.test), (SECOND.file, 30, SECOND.test)]
    assert (check["conclusion"], stand_in.statuses) == ("failure", [])
    (comment,) = stand_in.comments
    assert "shop/tests/test_tax.py:12" in comment["body"]


def test_a_run_that_no_check_ended_is_told_on_the_line_of_its_sentence(
    control: ControlPlane, shop: Project, stand_in: GitHubAppStandIn, settings: Settings
) -> None:
    """A manifest that cannot be read ends a run before anything is checked."""
    work(control, shop, SHA, reason="shop/__manifest__.py:3: '{' was never closed")
    drain(control, settings)
    ((shown,),) = [check["annotations"] for check in stand_in.checks]
    assert (shown["path"], shown["start_line"], shown["message"]) == (
        "shop/__manifest__.py",
        3,
        "'{' was never closed",
    )


def test_the_comment_leads_to_the_preview_and_stays_one(
    control: ControlPlane, database: str, shop: Project, stand_in: GitHubAppStandIn, settings: Settings
) -> None:
    """From run to run, whatever answers were lost on the way, until the environment is gone."""
    work(control, shop, SHA, url="https://a.example.com")
    drain(control, settings)
    stand_in.failures += [Refusal(status=502, is_kept=True)] * 3
    work(control, shop, LATER, failed=FAILED, reason="shop/tests/test_tax.py:12: 2 != 3")
    drain(control, settings)
    (comment,) = stand_in.comments
    assert "<https://a.example.com> serves `aaaaaaaaaaaa`" in comment["body"]
    destroy(control, shop)
    drain(control, settings)
    assert "gone" in comment["body"]
    assert recorded(database) == [comment["id"]]
    assert len(stand_in.comments) == 1


def test_a_sender_that_was_killed_after_it_wrote_leaves_one_comment(
    control: ControlPlane, database: str, shop: Project, stand_in: GitHubAppStandIn, settings: Settings
) -> None:
    """What it could not record is found again."""
    control.runs.queue(shop.id, env=BRANCH, git_sha=SHA, ref=f"refs/heads/{BRANCH}")
    claim_parcels(control, settings, worker="killed")
    tick(control, settings)
    end_claims(database)
    drain(control, settings)
    with psycopg.connect(database) as connection:
        connection.execute("delete from ops.pull_comments")
    work(control, shop, LATER, url="https://a.example.com")
    drain(control, settings)
    assert len(stand_in.comments) == 1


def test_a_pull_request_that_is_opened_later_is_told_what_its_branch_was(
    control: ControlPlane, shop: Project, stand_in: GitHubAppStandIn, settings: Settings
) -> None:
    """Its delivery asks for it, once."""
    stand_in.pulls.clear()
    work(control, shop, SHA, url="https://a.example.com")
    drain(control, settings)
    assert stand_in.comments == []
    stand_in.ask_to_pull(8, BRANCH)
    push = Push(repo_url=shop.repo_url, ref=f"refs/heads/{BRANCH}", sha=SHA, source="webhook")
    for delivery in ("d1", "d1"):
        control.pushes.receive(delivery, event="pull_request", push=push, payload={})
        control.pushes.apply()
    drain(control, settings)
    assert ["https://a.example.com" in each["body"] for each in stand_in.comments] == [True]
    assert [each.state for each in control.messages.list() if each.kind == "pull_comment"] == ["success"] * 2 + [
        "pending"
    ]


def test_an_app_is_led_to_no_other_repository_than_the_one_it_was_chosen_for(
    control: ControlPlane, shop: Project, stand_in: GitHubAppStandIn, settings: Settings
) -> None:
    """It may be installed in many: who may set a project's forge in the record does not write in all of them."""
    for repository in ("acme/payroll", "acme/shop/../payroll"):
        control.messages.set_forge("shop", forge="github", api_url=stand_in.url, repository=repository, uses_app=True)
        control.runs.queue(shop.id, env=repository, git_sha=SHA, ref=f"refs/heads/{repository}")
        tick(control, settings)
    assert (stand_in.requests, stand_in.granted) == (0, {})
    assert all("ops forge app use" in str(each.last_error) for each in control.messages.list(status="waiting"))


def test_a_token_that_github_takes_back_is_replaced(
    control: ControlPlane, shop: Project, stand_in: GitHubAppStandIn, settings: Settings
) -> None:
    """The next try asks for another one."""
    work(control, shop, SHA, url="https://a.example.com")
    drain(control, settings)
    for held in stand_in.granted.values():
        held["until"] = 0.0
    work(control, shop, LATER, url="https://a.example.com")
    assert "failed" in tick(control, settings)
    drain(control, settings)
    assert [check["conclusion"] for check in stand_in.checks] == ["success", "success"]


def test_production_has_no_comment(
    control: ControlPlane, shop: Project, stand_in: GitHubAppStandIn, settings: Settings
) -> None:
    """A pull request from the default branch to another is not what a preview is for."""
    stand_in.ask_to_pull(9, "main")
    control.runs.queue(shop.id, kind="build", env="main", git_sha=SHA, ref="refs/heads/main")
    drain(control, settings)
    assert stand_in.comments == []


def work(
    control: ControlPlane,
    project: Project,
    sha: str,
    *,
    url: str | None = None,
    failed: Failure | None = None,
    reason: str = "",
) -> UUID:
    """Work on a push of the branch until it is deployed at an address, or failed by a test or for a reason."""
    run_id = control.runs.queue(project.id, env=BRANCH, git_sha=sha, ref=f"refs/heads/{BRANCH}")
    fence = begin(control, run_id)
    if failed is not None:
        told = {FAILURES: [replace(failed, excerpt="").to_row(), SECOND.to_row()]}
        control.checks.record(
            fence,
            CheckResult(name="module_tests_passed", passed=False, summary=reason, failure=failed, metadata=told),
        )
    if url is not None:
        control.environments.record_deployment(
            fence, url=url, port=8069, database_name="a", image_digest="sha256:1", git_sha=sha, expires_at=None
        )
    control.runs.complete(fence, exit_code=1 if reason else 0, error_message=reason or None, fault="project")
    return run_id


def destroy(control: ControlPlane, project: Project) -> None:
    """Destroy the branch's environment."""
    run_id = control.runs.queue(project.id, kind="destroy", env=BRANCH, git_sha=LATER, ref=f"refs/heads/{BRANCH}")
    fence = begin(control, run_id)
    control.environments.record_destruction(fence)
    control.runs.complete(fence, exit_code=0)


def begin(control: ControlPlane, run_id: UUID) -> Fence:
    """Claim and start a run."""
    (claimed,) = control.runs.claim("w1", limit=1, lease_seconds=60)
    assert claimed.id == run_id
    fence = Fence(run_id=run_id, attempt=claimed.attempt, worker_id="w1")
    control.runs.start(fence, dagster_run_id=f"d-{run_id}")
    return fence


def drain(control: ControlPlane, settings: Settings) -> None:
    """Send until nothing waits, whatever failed on the way."""
    for _ in range(10):
        tick(control, settings)
        if not control.messages.list(status="waiting"):
            return
        control.messages.retry()
    raise AssertionError([each.last_error for each in control.messages.list(status="waiting")])


def recorded(url: str) -> list[int]:
    """Return the comments that are on record."""
    with psycopg.connect(url) as connection:
        return [number for (number,) in connection.execute("select comment_id from ops.pull_comments").fetchall()]
