"""Translate the control plane's hints, which name SQL functions, into `ops` commands."""

from __future__ import annotations

import re

# The verb that does what a function of schema ops does.
VERBS = {
    "break_glass": "ops exception break-glass",
    "cancel_run": "ops run cancel",
    "create_release": "ops release create",
    "explain_promotion": "ops release explain",
    "promote_release": "ops promote",
    "queue_run": "ops run create",
    "retry_run": "ops run retry",
    "rollback_deployment": "ops rollback",
    "set_member": "ops.set_member in psql",  # the command has no such verb
}
# The verb that lists what a table or a view of schema ops has.
LISTS = {
    "deployments": "ops release list",
    "exceptions": "ops exception list",
    "incidents": "ops incident list",
    "projects": "ops project list",
    "releases": "ops release list",
    "runs": "ops run list",
    "v_gate_status": "ops gate show",
    "v_workflows": "ops workflow list",
}
_SELECT = re.compile(r"select [a-z_, ]+ from ops\.(?P<relation>\w+)")
_FUNCTION = re.compile(r"\bops\.(?P<function>[a-z_]+)\b")
# PostgreSQL's words for a constraint that refuses a row.
_CONSTRAINT = re.compile(r'new row for relation "\w+" violates check constraint "(\w+_)?(?P<column>[a-z]+)_check"')


def spoken(text: str) -> str:
    """Return the text with the command's verbs in place of SQL."""
    text = _SELECT.sub(lambda found: LISTS.get(found["relation"], found[0]), text)
    text = _FUNCTION.sub(lambda found: VERBS.get(found["function"], found[0]), text)
    return _CONSTRAINT.sub(lambda found: f"this {found['column']} is not allowed", text)
