"""`ops doctor`: what is missing, and the command that fixes it."""

from __future__ import annotations

from collections.abc import Sequence

import typer

from odooops_dagster.control.migrate import status
from odooops_dagster.doors.cli.output import Json, print_json, say
from odooops_dagster.doors.cli.ports import control_plane
from odooops_dagster.errors import Unavailable
from odooops_dagster.home import program_log
from odooops_dagster.local.overview import overview
from odooops_dagster.local.postgres import database_urls
from odooops_dagster.local.preflight import Check, Finding, examine
from odooops_dagster.settings import Settings
from odooops_dagster.tools.odoo import distribution


def doctor(json: Json = False) -> None:
    """Check this machine and the platform. Exit status 1 if something keeps it from working."""
    findings = examine(Settings(), advised=ADVISED)
    if json:
        print_json(findings)
    else:
        _print(findings)
    if any(finding.blocking and not finding.ok for finding in findings):
        raise typer.Exit(1)


def stack(settings: Settings) -> str:
    """Check whether the stack runs."""
    found = overview(settings)
    if not found.running:
        raise Unavailable("the platform is not running", hint="ops up")
    broken = [service for service in found.services if not service.answers]
    if broken:
        log = program_log(settings.home, broken[0].name)
        states = ", ".join(f"{service.name} ({service.detail or service.state})" for service in broken)
        raise Unavailable(f"not ready: {states}", hint=f"read {log}")
    return f"{len(found.services)} programs run, {found.dagster_url}"


def schema(settings: Settings) -> str:
    """Check whether the control plane's schema is this version's."""
    pending = status(database_urls(settings).owner).pending
    if pending:
        raise Unavailable(f"{len(pending)} migrations are not applied", hint="ops db migrate")
    return "up to date"


def odoo(settings: Settings) -> str:
    """Check whether an Odoo is installed; otherwise the first run installs one."""
    if settings.odoo_path is not None:
        return str(settings.odoo_path)
    installed = [found.series for found in distribution.installed(settings.cache_home)]
    if not installed:
        raise Unavailable("no Odoo is installed yet; the first run installs it", hint="ops odoo install 19.0")
    return ", ".join(installed)


def alarms(settings: Settings) -> str:
    """Check whether the platform has an open alarm."""
    with control_plane(settings) as control:
        open_ones = control.incidents.alarms()
    if open_ones:
        raise Unavailable("; ".join(alarm.title for alarm in open_ones), hint="ops env orphans list")
    return "none"


ADVISED: dict[str, Check] = {"platform": stack, "schema": schema, "Odoo": odoo, "alarms": alarms}


def _print(findings: Sequence[Finding]) -> None:
    for finding in findings:
        mark = "ok" if finding.ok else ("NO" if finding.blocking else "--")
        say(f"{mark}  {finding.name:<14}{finding.detail}")
        if finding.hint and not finding.ok:
            say(f"      → {finding.hint}")
