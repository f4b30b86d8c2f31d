"""Steps `stop` and `start`: an environment's Odoo ends or begins to serve, and its data stay as they are."""

from __future__ import annotations

from odooops_dagster.errors import StepFailed
from odooops_dagster.home import role_name, service_name
from odooops_dagster.kinds import StopConfig
from odooops_dagster.model import CheckResult, Environment
from odooops_dagster.steps.core.context import StepContext
from odooops_dagster.steps.core.undo import undoing
from odooops_dagster.steps.environment import front
from odooops_dagster.steps.environment.converge import deployed_service
from odooops_dagster.steps.environment.health import keep_answer, wait_until_healthy
from odooops_dagster.tools.front import line


def stop_environment(ctx: StepContext) -> None:
    """Stop the environment's Odoo after the requests at which it works; one that was asked for meanwhile runs on."""
    environment = _require_hosted(ctx)
    until_asked = StopConfig.of(ctx.run).until_asked
    if until_asked and _was_asked_for(ctx):
        ctx.log("info", f"{environment.partition_key} was asked for by now: it runs on")
        return
    with undoing(ctx.log) as undo:
        undo.add("the notice", lambda: _tell_what_is_recorded(ctx))
        front.post(ctx.settings, environment, "asleep" if until_asked else "stopped", by=ctx.run.requested_by)
        front.let_finish(ctx)
        ctx.control.environments.record_service(ctx.fence)
        undo.forget()
    ctx.runtime.stop(service_name(environment))
    woken = ": its next request starts it" if until_asked else ""
    ctx.log("info", f"{environment.partition_key} is stopped{woken}")


def start_environment(ctx: StepContext) -> CheckResult:
    """Start the environment's Odoo, and let requests pass when it answers.

    Raises:
        StepFailed: it does not answer; the record says that it is to run, so that it is tried again.
    """
    environment = _require_hosted(ctx)
    usual = ctx.control.runs.usual_duration(ctx.project.id, "start")
    front.post(ctx.settings, environment, "starting", seconds=usual.total_seconds() if usual else 0.0)
    with undoing(ctx.log) as undo:
        undo.add("the notice", lambda: _tell_what_is_recorded(ctx))
        environment = ctx.control.environments.record_service(ctx.fence)
        service = deployed_service(ctx.control, ctx.databases, ctx.settings, environment)
        ctx.runtime.start(service)
        access = ctx.databases.access(str(environment.database_name), role=role_name(environment))
        check = wait_until_healthy(ctx, service, str(environment.url), access)
        front.tell(ctx.settings, environment)
    keep_answer(ctx, check)
    if not check.passed:
        raise StepFailed(
            f"{environment.partition_key} does not answer: {check.summary}",
            hint=f"see its log: ops env logs {environment.project_slug} {environment.branch}",
        )
    ctx.log("info", f"{environment.partition_key} answers at {environment.url}")
    return check


def _require_hosted(ctx: StepContext) -> Environment:
    """Return the environment as it is now.

    Raises:
        StepFailed: it has nothing that could start or stop here.
    """
    environment = ctx.control.environments.by_id(ctx.environment.id)
    if environment.database_name is None or environment.is_adopted:
        raise StepFailed(
            f"{environment.partition_key} has nothing that could {ctx.run.kind} here",
            hint=f"deploy it first: ops env create {environment.project_slug} {environment.branch}",
        )
    return environment


def _was_asked_for(ctx: StepContext) -> bool:
    """Return whether somebody asked for the environment after its stop was queued."""
    asked = line.asked(ctx.settings.home)
    return asked is not None and asked.at.get(ctx.environment.host_label, 0.0) > ctx.run.created_at.timestamp()


def _tell_what_is_recorded(ctx: StepContext) -> None:
    front.tell(ctx.settings, ctx.control.environments.by_id(ctx.environment.id))
