"""`ops status`: the state of the platform on this machine."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import timedelta
from typing import TYPE_CHECKING

import typer

from odooops_dagster.control import ControlPlane
from odooops_dagster.doors.cli.output import Json, note, print_fields, print_json, print_rows
from odooops_dagster.doors.cli.ports import control_plane, read_settings, remote
from odooops_dagster.errors import OdooOpsError

if TYPE_CHECKING:
    from odooops_dagster.doors.cli.remote import RemoteDatabase
    from odooops_dagster.local.overview import Overview, PlatformService
    from odooops_dagster.settings import Settings


def status(json: Json = False) -> None:
    """Show every program of the platform. Exit status 1 unless all run and answer, and each database's URL is right.

    Of a server (--server) it shows as whom the key acts, and what waits there.
    """
    from odooops_dagster.local.overview import overview
    from odooops_dagster.local.preflight import databases

    server = remote()
    if server is not None:
        _print_server(server, json=json)
        return
    settings = read_settings()
    found = overview(settings)
    alarms = _alarms(settings) if found.running else []
    print_overview(found, json=json, alarms=alarms)
    databases(settings)
    if not found.healthy:
        raise typer.Exit(1)


def _print_server(server: RemoteDatabase, *, json: bool) -> None:
    identity = server.me()
    key = identity["key"] or {}
    plane = ControlPlane.over(server)
    fields = {
        "role": identity["role"],
        "subject": identity["subject"],
        "key": key.get("prefix"),
        "key_expires_at": key.get("expires_at"),
        "scopes": ", ".join(key.get("scopes", ())) or None,
        "projects": [project.slug for project in plane.projects.list()],
        "waiting_runs": len(plane.runs.queued()),
    }
    print_fields(fields, json=json)


def print_overview(found: Overview, *, json: bool, alarms: Sequence[str] = ()) -> None:
    """Print the state of the stack, and the platform's open alarms."""
    if json:
        print_json(asdict(found) | {"alarms": list(alarms)})
    elif not found.running:
        note(f"nothing runs on {found.home}; `ops up` starts it")
    else:
        rows = [_row(service) for service in found.services]
        print_rows(rows, columns=["service", "state", "pid", "up", "address", "detail"], empty="starting or stopping")
    for alarm in () if json else alarms:
        note(f"ALARM: {alarm} (ops incident list)")


def _alarms(settings: Settings) -> list[str]:
    """Return what the platform's open alarms say; nothing while its record does not answer, which is told elsewhere."""
    try:
        with control_plane(settings) as control:
            return [alarm.title for alarm in control.incidents.alarms()]
    except OdooOpsError:
        return []


def _row(service: PlatformService) -> dict[str, object]:
    up = None if service.uptime_seconds is None else str(timedelta(seconds=service.uptime_seconds))
    return {
        "service": service.name,
        "state": service.state,
        "pid": service.pid,
        "up": up,
        "address": service.address or None,
        "detail": service.detail or None,
    }
