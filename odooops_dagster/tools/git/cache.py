"""Keeps a bare mirror of each repository in the state folder; one writer at a time."""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from copy import copy
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from odooops_dagster.errors import OdooOpsError, StepFailed, Unavailable
from odooops_dagster.files import try_lock
from odooops_dagster.home import mirrors_folder
from odooops_dagster.tools.git.command import CommitGone, DiskFull, git, git_records
from odooops_dagster.tools.git.fetching import fetch
from odooops_dagster.tools.git.history import commits_of
from odooops_dagster.tools.git.limits import Budget, Limits, TooLarge
from odooops_dagster.tools.git.remote import Remote
from odooops_dagster.tools.git.submodules import settings_of_commit

FETCH_TIMEOUT_SECONDS = 900
LISTING_TIMEOUT_SECONDS = 120
# Longer than a fetch may take, so that the lock's holder gives up before the waiting processes.
LOCK_TIMEOUT_SECONDS = 1000
LOCK_POLL_SECONDS = 0.1
# git reports "unable to write file" without a cause; with less free space than this, the cause is a full disk.
FULL_BELOW_BYTES = 1 << 20


@dataclass(frozen=True, kw_only=True)
class Submodule:
    """A submodule, at the commit that the outer repository records, or a repository that its odooops.yaml declares.

    `ref` is the branch that has to contain the commit, if there has to be one.
    """

    path: str
    url: str
    sha: str
    ref: str | None = None
    is_declared: bool = False

    def __str__(self) -> str:
        return f"{'repository' if self.is_declared else 'submodule'} {self.path}"


def mirror_of(remote: Remote, *, home: Path) -> Path:
    """Return the folder of the repository's mirror, which need not be there."""
    name = hashlib.sha256(remote.url.encode(errors="surrogateescape")).hexdigest()[:32]
    return mirrors_folder(home) / f"{name}.git"


