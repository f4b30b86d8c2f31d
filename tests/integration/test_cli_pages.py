"""What `ops run show`, `ops run artifact` and `ops env show` say first."""

from __future__ import annotations

from pathlib import Path

import pytest

from odooops_dagster.control import ControlPlane
from odooops_dagster.doors.cli.ports import store
from odooops_dagster.errors import NotFound
from odooops_dagster.model import CheckResult, Fence, Run
from odooops_dagster.settings import Settings
from odooops_dagster.steps.core import evidence
from odooops_dagster.tools import git
from tests.command_line import CommandLine
from tests.repositories import Repository

SENTENCE = "loan/models/loan.py:13: SyntaxError: invalid syntax"


@pytest.fixture
def ops(operator_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> CommandLine:
    """Return the command line over the test's database, with a state folder of its own."""
    monkeypatch.setenv("ODOOOPS_DATABASE_URL", operator_url)
    monkeypatch.setenv("ODOOOPS_HOME", str(tmp_path / "home"))
    return CommandLine("project", "env", "run")


@pytest.fixture
def shop(tmp_path: Path) -> Repository:
    """Return a repository with a feature branch."""
    repository = Repository(tmp_path)
    repository.commit({"a": "1"})
    repository.commit({"a": "2"}, branch="feature/x")
    return repository


@pytest.fixture
def failed(ops: CommandLine, control: ControlPlane, shop: Repository) -> Run:
    """Return a run that failed, with a check, one that was not asked, and an artifact."""
    ops("project", "create", "shop", "--repo", shop.url)
    ops("run", "create", "shop", "feature/x")
    [run] = control.runs.claim("tests")
    fence = Fence(run_id=run.id, attempt=run.attempt, worker_id="tests")
    control.runs.start(fence, dagster_run_id="d-1")
    control.checks.record(fence, CheckResult(name="modules_installed", passed=False, summary=SENTENCE))
    not_asked = CheckResult(name="log_clean", passed=False, summary="not asked: no start", metadata={"asked": False})
    control.checks.record(fence, not_asked)
    evidence.record(
        control.artifacts, store(), fence, key="build.log", content_type="text/plain", data=b"Odoo's whole log\n"
    )
    control.runs.complete(fence, exit_code=1, error_message=SENTENCE, fault="project")
    return control.runs.get(run.id)


def test_a_run_says_first_what_people_ask_first(ops: CommandLine, failed: Run, shop: Repository) -> None:
    """Status, reason, branch, commit with subject and author, Dagster's page; ids come last, and no dash anywhere."""
    git.mirror(shop.url, Settings().home)
    lines = [line.split(maxsplit=1) for line in ops("run", "show", failed.name).stdout.splitlines()]
    told = {line[0]: line[1] for line in lines if len(line) == 2}
    assert [line[0] for line in lines[:6]] == ["run", "status", "fault", "reason", "branch", "commit"]
    assert told["reason"] == SENTENCE
    assert told["commit"].startswith(f"{failed.git_sha} ")
    assert told["commit"].endswith(")")
    assert told["dagster"].endswith("/runs/d-1")
    assert "-" not in told.values()
    answers = {line[0]: line[1].split()[0] for line in lines if line and line[0] in {"modules_installed", "log_clean"}}
    assert answers == {"modules_installed": "failed", "log_clean": "not"}


def test_an_artifact_is_printed_by_its_name(ops: CommandLine, failed: Run) -> None:
    """One that is not there is refused with those that are."""
    assert ops("run", "artifact", failed.name, "build.log").stdout == "Odoo's whole log\n"
    with pytest.raises(NotFound, match="has no artifact nothing") as refused:
        ops("run", "artifact", failed.name, "nothing")
    assert "build.log" in str(refused.value.hint)


def test_an_environment_says_how_far_its_branch_is_ahead_and_asks_nobody(
    ops: CommandLine, control: ControlPlane, shop: Repository
) -> None:
    """It is what the last look saw: the repository may be gone, and a newer commit counts from the next look on."""
    ops("project", "create", "shop", "--repo", shop.url)
    project = control.projects.get("shop")
    sha = git.head_of(shop.url, "feature/x")
    control.environments.ensure(project.id, branch="feature/x")
    control.runs.queue(project.id, env="feature/x", git_sha=sha, ref="refs/heads/feature/x")
    [run] = control.runs.claim("tests")
    fence = Fence(run_id=run.id, attempt=run.attempt, worker_id="tests")
    control.runs.start(fence)
    control.environments.record_deployment(
        fence, url="http://x/", port=None, database_name="d", image_digest="i", git_sha=sha, expires_at=None
    )

    def behind() -> str:
        shown = ops("env", "show", "shop", "feature/x").stdout.splitlines()
        return next(line.split(maxsplit=1)[1] for line in shown if line.startswith("behind"))

    assert behind() == "not known: the branch was not seen"
    control.pushes.record_heads(project.id, heads={"feature/x": sha})
    assert behind() == "no: it is the branch's newest"
    for text in ("3", "4"):
        shop.commit({"a": text}, branch="feature/x")
    newest = git.head_of(shop.url, "feature/x")
    assert behind() == "no: it is the branch's newest"
    control.pushes.record_heads(project.id, heads={"feature/x": newest})
    assert behind() == f"the branch is at {newest[:10]}"
    git.mirror(shop.url, Settings().home)
    Path(shop.url).rename(Path(shop.url).with_name("gone"))
    assert behind() == "2 commits behind the branch"
