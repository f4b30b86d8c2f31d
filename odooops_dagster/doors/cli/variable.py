"""`ops env set`, `unset` and `variables`: what environments' Odoo is told; a value goes in and never comes out."""

from __future__ import annotations

import sys
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated
from uuid import UUID

import typer

from odooops_dagster.control import ControlPlane
from odooops_dagster.doors.cli.arguments import ProjectSlug
from odooops_dagster.doors.cli.lookup import environment_of
from odooops_dagster.doors.cli.output import Json, Wide, note, print_rows
from odooops_dagster.doors.cli.ports import caller, control_plane
from odooops_dagster.errors import BadInput
from odooops_dagster.model import Project, Stage

if TYPE_CHECKING:
    from odooops_dagster.model.variables import EnvironmentVariable, Variable

_COLUMNS = ("name", "place", "of", "set_by", "set_at")
Name = Annotated[str, typer.Argument(metavar="NAME", help="Its name, such as PAYMENT_KEY.", show_default=False)]
OfBranch = Annotated[
    str | None,
    typer.Option("--branch", metavar="BRANCH", help="For the environment of this branch.", show_default=False),
]
OfStage = Annotated[
    Stage | None, typer.Option("--stage", help="For the environments of this stage.", show_default=False)
]
Everywhere = Annotated[bool, typer.Option("--everywhere", help="For every environment of the project, previews too.")]


def set_(
    project: ProjectSlug,
    name: Name,
    *,
    branch: OfBranch = None,
    stage: OfStage = None,
    everywhere: Everywhere = False,
) -> None:
    """Read a value from stdin, and give it to Odoo as an environment variable.

    It is sealed before it is stored, and shown to nobody. What is set for a branch counts before what is set for its
    stage, and this before what is set everywhere. Running environments that it concerns are restarted.
    """
    from odooops_dagster.model.variables import bound_to
    from odooops_dagster.tools.sealing import seal

    _require_one_place(branch, stage, everywhere=everywhere)
    value = _value(name)
    with control_plane() as control:
        found = control.projects.get(project)
        environment_id = _environment(control, found, branch)
        public_key = control.variables.key()
        place = bound_to(name, found.id, stage=stage, environment_id=environment_id)
        restarted = control.variables.set(
            found.id,
            name,
            sealed=seal(value, public_key=public_key, bound_to=place),
            public_key=public_key,
            stage=stage,
            environment_id=environment_id,
            set_by=caller(),
        )
    _tell(f"{name} is set", restarted)


def unset(
    project: ProjectSlug,
    name: Name,
    *,
    branch: OfBranch = None,
    stage: OfStage = None,
    everywhere: Everywhere = False,
) -> None:
    """Remove a variable and its value from one place. Running environments that it concerns are restarted."""
    _require_one_place(branch, stage, everywhere=everywhere)
    with control_plane() as control:
        found = control.projects.get(project)
        restarted = control.variables.unset(
            found.id,
            name,
            stage=stage,
            environment_id=_environment(control, found, branch),
            unset_by=caller(),
        )
    _tell(f"{name} is unset", restarted)


def variables(
    project: ProjectSlug,
    branch: Annotated[
        str | None, typer.Argument(metavar="BRANCH", help="Only what its environment gets.", show_default=False)
    ] = None,
    *,
    json: Json = False,
    wide: Wide = False,
) -> None:
    """List the variables that are set, and where; with a branch, those that its environment gets, and from where."""
    found: list[EnvironmentVariable] | list[Variable]
    with control_plane() as control:
        if branch is None:
            found = control.variables.list(control.projects.get(project).id)
        else:
            found = control.variables.of_environment(environment_of(control, project, branch).id)
    rows = [asdict(each) if json else _row(each) for each in found]
    columns = _COLUMNS if branch is None else tuple(column for column in _COLUMNS if column != "of")
    print_rows(rows, columns=columns, json=json, wide=wide, empty=f"no variable is set: ops env set {project} NAME")


def _require_one_place(branch: str | None, stage: Stage | None, *, everywhere: bool) -> None:
    if [branch is not None, stage is not None, everywhere].count(True) != 1:
        raise BadInput("the place is not clear", hint="name one of --branch, --stage and --everywhere")


def _environment(control: ControlPlane, project: Project, branch: str | None) -> UUID | None:
    return None if branch is None else environment_of(control, project.slug, branch).id


def _value(name: str) -> str:
    """Return what stdin says, without the line break at its end."""
    if sys.stdin.isatty():
        typed: str = typer.prompt(name, hide_input=True)
        return typed
    return sys.stdin.read().removesuffix("\n").removesuffix("\r")


def _tell(done: str, restarted: list[str]) -> None:
    note(f"{done}; {'restarting ' + ', '.join(restarted) if restarted else 'nothing that runs is concerned'}")


def _row(variable: Variable | EnvironmentVariable) -> dict[str, object]:
    row = asdict(variable)
    return {**row, "of": row.get("branch") or row.get("stage") or "every stage"}
