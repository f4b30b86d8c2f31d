"""`ops env`: environments, the running branches."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from odooops_dagster.doors.cli import env_destroy, env_service, orphans, outlet, terminal, variable, visitors
from odooops_dagster.doors.cli.adopt import read_dsn, refuse_failed
from odooops_dagster.doors.cli.arguments import Branch, OnlyProject, ProjectSlug, Wait
from odooops_dagster.doors.cli.first_login import first_password, login_of, prepare_login
from odooops_dagster.doors.cli.follow import finish, follow, new_lines
from odooops_dagster.doors.cli.lookup import RunRequest, branch_of, environment_of, name_of, queue_branch
from odooops_dagster.doors.cli.output import (
    Json,
    Wide,
    json_text,
    note,
    print_fields,
    print_json,
    print_rows,
    say,
)
from odooops_dagster.doors.cli.pages import environment_page, not_running
from odooops_dagster.doors.cli.ports import control_plane, is_remote, platform, read_settings, runtime
from odooops_dagster.errors import BadInput, Unavailable
from odooops_dagster.model import Environment, Stage
from odooops_dagster.wording import age_text

if TYPE_CHECKING:
    from odooops_dagster.platform import Platform
    from odooops_dagster.settings import Settings

app = typer.Typer(help="Manage environments: branches that run.", no_args_is_help=True)
app.add_typer(orphans.app, name="orphans")
app.command("open")(terminal.open_)
app.command("shell")(terminal.shell)
app.command("psql")(terminal.psql)
app.command()(outlet.egress)
app.command()(outlet.mail)
app.command("set")(variable.set_)
app.command()(variable.unset)
app.command()(variable.variables)
app.command()(visitors.visitors)

_EMPTY = "no environment yet: push a branch, or ops env create"
_COLUMNS = ("environment", "stage", "status", "commit", "url")


@app.command("list")
def list_(
    project: OnlyProject = None,
    *,
    all_: Annotated[bool, typer.Option("--all", help="Destroyed ones and those of archived projects too.")] = False,
    json: Json = False,
    wide: Wide = False,
) -> None:
    """List the environments."""
    with control_plane() as control:
        if project is not None:
            control.projects.get(project)
        environments = control.environments.list(project)
    shown = environments if all_ else [each for each in environments if each.is_listed]
    rows = [asdict(each) if json else _row(each) for each in shown]
    print_rows(rows, columns=_COLUMNS, json=json, wide=wide, empty=_EMPTY)
    for each in shown:
        # Beside the table: a row of it may have no room for the command.
        if not json and (words := not_running(each)):
            note(f"{each.partition_key} is {words}")


@app.command()
def show(project: ProjectSlug, branch: Branch, *, json: Json = False) -> None:
    """Show an environment: its URL, its commit, what its branch has since, the backup of its data, what it takes."""
    settings = read_settings()
    with platform(settings) as opened:
        control = opened.control
        environment = environment_of(control, project, branch)
        taken = _taken(opened, settings, environment)
        restore = control.backups.restore_behind(environment)
        backup = control.backups.get(restore.backup_id) if restore else None
        found = control.projects.get(project)
        # A server does not tell what it saw of branches.
        head = None if is_remote() else control.pushes.head(environment.project_id, environment.branch)
    taken_at = backup.taken_at if backup else None
    data = {
        "data_source": restore.report.get("source") if restore else None,
        "data_backup_id": backup.id if backup else None,
        "data_taken_at": taken_at,
        "data_age": age_text(datetime.now(UTC) - taken_at) if taken_at else None,
    }
    data |= taken
    print_fields(
        asdict(environment) | data if json else environment_page(environment, found, data, head=head), json=json
    )


def _taken(opened: Platform, settings: Settings, environment: Environment) -> dict[str, object]:
    """Return what the environment takes beside what it may take; None where it runs on another machine."""
    from odooops_dagster.home import environment_folder, service_name
    from odooops_dagster.local.environment_limits import limits_of
    from odooops_dagster.local.environment_use import disk_use, memory_use, workers_set

    nothing = dict.fromkeys(("memory_mb", "memory_limit_mb", "disk_mb", "disk_limit_mb", "workers", "ended_for"))
    if not environment_folder(settings.home, environment).is_dir():
        return nothing
    try:
        disk = disk_use(opened.control, opened.databases, settings, environment)
    except Unavailable:
        return nothing
    [status] = opened.runtime.status(service_name(environment))
    return {
        "memory_mb": memory_use(settings, environment),
        "memory_limit_mb": limits_of(opened.control, settings, environment).memory_mb or None,
        "disk_mb": disk.files_mb + disk.databases_mb,
        "disk_limit_mb": disk.limit_mb or None,
        "workers": workers_set(settings.home, environment) or None,
        "ended_for": status.ended_for or None,
    }


@app.command()
def logs(
    project: ProjectSlug,
    branch: Branch,
    *,
    tail: Annotated[int, typer.Option(min=1, max=100_000, help="How many lines, up to the newest.")] = 200,
    follow_: Annotated[bool, typer.Option("--follow", "-f", help="Go on until Ctrl-C.")] = False,
    json: Json = False,
) -> None:
    """Print the last lines of an environment's Odoo log. Build logs: `ops run logs`."""
    from odooops_dagster.home import service_name

    with control_plane() as control:
        environment = environment_of(control, project, branch)
    if follow_:
        for line in new_lines(runtime(), service_name(environment), tail=tail):
            say(json_text(line) if json else line)
    lines = runtime().logs(service_name(environment), tail=tail)
    if json:
        print_json(lines)
    elif lines:
        say("\n".join(lines))
    else:
        told = f"{environment.partition_key} has no log of Odoo on this machine, and its status is {environment.status}"
        note(f"{told}; the log of its last run: ops run list {project}")


