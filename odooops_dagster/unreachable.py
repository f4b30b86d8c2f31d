"""Connections to PostgreSQL that fail: which kept ones may have ended, and an error with a reason and a hint."""

from __future__ import annotations

import re
import select
import time

from odooops_dagster.errors import Unavailable

# libpq puts the severity and two spaces before the server's message (src/interfaces/libpq/fe-protocol3.c,
# pqBuildErrorMessage3), and provides no SQLSTATE before the connection is established.
_REFUSAL = re.compile(r" failed: \w+:  (?P<reason>.+)")
_IN_A_MOMENT = ("starting up", "shutting down", "recovery", "not yet accepting")
_FULL = ("too many", "connection slots")
# A connection that was used so recently is asked only if the server has sent something since, such as its end.
_TRUSTED_SECONDS = 5.0


def may_have_ended(descriptor: int, *, used_at: float) -> bool:
    """Return whether a kept connection has to be asked before it is used again.

    `descriptor` is its socket's, `used_at` when it was last used (time.monotonic). A question before each use would
    double the statements of a program that looks every second.
    """
    readable = select.poll()
    readable.register(descriptor, select.POLLIN)
    return time.monotonic() - used_at > _TRUSTED_SECONDS or bool(readable.poll(0))


def unreachable(exc: Exception, *, server: str, variable: str) -> Unavailable:
    """Return the error for a connection that failed or broke.

    `server` is the subject of the message, `variable` the setting with the server's address.
    """
    line = first_line(exc)
    refusal = _REFUSAL.search(line)
    if refusal is None:
        return Unavailable(f"{server} does not answer: {line}", hint=f"Start it with `ops up`, or look at {variable}.")
    reason = refusal["reason"]
    return Unavailable(f"{server} refuses the connection: {reason}", hint=_remedy(reason, variable))


def first_line(exc: Exception) -> str:
    """Return the first line of the error, without libpq's further questions and addresses."""
    lines = str(exc).strip().splitlines()
    return lines[0] if lines else type(exc).__name__


def _remedy(reason: str, variable: str) -> str:
    if any(words in reason for words in _IN_A_MOMENT):
        return "Wait a moment, then try again."
    if any(words in reason for words in _FULL):
        return "End connections that nobody needs, or let the server take more (max_connections)."
    return f"Correct {variable}, or let it in on the server."
