"""`ops member`: members of projects and their roles."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

import typer

from odooops_dagster.doors.cli.arguments import ProjectSlug
from odooops_dagster.doors.cli.output import Json, Wide, Yes, confirm, note, print_rows
from odooops_dagster.doors.cli.ports import control_plane
from odooops_dagster.errors import BadInput, NotFound

app = typer.Typer(help="Manage members of projects and their roles.", no_args_is_help=True)

_COLUMNS = ("user_id", "role", "permissions", "created_at")
_ROLES = ("viewer", "developer", "admin", "owner")

User = Annotated[
    UUID,
    typer.Argument(metavar="USER", help="The user's id, as Supabase's list of users shows it.", show_default=False),
]


@app.command("list")
def list_(project: ProjectSlug, *, json: Json = False, wide: Wide = False) -> None:
    """List the members of a project, and what their roles allow."""
    with control_plane() as control:
        control.projects.get(project)
        rows = control.members.list(project)
    shown = rows if json else [row | {"permissions": ", ".join(row["permissions"])} for row in rows]
    print_rows(shown, columns=_COLUMNS, json=json, wide=wide, empty="no member yet: ops member set PROJECT USER ROLE")


@app.command("set")
def set_(
    project: ProjectSlug,
    user: User,
    role: Annotated[str, typer.Argument(metavar="ROLE", help=f"One of {', '.join(_ROLES)}.", show_default=False)],
) -> None:
    """Make a user a member, or change the member's role."""
    if role not in _ROLES:
        raise BadInput(f"{role} is no role of a member", hint=f"one of {', '.join(_ROLES)}")
    with control_plane() as control:
        control.members.set(control.projects.get(project).id, user, role)
    note(f"{user} is {role} of {project}")


@app.command()
def remove(project: ProjectSlug, user: User, *, yes: Yes = False) -> None:
    """Remove a member: the user's keys open nothing in the project any more. A project keeps an owner."""
    with control_plane() as control:
        found = control.projects.get(project)
        confirm([f"remove {user} from {project}"], yes=yes)
        if not control.members.remove(found.id, user):
            raise NotFound(f"{user} is no member of {project}", hint=f"list them: ops member list {project}")
    note(f"{user} is no member of {project} any more")
