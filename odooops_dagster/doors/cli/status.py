"""`ops status`: the state of the platform on this machine."""

from __future__ import annotations

from datetime import timedelta

import typer

from odooops_dagster.doors.cli.output import Json, note, print_json, print_rows
from odooops_dagster.local.overview import Overview, PlatformService, overview
from odooops_dagster.settings import Settings


def status(json: Json = False) -> None:
    """Show every program of the platform. Exit status 1 unless all run and answer."""
    found = overview(Settings())
    print_overview(found, json=json)
    if not found.healthy:
        raise typer.Exit(1)


def print_overview(found: Overview, *, json: bool) -> None:
    """Print the state of the stack."""
    if json:
        print_json(found)
    elif not found.running:
        note(f"nothing runs on {found.home}; `ops up` starts it")
    else:
        rows = [_row(service) for service in found.services]
        print_rows(rows, columns=["service", "state", "pid", "up", "address", "detail"], empty="starting or stopping")


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
