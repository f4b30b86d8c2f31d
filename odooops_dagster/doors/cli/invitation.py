"""`ops invitation`: who may sign in at the console through the OpenID Connect provider."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

import typer

from odooops_dagster.doors.cli.console import PersonaNames, chosen
from odooops_dagster.doors.cli.output import Json, Wide, note, print_json, print_rows
from odooops_dagster.doors.cli.ports import caller, control_plane, owner_plane, read_settings
from odooops_dagster.errors import BadInput

app = typer.Typer(help="Manage who may sign in at the console through a provider.", no_args_is_help=True)

_COLUMNS = ("email", "person", "personas", "user_id", "status", "invited_by", "expires_at", "accepted_at")
Email = Annotated[
    str, typer.Argument(metavar="EMAIL", help="The address that the provider has verified.", show_default=False)
]


@app.command("list")
def list_(*, json: Json = False, wide: Wide = False) -> None:
    """List the invitations, newest first."""
    with control_plane() as control:
        rows = control.console.invitations()
    print_rows(rows, columns=_COLUMNS, json=json, wide=wide, empty="nobody is invited: ops invitation create EMAIL")


@app.command()
def create(
    email: Email,
    *,
    as_: Annotated[
        str | None, typer.Option("--as", help="The name on the record; else the address.", show_default=False)
    ] = None,
    persona: PersonaNames = None,
    member: Annotated[
        UUID | None,
        typer.Option(metavar="USER", help="The member of projects as whom the person acts.", show_default=False),
    ] = None,
    days: Annotated[int, typer.Option(min=1, max=90, help="How long it can be accepted.")] = 7,
    json: Json = False,
) -> None:
    """Let a person sign in at the console through the provider, as a member or as one of the personas at a time."""
    settings = read_settings()
    if member is None and not persona:
        raise BadInput("an invitation says as whom the person acts", hint="name --persona or --member")
    with owner_plane() as control:
        made = control.console.invite(
            email,
            person=as_ or email,
            personas=chosen(persona, member),
            user_id=member,
            days=days,
            invited_by=caller(),
        )
    if json:
        print_json(made)
        return
    if not settings.oidc_issuer:
        note("no provider is named yet: ODOOOPS_OIDC_ISSUER, ODOOOPS_OIDC_CLIENT_ID, ODOOOPS_OIDC_CLIENT_SECRET")
    note(f"{made.email} is invited until {made.expires_at:%Y-%m-%d %H:%M %Z}: tell {made.person} the console's address")


@app.command()
def withdraw(email: Email, *, json: Json = False) -> None:
    """Take an invitation back, and end the sessions that came of it."""
    with control_plane() as control:
        ended = control.console.withdraw(email, withdrawn_by=caller())
    print_json({"ended": ended}) if json else note(f"{email} signs in no more; {ended} session(s) ended")
