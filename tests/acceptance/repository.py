"""A real repository that a test pushes to: a bare origin and a clone."""

from __future__ import annotations

import os
import shutil
import subprocess
from importlib import resources
from pathlib import Path

_IDENTITY = {
    "GIT_AUTHOR_NAME": "Tester",
    "GIT_AUTHOR_EMAIL": "tester@example.invalid",
    "GIT_COMMITTER_NAME": "Tester",
    "GIT_COMMITTER_EMAIL": "tester@example.invalid",
    "GIT_CONFIG_GLOBAL": os.devnull,
}


class Repository:
    """A bare origin and the clone from which it is pushed to."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.origin = folder / "origin.git"
        self.clone = folder / "clone"
        _git(folder, "init", "--quiet", "--bare", "--initial-branch=main", str(self.origin))
        _git(folder, "clone", "--quiet", str(self.origin), str(self.clone))

    def add_demo(self) -> None:
        """Put the demonstration's addon and its requirement into the clone."""
        with resources.as_file(resources.files("odooops_dagster.demo") / "repository") as files:
            shutil.copytree(files, self.clone, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__"))

    def write(self, name: str, text: str) -> None:
        """Write one file of the clone."""
        path = self.clone / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def replace(self, name: str, old: str, new: str) -> None:
        """Change one file of the clone."""
        text = (self.clone / name).read_text()
        assert old in text, f"{name} does not hold {old}"
        self.write(name, text.replace(old, new))

    def commit(self, message: str = "Change") -> str:
        """Commit everything and return the commit."""
        _git(self.clone, "add", "--all")
        _git(self.clone, "commit", "--quiet", "--allow-empty", "--message", message)
        return _git(self.clone, "rev-parse", "HEAD").strip()

    def push(self, branch: str, message: str = "Change") -> str:
        """Commit everything, push it to the branch, and return the commit."""
        sha = self.commit(message)
        _git(self.clone, "push", "--quiet", "--force", "origin", f"HEAD:refs/heads/{branch}")
        return sha

    def delete(self, branch: str) -> None:
        """Delete the branch of the origin."""
        _git(self.clone, "push", "--quiet", "origin", f":refs/heads/{branch}")

    def forget(self, branch: str) -> None:
        """Delete the branch and the commits that only it held."""
        self.delete(branch)
        _git(self.origin, "reflog", "expire", "--expire=now", "--all")
        _git(self.origin, "gc", "--quiet", "--prune=now")


def _git(folder: Path, *arguments: str) -> str:
    done = subprocess.run(
        ["git", *arguments], cwd=folder, env={**os.environ, **_IDENTITY}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"git {' '.join(arguments)}: {done.stderr}"
    return done.stdout
