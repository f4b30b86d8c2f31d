"""Wait until an environment's service is healthy, and keep the answer as evidence."""

from __future__ import annotations

import json
from dataclasses import asdict

from odooops_dagster.checks import healthy
from odooops_dagster.home import candidate_name
from odooops_dagster.model import CheckResult, DatabaseAccess, Service
from odooops_dagster.steps.core.context import StepContext
from odooops_dagster.tools.postgres.contents import module_states

# A cold start loads the registry and compiles assets: half a minute is usual on a small machine, ten times that is not.
_HEALTHY_WITHIN_SECONDS = 300.0


def wait_until_healthy(ctx: StepContext, service: Service, url: str, access: DatabaseAccess) -> CheckResult:
    """Wait until the health check passes; if it does not, copy the service's last log lines to the run's log.

    The check asks at the service's own socket, as a browser at `url` would.
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
