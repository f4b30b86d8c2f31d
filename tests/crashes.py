"""A crash at a named place in the code, just before or just after what is done there."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from importlib import import_module
from typing import Any
from unittest.mock import patch

KILLED = 9


def crashing(point: str, when: str, crash: Callable[[], Any]) -> AbstractContextManager[Any]:
    """Let the crash happen at the point, `module:name`, for as long as the block."""
    module, _, path = point.partition(":")
    owner: Any = import_module(module)
    *owners, name = path.split(".")
    for each in owners:
        owner = getattr(owner, each)
    real = getattr(owner, name)

    def crashes(*arguments: Any, **named: Any) -> Any:  # noqa: ANN401 -- passed on as they are
        if when == "before":
            crash()
        result = real(*arguments, **named)
        if when == "after":
            crash()
        return result

    return patch.object(owner, name, crashes)


def ending_at(point: Sequence[str] | None) -> AbstractContextManager[Any]:
    """Let the process end with KILLED at the point, and before or after what is done there, if there is one."""
    if point is None:
        return nullcontext()
    place, when = point
    return crashing(place, when, lambda: os._exit(KILLED))
