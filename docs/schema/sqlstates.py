"""Writes the table of refusals: SQLSTATEs, what each means, the exception it becomes, and what raises it."""

from __future__ import annotations

from docs.schema.sources import Notes, function_link
from docs.schema.tables import code, table
from odooops_dagster.errors import SQLSTATE_ERRORS

HEAD = """\
# Refusals

Every refusal of the control plane has one of these SQLSTATEs, a message that names the object, a detail where there is
one, and a hint that says what to do next. PostgREST turns `PTnnn` into HTTP `nnn`; `odooops_dagster/errors.py` turns
each into an exception.

Written by `python -m docs.generate` from `sql/functions/` and `odooops_dagster/errors.py`.
"""
MEANINGS = {
    "PT400": "The request cannot be understood: something is missing, malformed or contradicts itself.",
    "PT401": "Nobody is known to ask.",
    "PT403": "The caller may read this but not do it.",
    "PT404": "There is no such object, or the caller may not know of it.",
    "PT412": "Something has changed since the caller has read it.",
    "PT409": "The object's state does not allow it.",
    "PT410": "The attempt is over: stop, whatever you write is refused.",
    "PT413": "What was sent is too large; `ops.ingest_event` answers so and raises nothing.",
    "PT422": "The version of what was sent is not known; answered like `PT413`.",
    "PT503": "A service that is needed does not answer.",
    "42501": "PostgreSQL itself refuses: no grant, or row-level security.",
}


def sqlstates_page(notes: Notes) -> str:
    """Return the page."""
    raised = {state for states in notes.raised.values() for state in states}
    rows = [_row(state, notes) for state in sorted(raised | set(SQLSTATE_ERRORS), key=_order)]
    return "\n".join([HEAD, *table(("SQLSTATE", "becomes", "means", "raised by"), rows)]) + "\n"


def _order(state: str) -> tuple[bool, str]:
    return not state.startswith("PT"), state


def _row(state: str, notes: Notes) -> tuple[str, str, str, str]:
    error = SQLSTATE_ERRORS.get(state)
    functions = [name for name, states in sorted(notes.raised.items()) if state in states]
    links = ", ".join(function_link(name, page="schema/functions.md", root="../../") for name in functions)
    return code(state), code(error.__name__ if error else None), MEANINGS.get(state, ""), links
