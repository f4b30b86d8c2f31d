"""`ops policy`: what a project holds itself to."""

from __future__ import annotations

from typing import Annotated, cast, get_args

import typer

from odooops_dagster.doors.cli.arguments import ProjectSlug
from odooops_dagster.doors.cli.json_argument import json_object
from odooops_dagster.doors.cli.output import Json, note, print_json, print_rows
from odooops_dagster.doors.cli.ports import control_plane
from odooops_dagster.errors import BadInput
from odooops_dagster.model.releases import PolicyType

app = typer.Typer(help="Look at the policies of projects, and set them.", no_args_is_help=True)

_EXAMPLE = """such as '{"log_days": 7}'"""
_COLUMNS = ("policy", "rule", "value")
_TYPES = ", ".join(get_args(PolicyType))


@app.command()
def show(
    project: ProjectSlug,
    policy: Annotated[
        str | None, typer.Argument(metavar="POLICY", help=f"Only this one: {_TYPES}.", show_default=False)
    ] = None,
    *,
    json: Json = False,
) -> None:
    """Show the rules that hold in a project: its own, and for the rest those for all projects."""
    wanted = [_type_of(policy)] if policy is not None else list(get_args(PolicyType))
    with control_plane() as control:
        found = control.projects.get(project)
        rules = {each: dict(control.policies.get(found.id, policy_type=each)) for each in wanted}
    if json:
        print_json(rules)
        return
    rows = [
        {"policy": name, "rule": rule, "value": value} for name, held in rules.items() for rule, value in held.items()
    ]
    print_rows(rows, columns=_COLUMNS)


@app.command("set")
def set_(
    project: ProjectSlug,
    policy: Annotated[str, typer.Argument(metavar="POLICY", help=f"One of {_TYPES}.", show_default=False)],
    rules: Annotated[
        str,
        typer.Argument(metavar="RULES", help="""JSON, such as '{"log_days": 7}'.""", show_default=False),
    ],
    *,
    json: Json = False,
) -> None:
    """Set the rules in which a project differs from all others; a rule left out is that of all again."""
    asked, given = _type_of(policy), json_object(rules, what="the argument RULES", example=_EXAMPLE)
    with control_plane() as control:
        now = control.policies.set(control.projects.get(project).id, policy_type=asked, rules=given)
    if json:
        print_json(dict(now))
    else:
        note(f"{project}: policy {asked} is set; what holds now: ops policy show {project} {asked}")


def _type_of(word: str) -> PolicyType:
    if word not in get_args(PolicyType):
        raise BadInput(f"{word} is no policy", hint=f"one of {_TYPES}")
    return cast("PolicyType", word)
