"""`ops env shell`, `ops env psql`, `ops env open`: a person in an environment."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import typer

from odooops_dagster.child_environment import LIBPQ, TERMINAL, clean_environment
from odooops_dagster.doors.cli.arguments import Branch, ProjectSlug
from odooops_dagster.doors.cli.desktop import open_in_browser
from odooops_dagster.doors.cli.lookup import environment_of
from odooops_dagster.doors.cli.output import note, say
from odooops_dagster.doors.cli.pages import not_running
from odooops_dagster.doors.cli.ports import caller, control_plane, is_remote, platform, read_settings
from odooops_dagster.errors import BadInput, Conflict

if TYPE_CHECKING:
    from odooops_dagster.control import ControlPlane
    from odooops_dagster.model import Environment


def shell(project: ProjectSlug, branch: Branch) -> None:
    """Open Odoo's shell on an environment's database, in the environment's sandbox; code may come by a pipe.

    It is on the record that you did. What is changed there is kept after `env.cr.commit()`.
    """
    from odooops_dagster.home import service_name
    from odooops_dagster.tools.odoo.commands import shell_command

    with platform(read_settings()) as opened:
        environment = _opened(opened.control, project, branch, program="shell")
        status = opened.runtime.attach(service_name(environment), shell_command)
    raise typer.Exit(status if status >= 0 else 128 - status)


def psql(project: ProjectSlug, branch: Branch) -> None:
    """Open psql on an environment's database, as the environment's own role; SQL may come by a pipe.

    It is on the record that you did.
    """
    from odooops_dagster.home import role_name
    from odooops_dagster.local.pg_programs import pg_programs
    from odooops_dagster.tools.postgres.connections import libpq_variables

    settings = read_settings()
    with platform(settings) as opened:
        environment = _opened(opened.control, project, branch, program="psql")
        access = opened.databases.access(environment.database_name or "", role=role_name(environment))
    program = pg_programs(settings).path("psql")
    by_socket = {} if access.socket_folder is None else {"PGHOST": str(access.socket_folder)}
    where = libpq_variables(access) | by_socket | {"PGAPPNAME": "ops env psql"}
    os.execvpe(program, [program], clean_environment(LIBPQ, TERMINAL, extra=where))  # noqa: S606


def open_(project: ProjectSlug, branch: Branch) -> None:
    """Print an environment's URL; on a desktop, open it."""
    with control_plane() as control:
        environment = environment_of(control, project, branch)
    if not environment.url:
        raise Conflict(f"{environment.partition_key} has no URL: {not_running(environment)}", hint="ops env show")
    say(environment.url)
    if not open_in_browser(environment.url):
        note("no browser is opened here")


def _opened(control: ControlPlane, project: str, branch: str, *, program: str) -> Environment:
    """Return the environment, after it is on the record that a person opens a terminal in it.

    Raises:
        BadInput: a server is named, on whose machine the environment runs.
        Conflict: it has no database of ours.
    """
    if is_remote():
        raise BadInput("a terminal opens on the platform's machine", hint="log in there, without OPS_SERVER")
    environment = environment_of(control, project, branch)
    if environment.is_adopted:
        raise Conflict(f"{environment.partition_key} is adopted: it runs elsewhere", hint="open it where it runs")
    if environment.database_name is None:
        raise Conflict(f"{environment.partition_key} was never deployed", hint=f"ops env create {project} {branch}")
    if environment.stage == "production":
        note(f"{environment.partition_key} is PRODUCTION: people work on it, and what you change there is changed")
    control.environments.note_terminal(environment, program=program, opened_by=caller())
    return environment
