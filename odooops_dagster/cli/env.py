"""`ops env`: branches made to run."""

from __future__ import annotations

from typing import Annotated

import typer

from odooops_dagster.cli.arguments import Branch, OnlyProject, ProjectSlug
from odooops_dagster.cli.asking import Wish, environment_of, living, name_of, queue, queue_branch
from odooops_dagster.cli.following import finish, follow
from odooops_dagster.cli.output import Json, Yes, confirm, note, print_fields, print_json, print_rows
from odooops_dagster.cli.ports import control_plane, runtime
from odooops_dagster.errors import NotFound
from odooops_dagster.model import Stage
from odooops_dagster.steps.names import service_name

app = typer.Typer(help="Environments: branches made to run.", no_args_is_help=True)

_COLUMNS = ("project_slug", "name", "stage", "status", "url", "deployed_sha")

Wait = Annotated[bool, typer.Option("--wait", help="Follow the run to its end; exit 1 if it fails.")]


@app.command("list")
def list_(
    project: OnlyProject = None,
    *,
    all_: Annotated[bool, typer.Option("--all", help="Destroyed ones too.")] = False,
    json: Json = False,
) -> None:
    """List the environments."""
    with control_plane() as control:
        if project is not None:
            control.projects.get(project)
        environments = control.environments.list(project)
    if not all_:
        environments = living(environments)
    print_rows(environments, columns=_COLUMNS, json=json, empty="no environment yet: push a branch, or ops env create")


@app.command()
def show(project: ProjectSlug, branch: Branch, *, json: Json = False) -> None:
    """Show an environment: where it answers, and what runs there."""
    with control_plane() as control:
        print_fields(environment_of(control, project, branch), json=json)


@app.command()
def logs(
    project: ProjectSlug,
    branch: Branch,
    *,
    tail: Annotated[int, typer.Option(min=1, max=100_000, help="How many lines, up to the newest.")] = 200,
    json: Json = False,
) -> None:
    """Print what an environment's Odoo logged last; what its builds did is in `ops run logs`."""
    with control_plane() as control:
        environment = environment_of(control, project, branch)
    lines = runtime().logs(service_name(environment), tail=tail)
    if json:
        print_json(lines)
    elif lines:
        typer.echo("\n".join(lines))
    else:
        note(f"{environment.partition_key} has logged nothing here: it is {environment.status}")


@app.command()
def create(
    project: ProjectSlug,
    branch: Branch,
    *,
    stage: Annotated[
        Stage | None, typer.Option(help="Stage. [default: by the branch's name]", show_default=False)
    ] = None,
    wait: Wait = False,
    json: Json = False,
) -> None:
    """Make a branch run: create its environment if need be, and queue its newest commit."""
    with control_plane() as control:
        run = queue_branch(control, control.projects.get(project), Wish(branch=branch, stage=stage))
        note(f"queued {name_of(run)}: {run.kind} of {run.git_sha}")
        if wait:
            run = follow(control, run)
        environment = environment_of(control, project, branch)
    print_fields(environment, json=json)
    if wait:
        finish(run)


@app.command()
def destroy(
    project: ProjectSlug,
    branch: Branch,
    *,
    yes: Yes = False,
    if_exists: Annotated[bool, typer.Option("--if-exists", help="Do nothing where there is none.")] = False,
    wait: Wait = False,
) -> None:
    """Destroy an environment: its database, files and processes; runs and logs stay on record."""
    with control_plane() as control:
        try:
            environment = environment_of(control, project, branch)
        except NotFound as exc:
            if not if_exists:
                raise
            note(str(exc))
            return
        what = f"destroy {environment.partition_key} ({environment.stage}): database, files, processes"
        confirm(
            [what, f"  database {environment.database_name or '(none yet)'}, {environment.url or 'no URL'}"], yes=yes
        )
        run = queue(control, environment, sha=environment.deployed_sha or "", kind="destroy")
        note(f"queued {name_of(run)}")
        if wait:
            finish(follow(control, run))
