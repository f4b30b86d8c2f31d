"""Bad input of every kind ends in a failed run with its reason in one line, and the old preview stays as it was."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from odooops_dagster.model import Run
from tests.acceptance.conftest import make_project
from tests.acceptance.platform import Platform, platform, wait_for
from tests.acceptance.repository import Repository
from tests.conftest import missing
from tests.environments import login_page

pytestmark = [pytest.mark.odoo, pytest.mark.stack, pytest.mark.timeout(1800)]

SLUG = "wrong"
BRANCH = "feature/steady"
MODEL = "partner_visit/models/partner_visit.py"


@pytest.fixture(scope="module")
def steady(running: Platform, tmp_path_factory: pytest.TempPathFactory) -> tuple[Repository, dict[str, Any]]:
    """Return a repository whose feature branch has a running preview, and that preview's row."""
    repository = Repository(tmp_path_factory.mktemp("wrong"))
    repository.add_demo()
    make_project(running, SLUG, repository)
    run = running.ended(running.run_of(SLUG, repository.push(BRANCH)))
    assert run.status == "succeeded", f"{run.error_message}\n{running.said(run)}"
    return repository, preview(running)


def preview(running: Platform) -> dict[str, Any]:
    """Return the steady environment's row, as far as a deployment decides it."""
    columns = "url, port, database_name, image_digest, deployed_sha, deployed_run_id, status"
    return running.query(f"select {columns} from ops.environments where name = %s", BRANCH)[0]


def assert_refused(running: Platform, run: Run, before: dict[str, Any], *, reason: str) -> None:
    """Assert that the run failed for the reason, in one line, and that the preview is untouched and answers."""
    assert run.status == "failed", running.said(run)
    assert run.error_message is not None
    assert reason in run.error_message
    assert "\n" not in run.error_message
    assert preview(running) == before
    answer = login_page(before["url"])
    assert answer.status_code == 200


def break_xml(repository: Repository) -> Callable[[], None]:
    """Name a field that does not exist in a view."""
    name = "partner_visit/views/partner_visit_views.xml"
    repository.replace(name, 'name="greeting"', 'name="greetings"')
    return lambda: repository.replace(name, 'name="greetings"', 'name="greeting"')


def break_requirements(repository: Repository) -> Callable[[], None]:
    """Ask for a version that was never released."""
    repository.replace("requirements.txt", "19.0.*", "1.2.3")
    return lambda: repository.replace("requirements.txt", "1.2.3", "19.0.*")


def break_dependency(repository: Repository) -> Callable[[], None]:
    """Depend on a module that nobody brings."""
    name = "partner_visit/__manifest__.py"
    repository.replace(name, '"partner_firstname"', '"partner_firstname", "no_such_module"')
    return lambda: repository.replace(name, '"partner_firstname", "no_such_module"', '"partner_firstname"')


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        pytest.param(break_xml, "greetings", id="a_module_that_does_not_install"),
        pytest.param(break_requirements, "odoo-addon-partner", id="a_requirements_file_that_cannot_be_resolved"),
        pytest.param(break_dependency, "no_such_module", id="a_dependency_that_is_missing"),
    ],
)
def test_a_commit_that_cannot_be_built_fails_with_its_reason(
    running: Platform,
    steady: tuple[Repository, dict[str, Any]],
    spoil: Callable[[Repository], Callable[[], None]],
    reason: str,
) -> None:
    """The reason names what is wrong; the preview goes on."""
    repository, before = steady
    mend = spoil(repository)
    try:
        run = running.ended(running.run_of(SLUG, repository.push(BRANCH, "Spoil")))
    finally:
        mend()
    assert_refused(running, run, before, reason=reason)


def test_a_commit_that_is_gone_fails_with_its_reason(
    running: Platform, steady: tuple[Repository, dict[str, Any]]
) -> None:
    """A forced push took the commit away before the run came to it."""
    _, before = steady
    gone = "1234567890" * 4
    queued = running.ask("run", "create", SLUG, BRANCH, "--sha", gone)
    assert queued
    assert_refused(running, running.ended(running.run_of(SLUG, gone)), before, reason=gone[:7])


def test_a_repository_that_does_not_exist_is_refused_at_the_door_and_fails_behind_it(
    running: Platform, tmp_path: Path
) -> None:
    """`ops project create` says so; where the check is skipped, the run says so."""
    nowhere = tmp_path / "nowhere.git"
    refused = running.ops("project", "create", "nowhere", "--repo", str(nowhere), check=False)
    assert refused.returncode == 1
    assert "nowhere.git" in refused.stderr
    assert running.query("select 1 from ops.projects where slug = 'nowhere'") == []
    running.ops("project", "create", "nowhere", "--repo", str(nowhere), "--no-check", "--no-poll")
    sha = "a" * 40
    running.ops("run", "create", "nowhere", "feature/x", "--sha", sha)
    run = running.ended(running.run_of("nowhere", sha))
    assert run.status == "failed"
    assert "nowhere.git" in str(run.error_message)


def test_two_pushes_to_one_branch_within_a_second_make_one_environment_with_the_newest_commit(
    running: Platform, steady: tuple[Repository, dict[str, Any]]
) -> None:
    """However the pushes interleave with the poll, the newest commit is what runs in the end."""
    repository, _ = steady
    repository.write("FIRST.md", "1\n")
    repository.push("feature/twice")
    repository.write("SECOND.md", "2\n")
    newest = repository.push("feature/twice")
    run = running.ended(running.run_of(SLUG, newest))
    assert run.status == "succeeded", running.said(run)

    def settled() -> list[dict[str, Any]] | None:
        rows = running.query("select * from ops.environments where name = 'feature/twice'")
        busy = running.query(
            "select 1 from ops.runs where environment_id = %s and status in ('queued', 'claimed', 'running')",
            rows[0]["id"],
        )
        return None if busy else rows

    rows = wait_for(settled, seconds=300, what="quiet environment")
    assert [row["deployed_sha"] for row in rows] == [newest]


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """Yield a file system of a few megabytes, where this machine lets a test mount one."""
    place = tmp_path / "disk"
    place.mkdir()
    mount = shutil.which("mount")
    made = mount and subprocess.run(
        [mount, "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(place)], capture_output=True, check=False
    )
    if not made or made.returncode != 0:
        missing("this machine lets nobody mount a disk")
    try:
        yield place
    finally:
        subprocess.run(["umount", "--lazy", str(place)], check=True)


@pytest.mark.root
def test_a_disk_that_fills_fails_the_run_with_its_reason(small_disk: Path, tmp_path: Path) -> None:
    """The artifacts' disk is full: the run fails and says so, and nothing half-built is left."""
    (small_disk / "ballast").write_bytes(b"x" * (2 * 2**20 - 16 * 2**10))
    repository = Repository(tmp_path / "repository")
    repository.add_demo()
    with platform("full", ODOOOPS_STORE_URL=small_disk.as_uri()) as small:
        make_project(small, "full", repository)
        run = small.ended(small.run_of("full", repository.push("feature/full")))
        assert run.status == "failed"
        assert "No space left" in str(run.error_message) or "full" in str(run.error_message)
        assert "\n" not in str(run.error_message)
        pattern = f"%r{run.run_number}"
        wait_for(
            lambda: small.query("select 1 from pg_database where datname like %s", pattern) == [] or None,
            seconds=60,
            what="removal of the half-built database",
        )
