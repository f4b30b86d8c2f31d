"""Gate G4: report the health of a deployment as any other health check, and ask people if it is inconclusive."""

from __future__ import annotations

from typing import Literal

from odooops_dagster.errors import StepFailed
from odooops_dagster.model import CheckResult
from odooops_dagster.model.releases import Deployment
from odooops_dagster.steps.core.context import StepContext
from odooops_dagster.steps.environment.health import keep_answer

Moment = Literal["before", "after"]
# Each look has a file of its own: the bytes of a run's file never change.
_FILES: dict[Moment, str] = {"before": "health.json", "after": "health-after.json"}


def tell_health(ctx: StepContext, deployment: Deployment, check: CheckResult, *, moment: Moment) -> None:
    """Tell gate G4 of the deployment's release the result of the health check, with the answer as evidence.

    `moment` names the look, before or after people are let in: a repeat of it counts once.

    Raises:
        StepFailed: the gate does not take it.
    """
    keep_answer(ctx, check, name=_FILES[moment])
    answer = ctx.control.deployments.tell_health(
        ctx.fence,
        release_id=deployment.release_id,
        passed=check.passed,
        moment=moment,
        summary=f"{moment} people were let in: {check.summary}",
    )
    if answer.status == "rejected":
        raise StepFailed(f"gate G4 was not told of the deployment's health: {answer.message}", hint=answer.hint)


def ask_people(ctx: StepContext, deployment: Deployment, check: CheckResult) -> None:
    """Ask people whether the deployment stays, and open an incident, once: they were let in, and data would be lost."""
    asked = ctx.control.deployments.await_decision(ctx.fence, deployment_id=deployment.id)
    if any(incident.deployment_id == deployment.id for incident in ctx.control.incidents.list(ctx.project.id)):
        return
    ways = "; ".join(
        f"{way.way}: {way.detail}" + (f", loses {way.lost_minutes} min" if way.lost_minutes else "")
        for way in ctx.control.deployments.ways_back(deployment.id)
    )
    ctx.control.incidents.open(
        ctx.project.id,
        title=f"{ctx.environment.partition_key} does not answer since its promotion",
        description=f"{check.summary}. People were let in: no data go back by themselves. {_until(asked)} {ways}.",
        severity="critical",
        deployment_id=deployment.id,
    )


def _until(asked: Deployment) -> str:
    if asked.decision_due_at is None:
        return "A person decides, ops rollback:"
    at = f"{asked.decision_due_at:%Y-%m-%d %H:%M %Z}"
    return f"A person decides, ops rollback or ops gate keep; the code goes back at {at}:"
