"""Every story of the product's users is a command, an operation of the API and on a page; every noun has its verbs."""

from __future__ import annotations

import json
import tomllib
from functools import cache
from pathlib import Path

from typer.main import get_command

from odooops_dagster.doors.cli import build_app
from odooops_dagster.doors.http.console import ROUTERS
from odooops_dagster.doors.http.document import openapi_document

# What people do every day, by noun: no other door has to be opened for it.
VERBS = {
    "": {"up", "down", "status", "doctor", "demo", "clone", "promote", "rollback", "console", "ui", "completion"},
    "db": {"migrate", "status"},
    "project": {"create", "list", "show", "set", "unset", "archive", "restore"},
    "member": {"list", "set", "remove"},
    "policy": {"show", "set"},
    "env": {
        *("list", "show", "create", "destroy", "logs", "open", "shell", "psql", "restart", "start", "stop", "pin"),
        *("mail", "egress", "set", "unset", "variables"),
    },
    "run": {"create", "status", "logs", "cancel", "retry", "list", "show", "queue", "events"},
    "backup": {"create", "list", "restore", "verify", "retention", "export", "import", "hold"},
    "drill": {"run", "list"},
    "upgrade": {"preview", "report"},
    "release": {"create", "list", "show", "explain", "promote", "withdraw"},
    "gate": {"list", "show", "sign-off", "reject"},
    "event": {"send", "list", "show"},
    "audit": {"verify", "export", "report"},
    "lineage": {"show"},
    "workflow": {"list", "set", "enable", "disable"},
    "tool": {"list", "set"},
    "artifact": {"list", "get"},
    "incident": {"list", "open", "resolve"},
    "advisory": {"list", "import", "match", "show"},
    "key": {"create", "list", "rotate", "revoke"},
    "repo": {"init", "update"},
}


@cache
def commands() -> dict[str, set[str]]:
    """Return the verbs of each noun; those without a noun below the empty name."""
    found: dict[str, set[str]] = {"": set()}
    for name, command in get_command(build_app()).commands.items():  # type: ignore[attr-defined]
        if hasattr(command, "commands"):
            found[name] = set(command.commands)
        else:
            found[""].add(name)
    return found


def test_every_noun_has_the_verbs_of_every_day() -> None:
    """None of them has to be done in SQL."""
    lacks = {noun: verbs - commands().get(noun, set()) for noun, verbs in VERBS.items()}
    assert {noun: verbs for noun, verbs in lacks.items() if verbs} == {}


def test_every_story_is_a_command_an_operation_of_the_api_and_on_a_page() -> None:
    """Or the story says why one of them lacks it."""
    pages = {route.path for router in ROUTERS for route in router.routes}
    stories = tomllib.loads(Path(__file__).with_name("user_stories.toml").read_text())["story"]
    routes = json.loads(openapi_document())["paths"].values()
    operations = {operation["operationId"] for methods in routes for operation in methods.values()}
    for story in stories:
        noun, _, verb = story["cli"].rpartition(" ")
        assert verb in commands()[noun], story
        assert story["api"] in operations if "api" in story else story["only"], story
        assert story["console"] in pages if "console" in story else story["no_console"], story
