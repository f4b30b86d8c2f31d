"""Find what a promote run deploys: its deployment, whether the release may still go there, and the released build."""

from __future__ import annotations

from dataclasses import replace

from odooops_dagster.errors import StepFailed
from odooops_dagster.kinds import PromoteConfig
from odooops_dagster.model import Build
from odooops_dagster.model.releases import Deployment, Release
from odooops_dagster.steps.build.image import build_of_commit, kept_build
from odooops_dagster.steps.core.context import StepContext
from odooops_dagster.steps.release.bundle_approvals import require_signatures


def deployment_of(ctx: StepContext) -> Deployment:
    """Return the deployment that the run carries out.

    Raises:
        StepFailed: the deployment is another run's.
    """
    config = PromoteConfig.of(ctx.run)
    deployment = ctx.control.deployments.get(config.deployment_id)
    if (deployment.run_id, deployment.environment_id) != (ctx.run.id, ctx.environment.id):
        raise StepFailed(f"deployment {deployment.id} is not for run #{ctx.run.run_number}", hint="ops promote")
    return deployment


def require_eligible(ctx: StepContext, deployment: Deployment) -> None:
    """Ask the gates again before minutes of work; the record asks once more when the deployment starts.

    Raises:
        StepFailed: something is missing; the message names it.
    """
    if deployment.rollback_of is not None:
        return
    if deployment.stage == "production":
        require_signatures(ctx.control, ctx.project, ctx.control.releases.by_id(deployment.release_id))
    asked = ctx.control.releases.explain(deployment.release_id, target_env=deployment.stage)
    unmet = [f"{each.requirement}: {each.detail}" for each in asked if not each.is_met]
    if unmet:
        raise StepFailed(
            f"the release is not eligible for {deployment.stage} any more: {'; '.join(unmet)}",
            hint="meet what is missing, or have it waived, and promote it again",
        )


def released_build(ctx: StepContext, released: Deployment | Release) -> Build:
    """Return the build of the release; make it again from its commit if it is not kept here.

    Raises:
        StepFailed: what is made of the commit is another build.
    """
    kept = kept_build(ctx, released.image_digest)
    if kept is not None:
        return kept
    ctx.log("info", f"build {released.image_digest[:19]} is not kept here: making it from its commit")
    made = build_of_commit(replace(ctx, run=replace(ctx.run, git_ref=f"refs/heads/{ctx.environment.branch}")))
    if made.digest != released.image_digest:
        raise StepFailed(
            f"the release is {released.image_digest[:19]}, and its commit makes {made.digest[:19]} now: Odoo, a"
            " requirement or a setting has changed",
            hint="make a release of the new build: ops promote",
        )
    return made
