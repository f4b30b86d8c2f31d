"""`ops env`: environments, the running branches."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from odooops_dagster.control import ControlPlane
from odooops_dagster.doors.cli import orphans
from odooops_dagster.doors.cli.adopt import read_dsn, refuse_failed
from odooops_dagster.doors.cli.arguments import Branch, OnlyProject, ProjectSlug
from odooops_dagster.doors.cli.follow import finish, follow
from odooops_dagster.doors.cli.lookup import RunRequest, branch_of, environment_of, living, name_of, queue, queue_branch
from odooops_dagster.doors.cli.output import Json, Yes, confirm, note, print_fields, print_json, print_rows, say
from odooops_dagster.doors.cli.ports import control_plane, runtime
from odooops_dagster.errors import Conflict, NotFound
from odooops_dagster.home import secrets_folder, service_name
from odooops_dagster.local.pg_programs import pg_programs
from odooops_dagster.model import Environment, Stage
from odooops_dagster.settings import Settings
from odooops_dagster.tools.postgres.adoption import AdoptedSource, access_from, inspect, remember
from odooops_dagster.wording import age_text

app = typer.Typer(help="Manage environments: branches that run.", no_args_is_help=True)
app.add_typer(orphans.app, name="orphans")

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
    """Show an environment: its URL, the deployed commit, and the backup its data came from."""
    with control_plane() as control:
        environment = environment_of(control, project, branch)
        restore = control.backups.restore_behind(environment)
        backup = control.backups.get(restore.backup_id) if restore else None
    taken_at = backup.taken_at if backup else None
    data = {
        "data_source": restore.report.get("source") if restore else None,
        "data_backup_id": backup.id if backup else None,
        "data_taken_at": taken_at,
        "data_age": age_text(datetime.now(UTC) - taken_at) if taken_at else None,
    }
    print_fields(asdict(environment) | data, json=json)


@app.command()
def logs(
    project: ProjectSlug,
    branch: Branch,
    *,
    tail: Annotated[int, typer.Option(min=1, max=100_000, help="How many lines, up to the newest.")] = 200,
    json: Json = False,
) -> None:
    """Print the last lines of an environment's Odoo log. Build logs: `ops run logs`."""
    with control_plane() as control:
        environment = environment_of(control, project, branch)
    lines = runtime().logs(service_name(environment), tail=tail)
    if json:
        print_json(lines)
    elif lines:
        say("\n".join(lines))
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
    """Deploy a branch: create its environment if needed and queue its newest commit.

    The default branch becomes production, on an empty database; once it has data, this is refused.
    """
    with control_plane() as control:
        asked = RunRequest(branch=branch, stage=stage, kind="deploy")
        run = queue_branch(control, control.projects.get(project), asked)
        note(f"queued {name_of(run)}: {run.kind} of {run.git_sha}")
        if wait:
            run = follow(control, run)
        environment = environment_of(control, project, branch)
    print_fields(environment, json=json)
    if wait:
        finish(run)


@app.command()
def adopt(
    project: ProjectSlug,
    branch: Branch,
    *,
    filestore: Annotated[Path, typer.Option(help="Folder with its attachments.", show_default=False)],
    dsn_file: Annotated[
        str | None,
        typer.Option(
            metavar="FILE",
            help="File with the connection string of its database, - for standard input."
            " [default: ODOOOPS_ADOPT_DSN, or asked]",
            show_default=False,
        ),
    ] = None,
    log: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Log that its Odoo writes, for backups.", show_default=False)
    ] = None,
    json: Json = False,
) -> None:
    """Adopt a production that runs elsewhere: back it up and clone it, never write to it."""
    settings = Settings()
    access = access_from(read_dsn(dsn_file, settings))
    elsewhere = AdoptedSource(access=access, filestore=filestore.resolve(), log=log.resolve() if log else None)
    with control_plane(settings) as control:
        found = control.projects.get(project)
        rules = control.policies.get(found.id, policy_type="backup")
        answers = inspect(
            elsewhere,
            series=found.odoo_version,
            programs=pg_programs(settings),
            home=settings.home.resolve(),
            elsewhere_fatal=rules["attachments_elsewhere_fatal"],
        )
        refuse_failed(answers, what=f"{project}/{branch}")
        environment = control.environments.adopt(found.id, branch=branch_of(found, branch))
        remember(secrets_folder(settings.home), environment.id, elsewhere)
    print_fields(environment, json=json)


@app.command()
def destroy(
    project: ProjectSlug,
    branch: Branch,
    *,
    yes: Yes = False,
    if_exists: Annotated[bool, typer.Option("--if-exists", help="Do nothing where there is none.")] = False,
    without_backup: Annotated[
        bool, typer.Option("--without-backup", help="Production too, though no verified backup of it is left.")
    ] = False,
    wait: Wait = False,
) -> None:
    """Destroy an environment: its database, files and processes. Its runs and logs are kept.

    One that is adopted is only forgotten: its database and files stay as they are.
    """
    with control_plane() as control:
        try:
            environment = environment_of(control, project, branch)
        except NotFound as exc:
            if not if_exists:
                raise
            note(str(exc))
            return
        confirm(_plan(control, environment, without_backup=without_backup), yes=yes)
        if environment.stage == "production" and environment.database_name:
            confirm([f"{environment.partition_key} is PRODUCTION: people work on it"], yes=yes)
        config = {"confirm": environment.partition_key} | ({"without_backup": True} if without_backup else {})
        run = queue(control, environment, sha=environment.deployed_sha or "", kind="destroy", config=config)
        note(f"queued {name_of(run)}")
        if wait:
            finish(follow(control, run))


def _plan(control: ControlPlane, environment: Environment, *, without_backup: bool) -> list[str]:
    """Return what is removed with the environment, and what remains of production's data.

    Raises:
        Conflict: nothing of production's data would remain, and this was not confirmed.
    """
    if environment.is_adopted:
        return [f"forget {environment.partition_key}: its database and files stay as they are"]
    plan = [
        f"destroy {environment.partition_key} ({environment.stage}): database, files, processes",
        f"  database {environment.database_name or '(none yet)'}, {environment.url or 'no URL'}",
    ]
    if environment.stage != "production" or environment.database_name is None:
        return plan
    newest = control.backups.newest_verified(environment.id)
    if newest is None and not without_backup:
        hint = "take one: ops backup create; or give its data up: --without-backup"
        raise Conflict(f"{environment.partition_key} has no verified backup", hint=hint)
    return [
        *plan,
        f"  its newest verified backup: {newest.moment.astimezone():%Y-%m-%d %H:%M}" if newest else "  no backup",
    ]
