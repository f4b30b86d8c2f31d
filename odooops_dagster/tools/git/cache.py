"""Keeps a bare mirror of each repository in the state folder; one writer at a time."""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from odooops_dagster.errors import OdooOpsError, StepFailed, Unavailable
from odooops_dagster.files import try_lock
from odooops_dagster.home import mirrors_folder
from odooops_dagster.tools.git.command import CommitGone, DiskFull, git
from odooops_dagster.tools.git.remote import Remote
from odooops_dagster.tools.git.submodules import settings_of_commit

FETCH_TIMEOUT_SECONDS = 900
# Longer than a fetch may take, so that the lock's holder gives up before the waiting processes.
LOCK_TIMEOUT_SECONDS = 1000
LOCK_POLL_SECONDS = 0.1
# git reports "unable to write file" without a cause; with less free space than this, the cause is a full disk.
FULL_BELOW_BYTES = 1 << 20


@dataclass(frozen=True, kw_only=True)
class Submodule:
    """A submodule, at the commit that the outer repository records."""

    path: str
    url: str
    sha: str


@dataclass(frozen=True, kw_only=True)
class Cache:
    """The mirror of one repository, while its lock is held."""

    remote: Remote
    path: Path
    lock: int

    @classmethod
    @contextmanager
    def locked(cls, remote: Remote, *, home: Path) -> Iterator[Self]:
        """Hold the lock of the repository's mirror; the git process of a killed run also holds it until it ends."""
        folder = mirrors_folder(home)
        folder.mkdir(parents=True, exist_ok=True)
        name = hashlib.sha256(remote.url.encode(errors="surrogateescape")).hexdigest()[:32]
        lock = os.open(folder / f"{name}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            _wait_for(lock, remote)
            cache = cls(remote=remote, path=folder / f"{name}.git", lock=lock)
            cache._prepare()
            yield cache
        finally:
            os.close(lock)

    def fetch_branches(self) -> None:
        """Fetch every branch, including force-pushed ones, and prune deleted ones."""
        self._fetch("--prune", "--force", refspec="+refs/heads/*:refs/heads/*")

    def fetch_commit(self, sha: str) -> None:
        """Fetch the commit without its history; fetch all branches if the server refuses a single commit."""
        if self._holds(sha):
            return
        try:
            self._fetch("--depth=1", "--force", refspec=f"+{sha}:refs/keep/{sha}")
        except CommitGone:
            self.fetch_branches()
        if not self._holds(sha):
            raise CommitGone(f"commit {sha[:10]} is no longer in {self.remote.url}", hint="push the branch again")

    def write_tree(self, sha: str, *, into: Path) -> None:
        """Write the commit's files; recreate a damaged mirror once."""
        self.fetch_commit(sha)
        try:
            self._read_tree(sha, into=into)
        except DiskFull:
            raise
        except StepFailed as exc:
            _check_room(into, exc)
            shutil.rmtree(self.path)
            self._prepare()
            self.fetch_commit(sha)
            self._read_tree(sha, into=into)

    def submodules(self, sha: str) -> list[Submodule]:
        """Return the commit's submodules that a checkout includes."""
        links = self._links(sha)
        settings = settings_of_commit(self._git, sha) if links else {}
        found = []
        for path, commit in links.items():
            setting = settings.get(path, {})
            if setting.get("update") == "none":
                continue
            if not setting.get("url"):
                raise StepFailed(f"submodule {path} has no URL in .gitmodules", hint="add it there, commit and push")
            found.append(Submodule(path=path, url=setting["url"], sha=commit))
        return found

    def author(self, sha: str) -> str:
        """Return the e-mail address of the commit's author, as the commit has it."""
        return self._git("show", "--no-patch", "--format=%ae", f"{sha}^{{commit}}").decode(errors="replace").strip()

    def _links(self, sha: str) -> dict[str, str]:
        entries = self._git("ls-tree", "-r", "-z", sha).decode(errors="surrogateescape").split("\0")
        links = [entry for entry in entries if entry.startswith("160000 ")]
        return {path: head.split()[2] for head, _, path in (link.partition("\t") for link in links)}

    def _read_tree(self, sha: str, *, into: Path) -> None:
        with tempfile.TemporaryDirectory(prefix="odooops-index-") as folder:
            env = {"GIT_INDEX_FILE": str(Path(folder) / "index")}
            self._git(f"--work-tree={into}", "read-tree", "--reset", "-u", sha, cwd=into, env=env)

    def _holds(self, sha: str) -> bool:
        try:
            self._git("cat-file", "-e", f"{sha}^{{commit}}")
        except OdooOpsError:
            return False
        return True

    def _prepare(self) -> None:
        """Create the mirror if there is none, and remove the lock files of a killed git."""
        if not (self.path / "HEAD").exists():
            partial = self.path.with_suffix(".partial")
            shutil.rmtree(partial, ignore_errors=True)
            shutil.rmtree(self.path, ignore_errors=True)
            git("init", "--bare", "--quiet", "--template=", str(partial), timeout=60)
            partial.rename(self.path)
        for stale in [*self.path.glob("*.lock"), *self.path.glob("refs/**/*.lock")]:
            stale.unlink(missing_ok=True)

    def _fetch(self, *options: str, refspec: str) -> None:
        quiet = ("--quiet", "--no-tags", "--no-write-fetch-head", "--no-recurse-submodules")
        self._git("fetch", *quiet, *options, *self.remote.options(), "--", self.remote.url, refspec)

    def _git(self, *arguments: str, cwd: Path | None = None, env: dict[str, str] | None = None) -> bytes:
        return git(
            f"--git-dir={self.path}",
            *arguments,
            timeout=FETCH_TIMEOUT_SECONDS,
            remote=self.remote,
            cwd=cwd,
            env=env,
            keep_open=(self.lock,),
        )


def _check_room(folder: Path, cause: StepFailed) -> None:
    if shutil.disk_usage(folder).free < FULL_BELOW_BYTES:
        raise DiskFull(f"the disk that holds {folder.parent} is full", hint="free space, then retry the run") from cause


def _wait_for(lock: int, remote: Remote) -> None:
    deadline = time.monotonic() + LOCK_TIMEOUT_SECONDS
    while not try_lock(lock):
        if time.monotonic() > deadline:
            raise Unavailable(f"another run keeps fetching {remote.url}", hint="retry the run later")
        time.sleep(LOCK_POLL_SECONDS)
