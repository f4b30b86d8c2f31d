"""Writes a commit's tree with its submodules to a folder, completely or not at all."""

from __future__ import annotations

import errno
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from odooops_dagster.errors import BadInput, StepFailed
from odooops_dagster.tools.git.cache import Cache, Submodule
from odooops_dagster.tools.git.command import CommitGone, DiskFull
from odooops_dagster.tools.git.remote import Remote, submodule_url

# Maximum nesting; a deeper repository probably contains itself.
MAX_SUBMODULE_DEPTH = 8

_SHA = re.compile(r"[0-9a-f]{40}")


def checkout(url: str, *, sha: str, ref: str, into: Path, home: Path) -> Path:
    """Replace the folder `into` with the commit's tree; errors name `ref`, from which the commit is known."""
    if not _SHA.fullmatch(sha):
        raise BadInput(f"{sha} is not a commit", hint="40 hexadecimal digits are needed")
    with _replacing(into) as partial:
        try:
            _write(Remote.parse(url), sha=sha, into=partial, home=home, depth=0)
        except CommitGone as exc:
            branch = ref.removeprefix("refs/heads/")
            raise StepFailed(str(exc), hint=f"push {branch} again: a forced push or a deletion took it away") from exc
    return into


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


def _write(remote: Remote, *, sha: str, into: Path, home: Path, depth: int) -> None:
    if depth > MAX_SUBMODULE_DEPTH:
        raise StepFailed(f"{remote.url} has submodules nested more than {MAX_SUBMODULE_DEPTH} deep")
    with Cache.locked(remote, home=home) as cache:
        cache.write_tree(sha, into=into)
        submodules = cache.submodules(sha)
    for submodule in submodules:
        try:
            _write_submodule(remote, submodule, into=into, home=home, depth=depth)
        except DiskFull:
            raise
        except (StepFailed, BadInput) as exc:
            raise StepFailed(f"submodule {submodule.path}: {exc}", hint=exc.hint) from exc


def _write_submodule(parent: Remote, submodule: Submodule, *, into: Path, home: Path, depth: int) -> None:
    remote = Remote.parse(submodule_url(parent.url, submodule.url)).as_submodule_of(parent)
    target = into / submodule.path
    if not target.resolve().is_relative_to(into.resolve()):
        raise StepFailed("its path leads out of the repository")
    target.mkdir(parents=True, exist_ok=True)
    _write(remote, sha=submodule.sha, into=target, home=home, depth=depth + 1)
