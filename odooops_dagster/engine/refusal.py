"""A failed step as people see it in Dagster: our sentence and what belongs to it, without frames of Dagster's own code.

The frames of an error that a step foresaw name files of Dagster and of ours, and none of the project's: the run page
would show two screens of them between the sentence and the log.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import dagster as dg

from odooops_dagster.engine.private import DagsterUserCodeProcessError, SerializableErrorInfo

# Source: dagster/_core/execution/plan/active.py, `plan_events_iterator`.
_NOT_REACHED = re.compile(r"^Dependencies for step (?P<step>\S+) (failed|were not executed): .*Not executing\.$")


def not_reached(message: str) -> str | None:
    """Return in our words that a step was not reached, if that is Dagster's message; it logs it as an error."""
    found = _NOT_REACHED.match(message)
    return f"{found['step']} was not reached" if found else None


class _Told(DagsterUserCodeProcessError):
    """An error that Dagster stores as it was told: a sentence and no stack."""

    def __init__(self, sentence: str) -> None:
        told = SerializableErrorInfo(message=sentence, stack=[], cls_name=None)
        super().__init__(sentence, user_code_process_error_infos=[told])  # type: ignore[no-untyped-call]


class StepRefused(dg.Failure, _Told):
    """A failure of a step that Dagster shows by its description and its metadata alone.

    Of an error of another process Dagster stores what that one told (`serializable_error_info_from_exc_info`); a
    `Failure` comes to that function as it is.
    """

    def __init__(self, sentence: str, *, metadata: Mapping[str, Any]) -> None:
        super().__init__(sentence, metadata=metadata, allow_retries=False)
