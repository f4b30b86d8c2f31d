"""`ops key`: keys of machines that send events to POST /v1/events."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, cast, get_args

import typer

from odooops_dagster.control import ControlPlane
from odooops_dagster.doors.cli.output import Json, Yes, confirm, note, print_json, print_rows, say
from odooops_dagster.doors.cli.ports import caller, control_plane, owner_plane
from odooops_dagster.errors import BadInput
from odooops_dagster.model.releases import EventKey, EventType, NewEventKey, Persona

app = typer.Typer(help="Manage the keys with which machines send events.", no_args_is_help=True)

_COLUMNS = (
    "prefix",
    "name",
    "status",
    "persona",
    "event_types",
    "project",
    "approver_id",
    "expires_at",
    "last_used_at",
)
# What each persona sends, where nothing narrower is asked for.
_USUAL: dict[Persona, tuple[EventType, ...]] = {
    "ci_service_role": ("build_complete",),
    "qa_tester": ("gate_signoff",),
    "release_manager": ("gate_signoff",),
    "sre": ("deployment_event", "health_check", "environment_event"),
}

Prefix = Annotated[
    str, typer.Argument(metavar="KEY", help="The key's prefix, as ops key list shows it.", show_default=False)
]
Days = Annotated[int, typer.Option("--days", min=1, max=3650, help="Days until it expires.")]


@app.command()
def create(
    name: Annotated[str, typer.Argument(metavar="NAME", help="What the key is for.", show_default=False)],
    *,
    persona: Annotated[str, typer.Option(help=f"The role that it acts as: {', '.join(_USUAL)}.", show_default=False)],
    event: Annotated[
        list[str] | None,
        typer.Option(help="An event that it may send; repeat it. [default: all of its persona]", show_default=False),
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
    """Make a key and print it. This is the only time that it is shown: only a hash is kept."""
    chosen = cast("Persona", _one_of(persona, get_args(Persona), "--persona"))
    events = [cast("EventType", _one_of(item, get_args(EventType), "--event")) for item in event or _USUAL[chosen]]
    with _plane_for(events) as control:
        made = control.keys.create(
            name,
            persona=chosen,
            event_types=events,
            expires_at=datetime.now(UTC) + timedelta(days=days),
            project_id=control.projects.get(project).id if project else None,
            approver_id=approver,
            created_by=caller(),
        )
    _show(made, json=json)


@app.command("list")
def list_(
    *,
    project: Annotated[
        str | None, typer.Option(help="Only keys that may speak of no other project.", show_default=False)
    ] = None,
    json: Json = False,
) -> None:
    """List the keys, newest first; a key is shown by its prefix."""
    with control_plane() as control:
        keys = control.keys.list(control.projects.get(project).id if project else None)
    rows = [asdict(key) if json else _row(key) for key in keys]
    print_rows(rows, columns=_COLUMNS, json=json, empty="no key yet: ops key create NAME --persona ci_service_role")


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
        events = control.keys.get(key).event_types
    with _plane_for(events) as control:
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


def _plane_for(events: Sequence[EventType]) -> AbstractContextManager[ControlPlane]:
    """Return the control plane as the login that may make the key: one that signs off gates decides for a person."""
    return owner_plane() if "gate_signoff" in events else control_plane()


def _one_of(value: str, known: tuple[str, ...], option: str) -> str:
    if value not in known:
        raise BadInput(f"{option}: {value} is not known", hint=f"one of {', '.join(known)}")
    return value


def _row(key: EventKey) -> dict[str, Any]:
    return asdict(key) | {"event_types": ", ".join(key.event_types), "project": key.project_slug or "every"}


def _show(made: NewEventKey, *, json: bool) -> None:
    if json:
        print_json(asdict(made))
        return
    say(made.key)
    note("keep it now: it is not shown again")
