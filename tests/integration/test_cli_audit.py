"""`ops audit` and `ops lineage`: the trail is verified and taken out, and things are followed back."""

from __future__ import annotations

from pathlib import Path

import psycopg
import pytest

from odooops_dagster.control import ControlPlane
from odooops_dagster.errors import BadInput, NotFound
from odooops_dagster.model import Fence, Run
from tests.command_line import CommandLine

SHA = "a" * 40


@pytest.fixture
def ops(operator_url: str, monkeypatch: pytest.MonkeyPatch) -> CommandLine:
    """The command line over the test's database."""
    monkeypatch.setenv("ODOOOPS_DATABASE_URL", operator_url)
    return CommandLine("audit", "lineage")


@pytest.fixture
def run(control: ControlPlane) -> Run:
    """Return a run of release/1.0 that made an image and a deployment of it."""
    project = control.projects.create("shop", repo_url="https://example.com/acme/shop.git", odoo_version="19.0")
    run_id = control.runs.queue(
        project.id, env="release/1.0", git_sha=SHA, ref="refs/heads/release/1.0", trigger="push", requested_by="grace"
    )
    [claimed] = control.runs.claim("w", limit=1)
    fence = Fence(run_id=run_id, attempt=claimed.attempt, worker_id="w")
    control.runs.start(fence)
    control.releases.propose(fence, image_digest="sha256:" + "1" * 64)
    for asset, version, inputs in (
        ("source", SHA, {"git": SHA, "settings": "s" * 64}),
        ("image", "sha256:" + "1" * 64, {"source": SHA}),
        ("deployment", "sha256:1@db", {"image": "sha256:" + "1" * 64}),
    ):
        control.lineage.record(
            fence, asset_key=asset, partition_key=None, code_version="1", data_version=version, inputs=inputs
        )
    control.environments.record_deployment(
        fence, url="http://a/", port=1, database_name="db", image_digest="sha256:1", git_sha=SHA, expires_at=None
    )
    control.runs.complete(fence, exit_code=0)
    return control.runs.get(run_id)


@pytest.mark.usefixtures("run")
def test_an_environment_is_followed_back_to_its_push(ops: CommandLine) -> None:
    """As a tree, as a diagram, and for programs; so is a run."""
    told = ops("lineage", "show", "shop", "release/1.0").stdout.splitlines()
    assert told == [
        "run shop#1  deploy, succeeded",
        "├─ release 1.0-rc.1  candidate, by grace",
        "└─ deployment  sha256:1@db",
        "   └─ image  sha256:111111111111",
        "      └─ source  aaaaaaaaaaaa",
        "         ├─ commit aaaaaaaaaaaa  release/1.0, push by grace",
        "         └─ settings  ssssssssssss",
    ]
    assert ops("lineage", "show", "shop#1").stdout.splitlines() == told
    drawn = ops("lineage", "show", "shop#1", "--mermaid").stdout.splitlines()
    assert drawn[0] == "flowchart LR"
    assert '    n4["image<br/>sha256:111111111111"]' in drawn
    assert "    n4 --> n3" in drawn
    assert ops.json("lineage", "show", "shop#1")["made_of"][0]["name"] == "release 1.0-rc.1"


def test_what_was_never_deployed_has_no_lineage(ops: CommandLine, control: ControlPlane, run: Run) -> None:
    """And the next command is named."""
    control.environments.ensure(run.project_id, branch="feature/a")
    with pytest.raises(NotFound, match="nothing serves shop/feature/a yet"):
        ops("lineage", "show", "shop", "feature/a")
    with pytest.raises(BadInput, match="is no run"):
        ops("lineage", "show", "shop")


@pytest.mark.usefixtures("run")
def test_an_edited_chain_is_named(ops: CommandLine, database: str) -> None:
    """By the run whose events were edited."""
    chains = ops.json("audit", "verify")
    assert [(chain["chain"], chain["broken"]) for chain in chains] == [("events of runs", []), ("checkpoints", [])]
    assert chains[0]["links"] > 3
    with psycopg.connect(database, autocommit=True) as owner:
        owner.execute("set session_replication_role = replica")
        owner.execute("update ops.run_events set message = 'nothing happened' where seq = 2")
    assert "shop#1" in ops("audit", "verify", "shop", status=1).stdout


@pytest.mark.usefixtures("run")
def test_an_exported_trail_shows_every_edit(ops: CommandLine, tmp_path: Path) -> None:
    """Its seal is over every line; an anchor kept elsewhere shows that all of it was rewritten."""
    file = tmp_path / "trail.jsonl"
    made = ops.json("audit", "export", "shop", "--out", str(file))
    assert ops.json("audit", "verify", "--file", str(file), "--anchor", made["seal"])["intact"]
    lines = file.read_text().splitlines()
    assert len(lines) == made["entries"] + 1
    kinds = {line.split('"kind": "')[1].split('"')[0] for line in lines[:-1]}
    assert {"run_event", "release"} <= kinds
    ops("audit", "verify", "--file", str(file), "--anchor", "0" * 64, status=1)
    file.write_text("\n".join([lines[0].replace("queued", "qveved"), *lines[1:]]) + "\n")
    ops("audit", "verify", "--file", str(file), status=1)
    file.write_text("\n".join(lines[1:]) + "\n")
    ops("audit", "verify", "--file", str(file), status=1)
    file.write_text("")
    ops("audit", "verify", "--file", str(file), status=1)
    assert ops("audit", "export", "shop").stdout.splitlines()[:-1] == lines[:-1]
    with pytest.raises(BadInput, match="cannot be read"):
        ops("audit", "verify", "--file", str(tmp_path / "none"))
