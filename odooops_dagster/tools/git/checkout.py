"""Writes a commit's tree with its submodules to a folder, completely or not at all."""

from __future__ import annotations

import errno
import re
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from odooops_dagster.errors import BadInput, StepFailed
from odooops_dagster.tools.git.cache import Cache, Submodule
from odooops_dagster.tools.git.command import CommitGone, DiskFull
from odooops_dagster.tools.git.limits import Budget, Limits
from odooops_dagster.tools.git.links import refuse_leaving_links
from odooops_dagster.tools.git.remote import Remote, is_ref, submodule_url
from odooops_dagster.tools.git.submodule_rules import SubmoduleRules

# Maximum nesting; a deeper repository probably contains itself.
MAX_SUBMODULE_DEPTH = 8
# Maximum number of submodules, those of submodules included; each is a fetch.
MAX_SUBMODULES = 500

_SHA = re.compile(r"[0-9a-f]{40}")
# Refs that only who may push to the repository can write; forges keep everybody's pull requests under other names.
_PUSHED = ("refs/heads/", "refs/tags/")


# Returns the repositories that a checked-out commit declares, besides its submodules.
Declared = Callable[[Path], Sequence[Submodule]]


def nothing_declared(_root: Path) -> Sequence[Submodule]:
    """Return that a commit declares no repositories."""
    return ()


def checkout(
    url: str,
    *,
    sha: str,
    ref: str | None,
    into: Path,
    home: Path,
    key: Path | None = None,
    limits: Limits | None = None,
    rules: SubmoduleRules | None = None,
    declared: Declared = nothing_declared,
) -> Path:
    """Replace the folder `into` with the commit's tree, submodules included.

    Args:
        url: the repository's address.
        sha: the commit.
        ref: the branch or tag that has to contain the commit; None for a commit that the platform chose itself.
        into: the folder.
        home: the state folder, which keeps a mirror.
        key: the file of the project's own ssh key.
        limits: the most that the commit may bring.
        rules: where its submodules may come from.
        declared: returns, of the folder with the commit's own files, the repositories that it declares besides.

    Raises:
        TooLarge: the commit is larger than the limits.
        StepFailed: it cannot be had, the branch does not contain it, or a link leads out of it.
    """
    _refuse_strange(sha, ref)
    remote = Remote.parse(url, key=key)
    budget = Budget(limits=limits or Limits())
    writer = _Writer(project=remote, home=home, budget=budget, rules=rules or SubmoduleRules(), declared=declared)
    with _replacing(into) as partial, _naming(ref):
        writer.write(remote, sha=sha, ref=ref, into=partial, prefix="", depth=0)
        refuse_leaving_links(partial)
    return into


def require_on(
    url: str, *, sha: str, ref: str, home: Path, key: Path | None = None, limits: Limits | None = None
) -> None:
    """Require that the branch or tag contains the commit.

    Raises:
        StepFailed: it does not, or there is no such branch or tag.
    """
    _refuse_strange(sha, ref)
    with _naming(ref), Cache.locked(Remote.parse(url, key=key), home=home, limits=limits) as cache:
        cache.require_on(ref, sha)


def _refuse_strange(sha: str, ref: str | None) -> None:
    if not _SHA.fullmatch(sha):
        raise BadInput(f"{sha} is not a commit", hint="40 hexadecimal digits are needed")
    if ref is not None and not (is_ref(ref) and ref.startswith(_PUSHED)):
        raise BadInput(f"{ref} is no branch or tag", hint="write refs/heads/ and the branch's name")


@contextmanager
def _naming(ref: str | None) -> Iterator[None]:
    """Say what to do if the commit is not in the repository."""
    try:
        yield
    except CommitGone as exc:
        what = ref.split("/", 2)[-1] if ref else "the commit"
        raise StepFailed(str(exc), hint=f"push {what} again: a forced push or a deletion took it away") from exc


@contextmanager
def _replacing(into: Path) -> Iterator[Path]:
    """Yield a temporary folder beside `into`, and replace `into` with it if the block succeeds."""
    partial = into.with_name(f".{into.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    try:
        partial.mkdir(parents=True)
        yield partial
        if into.exists():
            shutil.rmtree(into)
        partial.rename(into)
    except OSError as exc:
        if exc.errno in {errno.ENOSPC, errno.EDQUOT}:
            raise DiskFull(f"the disk that holds {into.parent} is full", hint="free space, then retry") from exc
        raise
    finally:
        shutil.rmtree(partial, ignore_errors=True)


@dataclass(kw_only=True)
class _Writer:
    """Writes a project's commit and its submodules, and counts what they bring together."""

    project: Remote
    home: Path
    budget: Budget
    rules: SubmoduleRules
    declared: Declared
    submodules: int = 0

    def write(self, remote: Remote, *, sha: str, ref: str | None, into: Path, prefix: str, depth: int) -> None:
        """Write the commit of the remote into the folder, which is at `prefix` in the whole checkout."""
        if depth > MAX_SUBMODULE_DEPTH:
            raise StepFailed(f"{remote.url} has submodules nested more than {MAX_SUBMODULE_DEPTH} deep")
        with Cache.locked(remote, home=self.home, limits=self.budget.limits) as cache:
            if ref is not None:
                cache.require_on(ref, sha)
            submodules = cache.write_tree(sha, into=into, budget=self.budget, prefix=prefix)
        for submodule in (*submodules, *(() if depth else self.declared(into))):
            try:
                self._write_submodule(remote, submodule, into=into, prefix=prefix, depth=depth)
            except DiskFull:
                raise
            except (StepFailed, BadInput) as exc:
                raise StepFailed(f"{submodule}: {exc}", hint=exc.hint) from exc

    def _write_submodule(self, parent: Remote, submodule: Submodule, *, into: Path, prefix: str, depth: int) -> None:
        self.submodules += 1
        if self.submodules > MAX_SUBMODULES:
            raise StepFailed(f"the commit has more than {MAX_SUBMODULES} submodules, those of submodules included")
        remote = Remote.parse(submodule_url(parent.url, submodule.url)).as_submodule_of(parent)
        self.rules.require(remote, project=self.project, home=self.home)
        target = into / submodule.path
        if submodule.is_declared:
            _refuse_taken(into, submodule.path)
        if not target.resolve().is_relative_to(into.resolve()):
            raise StepFailed("its path leads out of the repository")
        target.mkdir(parents=True, exist_ok=True)
        inner = f"{prefix}{submodule.path}/"
        self.write(remote, sha=submodule.sha, ref=submodule.ref, into=target, prefix=inner, depth=depth + 1)


def _refuse_taken(root: Path, path: str) -> None:
    """Refuse a folder that the commit has, or that is below a file of it."""
    around = [*reversed(Path(path).parents[:-1]), Path(path)]
    for place in around:
        found = root / place
        if found.is_symlink() or (found.exists() and (place == Path(path) or not found.is_dir())):
            raise StepFailed(f"the commit has {place} already", hint="name another folder in odooops.yaml")
