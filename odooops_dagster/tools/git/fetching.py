"""Fetches into a repository of ours within the limits: the kernel limits the file, and git the memory."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from odooops_dagster.errors import StepFailed
from odooops_dagster.tools.git.command import git
from odooops_dagster.tools.git.limits import MB, Limits, TooLarge
from odooops_dagster.tools.git.remote import Remote
from odooops_dagster.wording import size_text

_QUIET = ("--quiet", "--no-tags", "--no-recurse-submodules")


def fetch(
    remote: Remote,
    *arguments: str,
    git_dir: Path,
    limits: Limits,
    timeout: float,
    keep_open: Iterable[int] = (),
) -> None:
    """Fetch from the remote; what an interrupted fetch received is removed.

    Args:
        remote: the repository that is asked.
        arguments: options of git's fetch; the last one is the refspec.
        git_dir: the repository that receives.
        limits: what one fetch may bring.
        timeout: how long it may take, in seconds.
        keep_open: descriptors that git inherits, such as a lock's.

    Raises:
        TooLarge: the repository sends more than one fetch may bring.
    """
    *options, refspec = arguments
    most = limits.fetch_mb * MB
    # git misses nothing that a remote of this kind has promised. Source: "Partial Clone" in its documentation.
    is_partial = any(option.startswith("--filter=") for option in options)
    promised = ("-c", f"remote.origin.url={remote.url}", "-c", "remote.origin.promisor=true") if is_partial else ()
    source = "origin" if is_partial else remote.url
    # Git tidies up by a command of its own, whose files may be larger than those of one fetch.
    fetching = ("fetch", *_QUIET, "--no-auto-gc", *options, *remote.options(), "--", source, refspec)
    try:
        git(
            *(f"--git-dir={git_dir}", *promised, *fetching),
            timeout=timeout,
            remote=remote,
            env=limits.of_objects(),
            keep_open=keep_open,
            most_bytes=most,
        )
    except StepFailed as exc:
        drafts = list((git_dir / "objects" / "pack").glob("tmp_*"))
        is_full = any(draft.stat().st_size >= most for draft in drafts)
        for draft in drafts:
            draft.unlink()
        if is_full:
            raise TooLarge(
                f"{remote.url} sends more than {size_text(most)}, which one fetch may bring",
                hint="push less at once, or let the operator raise ODOOOPS_REPOSITORY_FETCH_MB",
            ) from exc
        raise
