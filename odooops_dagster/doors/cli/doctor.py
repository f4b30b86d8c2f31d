"""`ops doctor`: what is missing, and the command that fixes it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import typer

from odooops_dagster.doors.cli.output import Json, print_json, say
from odooops_dagster.doors.cli.ports import control_plane, read_settings
from odooops_dagster.errors import Unavailable

if TYPE_CHECKING:
    from odooops_dagster.local.preflight import Check, Finding
    from odooops_dagster.settings import Settings

# A label that no environment has.
_NOBODY = "nobody--nobody"


def doctor(json: Json = False) -> None:
    """Check this machine and the platform. Exit status 1 if something keeps it from working."""
    from odooops_dagster.local.preflight import examine

    findings = examine(read_settings(), advised=ADVISED)
    if json:
        print_json(findings)
    else:
        _print(findings)
    if any(finding.blocking and not finding.ok for finding in findings):
        raise typer.Exit(1)


def stack(settings: Settings) -> str:
    """Check whether the stack runs."""
    from odooops_dagster.home import program_log
    from odooops_dagster.local.overview import overview

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
    from odooops_dagster.control.migrate import status
    from odooops_dagster.local.postgres import database_urls

    pending = status(database_urls(settings).owner).pending
    if pending:
        raise Unavailable(f"{len(pending)} migrations are not applied", hint="ops db migrate")
    return "up to date"


def odoo(settings: Settings) -> str:
    """Check whether an Odoo is installed; otherwise the first run installs one."""
    from odooops_dagster.tools.odoo import distribution

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


def platform_backup(settings: Settings) -> str:
    """Check whether the platform itself has a verified backup of the last day and two hours."""
    from datetime import UTC, datetime, timedelta

    from odooops_dagster.platform import platform_backups_of

    if settings.platform_key_file is None:
        raise Unavailable("the record and the secrets of the platform are not backed up", hint="ops platform key FILE")
    listed = platform_backups_of(settings).list()
    verified = [found for found in listed if found.verified_at is not None and found.platform is not None]
    if not verified or datetime.now(UTC) - verified[0].taken_at > timedelta(hours=26):
        last = f"the last one is of {verified[0].taken_at:%Y-%m-%d %H:%M %Z}" if verified else "there is none"
        raise Unavailable(f"no verified backup of the platform of today: {last}", hint="ops platform backup")
    return f"{verified[0].id} of {verified[0].taken_at:%Y-%m-%d %H:%M %Z}"


def platform_store(settings: Settings) -> str:
    """Check whether backups of the platform survive the disk of the state folder."""
    from odooops_dagster.local.recovery.own_disk import folder_on_own_disk

    folder = folder_on_own_disk(settings)
    if folder is not None:
        raise Unavailable(
            f"{folder} is on the same disk as {settings.home}, and lost with it",
            hint="name another store in ODOOOPS_PLATFORM_STORE_URL, such as s3://bucket/prefix",
        )
    return settings.platform_store_url or settings.store_url


def previews(settings: Settings) -> str:
    """Check whether the previews get what their repositories ask for, by policy and by this machine's limits."""
    from odooops_dagster.local.environment_limits import sentences_of_cuts

    with control_plane(settings) as control:
        asked = {project.slug: control.policies.explain_preview(project.id) for project in control.projects.list()}
    cut = [f"{slug}: {sentence}" for slug, rows in asked.items() for sentence in sentences_of_cuts(settings, rows)]
    if cut:
        raise Unavailable(
            f"odooops.yaml asks for more than previews get: {'; '.join(cut)}",
            hint="allow it, or leave it as it is: docs/howto/settings-of-a-repository.md",
        )
    return "all get what their repositories ask for"


def way_in(settings: Settings) -> str:
    """Check whether the router sees that who comes through the domain comes from elsewhere, whatever name is asked for.

    A forwarder of bytes tells it nothing, and whoever asks chooses the name.
    """
    import httpx

    from odooops_dagster.home import url_of_label

    if settings.environments_domain is None or not settings.environments_login:
        return "previews have no domain" if settings.environments_domain is None else "visitors are not asked"
    place = url_of_label(settings, _NOBODY)
    try:
        answer = httpx.get(place, headers={"Host": f"{_NOBODY}.localhost"}, timeout=5, trust_env=False)
    except httpx.HTTPError as exc:
        raise Unavailable(f"{place} does not answer: {exc}", hint="docs/howto/behind-a-proxy.md") from exc
    if answer.status_code == 421 and f"{_NOBODY}.localhost" in answer.text:
        raise Unavailable(
            f"what leads {place} here does not tell who asks: visitors need no password",
            hint="let it set X-Forwarded-For, as in docs/howto/behind-a-proxy.md",
        )
    return f"what comes through {settings.environments_domain} is asked for the password, or refused"


ADVISED: dict[str, Check] = {
    "platform": stack,
    "schema": schema,
    "Odoo": odoo,
    "alarms": alarms,
    "backup": platform_backup,
    "backup store": platform_store,
    "domain": way_in,
    "previews": previews,
}


def _print(findings: Sequence[Finding]) -> None:
    for finding in findings:
        mark = "ok" if finding.ok else ("NO" if finding.blocking else "--")
        say(f"{mark}  {finding.name:<14}{finding.detail}")
        if finding.hint and not finding.ok:
            say(f"      → {finding.hint}")
