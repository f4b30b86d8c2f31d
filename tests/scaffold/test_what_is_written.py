"""What `ops repo init` writes, judged by the programs that will read it, and run against a real gateway."""

from __future__ import annotations

import json
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import yaml

from odooops_dagster.control import ControlPlane
from tests.node_tools import node_tool
from tests.repositories import run_git
from tests.scaffold.conftest import MANIFEST, OCA, write
from tests.scaffold.test_repo_command import ops
from tests.sql.releases import make_release
from tests.sql.world import SHA, World
from tests.workflows.linters import Finding, actionlint, devcontainer, hadolint, program, run, shellcheck, zizmor
from tests.workflows.runner import Runner
from tests.workflows.test_lint import ROOT

FORMATTED = (
    "odooops.yaml", ".devcontainer/devcontainer.json", ".odooops/scaffold.yml", ".github/workflows/odooops.yml",
)  # fmt: skip


@pytest.fixture(params=["empty", "oca", "compose"])
def written(request: pytest.FixtureRequest) -> Path:
    """Return a repository into which everything was written."""
    folder: Path = request.getfixturevalue("empty" if request.param == "empty" else "oca")
    if request.param == "compose":
        write(folder, {"docker-compose.yml": "services:\n  odoo: {image: 'odoo:18.0', volumes: ['.:/workspaces']}\n"})
    ops("init", folder, "--yes", "--replace", ".pre-commit-config.yaml")
    return folder


def test_every_reader_is_content(written: Path) -> None:
    """actionlint, zizmor, hadolint, shellcheck, the Dev Containers command, and the formatter of OCA's own checks."""
    actionlint(written)
    zizmor(written)
    hadolint(written / "Dockerfile")
    shellcheck((written / ".devcontainer" / "check.sh").read_text())
    understood = json.loads(devcontainer(written))["configuration"]
    assert understood["forwardPorts"] == [8069]
    formatted = [
        "odooops.yaml",
        ".devcontainer/devcontainer.json",
        ".odooops/scaffold.yml",
        ".github/workflows/odooops.yml",
    ]
    run([node_tool("prettier"), "--check", *formatted], cwd=written)


def test_the_readers_bite(empty: Path) -> None:
    """A Dockerfile without a tag, and a container without an image."""
    ops("init", empty)
    dockerfile = empty / "Dockerfile"
    dockerfile.write_text("FROM odoo\nRUN apt-get install x\n")
    with pytest.raises(Finding, match="DL3006"):
        hadolint(dockerfile)
    (empty / ".devcontainer" / "devcontainer.json").write_text("nonsense")
    with pytest.raises(Finding):
        devcontainer(empty)


def test_pre_commit_passes_and_finds_what_oca_forbids(empty: Path) -> None:
    """All checks of everything, by pre-commit itself with its packages from PyPI; then a module without a licence."""
    write(empty, {name: text.replace("18.0", "19.0") for name, text in OCA.items() if name.startswith("shop/")})
    ops("init", empty)
    run_git(empty, "add", "--all")
    run([program("pre-commit"), "run", "--all-files"], cwd=empty)
    write(empty, {"shop/__manifest__.py": MANIFEST.replace('    "license": "AGPL-3",\n', "")})
    with pytest.raises(Finding, match="license"):
        run([program("pre-commit"), "run", "--all-files"], cwd=empty)


def test_the_check_of_the_container_says_what_is_wrong(written: Path) -> None:
    """Run by the shell that containers have, with an Odoo that tells another series."""
    told = written / "bin"
    write(written, {"bin/odoo": '#!/bin/sh\necho "Odoo Server 12.0"\n'})
    (told / "odoo").chmod(0o755)
    argv = ["env", f"PATH={told}:/usr/bin:/bin", "sh", ".devcontainer/check.sh"]
    done = subprocess.run(argv, cwd=written, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "this container has no Odoo" in done.stderr
    series = yaml.safe_load((written / ".odooops" / "scaffold.yml").read_text())["answers"]["series"]
    write(written, {"bin/odoo": f'#!/bin/sh\necho "Odoo Server {series}"\n', "broken/__manifest__.py": "{"})
    done = subprocess.run(argv, cwd=written, capture_output=True, text=True, check=False)
    assert (done.returncode, "broken/__manifest__.py cannot be read" in done.stderr) == (1, True)


@pytest.mark.parametrize("outcome", [("success", "passed"), ("failure", "failed")], ids=lambda pair: pair[0])
def test_the_workflow_that_is_written_becomes_a_check_of_g1(
    oca: Path, world: World, owner: ControlPlane, gateway: str, outcome: tuple[str, str]
) -> None:
    """Its second job, with the action of this project, run against a real gateway."""
    result, status = outcome
    make_release(world, world.project("shop-addons"), "18.0-rc.1")
    ops("init", oca, "--yes")
    expires = datetime.now(UTC) + timedelta(days=1)
    key = owner.keys.create("ci", persona="ci_service_role", event_types=("build_complete",), expires_at=expires).key
    runner = Runner(
        workspace=oca, temporary=oca.parent,
        github={"sha": SHA, "run_id": "1", "run_attempt": "1", "repository": "OCA/shop-addons"},
        local={"OCA/.github/.github/actions/post-event": ROOT / ".github" / "actions" / "post-event"},
    )  # fmt: skip
    workflow = oca / ".github" / "workflows" / "odooops.yml"
    runner.job(
        workflow, "tell",
        vars={"ODOOOPS_URL": gateway}, secrets={"ODOOOPS_EVENT_KEY": key}, needs={"build": {"result": result}},
    )  # fmt: skip
    assert len(runner.ran) == 1
    [check] = world.rows(
        "select c.status::text, g.gate_code::text, r.version from ops.gate_checks as c"
        " join ops.release_gates as g on g.id = c.gate_id join ops.releases as r on r.id = g.release_id"
    )
    assert check == {"status": status, "gate_code": "G1", "version": "18.0-rc.1"}


def test_the_workflow_calls_what_the_project_has(oca: Path) -> None:
    """The reusable workflow and the action are there by the names that are written, and take what is given."""
    ops("init", oca)
    jobs = yaml.safe_load((oca / ".github" / "workflows" / "odooops.yml").read_text())["jobs"]
    [step] = jobs["tell"]["steps"]
    called, used = (
        text.partition("@")[0].removeprefix("OCA/.github/") for text in (jobs["build"]["uses"], step["uses"])
    )
    taken = yaml.safe_load((ROOT / called).read_text())[True]["workflow_call"]
    assert set(jobs["build"]["with"]) <= set(taken["inputs"])
    assert set(jobs["build"]["secrets"]) <= set(taken["secrets"])
    assert set(step["with"]) <= set(yaml.safe_load((ROOT / used / "action.yml").read_text())["inputs"])
