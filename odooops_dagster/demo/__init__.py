"""The repository that `ops demo` pushes: a bare origin and a clone of it with a small real addon."""

from __future__ import annotations

import os
import shutil
import subprocess
from importlib import resources
from pathlib import Path

from odooops_dagster.child_environment import clean_environment
from odooops_dagster.errors import MissingDependency, StepFailed

BRANCH = "feature/visits"
RELEASE = "release/1.0"
NEXT_VERSION = "19.0.1.1.0"
ADDON = "partner_visit"
_VERSION = "19.0.1.0.0"

# One wrong word in the addon: the addon's own test fails and names the line.
_RIGHT = 'f"Dear {visit.partner_id.firstname'
_WRONG = 'f"Dear {visit.partner_id.lastname'

# The demonstration uses neither the person's name nor their hooks and signing keys.
_IDENTITY = {
    "GIT_AUTHOR_NAME": "OdooOps demo",
    "GIT_AUTHOR_EMAIL": "demo@odooops.invalid",
    "GIT_COMMITTER_NAME": "OdooOps demo",
    "GIT_COMMITTER_EMAIL": "demo@odooops.invalid",
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_NOSYSTEM": "1",
}


class DemoRepository:
    """A bare repository and the clone that pushes to it, below one folder."""

    def __init__(self, folder: Path) -> None:
        self.origin = folder / "partner-visits.git"
        self.clone = folder / "partner-visits"

    def create(self) -> None:
        """Recreate both repositories and push the addon to main."""
        for path in (self.origin, self.clone):
            shutil.rmtree(path, ignore_errors=True)
        self.origin.parent.mkdir(parents=True, exist_ok=True)
        _git(self.origin.parent, "init", "--quiet", "--bare", "--initial-branch=main", str(self.origin))
        _git(self.origin.parent, "clone", "--quiet", str(self.origin), str(self.clone))
        _copy_files(self.clone)
        self._commit("Record visits to partners")
        _git(self.clone, "push", "--quiet", "origin", "HEAD:main")

    def push_feature(self) -> str:
        """Push a feature branch with its own change and return its commit."""
        _git(self.clone, "checkout", "--quiet", "-B", BRANCH)
        readme = self.clone / "README.md"
        readme.write_text(readme.read_text() + "\nThe list of visits is under the menu Visits.\n")
        return self._push("Say where the visits are")

    def push_broken(self) -> str:
        """Push a commit whose test fails and return it."""
        return self._change(_RIGHT, _WRONG, "Greet by last name")

    def push_release(self) -> str:
        """Push production's commit plus one change as a release branch and return the new commit."""
        _git(self.clone, "checkout", "--quiet", "--force", "-B", RELEASE, "origin/main")
        readme = self.clone / "README.md"
        readme.write_text(readme.read_text() + "\nRelease 1.0.\n")
        return self._push("Release 1.0", branch=RELEASE)

    def push_next_version(self) -> str:
        """Push the addon's next version on production's commit as a feature branch, and return the commit."""
        _git(self.clone, "checkout", "--quiet", "--force", "-B", BRANCH, "origin/main")
        return self._replace(self.clone / ADDON / "__manifest__.py", _VERSION, NEXT_VERSION, f"Version {NEXT_VERSION}")

    def merge_feature(self) -> None:
        """Bring the feature branch's commit to main."""
        _git(self.clone, "push", "--quiet", "origin", "HEAD:main")

    def changes(self) -> str:
        """Return what the feature branch changed since it left main's former commit."""
        return _git(self.clone, "log", "--patch", "-1", "HEAD")

    def _change(self, old: str, new: str, message: str) -> str:
        return self._replace(self.clone / ADDON / "models" / "partner_visit.py", old, new, message)

    def _replace(self, file: Path, old: str, new: str, message: str) -> str:
        text = file.read_text()
        if old not in text:
            raise StepFailed(f"{file} is not what the demo wrote", hint="start again: make demo")
        file.write_text(text.replace(old, new))
        return self._push(message)

    def _push(self, message: str, *, branch: str = BRANCH) -> str:
        self._commit(message)
        _git(self.clone, "push", "--quiet", "--force", "origin", f"HEAD:{branch}")
        return _git(self.clone, "rev-parse", "HEAD").strip()

    def _commit(self, message: str) -> None:
        _git(self.clone, "add", "--all")
        _git(self.clone, "commit", "--quiet", "--no-verify", "--no-gpg-sign", "--message", message)


def _copy_files(target: Path) -> None:
    with resources.as_file(resources.files(__name__) / "repository") as files:
        shutil.copytree(files, target, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__"))


def _git(folder: Path, *arguments: str) -> str:
    """Run git without the user's hooks and return its output."""
    if shutil.which("git") is None:
        raise MissingDependency("git is not installed", hint="install it, on Debian: apt-get install git")
    done = subprocess.run(
        ["git", "-c", "core.hooksPath=/dev/null", "-c", "safe.directory=*", *arguments],
        cwd=folder,
        env=clean_environment(extra=_IDENTITY),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise StepFailed(f"git {arguments[0]} failed: {done.stderr.strip().splitlines()[-1:] or done.returncode}")
    return done.stdout