@app.command()
def create(
    project: ProjectSlug,
    branch: Branch,
    *,
    stage: Annotated[
        Stage | None, typer.Option(help="Stage. [default: by the branch's name]", show_default=False)
    ] = None,
    admin_password_stdin: Annotated[
        bool,
        typer.Option(
            "--admin-password-stdin",
            help="Read the password of a new production's administrator from standard input. [default: generated]",
        ),
    ] = False,
    wait: Wait = False,
    json: Json = False,
) -> None:
    """Deploy a branch: create its environment if needed and queue its newest commit.

    The default branch becomes production, on an empty database; once it has data, this is refused. The password of its
    administrator is printed once, unless you give it or ask a server; in previews it is `admin`.
    """
    settings = read_settings()
    given = None if is_remote() else first_password(from_stdin=admin_password_stdin)
    if is_remote() and admin_password_stdin:
        raise BadInput("a server takes no password", hint="run this on the platform's machine, or log in and change it")
    with control_plane(settings) as control:
        found = control.projects.get(project)
        asked = RunRequest(branch=branch, stage=stage, kind="deploy")
        run = queue_branch(control, found, asked, prepare=lambda made: prepare_login(settings.home, made, given))
        note(f"queued {name_of(run)}: {run.kind} of {run.git_sha}")
        note(login_of(control.environments.of_run(run), given))
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
    from odooops_dagster.home import secrets_folder
    from odooops_dagster.local.pg_programs import pg_programs
    from odooops_dagster.tools.postgres.adoption import AdoptedSource, access_from, inspect, remember

    settings = read_settings()
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


app.command()(env_service.stop)
app.command()(env_service.start)
app.command()(env_service.restart)
app.command()(env_service.pin)
app.command()(env_service.unpin)
app.command()(env_destroy.destroy)


def _row(environment: Environment) -> dict[str, object]:
    return {
        "environment": environment.partition_key,
        "stage": environment.stage,
        "status": environment.status,
        "commit": environment.deployed_sha,
        "url": environment.url,
    }
