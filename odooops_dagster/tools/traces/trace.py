"""What a trace tells of an ended run, as plain values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

# `failure` is the fault of what was pushed, `error` the platform's.
Result = Literal["success", "failure", "error", "cancellation"]


@dataclass(frozen=True, kw_only=True)
class Part:
    """A part of a run, from its start to its end."""

    name: str
    start: datetime
    end: datetime
    result: Result = "success"


@dataclass(frozen=True, kw_only=True)
class Trace:
    """An ended run: what it was, how it ended and why, and its parts in order."""

    run_id: UUID
    kind: str
    attributes: Mapping[str, str]
    start: datetime
    end: datetime
    result: Result
    reason: str | None
    parts: Sequence[Part]
