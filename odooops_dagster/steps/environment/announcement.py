"""Tell the gates of a release that it is about to be deployed, and obey them."""

from __future__ import annotations

from odooops_dagster.errors import StepFailed
from odooops_dagster.steps.core.context import StepContext


def announce(ctx: StepContext) -> None:
    """Announce the deployment of the run's release to staging; a run without a release there announces nothing.

    Raises:
        StepFailed: the release's gates do not allow it.
    """
    answer = ctx.control.deployments.announce(ctx.fence)
    if answer is None:
        return
    if answer.status == "rejected":
        raise StepFailed(answer.message, hint=answer.hint)
    ctx.log("info", f"the gates of release {answer.ids.get('release_id')} allow it on staging")
