"""Translates a failed connection to PostgreSQL into an error with a reason and a hint."""

from __future__ import annotations

import re

from odooops_dagster.errors import Unavailable

# libpq puts the severity and two spaces before the server's message (src/interfaces/libpq/fe-protocol3.c,
# pqBuildErrorMessage3), and provides no SQLSTATE before the connection is established.
_REFUSAL = re.compile(r" failed: \w+:  (?P<reason>.+)")
_IN_A_MOMENT = ("starting up", "shutting down", "recovery", "not yet accepting")
_FULL = ("too many", "connection slots")


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