@dataclass(frozen=True, kw_only=True)
class Cache:
    """The mirror of one repository, while its lock is held."""

    remote: Remote
    path: Path
    lock: int
    limits: Limits = field(default_factory=Limits)

    @classmethod
    @contextmanager
    def locked(cls, remote: Remote, *, home: Path, limits: Limits | None = None) -> Iterator[Self]:
        """Hold the lock of the repository's mirror; the git process of a killed run also holds it until it ends."""
        path = mirror_of(remote, home=home)
        path.parent.mkdir(parents=True, exist_ok=True)
        lock = os.open(path.with_suffix(".lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            _wait_for(lock, remote)
            cache = cls(remote=remote, path=path, lock=lock, limits=limits or Limits())
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

    def require_on(self, ref: str, sha: str) -> None:
        """Require that the branch or tag contains the commit, now or at an earlier call, and fetch the commit.

        Raises:
            CommitGone: it does not, or there is no such branch or tag.
        """
        name = hashlib.sha256(ref.encode(errors="surrogateescape")).hexdigest()[:16]
        proof = f"refs/contained/{sha}/{name}"
        if self._commit_at(proof) == sha:
            return
        tip = f"refs/tips/{name}"
        what = f"{'tag' if ref.startswith('refs/tags/') else 'branch'} {ref.split('/', 2)[-1]}"
        try:
            self._fetch("--depth=1", "--force", refspec=f"+{ref}:{tip}")
        except CommitGone as exc:
            raise CommitGone(f"{self.remote.url} has no {what}") from exc
        if self._commit_at(tip) != sha and sha not in commits_of(self.remote, ref, limits=self.limits):
            raise CommitGone(f"{what} of {self.remote.url} does not contain commit {sha[:10]}")
        self.fetch_commit(sha)
        self._git("update-ref", proof, sha)

    def write_tree(self, sha: str, *, into: Path, budget: Budget, prefix: str = "") -> list[Submodule]:
        """Write the commit's files and return its submodules; recreate a damaged mirror once.

        Raises:
            TooLarge: the commit does not fit into the budget; nothing is written.
        """
        self.fetch_commit(sha)
        try:
            return self._write_tree(sha, into=into, budget=budget, prefix=prefix)
        except (DiskFull, TooLarge):
            raise
        except StepFailed as exc:
            _check_room(into, exc)
            shutil.rmtree(self.path)
            self._prepare()
            self.fetch_commit(sha)
            return self._write_tree(sha, into=into, budget=budget, prefix=prefix)

    def submodules(self, sha: str) -> list[Submodule]:
        """Return the commit's submodules that a checkout includes."""
        return self._submodules(sha, self._counted(sha, Budget(limits=self.limits), ""))

    def author(self, sha: str) -> str:
        """Return the e-mail address of the commit's author, as the commit has it."""
        return self._git("show", "--no-patch", "--format=%ae", f"{sha}^{{commit}}").decode(errors="replace").strip()

    def _write_tree(self, sha: str, *, into: Path, budget: Budget, prefix: str) -> list[Submodule]:
        counted = copy(budget)
        submodules = self._submodules(sha, self._counted(sha, counted, prefix))
        self._read_tree(sha, into=into)
        budget.entries, budget.size = counted.entries, counted.size
        return submodules

    def _counted(self, sha: str, budget: Budget, prefix: str) -> dict[str, str]:
        """Count the commit's entries and return the commits of its submodules by path.

        Folders count too: a tree of trees without a file has no other entries.
        """
        links = {}
        options = (f"--git-dir={self.path}", "ls-tree", "-r", "-t", "-l", "-z", sha)
        listing = git_records(*options, timeout=LISTING_TIMEOUT_SECONDS, keep_open=(self.lock,))
        with closing(listing):
            for record in listing:
                head, _, name = record.decode(errors="surrogateescape").partition("\t")
                _, kind, commit, size = head.split()
                if size == "BAD":
                    raise StepFailed(f"{self.remote.url} lacks a part of this commit: {name}")
                budget.take(prefix + name, int(size) if kind == "blob" else 0)
                if kind == "commit":
                    links[name] = commit
        return links

    def _submodules(self, sha: str, links: Mapping[str, str]) -> list[Submodule]:
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

    def _read_tree(self, sha: str, *, into: Path) -> None:
        with tempfile.TemporaryDirectory(prefix="odooops-index-") as folder:
            env = {"GIT_INDEX_FILE": str(Path(folder) / "index")}
            self._git(f"--work-tree={into}", "read-tree", "--reset", "-u", sha, cwd=into, env=env)

    def _holds(self, sha: str) -> bool:
        return self._commit_at(sha) is not None

    def _commit_at(self, name: str) -> str | None:
        """Return the commit that the name of a ref, of a tag's object or of a commit leads to, if it is here."""
        try:
            found = self._git("rev-parse", "--quiet", "--verify", "--end-of-options", f"{name}^{{commit}}")
        except OdooOpsError:
            return None
        return found.decode().strip()

    def _prepare(self) -> None:
        """Create the mirror if there is none, and remove the lock files of a killed git."""
        if not (self.path / "HEAD").exists():
            partial = self.path.with_suffix(".partial")
            shutil.rmtree(partial, ignore_errors=True)
            shutil.rmtree(self.path, ignore_errors=True)
            git("init", "--bare", "--quiet", "--template=", str(partial), timeout=60)
            partial.rename(self.path)
        for stale in [*self.path.glob("*.lock"), *self.path.glob("refs/**/*.lock"), *self._drafts()]:
            stale.unlink(missing_ok=True)

    def _fetch(self, *options: str, refspec: str) -> None:
        fetch(
            self.remote,
            *("--no-write-fetch-head", *options, refspec),
            git_dir=self.path,
            limits=self.limits,
            timeout=FETCH_TIMEOUT_SECONDS,
            keep_open=(self.lock,),
        )
        with suppress(OdooOpsError):
            self._git("gc", "--auto", "--quiet")

    def _drafts(self) -> Iterator[Path]:
        """Yield what an ended git left of objects that it was receiving."""
        return (self.path / "objects" / "pack").glob("tmp_*")

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
