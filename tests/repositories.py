"""Real repositories to push to."""

from __future__ import annotations

import subprocess
from pathlib import Path


class Repository:
    """A bare repository and a clone of it to push from."""

    def __init__(self, folder: Path, name: str = "shop") -> None:
        self.bare = folder / f"{name}.git"
        self.work = folder / f"{name}.work"
        run_git(folder, "init", "--bare", "--quiet", "--initial-branch=main", str(self.bare))
        run_git(folder, "clone", "--quiet", str(self.bare), str(self.work))

    @property
    def url(self) -> str:
        """Return the address that a project would name."""
        return str(self.bare)

    def commit(self, files: dict[str, str], *, branch: str = "main", force: bool = False) -> str:
        """Commit the files on the branch, push it, and return the commit."""
        run_git(self.work, "checkout", "--quiet", "-B", branch)
        for name, text in files.items():
            path = self.work / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        run_git(self.work, "add", "--all")
        return self.push(branch, force=force)

    def push(self, branch: str, *, force: bool = False) -> str:
        """Commit what is staged, push the branch, and return the commit."""
        run_git(self.work, "commit", "--quiet", "--allow-empty", "--message=change")
        run_git(self.work, "push", "--quiet", *(["--force"] if force else []), "origin", branch)
        return run_git(self.work, "rev-parse", "HEAD")

    def add_submodule(self, url: str, path: str) -> None:
        """Stage a submodule."""
        run_git(self.work, "submodule", "add", "--quiet", url, path)


def run_git(cwd: Path, *arguments: str) -> str:
    """Run git as Ada and return what it printed."""
    who = ["-c", "user.name=Ada", "-c", "user.email=ada@example.com", "-c", "protocol.file.allow=always"]
    done = subprocess.run(["git", *who, *arguments], cwd=cwd, check=True, capture_output=True, text=True)
    return done.stdout.strip()
