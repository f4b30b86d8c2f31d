"""Wait until an environment's service is healthy, and keep the answer as evidence."""

from __future__ import annotations

import json
from dataclasses import asdict, replace

from odooops_dagster.checks import healthy
from odooops_dagster.home import candidate_name
from odooops_dagster.model import CheckResult, DatabaseAccess, Service
from odooops_dagster.steps.core.context import StepContext
from odooops_dagster.tools.odoo.log import what_was_not_loaded
from odooops_dagster.tools.postgres.contents import module_states

# A cold start loads the registry and compiles assets: half a minute is usual on a small machine, ten times that is not.
_HEALTHY_WITHIN_SECONDS = 300.0
# More than an Odoo writes until its login page answers.
_LOG_LINES = 2000


def wait_until_healthy(
    ctx: StepContext, service: Service, url: str, access: DatabaseAccess, *, must_load_all: bool = False
) -> CheckResult:
    """Wait until the health check passes; if it does not, copy the service's last log lines to the run's log.

    The check asks at the service's own socket, as a browser at `url` would. New code (`must_load_all`) that answers
    without a module that its database has installed is not healthy: its log says so, and the database does not. What
    served so before, and a way back from a release that added the module, goes on, and the run's log says so.
    """
    name = service.name
    result = healthy.wait_healthy(
        url,
        database=access.database,
        socket=service.socket,
        timeout_seconds=_HEALTHY_WITHIN_SECONDS,
        alive=lambda: ctx.runtime.status(name)[0].state == "running",
        module_states=lambda: module_states(access),
    )
    unloaded = what_was_not_loaded(ctx.runtime.logs(name, tail=_LOG_LINES)) if result.passed else None
    if unloaded is not None and not must_load_all:
        ctx.log("warn", unloaded)
    elif unloaded is not None:
        result = replace(result, passed=False, summary=unloaded)
    if result.passed:
        what = "candidate" if name == candidate_name(ctx.environment, ctx.run) else "boot"
        ctx.odoo_worked(what, seconds=result.metadata["seconds"])
        return result
    for line in ctx.runtime.logs(name, tail=20):
        ctx.log("error", line)
    return result


def keep_answer(ctx: StepContext, check: CheckResult, *, name: str = "health.json") -> None:
    """Keep the answer of the health check as a file, to be shown as evidence."""
    data = json.dumps(asdict(check), indent=1, default=str).encode()
    ctx.keep(name, data)
