"""`ops promote` and `ops rollback`: what they say beforehand, what they ask, and what they queue."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

from odooops_dagster.control import ControlPlane
from odooops_dagster.doors.cli import build_app
from odooops_dagster.errors import BadInput, Conflict, NotFound
from odooops_dagster.model import Fence, RunKind
from tests.integration.test_cli_nouns import Ops
from tests.repositories import Repository
from tests.unit.test_control_backups import STORED

OLD, NEW = "a" * 40, "b" * 40
OLD_IMAGE, NEW_IMAGE = "sha256:" + "0" * 64, "sha256:" + "1" * 64


class Releasing(Ops):
    """The command line, with the verbs that move releases."""

    def __init__(self) -> None:
        self.app = build_app(("project", "run", "promote", "rollback", "gate"))

    def said(self, *arguments: str, answer: str = "", status: int = 0) -> str:
        """Run the command and return what it told people; it must end with this status."""
        result = CliRunner().invoke(self.app, list(arguments), input=answer)
        assert result.exit_code == status, result.output
        return result.stderr


@pytest.fixture
def ops(
    database: str, operator_url: str, control: ControlPlane, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Releasing:
    """Return the command line, over a project whose production is hosted."""
    monkeypatch.setenv("ODOOOPS_DATABASE_URL", operator_url)
    monkeypatch.setenv("ODOOOPS_MIGRATE_URL", database)
    monkeypatch.setenv("ODOOOPS_HOME", str(tmp_path / "home"))
    made, shop = Releasing(), Repository(tmp_path)
    shop.commit({"a": "1"})
    made("project", "create", "shop", "--repo", shop.url)
    deployed(control, at_work(control, "deploy", OLD), "live")
    built(control)
    return made


def at_work(control: ControlPlane, kind: RunKind, sha: str) -> Fence:
    """Return the fence of a run of the default branch at work."""
    project = control.projects.get("shop")
    control.runs.queue(project.id, env="main", git_sha=sha, ref="refs/heads/main", kind=kind)
    return claimed(control)


def claimed(control: ControlPlane) -> Fence:
    """Start the next run and return its fence."""
    [run] = control.runs.claim("tests", limit=1)
    fence = Fence(run_id=run.id, attempt=run.attempt, worker_id="tests")
    control.runs.start(fence)
    return fence


def deployed(control: ControlPlane, fence: Fence, database: str) -> None:
    """Let the run end with a deployment."""
    control.environments.record_deployment(
        fence,
        url="http://127.0.0.1:8069/",
        port=8069,
        database_name=database,
        image_digest=OLD_IMAGE,
        git_sha=OLD,
        expires_at=None,
    )
    control.runs.complete(fence, exit_code=0)


def built(control: ControlPlane) -> None:
    """Let a build of the default branch succeed."""
    fence = at_work(control, "build", NEW)
    control.lineage.record(
        fence, asset_key="image", partition_key="shop/main", code_version="1", data_version=NEW_IMAGE, inputs={}
    )
    control.runs.complete(fence, exit_code=0)


def promoted(
    control: ControlPlane,
    image: str = NEW_IMAGE,
    sha: str = NEW,
    *,
    before_the_end: Callable[[Fence], object] = lambda _: None,
) -> None:
    """Let the waiting promotion end well, with modules that changed."""
    fence = claimed(control)
    control.backups.start(fence)
    control.backups.record_stored(fence, STORED)
    backup = control.backups.record_verified(fence, manifest_sha256=STORED.manifest_sha256)
    control.deployments.start_promotion(fence, backup_id=backup.id)
    control.deployments.record_promotion(
        fence,
        url="http://127.0.0.1:8069/",
        port=8069,
        database_name=f"of-{sha[:4]}",
        image_digest=image,
        git_sha=sha,
        keep_previous_until=datetime.now(UTC) + timedelta(days=1),
    )
    before_the_end(fence)
    control.runs.complete(fence, exit_code=0)


def by_hand(control: ControlPlane, rule: str = "by_hand") -> None:
    """Set what brings the default branch to production."""
    control.policies.set(control.projects.get("shop").id, policy_type="promotion", rules={"release": rule})


def test_the_newest_build_is_promoted_by_one_command(ops: Releasing, control: ControlPlane) -> None:
    """It says what it is made of and what each gate says, and queues the run."""
    by_hand(control)
    said = ops.said("promote", "shop", answer="y\n")
    for words in ("release build-2", NEW[:12], "G1: passed: by build", "G3: not required", "is made or found first"):
        assert words in said
    [run] = [run for run in ops.json("run", "list") if run["kind"] == "promote"]
    assert (run["status"], run["git_sha"]) == ("queued", NEW)


def test_what_is_missing_is_said_and_nothing_is_queued(ops: Releasing) -> None:
    """With gates, one person is not enough; the release is there for those who decide."""
    with pytest.raises(Conflict, match="G2: pending: approved by 0 of 1; G3: pending") as caught:
        ops("promote", "shop", "--as", "1.1", "--yes")
    assert caught.value.hint
    assert [run["kind"] for run in ops.json("run", "list")] == ["build", "deploy"]
    with pytest.raises(Conflict, match=r"release 1\.1 is not eligible"):
        ops("promote", "shop", "--release", "1.1", "--yes")


def test_a_release_has_one_name(ops: Releasing) -> None:
    """One that exists, or a new one."""
    with pytest.raises(BadInput, match="has its version"):
        ops("promote", "shop", "--release", "1", "--as", "2")
    with pytest.raises(NotFound, match="release 7"):
        ops("promote", "shop", "--release", "7")


def test_no_is_an_answer(ops: Releasing, control: ControlPlane) -> None:
    """Nothing is queued."""
    by_hand(control)
    ops("promote", "shop", answer="n\n", status=1)
    assert [run["kind"] for run in ops.json("run", "list")] == ["build", "deploy"]


def test_a_rollback_says_what_each_way_loses_and_asks_twice_for_data(ops: Releasing, control: ControlPlane) -> None:
    """The code alone loses nothing and asks once."""
    by_hand(control)
    with pytest.raises(NotFound, match="nothing was promoted"):
        ops("rollback", "shop", "--reason", "bad")
    ops("promote", "shop", "--as", "1.1", "--yes")
    promoted(control)
    said = ops.said("rollback", "shop", "--reason", "bad", "--data", answer="y\nn\n", status=1)
    assert "goes back from release 1.1 to served-1" in said
    assert "code: release served-1 over the data of now; loses 0 minute(s)" in said
    assert "> code and data: release served-1 and the data of" in said
    assert "1 minute(s) of work in shop/main are lost" in said
    assert [run["status"] for run in ops.json("run", "list") if run["kind"] == "promote"] == ["succeeded"]
    back = ops.json("rollback", "shop", "--reason", "bad", "--yes")
    assert (back["with_data"], back["status"], back["reason"]) == (False, "pending", "bad")


def test_what_was_taken_back_is_another_release_of_which_that_is_said(ops: Releasing, control: ControlPlane) -> None:
    """One command makes it; nobody promotes the same build twice without knowing."""
    by_hand(control)
    ops("promote", "shop", "--as", "1.1", "--yes")
    promoted(control)
    ops("rollback", "shop", "--reason", "slow", "--yes")
    promoted(control, OLD_IMAGE, OLD)
    with pytest.raises(Conflict, match=r"1\.1 was rolled back and stays so: make another release"):
        ops("promote", "shop", "--release", "1.1", "--yes")
    said = ops.said("promote", "shop", answer="n\n", status=1)
    assert "release build-2" in said
    assert "this build was rolled back before, as release 1.1" in said


def test_a_release_that_stopped_answering_is_kept_by_a_person(ops: Releasing, control: ControlPlane) -> None:
    """Gate G4 passes by that person's word."""
    by_hand(control)
    ops("promote", "shop", "--as", "1.1", "--yes")
    [deployment, *_] = control.deployments.list()
    promoted(
        control, before_the_end=lambda fence: control.deployments.await_decision(fence, deployment_id=deployment.id)
    )
    kept = ops.json("gate", "keep", "shop", "1.1", "--reason", "only the monitor was blind")
    assert (kept["kept_reason"], kept["g4_status"]) == ("only the monitor was blind", "passed")
    with pytest.raises(Conflict, match="Nobody is asked"):
        ops("gate", "keep", "shop", "1.1", "--reason", "me too", "--as", "grace")
