"""`ops key`: keys of machines that send events or call the API."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, cast, get_args
from uuid import UUID, uuid4

import typer

from odooops_dagster.control import ControlPlane
from odooops_dagster.doors.cli.output import Json, Wide, Yes, confirm, note, print_json, print_rows, say
from odooops_dagster.doors.cli.ports import caller, control_plane, owner_plane
from odooops_dagster.errors import BadInput
from odooops_dagster.model.releases import EventKey, EventType, NewEventKey, Persona

app = typer.Typer(help="Manage the keys of machines, for events and the API.", no_args_is_help=True)

_COLUMNS = (
    "prefix",
    "name",
    "status",
    "persona",
    "event_types",
    "scopes",
    "project",
    "approver_id",
    "expires_at",
    "last_used_at",
)
# The events that each persona sends, unless narrower ones are asked for.
_USUAL: dict[Persona, tuple[EventType, ...]] = {
    "ci_service_role": ("build_complete",),
    "qa_tester": ("gate_signoff",),
    "release_manager": ("gate_signoff",),
    "sre": ("deployment_event", "health_check", "environment_event"),
}

# Scopes by which a person decides.
_DECIDING = frozenset({"sign_off_g2", "sign_off_g3", "grant_exception"})

Prefix = Annotated[
    str, typer.Argument(metavar="KEY", help="The key's prefix, as ops key list shows it.", show_default=False)
]
Days = Annotated[int, typer.Option("--days", min=1, max=3650, help="Days until it expires.")]


@app.command()
def create(
    name: Annotated[str, typer.Argument(metavar="NAME", help="What the key is for.", show_default=False)],
    *,
    persona: Annotated[
        str | None,
        typer.Option(help=f"The role that it acts as: {', '.join(get_args(Persona))}.", show_default=False),
    ] = None,
    member: Annotated[
        UUID | None, typer.Option(metavar="USER", help="The member as whom it calls the API.", show_default=False)
    ] = None,
    role: Annotated[
        str | None,
        typer.Option(
            help="Make a member of the project for it: viewer, developer, admin or owner.", show_default=False
        ),
    ] = None,
    scope: Annotated[
        list[str] | None,
        typer.Option(
            help="A permission that it may use in the API, read at least; repeat it. [default: all of --role]",
            show_default=False,
        ),
    ] = None,
    event: Annotated[
        list[str] | None,
        typer.Option(
            help="An event that it may send; repeat it. [default: all of its persona, none with --scope]",
            show_default=False,
        ),
    ] = None,
    project: Annotated[
        str | None, typer.Option(help="The only project that it may speak of. [default: every]", show_default=False)
    ] = None,
    approver: Annotated[
        str | None, typer.Option(help="The person as whom it signs off gates.", show_default=False)
    ] = None,
    days: Days = 90,
    json: Json = False,
) -> None:
    """Make a key and print it. This is the only time that it is shown: only a hash is kept.

    A key with scopes calls the API, as a persona or as a member: never further than its scopes, its project and whoever
    it acts as. A key without scopes only sends events.
    """
    if [persona, member, role].count(None) != 2:
        raise BadInput("a key acts as somebody", hint="name one of --persona, --member and --role")
    chosen = cast("Persona", _one_of(persona, get_args(Persona), "--persona")) if persona else None
    asked = event or (() if scope or chosen is None else _USUAL.get(chosen, ()))
    events = [cast("EventType", _one_of(item, get_args(EventType), "--event")) for item in asked]
    with _plane_for(events, scope or ()) as control:
        if role is not None:
            member, scope = _new_member(control, project, role, scope)
        made = control.keys.create(
            name,
            persona=chosen,
            event_types=events,
            expires_at=datetime.now(UTC) + timedelta(days=days),
            project_id=control.projects.get(project).id if project else None,
            approver_id=approver,
            created_by=caller(),
            user_id=member,
            scopes=scope or (),
        )
    _show(made, json=json)


@app.command("list")
def list_(
    *,
    project: Annotated[
        str | None, typer.Option(help="Only keys that may speak of no other project.", show_default=False)
    ] = None,
    json: Json = False,
    wide: Wide = False,
) -> None:
    """List the keys, newest first; a key is shown by its prefix."""
    with control_plane() as control:
        keys = control.keys.list(control.projects.get(project).id if project else None)
    rows = [asdict(key) if json else _row(key) for key in keys]
    print_rows(
        rows, columns=_COLUMNS, json=json, wide=wide, empty="no key yet: ops key create NAME --persona ci_service_role"
    )


@app.command()
def rotate(
    key: Prefix,
    *,
    days: Days = 90,
    overlap: Annotated[int, typer.Option(min=0, help="Hours that the old key goes on working.")] = 24,
    json: Json = False,
) -> None:
    """Make a successor with the same rights and print it; the old key ends when the overlap does."""
    with control_plane() as control:
        found = control.keys.get(key)
    with _plane_for(found.event_types, found.scopes) as control:
        made = control.keys.rotate(
            key,
            expires_at=datetime.now(UTC) + timedelta(days=days),
            overlap=timedelta(hours=overlap),
            created_by=caller(),
        )
    _show(made, json=json)


@app.command()
def revoke(key: Prefix, *, yes: Yes = False, json: Json = False) -> None:
    """End a key at once; what it sends from now on is refused."""
    with control_plane() as control:
        found = control.keys.get(key)
        confirm([f"revoke key {found.prefix}, {found.name}: {found.status}"], yes=yes)
        was_active = control.keys.revoke(key, revoked_by=caller())
        ended = control.keys.get(key)
    if json:
        print_json(asdict(ended))
    else:
        note(f"key {key} is revoked" if was_active else f"key {key} had ended already")


def _new_member(
    control: ControlPlane, project: str | None, role: str, scopes: list[str] | None
) -> tuple[UUID, list[str]]:
    """Make a member of the project that nobody else is; return it with the scopes, by default all that the role has."""
    if project is None:
        raise BadInput("a role is one in a project", hint="name it: --project")
    found, member = control.projects.get(project), uuid4()
    control.members.set(found.id, member, role)
    [row] = [each for each in control.members.list(project) if each["user_id"] == member]
    return member, scopes or list(row["permissions"])


def _plane_for(events: Sequence[EventType], scopes: Sequence[str]) -> AbstractContextManager[ControlPlane]:
    """Return the control plane as the login that may make the key: one that signs off gates decides for a person."""
    return owner_plane() if "gate_signoff" in events or _DECIDING & {*scopes} else control_plane()


def _one_of(value: str, known: tuple[str, ...], option: str) -> str:
    if value not in known:
        raise BadInput(f"{option}: {value} is not known", hint=f"one of {', '.join(known)}")
    return value


def _row(key: EventKey) -> dict[str, Any]:
    return asdict(key) | {
        "persona": key.persona or f"member {key.user_id}",
        "event_types": ", ".join(key.event_types),
        "scopes": ", ".join(key.scopes),
        "project": key.project_slug or "every",
    }


def _show(made: NewEventKey, *, json: bool) -> None:
    if json:
        print_json(asdict(made))
        return
    say(made.key)
    note("keep it now: it is not shown again")
