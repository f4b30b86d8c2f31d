"""Processes that tests may kill: each is forked from one that has imported all of it, which takes seconds, once."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable, Mapping
from typing import Any

_FORKS = multiprocessing.get_context("forkserver")
_FORKS.set_forkserver_preload(
    [
        "tests.dagster.clone_child",
        "tests.dagster.promotion_child",
        "tests.dagster.recovery_child",
        "tests.dagster.walk_child",
    ]
)


def exit_status(job: Callable[..., None], *told: Any, seconds: float = 300) -> int:  # noqa: ANN401 -- passed on
    """Do a module's function in a process of its own, and return its exit status: -N where signal N killed it.

    Raises:
        TimeoutError: it was still at work after so many seconds.
    """
    process = _FORKS.Process(target=_do, args=(dict(os.environ), job, *told))
    process.start()
    process.join(seconds)
    if process.exitcode is None:
        process.kill()
        process.join()
        raise TimeoutError(f"{job} was at work for {seconds:g} s")
    return process.exitcode


def _do(environment: Mapping[str, str], job: Callable[..., None], *told: Any) -> None:  # noqa: ANN401 -- passed on
    """Do it with the environment of the test that asks."""
    os.environ.clear()
    os.environ.update(environment)
    job(*told)
