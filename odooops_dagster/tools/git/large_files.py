"""Fetches the files of a checkout that are in Git LFS and puts them in the place of their pointers.

The objects come from the store beside a local repository, or by the program git-lfs from the repository's server, and
then stay beside the mirror. Source: docs/spec.md of git-lfs, "Intercepting Git": lfs/objects has two levels of folders.
"""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from odooops_dagster.errors import OdooOpsError
from odooops_dagster.tools.git.cache import FETCH_TIMEOUT_SECONDS, Cache
from odooops_dagster.tools.git.checkout import MAX_SUBMODULE_DEPTH, Declared, nothing_declared
from odooops_dagster.tools.git.command import git
from odooops_dagster.tools.git.limits import MB, Budget, Limits, TooLarge
from odooops_dagster.tools.git.pointers import Pointer, pointers, size_below
from odooops_dagster.tools.git.remote import Remote, submodule_url
from odooops_dagster.tools.git.submodule_rules import SubmoduleRules
from odooops_dagster.wording import path_text

_PROGRAM = "git-lfs"
_STORE = Path("lfs") / "objects"


def fetch_large_files(
    url: str,
    *,
    sha: str,
    root: Path,
    home: Path,
    key: Path | None = None,
    limits: Limits | None = None,
    rules: SubmoduleRules | None = None,
    declared: Declared = nothing_declared,
) -> str:
    """Replace the pointers in the commit's checkout, submodules included, as far as their files can be had.

    Return the first reason why one cannot be had; empty if there is none. A repeated call completes what is left. The
    arguments are those of `checkout`; the files count in the same limits.
    """
    project = Remote.parse(url, key=key)
    budget = Budget(limits=limits or Limits(), size=size_below(root))
    filler = _Filler(project=project, home=home, budget=budget, rules=rules or SubmoduleRules(), declared=declared)
    return next(filter(None, list(filler.filled(project, sha=sha, root=root, depth=0))), "")


@dataclass(frozen=True, kw_only=True)
class _Filler:
    """Fills a checkout and its submodules, and counts what they bring together."""

    project: Remote
    home: Path
    budget: Budget
    rules: SubmoduleRules
    declared: Declared

    def filled(self, remote: Remote, *, sha: str, root: Path, depth: int) -> Iterator[str]:
        """Fill the checkout and its submodules, and yield each one's reason."""
        if depth > MAX_SUBMODULE_DEPTH or not pointers(root):
            return
        try:
            with Cache.locked(remote, home=self.home, limits=self.budget.limits) as cache:
                cache.fetch_commit(sha)
                submodules = [*cache.submodules(sha), *(() if depth else self.declared(root))]
                folders = [root / submodule.path for submodule in submodules]
                own = [p for p in pointers(root) if not any((root / p.path).is_relative_to(f) for f in folders)]
                yield self._too_large(own) or _fill(cache, own, sha=sha, root=root)
            for submodule, folder in zip(submodules, folders, strict=True):
                inner = Remote.parse(submodule_url(remote.url, submodule.url)).as_submodule_of(remote)
                self.rules.require(inner, project=self.project, home=self.home)
                yield from self.filled(inner, sha=submodule.sha, root=folder, depth=depth + 1)
        except (OdooOpsError, OSError) as exc:
            yield str(exc)

    def _too_large(self, wanted: Sequence[Pointer]) -> str:
        """Count the files, and return why they may not be fetched; empty if they may."""
        try:
            for pointer in wanted:
                self.budget.limits.refuse_file(pointer.path, pointer.size)
                self.budget.size += pointer.size
                self.budget.limits.refuse_total(pointer.path, self.budget.size)
        except TooLarge as exc:
            return str(exc)
        return ""


def _fill(cache: Cache, wanted: Sequence[Pointer], *, sha: str, root: Path) -> str:
    stores = _stores(cache)
    reason = ""
    if any(_object(pointer, stores) is None for pointer in wanted) and not cache.remote.is_local:
        reason = _download(cache, sha)
    for pointer in wanted:
        found = _object(pointer, stores)
        if found is None:
            reason = reason or f"the repository's store does not have {path_text(pointer.path)}"
        elif not _put(cache, found, root / pointer.path, pointer):
            reason = reason or f"the store's {path_text(pointer.path)} is damaged"
    return reason


def _stores(cache: Cache) -> list[Path]:
    """Return the folders with objects: the mirror's, and that of a local repository, bare or not."""
    stores = [cache.path / _STORE]
    if cache.remote.is_local:
        place = cache.remote.folder
        stores += [place / _STORE, place / ".git" / _STORE]
    return stores


def _object(pointer: Pointer, stores: Sequence[Path]) -> Path | None:
    oid = pointer.oid
    found = (store / oid[:2] / oid[2:4] / oid for store in stores if oid)
    return next((path for path in found if path.is_file()), None)


def _download(cache: Cache, sha: str) -> str:
    """Let git-lfs fetch the commit's objects into the mirror's store; return why it cannot.

    It works in an empty repository that borrows the mirror's objects, so that no .lfsconfig of a pushed commit can
    send it, and the repository's password, to another server.
    """
    if shutil.which(_PROGRAM) is None:
        return f"the program {_PROGRAM} is not on the platform's machine"
    with tempfile.TemporaryDirectory(prefix="odooops-lfs-") as folder:
        git("init", "--bare", "--quiet", "--template=", folder, timeout=60)
        settings = {"lfs.storage": str(cache.path / _STORE.parent), "remote.origin.url": cache.remote.url}
        options = [part for key, value in settings.items() for part in ("-c", f"{key}={value}")]
        git(
            *(f"--git-dir={folder}", *options, "lfs", "fetch", "origin", sha),
            timeout=FETCH_TIMEOUT_SECONDS,
            remote=cache.remote,
            env={"GIT_ALTERNATE_OBJECT_DIRECTORIES": str(cache.path / "objects")},
            keep_open=(cache.lock,),
            most_bytes=cache.limits.file_mb * MB,
        )
    return ""


def _put(cache: Cache, source: Path, target: Path, pointer: Pointer) -> bool:
    """Replace the pointer with the file at once, or return false if the file is not the one that it names."""
    if source.stat().st_size != pointer.size:
        return False
    # Beside the mirror, whose lock we hold: a killed run leaves nothing in the checkout.
    draft = cache.path.with_suffix(".lfs-draft")
    shutil.copyfile(source, draft)
    with draft.open("rb") as stream:
        is_right = hashlib.file_digest(stream, "sha256").hexdigest() == pointer.oid
    if is_right:
        shutil.copymode(target, draft)
        draft.replace(target)
    draft.unlink(missing_ok=True)
    return is_right
