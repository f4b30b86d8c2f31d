"""Looks at a copy with an Odoo: its views one by one, what our programs print, and its pages as a user."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from secrets import token_urlsafe
from types import MappingProxyType

from odooops_dagster.checks.pages import OpenedPage, WindowAction, open_pages
from odooops_dagster.errors import OdooOpsError
from odooops_dagster.model import Build, Job
from odooops_dagster.steps.core.context import StepContext
from odooops_dagster.steps.environment.confinement import confined, home_of
from odooops_dagster.steps.environment.health import wait_until_healthy
from odooops_dagster.steps.recovery.drill_sandbox import URL
from odooops_dagster.steps.upgrade.copy import HarmlessCopy
from odooops_dagster.tools.odoo import commands
from odooops_dagster.tools.odoo.views import TriedViews, read_tried
from odooops_dagster.tools.postgres.odoo_snapshot import OdooSnapshot
from odooops_dagster.tools.postgres.odoo_users import let_in

# Each takes a fraction of a second; an action of a module is one that people open.
_MOST_ACTIONS = 25


def try_views(ctx: StepContext, copy: HarmlessCopy, build: Build, *, log: str) -> tuple[TriedViews, str]:
    """Return the views that the build's Odoo refuses, and the last words of a program that did not get to its end."""
    lines = run_program(ctx, copy, build, lambda config: commands.try_views_command(build, config), log=log)
    tried = read_tried(lines)
    return tried, "" if tried.tried is not None else next(reversed(lines), "the program did not start")


def run_program(
    ctx: StepContext,
    copy: HarmlessCopy,
    build: Build,
    command: Callable[[Path], tuple[str, ...]],
    *,
    log: str,
    env: Mapping[str, str] = MappingProxyType({}),
    reads: tuple[Path, ...] = (),
) -> list[str]:
    """Run a program of ours in the build's Odoo on the copy, in its sandbox, and return the lines that it printed.

    Args:
        ctx: the run's context.
        copy: the copy that the program reads.
        build: the Odoo and the modules that it has.
        command: makes the command line from the path of Odoo's configuration file.
        log: the name of the log, without its ending.
        env: variables for the program.
        reads: folders that it reads besides those of the build.
    """
    service = copy.place.service(ctx.settings, copy.access(ctx), build)
    log_path = ctx.run_folder / f"{log}-{ctx.run.attempt}.log"
    log_path.unlink(missing_ok=True)
    config = copy.place.folder / "odoo.conf"
    data = copy.place.folder / "data"
    box = confined(ctx.settings, build, config=config, data=data, access=copy.access(ctx))
    job = Job(
        name=f"{log}-{ctx.run.id.hex[:8]}-{ctx.run.attempt}",
        argv=command(config),
        cwd=home_of(data),
        sandbox=box and replace(box, readable=(*box.readable, *reads)),
        env=env,
        log_path=log_path,
        timeout_seconds=ctx.settings.odoo_timeout_seconds,
        memory_mb=service.memory_mb,
    )
    result = ctx.runtime.execute(job, on_line=lambda _line: None)
    ctx.odoo_worked(log, seconds=result.seconds)
    return log_path.read_text(errors="replace").splitlines() if log_path.is_file() else []


def open_as_user(
    ctx: StepContext, copy: HarmlessCopy, build: Build, after: OdooSnapshot, names: tuple[str, ...]
) -> tuple[list[OpenedPage], float | None]:
    """Start the copy, open its pages, and return them with the seconds that the start took; None if it did not start.

    Args:
        ctx: the run's context.
        copy: the upgraded copy; its first user gets another password.
        build: the build that serves it.
        after: what the copy is made of, with the actions of the modules.
        names: the modules whose windows are opened.
    """
    access = copy.access(ctx)
    password = token_urlsafe(24)
    try:
        login = let_in(access, password=password)
    except OdooOpsError as exc:
        return [OpenedPage(path="/web/login", user="", fault=str(exc))], None
    service = copy.place.service(ctx.settings, access, build)
    started = time.monotonic()
    ctx.runtime.start(service)
    try:
        health = wait_until_healthy(ctx, service, URL, access)
        if not health.passed:
            return [OpenedPage(path="/web/login", user="", fault=health.summary)], None
        seconds = round(time.monotonic() - started, 3)
        pages = open_pages(
            URL,
            database=access.database,
            login=login,
            password=password,
            actions=_windows(after, names),
            socket=service.socket,
        )
    finally:
        ctx.runtime.stop(service.name, remove=True)
    return pages, seconds


def _windows(after: OdooSnapshot, names: tuple[str, ...]) -> list[WindowAction]:
    models = after.things["models"]
    found = [
        WindowAction(name=name, model=action["model"], modes=action["view_mode"])
        for name, action in sorted(after.things["actions"].items())
        if name.partition(".")[0] in names and action["type"] == "ir.actions.act_window"
    ]
    return [action for action in found if action.model in models][:_MOST_ACTIONS]
