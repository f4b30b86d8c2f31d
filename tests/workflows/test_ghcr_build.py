"""The reusable workflow that builds images: which tags it takes. test_images_are_pushed.py sees what it builds."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.workflows.runner import Runner, StepFailed
from tests.workflows.test_lint import ROOT

WORKFLOW = ROOT / ".github" / "workflows" / "ghcr-build.yml"
SHA = "0123456789abcdef0123456789abcdef01234567"
GITHUB = {
    "sha": SHA, "repository": "Acme/Shop", "repository_owner": "Acme", "server_url": "https://github.com",
    "actor": "ada", "token": "t",
}  # fmt: skip
STEPS = yaml.safe_load(WORKFLOW.read_text())["jobs"]["build"]["steps"]
# What needs an engine or a registry.
LATER = tuple(step["name"] for step in STEPS if "run" in step)[2:]


@pytest.fixture
def runner(tmp_path: Path) -> Runner:
    """Return a machine without an engine."""
    return Runner(workspace=tmp_path, temporary=tmp_path, github=GITHUB, leave_out=LATER)


def choose(runner: Runner, **given: str) -> dict[str, str]:
    """Run the steps that choose and judge the tags, and return the job's outputs."""
    declared = yaml.safe_load(WORKFLOW.read_text())[True]["workflow_call"]["inputs"]
    inputs: dict[str, Any] = {name: value["default"] for name, value in declared.items()} | given
    return runner.job(WORKFLOW, "build", inputs=inputs)


def test_another_registry_does_not_get_githubs_token(runner: Runner, tmp_path: Path) -> None:
    """Where the secret is missing, as in a repository that the organisation's are not given to."""
    got = tmp_path / "got"
    docker = tmp_path / "bin" / "docker"
    docker.parent.mkdir()
    docker.write_text(f"#!/bin/sh\ncat > {got}\n")
    docker.chmod(0o755)
    runner.environment = {"PATH": f"{docker.parent}:{os.environ['PATH']}"}
    runner.leave_out = tuple(name for name in LATER if name != "Log in to the registry")
    with pytest.raises(StepFailed, match="no password of the registry"):
        choose(runner, registry="registry.example.com")
    assert not got.exists()
    choose(runner)
    assert got.read_text() == "t\n"


@pytest.mark.parametrize("tags", ["short_sha date", "short_sha date latest"])
def test_the_tags_of_the_rule_are_taken(runner: Runner, tags: str) -> None:
    """The image is named in small letters, as registries ask."""
    assert choose(runner, tags=tags)["image"] == "ghcr.io/acme/shop"
    assert len(runner.ran) == 2


@pytest.mark.parametrize(
    ("tags", "reason"),
    [
        ("short_sha date stable", "neither the short commit"),
        ("short_sha date 1.0", "neither the short commit"),
        ("short_sha date buildcache", "neither the short commit"),
        ("short_sha", "short_sha and date"),
        ("date latest", "short_sha and date"),
        ("short_sha short_sha date", "short_sha and date"),
        ("", "neither the short commit"),
    ],
)
def test_other_tags_are_refused_before_anything_is_built(runner: Runner, tags: str, reason: str) -> None:
    """The rule is a step, not a habit."""
    runner.leave_out = ()
    with pytest.raises(StepFailed, match=reason):
        choose(runner, tags=tags)
    assert len(runner.ran) == 2, "the tags were chosen and looked at"
