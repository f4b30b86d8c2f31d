"""The project's workflows and actions: linted, pinned, and without a stranger's text in a script."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.workflows.linters import Finding, actionlint, shellcheck, zizmor

ROOT = Path(__file__).resolve().parents[2]
FILES = sorted([*(ROOT / ".github").rglob("*.yml")])
NAMES = {"ci", "ghcr-build", "nightly", "odooops-sh-spec-gates", "release"}
# A commit, and the version that it had when it was looked up.
PINNED = re.compile(r"uses: [\w.-]+/[\w./-]+@[0-9a-f]{40} # v\d+(\.\d+)*$")

each_file = pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(ROOT)))


def steps(file: Path) -> Iterator[dict[str, Any]]:
    """Yield every step of a workflow or an action."""
    read = yaml.safe_load(file.read_text("utf-8"))
    jobs = read["jobs"].values() if "jobs" in read else [read["runs"]]
    for job in jobs:
        yield from job["steps"]


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """Return a folder with a copy of the workflows."""
    shutil.copytree(ROOT / ".github", tmp_path / ".github")
    (tmp_path / ".git").mkdir()
    return tmp_path


def test_the_workflows_are_those_that_are_known() -> None:
    """None is added or lost without being linted."""
    assert {file.stem for file in (ROOT / ".github" / "workflows").iterdir()} == NAMES


def test_actionlint_finds_nothing(copy: Path) -> None:
    """Contexts, inputs, outputs, types and names are right."""
    actionlint(copy)


def test_zizmor_finds_nothing(copy: Path) -> None:
    """No action unpinned, no right too many, no text of strangers in a script."""
    zizmor(copy)


def test_the_linters_bite(copy: Path) -> None:
    """An input that nobody declares, and an action by its tag."""
    file = copy / ".github" / "workflows" / "ghcr-build.yml"
    right = file.read_text()
    file.write_text(right.replace("inputs.dockerfile", "inputs.nothing"))
    with pytest.raises(Finding, match="nothing"):
        actionlint(copy)
    file.write_text(re.sub(r"actions/checkout@\w+ # v7.0.1", "actions/checkout@v7", right))
    with pytest.raises(Finding, match="unpinned"):
        zizmor(copy)


@each_file
def test_every_action_is_pinned_by_its_commit(file: Path) -> None:
    """With the version in words beside it."""
    used = [line.strip().removeprefix("- ") for line in file.read_text().splitlines() if "uses:" in line]
    assert [line for line in used if not PINNED.match(line)] == []


@each_file
def test_scripts_are_shellcheck_clean_and_hold_no_expression(file: Path) -> None:
    """What comes from outside reaches a script through a variable."""
    for step in steps(file):
        assert "${{" not in step.get("run", "")
        shellcheck(step.get("run", ":"))
