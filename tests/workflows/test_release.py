"""The workflow that makes a release: built, listed and tried by its own scripts."""

from __future__ import annotations

import json
import os
import sysconfig
from pathlib import Path

import pytest

from tests.repositories import run_git
from tests.workflows.runner import Runner, StepFailed
from tests.workflows.test_lint import ROOT

WORKFLOW = ROOT / ".github" / "workflows" / "release.yml"
# The programs that pip would bring are here.
SCRIPTS = sysconfig.get_path("scripts")
SETTINGS = ROOT / "odooops_dagster" / "tools" / "odoo" / "uv_settings.py"
PROGRAMS = f"""
pip() {{ :; }}
export PATH="{SCRIPTS}:$PATH"
eval "$(python "{SETTINGS}")"
"""
# What programs that fetch packages may need to be told.
KEPT = ("PIP_", "UV_", "SSL_", "HTTP", "http", "NO_PROXY", "no_proxy", "REQUESTS_CA_BUNDLE")
GITHUB = {"ref_name": "v0.1.0", "repository": "acme/odooops", "token": "t"}

pytestmark = pytest.mark.timeout(900)


@pytest.fixture
def runner(tmp_path: Path) -> Runner:
    """Return a machine with a checkout of the project."""
    run_git(tmp_path, "clone", "--quiet", "--depth=1", f"file://{ROOT}", "checkout")
    (tmp_path / "env").write_text(PROGRAMS)
    environment = {name: value for name, value in os.environ.items() if name.startswith(KEPT)}
    environment["BASH_ENV"] = str(tmp_path / "env")
    return Runner(workspace=tmp_path / "checkout", temporary=tmp_path, github=GITHUB, environment=environment)


def test_a_tag_of_another_version_is_refused(runner: Runner) -> None:
    """Before anything is built."""
    runner.github = GITHUB | {"ref_name": "v9.9.9"}
    with pytest.raises(StepFailed, match=r"pyproject\.toml says 0\.1\.0"):
        runner.job(WORKFLOW, "build")


@pytest.mark.stack
def test_what_is_built_is_listed_and_starts_by_itself(runner: Runner) -> None:
    """Wheel, sdist, bill of materials and sums; `ops` starts where nothing of the project is installed."""
    runner.job(WORKFLOW, "build")
    dist = runner.workspace / "dist"
    made = {file.name.replace("odooops-0.1.0", "odooops") for file in dist.iterdir()} - {".gitignore"}
    assert made == {
        "odooops-py3-none-any.whl", "odooops.tar.gz", "odooops.cdx.json", "constraints.txt", "SHA256SUMS",
    }  # fmt: skip
    listed = json.loads((dist / "odooops.cdx.json").read_text())
    assert {"dagster", "psycopg"} <= {component["name"] for component in listed["components"]}
    assert len((dist / "SHA256SUMS").read_text().splitlines()) == 4
    runner.printed = ""
    # pipx does the same with pip, in minutes.
    runner.leave_out = ("Install the command with pipx",)
    runner.job(WORKFLOW, "install", matrix={"python": "3.11"})
    assert "0.1.0" in runner.printed.splitlines()
