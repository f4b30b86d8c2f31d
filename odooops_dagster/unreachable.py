"""Why a PostgreSQL server lets nobody in: one sentence, and what to do next."""

from __future__ import annotations

import re

from odooops_dagster.errors import Unavailable

# libpq sets the server's own words off with the severity and two blanks (src/interfaces/libpq/fe-protocol3.c,
# pqBuildErrorMessage3), and hands on no SQLSTATE before the connection stands.
_REFUSAL = re.compile(r" failed: \w+:  (?P<reason>.+)")
_IN_A_MOMENT = ("starting up", "shutting down", "recovery", "not yet accepting")
_FULL = ("too many", "connection slots")


def unreachable(exc: Exception, *, server: str, variable: str) -> Unavailable:
    """Return the error for a connection that could not be made, or broke.

    `server` begins the sentence, `variable` is the setting that holds the server's address.
    """
    line = first_line(exc)
    refusal = _REFUSAL.search(line)
    if refusal is None:
        return Unavailable(f"{server} does not answer: {line}", hint=f"Start it with `ops up`, or look at {variable}.")
    reason = refusal["reason"]
    return Unavailable(f"{server} refuses the connection: {reason}", hint=_remedy(reason, variable))


def first_line(exc: Exception) -> str:
    """Return what went wrong without the questions and addresses that libpq writes below it."""
    lines = str(exc).strip().splitlines()
    return lines[0] if lines else type(exc).__name__


def _remedy(reason: str, variable: str) -> str:
    if any(words in reason for words in _IN_A_MOMENT):
        return "Wait a moment, then try again."
    if any(words in reason for words in _FULL):
        return "End connections that nobody needs, or let the server take more (max_connections)."
    return f"Correct {variable}, or let it in on the server."
